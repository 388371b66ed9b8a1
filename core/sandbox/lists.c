/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU's thread runs code that a guest chose, in device models that a guest drives, so its list is
 * what those need and nothing else: no way to a new file, socket, thread or program. The files and
 * sockets that it reads and writes were opened by the main thread.
 *
 * The calls whose arguments matter (mmap, mprotect, clone, socket, ioctl, prctl,
 * shmat) are in rules.c.
 * Names are those of Linux; what an architecture does not have is left out there.
 */
#include "core/sandbox/lists.h"

static const char vcpu_calls[] =
    /* waiting and waking */
    "futex ppoll poll clock_nanosleep sched_yield restart_syscall tgkill "
    /* the time, where the vDSO has no answer */
    "clock_gettime timerfd_settime "
    /* descriptors that are open */
    "read write readv writev pread64 pwrite64 preadv2 recvmsg recvfrom sendmsg sendto lseek fstat "
    /* memory, its own and the guest's */
    "brk munmap mremap madvise fallocate getrandom "
    /* the C library sorts with as much memory as there is */
    "sysinfo "
    /* signals, and the end */
    "rt_sigprocmask rt_sigreturn gettid getpid exit exit_group";

static const char io_calls[] =
    "futex poll ppoll clock_nanosleep nanosleep sched_yield restart_syscall tgkill "
    "clock_gettime gettimeofday read write readv writev pread64 pwrite64 preadv pwritev "
    "preadv2 pwritev2 lseek fsync fdatasync sync_file_range fallocate ftruncate fstat "
    "newfstatat statx fstatfs fcntl flock copy_file_range recvmsg recvfrom sendmsg "
    "sendto shutdown close brk munmap mremap madvise getrandom rt_sigprocmask "
    "rt_sigaction rt_sigreturn sigaltstack gettid getpid set_robust_list rseq "
    "sched_getaffinity sched_setattr sched_getattr exit exit_group";

static const char main_calls[] =
    "accept accept4 access alarm arch_prctl bind brk chdir chmod clock_getres "
    "clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup "
    "dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 "
    "exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat "
    "fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr "
    "fstat fstatfs fsync ftruncate futex futex_waitv get_robust_list getcwd getdents64 "
    "getegid geteuid getgid getgroups getpeername getpgrp getpid getppid getrandom "
    "getresgid getresuid getrlimit getrusage getsockname getsockopt gettid gettimeofday "
    "getuid getxattr inotify_add_watch inotify_init1 inotify_rm_watch kill lgetxattr "
    "link linkat listen llistxattr listxattr lremovexattr lseek lsetxattr lstat madvise "
    "membarrier memfd_create mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall "
    "mremap msync munlock munlockall munmap nanosleep newfstatat open openat openat2 pause pipe "
    "pipe2 poll ppoll pread64 preadv preadv2 prlimit64 pselect6 pwrite64 pwritev "
    "pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg "
    "removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction "
    "rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend "
    "rt_sigtimedwait sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_setattr sched_yield seccomp select sendfile sendmmsg sendmsg sendto "
    "set_robust_list set_tid_address setsockopt setxattr shmctl shmdt shmget shutdown sigaltstack "
    "socketpair splice stat statfs statx symlink symlinkat sync_file_range sysinfo "
    "tgkill timer_create timer_delete timer_gettime timer_settime timerfd_create "
    "timerfd_settime truncate umask uname unlink unlinkat utimensat wait4 waitid write "
    "writev";

const char *const qh_sandbox_calls[QH_SANDBOX_ROLES] = {
    [QH_SANDBOX_MAIN] = main_calls,
    [QH_SANDBOX_VCPU] = vcpu_calls,
    [QH_SANDBOX_IO] = io_calls,
};

const char qh_sandbox_obsolete[] =
    "readdir _sysctl bdflush create_module get_kernel_syms query_module sysfs uselib "
    "ustat time utime utimes futimesat";

const char qh_sandbox_elevate[] =
    "setuid setgid setpgid setsid setreuid setregid setresuid setresgid capset "
    "setgroups setfsuid setfsgid capget";

const char qh_sandbox_spawn[] = "execve execveat vfork";

const char qh_sandbox_resources[] =
    "getpriority setpriority sched_setparam sched_setscheduler sched_setaffinity "
    "setrlimit ioprio_set ioprio_get mbind set_mempolicy get_mempolicy";

/* When the C library gives memory back it reads a file of /proc first, and does without. */
const char qh_sandbox_narrow_refused[] = "open openat";

const char qh_sandbox_unknown[] = "clone3 fchmodat2 io_uring_setup";
