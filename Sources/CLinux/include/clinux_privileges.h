/* What a process may do, and how it gives that up for good. All of it is of the calling thread only. */
#ifndef PINHOLE_CLINUX_PRIVILEGES_H
#define PINHOLE_CLINUX_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The effective and the permitted capabilities, bit n for capability n (capget(2)). */
int clinux_get_capabilities(uint64_t *effective, uint64_t *permitted);

/* Makes these capabilities the effective and the permitted ones; the inheritable and ambient sets become empty (capset(2)). */
int clinux_set_capabilities(uint64_t capabilities);

/* Takes every capability out of the bounding set (PR_CAPBSET_DROP); EPERM without CAP_SETPCAP. */
int clinux_empty_bounding_set(void);

/*
 * Becomes this user and group, of no further groups, with no way back; keeps the permitted capabilities, not the
 * effective ones (setresuid(2), PR_SET_KEEPCAPS).
 */
int clinux_become(uid_t user, gid_t group);

/* No program that is started can have more privileges than this process (PR_SET_NO_NEW_PRIVS). */
int clinux_forbid_new_privileges(void);

/* Tells whether the kernel has SECCOMP_MODE_FILTER. */
bool clinux_has_seccomp(void);

#endif
