/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printers of floating-point operands, in the form of binutils; see disas.c. */
#include "modules/arm/decode.h"
#include "modules/arm/fp.h"
#include "modules/arm/trans-fp.h"

#include <math.h>

static uint32_t bits(int64_t insn, uint32_t from, uint32_t n)
{
    return (uint32_t)((uint64_t)insn >> from) & ((1u << n) - 1);
}

static uint32_t rd(int64_t insn)
{
    return bits(insn, 0, 5);
}

static uint32_t rn(int64_t insn)
{
    return bits(insn, 5, 5);
}

static uint32_t rm(int64_t insn)
{
    return bits(insn, 16, 5);
}

static gboolean is_q(int64_t insn)
{
    return bits(insn, 30, 1) != 0;
}

/* sz of instructions on singles and doubles. */
static gboolean is_double(int64_t insn)
{
    return bits(insn, 22, 1) != 0;
}

/* The field `type`. */
void arm_put_fp_t(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_c(text, "sd?h"[value & 3]);
}

void arm_put_fp_sf(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_c(text, value ? 'x' : 'w');
}

/* A register's number behind its x or w. */
void arm_put_fp_zr(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    if (value == 31) {
        g_string_append(text, "zr");
    } else {
        g_string_append_printf(text, "%d", (int)value);
    }
}

void arm_put_fp_bits(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_printf(text, "%d", 64 - (int)value);
}

/* VFPExpandImm (Arm J1.3): +-(16 .. 31) / 16 * 2^(-3 .. 4). */
void arm_put_fp_imm(GString *text, uint64_t pc, int64_t value)
{
    int exponent = (int)((value >> 4 & 7) ^ 4) - 3;
    double number = ldexp(16 + (double)(value & 15), exponent - 4);
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    (void)pc;
    g_string_append(
        text, g_ascii_formatd(buffer, sizeof(buffer), "%.18e", value & 128 ? -number : number));
}

void arm_put_fp_jcvt(GString *text, uint64_t pc, int64_t insn)
{
    g_string_append_c(text, 'w');
    arm_put_fp_zr(text, pc, rd(insn));
    g_string_append_printf(text, ", d%u", rn(insn));
}

static const char *arrangement(int64_t insn)
{
    return is_double(insn) ? (is_q(insn) ? "2d" : "1d") : is_q(insn) ? "4s" : "2s";
}

static const char *halves(int64_t insn)
{
    return is_q(insn) ? "8h" : "4h";
}

static void put_vector(GString *text, uint32_t reg, const char *arranged)
{
    g_string_append_printf(text, "v%u.%s", reg, arranged);
}

void arm_put_fp_vd(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_vector(text, rd(insn), arrangement(insn));
}

void arm_put_fp_vn(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_vector(text, rn(insn), arrangement(insn));
}

void arm_put_fp_vm(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_vector(text, rm(insn), arrangement(insn));
}

void arm_put_fp_vd_h(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_vector(text, rd(insn), halves(insn));
}

void arm_put_fp_vn_h(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_vector(text, rn(insn), halves(insn));
}

void arm_put_fp_vm_h(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_vector(text, rm(insn), halves(insn));
}

static void put_scalar(GString *text, int64_t insn, uint32_t reg)
{
    g_string_append_printf(text, "%c%u", is_double(insn) ? 'd' : 's', reg);
}

void arm_put_fp_sd(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_scalar(text, insn, rd(insn));
}

void arm_put_fp_sn(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_scalar(text, insn, rn(insn));
}

void arm_put_fp_sm(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_scalar(text, insn, rm(insn));
}

void arm_put_fp_pair(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_vector(text, rn(insn), is_double(insn) ? "2d" : "2s");
}

/* Behind the name: 2 when the upper half takes part; B or T. */
void arm_put_fp_two(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append(text, is_q(insn) ? "2" : "");
}

void arm_put_fp_bt(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_c(text, is_q(insn) ? 't' : 'b');
}

void arm_put_fp_long(GString *text, uint64_t pc, int64_t insn)
{
    const char *from = is_double(insn) ? (is_q(insn) ? "4s" : "2s") : halves(insn);

    (void)pc;
    g_string_append_printf(text, "v%u.%s, v%u.%s", rd(insn), is_double(insn) ? "2d" : "4s",
                           rn(insn), from);
}

void arm_put_fp_narrow(GString *text, uint64_t pc, int64_t insn)
{
    const char *to = is_double(insn) ? (is_q(insn) ? "4s" : "2s") : halves(insn);

    (void)pc;
    g_string_append_printf(text, "v%u.%s, v%u.%s", rd(insn), to, rn(insn),
                           is_double(insn) ? "2d" : "4s");
}

