/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "CScreen.h"

#include <dlfcn.h>
/* Declares functions, whose addresses are needed, instead of macros. */
#define NCURSES_NOMACROS 1
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* The functions of ncurses that are used, with the types of its header. */
static struct {
    __typeof__(&newterm) newterm;
    __typeof__(&endwin) endwin;
    __typeof__(&cbreak) cbreak;
    __typeof__(&noecho) noecho;
    __typeof__(&nonl) nonl;
    __typeof__(&keypad) keypad;
    __typeof__(&wtimeout) wtimeout;
    __typeof__(&curs_set) curs_set;
    __typeof__(&has_colors) has_colors;
    __typeof__(&start_color) start_color;
    __typeof__(&use_default_colors) use_default_colors;
    __typeof__(&init_pair) init_pair;
    __typeof__(&COLOR_PAIR) pair;
    __typeof__(&wgetch) wgetch;
    __typeof__(&wmove) wmove;
    __typeof__(&waddnstr) waddnstr;
    __typeof__(&wattrset) wattrset;
    __typeof__(&wclrtoeol) wclrtoeol;
    __typeof__(&wrefresh) wrefresh;
    __typeof__(&getmaxy) getmaxy;
    __typeof__(&getmaxx) getmaxx;
    WINDOW **screen;
} curses;

static bool has_colour;

/* The signals whose default action ends the process, sent by a user or raised by an error. */
static const int endings[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, SIGPIPE};

bool cscreen_load(void)
{
    void *library = dlopen("libncursesw.so.6", RTLD_NOW | RTLD_LOCAL);
    const struct {
        void *place;
        const char *name;
    } all[] = {
        {&curses.newterm, "newterm"},
        {&curses.endwin, "endwin"},
        {&curses.cbreak, "cbreak"},
        {&curses.noecho, "noecho"},
        {&curses.nonl, "nonl"},
        {&curses.keypad, "keypad"},
        {&curses.wtimeout, "wtimeout"},
        {&curses.curs_set, "curs_set"},
        {&curses.has_colors, "has_colors"},
        {&curses.start_color, "start_color"},
        {&curses.use_default_colors, "use_default_colors"},
        {&curses.init_pair, "init_pair"},
        {&curses.pair, "COLOR_PAIR"},
        {&curses.wgetch, "wgetch"},
        {&curses.wmove, "wmove"},
        {&curses.waddnstr, "waddnstr"},
        {&curses.wattrset, "wattrset"},
        {&curses.wclrtoeol, "wclrtoeol"},
        {&curses.wrefresh, "wrefresh"},
        {&curses.getmaxy, "getmaxy"},
        {&curses.getmaxx, "getmaxx"},
        {&curses.screen, "stdscr"},
    };

    if (!library)
        return false;
    for (size_t index = 0; index < sizeof all / sizeof *all; index++) {
        void *symbol = dlsym(library, all[index].name);
        if (!symbol)
            return false;
        *(void **)all[index].place = symbol;
    }
    return true;
}

/* A signal handler that restores the terminal and then raises the signal with its default action. */
static void end(int number)
{
    curses.endwin();
    signal(number, SIG_DFL);
    raise(number);
}

bool cscreen_open(void)
{
    WINDOW *screen;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !curses.newterm(NULL, stdout, stdin))
        return false;
    for (size_t index = 0; index < sizeof endings / sizeof *endings; index++)
        signal(endings[index], end);
    screen = *curses.screen;
    curses.cbreak();
    curses.noecho();
    curses.nonl();
    curses.keypad(screen, true);
    curses.curs_set(0);
    has_colour = curses.has_colors() && curses.start_color() == OK;
    if (has_colour) {
        curses.use_default_colors();
        curses.init_pair(1, COLOR_RED, -1);
    }
    return true;
}

void cscreen_close(void)
{
    curses.endwin();
}

int cscreen_rows(void)
{
    return curses.getmaxy(*curses.screen);
}

int cscreen_columns(void)
{
    return curses.getmaxx(*curses.screen);
}

void cscreen_put(int row, const char *text, size_t size, enum cscreen_style style)
{
    static const int attributes[] = {A_NORMAL, A_BOLD, A_REVERSE, A_BOLD};
    WINDOW *screen = *curses.screen;

    curses.wmove(screen, row, 0);
    curses.wattrset(screen, attributes[style] | (style == cscreen_warning && has_colour ? curses.pair(1) : 0));
    curses.waddnstr(screen, text, (int)size);
    curses.wattrset(screen, A_NORMAL);
    if (size < (size_t)curses.getmaxx(screen))
        curses.wclrtoeol(screen);
}

void cscreen_show(void)
{
    curses.wrefresh(*curses.screen);
}

int cscreen_wait(int milliseconds)
{
    int key;

    curses.wtimeout(*curses.screen, milliseconds);
    key = curses.wgetch(*curses.screen);
    switch (key) {
    case ERR: return cscreen_nothing;
    case KEY_RESIZE: return cscreen_resized;
    case KEY_UP: return cscreen_up;
    case KEY_DOWN: return cscreen_down;
    case KEY_PPAGE: return cscreen_page_up;
    case KEY_NPAGE: return cscreen_page_down;
    case KEY_LEFT: return cscreen_left;
    case KEY_RIGHT: return cscreen_right;
    case KEY_BACKSPACE: case 0x7f: case '\b': return cscreen_backspace;
    default: return key >= 0 && key < 0x80 ? key : cscreen_other;
    }
}
