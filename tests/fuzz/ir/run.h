/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine that runs programs, and what it has seen. */
#ifndef QH_TESTS_FUZZ_IR_RUN_H
#define QH_TESTS_FUZZ_IR_RUN_H

#include "core/jit/engine-priv.h"
#include "program.h"

#define FZ_EVENTS 32u
struct FzMachine {
    ToyMachine *toy;
    const FzProgram *program;
    uint64_t serial; /* of the run: part of the state key, so that each has code of its own */
    uint64_t trace;  /* hash of what callbacks have seen */
    uint32_t n_events;
    uint32_t exact;  /* instructions are counted exactly */
    uint32_t n_runs; /* of the engine, in this program */
    gboolean refused;
    struct {
        uint64_t what, pc, icount;
        uint8_t state[FZ_STATE_END - FZ_STATE_FROM];
    } event[FZ_EVENTS];     /* the first ones, to say what differs */
    uint64_t pattern[4096]; /* what memory starts as, in part */
};

static inline FzMachine *fz_machine_of(QhCpu *cpu)
{
    return ((ToyMachine *)cpu->ctx)->data;
}

/* Something is seen of the CPU: pc, and all slots if @with_state. */
void fz_trace(QhCpu *cpu, uint64_t what, gboolean with_state);

#endif
