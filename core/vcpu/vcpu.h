/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One virtual CPU: the target's state, the softmmu tables before it, and the thread that runs it.
 */
#ifndef QH_CORE_VCPU_VCPU_H
#define QH_CORE_VCPU_VCPU_H

#include "abi/cpu.h"
#include "core/jit/debug.h"
#include "core/machine/machine.h"
#include "core/snapshot/stream.h"

/* Allocates the state, sets model defaults and @properties ("key=value" strings), realizes. The
 * thread is not started. [main] */
QhVcpu *qh_vcpu_new(QhCluster *cluster,
                    uint32_t index,
                    const char *model,
                    const GPtrArray *properties,
                    GError **error);
void qh_vcpu_free(QhVcpu *vcpu); /* stops and joins the thread */

QhCpu *qh_vcpu_state(QhVcpu *vcpu); /* the target's state struct */
QhCluster *qh_vcpu_cluster(QhVcpu *vcpu);
uint32_t qh_vcpu_index(QhVcpu *vcpu);
int qh_vcpu_thread_id(QhVcpu *vcpu); /* of the host, 0 before it has started */

/* Reset the architectural state. [vcpu, stopped] */
void qh_vcpu_reset(QhVcpu *vcpu);
/* Whether it starts running after a reset (secondary CPUs of some boards do not). */
void qh_vcpu_power(QhVcpu *vcpu, gboolean on);

void qh_vcpu_start(QhVcpu *vcpu);        /* let it run; creates the thread the first time. [main] */
void qh_vcpu_request_stop(QhVcpu *vcpu); /* returns at once. [any] */
void qh_vcpu_wait_stopped(QhVcpu *vcpu); /* [main], without the device lock */
void qh_vcpu_kick(QhVcpu *vcpu);         /* [any] */
void qh_vcpu_wake(QhVcpu *vcpu);         /* the same, for it alone. [any] */
/* Whether it is on and has something to do. [vcpu], or while its thread does not run code */
gboolean qh_vcpu_can_run(QhVcpu *vcpu);
void qh_vcpu_set_irq(QhVcpu *vcpu, uint32_t line, gboolean level);          /* [any] */
void qh_vcpu_run_on(QhVcpu *vcpu, void (*fn)(QhCpu *, void *), void *data); /* [any] */
/* run_before and is_settled of qh.cpu. [any], [vcpu] */
void qh_vcpu_run_before(QhVcpu *vcpu, void (*fn)(QhCpu *, void *), void *data);
gboolean qh_vcpu_is_settled(QhVcpu *vcpu);

/* What a debugger wants of a CPU from the next start on; everything is RUN at first. */
typedef enum {
    QH_VCPU_RUN,
    QH_VCPU_HOLD, /* stay where it is, though the machine runs */
    QH_VCPU_STEP, /* one instruction, then stop the machine */
} QhVcpuMode;
typedef struct QhVcpuOrder {
    QhVcpuMode mode;
    gboolean no_interrupts; /* STEP: take none before the instruction */
    uint64_t first, last;   /* STEP: go on while pc is in this range; first > last: no range */
} QhVcpuOrder;
void qh_vcpu_set_order(QhVcpu *vcpu, const QhVcpuOrder *order); /* [vcpu, stopped] */
const QhVcpuOrder *qh_vcpu_order(QhVcpu *vcpu);                 /* [vcpu, stopped] */
/* Why it asked the machine to stop, QH_STOP_NONE if it did not; forgotten by clear. It does not run
 * before that. [vcpu, stopped]; whether there is a reason may be asked by anyone once the CPU has
 * asked for the stop */
QhDebugStop qh_vcpu_stop_reason(QhVcpu *vcpu);
void qh_vcpu_clear_stop(QhVcpu *vcpu);
/* The same where the access has been made already, or is not to be. */
void qh_vcpu_cancel_stop(QhVcpu *vcpu);

/* Have it ask the machine to stop, for @stop. [vcpu] */
void qh_vcpu_stop_for(QhVcpu *vcpu, const QhDebugStop *stop);
/* Whether it is about to do what it has stopped for, a breakpoint's instruction or a watched
 * access. [vcpu], or while it does not run */
gboolean qh_vcpu_gets_over(const QhVcpu *vcpu);
/* Whether it would have something to do if an order did not hold it. As can_run */
gboolean qh_vcpu_is_held(QhVcpu *vcpu);

/* Instructions completed since the last reset, exact or estimated; see qh.cpu icount. [vcpu] */
uint64_t qh_vcpu_icount(QhVcpu *vcpu);

/* Everything that a CPU is, but RAM. After a load its translations are forgotten; once all CPUs and
 * devices are loaded qh_vcpu_loaded brings up to date what derives from their state.
 * [vcpu, stopped] */
void qh_vcpu_stream(QhVcpu *vcpu, QhStream *stream);
void qh_vcpu_loaded(QhVcpu *vcpu);

/* The CPU whose thread this is, NULL on others. [any] */
QhVcpu *qh_vcpu_current(void);

/* Guest memory by virtual address as a debugger sees it: no faults, no side effects; crosses
 * pages. FALSE when a page is not mapped. [vcpu, stopped] */
gboolean qh_vcpu_debug_read(QhVcpu *vcpu, uint64_t address, void *buffer, uint64_t length);
gboolean qh_vcpu_debug_write(QhVcpu *vcpu, uint64_t address, const void *buffer, uint64_t length);

/* Text of `info registers`; the caller g_frees it. [vcpu, stopped] */
char *qh_vcpu_describe(QhVcpu *vcpu);

extern const QhCpuService qh_cpu_service;

#endif
