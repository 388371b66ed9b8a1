/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address translation: Sv32, Sv39, Sv48, Sv57 with Svnapot, Svpbmt and Svadu (Priv. 12.3 - 12.6,
 * chapters of those extensions).
 *
 * A translation is found in three steps: walk the tables down to a leaf, judge the leaf for the
 * mode that the MMU index stands for, bring A and D up to date. What goes back to the host is the
 * set of rights that need none of these steps again, so D clear means: not writable yet. Faults are
 * never cached, so that a new entry is seen without a fence, which is what Svvptc promises.
 */
#include "abi/ir.h"
#include "modules/riscv/helper.h"
#include "modules/riscv/system.h"

#define PTE_V            (UINT64_C(1) << 0)
#define PTE_R            (UINT64_C(1) << 1)
#define PTE_W            (UINT64_C(1) << 2)
#define PTE_X            (UINT64_C(1) << 3)
#define PTE_U            (UINT64_C(1) << 4)
#define PTE_G            (UINT64_C(1) << 5)
#define PTE_A            (UINT64_C(1) << 6)
#define PTE_D            (UINT64_C(1) << 7)
#define PTE_RESERVED     (UINT64_C(0x7f) << 54)
#define PTE_RSW          (UINT64_C(3) << 59) /* Svrsw60t59b */
#define PTE_PBMT         (UINT64_C(3) << 61)
#define PTE_PBMT_INVALID (UINT64_C(3) << 61)
#define PTE_N            (UINT64_C(1) << 63)
#define PTE_PPN_SHIFT    10
#define PTE_PPN_MASK     ((UINT64_C(1) << 44) - 1)
#define PAGE_BITS        12
#define NAPOT_BITS       16 /* the only size Svnapot has: 64 KiB */
#define NAPOT_PPN        8u /* what ppn[3:0] encodes it with */

/* The shape of one translation mode. */
typedef struct Mode {
    uint32_t levels;
    uint32_t pte_bytes;
    uint32_t index_bits; /* of one level */
    uint32_t va_bits;
} Mode;

/* What a walk ends with. */
typedef struct Walk {
    uint64_t pte, pte_address;
    uint64_t phys; /* of the byte asked for */
    uint32_t pte_bytes;
    uint32_t page_bits; /* of the leaf */
    uint64_t global; /* PTE_G: an entry on the way had it, which is as if the leaf had (12.3.1) */
} Walk;

typedef enum { WALK_OK, WALK_PAGE_FAULT, WALK_ACCESS_FAULT } WalkResult;

static uint32_t satp_mode(const RvCpu *cpu)
{
    return cpu->mxlen == 32 ? (uint32_t)(cpu->satp >> 31 & 1) : (uint32_t)(cpu->satp >> 60);
}

static uint64_t satp_asid(const RvCpu *cpu)
{
    return cpu->mxlen == 32 ? cpu->satp >> 22 & 0x1ff : cpu->satp >> 44 & 0xffff;
}

static uint64_t satp_ppn(const RvCpu *cpu, uint64_t satp)
{
    return satp & (cpu->mxlen == 32 ? (UINT64_C(1) << 22) - 1 : PTE_PPN_MASK);
}

static const Mode *mode_of(uint32_t mode)
{
    static const Mode sv32 = {2, 4, 10, 32};
    static const Mode sv39 = {3, 8, 9, 39};
    static const Mode sv48 = {4, 8, 9, 48};
    static const Mode sv57 = {5, 8, 9, 57};

    switch (mode) {
    case RV_SATP_SV32:
        return &sv32;
    case RV_SATP_SV39:
        return &sv39;
    case RV_SATP_SV48:
        return &sv48;
    case RV_SATP_SV57:
        return &sv57;
    default:
        return NULL;
    }
}

/* The privilege that @mmu_index stands for. */
static uint32_t index_priv(uint32_t mmu_index)
{
    if (mmu_index == RV_MMU_M) {
        return RV_PRIV_M;
    }
    return (mmu_index & ~RV_MMU_MXR) == RV_MMU_U ? RV_PRIV_U : RV_PRIV_S;
}

