/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prototypes and numbers of the helpers in helper.def. */
#ifndef RV_HELPER_H
#define RV_HELPER_H

#include "abi/translator.h"

#define I32                                                uint32_t
#define I64                                                uint64_t
#define F32                                                float
#define F64                                                double
#define VOID                                               void
#define RV_HELPER_0(name, ret, attrs, reads, writes)       ret rv_helper_##name(QhCpu *cpu);
#define RV_HELPER_1(name, ret, a, attrs, reads, writes)    ret rv_helper_##name(QhCpu *cpu, a);
#define RV_HELPER_2(name, ret, a, b, attrs, reads, writes) ret rv_helper_##name(QhCpu *cpu, a, b);
#define RV_HELPER_3(name, ret, a, b, c, attrs, reads, writes)                                      \
    ret rv_helper_##name(QhCpu *cpu, a, b, c);
#define RV_HELPER_4(name, ret, a, b, c, d, attrs, reads, writes)                                   \
    ret rv_helper_##name(QhCpu *cpu, a, b, c, d);
#include "modules/riscv/helper.def"
#undef RV_HELPER_0
#undef RV_HELPER_1
#undef RV_HELPER_2
#undef RV_HELPER_3
#undef RV_HELPER_4
#undef I32
#undef I64
#undef F32
#undef F64
#undef VOID

#define RV_HELPER_ID(name)     RV_HELPER_ID_##name
#define RV_HELPER_0(name, ...) RV_HELPER_ID_##name,
#define RV_HELPER_1(name, ...) RV_HELPER_ID_##name,
#define RV_HELPER_2(name, ...) RV_HELPER_ID_##name,
#define RV_HELPER_3(name, ...) RV_HELPER_ID_##name,
#define RV_HELPER_4(name, ...) RV_HELPER_ID_##name,
enum {
#include "modules/riscv/helper.def"
    RV_N_HELPERS
};
#undef RV_HELPER_0
#undef RV_HELPER_1
#undef RV_HELPER_2
#undef RV_HELPER_3
#undef RV_HELPER_4

extern const QhHelper rv_helpers[RV_N_HELPERS]; /* helper.c */

#endif
