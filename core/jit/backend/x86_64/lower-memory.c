/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads, stores and fences. The softmmu's first level is searched inline: the entry's place follows
 * from the address alone, its tag is compared with the page of the access's last byte, and the
 * access goes to address + addend. An access that reaches into the next page fails the comparison,
 * as does one that is not aligned where it has to be; so do devices, pages with code, and all else
 * that has a flag in its tag.
 *
 * The host keeps loads in order, and stores; only a store before a load needs a fence (Intel SDM
 * volume 3, 9.2.2).
 */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/kept.h"
#include "core/jit/jit-cpu.h"

#include <stddef.h>

/* log2 of an entry's size, and the bits of an offset into a table */
#define ENTRY_SHIFT 5u
#define ENTRY_MASK  ((QH_TLB_ENTRIES - 1) << ENTRY_SHIFT)
_Static_assert(sizeof(QhTlbEntry) == 1u << ENTRY_SHIFT, "");

void qh_t1_full_fence(QhT1 *t)
{
    static const uint8_t lock_or[] = {0xf0, 0x83, 0x0c, 0x24, 0x00}; /* lock or dword [rsp], 0 */

    qh_x_bytes(&t->a, lock_or, sizeof(lock_or));
}

static gboolean fits(int64_t value)
{
    return value == (int32_t)value;
}

QhT1Access qh_t1_access(QhT1 *t, uint32_t value, uint32_t memop, uint32_t tag, QhT1ColdFn fn)
{
    QhT1Access access = {.memop = memop, .tag = tag};

    access.bytes = 1u << (memop & QH_MEM_SIZE_MASK);
    access.base = qh_t1_address(t, value, &access.disp);
    access.cold = qh_t1_cold(t, fn);
    access.cold->a = access.base;
    access.cold->imm = access.disp;
    access.cold->x = memop;
    return access;
}

/* Where in the entry the tag and the addend are. */
static int32_t tag_at(const QhT1 *t, uint32_t mmu, uint32_t tag)
{
    return t->source->tlb[mmu] + (int32_t)(tag * 8);
}

static int32_t addend_at(const QhT1 *t, uint32_t mmu)
{
    return t->source->tlb[mmu] + (int32_t)offsetof(QhTlbEntry, addend);
}

/* The entry and what its tag has to be are known. */
static QhRm check_constant(QhT1 *t, const QhT1Access *access, gboolean aligned)
{
    uint64_t address = (uint64_t)access->disp, granule = (uint64_t)1 << t->source->granule_bits;
    uint64_t page = address & ~(granule - 1);
    int32_t entry = (int32_t)(address >> (t->source->granule_bits - ENTRY_SHIFT) & ENTRY_MASK);
    int32_t at = tag_at(t, QH_MEM_INDEX_OF(access->memop), access->tag) + entry;
    gboolean odd = (address & (access->bytes - 1)) != 0;

    if ((odd && aligned) || ((address + access->bytes - 1) & ~(granule - 1)) != page) {
        qh_t1_cold_jmp(t, access->cold);
    }
    if (fits((int64_t)page)) {
        qh_x_alu_i(&t->a, QH_X_CMP | QH_X_W, qh_rm_mem(QH_RBP, at), (int32_t)page);
    } else {
        qh_x_mov_i(&t->a, QH_RCX, page);
        qh_x(&t->a, QH_X_CMP | QH_X_W, QH_RCX, qh_rm_mem(QH_RBP, at));
    }
    qh_t1_cold_jcc(t, access->cold, QH_IF_NE);
    qh_x(&t->a, QH_X_MOV | QH_X_W, QH_RAX,
         qh_rm_mem(QH_RBP, addend_at(t, QH_MEM_INDEX_OF(access->memop)) + entry));
    if (fits(access->disp)) {
        return qh_rm_mem(QH_RAX, (int32_t)access->disp);
    }
    qh_x_mov_i(&t->a, QH_RDX, address);
    return qh_rm_sib(QH_RAX, QH_RDX, 0, 0);
}

/* eax = the offset of the entry for base + disp in its table */
static void find_entry(QhT1 *t, QhReg base, int32_t disp)
{
    uint32_t shift = t->source->granule_bits - ENTRY_SHIFT;

    if (disp == 0 && (t->features & QH_T1_HAS_BMI2)) {
        qh_x_vex_i8(&t->a, QH_X_RORX, QH_RAX, 0, qh_rm_reg(base), shift);
    } else {
        if (disp == 0) {
            qh_x_mov(&t->a, 0, QH_RAX, base);
        } else {
            qh_x(&t->a, QH_X_LEA, QH_RAX, qh_rm_mem(base, disp));
        }
        qh_x_i8(&t->a, QH_X_SHIFT_I, 5, qh_rm_reg(QH_RAX), shift); /* shr */
    }
    qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(QH_RAX), ENTRY_MASK);
}

