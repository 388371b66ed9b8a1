/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The printers that the decode tables name, in the form that binutils uses without aliases. Those
 * of whole instructions get its bits as the value. Loads and stores: disas-mem.c.
 */
#include "modules/arm/disas.h"

#include "modules/arm/decode.h"
#include "modules/arm/immediate.h"

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

/* A register of @insn at bit @from, whose width is sf, bit 31. */
static void put_sf(GString *text, int64_t insn, uint32_t from, gboolean sp)
{
    arm_append_register(text, bits(insn, 31, 1), sp, bits(insn, from, 5));
}

void arm_put_rd(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sf(text, insn, 0, FALSE);
}

void arm_put_rd_sp(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sf(text, insn, 0, TRUE);
}

void arm_put_rn(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sf(text, insn, 5, FALSE);
}

void arm_put_rn_sp(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sf(text, insn, 5, TRUE);
}

void arm_put_rm(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sf(text, insn, 16, FALSE);
}

void arm_put_rm_sp(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sf(text, insn, 16, TRUE);
}

/* Of a branch with pointer authentication: the lowest field, or SP. */
void arm_put_modifier(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    arm_append_register(text, TRUE, TRUE, bits(insn, 0, 5));
}

void arm_put_ra(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sf(text, insn, 10, FALSE);
}

void arm_put_x(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    arm_append_register(text, TRUE, FALSE, (uint32_t)value);
}

void arm_put_w(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    arm_append_register(text, FALSE, FALSE, (uint32_t)value);
}

/* Rt of TBZ: 64 bits wide when the bit's number says so. */
void arm_put_test_rt(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sf(text, insn, 0, FALSE);
}

void arm_put_dec(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_printf(text, "%" G_GINT64_FORMAT, value);
}

/* A number as most immediates are written. */
void arm_put_imm(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_printf(text, "#0x%" G_GINT64_MODIFIER "x", (uint64_t)value);
}

/* An amount or bit number. */
void arm_put_shift(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_printf(text, "#%" G_GINT64_FORMAT, value);
}

void arm_put_lsl12(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append(text, value ? ", lsl #12" : "");
}

void arm_put_lsl16(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    if (value != 0) {
        g_string_append_printf(text, ", lsl #%d", (int)value * 16);
    }
}

void arm_put_cond(GString *text, uint64_t pc, int64_t value)
{
    static const char names[16][3] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
                                      "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};

    (void)pc;
    g_string_append(text, names[value & 15]);
}

void arm_put_pc(GString *text, uint64_t pc, int64_t value)
{
    g_string_append_printf(text, "0x%" G_GINT64_MODIFIER "x", pc + (uint64_t)value);
}

void arm_put_page(GString *text, uint64_t pc, int64_t value)
{
    g_string_append_printf(text, "0x%" G_GINT64_MODIFIER "x",
                           (pc & ~UINT64_C(0xfff)) + ((uint64_t)value << 12));
}

void arm_put_bitmask(GString *text, uint64_t pc, int64_t insn)
{
    uint64_t mask = 0;

    (void)pc;
    if (arm_bitmask(bits(insn, 31, 1), bits(insn, 22, 1), bits(insn, 16, 6), bits(insn, 10, 6),
                    &mask)) {
        g_string_append_printf(text, "#0x%" G_GINT64_MODIFIER "x", mask);
    } else {
        g_string_append(text, "undefined");
    }
}

void arm_put_shifted(GString *text, uint64_t pc, int64_t insn)
{
    static const char names[4][4] = {"lsl", "lsr", "asr", "ror"};
    uint32_t shift = bits(insn, 22, 2), amount = bits(insn, 10, 6);

    (void)pc;
    if (shift != 0 || amount != 0) {
        g_string_append_printf(text, ", %s #%u", names[shift], amount);
    }
}

static const char extensions[8][5] = {"uxtb", "uxth", "uxtw", "uxtx",
                                      "sxtb", "sxth", "sxtw", "sxtx"};

/* With SP among the operands the extension that changes nothing is called LSL. */
void arm_put_extended(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t sf = bits(insn, 31, 1), option = bits(insn, 13, 3), amount = bits(insn, 10, 3);
    gboolean flags = bits(insn, 29, 1);
    gboolean sp = bits(insn, 5, 5) == 31 || (!flags && bits(insn, 0, 5) == 31);

    (void)pc;
    arm_append_register(text, sf && (option & 3) == 3, FALSE, bits(insn, 16, 5));
    if (sp && option == (sf ? 3u : 2u)) {
        if (amount != 0) {
            g_string_append_printf(text, ", lsl #%u", amount);
        }
        return;
    }
    g_string_append_printf(text, ", %s", extensions[option]);
    if (amount != 0) {
        g_string_append_printf(text, " #%u", amount);
    }
}

void arm_put_barrier(GString *text, uint64_t pc, int64_t value)
{
    static const char names[16][6] = {"", "oshld", "oshst", "osh", "", "nshld", "nshst", "nsh",
                                      "", "ishld", "ishst", "ish", "", "ld",    "st",    "sy"};

    (void)pc;
    if (names[value & 15][0] == 0) {
        g_string_append_printf(text, "#0x%02x", (uint32_t)value);
    } else {
        g_string_append(text, names[value & 15]);
    }
}

/* A system register by the numbers of its encoding, which name it in every assembler. */
void arm_put_sysreg(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "s%u_%u_c%u_c%u_%u", 2 + bits(insn, 19, 1), bits(insn, 16, 3),
                           bits(insn, 12, 4), bits(insn, 8, 4), bits(insn, 5, 3));
}

void arm_put_sys(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "#%u, C%u, C%u, #%u", bits(insn, 16, 3), bits(insn, 12, 4),
                           bits(insn, 8, 4), bits(insn, 5, 3));
    if (bits(insn, 0, 5) != 31) {
        g_string_append_printf(text, ", x%u", bits(insn, 0, 5));
    }
}

void arm_put_sysl(GString *text, uint64_t pc, int64_t insn)
{
    arm_append_register(text, TRUE, FALSE, bits(insn, 0, 5));
    g_string_append(text, ", ");
    arm_put_sys(text, pc, insn | 31);
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
