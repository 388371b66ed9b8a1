/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine of one cluster: blocks by physical key, their validation, and T0, the interpreter.
 * T1 will compile the same records; nothing outside core/jit knows which one runs.
 */
#ifndef QH_CORE_JIT_ENGINE_H
#define QH_CORE_JIT_ENGINE_H

#include "abi/translator.h"
#include "core/machine/machine.h"

typedef struct QhEngine QhEngine;

QhEngine *qh_engine_new(QhCluster *cluster, GError **error);
void qh_engine_free(QhEngine *engine);

/* Run @vcpu until exit_request is seen or it halts. [vcpu] */
void qh_engine_run(QhEngine *engine, QhVcpu *vcpu);
/* Run one instruction. [vcpu] */
void qh_engine_step(QhEngine *engine, QhVcpu *vcpu);

/* Whether QhCpu.icount is kept while code runs. [any] */
gboolean qh_engine_counts(const QhEngine *engine);

/* Code made from these bytes of RAM is no longer valid. [any] */
void qh_engine_invalidate(QhEngine *engine, uint64_t ram_address, uint64_t bytes);
/* Drop everything, at a point where no CPU of the cluster runs translated code. [vcpu, stopped] */
void qh_engine_flush(QhEngine *engine);

/* What is kept, in lines; the caller g_frees it. [any] */
char *qh_engine_describe(QhEngine *engine);

#endif
