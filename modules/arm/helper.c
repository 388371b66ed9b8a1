/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/arm/helper.h"

/* Words of helper-*.def. */
#define RAISES  QH_HELPER_MAY_RAISE
#define NOTHING 0u
#define GPR     (1u << QH_CLASS_GPR)
#define FLAGS   (1u << QH_CLASS_FLAG)
#define VECTOR  (1u << QH_CLASS_VEC)
#define FPSTATE (1u << QH_CLASS_FP)
#define SYSTEM  ((1u << QH_CLASS_CTRL) | (1u << QH_CLASS_PC) | FPSTATE | FLAGS)

#define VOID QH_TYPE_NONE
#define I32  QH_TYPE_I32
#define I64  QH_TYPE_I64
#define F32  QH_TYPE_F32
#define F64  QH_TYPE_F64
#define V128 QH_TYPE_V128
#define ROW(name_, ret_, n_, args_, attrs_, reads_, writes_)                                       \
    {.name = #name_,                                                                               \
     .fn = (void (*)(void))arm_helper_##name_,                                                     \
     .ret = ret_,                                                                                  \
     .n_args = n_,                                                                                 \
     .args = args_,                                                                                \
     .attrs = attrs_,                                                                              \
     .reads = reads_,                                                                              \
     .writes = writes_},
#define LIST(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define ARM_HELPER_0(name, ret, attrs, reads, writes) ROW(name, ret, 0, {0}, attrs, reads, writes)
#define ARM_HELPER_1(name, ret, a, attrs, reads, writes)                                           \
    ROW(name, ret, 1, LIST(a), attrs, reads, writes)
#define ARM_HELPER_2(name, ret, a, b, attrs, reads, writes)                                        \
    ROW(name, ret, 2, LIST(a, b), attrs, reads, writes)
#define ARM_HELPER_3(name, ret, a, b, c, attrs, reads, writes)                                     \
    ROW(name, ret, 3, LIST(a, b, c), attrs, reads, writes)
#define ARM_HELPER_4(name, ret, a, b, c, d, attrs, reads, writes)                                  \
    ROW(name, ret, 4, LIST(a, b, c, d), attrs, reads, writes)
#define ARM_HELPER_5(name, ret, a, b, c, d, e, attrs, reads, writes)                               \
    ROW(name, ret, 5, LIST(a, b, c, d, e), attrs, reads, writes)

const QhHelper arm_helpers[ARM_N_HELPERS] = {
#include "modules/arm/helpers.def"
};
