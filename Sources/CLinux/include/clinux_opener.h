#ifndef PINHOLE_CLINUX_OPENER_H
#define PINHOLE_CLINUX_OPENER_H

#include <sys/types.h>

/*
 * Starts a process that opens the file at `path` for reading whenever it is asked to, as this user and group; (uid_t)-1
 * leaves it what it is. Returns the socket over which to ask it, or -1 with errno. It ends when that is closed or the
 * caller ends, and has no other descriptors but standard error.
 *
 * To be called while the caller has one thread.
 */
int clinux_start_opener(const char *path, uid_t user, gid_t group);

/* Asks it: a descriptor, or -1 with errno; ETIMEDOUT after a second. */
int clinux_ask_opener(int opener);

#endif
