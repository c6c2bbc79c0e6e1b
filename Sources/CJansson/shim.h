/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jansson, which reads and writes JSON. */
#ifndef PINHOLE_CJANSSON_SHIM_H
#define PINHOLE_CJANSSON_SHIM_H

#include <jansson.h>

/* A macro with an argument, which Swift does not see. */
static inline size_t cjansson_real_precision(size_t digits) { return JSON_REAL_PRECISION(digits); }

#endif
