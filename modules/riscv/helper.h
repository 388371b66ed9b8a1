/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prototypes and numbers of the helpers in helper.def. */
#ifndef RV_HELPER_H
#define RV_HELPER_H

#include "modules/support/helper-rows.h"

#define HELPER(name, ret, args, ...) ret rv_helper_##name HELPER_TAKES args;
#include "modules/riscv/helper.def"
#undef HELPER

#define RV_HELPER_ID(name) RV_HELPER_ID_##name
#define HELPER(name, ...)  RV_HELPER_ID_##name,
enum {
#include "modules/riscv/helper.def"
    RV_N_HELPERS
};
#undef HELPER

extern const QhHelper rv_helpers[RV_N_HELPERS]; /* helper.c */

#endif
