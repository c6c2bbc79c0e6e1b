/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A full-screen terminal, with ncurses. The library is loaded when it is needed, by `pinhole top` only. */
#ifndef PINHOLE_CSCREEN_H
#define PINHOLE_CSCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* The style of text; without colours, a warning is bold. */
enum cscreen_style { cscreen_plain, cscreen_bold, cscreen_reverse, cscreen_warning };

/* Results of cscreen_wait() other than characters. */
enum cscreen_key {
    cscreen_nothing = -1,
    cscreen_resized = -2,
    cscreen_up = -3,
    cscreen_down = -4,
    cscreen_page_up = -5,
    cscreen_page_down = -6,
    cscreen_left = -7,
    cscreen_right = -8,
    cscreen_backspace = -9,
    cscreen_other = -10,
};

/* Loads the library; returns false if it is not installed. */
bool cscreen_load(void);

/*
 * Takes over the terminal; returns false if there is none or ncurses does not know it. The terminal is restored when a signal
 * ends the process.
 */
bool cscreen_open(void);

/* Restores the terminal. */
void cscreen_close(void);

int cscreen_rows(void);
int cscreen_columns(void);

/* Writes `size` ASCII characters at the start of a row, counted from 0, and clears the rest of the row. */
void cscreen_put(int row, const char *text, size_t size, enum cscreen_style style);

/* Updates the terminal; only changes are sent. */
void cscreen_show(void);

/* Waits for a key and returns its ASCII character or a cscreen_key; cscreen_nothing after `milliseconds`. */
int cscreen_wait(int milliseconds);

#endif
