/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block in the making. */
#ifndef QH_TESTS_FUZZ_IR_GENERATE_H
#define QH_TESTS_FUZZ_IR_GENERATE_H

#include "program.h"

#define FZ_RECENT 8u

struct FzGen {
    const FzProgram *program;
    FzRandom *random;
    FzBlock *block;
    gboolean keep;                                /* records made now are for the end of loops */
    uint32_t insn_label;                          /* a label at the start of an instruction, or 0 */
    uint32_t values[QH_TYPE_V128 + 2][FZ_RECENT]; /* within reach, by type */
    uint32_t n_values[QH_TYPE_V128 + 2];
};

uint32_t
fz_add(FzGen *gen, uint32_t op, uint32_t type, uint32_t flags, uint32_t a, uint32_t b, uint32_t c);
uint32_t fz_const(FzGen *gen, uint32_t type, uint64_t bits);
/* A value of @type: one that is there, or a new one. */
uint32_t fz_value(FzGen *gen, uint32_t type);
/* Bits that make cases differ: boundaries, NaNs, subnormals, or anything. */
uint64_t fz_interesting(FzRandom *random, uint32_t type);

#endif
