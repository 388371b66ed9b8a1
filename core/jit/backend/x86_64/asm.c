/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/backend/x86_64/asm.h"

#include <string.h>

#define MAX_INSN 16

static gboolean room(QhAsm *a, size_t bytes)
{
    if ((size_t)(a->end - a->at) < bytes) {
        a->full = TRUE;
        a->at = a->base; /* what follows overwrites what is thrown away anyhow */
    }
    return (size_t)(a->end - a->at) >= bytes;
}

void qh_x_bytes(QhAsm *a, const void *bytes, uint32_t n)
{
    if (room(a, n)) {
        memcpy(a->at, bytes, n);
        a->at += n;
    }
}

void qh_x_byte(QhAsm *a, uint32_t byte)
{
    if (room(a, 1)) {
        *a->at++ = (uint8_t)byte;
    }
}

void qh_x_u32(QhAsm *a, uint32_t word)
{
    qh_x_bytes(a, &word, 4);
}

/* ModRM, SIB and displacement (SDM volume 2, 2.1.5). rbp and r13 as a base need a displacement,
 * rsp and r12 a SIB byte. */
static uint8_t *put_rm(uint8_t *at, uint32_t reg, QhRm rm)
{
    uint32_t mode = (reg & 7) << 3, base = rm.base & 7;
    gboolean sib = rm.index != QH_NO_INDEX || base == QH_RSP;

    if (rm.is_reg) {
        *at++ = (uint8_t)(0xc0 | mode | base);
        return at;
    }
    if (rm.disp == 0 && base != QH_RBP) {
        mode |= 0;
    } else if (rm.disp == (int8_t)rm.disp) {
        mode |= 0x40;
    } else {
        mode |= 0x80;
    }
    *at++ = (uint8_t)(mode | (sib ? 4 : base));
    if (sib) {
        uint32_t index = rm.index == QH_NO_INDEX ? QH_RSP : rm.index & 7;
        *at++ = (uint8_t)((uint32_t)rm.scale << 6 | index << 3 | base);
    }
    if (mode & 0x40) {
        *at++ = (uint8_t)rm.disp;
    } else if (mode & 0x80) {
        memcpy(at, &rm.disp, 4);
        at += 4;
    }
    return at;
}

static gboolean needs_rex(uint32_t op, uint32_t reg, QhRm rm)
{
    return ((op & QH_X_BYTE) && reg >= QH_RSP) ||
           ((op & QH_X_BRM) && rm.is_reg && rm.base >= QH_RSP);
}