/* Bits that must be zero in every entry, as this hart is configured (Priv. 12.3.2, 12.4.1). */
static uint64_t reserved_bits(const RvCpu *cpu)
{
    uint64_t reserved = PTE_RESERVED;

    if (cpu->mxlen == 32) {
        return 0;
    }
    if (cpu->ext_svrsw60t59b) {
        reserved &= ~PTE_RSW;
    }
    if (!cpu->ext_svnapot) {
        reserved |= PTE_N;
    }
    if (!(cpu->menvcfg & RV_ENVCFG_PBMTE)) {
        reserved |= PTE_PBMT;
    }
    return reserved;
}

/*
 * Page tables are read and written with the rights of S, whoever asked (Priv. 3.7). Hosts before
 * minor 1 of qh.cpu have no calls for tables.
 */
static WalkResult read_pte(RvCpu *cpu, uint32_t attrs, Walk *walk)
{
    const TargetServices *services = rv_services(cpu);
    uint32_t status;

    if (!(rv_pmp_rights(cpu, walk->pte_address, RV_PRIV_S) & QH_PROT_READ)) {
        return WALK_ACCESS_FAULT;
    }
    if (attrs == QH_ATTR_NONE && QH_HAS(services->cpu, table_cas)) {
        status =
            services->cpu->table_read(&cpu->base, walk->pte_address, walk->pte_bytes, &walk->pte);
    } else {
        status = services->mem->read_word(services->cpu->space(&cpu->base), walk->pte_address,
                                          walk->pte_bytes, attrs, &walk->pte);
    }
    return status == QH_BUS_OK ? WALK_OK : WALK_ACCESS_FAULT;
}

static WalkResult cas_pte(RvCpu *cpu, const Walk *walk, uint64_t *expected, uint64_t wanted)
{
    const TargetServices *services = rv_services(cpu);
    uint32_t both = QH_PROT_READ | QH_PROT_WRITE, status;

    if ((rv_pmp_rights(cpu, walk->pte_address, RV_PRIV_S) & both) != both) {
        return WALK_ACCESS_FAULT;
    }
    if (QH_HAS(services->cpu, table_cas)) {
        status = services->cpu->table_cas(&cpu->base, walk->pte_address, walk->pte_bytes, expected,
                                          wanted);
    } else {
        status = services->mem->cas_word(services->cpu->space(&cpu->base), walk->pte_address,
                                         walk->pte_bytes, QH_ATTR_NONE, expected, wanted);
    }
    return status == QH_BUS_OK ? WALK_OK : WALK_ACCESS_FAULT;
}

/* A leaf at @level: complete @walk, unless its PPN is misaligned for its size. */
static WalkResult take_leaf(const Mode *mode, uint64_t address, uint32_t level, Walk *walk)
{
    uint64_t ppn = walk->pte >> PTE_PPN_SHIFT & PTE_PPN_MASK;
    uint32_t page_bits = PAGE_BITS + mode->index_bits * level;
    uint64_t mask;

    if (mode->pte_bytes == 8 && walk->pte & PTE_N) {
        if (level != 0 || (ppn & 15) != NAPOT_PPN) {
            return WALK_PAGE_FAULT;
        }
        page_bits = NAPOT_BITS;
        ppn &= ~UINT64_C(15);
    }
    mask = (UINT64_C(1) << page_bits) - 1;
    if (ppn << PAGE_BITS & mask) {
        return WALK_PAGE_FAULT;
    }
    walk->page_bits = page_bits;
    walk->phys = ppn << PAGE_BITS | (address & mask);
    return WALK_OK;
}

