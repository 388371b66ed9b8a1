/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printers of the Advanced SIMD tables: each gets a whole instruction. Arrangements and element
 * sizes: Arm C1.2.6. */
#include "modules/arm/disas.h"

#include "modules/arm/decode.h"

static uint32_t bits(int64_t insn, uint32_t from, uint32_t n)
{
    return (uint32_t)((uint64_t)insn >> from) & ((1u << n) - 1);
}

/* vN.8b and its like: elements of 1 << size bytes; @q: 128 bits. */
static void put_v(GString *text, uint32_t n, uint32_t size, uint32_t q)
{
    if (size > 3) {
        g_string_append_printf(text, "v%u.1q", n);
    } else {
        g_string_append_printf(text, "v%u.%u%c", n, (q ? 16u : 8u) >> size, "bhsd"[size]);
    }
}

static void put_scalar(GString *text, uint32_t n, uint32_t size)
{
    g_string_append_printf(text, "%c%u", "bhsdq"[MIN(size, 4)], n);
}

static void put_element(GString *text, uint32_t n, uint32_t size, uint32_t index)
{
    g_string_append_printf(text, "v%u.%c[%u]", n, "bhsd"[size & 3], index);
}

/* A register at bit @from with the arrangement of size and Q, or with one derived from it. */
#define VECTOR(name, from, size_, q_)                                                              \
    void arm_put_v_##name(GString *text, uint64_t pc, int64_t insn)                                \
    {                                                                                              \
        (void)pc;                                                                                  \
        put_v(text, bits(insn, from, 5), size_, q_);                                               \
    }
#define SCALAR(name, from, size_)                                                                  \
    void arm_put_v_##name(GString *text, uint64_t pc, int64_t insn)                                \
    {                                                                                              \
        (void)pc;                                                                                  \
        put_scalar(text, bits(insn, from, 5), size_);                                              \
    }
#define SIZE bits(insn, 22, 2)
#define Q    bits(insn, 30, 1)
/* of shifts: by the leading one of immh */
#define IMMH  bits(insn, 19, 4)
#define HSIZE (IMMH >= 8 ? 3u : IMMH >= 4 ? 2u : IMMH >= 2 ? 1u : 0u)
VECTOR(vd, 0, SIZE, Q)
VECTOR(vn, 5, SIZE, Q)
VECTOR(vm, 16, SIZE, Q)
VECTOR(bd, 0, 0, Q)
VECTOR(bn, 5, 0, Q)
VECTOR(bm, 16, 0, Q)
VECTOR(wd, 0, SIZE + 1, 1)
VECTOR(wn, 5, SIZE + 1, 1)
VECTOR(wm, 16, SIZE + 1, 1)
VECTOR(pd, 0, SIZE + 1, Q)
VECTOR(dotd, 0, 2, Q)
SCALAR(sd, 0, SIZE)
SCALAR(sn, 5, SIZE)
SCALAR(sm, 16, SIZE)
SCALAR(swd, 0, SIZE + 1)
SCALAR(swn, 5, SIZE + 1)
VECTOR(hd, 0, HSIZE, Q)
VECTOR(hn, 5, HSIZE, Q)
VECTOR(hwd, 0, HSIZE + 1, 1)
VECTOR(hwn, 5, HSIZE + 1, 1)
SCALAR(hsd, 0, HSIZE)
SCALAR(hsn, 5, HSIZE)
SCALAR(hswn, 5, HSIZE + 1)
#undef VECTOR
#undef SCALAR

/* The 2 of saddl2 and its like. */
void arm_put_v_two(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append(text, Q ? "2" : "");
}

void arm_put_v_esize(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "%u", 8u << SIZE);
}

void arm_put_v_hleft(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "%u", bits(insn, 16, 7) - (8u << HSIZE));
}

void arm_put_v_hright(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "%u", (16u << HSIZE) - bits(insn, 16, 7));
}

/* Element operands: H:L:M with 4 bits of Rm for halfwords, H:L with 5 for words. */
void arm_put_v_em(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t hl = bits(insn, 11, 1) << 1 | bits(insn, 21, 1);

    (void)pc;
    if (SIZE == 1) {
        put_element(text, bits(insn, 16, 4), 1, hl << 1 | bits(insn, 20, 1));
    } else {
        put_element(text, bits(insn, 16, 5), 2, hl);
    }
}

void arm_put_v_e4m(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    g_string_append_printf(text, "v%u.4b[%u]", bits(insn, 16, 5),
                           bits(insn, 11, 1) << 1 | bits(insn, 21, 1));
}

/* MOVI, MVNI, ORR and BIC (Arm C6.2, AdvSIMDExpandImm): bytes, halfwords, words or doublewords. */
void arm_put_v_immd(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t cmode = bits(insn, 12, 4), rd = bits(insn, 0, 5), op = bits(insn, 29, 1);
    uint32_t size = cmode == 14 ? (op ? 3 : 0) : (cmode & 12) == 8 ? 1 : 2;

    (void)pc;
    if (size == 3 && !Q) {
        put_scalar(text, rd, 3);
    } else {
        put_v(text, rd, size, Q);
    }
}

