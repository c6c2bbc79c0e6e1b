/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A wall clock that somebody sets back by an hour whenever it is looked at; preloaded. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *result)
{
    static long hours;
    int (*libc)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int status = libc(clock, result);

    if (status == 0 && clock == CLOCK_REALTIME)
        result->tv_sec -= 3600 * ++hours;
    return status;
}
