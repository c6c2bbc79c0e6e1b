/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PINHOLE_CLINUX_OPENER_H
#define PINHOLE_CLINUX_OPENER_H

#include <sys/types.h>

/*
 * Starts a child process that opens the file at `path` for reading each time it is asked to, as the given user and group;
 * (uid_t)-1 keeps those of the caller. Returns the socket for clinux_ask_opener(), or -1 with errno. The child has no
 * other descriptors than that socket and standard error, and ends when the socket is closed or the caller ends.
 *
 * To be called while the caller has a single thread.
 */
int clinux_start_opener(const char *path, uid_t user, gid_t group);

/* Has the child open the file, and returns a descriptor, or -1 with errno; ETIMEDOUT after one second. */
int clinux_ask_opener(int opener);

#endif