static uint32_t high_bits(uint32_t reg, QhRm rm)
{
    uint32_t index = rm.index == QH_NO_INDEX ? 0 : rm.index;

    return (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (rm.base >> 3 & 1u);
}

static void encode(QhAsm *a, uint32_t op, uint32_t reg, QhRm rm, uint32_t imm_bytes, uint32_t imm)
{
    static const uint8_t prefix[] = {0, 0x66, 0xf3, 0xf2};
    uint32_t pp = op >> 10 & 3, map = op >> 8 & 3;
    uint32_t rex = high_bits(reg & 15, rm) | (op & QH_X_W ? 8 : 0);
    uint8_t *at;

    reg &= 15;
    if (!room(a, MAX_INSN)) {
        return;
    }
    at = a->at;
    if (op & QH_X_LOCK) {
        *at++ = 0xf0;
    }
    if (pp != 0) {
        *at++ = prefix[pp];
    }
    if (rex != 0 || needs_rex(op, reg, rm)) {
        *at++ = (uint8_t)(0x40 | rex);
    }
    if (map != 0) {
        *at++ = 0x0f;
    }
    if (map >= 2) {
        *at++ = map == 2 ? 0x38 : 0x3a;
    }
    *at++ = (uint8_t)op;
    at = put_rm(at, reg, rm);
    memcpy(at, &imm, imm_bytes);
    a->at = at + imm_bytes;
}

void qh_x(QhAsm *a, uint32_t op, uint32_t reg, QhRm rm)
{
    encode(a, op, reg, rm, 0, 0);
}

void qh_x_i8(QhAsm *a, uint32_t op, uint32_t reg, QhRm rm, uint32_t imm)
{
    encode(a, op, reg, rm, 1, imm);
}

void qh_x_i32(QhAsm *a, uint32_t op, uint32_t reg, QhRm rm, uint32_t imm)
{
    encode(a, op, reg, rm, 4, imm);
}

/* The two- and three-byte prefixes (SDM volume 2, 2.3.5). */
static void
encode_vex(QhAsm *a, uint32_t op, uint32_t reg, uint32_t vvvv, QhRm rm, uint32_t n, uint32_t imm)
{
    uint32_t pp = op >> 10 & 3, map = op >> 8 & 3, high = high_bits(reg & 15, rm);
    uint32_t last = (op & QH_X_W ? 0x80 : 0) | (~vvvv & 15) << 3 | (op & QH_X_L ? 4 : 0) | pp;
    uint8_t *at;

    if (!room(a, MAX_INSN)) {
        return;
    }
    at = a->at;
    if (map == 1 && (high & 3) == 0 && !(op & QH_X_W)) {
        *at++ = 0xc5;
        *at++ = (uint8_t)((high & 4 ? 0 : 0x80) | last);
    } else {
        *at++ = 0xc4;
        *at++ = (uint8_t)((~high & 7) << 5 | map);
        *at++ = (uint8_t)last;
    }
    *at++ = (uint8_t)op;
    at = put_rm(at, reg & 15, rm);
    memcpy(at, &imm, n);
    a->at = at + n;
}

void qh_x_vex(QhAsm *a, uint32_t op, uint32_t reg, uint32_t vvvv, QhRm rm)
{
    encode_vex(a, op, reg, vvvv, rm, 0, 0);
}

void qh_x_vex_i8(QhAsm *a, uint32_t op, uint32_t reg, uint32_t vvvv, QhRm rm, uint32_t imm)
{
    encode_vex(a, op, reg, vvvv, rm, 1, imm);
}

void qh_x_alu_i(QhAsm *a, uint32_t op, QhRm rm, int32_t imm)
{
    uint32_t wide = op & QH_X_W, number = op >> 3 & 7;

    if (imm == (int8_t)imm) {
        encode(a, 0x83 | wide, number, rm, 1, (uint32_t)imm);
    } else {
        encode(a, 0x81 | wide, number, rm, 4, (uint32_t)imm);
    }
}

void qh_x_mov_i(QhAsm *a, uint32_t reg, uint64_t imm)
{
    uint32_t rex = reg >> 3 & 1;

    if (imm <= UINT32_MAX) {
        if (rex) {
            qh_x_byte(a, 0x41);
        }
        qh_x_byte(a, 0xb8 | (reg & 7));
        qh_x_u32(a, (uint32_t)imm);
    } else if ((int64_t)imm == (int32_t)imm) {
        encode(a, 0xc7 | QH_X_W, 0, qh_rm_reg(reg), 4, (uint32_t)imm);
    } else {
        qh_x_byte(a, 0x48 | rex);
        qh_x_byte(a, 0xb8 | (reg & 7));
        qh_x_bytes(a, &imm, 8);
    }
}

void qh_x_st_i(QhAsm *a, uint32_t bytes, QhRm mem, int32_t imm)
{
    switch (bytes) {
    case 1:
        encode(a, 0xc6, 0, mem, 1, (uint32_t)imm);
        break;
    case 2:
        encode(a, 0xc7 | QH_X_66, 0, mem, 2, (uint32_t)imm);
        break;
    default:
        encode(a, 0xc7 | (bytes == 8 ? QH_X_W : 0), 0, mem, 4, (uint32_t)imm);
        break;
    }
}

void qh_x_setcc(QhAsm *a, uint32_t cc, uint32_t reg)
{
    encode(a, (0x90 + cc) | QH_X_0F | QH_X_BRM, 0, qh_rm_reg(reg), 0, 0);
}

void qh_x_bswap(QhAsm *a, uint32_t width64, uint32_t reg)
{
    uint32_t rex = (width64 ? 8 : 0) | (reg >> 3 & 1);

    if (rex) {
        qh_x_byte(a, 0x40 | rex);
    }
    qh_x_byte(a, 0x0f);
    qh_x_byte(a, 0xc8 | (reg & 7));
}

/* The recommended long nops (SDM volume 2, NOP). */
void qh_x_align(QhAsm *a, uint32_t bytes)
{
    qh_x_align_end(a, bytes, 0);
}

void qh_x_align_end(QhAsm *a, uint32_t bytes, uint32_t length)
{
    static const char *const nops[] = {
        "\x90",
        "\x66\x90",
        "\x0f\x1f\x00",
        "\x0f\x1f\x40\x00",
        "\x0f\x1f\x44\x00\x00",
        "\x66\x0f\x1f\x44\x00\x00",
        "\x0f\x1f\x80\x00\x00\x00\x00",
        "\x0f\x1f\x84\x00\x00\x00\x00\x00",
    };
    uint32_t left = (uint32_t)(-((uintptr_t)a->at + length) & (bytes - 1));

    while (left > 0) {
        uint32_t step = MIN(left, 8);
        qh_x_bytes(a, nops[step - 1], step);
        left -= step;
    }
}

static void put_jump(QhAsm *a, QhXLabel *label)
{
    uint32_t at = qh_x_offset(a);

    if (label->bound != 0) {
        qh_x_u32(a, label->bound - 1 - (at + 4));
    } else {
        qh_x_u32(a, label->chain);
        label->chain = a->full ? 0 : at + 1;
    }
}

void qh_x_jmp(QhAsm *a, QhXLabel *label)
{
    qh_x_byte(a, 0xe9);
    put_jump(a, label);
}

void qh_x_call(QhAsm *a, QhXLabel *label)
{
    qh_x_byte(a, 0xe8);
    put_jump(a, label);
}

void qh_x_jcc(QhAsm *a, uint32_t cc, QhXLabel *label)
{
    qh_x_byte(a, 0x0f);
    qh_x_byte(a, 0x80 | cc);
    put_jump(a, label);
}

/* lea with a distance from the next instruction (SDM volume 2, 2.2.1.6). */
static void put_lea(QhAsm *a, uint32_t reg)
{
    qh_x_byte(a, 0x48 | (reg >> 3 & 1) << 2);
    qh_x_byte(a, QH_X_LEA);
    qh_x_byte(a, (reg & 7) << 3 | QH_RBP);
}

void qh_x_lea_label(QhAsm *a, uint32_t reg, QhXLabel *label)
{
    put_lea(a, reg);
    put_jump(a, label);
}

void qh_x_bind(QhAsm *a, QhXLabel *label)
{
    uint32_t here = qh_x_offset(a);

    for (uint32_t at = label->chain; at != 0 && !a->full;) {
        uint32_t next, distance = here - (at - 1 + 4);
        memcpy(&next, a->base + at - 1, 4);
        memcpy(a->base + at - 1, &distance, 4);
        at = next;
    }
    label->chain = 0;
    label->bound = here + 1;
}

uint32_t qh_x_jcc8(QhAsm *a, uint32_t cc)
{
    qh_x_byte(a, 0x70 | cc);
    qh_x_byte(a, 0);
    return qh_x_offset(a);
}

uint32_t qh_x_jmp8(QhAsm *a)
{
    qh_x_byte(a, 0xeb);
    qh_x_byte(a, 0);
    return qh_x_offset(a);
}

void qh_x_here8(QhAsm *a, uint32_t jump)
{
    if (!a->full) {
        g_assert(qh_x_offset(a) - jump < 128);
        a->base[jump - 1] = (uint8_t)(qh_x_offset(a) - jump);
    }
}

static void put_distance(QhAsm *a, const void *target)
{
    const uint8_t *next = a->at + 4 + a->delta;

    qh_x_u32(a, (uint32_t)((const uint8_t *)target - next));
}

void qh_x_jmp_to(QhAsm *a, const void *target)
{
    qh_x_byte(a, 0xe9);
    put_distance(a, target);
}

void qh_x_jcc_to(QhAsm *a, uint32_t cc, const void *target)
{
    qh_x_byte(a, 0x0f);
    qh_x_byte(a, 0x80 | cc);
    put_distance(a, target);
}

void qh_x_call_to(QhAsm *a, const void *target)
{
    qh_x_byte(a, 0xe8);
    put_distance(a, target);
}

void qh_x_lea_to(QhAsm *a, uint32_t reg, const void *target)
{
    put_lea(a, reg);
    put_distance(a, target);
}

void qh_x_call_far(QhAsm *a, void (*fn)(void))
{
    qh_x_mov_i(a, QH_RAX, (uintptr_t)fn);
    encode(a, QH_X_GRP_FF, 2, qh_rm_reg(QH_RAX), 0, 0);
}
