/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each thread may ask of the host's kernel: an allowlist for each role, installed when modules
 * are loaded and code memory is mapped, before the guest runs. Narrower ones are put on top of the
 * main thread's, which every thread has.
 *
 * A call that is on no list ends the process, with a message that names thread and call. Starting
 * programs, and memory that is to be written and executed, are refused with EPERM instead, because
 * a command can then say so.
 */
#ifndef QH_CORE_SANDBOX_SANDBOX_H
#define QH_CORE_SANDBOX_SANDBOX_H

#include <glib.h>

typedef enum {
    QH_SANDBOX_MAIN, /* files, sockets, threads, module loading */
    QH_SANDBOX_VCPU, /* runs guest code and device models */
    QH_SANDBOX_IO,   /* moves data of disks; makes threads of its own kind */
    QH_SANDBOX_ROLES,
} QhSandboxRole;

/* -sandbox; FALSE and zero are what happens when nothing is said. */
typedef struct QhSandboxOptions {
    gboolean off;
    gboolean required;  /* the user asked for it: an error when the kernel has no filters */
    gboolean obsolete;  /* allow calls that nobody should need any more */
    gboolean elevate;   /* allow changes of user and group */
    gboolean spawn;     /* allow other programs to be started */
    gboolean no_spawn;  /* the user said so: qh_sandbox_need_programs does not count */
    gboolean resources; /* allow priorities, affinities and limits to be changed */
} QhSandboxOptions;

/* Filter all threads that there are, and those to come. Once; afterwards nothing can be taken back.
 * FALSE with @error when it is required and cannot be had; otherwise a warning goes to stderr.
 * [main] */
gboolean qh_sandbox_start(const QhSandboxOptions *options, GError **error);
gboolean qh_sandbox_is_on(void); /* [any] */

/* Before qh_sandbox_start: something that was set up will start a program later, as a script of a
 * tap device at its end, so allow it unless the user does not. [main] */
void qh_sandbox_need_programs(void);
/* Before qh_sandbox_start: a ring of io_uring is there, which those that move disk data use. [main]
 */
void qh_sandbox_need_rings(void);
/* Whether programs may be started now; FALSE with @error that says what would allow @program. */
gboolean qh_sandbox_allows_program(const char *program, GError **error);

/* This thread is @role from now on, for good; again costs next to nothing. Before qh_sandbox_start,
 * or without a sandbox, it does nothing. [any] */
void qh_sandbox_enter(QhSandboxRole role);

/* Whether this thread has entered a role; a thread that it makes has the same filter, and says so
 * instead of entering. [any] */
gboolean qh_sandbox_entered(void);
void qh_sandbox_inherit(void);

/* How many calls the role's list has, those included that depend on their arguments. [any] */
guint qh_sandbox_n_calls(QhSandboxRole role);

#endif