/* Priv. 12.3.2, steps 1 to 5. */
static WalkResult
walk_tables(RvCpu *cpu, const Mode *mode, uint64_t address, uint32_t attrs, Walk *walk)
{
    uint64_t table = satp_ppn(cpu, cpu->satp) << PAGE_BITS;
    uint64_t reserved = reserved_bits(cpu);
    uint32_t unused = 64 - mode->va_bits;

    /* The upper bits repeat the highest one that is translated (Priv. 12.4.1). */
    if (mode->va_bits > 32 && (uint64_t)((int64_t)(address << unused) >> unused) != address) {
        return WALK_PAGE_FAULT;
    }
    walk->pte_bytes = mode->pte_bytes;
    walk->global = 0;
    for (uint32_t level = mode->levels; level-- > 0;) {
        uint32_t shift = PAGE_BITS + mode->index_bits * level;
        uint64_t index = address >> shift & ((1u << mode->index_bits) - 1);
        uint64_t pte;

        walk->pte_address = table + index * mode->pte_bytes;
        if (read_pte(cpu, attrs, walk) != WALK_OK) {
            return WALK_ACCESS_FAULT;
        }
        pte = walk->pte;
        if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W || pte & reserved ||
            (mode->pte_bytes == 8 && (pte & PTE_PBMT) == PTE_PBMT_INVALID)) {
            return WALK_PAGE_FAULT;
        }
        walk->global |= pte & PTE_G;
        if (pte & (PTE_R | PTE_X)) {
            return take_leaf(mode, address, level, walk);
        }
        if (pte & (PTE_A | PTE_D | PTE_U) || (mode->pte_bytes == 8 && pte & (PTE_N | PTE_PBMT))) {
            return WALK_PAGE_FAULT;
        }
        table = (pte >> PTE_PPN_SHIFT & PTE_PPN_MASK) << PAGE_BITS;
    }
    return WALK_PAGE_FAULT;
}

/* What the leaf @pte grants under @mmu_index, A and D aside (Priv. 12.3.2, steps 6 and 7). */
static uint32_t leaf_rights(uint64_t pte, uint32_t mmu_index)
{
    uint32_t prot = 0;
    uint32_t plain = mmu_index & ~RV_MMU_MXR;

    if (plain == RV_MMU_U ? !(pte & PTE_U) : (pte & PTE_U && plain != RV_MMU_S_SUM)) {
        return 0;
    }
    if (pte & PTE_R || (pte & PTE_X && mmu_index & RV_MMU_MXR)) {
        prot |= QH_PROT_READ;
    }
    if (pte & PTE_W) {
        prot |= QH_PROT_WRITE;
    }
    /* SUM never lets S execute user pages (Priv. 12.1.1.2). */
    if (pte & PTE_X && (plain == RV_MMU_U || !(pte & PTE_U))) {
        prot |= QH_PROT_EXEC;
    }
    return prot;
}

static uint32_t access_prot(uint32_t access)
{
    return access == QH_ACCESS_FETCH   ? QH_PROT_EXEC
           : access == QH_ACCESS_WRITE ? QH_PROT_WRITE
                                       : QH_PROT_READ;
}

static uint64_t page_fault_cause(uint32_t access)
{
    return access == QH_ACCESS_FETCH   ? RV_CAUSE_FETCH_PAGE
           : access == QH_ACCESS_WRITE ? RV_CAUSE_STORE_PAGE
                                       : RV_CAUSE_LOAD_PAGE;
}

static uint64_t access_fault_cause(uint32_t access)
{
    return access == QH_ACCESS_FETCH   ? RV_CAUSE_FETCH_ACCESS
           : access == QH_ACCESS_WRITE ? RV_CAUSE_STORE_ACCESS
                                       : RV_CAUSE_LOAD_ACCESS;
}

/*
 * Set A, and D for a write: a page fault without Svadu, else an atomic update that fails when the
 * entry changed since it was read; then *@ret_again is set and the walk starts over (Priv. 12.3.2,
 * step 8).
 */
static WalkResult update_leaf(RvCpu *cpu, Walk *walk, uint32_t access, gboolean *ret_again)
{
    uint64_t wanted = walk->pte | PTE_A | (access == QH_ACCESS_WRITE ? PTE_D : 0);
    uint64_t expected = walk->pte;

    *ret_again = FALSE;
    if (wanted == walk->pte) {
        return WALK_OK;
    }
    if (!(cpu->menvcfg & RV_ENVCFG_ADUE)) {
        return WALK_PAGE_FAULT;
    }
    if (cas_pte(cpu, walk, &expected, wanted) != WALK_OK) {
        return WALK_ACCESS_FAULT;
    }
    *ret_again = expected != walk->pte;
    walk->pte = wanted;
    return WALK_OK;
}

