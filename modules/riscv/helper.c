/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/riscv/helper.h"

/* Words of helper.def. FP state is in SYSTEM because fcsr is a CSR. */
#define RAISES  QH_HELPER_MAY_RAISE
#define SYSTEM  ((1u << QH_CLASS_CTRL) | (1u << QH_CLASS_PC))
#define FP      (1u << QH_CLASS_FP)
#define GPR     (1u << QH_CLASS_GPR)
#define VECTOR  ((1u << QH_CLASS_VEC) | (1u << QH_CLASS_CTRL))
#define NOTHING 0u

#define VOID QH_TYPE_NONE
#define I32  QH_TYPE_I32
#define I64  QH_TYPE_I64
#define F32  QH_TYPE_F32
#define F64  QH_TYPE_F64
#define ROW(name_, ret_, n_, args_, attrs_, reads_, writes_)                                       \
    {.name = #name_,                                                                               \
     .fn = (void (*)(void))rv_helper_##name_,                                                      \
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
#define RV_HELPER_0(name, ret, attrs, reads, writes) ROW(name, ret, 0, {0}, attrs, reads, writes)
#define RV_HELPER_1(name, ret, a, attrs, reads, writes)                                            \
    ROW(name, ret, 1, LIST(a), attrs, reads, writes)
#define RV_HELPER_2(name, ret, a, b, attrs, reads, writes)                                         \
    ROW(name, ret, 2, LIST(a, b), attrs, reads, writes)
#define RV_HELPER_3(name, ret, a, b, c, attrs, reads, writes)                                      \
    ROW(name, ret, 3, LIST(a, b, c), attrs, reads, writes)
#define RV_HELPER_4(name, ret, a, b, c, d, attrs, reads, writes)                                   \
    ROW(name, ret, 4, LIST(a, b, c, d), attrs, reads, writes)

const QhHelper rv_helpers[RV_N_HELPERS] = {
#include "modules/riscv/helper.def"
};
