/* A full-screen terminal, by ncurses, which is loaded when it is needed: only `pinhole top` draws. */
#ifndef PINHOLE_CSCREEN_H
#define PINHOLE_CSCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* How text looks; a terminal without colour shows the others all the same. */
enum cscreen_style { cscreen_plain, cscreen_bold, cscreen_reverse, cscreen_warning };

/* Keys that are no character. */
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

/* Loads the library; false where it is not installed. */
bool cscreen_load(void);

/* Takes the terminal over; false where there is none, or ncurses does not know it. Whatever ends the process gives it back. */
bool cscreen_open(void);

/* Gives the terminal back as it was. */
void cscreen_close(void);

int cscreen_rows(void);
int cscreen_columns(void);

/* Writes `size` characters of ASCII in a row, counted from 0, and leaves the rest of it empty. */
void cscreen_put(int row, const char *text, size_t size, enum cscreen_style style);

/* Shows what was written since the last time: only what is another than on the terminal is sent. */
void cscreen_show(void);

/* Waits for a key for so many milliseconds. */
int cscreen_wait(int milliseconds);

#endif
