#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE: Package.swift does it for this target"
#endif

#include "CLinux.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

int clinux_getopt_long(int argc, char *const argv[], const struct option *options, struct clinux_getopt *state)
{
    int result;

    optind = state->next;
    optarg = NULL;
    optopt = 0;
    opterr = 0;
    result = getopt_long(argc, argv, ":", options, NULL);
    state->next = optind;
    state->offender = optopt;
    state->value = optarg;
    return result;
}

int clinux_memory_file(const char *name)
{
    return memfd_create(name, MFD_CLOEXEC);
}

char **clinux_environment(void)
{
    return environ;
}
