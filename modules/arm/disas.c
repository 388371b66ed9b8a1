/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The printers that the decode tables name, in the form that binutils uses without aliases. Those
 * of whole instructions get its bits as the value.
 */
#include "modules/arm/disas.h"

#include "modules/arm/decode.h"

static uint32_t bits(int64_t insn, uint32_t from, uint32_t n)
{
    return (uint32_t)((uint64_t)insn >> from) & ((1u << n) - 1);
}

void arm_append_register(GString *text, gboolean wide, gboolean sp, uint32_t n)
{
    if (n == 31) {
        g_string_append(text, sp ? (wide ? "sp" : "wsp") : (wide ? "xzr" : "wzr"));
    } else {
        g_string_append_printf(text, "%c%u", wide ? 'x' : 'w', n);
    }
}

/* Register fields whose width is bit 31, sf. */
void arm_put_rd(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    arm_append_register(text, bits(insn, 31, 1), FALSE, bits(insn, 0, 5));
}

void arm_put_rd_sp(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    arm_append_register(text, bits(insn, 31, 1), TRUE, bits(insn, 0, 5));
}

void arm_put_rn_sp(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    arm_append_register(text, bits(insn, 31, 1), TRUE, bits(insn, 5, 5));
}

/* A number as most immediates are written. */
void arm_put_imm(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_printf(text, "#0x%" G_GINT64_MODIFIER "x", (uint64_t)value);
}

void arm_put_lsl12(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append(text, value ? ", lsl #12" : "");
}

char *arm_disassemble(void *ctx,
                      uint64_t pc,
                      uint64_t state_key,
                      const uint8_t *code,
                      uint32_t bytes,
                      uint32_t *ret_bytes)
{
    g_autoptr(GString) text = g_string_new(NULL);
    uint32_t insn = 0;

    (void)ctx;
    (void)state_key;
    for (uint32_t i = 0; i < MIN(bytes, 4); i++) {
        insn |= (uint32_t)code[i] << 8 * i;
    }
    *ret_bytes = MIN(bytes, 4);
    if (bytes < 4 || !arm_print_a64(text, pc, insn, ~0ull)) {
        g_string_printf(text, ".word\t0x%08x", insn);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