/* The whole of Priv. 12.3.2 but the last PMP check. */
static WalkResult translate_page(RvCpu *cpu,
                                 const Mode *mode,
                                 uint64_t address,
                                 uint32_t access,
                                 uint32_t mmu_index,
                                 Walk *walk,
                                 uint32_t *ret_prot)
{
    WalkResult result;
    gboolean again;

    do {
        result = walk_tables(cpu, mode, address, QH_ATTR_NONE, walk);
        if (result != WALK_OK) {
            return result;
        }
        *ret_prot = leaf_rights(walk->pte, mmu_index);
        if (!(*ret_prot & access_prot(access))) {
            return WALK_PAGE_FAULT;
        }
        result = update_leaf(cpu, walk, access, &again);
        if (result != WALK_OK) {
            return result;
        }
    } while (again);
    if (!(walk->pte & PTE_D)) {
        *ret_prot &= ~QH_PROT_WRITE;
    }
    return WALK_OK;
}

gboolean rv_mmu_translate(RvCpu *cpu,
                          uint64_t address,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault)
{
    uint32_t priv = index_priv(mmu_index);
    const Mode *mode = priv == RV_PRIV_M ? NULL : mode_of(satp_mode(cpu));
    uint32_t prot = QH_PROT_READ | QH_PROT_WRITE | QH_PROT_EXEC;
    Walk walk = {.phys = address, .page_bits = PAGE_BITS};
    WalkResult result = WALK_OK;
    uint32_t pmp_bits;

    if (mode != NULL) {
        result = translate_page(cpu, mode, address, access, mmu_index, &walk, &prot);
    }
    if (result == WALK_OK) {
        prot &= rv_pmp_check(cpu, walk.phys, priv, walk.page_bits, &pmp_bits);
        if (prot & access_prot(access)) {
            ret->prot = prot;
            ret->phys = walk.phys;
            ret->page_bits = pmp_bits;
            ret->attrs = QH_ATTR_NONE;
            if (QH_HAS(ret, flags)) {
                /* M translates alike under every satp */
                ret->flags = priv == RV_PRIV_M || walk.global != 0 ? QH_TRANSLATION_GLOBAL : 0;
            }
            return TRUE;
        }
        result = WALK_ACCESS_FAULT;
    }
    fault->cause =
        result == WALK_PAGE_FAULT ? page_fault_cause(access) : access_fault_cause(access);
    fault->payload = address;
    return FALSE;
}

gboolean rv_mmu_debug_translate(RvCpu *cpu, uint64_t address, uint64_t *ret_phys)
{
    const Mode *mode = cpu->priv == RV_PRIV_M ? NULL : mode_of(satp_mode(cpu));
    Walk walk = {.phys = address};

    if (mode != NULL && walk_tables(cpu, mode, address, QH_ATTR_DEBUG, &walk) != WALK_OK) {
        return FALSE;
    }
    *ret_phys = walk.phys;
    return TRUE;
}

void rv_mmu_flush_all(RvCpu *cpu)
{
    rv_services(cpu)->cpu->tlb_flush(&cpu->base, (1u << RV_N_MMU) - 1);
}

/* The host's name for what satp selects: bare, or one ASID under one mode. */
static uint64_t context_of(const RvCpu *cpu, uint64_t asid)
{
    uint32_t mode = satp_mode(cpu);

    return mode == RV_SATP_BARE ? 0 : (uint64_t)mode << 16 | asid;
}

/* M does not translate, so its index never changes. */
#define TRANSLATED (((1u << RV_N_MMU) - 1) & ~(1u << RV_MMU_M))

