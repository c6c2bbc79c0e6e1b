/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lets calls to sockets fail, which this target defines in the place of libc's: those of one thread, when it says so. */
#ifndef PINHOLE_CFAULTS_H
#define PINHOLE_CFAULTS_H

#include <stdbool.h>

/* How a call fails. */
enum cfaults_kind {
    cfaults_none,
    /* sendto(2) sends nothing. */
    cfaults_unsent,
    /* The kernel gets the request and will not: it answers the error. */
    cfaults_refused,
    /* recvmsg(2) or recvmmsg(2) receives nothing: what waits goes on waiting. */
    cfaults_late,
    /* recvmsg(2) receives nothing, and what waited is lost. */
    cfaults_lost,
};

/* Lets one call of this thread fail with an errno, after so many of its kind that do not. */
void cfaults_plan(enum cfaults_kind kind, int error, unsigned after);

/* Lets nothing fail any more; tells whether what was planned has come to pass. */
bool cfaults_end(void);

#endif