/* rcx = base + disp, and @mask */
static void find_page(QhT1 *t, QhReg base, int32_t disp, int32_t mask)
{
    if (disp == 0) {
        qh_x_mov(&t->a, 1, QH_RCX, base);
    } else {
        qh_x(&t->a, QH_X_LEA | QH_X_W, QH_RCX, qh_rm_mem(base, disp));
    }
    qh_x_alu_i(&t->a, QH_X_AND | QH_X_W, qh_rm_reg(QH_RCX), mask);
}

static int32_t page_mask(const QhT1 *t)
{
    return -(1 << t->source->granule_bits);
}

QhRm qh_t1_check(QhT1 *t, const QhT1Access *access, gboolean aligned)
{
    int32_t mask = page_mask(t), disp = (int32_t)access->disp;
    QhReg base = access->base;

    aligned |= (access->memop & QH_MEM_ALIGN_MASK) == QH_MEM_ALIGN;
    if (base == QH_NO_REG) {
        return check_constant(t, access, aligned);
    }
    if (!fits(access->disp + 16) || !fits(access->disp)) {
        qh_x_mov_i(&t->a, QH_RDX, (uint64_t)access->disp);
        qh_x(&t->a, QH_X_ADD | QH_X_W, QH_RDX, qh_rm_reg(base));
        base = QH_RDX;
        disp = 0;
    }
    find_entry(t, base, disp);
    find_page(t, base, aligned ? disp : disp + (int32_t)access->bytes - 1,
              aligned ? mask | (int32_t)(access->bytes - 1) : mask);
    qh_x(&t->a, QH_X_CMP | QH_X_W, QH_RCX,
         qh_rm_sib(QH_RBP, QH_RAX, 0, tag_at(t, QH_MEM_INDEX_OF(access->memop), access->tag)));
    qh_t1_cold_jcc(t, access->cold, QH_IF_NE);
    qh_x(&t->a, QH_X_MOV | QH_X_W, QH_RAX,
         qh_rm_sib(QH_RBP, QH_RAX, 0, addend_at(t, QH_MEM_INDEX_OF(access->memop))));
    return qh_rm_sib(base, QH_RAX, 0, disp);
}

/* --- Checks shared by several accesses (kept.c, carried.c) --- */

static void do_load(QhT1 *t, const QhIrRecord *record, QhReg d, QhRm from);
static void do_store(QhT1 *t, const QhIrRecord *record, QhReg value, QhRm to);

static QhRm cell_at(uint32_t cell)
{
    return qh_rm_mem(QH_RBP, QH_JIT_CPU_AT(hot.addends) + 8 * (int32_t)cell);
}

static QhT1ColdSite *site_of(const QhT1Access *access)
{
    return (QhT1ColdSite *)access->cold; /* its first member */
}

/*
 * An access that must make its own check, though others share one. It goes on with the next one of
 * its kind if that comes right behind it: then nothing leads there from here with an addend that is
 * 0, and the next one need not test.
 */
static void emit_alone(QhT1 *t, uint64_t word)
{
    QhT1ColdSite *site = (QhT1ColdSite *)(uintptr_t)word;
    const QhIrRecord *record = &t->records[site->record];
    gboolean is_store = record->op == QH_IR_st;
    QhT1Access access = {.base = site->cold.a,
                         .disp = site->cold.imm,
                         .memop = record->b,
                         .bytes = 1u << (record->b & QH_MEM_SIZE_MASK),
                         .tag = is_store || (record->b & QH_MEM_AS_WRITE) ? QH_ACCESS_WRITE
                                                                          : QH_ACCESS_READ,
                         .cold = &site->cold};

    if (site->first && site->kept != QH_NO_REG) {
        qh_x(&t->a, QH_X_XOR, site->kept, qh_rm_reg(site->kept));
    } else if (site->first) {
        qh_x_st_i(&t->a, 8, cell_at(site->cell), 0);
    } else {
        site->cold.again = qh_x_offset(&t->a);
    }
    if (is_store) {
        do_store(t, record, site->cold.b, qh_t1_check(t, &access, FALSE));
    } else {
        do_load(t, record, site->cold.d, qh_t1_check(t, &access, FALSE));
    }
    site->cold.resume = qh_x_offset(&t->a);
    qh_x_jmp(&t->a, site->next != NULL ? site->next : &site->back);
}

