/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Privileges, and how to give them up irrevocably. All functions affect the calling thread only. */
#ifndef PINHOLE_CLINUX_PRIVILEGES_H
#define PINHOLE_CLINUX_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Gets the effective and the permitted capabilities; bit n is capability n (capget(2)). */
int clinux_get_capabilities(uint64_t *effective, uint64_t *permitted);

/* Sets the effective and the permitted capabilities; the inheritable and ambient sets become empty (capset(2)). */
int clinux_set_capabilities(uint64_t capabilities);

/* Removes all capabilities from the bounding set (PR_CAPBSET_DROP); EPERM without CAP_SETPCAP. */
int clinux_empty_bounding_set(void);

/*
 * Irrevocably switches to the given user and group, without supplementary groups. Permitted capabilities are kept, effective
 * ones are not (setresuid(2), PR_SET_KEEPCAPS).
 */
int clinux_become(uid_t user, gid_t group);

/* Keeps programs started from now on from gaining privileges (PR_SET_NO_NEW_PRIVS). */
int clinux_forbid_new_privileges(void);

/* Returns whether the kernel has SECCOMP_MODE_FILTER. */
bool clinux_has_seccomp(void);

#endif
