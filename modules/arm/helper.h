/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prototypes and numbers of the helpers. The rows stand in helper-*.def, by the source file that
 * has the functions; each is ARM_HELPER_n(name, ret, arg types ..., attrs, reads, writes), n
 * arguments. Row NAME is `RET arm_helper_NAME(QhCpu *cpu, ...)` and ARM_HELPER_ID(NAME). Types are
 * I32, I64, F32, F64, V128, VOID. attrs are QH_HELPER_ words or RAISES (MAY_RAISE | SYNC); reads
 * and writes list state classes: NOTHING, GPR, FLAGS, VECTOR (V registers), FPSTATE (flags), SYSTEM
 * (all the rest but GPR and VECTOR), and their unions.
 */
#ifndef ARM_HELPER_H
#define ARM_HELPER_H

#include "abi/translator.h"

#define I32                                                 uint32_t
#define I64                                                 uint64_t
#define F32                                                 float
#define F64                                                 double
#define V128                                                unsigned __int128
#define VOID                                                void
#define ARM_HELPER_0(name, ret, attrs, reads, writes)       ret arm_helper_##name(QhCpu *cpu);
#define ARM_HELPER_1(name, ret, a, attrs, reads, writes)    ret arm_helper_##name(QhCpu *cpu, a);
#define ARM_HELPER_2(name, ret, a, b, attrs, reads, writes) ret arm_helper_##name(QhCpu *cpu, a, b);
#define ARM_HELPER_3(name, ret, a, b, c, attrs, reads, writes)                                     \
    ret arm_helper_##name(QhCpu *cpu, a, b, c);
#define ARM_HELPER_4(name, ret, a, b, c, d, attrs, reads, writes)                                  \
    ret arm_helper_##name(QhCpu *cpu, a, b, c, d);
#define ARM_HELPER_5(name, ret, a, b, c, d, e, attrs, reads, writes)                               \
    ret arm_helper_##name(QhCpu *cpu, a, b, c, d, e);
#include "modules/arm/helpers.def"
#undef ARM_HELPER_0
#undef ARM_HELPER_1
#undef ARM_HELPER_2
#undef ARM_HELPER_3
#undef ARM_HELPER_4
#undef ARM_HELPER_5
#undef I32
#undef I64
#undef F32
#undef F64
#undef V128
#undef VOID

#define ARM_HELPER_ID(name)     ARM_HELPER_ID_##name
#define ARM_HELPER_0(name, ...) ARM_HELPER_ID_##name,
#define ARM_HELPER_1(name, ...) ARM_HELPER_ID_##name,
#define ARM_HELPER_2(name, ...) ARM_HELPER_ID_##name,
#define ARM_HELPER_3(name, ...) ARM_HELPER_ID_##name,
#define ARM_HELPER_4(name, ...) ARM_HELPER_ID_##name,
#define ARM_HELPER_5(name, ...) ARM_HELPER_ID_##name,
enum {
#include "modules/arm/helpers.def"
    ARM_N_HELPERS
};
#undef ARM_HELPER_0
#undef ARM_HELPER_1
#undef ARM_HELPER_2
#undef ARM_HELPER_3
#undef ARM_HELPER_4
#undef ARM_HELPER_5

extern const QhHelper arm_helpers[ARM_N_HELPERS]; /* helper.c */

#endif
