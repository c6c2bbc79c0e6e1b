/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ncurses, and of its macros and variables those that Swift does not see or may not use. */
#ifndef PINHOLE_CNCURSES_SHIM_H
#define PINHOLE_CNCURSES_SHIM_H

/* Functions, which Swift sees, in place of macros. */
#define NCURSES_NOMACROS 1
#include <ncurses.h>
#include <stdio.h>

/* Takes over the terminal at standard input and output; NULL if ncurses does not know it. */
static inline WINDOW *cncurses_begin(void) { return newterm(NULL, stdout, stdin) ? stdscr : NULL; }

static inline int cncurses_bold(void) { return A_BOLD; }
static inline int cncurses_reverse(void) { return A_REVERSE; }

#endif
