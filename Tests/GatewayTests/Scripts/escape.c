/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon that somebody has taken over: preloaded, it tries whatever an intruder would when the daemon first waits for
 * packets, and says on standard error how each attempt ended.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define TRY(name, call) report(name, (long)(call))

/* Not by stdio, which would seek. */
static void report(const char *name, long result)
{
    char line[128];
    int size = snprintf(line, sizeof line, "%s: %s\n", name, result < 0 ? strerrorname_np(errno) : "done");

    write(STDERR_FILENO, line, (size_t)size);
}

/* A new process, if there is one, must not run the tests of its parent. */
static void try_process(const char *name, long result)
{
    if (result == 0)
        _exit(0);
    report(name, result);
}

static void escape(void)
{
    static char page[4096] __attribute__((aligned(4096)));
    char *const words[] = {"true", NULL};
    struct iovec bytes = {page, 1};
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{.effective = ~0u, .permitted = ~0u}};

    /* Files. */
    TRY("open", open("/etc/passwd", O_RDONLY));
    TRY("creat", creat("/run/lab/escaped", 0600));
    TRY("openat2", syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", page, 24));
    TRY("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, page, O_RDONLY));
    TRY("memfd_create", memfd_create("escaped", 0));
    TRY("unlink", unlink("/run/pinhole/control.sock"));
    TRY("rename", rename("/run/pinhole", "/run/escaped"));
    TRY("mkdir", mkdir("/run/lab/escaped", 0700));
    TRY("symlink", symlink("/etc/shadow", "/run/lab/escaped"));
    TRY("chmod", chmod("/run/pinhole/control.sock", 0777));
    TRY("chdir", chdir("/"));
    TRY("mount", mount("none", "/run/lab", "tmpfs", 0, NULL));
    TRY("chroot", chroot("/"));
    TRY("ioctl", syscall(SYS_ioctl, STDERR_FILENO, 0, 0));
    TRY("dup", dup(STDERR_FILENO));
    TRY("io_uring_setup", syscall(SYS_io_uring_setup, 1, page));

    /* Programs. */
    TRY("execve", execve("/bin/true", words, words + 1));
    TRY("execveat", syscall(SYS_execveat, AT_FDCWD, "/bin/true", words, words + 1, 0));
    try_process("clone", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    try_process("clone3", syscall(SYS_clone3, page, 64));

    /* Code of one's own. */
    TRY("mmap", mmap(NULL, sizeof page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    TRY("mprotect", mprotect(page, sizeof page, PROT_READ | PROT_EXEC));
    TRY("pkey_mprotect", syscall(SYS_pkey_mprotect, page, sizeof page, PROT_READ | PROT_EXEC, -1));
    TRY("shmget", syscall(SYS_shmget, 0, sizeof page, 0600));

    /* The network beyond what is open. */
    TRY("socket(AF_INET)", socket(AF_INET, SOCK_STREAM, 0));
    TRY("socket(AF_INET, SOCK_RAW)", socket(AF_INET, SOCK_RAW, 6));
    TRY("socket(AF_PACKET)", socket(AF_PACKET, SOCK_RAW, 0));
    TRY("socket(AF_NETLINK)", socket(AF_NETLINK, SOCK_RAW, 0));
    TRY("socket(AF_UNIX)", socket(AF_UNIX, SOCK_STREAM, 0));
    TRY("sendmsg", sendmsg(STDERR_FILENO, &(struct msghdr){0}, 0));
    TRY("sendto of a packet with payload", sendto(STDERR_FILENO, page, 61, 0, (struct sockaddr *)page, 16));
    TRY("getsockopt of the firewall", getsockopt(STDERR_FILENO, 0, 64, page, &(socklen_t){sizeof page}));
    TRY("setsockopt", setsockopt(STDERR_FILENO, SOL_SOCKET, SO_RCVBUF, page, 4));

    /* Other processes. */
    TRY("ptrace", ptrace(PTRACE_ATTACH, getppid(), 0, 0));
    TRY("process_vm_readv", process_vm_readv(1, &bytes, 1, &bytes, 1, 0));
    TRY("kill", kill(1, 0));
    TRY("tgkill of another", syscall(SYS_tgkill, 1, 1, 0));

    /* More rights. */
    TRY("setuid", setuid(0));
    TRY("setgid", setgid(0));
    TRY("capset", syscall(SYS_capset, &header, data));
    TRY("prctl", prctl(PR_SET_DUMPABLE, 1));
    TRY("unshare", unshare(CLONE_NEWUSER));
    TRY("setns", setns(STDERR_FILENO, 0));
    TRY("bpf", syscall(SYS_bpf, 0, page, 64));
    TRY("perf_event_open", syscall(SYS_perf_event_open, page, 0, -1, -1, 0));
    TRY("keyctl", syscall(SYS_keyctl, 0, 0));
    TRY("init_module", syscall(SYS_init_module, page, sizeof page, ""));

    report("everything", 0);
}

int epoll_wait(int poller, struct epoll_event *events, int capacity, int milliseconds)
{
    static int is_done;
    int (*wait)(int, struct epoll_event *, int, int) = dlsym(RTLD_NEXT, "epoll_wait");

    if (!is_done++)
        escape();
    return wait(poller, events, capacity, milliseconds);
}
