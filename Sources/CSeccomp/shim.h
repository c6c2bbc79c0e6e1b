/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libseccomp, and of its macros those that Swift does not see. */
#ifndef PINHOLE_CSECCOMP_SHIM_H
#define PINHOLE_CSECCOMP_SHIM_H

#include <seccomp.h>
#include <stdint.h>

static inline uint32_t cseccomp_fail_with(uint16_t code) { return SCMP_ACT_ERRNO(code); }

#endif
