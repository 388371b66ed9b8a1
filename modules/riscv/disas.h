/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of instructions; the names and operand formats stand in the decode tables. */
#ifndef RV_DISAS_H
#define RV_DISAS_H

#include <glib.h>
#include <stdint.h>

/* QhTranslatorOps.disassemble. All extensions are known; the width comes from @state_key. */
char *rv_disassemble(void *ctx,
                     uint64_t pc,
                     uint64_t state_key,
                     const uint8_t *code,
                     uint32_t bytes,
                     uint32_t *ret_bytes);

#endif
