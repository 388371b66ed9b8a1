/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/riscv/helper.h"

#include "modules/support/helper-table.h"

/* Words of helper.def. FP state is in SYSTEM because fcsr is a CSR. */
#define SYSTEM            ((1u << QH_CLASS_CTRL) | (1u << QH_CLASS_PC))
#define FP                (1u << QH_CLASS_FP)
#define VECTOR            ((1u << QH_CLASS_VEC) | (1u << QH_CLASS_CTRL))
#define HELPER(name, ...) HELPER_ENTRY(name, rv_helper_##name, __VA_ARGS__)

const QhHelper rv_helpers[RV_N_HELPERS] = {
#include "modules/riscv/helper.def"
};
