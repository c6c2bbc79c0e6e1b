// SPDX-License-Identifier: GPL-2.0-or-later
// A prctl(2) of a kernel without filters of system calls.
#include <errno.h>
#include <linux/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    if (option == PR_SET_SECCOMP) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_prctl, option, a, b, c, d);
}
