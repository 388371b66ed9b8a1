/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to control and status registers by number. csr.def says what exists; the halves of 64-bit
 * registers that RV32 sees are cut and joined here and nowhere else.
 */
#include "modules/riscv/csr.h"

#include "modules/riscv/csr-table.h"
#include "modules/riscv/helper.h"
#include "modules/riscv/system.h"

#define WIDE   1u
#define HIGH   2u
#define SOFT   4u
#define WRITES 8u

typedef struct Row {
    const char *name;
    gboolean (*needs)(const RvCpu *cpu, uint32_t number, uint32_t priv);
    uint64_t (*read)(RvCpu *cpu, uint32_t number); /* NULL: the member at offset */
    void (*write)(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask);
    uint64_t writable; /* bits of the member */
    uint16_t offset;
    uint8_t bytes; /* of the member */
    uint8_t flags;
} Row;

#define RV_CSR(number_, name_, needs_, member_, mask_, section_)                                   \
    {.name = #name_,                                                                               \
     .needs = rv_csr_needs_##needs_,                                                               \
     .writable = mask_,                                                                            \
     .offset = offsetof(RvCpu, member_),                                                           \
     .bytes = sizeof(((RvCpu *)NULL)->member_)},
#define RV_CSR_FN(first_, last_, name_, needs_, read_, write_, flags_, section_)                   \
    {.name = #name_,                                                                               \
     .needs = rv_csr_needs_##needs_,                                                               \
     .read = rv_csr_read_##read_,                                                                  \
     .write = rv_csr_write_##write_,                                                               \
     .flags = flags_},
static const Row rows[] = {
#include "modules/riscv/csr.def"
};
#undef RV_CSR
#undef RV_CSR_FN

/* Position in rows, plus one, of each number. The compiler warns of two rows with one
 * number. */
#define RV_CSR(number, name, ...)         ROW_##name,
#define RV_CSR_FN(first, last, name, ...) ROW_##name,
enum {
    ROW_NONE,
#include "modules/riscv/csr.def"
};
#undef RV_CSR
#undef RV_CSR_FN
#define RV_CSR(number, name, ...)         [number] = ROW_##name,
#define RV_CSR_FN(first, last, name, ...) [first... last] = ROW_##name,
static const uint8_t row_of[4096] = {
#include "modules/riscv/csr.def"
};
#undef RV_CSR
#undef RV_CSR_FN

static const Row *find_row(uint32_t number)
{
    uint32_t row = row_of[number & 0xfff];

    return row == ROW_NONE ? NULL : &rows[row - 1];
}

static uint64_t read_member(const RvCpu *cpu, const Row *row)
{
    const char *member = (const char *)cpu + row->offset;

    return row->bytes == 4 ? *(const uint32_t *)member : *(const uint64_t *)member;
}

static uint64_t read_whole(RvCpu *cpu, const Row *row, uint32_t number)
{
    return row->read != NULL ? row->read(cpu, number) : read_member(cpu, row);
}

/* The part of a whole register that @row's number stands for. */
static uint64_t part(const RvCpu *cpu, const Row *row, uint64_t whole)
{
    if (row->flags & HIGH) {
        return whole >> 32;
    }
    return cpu->mxlen == 32 ? (uint32_t)whole : whole;
}

/* The row of @number if an instruction may access it so, else NULL (Priv. 2.1). */
static const Row *allowed_row(const RvCpu *cpu, uint32_t number, uint32_t how)
{
    const Row *row = find_row(number);

    if (row == NULL || (number >> 8 & 3) > cpu->priv || !cpu->ext_zicsr) {
        return NULL;
    }
    if (how & RV_CSR_WRITE ? (number >> 10 & 3) == 3 : (row->flags & WRITES) != 0) {
        return NULL;
    }
    return row->needs(cpu, number, cpu->priv) ? row : NULL;
}

