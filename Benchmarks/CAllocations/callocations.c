/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "CAllocations.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>

/* glibc's own, under the names that stay when malloc is replaced. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

/* The program that is measured has one thread. */
static uint64_t count, bytes;

/* The eight bytes before a block hold its size: glibc's chunk overhead. */
static void *taken(void *block)
{
    count++;
    if (block)
        bytes += malloc_usable_size(block) + 8;
    return block;
}

static void given(void *block)
{
    if (block)
        bytes -= malloc_usable_size(block) + 8;
}

uint64_t callocations_count(void) { return count; }
uint64_t callocations_bytes(void) { return bytes; }

void *malloc(size_t size) { return taken(__libc_malloc(size)); }
void *calloc(size_t number, size_t size) { return taken(__libc_calloc(number, size)); }
void *memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }

void *realloc(void *block, size_t size)
{
    given(block);
    return taken(__libc_realloc(block, size));
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    *block = taken(__libc_memalign(alignment, size));
    return *block ? 0 : ENOMEM;
}

void free(void *block)
{
    given(block);
    __libc_free(block);
}
