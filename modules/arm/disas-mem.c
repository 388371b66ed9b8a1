/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printers of loads and stores: registers and addresses. All get the whole instruction. */
#include "modules/arm/decode.h"
#include "modules/arm/disas.h"

static uint32_t bits(int64_t insn, uint32_t from, uint32_t n)
{
    return (uint32_t)((uint64_t)insn >> from) & ((1u << n) - 1);
}

static int32_t signed_bits(int64_t insn, uint32_t from, uint32_t n)
{
    return (int32_t)(bits(insn, from, n) << (32 - n)) >> (32 - n);
}

/* log2 of the bytes that a load or store of one register accesses. */
static uint32_t scale_of(int64_t insn)
{
    return bits(insn, 30, 2) | (bits(insn, 26, 1) ? bits(insn, 23, 1) << 2 : 0);
}

static void put_vector(GString *text, uint32_t scale, uint32_t n)
{
    g_string_append_printf(text, "%c%u", "bhsdq"[MIN(scale, 4)], n);
}

void arm_put_ldst_rt(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t size = bits(insn, 30, 2), opc = bits(insn, 22, 2), rt = bits(insn, 0, 5);

    (void)pc;
    if (bits(insn, 26, 1)) {
        put_vector(text, scale_of(insn), rt);
    } else {
        arm_append_register(text, size == 3 || opc == 2, FALSE, rt);
    }
}

void arm_put_literal_rt(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t opc = bits(insn, 30, 2), rt = bits(insn, 0, 5);

    (void)pc;
    if (bits(insn, 26, 1)) {
        put_vector(text, 2 + opc, rt);
    } else {
        arm_append_register(text, opc != 0, FALSE, rt);
    }
}

void arm_put_pair_rt(GString *text, uint64_t pc, int64_t insn)
{
    static const uint8_t fields[2] = {0, 10};
    uint32_t opc = bits(insn, 30, 2);

    (void)pc;
    for (uint32_t i = 0; i < 2; i++) {
        g_string_append(text, i == 0 ? "" : ", ");
        if (bits(insn, 26, 1)) {
            put_vector(text, 2 + opc, bits(insn, fields[i], 5));
        } else {
            arm_append_register(text, opc != 0, FALSE, bits(insn, fields[i], 5));
        }
    }
}

/* The operation of a prefetch: what for, into which level, to stay or to stream. */
void arm_put_prefetch(GString *text, uint64_t pc, int64_t insn)
{
    static const char kinds[3][4] = {"pld", "pli", "pst"};
    uint32_t operation = bits(insn, 0, 5);

    (void)pc;
    if (operation >> 3 == 3 || (operation >> 1 & 3) == 3) {
        g_string_append_printf(text, "#0x%02x", operation);
    } else {
        g_string_append_printf(text, "%sl%u%s", kinds[operation >> 3], (operation >> 1 & 3) + 1,
                               operation & 1 ? "strm" : "keep");
    }
}

/* [base, #offset] and its forms that write the base. */
static void put_address(GString *text, int64_t insn, int32_t offset, gboolean pre, gboolean post)
{
    g_string_append_c(text, '[');
    arm_append_register(text, TRUE, TRUE, bits(insn, 5, 5));
    if (post) {
        g_string_append_printf(text, "], #%d", offset);
    } else if (offset != 0 || pre) {
        g_string_append_printf(text, ", #%d]%s", offset, pre ? "!" : "");
    } else {
        g_string_append_c(text, ']');
    }
}

void arm_put_mem_base(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_address(text, insn, 0, FALSE, FALSE);
}

void arm_put_mem_uimm(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_address(text, insn, (int32_t)(bits(insn, 10, 12) << scale_of(insn)), FALSE, FALSE);
}

void arm_put_mem_imm9(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_address(text, insn, signed_bits(insn, 12, 9), FALSE, FALSE);
}

void arm_put_mem_pre(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_address(text, insn, signed_bits(insn, 12, 9), TRUE, FALSE);
}

void arm_put_mem_post(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_address(text, insn, signed_bits(insn, 12, 9), FALSE, TRUE);
}

void arm_put_mem_reg(GString *text, uint64_t pc, int64_t insn)
{
    static const char names[8][5] = {"uxtb", "uxth", "uxtw", "lsl", "sxtb", "sxth", "sxtw", "sxtx"};
    uint32_t option = bits(insn, 13, 3), scaled = bits(insn, 12, 1), scale = scale_of(insn);

    (void)pc;
    g_string_append_c(text, '[');
    arm_append_register(text, TRUE, TRUE, bits(insn, 5, 5));
    g_string_append(text, ", ");
    arm_append_register(text, option & 1, FALSE, bits(insn, 16, 5));
    if (option != 3 || scaled) {
        g_string_append_printf(text, ", %s", names[option]);
        if (scaled) {
            g_string_append_printf(text, " #%u", scale);
        }
    }
    g_string_append_c(text, ']');
}

static int32_t pair_offset(int64_t insn)
{
    uint32_t opc = bits(insn, 30, 2);

    return signed_bits(insn, 15, 7) * (bits(insn, 26, 1) ? 4 << opc : opc == 2 ? 8 : 4);
}

void arm_put_mem_pair(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_address(text, insn, pair_offset(insn), FALSE, FALSE);
}

void arm_put_mem_pair_pre(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_address(text, insn, pair_offset(insn), TRUE, FALSE);
}

void arm_put_mem_pair_post(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_address(text, insn, pair_offset(insn), FALSE, TRUE);
}

/* Registers of exclusives and atomic updates, 64 bits wide for size 3 only. */
static void put_sized(GString *text, int64_t insn, uint32_t from)
{
    arm_append_register(text, bits(insn, 30, 2) == 3, FALSE, bits(insn, from, 5));
}

void arm_put_atomic_rt(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sized(text, insn, 0);
}

void arm_put_atomic_rt2(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sized(text, insn, 10);
}

void arm_put_atomic_rs(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_sized(text, insn, 16);
}

/* Signed loads of FEAT_LRCPC2: opc 2 is into 64 bits. */
void arm_put_rcpc_rt(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    arm_append_register(text, bits(insn, 30, 2) == 3 || bits(insn, 22, 2) == 2, FALSE,
                        bits(insn, 0, 5));
}

/* Two registers, the even one first; bit 30 is their width. */
static void put_couple(GString *text, int64_t insn, uint32_t from)
{
    gboolean wide = bits(insn, 30, 1);

    arm_append_register(text, wide, FALSE, bits(insn, from, 5));
    g_string_append(text, ", ");
    arm_append_register(text, wide, FALSE, (bits(insn, from, 5) + 1) & 31);
}

void arm_put_casp_rs(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_couple(text, insn, 16);
}

void arm_put_casp_rt(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_couple(text, insn, 0);
}

void arm_put_mem_ldra(GString *text, uint64_t pc, int64_t insn)
{
    int32_t offset = (int32_t)(bits(insn, 12, 9) << 3) - (bits(insn, 22, 1) ? 4096 : 0);

    (void)pc;
    put_address(text, insn, offset, bits(insn, 11, 1), FALSE);
}
