/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector loads and stores (Unpriv. V, 31.7). Runs of adjacent bytes are copied page by page; what
 * is no plain RAM, and everything that is not adjacent, goes element by element. A fault leaves
 * vstart at the element it belongs to.
 */
#include <string.h>

#include "abi/ir.h"
#include "modules/riscv/helper.h"
#include "modules/riscv/system.h"
#include "modules/riscv/vector.h"

#define PAGE_BYTES 4096u

/* The addressing mode, bits 27-26, and lumop or sumop, bits 24-20 (31.7.2). */
#define MOP_UNIT    0u
#define MOP_STRIDED 2u
#define UMOP_WHOLE  8u
#define UMOP_MASK   11u
#define UMOP_FIRST  16u

typedef struct Access {
    RvCpu *cpu;
    const QhCpuService *host;
    uint64_t base, stride;
    uint64_t wrap;        /* mask of an address */
    const uint8_t *index; /* NULL: strided */
    const uint8_t *mask;  /* NULL: all elements are active */
    uint8_t *data;        /* the first field's group */
    uint32_t index_width; /* log2 of the bytes */
    uint32_t width;
    uint32_t fields;
    uint32_t group;     /* bytes from one field's group to the next one's */
    uint32_t start, vl; /* elements */
    uint32_t mmu_index;
    uint32_t access; /* QH_ACCESS_... */
    gboolean first;  /* fault-only-first */
} Access;

static uint64_t address_of(const Access *x, uint32_t i)
{
    uint64_t offset =
        x->index != NULL ? rv_v_get(x->index, i, x->index_width) : (uint64_t)i * x->stride;

    return (x->base + offset) & x->wrap;
}

/* One element through the slow path; FALSE: the exception has been entered. */
static gboolean one(const Access *x, uint64_t address, uint8_t *element)
{
    uint32_t memop = x->width | QH_MEM_INDEX(x->mmu_index);
    uint64_t value = 0;

    if (x->access == QH_ACCESS_WRITE) {
        return x->host->store(&x->cpu->base, address, memop, rv_v_get(element, 0, x->width));
    }
    if (!x->host->load(&x->cpu->base, address, memop, &value)) {
        return FALSE;
    }
    rv_v_set(element, 0, x->width, value);
    return TRUE;
}

static void copy(const Access *x, void *host, uint8_t *element, uint32_t bytes)
{
    if (x->access == QH_ACCESS_WRITE) {
        memcpy(host, element, bytes);
    } else {
        memcpy(element, host, bytes);
    }
}

/* Whether reading element @i could fault; nothing has changed then. */
static gboolean would_fault(const Access *x, uint64_t address)
{
    const TargetServices *services = rv_services(x->cpu);
    uint64_t last = (address + (1u << x->width) - 1) & x->wrap;
    QhTranslation translation = {.size = sizeof(translation)};
    QhMemFault fault = {.size = sizeof(fault)};
    uint8_t byte;

    for (uint64_t at = address;; at = last) {
        if (!rv_mmu_translate(x->cpu, at, QH_ACCESS_READ, x->mmu_index, &translation, &fault) ||
            services->mem->read(services->cpu->space(&x->cpu->base), translation.phys, &byte, 1,
                                translation.attrs | QH_ATTR_DEBUG) != QH_BUS_OK) {
            return TRUE;
        }
        if (at == last) {
            return FALSE;
        }
    }
}

/* Fault-only-first (31.7.7): whether element @i at @address can be read whole. If not, the first
 * element has trapped, and for another one vl is cut; no field has been written. */
static gboolean all_readable(const Access *x, uint64_t address, uint32_t i)
{
    for (uint32_t field = 0; field < x->fields; field++) {
        uint64_t at = (address + (field << x->width)) & x->wrap;
        uint8_t nowhere[8];
        if (!would_fault(x, at)) {
            continue;
        }
        if (i > 0) {
            x->cpu->vl = i;
            return FALSE;
        }
        if (!one(x, at, nowhere)) {
            x->cpu->vstart = 0;
            return FALSE;
        }
    }
    return TRUE;
}

/* Element @i in all its fields. FALSE: stop, as a fault has been taken or vl cut. */
static gboolean element(const Access *x, uint32_t i)
{
    uint64_t address = address_of(x, i);
    uint32_t bytes = 1u << x->width;

    if (x->first && !all_readable(x, address, i)) {
        return FALSE;
    }
    for (uint32_t field = 0; field < x->fields; field++) {
        uint64_t at = (address + field * bytes) & x->wrap;
        uint8_t *to = x->data + (size_t)field * x->group + ((size_t)i << x->width);
        void *host = NULL;
        if ((at & (PAGE_BYTES - 1)) + bytes <= PAGE_BYTES) {
            host = x->host->probe(&x->cpu->base, at, bytes, x->access, x->mmu_index);
        }
        if (host != NULL) {
            copy(x, host, to, bytes);
        } else if (x->cpu->base.unwind || !one(x, at, to)) {
            x->cpu->vstart = i;
            return FALSE;
        }
    }
    return TRUE;
}

