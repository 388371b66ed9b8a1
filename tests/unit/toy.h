/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a toy CPU with one slot of each type, for tests of the engine. */
#ifndef QH_TESTS_UNIT_TOY_H
#define QH_TESTS_UNIT_TOY_H

#include "abi/ir-emit.h"
#include "core/jit/ir.h"

typedef unsigned __int128 ToyWide;

typedef struct Toy {
    QhCpu cpu;
    uint64_t x[16];
    uint32_t w[4];
    float f[4];
    double d[4];
    ToyWide q[2];  /* i128 */
    ToyWide v[4];  /* v128 */
    uint64_t s[2]; /* v64 */
    uint32_t lazy_kind;
    uint64_t lazy[3];
    uint64_t zero;
    uint64_t array[4];
    uint8_t bytes[16];
    /* What callbacks of the tests have seen; no slots. */
    QhMemFault fault;
    uint32_t n_faults, n_raises, raise_cause;
    uint64_t raise_payload, fault_pc, fault_icount;
    uint64_t vector; /* where exceptions go */
    uint32_t interrupts_on;
    uint32_t n_interrupts;
} Toy;

/* Slot numbers. */
enum {
    TOY_X = 0,        /* i64 x0 .. x15 */
    TOY_W = 16,       /* i32 */
    TOY_F = 20,       /* f32 */
    TOY_D = 24,       /* f64 */
    TOY_Q = 28,       /* i128 */
    TOY_V = 30,       /* v128 */
    TOY_S = 34,       /* v64 */
    TOY_KIND = 36,    /* lazy flags: i32 */
    TOY_LAZY = 37,    /* 3 times i64 */
    TOY_ZERO = 40,    /* i64, hard-wired */
    TOY_ARRAY = 41,   /* no slot: an array */
    TOY_OUTSIDE = 42, /* no slot: beyond the state */
    TOY_HOST = 43,    /* no slot: QhCpu.ctx */
    TOY_N_SLOTS = 44,
};

/* Set by those who use the helpers that need it. */
extern const QhCpuService *toy_service;

const QhStateTable *toy_state_table(void);
extern const QhTranslatorOps toy_translator; /* helpers of toy.c; translate is NULL */

/* Helpers of toy_translator. */
enum {
    TOY_H_NONE,     /* () -> none */
    TOY_H_SUM2,     /* (i64, i64) -> i64, pure */
    TOY_H_SUM6,     /* 6 x i64 -> i64 */
    TOY_H_MIXED,    /* (i32, f64, i64, f32, b1) -> f64 */
    TOY_H_WIDE,     /* (i128, i64) -> i128 */
    TOY_H_EIGHT,    /* 8 x i64 -> i64 */
    TOY_H_RAISE,    /* (i64) -> none: enters an exception if nonzero */
    TOY_H_I32,      /* (i32) -> i32 */
    TOY_H_PC,       /* () -> i64: cpu->pc + icount << 32 */
    TOY_H_WRITE_X1, /* (i64) -> none: writes slot x1 */
    TOY_H_LOAD,     /* (i64) -> i64: through qh.cpu */
    TOY_H_STORE,    /* (i64, i64) -> none */
    TOY_H_KEY,      /* (i64) -> none: sets state_key */
    TOY_H_FLUSH,    /* () -> none: forgets translations */
    TOY_H_HALT,     /* () -> none */
    TOY_N_HELPERS,
};

#endif
