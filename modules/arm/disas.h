/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of instructions; the names and operand formats stand in the decode tables. */
#ifndef ARM_DISAS_H
#define ARM_DISAS_H

#include <glib.h>
#include <stdint.h>

/* QhTranslatorOps.disassemble, for A64. All features are known. */
char *arm_disassemble(void *ctx,
                      uint64_t pc,
                      uint64_t state_key,
                      const uint8_t *code,
                      uint32_t bytes,
                      uint32_t *ret_bytes);

/* Name of register @n of 32 or, with @wide, 64 bits; 31 is the zero register, or SP with @sp. */
void arm_append_register(GString *text, gboolean wide, gboolean sp, uint32_t n);

#endif
