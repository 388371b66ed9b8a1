/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random programs of IR, for comparing what runs them. A program is a few blocks of records on two
 * pages, the state that it starts from, and how it is to be run; everything in it follows from the
 * numbers (seed, index), and it can be written to a text file and read again.
 *
 * Every block first takes one from the fuel in x10 and ends the program when none is left, and so
 * does every backward branch, so that all programs end.
 */
#ifndef QH_TESTS_FUZZ_IR_PROGRAM_H
#define QH_TESTS_FUZZ_IR_PROGRAM_H

#include "tests/unit/toy-machine.h"

#define FZ_BLOCKS  6u
#define FZ_RECORDS 192u /* of a block */
#define FZ_INSNS   24u
#define FZ_STRIDE  256u /* bytes of guest code from block to block */
#define FZ_FAR     3u   /* blocks from this one on are on the next page */

#define FZ_CODE       TOY_RAM
#define FZ_HALT       (TOY_RAM + 0x3000u) /* a block that halts the CPU */
#define FZ_DATA       (TOY_RAM + 0x8000u)
#define FZ_PAGES      8u
#define FZ_RAM_BYTES  0x4000u /* of the data pages that are RAM of their own */
#define FZ_STATE_FROM offsetof(Toy, x)
#define FZ_STATE_END  offsetof(Toy, fault)

#define FZ_FUEL (TOY_X + 10)
#define FZ_BASE (TOY_X + 9) /* address of the data pages */

/* Helpers of the fuzzer. */
enum {
    FZ_H_PURE2,     /* (i64, i64) -> i64 */
    FZ_H_PURE6,     /* 6 x i64 -> i64 */
    FZ_H_EIGHT,     /* 8 x i64 -> i64 */
    FZ_H_MIXED,     /* (i32, f64, i64, f32, b1) -> f64 */
    FZ_H_F32,       /* (f32, i32) -> f32 */
    FZ_H_WIDE,      /* (i128, i64) -> i128 */
    FZ_H_VECTOR,    /* (v128, i64) -> v128 */
    FZ_H_BOOL,      /* (i64) -> b1 */
    FZ_H_I32,       /* (i32) -> i32 */
    FZ_H_SEE_GPR,   /* () -> i64: reads all general registers */
    FZ_H_SEE_FP,    /* () -> i64 */
    FZ_H_SEE_VEC,   /* () -> i64 */
    FZ_H_SEE_FLAG,  /* () -> i64 */
    FZ_H_SEE_CTRL,  /* (i64) -> i64 */
    FZ_H_SET_GPR,   /* (i64) -> none: changes general registers */
    FZ_H_SET_FP,    /* (i64) -> none */
    FZ_H_SET_VEC,   /* (i64) -> none */
    FZ_H_SET_FLAG,  /* (i64) -> none */
    FZ_H_SET_CTRL,  /* (i64) -> i64 */
    FZ_H_FP_FLAGS,  /* (i64) -> i64: reads and raises FP flags */
    FZ_H_SYNC,      /* () -> i64: reads pc */
    FZ_H_MAY_RAISE, /* (i64) -> i64: an exception for one of eight values */
    FZ_H_LOAD,      /* (i64) -> i64: through qh.cpu */
    FZ_H_STORE,     /* (i64, i64) -> none: through qh.cpu */
    FZ_H_FLUSH,     /* () -> none: forgets translations */
    FZ_H_LAST_RANDOM = FZ_H_FLUSH,
    FZ_H_SET_PC, /* (i64) -> none: for exit_cpu */
    FZ_H_KEY,    /* (i64) -> none: another state key */
    FZ_H_KICK,   /* () -> none: leave at the next poll */
    FZ_H_HALT,   /* () -> none */
    FZ_N_HELPERS,
};
extern const QhHelper fz_helpers[FZ_N_HELPERS];

typedef struct FzBlock {
    QhIrRecord records[FZ_RECORDS];
    uint8_t keep[FZ_RECORDS]; /* not to be taken out when shrinking: it bounds loops */
    uint32_t n, n_insns;
    uint16_t insn_at[FZ_INSNS + 1]; /* record of each insn_start; then n */
} FzBlock;

typedef struct FzProgram {
    uint64_t seed, index;
    uint32_t rules;     /* index of the NaN rules */
    uint32_t contained; /* no value crosses instructions: blocks can be entered anywhere */
    uint32_t cold;      /* no translation is known at the start */
    uint32_t kicks;     /* helpers ask for polls; no loop inside an instruction */
    uint32_t n_blocks;
    uint32_t vector; /* block that exceptions go to */
    uint32_t fp_flags;
    uint64_t ram_seed;
    uint8_t state[FZ_STATE_END - FZ_STATE_FROM];
    FzBlock block[FZ_BLOCKS];
} FzProgram;

typedef struct FzRandom {
    uint64_t state;
} FzRandom;
uint64_t fz_random(FzRandom *random);
uint32_t fz_below(FzRandom *random, uint32_t n);

uint64_t fz_block_pc(uint32_t block);

/* generate.c */
void fz_generate(FzProgram *program, uint64_t seed, uint64_t index);
/* operate.c: what one block is built with. */
typedef struct FzGen FzGen;
void fz_operation(FzGen *gen);

/* run.c: the machines that a program runs on. */
#define FZ_N_RULES 5u
typedef struct FzMachine FzMachine;
/* @options: how it runs the code; @plain: T0 without merging. */
FzMachine *fz_machine_new(uint32_t rules, const QhEngineOptions *options, gboolean plain);
void fz_machine_free(FzMachine *machine);
/* FALSE: the engine refused the program. */
gboolean fz_run(FzMachine *machine, const FzProgram *program);
/* Only the first block, by the interpreter, up to its first loop or exit. What ends loops in the
 * program may have been changed; its records are valid. */
void fz_run_block(FzMachine *machine, const FzProgram *program);
/* What differs after the same program ran on both; NULL: nothing. The caller g_frees it. */
char *fz_compare(const FzMachine *a, const FzMachine *b);
const QhIrContext *fz_context(const FzMachine *machine);

/* text.c */
char *fz_to_text(const FzProgram *program, const QhIrContext *context);
gboolean fz_from_text(FzProgram *program, const char *text, GError **error);

/* shrink.c: operands that name records: less @down, or as @map says if there is one. */
void fz_renumber(QhIrRecord *record, uint32_t down, const uint32_t *map);
/* Take out of @program what is not needed for @fails to go on returning TRUE. */
void fz_shrink(FzProgram *program,
               const QhIrContext *context,
               gboolean (*fails)(const FzProgram *program, void *data),
               void *data);

#endif