void arm_put_v_simm(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t cmode = bits(insn, 12, 4), imm = bits(insn, 16, 3) << 5 | bits(insn, 5, 5);
    uint64_t spread = 0;

    (void)pc;
    if (cmode == 14 && bits(insn, 29, 1)) {
        for (uint32_t i = 0; i < 8; i++) {
            spread |= (imm >> i & 1u) ? 0xffull << 8 * i : 0;
        }
        g_string_append_printf(text, "#0x%" G_GINT64_MODIFIER "x", spread);
        return;
    }
    g_string_append_printf(text, "#0x%x", imm);
    if (cmode >= 12 && cmode < 14) {
        g_string_append_printf(text, ", msl #%u", cmode & 1 ? 16u : 8u);
    } else if (cmode < 12 && (cmode >> 1 & (cmode & 8 ? 1u : 3u)) != 0) {
        g_string_append_printf(text, ", lsl #%u", 8 * (cmode >> 1 & (cmode & 8 ? 1u : 3u)));
    }
}

/* imm5 of copies: the lowest one gives the size, what is above it the index. */
static uint32_t copy_size(int64_t insn)
{
    uint32_t imm5 = bits(insn, 16, 5);

    return imm5 & 1 ? 0 : imm5 & 2 ? 1 : imm5 & 4 ? 2 : 3;
}

static uint32_t copy_index(int64_t insn)
{
    return bits(insn, 16, 5) >> (copy_size(insn) + 1);
}

void arm_put_v_cd(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_v(text, bits(insn, 0, 5), copy_size(insn), Q);
}

void arm_put_v_cn(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_element(text, bits(insn, 5, 5), copy_size(insn), copy_index(insn));
}

void arm_put_v_csd(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_scalar(text, bits(insn, 0, 5), copy_size(insn));
}

void arm_put_v_ced(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_element(text, bits(insn, 0, 5), copy_size(insn), copy_index(insn));
}

void arm_put_v_cen(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_element(text, bits(insn, 5, 5), copy_size(insn), bits(insn, 11, 4) >> copy_size(insn));
}

void arm_put_v_cg(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    arm_append_register(text, copy_size(insn) == 3, FALSE, bits(insn, 5, 5));
}

void arm_put_v_gd(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    arm_append_register(text, Q, FALSE, bits(insn, 0, 5));
}

/* Lists of registers, which go on from v31 with v0. */
static void put_list(GString *text, uint32_t first, uint32_t n, const char *arrangement)
{
    g_string_append_c(text, '{');
    if (n > 2 && first + n <= 32) {
        g_string_append_printf(text, "v%u.%s-v%u.%s", first, arrangement, (first + n - 1) & 31,
                               arrangement);
    } else {
        for (uint32_t i = 0; i < n; i++) {
            g_string_append_printf(text, "%sv%u.%s", i > 0 ? ", " : "", (first + i) & 31,
                                   arrangement);
        }
    }
    g_string_append_c(text, '}');
}

void arm_put_v_list(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_list(text, bits(insn, 5, 5), bits(insn, 13, 2) + 1, "16b");
}

static uint32_t registers_of(int64_t insn)
{
    switch (bits(insn, 12, 4)) {
    case 0:
    case 2:
        return 4;
    case 4:
    case 6:
        return 3;
    case 7:
        return 1;
    default:
        return 2;
    }
}

static uint32_t elements_of(int64_t insn)
{
    return 1 + bits(insn, 21, 1) + 2 * bits(insn, 13, 1);
}

static uint32_t single_size(int64_t insn)
{
    uint32_t size = bits(insn, 14, 2);

    return size == 2 && bits(insn, 10, 1) ? 3 : size;
}

void arm_put_v_lists(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t size = bits(insn, 10, 2);
    char arrangement[8];

    (void)pc;
    g_snprintf(arrangement, sizeof(arrangement), "%u%c", (Q ? 16u : 8u) >> size, "bhsd"[size]);
    put_list(text, bits(insn, 0, 5), registers_of(insn), arrangement);
}

void arm_put_v_listr(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t size = bits(insn, 10, 2);
    char arrangement[8];

    (void)pc;
    g_snprintf(arrangement, sizeof(arrangement), "%u%c", (Q ? 16u : 8u) >> size, "bhsd"[size]);
    put_list(text, bits(insn, 0, 5), elements_of(insn), arrangement);
}

void arm_put_v_list1(GString *text, uint64_t pc, int64_t insn)
{
    uint32_t size = single_size(insn);
    uint32_t index = Q << 3 | bits(insn, 10, 3);
    const char arrangement[] = {"bhsd"[size], 0};

    (void)pc;
    put_list(text, bits(insn, 0, 5), elements_of(insn), arrangement);
    g_string_append_printf(text, "[%u]", index >> size);
}

void arm_put_v_xbase(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    arm_append_register(text, TRUE, TRUE, bits(insn, 5, 5));
}

static void put_post(GString *text, int64_t insn, uint32_t bytes)
{
    if (bits(insn, 16, 5) == 31) {
        g_string_append_printf(text, "#%u", bytes);
    } else {
        arm_append_register(text, TRUE, FALSE, bits(insn, 16, 5));
    }
}

void arm_put_v_postm(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_post(text, insn, registers_of(insn) * (Q ? 16 : 8));
}

void arm_put_v_postr(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_post(text, insn, elements_of(insn) << bits(insn, 10, 2));
}

void arm_put_v_post1(GString *text, uint64_t pc, int64_t insn)
{
    (void)pc;
    put_post(text, insn, elements_of(insn) << single_size(insn));
}
