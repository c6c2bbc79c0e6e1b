/* What Glibc's Swift module leaves out: functions that want _GNU_SOURCE, and C globals, which Swift 6 refuses. */
#ifndef PINHOLE_CLINUX_H
#define PINHOLE_CLINUX_H

#include <getopt.h>

/* What getopt_long(3) leaves in its globals after each step. */
struct clinux_getopt {
    int next;          /* optind; 0 before the first step, which makes glibc start afresh */
    int offender;      /* optopt: the short option, or the long option's value, that was wrong; 0 if unknown */
    const char *value; /* optarg, borrowed from argv; NULL if there is none */
};

/* One step of getopt_long(3) with no short options, silent about errors; returns what it returns. */
int clinux_getopt_long(int argc, char *const argv[], const struct option *options, struct clinux_getopt *state);

/* An anonymous file in memory, closed on exec (memfd_create(2)): a descriptor, or -1 with errno. */
int clinux_memory_file(const char *name);

/* The environment of this process (environ(7)), which Swift will not read because it is a mutable global. */
char **clinux_environment(void);

#endif
