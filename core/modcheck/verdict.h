/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was found out about one file. Code of a module runs only in a trial: a child process with
 * little time and memory, that says what it does before it does it, so that a crash has a name.
 */
#ifndef QH_CORE_MODCHECK_VERDICT_H
#define QH_CORE_MODCHECK_VERDICT_H

#include "core/module/note.h"

typedef struct QhRemark {
    gboolean problem; /* FALSE: something that could not be checked, and why */
    char *check;      /* "mutable-data", "device/ns16550": what was looked at */
    char *text;
} QhRemark;

typedef struct QhVerdict {
    char *path;
    guint cpu_seconds;  /* that a trial may take */
    QhNote *note;       /* NULL: it has none that can be read */
    GPtrArray *remarks; /* QhRemark, owned */
    GPtrArray *checks;  /* char *, owned: what was looked at */
} QhVerdict;

QhVerdict *qh_verdict_new(const char *path);
void qh_verdict_free(QhVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhVerdict, qh_verdict_free)

void qh_verdict_checks(QhVerdict *verdict, const char *check); /* it is looked at @check now */
void qh_verdict_add(QhVerdict *verdict, gboolean problem, const char *check, const char *text);
void qh_verdict_problem(QhVerdict *verdict, const char *check, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
gboolean qh_verdict_is_good(const QhVerdict *verdict); /* no problem so far */
/* A line a remark; @all: those that are no problem as well. */
void qh_verdict_print(const QhVerdict *verdict, gboolean all);
void qh_verdict_write(const QhVerdict *verdict, QhJsonWriter *writer);

/* A trial, as its child sees it. */
typedef struct QhTrial {
    const char *path;  /* of the module's file */
    const char *check; /* "device/ns16550" */
    const char *kind, *name;
    char *doing; /* shared with the parent */
    int out;
} QhTrial;

/* From now on the module is doing this. */
void qh_trial_doing(QhTrial *trial, const char *format, ...) G_GNUC_PRINTF(2, 3);
void qh_trial_problem(QhTrial *trial, const char *format, ...) G_GNUC_PRINTF(2, 3);
void qh_trial_unchecked(QhTrial *trial, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The host refuses the file: a problem of the check that has the refusal's name. */
void qh_trial_refused(QhTrial *trial, QhRefusal refusal, const char *reason);
/* Number of problems is bounded: TRUE when the trial has named enough. */
gboolean qh_trial_is_full(const QhTrial *trial);

/* Run @fn in a child; what it says, and what becomes of it, goes into @verdict under
 * KIND/NAME. FALSE when there is a problem. [main] */
gboolean
qh_trial_run(QhVerdict *verdict, const char *kind, const char *name, void (*fn)(QhTrial *trial));

#endif
