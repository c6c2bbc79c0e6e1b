/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts what goes through malloc(3), whose functions this target defines in the place of libc's. */
#ifndef PINHOLE_CALLOCATIONS_H
#define PINHOLE_CALLOCATIONS_H

#include <stdint.h>

/* Calls that made or enlarged a block since the program started. */
uint64_t callocations_count(void);
/* Bytes in blocks that are in use, with what the allocator adds to each. */
uint64_t callocations_bytes(void);

#endif
