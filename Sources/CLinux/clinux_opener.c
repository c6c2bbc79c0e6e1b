/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clinux_opener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "CLinux.h"

/* Runs in the child process; does not return. */
static void serve(int asker, const char *path, uid_t user, gid_t group)
{
    char question;

    prctl(PR_SET_NAME, "pinhole-config", 0, 0, 0);
    /* The child's end of the socket becomes descriptor 3, and all above it are closed. */
    if (dup2(asker, 3) < 0 || syscall(SYS_close_range, 4U, ~0U, 0U) < 0)
        _exit(1);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    if (user != (uid_t)-1 && (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 || setresuid(user, user, user) < 0))
        _exit(1);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* After setresuid(2), which clears it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    while (recv(3, &question, sizeof(question), 0) == sizeof(question)) {
        /* O_NONBLOCK: opening a FIFO without a writer would block. */
        int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        int reason = file < 0 ? errno : 0;

        if (file < 0)
            send(3, &reason, sizeof(reason), MSG_NOSIGNAL);
        else
            clinux_send_descriptor(3, &reason, sizeof(reason), file);
        close(file);
    }
    _exit(0);
}

int clinux_start_opener(const char *path, uid_t user, gid_t group)
{
    int ends[2];
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 || clinux_set_receive_timeout(ends[0], 1000) < 0)
        return -1;
    child = fork();
    if (child == 0)
        serve(ends[1], path, user, group);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return -1;
    }
    return ends[0];
}

int clinux_ask_opener(int opener)
{
    char question = 0;
    int reason = 0, file = -1;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec text = {.iov_base = &reason, .iov_len = sizeof(reason)};
    struct msghdr message = {
        .msg_iov = &text,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    const struct cmsghdr *found;

    /* Discards an answer to an earlier question that had timed out. */
    while (recv(opener, &reason, sizeof(reason), MSG_DONTWAIT) > 0)
        ;
    if (send(opener, &question, sizeof(question), MSG_NOSIGNAL) < 0)
        return -1;
    if (recvmsg(opener, &message, MSG_CMSG_CLOEXEC) != sizeof(reason)) {
        errno = errno == EAGAIN ? ETIMEDOUT : ECHILD;
        return -1;
    }
    found = CMSG_FIRSTHDR(&message);
    if (found != NULL && found->cmsg_type == SCM_RIGHTS)
        memcpy(&file, CMSG_DATA(found), sizeof(file));
    errno = reason;
    return file;
}