/* Go there if @cc. */
static QhXLabel *alone(QhT1 *t, const QhT1Access *access, QhT1KeptRole role, const QhT1Kept *kept)
{
    QhT1ColdSite *site = site_of(access);

    site->record = t->i;
    site->first = role == QH_T1_KEPT_FIRST;
    site->kept = kept->reg;
    site->cell = kept->cell;
    return qh_t1_later_here(t, emit_alone, (uintptr_t)site);
}

void qh_t1_find_group(
    QhT1 *t, const QhT1Kept *kept, QhReg from, int32_t lo, QhReg to, QhXLabel *none)
{
    find_entry(t, from, lo);
    find_page(t, from, lo + kept->hi - kept->lo - 1, page_mask(t));
    for (uint32_t tag = QH_ACCESS_READ; tag <= QH_ACCESS_WRITE; tag++) {
        if (kept->needs >> tag & 1) {
            qh_x(&t->a, QH_X_CMP | QH_X_W, QH_RCX,
                 qh_rm_sib(QH_RBP, QH_RAX, 0, tag_at(t, kept->mmu, tag)));
            qh_x_jcc(&t->a, QH_IF_NE, none);
        }
    }
    qh_x(&t->a, QH_X_MOV | QH_X_W, to, qh_rm_sib(QH_RBP, QH_RAX, 0, addend_at(t, kept->mmu)));
}

/* Whether nothing is between here and an access that has tested the same. */
static gboolean follows(const QhT1 *t, const QhT1Kept *kept)
{
    return t->alloc->tested.site != NULL && t->alloc->tested.serial == kept->serial &&
           t->alloc->tested.at == qh_x_offset(&t->a);
}

/* The operand of the access, checked in the way of its @role. */
static QhRm checked(QhT1 *t, const QhT1Access *access, QhT1KeptRole role, QhT1Kept *kept)
{
    QhReg reg = kept->reg;

    if (role == QH_T1_KEPT_MEMBER) {
        QhXLabel *label = alone(t, access, role, kept);
        if (follows(t, kept)) {
            t->alloc->tested.site->next = label;
            return qh_rm_sib(access->base, reg != QH_NO_REG ? reg : QH_RAX, 0,
                             (int32_t)access->disp);
        }
        if (reg == QH_NO_REG) {
            reg = QH_RAX;
            qh_x(&t->a, QH_X_MOV | QH_X_W, reg, cell_at(kept->cell));
        }
        qh_x(&t->a, QH_X_TEST | QH_X_W, reg, qh_rm_reg(reg));
        qh_x_jcc(&t->a, QH_IF_E, label);
    } else if (role == QH_T1_KEPT_FIRST && qh_t1_kept_begin(t, kept)) {
        reg = kept->reg != QH_NO_REG ? kept->reg : QH_RAX;
        qh_t1_find_group(t, kept, access->base, kept->lo, reg, alone(t, access, role, kept));
        if (kept->reg == QH_NO_REG) {
            qh_x(&t->a, QH_X_MOV_ST | QH_X_W, reg, cell_at(kept->cell));
        }
    } else {
        return qh_t1_check(t, access, FALSE);
    }
    return qh_rm_sib(access->base, reg, 0, (int32_t)access->disp);
}

/* Where the cold stub, and an access made behind the region, come back to. */
static void behind(QhT1 *t, const QhT1Access *access, QhT1KeptRole role, const QhT1Kept *kept)
{
    qh_t1_cold_resume(t, access->cold);
    qh_x_bind(&t->a, &site_of(access)->back);
    t->alloc->tested.site = NULL;
    if (role == QH_T1_KEPT_MEMBER ||
        (role == QH_T1_KEPT_FIRST && kept->serial != QH_T1_NO_SERIAL)) {
        t->alloc->tested.site = site_of(access);
        t->alloc->tested.at = qh_x_offset(&t->a);
        t->alloc->tested.serial = kept->serial;
    }
}

/* --- Loads --- */

