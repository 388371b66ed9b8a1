/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling Linux' perf what the compiled code is: a map of symbols (perf report reads it at the
 * end), or a dump that also has the code (perf inject --jit makes files of it). Formats:
 * tools/perf/Documentation/jit-interface.txt and jitdump-specification.txt of the kernel.
 */
#ifndef QH_CORE_JIT_PERF_H
#define QH_CORE_JIT_PERF_H

#include <glib.h>
#include <stdint.h>

typedef struct QhPerf QhPerf;
typedef struct QhEngine QhEngine;

/* Write /tmp/perf-PID.map (@map) and ./jit-PID.dump (@dump). NULL with @error. [main] */
QhPerf *qh_perf_new(gboolean map, gboolean dump, GError **error);
void qh_perf_free(QhPerf *perf);

/* @bytes of machine code at @code are what guest @pc became; @name may be NULL. What cannot be
 * written is dropped. [any] */
void qh_perf_note(QhPerf *perf, const void *code, uint64_t bytes, uint64_t pc, const char *name);

/* A compiler calls this for each piece of code when it is ready to run, with the address at which
 * it runs: -d out_asm, -perfmap, -jitdump. [any] */
void qh_engine_note_code(QhEngine *engine, const void *code, uint64_t bytes, uint64_t pc);

#endif