void arm_put_fp_bfnarrow(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "v%u.%s, v%u.4s", rd(insn), halves(insn), rn(insn));
}

/* Index bits H, L and, of halves, M. */
void arm_put_fp_elt(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t h = bits(insn, 11, 1), l = bits(insn, 21, 1);

    (void)pc;
    g_string_append_printf(text, "v%u.%c[%u]", rm(insn), is_double(insn) ? 'd' : 's',
                           is_double(insn) ? h : h << 1 | l);
}

void arm_put_fp_elt_h(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t index = bits(insn, 11, 1) << 2 | bits(insn, 21, 1) << 1 | bits(insn, 20, 1);

    (void)pc;
    g_string_append_printf(text, "v%u.h[%u]", bits(insn, 16, 4), index);
}

/* Fixed point: immh says the width. */
static uint32_t fixed_width(int64_t insn)
{
    return bits(insn, 22, 1) ? 64 : bits(insn, 21, 1) ? 32 : 16;
}

static const char *fixed_arrangement(int64_t insn)
{
    switch (fixed_width(insn)) {
    case 64:
        return is_q(insn) ? "2d" : "1d";
    case 32:
        return is_q(insn) ? "4s" : "2s";
    default:
        return halves(insn);
    }
}

void arm_put_fp_vd_fix(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_vector(text, rd(insn), fixed_arrangement(insn));
}

void arm_put_fp_vn_fix(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_vector(text, rn(insn), fixed_arrangement(insn));
}

void arm_put_fp_fix(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "#%u", 2 * fixed_width(insn) - bits(insn, 16, 7));
}

void arm_put_fp_vimm(GString *text, uint64_t pc, int64_t insn)
{
    g_string_append_c(text, '#');
    arm_put_fp_imm(text, pc, bits(insn, 16, 3) << 5 | bits(insn, 5, 5));
}

static const char *complex_arrangement(int64_t insn)
{
    static const char *const names[] = {"?", "?", "4h", "8h", "2s", "4s", "?", "2d"};

    return names[bits(insn, 22, 2) << 1 | bits(insn, 30, 1)];
}

void arm_put_fp_complex(GString *text, uint64_t pc, int64_t insn)
{
    const char *as = complex_arrangement(insn);
    uint32_t rot = bits(insn, 13, 1) ? (bits(insn, 12, 1) ? 270 : 90) : bits(insn, 11, 2) * 90;

    (void)pc;
    g_string_append_printf(text, "v%u.%s, v%u.%s, v%u.%s, #%u", rd(insn), as, rn(insn), as,
                           rm(insn), as, rot);
}

void arm_put_fp_complex_elt(GString *text, uint64_t pc, int64_t insn)
{
    const char *as = complex_arrangement(insn);
    uint32_t h = bits(insn, 11, 1), l = bits(insn, 21, 1);
    gboolean half = bits(insn, 22, 2) == 1;

    (void)pc;
    g_string_append_printf(text, "v%u.%s, v%u.%s, v%u.%c[%u], #%u", rd(insn), as, rn(insn), as,
                           rm(insn), half ? 'h' : 's', half ? h << 1 | l : h,
                           bits(insn, 13, 2) * 90);
}

/* FMLAL: singles from half as many halves. */
void arm_put_fp_wide(GString *text, uint64_t pc, int64_t insn)
{
    const char *from = is_q(insn) ? "4h" : "2h";

    (void)pc;
    g_string_append_printf(text, "v%u.%s, v%u.%s, v%u.%s", rd(insn), is_q(insn) ? "4s" : "2s",
                           rn(insn), from, rm(insn), from);
}

void arm_put_fp_wide_elt(GString *text, uint64_t pc, int64_t insn)
{
    g_string_append_printf(text, "v%u.%s, v%u.%s, ", rd(insn), is_q(insn) ? "4s" : "2s", rn(insn),
                           is_q(insn) ? "4h" : "2h");
    arm_put_fp_elt_h(text, pc, insn);
}

/* BFDOT: pairs of bfloat16. */
void arm_put_fp_dot(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "v%u.%s, v%u.%s, v%u.%s", rd(insn), is_q(insn) ? "4s" : "2s",
                           rn(insn), halves(insn), rm(insn), halves(insn));
}

void arm_put_fp_dot_elt(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "v%u.%s, v%u.%s, v%u.2h[%u]", rd(insn), is_q(insn) ? "4s" : "2s",
                           rn(insn), halves(insn), rm(insn),
                           bits(insn, 11, 1) << 1 | bits(insn, 21, 1));
}