static gboolean mode_supported(const RvCpu *cpu, uint32_t mode)
{
    switch (mode) {
    case RV_SATP_BARE:
        return TRUE;
    case RV_SATP_SV32:
        return cpu->mmu && cpu->mxlen == 32 && cpu->sv32;
    case RV_SATP_SV39:
        return cpu->mmu && cpu->sv39;
    case RV_SATP_SV48:
        return cpu->mmu && cpu->sv48;
    case RV_SATP_SV57:
        return cpu->mmu && cpu->sv57;
    default:
        return FALSE;
    }
}

/*
 * Priv. 12.1.11: a write with an unsupported mode has no effect at all. Software need not fence
 * when it switches between address spaces of different ASIDs. It must when it gives an ASID another
 * root; flushing then costs nothing, because such software does so anyway, and spares debugging.
 */
void rv_mmu_write_satp(RvCpu *cpu, uint64_t value)
{
    uint64_t old = cpu->satp, old_context = context_of(cpu, satp_asid(cpu)), context;
    uint32_t mode = cpu->mxlen == 32 ? (uint32_t)(value >> 31 & 1) : (uint32_t)(value >> 60);

    if (!mode_supported(cpu, mode)) {
        return;
    }
    cpu->satp = value;
    context = context_of(cpu, satp_asid(cpu));
    if (context >> 16 != old_context >> 16) {
        /* global mappings belong to all spaces of one mode, and Bare has none (Priv. 12.1.11) */
        rv_services(cpu)->cpu->tlb_flush(&cpu->base, TRANSLATED);
    }
    if (context != old_context) {
        rv_services(cpu)->cpu->tlb_set_context(&cpu->base, context);
    } else if (satp_ppn(cpu, old) != satp_ppn(cpu, value)) {
        rv_services(cpu)->cpu->tlb_flush_context(&cpu->base, context);
    }
}

void rv_mmu_satp_written(RvCpu *cpu)
{
    if (!mode_supported(cpu, satp_mode(cpu))) {
        cpu->satp = 0;
    }
    rv_services(cpu)->cpu->tlb_set_context(&cpu->base, context_of(cpu, satp_asid(cpu)));
}

/* Whether the current mode may execute sfence.vma and its like (Priv. 3.1.6.6, 12.2.1, Svinval). */
static gboolean fence_allowed(const RvCpu *cpu, gboolean trap_virtual_memory)
{
    if (!cpu->ext_s || cpu->priv == RV_PRIV_U) {
        return FALSE;
    }
    return cpu->priv == RV_PRIV_M || !trap_virtual_memory || !(cpu->mstatus & RV_MSTATUS_TVM);
}

/*
 * Priv. 12.2.1: rs1 names an address, rs2 an address space; x0 stands for all. With an ASID global
 * mappings stay, except that an address is forgotten in all spaces, which is allowed and seldom
 * makes a difference.
 */
void rv_helper_sfence_vma(QhCpu *base, uint32_t insn, uint64_t address, uint64_t asid)
{
    RvCpu *cpu = rv_cpu(base);
    const QhCpuService *host = rv_services(cpu)->cpu;
    gboolean any_address = (insn >> 15 & 31) == 0;
    gboolean any_asid = (insn >> 20 & 31) == 0;

    if (!fence_allowed(cpu, TRUE)) {
        rv_cpu_raise(cpu, RV_CAUSE_ILLEGAL, insn);
        return;
    }
    if (cpu->mxlen == 32) {
        address = (uint32_t)address;
    }
    if (!any_address) {
        host->tlb_flush_page(base, address, TRANSLATED);
    } else if (any_asid || satp_mode(cpu) == RV_SATP_BARE) {
        host->tlb_flush(base, TRANSLATED); /* with Bare the mode of @asid's space is not known */
    } else {
        host->tlb_flush_context(base, context_of(cpu, asid & (cpu->mxlen == 32 ? 0x1ff : 0xffff)));
    }
}

void rv_helper_sfence_check(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);

    if (!fence_allowed(cpu, FALSE)) {
        rv_cpu_raise(cpu, RV_CAUSE_ILLEGAL, insn);
    }
}
