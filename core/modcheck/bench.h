/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workbench of a trial: a host that finds the module's file before all others, and a machine
 * with what a slot of it needs.
 */
#ifndef QH_CORE_MODCHECK_BENCH_H
#define QH_CORE_MODCHECK_BENCH_H

#include "core/device/instance-priv.h"
#include "core/host/host.h"
#include "core/modcheck/verdict.h"

#define BENCH_RAM_BYTES (UINT64_C(16) << 20)

typedef struct QhBench {
    QhTrial *trial;
    QhHost *host;
    QhMachine *machine; /* NULL: none yet; the host frees it */
    int64_t now_ns;     /* guest time, which moves when bench_pass says so */
    uint64_t random;    /* state of the generator */
    guint n_disks;
} QhBench;

/* A host with the module loaded. FALSE with @error. */
gboolean qh_bench_open(QhBench *bench, QhTrial *trial, GError **error);
void qh_bench_close(QhBench *bench);

/* A machine without a board: RAM at 0, and with @target one CPU of @model (NULL: the default). */
gboolean qh_bench_bare(QhBench *bench, const char *target, const char *model, GError **error);
/* The board "TARGET:NAME" with @ram_bytes (0: its default) and its default CPU. */
gboolean qh_bench_board(QhBench *bench, const char *board, uint64_t ram_bytes, GError **error);
void qh_bench_unplug(QhBench *bench); /* free the machine */

/* "TARGET:NAME" of all boards that are installed, those of the module under trial first (char *,
 * owned); @own: only those. */
GPtrArray *qh_bench_boards(QhBench *bench, gboolean own);
/* Names of the CPU models of @target, as its slot has them (char *, owned); NULL with @error. */
GPtrArray *qh_bench_models(QhBench *bench, const char *target, GError **error);
/* Names of all device classes that are installed (char *, owned). */
GPtrArray *qh_bench_classes(QhBench *bench);

/* Numbers that are the same in each run. */
uint64_t qh_bench_random(QhBench *bench);
/* Let guest time pass: timers fire, and what was put off is done. */
void qh_bench_pass(QhBench *bench, int64_t ns);

/*
 * Whether each of the last rounds of @fn took memory (a chunk of malloc at least), or left
 * descriptors open, that it did not give back: a leak grows with every round. Names it as a
 * problem.
 */
void qh_bench_rounds(QhTrial *trial,
                     const char *what,
                     gboolean (*fn)(QhTrial *, void *),
                     void *data);

#endif
