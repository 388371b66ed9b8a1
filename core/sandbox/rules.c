/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments are compared as the kernel reads them: what it takes as 32 bits is masked to 32 bits,
 * or the upper half would hide a number that is not on the list.
 */
#include "core/sandbox/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <termios.h>

#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)
#define LOW32      0xffffffffu
#define VHOST_TYPE 0xaf00u

/* Of open terminals, network taps, block devices and files. */
static const uint32_t main_ioctls[] = {
    TCGETS,          TCSETS,          TCSETSW,       TCSETSF,         TCSBRK,         TCSBRKP,
    TIOCMGET,        TIOCMSET,        TIOCMBIS,      TIOCMBIC,        TIOCGWINSZ,     TIOCSWINSZ,
    TIOCGPTN,        TIOCSPTLCK,      TIOCGPTPEER,   TIOCGPGRP,       FIONREAD,       FIONBIO,
    FIOCLEX,         TUNSETIFF,       TUNGETIFF,     TUNSETOFFLOAD,   TUNGETFEATURES, TUNSETSNDBUF,
    TUNSETVNETHDRSZ, TUNGETVNETHDRSZ, TUNSETQUEUE,   BLKGETSIZE64,    BLKSSZGET,      BLKPBSZGET,
    BLKDISCARD,      BLKZEROOUT,      BLKROTATIONAL, BLKROGET,        BLKFLSBUF,      FICLONE,
    FICLONERANGE,    FS_IOC_GETFLAGS, FS_IOC_FIEMAP, FS_IOC_SETFLAGS,
};
/* A guest's driver chooses offloads; its serial port has modem lines and breaks. */
static const uint32_t vcpu_ioctls[] = {
    TUNSETOFFLOAD, TUNSETVNETHDRSZ, TIOCMGET, TIOCMSET, TCSBRK, TCSETS, TCGETS, FIONREAD,
};
static const uint32_t io_ioctls[] = {BLKDISCARD, BLKZEROOUT,   BLKFLSBUF,    BLKGETSIZE64,
                                     FICLONE,    FICLONERANGE, FS_IOC_FIEMAP};
/* Names of threads, memory and the like; nothing that changes what the process may do. */
static const uint32_t main_prctls[] = {
    PR_SET_NAME, PR_GET_NAME,     PR_SET_PDEATHSIG, PR_SET_TIMERSLACK,   PR_SET_NO_NEW_PRIVS,
    PR_SET_VMA,  PR_CAPBSET_READ, PR_GET_DUMPABLE,  PR_GET_NO_NEW_PRIVS,
};
static const uint32_t io_prctls[] = {PR_SET_NAME};
static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_VSOCK};

static gboolean
add(scmp_filter_ctx filter, uint32_t action, const char *name, struct scmp_arg_cmp compare)
{
    int number = seccomp_syscall_resolve_name(name);

    return number == __NR_SCMP_ERROR ||
           seccomp_rule_add_array(filter, action, number, 1, &compare) == 0;
}

static struct scmp_arg_cmp masked(unsigned int argument, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, mask, value};
}

static gboolean add_values(
    scmp_filter_ctx filter, const char *name, unsigned int argument, const uint32_t *list, guint n)
{
    for (guint i = 0; i < n; i++) {
        if (!add(filter, SCMP_ACT_ALLOW, name, masked(argument, LOW32, list[i]))) {
            return FALSE;
        }
    }
    return TRUE;
}
#define ADD_VALUES(filter, name, argument, list)                                                   \
    add_values(filter, name, argument, list, G_N_ELEMENTS(list))

/* No memory is ever writable and executable; only loading a module makes executable memory, and
 * only from a file that is not written to. */
static gboolean add_memory(scmp_filter_ctx filter, QhSandboxRole role)
{
    static const char *const names[] = {"mmap", "mprotect"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!add(filter, SCMP_ACT_ALLOW, names[i], masked(2, PROT_EXEC, 0))) {
            return FALSE;
        }
    }
    return role != QH_SANDBOX_MAIN ||
           (add(filter, SCMP_ACT_ALLOW, "mmap", masked(2, PROT_WRITE | PROT_EXEC, PROT_EXEC)) &&
            add(filter, SCMP_ACT_ERRNO(EPERM), "mmap",
                masked(2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC)) &&
            add(filter, SCMP_ACT_ERRNO(EPERM), "mprotect", masked(2, PROT_EXEC, PROT_EXEC)));
}

static gboolean add_clone(scmp_filter_ctx filter, QhSandboxRole role)
{
    const unsigned int flags = 0; /* clone(2): the first argument on all but one architecture */

    switch (role) {
    case QH_SANDBOX_MAIN:
        return add(filter, SCMP_ACT_ALLOW, "clone", masked(flags, NAMESPACES, 0));
    case QH_SANDBOX_IO:
        return add(filter, SCMP_ACT_ALLOW, "clone",
                   masked(flags, NAMESPACES | CLONE_THREAD, CLONE_THREAD));
    default:
        return TRUE;
    }
}

gboolean qh_sandbox_add_rules(scmp_filter_ctx filter, QhSandboxRole role, gboolean spawn)
{
    if (!add_memory(filter, role) || !add_clone(filter, role)) {
        return FALSE;
    }
    switch (role) {
    case QH_SANDBOX_MAIN:
        return ADD_VALUES(filter, "ioctl", 1, main_ioctls) &&
               add(filter, SCMP_ACT_ALLOW, "ioctl", masked(1, 0xff00, VHOST_TYPE)) &&
               ADD_VALUES(filter, "prctl", 0, main_prctls) &&
               /* pictures that are shared with an X server */
               add(filter, SCMP_ACT_ALLOW, "shmat", masked(2, SHM_EXEC, 0)) &&
               /* a program that is started may want anything */
               (spawn ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 0) == 0
                      : ADD_VALUES(filter, "socket", 0, families));
    case QH_SANDBOX_VCPU:
        return ADD_VALUES(filter, "ioctl", 1, vcpu_ioctls) &&
               /* of an open file, as fstat is done; the size of a disk */
               add(filter, SCMP_ACT_ALLOW, "newfstatat", masked(3, AT_EMPTY_PATH, AT_EMPTY_PATH)) &&
               add(filter, SCMP_ACT_ALLOW, "ioctl", masked(1, 0xff00, VHOST_TYPE));
    case QH_SANDBOX_IO:
        return ADD_VALUES(filter, "ioctl", 1, io_ioctls) &&
               ADD_VALUES(filter, "prctl", 0, io_prctls);
    default:
        return FALSE;
    }
}

guint qh_sandbox_n_rules(QhSandboxRole role)
{
    static const guint n[QH_SANDBOX_ROLES] = {
        [QH_SANDBOX_MAIN] = 7, /* mmap mprotect clone ioctl prctl socket shmat */
        [QH_SANDBOX_VCPU] = 4, /* mmap mprotect ioctl newfstatat */
        [QH_SANDBOX_IO] = 5,   /* mmap mprotect clone ioctl prctl */
    };

    return n[role];
}
