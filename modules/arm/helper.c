/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/arm/helper.h"

#include "modules/support/helper-table.h"

/* Words of helper-*.def. */
#define FLAGS             (1u << QH_CLASS_FLAG)
#define VECTOR            (1u << QH_CLASS_VEC)
#define FPSTATE           (1u << QH_CLASS_FP)
#define SYSTEM            ((1u << QH_CLASS_CTRL) | (1u << QH_CLASS_PC) | FPSTATE | FLAGS)
#define HELPER(name, ...) HELPER_ENTRY(name, arm_helper_##name, __VA_ARGS__)

const QhHelper arm_helpers[ARM_N_HELPERS] = {
#include "modules/arm/helpers.def"
};