gboolean rv_csr_read(RvCpu *cpu, uint32_t number, uint64_t *ret_value)
{
    const Row *row = allowed_row(cpu, number, RV_CSR_READ);

    if (row == NULL) {
        return FALSE;
    }
    *ret_value = part(cpu, row, read_whole(cpu, row, number));
    return TRUE;
}

/* What the instruction's result is combined with: for mip the bits that software wrote, so that an
 * interrupt that the hardware asserts is not written back (Priv. 3.1.9). */
static uint64_t modified_value(const RvCpu *cpu, const Row *row, uint64_t whole)
{
    return row->flags & SOFT ? __atomic_load_n(&cpu->mip, __ATOMIC_RELAXED) : whole;
}

static void write_row(
    RvCpu *cpu, const Row *row, uint32_t number, uint64_t whole, uint64_t value, uint64_t mask)
{
    uint64_t next;

    if (row->flags & HIGH) {
        value <<= 32;
        mask <<= 32;
    } else if (cpu->mxlen == 32) {
        value = (uint32_t)value;
        mask = row->flags & WIDE ? (uint32_t)mask : mask | ~(uint64_t)UINT32_MAX;
    }
    next = (modified_value(cpu, row, whole) & ~mask) | (value & mask);
    if (row->write != NULL) {
        row->write(cpu, number, next, mask);
    } else if (row->writable != 0) {
        uint64_t *member = (uint64_t *)((char *)cpu + row->offset);
        *member = (*member & ~row->writable) | (next & row->writable);
    }
}

gboolean rv_csr_write(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask, uint64_t *ret_old)
{
    const Row *row = allowed_row(cpu, number, RV_CSR_WRITE);
    uint64_t whole = 0;

    if (row == NULL) {
        return FALSE;
    }
    /* csrrw without a destination reads nothing, but half a register needs its other half. */
    if (ret_old != NULL || row->flags & (WIDE | HIGH)) {
        whole = read_whole(cpu, row, number);
    }
    if (ret_old != NULL) {
        *ret_old = part(cpu, row, whole);
    }
    write_row(cpu, row, number, whole, value, mask);
    return TRUE;
}

gboolean rv_csr_peek(RvCpu *cpu, uint32_t number, uint64_t *ret_value)
{
    const Row *row = find_row(number);

    if (row == NULL || row->flags & WRITES || !row->needs(cpu, number, RV_PRIV_M)) {
        return FALSE;
    }
    *ret_value = part(cpu, row, read_whole(cpu, row, number));
    return TRUE;
}

const char *rv_csr_name(uint32_t number)
{
    const Row *row = find_row(number);

    return row != NULL ? row->name : NULL;
}

/* Helpers of the Zicsr instructions (helper.def). */

static uint64_t extended(const RvCpu *cpu, uint64_t value)
{
    return cpu->mxlen == 32 ? (uint64_t)(int32_t)value : value;
}

uint64_t rv_helper_csr_read(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    uint64_t value = 0;

    if (!rv_csr_read(cpu, insn >> 20, &value)) {
        rv_cpu_raise(cpu, RV_CAUSE_ILLEGAL, insn);
    }
    return extended(cpu, value);
}

void rv_helper_csr_write(QhCpu *base, uint32_t insn, uint64_t value)
{
    RvCpu *cpu = rv_cpu(base);

    if (!rv_csr_write(cpu, insn >> 20, value, UINT64_MAX, NULL)) {
        rv_cpu_raise(cpu, RV_CAUSE_ILLEGAL, insn);
    }
}

uint64_t rv_helper_csr_rw(QhCpu *base, uint32_t insn, uint64_t value, uint64_t mask)
{
    RvCpu *cpu = rv_cpu(base);
    uint64_t old = 0;

    if (!rv_csr_write(cpu, insn >> 20, value, mask, &old)) {
        rv_cpu_raise(cpu, RV_CAUSE_ILLEGAL, insn);
    }
    return extended(cpu, old);
}
