/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same records through the interpreter and through compiled code, without an engine around. */
#ifndef QH_TESTS_UNIT_T1_PAIR_H
#define QH_TESTS_UNIT_T1_PAIR_H

#include "core/jit/backend/x86_64/chunks.h"
#include "toy-machine.h"

#define T1_PAIR_RECORDS 512u

typedef struct T1Pair {
    ToyMachine *toy;
    QhT1Memory *memory;
    QhT1Compiler *compiler;
    QhT1Stubs stubs;
    uint8_t *at; /* next free byte of code memory */
    QhIrContext context;
    QhIrRecord records[T1_PAIR_RECORDS];
    uint32_t n_records;
    gboolean anywhere; /* QhT1Source.anywhere */
    struct QhCode *t0;
    QhT1Region *region;
} T1Pair;

/* @without: features of the processor that the compiler shall not use, as in QEMU_HOST_WITHOUT. */
T1Pair *t1_pair_new(const char *without);
void t1_pair_free(T1Pair *pair);

/* Make a block of what @emit emits; the test fails when it is no valid block, or T1 refuses it. */
void t1_pair_load(T1Pair *pair, void (*emit)(QhBlock *block, void *data), void *data);
/* Run it both ways from @state; the test fails, naming the records, when the states differ. */
void t1_pair_run(T1Pair *pair, const Toy *state);
/* One of both: how it was left; the state is in pair->toy. */
uint32_t t1_pair_enter(T1Pair *pair, const Toy *state, gboolean compiled);
/* Compiled, and the state as compiled code leaves it to other compiled code. */
uint32_t t1_pair_enter_raw(T1Pair *pair, const Toy *state);

#endif