static void load_swapped(QhT1 *t, QhReg d, QhRm from, uint32_t size, gboolean is_signed, uint32_t w)
{
    if (size == QH_MEM_16) {
        qh_x(&t->a, QH_X_MOVZX16, QH_RCX, from);
        qh_x_bswap(&t->a, 0, QH_RCX);
        if (is_signed) { /* the two bytes are the upper ones now */
            qh_x_i8(&t->a, QH_X_SHIFT_I, 7, qh_rm_reg(QH_RCX), 16);
            qh_x(&t->a, w ? QH_X_MOVSXD : QH_X_MOV, d, qh_rm_reg(QH_RCX));
        } else {
            qh_x_i8(&t->a, QH_X_SHIFT_I, 5, qh_rm_reg(QH_RCX), 16);
            qh_x_mov(&t->a, 0, d, QH_RCX);
        }
        return;
    }
    if (t->features & QH_T1_HAS_MOVBE) {
        qh_x(&t->a, QH_X_MOVBE_LD | (size == QH_MEM_64 ? QH_X_W : 0), d, from);
    } else {
        qh_x(&t->a, QH_X_MOV | (size == QH_MEM_64 ? QH_X_W : 0), d, from);
        qh_x_bswap(&t->a, size == QH_MEM_64, d);
    }
    if (size == QH_MEM_32 && is_signed && w) {
        qh_x(&t->a, QH_X_MOVSXD, d, qh_rm_reg(d));
    }
}

/* @w: QH_X_W for an i64 */
static void load_gpr(QhT1 *t, QhReg d, QhRm from, uint32_t memop, uint32_t w)
{
    uint32_t size = memop & QH_MEM_SIZE_MASK;
    gboolean is_signed = (memop & QH_MEM_SIGNED) != 0;

    if (qh_t1_swaps(memop)) {
        load_swapped(t, d, from, size, is_signed, w);
        return;
    }
    switch (size) {
    case QH_MEM_8:
        qh_x(&t->a, is_signed ? QH_X_MOVSX8 | w : QH_X_MOVZX8, d, from);
        break;
    case QH_MEM_16:
        qh_x(&t->a, is_signed ? QH_X_MOVSX16 | w : QH_X_MOVZX16, d, from);
        break;
    case QH_MEM_32:
        qh_x(&t->a, is_signed && w ? QH_X_MOVSXD : QH_X_MOV, d, from);
        break;
    default:
        qh_x(&t->a, QH_X_MOV | QH_X_W, d, from);
        break;
    }
}

static void load_xmm(QhT1 *t, QhReg d, QhRm from, uint32_t memop)
{
    uint32_t size = memop & QH_MEM_SIZE_MASK;

    if (size == QH_MEM_128) {
        qh_x(&t->a, QH_X_MOVUPS, d, from);
    } else if (qh_t1_swaps(memop)) {
        uint32_t w = size == QH_MEM_64 ? QH_X_W : 0;
        load_swapped(t, QH_RCX, from, size, FALSE, w);
        qh_x(&t->a, QH_X_MOVD | w, d, qh_rm_reg(QH_RCX));
    } else {
        qh_x(&t->a, size == QH_MEM_64 ? QH_X_MOVQ : QH_X_MOVSS, d, from);
    }
}

/* Wide words in the other byte order are left to C. */
static gboolean all_cold(uint32_t memop)
{
    return (memop & QH_MEM_BE) && (memop & QH_MEM_SIZE_MASK) == QH_MEM_128;
}

static void do_load(QhT1 *t, const QhIrRecord *record, QhReg d, QhRm from)
{
    if (QH_IS_XMM(d)) {
        load_xmm(t, d, from, record->b);
    } else {
        load_gpr(t, d, from, record->b, record->type == QH_TYPE_I64 ? QH_X_W : 0);
    }
}

static void lower_load(QhT1 *t, const QhIrRecord *record)
{
    uint32_t memop = record->b;
    QhT1Access access =
        qh_t1_access(t, record->a, memop,
                     memop & QH_MEM_AS_WRITE ? QH_ACCESS_WRITE : QH_ACCESS_READ, qh_t1_cold_load);
    QhT1Kept kept;
    QhT1KeptRole role = qh_t1_kept_find(t, &access, record->a, &kept);
    QhReg d = qh_t1_def_late(t);

    access.cold->d = d;
    access.cold->y = record->type;
    if (memop & QH_MEM_RELEASE) {
        qh_t1_full_fence(t);
    }
    qh_t1_cold_again(t, access.cold);
    if (all_cold(memop)) {
        qh_t1_cold_jmp(t, access.cold);
    } else {
        do_load(t, record, d, checked(t, &access, role, &kept));
    }
    behind(t, &access, role, &kept);
}

/* --- Stores --- */

static uint64_t swap_constant(uint64_t value, uint32_t size)
{
    return size == QH_MEM_16   ? GUINT16_SWAP_LE_BE((uint16_t)value)
           : size == QH_MEM_32 ? GUINT32_SWAP_LE_BE((uint32_t)value)
                               : GUINT64_SWAP_LE_BE(value);
}