/*
 * Adjacent elements of one field, unmasked: whole runs of a page. Returns the element up to which
 * everything is done; from there on it goes element by element.
 */
static uint32_t runs(const Access *x)
{
    uint32_t i = x->start, width = x->width;

    while (i < x->vl) {
        uint64_t address = address_of(x, i);
        uint32_t room = (PAGE_BYTES - (uint32_t)(address & (PAGE_BYTES - 1))) >> width;
        uint32_t n = MIN(room, x->vl - i);
        if (n == 0 || (x->first && i > 0)) {
            return i;
        }
        void *host = x->host->probe(&x->cpu->base, address, n << width, x->access, x->mmu_index);
        if (host == NULL) {
            if (x->cpu->base.unwind) {
                x->cpu->vstart = i;
            }
            return i;
        }
        copy(x, host, x->data + ((size_t)i << width), n << width);
        i += n;
    }
    return i;
}

static void perform(const Access *x)
{
    uint32_t i = x->start;

    if (i < x->vl && x->fields == 1 && x->mask == NULL && x->index == NULL &&
        x->stride == UINT64_C(1) << x->width) {
        i = runs(x);
        if (x->cpu->base.unwind) {
            return;
        }
    }
    for (; i < x->vl; i++) {
        if ((x->mask == NULL || rv_v_bit(x->mask, i)) && !element(x, i)) {
            break;
        }
    }
    if (!x->cpu->base.unwind) {
        x->cpu->vstart = 0;
    }
}

/* Groups of registers are as large as the whole vector, but a register at least. */
static uint32_t group_bytes(const RvCpu *cpu, uint32_t width)
{
    int32_t lmul = (int32_t)(cpu->vtype & RV_VTYPE_LMUL_MASK);
    int32_t sew = (int32_t)(cpu->vtype >> RV_VTYPE_SEW_SHIFT & 7);
    int32_t emul = (int32_t)width - sew + (lmul < 4 ? lmul : lmul - 8);

    return cpu->vlen / 8u << MAX(emul, 0);
}

static void set_unit_stride(Access *x, uint32_t insn)
{
    switch (rv_v_vs2(insn)) {
    case UMOP_WHOLE:
        x->vl = (x->fields * (x->cpu->vlen / 8u)) >> x->width;
        x->fields = 1;
        break;
    case UMOP_MASK:
        x->vl = (x->vl + 7) / 8;
        break;
    case UMOP_FIRST:
        x->first = TRUE;
        break;
    default:
        break;
    }
    x->stride = (uint64_t)x->fields << x->width;
}

static void load_or_store(QhCpu *base, uint32_t insn, uint64_t rs1, uint64_t rs2, uint32_t access)
{
    RvCpu *cpu = rv_cpu(base);
    uint32_t field = insn >> 12 & 7, mop = insn >> 26 & 3;
    Access x = {.cpu = cpu,
                .host = rv_services(cpu)->cpu,
                .base = rs1,
                .stride = rs2,
                .wrap = base->state_key & RV_KEY_64 ? UINT64_MAX : UINT32_MAX,
                .mask = rv_v_masked(insn) ? (const uint8_t *)cpu->v : NULL,
                .data = rv_v_reg(cpu, rv_v_vd(insn)),
                .width = field == 0 ? 0 : field - 4,
                .fields = (insn >> 29) + 1,
                .start = (uint32_t)cpu->vstart,
                .vl = (uint32_t)cpu->vl,
                .mmu_index = (uint32_t)(base->state_key >> RV_KEY_DATA_SHIFT & 15),
                .access = access};

    if (mop == MOP_UNIT) {
        set_unit_stride(&x, insn);
    } else if (mop != MOP_STRIDED) {
        x.index = rv_v_reg(cpu, rv_v_vs2(insn));
        x.index_width = x.width;
        x.width = cpu->vtype >> RV_VTYPE_SEW_SHIFT & 7;
    }
    x.group = group_bytes(cpu, x.width);
    perform(&x);
}

void rv_helper_v_load(QhCpu *base, uint32_t insn, uint64_t rs1, uint64_t rs2)
{
    load_or_store(base, insn, rs1, rs2, QH_ACCESS_READ);
}

void rv_helper_v_store(QhCpu *base, uint32_t insn, uint64_t rs1, uint64_t rs2)
{
    load_or_store(base, insn, rs1, rs2, QH_ACCESS_WRITE);
}