/* The constant that is stored, as an immediate; FALSE if it is none that fits. */
static gboolean store_constant(const QhT1 *t, const QhIrRecord *record, int32_t *ret_imm)
{
    uint32_t size = record->b & QH_MEM_SIZE_MASK;
    uint64_t bits;

    if ((record->type != QH_TYPE_I32 && record->type != QH_TYPE_I64) ||
        !qh_t1_const(t, record->c, &bits)) {
        return FALSE;
    }
    if (qh_t1_swaps(record->b)) {
        bits = swap_constant(bits, size);
    }
    *ret_imm = (int32_t)bits;
    return size < QH_MEM_64 || (int64_t)bits == (int32_t)bits;
}

static void store_swapped(QhT1 *t, QhRm to, QhReg value, uint32_t size)
{
    uint32_t w = size == QH_MEM_64 ? QH_X_W : 0;

    if (QH_IS_XMM(value)) {
        qh_x(&t->a, QH_X_MOVD_ST | w, value, qh_rm_reg(QH_RCX));
        value = QH_RCX;
    }
    if ((t->features & QH_T1_HAS_MOVBE) && size != QH_MEM_16) {
        qh_x(&t->a, QH_X_MOVBE_ST | w, value, to);
        return;
    }
    if (value != QH_RCX) {
        qh_x_mov(&t->a, w != 0, QH_RCX, value);
    }
    qh_x_bswap(&t->a, w != 0, QH_RCX);
    if (size == QH_MEM_16) {
        qh_x_i8(&t->a, QH_X_SHIFT_I, 5, qh_rm_reg(QH_RCX), 16); /* shr */
    }
    qh_x(&t->a, size == QH_MEM_16 ? QH_X_MOV_ST16 : QH_X_MOV_ST | w, QH_RCX, to);
}

static void store_register(QhT1 *t, QhRm to, QhReg value, uint32_t memop)
{
    static const uint32_t gpr[] = {QH_X_MOV_ST8, QH_X_MOV_ST16, QH_X_MOV_ST, QH_X_MOV_ST | QH_X_W};
    uint32_t size = memop & QH_MEM_SIZE_MASK;

    if (qh_t1_swaps(memop)) {
        store_swapped(t, to, value, size);
    } else if (!QH_IS_XMM(value)) {
        qh_x(&t->a, gpr[size], value, to);
    } else {
        qh_x(&t->a,
             size == QH_MEM_128  ? QH_X_MOVUPS_ST
             : size == QH_MEM_64 ? QH_X_MOVQ_ST
                                 : QH_X_MOVSS_ST,
             value, to);
    }
}

/* The value is in @value, or a constant. */
static void do_store(QhT1 *t, const QhIrRecord *record, QhReg value, QhRm to)
{
    int32_t imm = 0;

    if (value == QH_NO_REG) {
        store_constant(t, record, &imm);
        qh_x_st_i(&t->a, 1u << (record->b & QH_MEM_SIZE_MASK), to, imm);
    } else {
        store_register(t, to, value, record->b);
    }
}

static void lower_store(QhT1 *t, const QhIrRecord *record)
{
    uint32_t memop = record->b, size = memop & QH_MEM_SIZE_MASK;
    QhT1Access access = qh_t1_access(t, record->a, memop, QH_ACCESS_WRITE, qh_t1_cold_store);
    QhReg value = QH_NO_REG;
    QhT1KeptRole role;
    QhT1Kept kept;
    int32_t imm = 0;

    if (store_constant(t, record, &imm)) {
        qh_t1_const(t, record->c, &access.cold->word);
    } else if (size < QH_MEM_32) {
        value = qh_t1_use_gpr(t, record->c);
    } else {
        value = qh_t1_use_any(t, record->c);
    }
    role = qh_t1_kept_find(t, &access, record->a, &kept);
    access.cold->b = value;
    access.cold->y = record->type;
    qh_t1_cold_again(t, access.cold);
    if (all_cold(memop)) {
        qh_t1_cold_jmp(t, access.cold);
    } else {
        do_store(t, record, value, checked(t, &access, role, &kept));
    }
    if (memop & QH_MEM_ACQUIRE) {
        qh_t1_full_fence(t);
    }
    behind(t, &access, role, &kept);
}

void qh_t1_memory_forget(QhT1 *t)
{
    qh_t1_kept_forget(t);
}

void qh_t1_lower_memory(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_ld:
        lower_load(t, record);
        break;
    case QH_IR_st:
        lower_store(t, record);
        break;
    case QH_IR_atomic_rmw:
        qh_t1_lower_rmw(t, record);
        break;
    case QH_IR_cas:
        qh_t1_lower_cas(t, record);
        break;
    case QH_IR_fence:
        if (record->a & QH_FENCE_WR) {
            qh_t1_full_fence(t);
        }
        break;
    default: /* prefetch */
        break;
    }
}
