/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks through translation tables (Arm D8.2 to D8.5): stage 1 of all regimes with 4, 16 and 64 KiB
 * granules, stage 2, and stage 1 whose tables lie behind stage 2.
 *
 * A walk goes down to a leaf, judges it, then brings the access flag and the dirty state up to
 * date. What is returned as rights needs none of these steps again, so a clean page is not writable
 * yet. The contiguous hint is not used: it allows to remember more at once and promises nothing.
 */
#include "modules/arm/mmu.h"
#include "modules/arm/regs.h"

#define DESC_VALID      ARM_BIT(0)
#define DESC_TABLE      ARM_BIT(1) /* at level 3: a page */
#define DESC_AP_USER    ARM_BIT(6)
#define DESC_AP_RO      ARM_BIT(7)
#define DESC_S2_READ    ARM_BIT(6)
#define DESC_S2_WRITE   ARM_BIT(7)
#define DESC_AF         ARM_BIT(10)
#define DESC_NG         ARM_BIT(11)
#define DESC_GP         ARM_BIT(50)
#define DESC_DBM        ARM_BIT(51)
#define DESC_PXN        ARM_BIT(53)
#define DESC_UXN        ARM_BIT(54) /* XN where there is one kind of it */
#define TABLE_PXN       ARM_BIT(59)
#define TABLE_UXN       ARM_BIT(60)
#define TABLE_NO_USER   ARM_BIT(61)
#define TABLE_RO        ARM_BIT(62)
#define TABLE_HIERARCHY (TABLE_PXN | TABLE_UXN | TABLE_NO_USER | TABLE_RO)

/* One stage, as its registers have it. */
typedef struct Stage {
    uint64_t table;
    uint64_t address; /* what is looked up, without the bits above input_bits */
    uint32_t input_bits, output_bits;
    uint32_t granule; /* log2 of bytes */
    uint32_t level;   /* of the first look-up */
    gboolean second;
    gboolean nested; /* the tables' addresses are IPAs */
    gboolean wide;   /* addresses in descriptors have 52 bits */
    gboolean flat;   /* hierarchical permissions are off */
    gboolean ha, hd, swap;
    gboolean two_halves;
} Stage;

typedef struct Leaf {
    uint64_t descriptor;
    uint64_t where; /* of the descriptor: physical, and as the table's address has it */
    uint64_t where_ipa;
    uint64_t output; /* of the byte asked for */
    uint64_t tables; /* TABLE_HIERARCHY of those on the way */
    uint32_t level, page_bits;
} Leaf;

static uint64_t low_bits(uint32_t n)
{
    return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

static gboolean fail(ArmFault *fault, uint32_t status, const Stage *stage, uint64_t ipa)
{
    *fault = (ArmFault){.status = status, .stage2 = stage->second, .ipa = ipa};
    return FALSE;
}

/* Bits of an address by PS, IPS (Arm D19 "TCR_EL1"), at most what the PE has. */
static uint32_t size_of(const ArmCpu *cpu, uint32_t ps, gboolean wide)
{
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    uint32_t most = wide ? cpu->pa_bits : MIN(cpu->pa_bits, 48u);

    return MIN(bits[ps & 7], most);
}

/* log2 of a granule by TG0, and by TG1; reserved values, and what the PE does not have, are 4 KiB.
 */
static uint32_t granule_of(const ArmCpu *cpu, uint32_t field, gboolean upper)
{
    static const uint8_t tg0[4] = {12, 16, 14, 12}, tg1[4] = {12, 14, 12, 16};
    uint32_t granule = upper ? tg1[field & 3] : tg0[field & 3];

    return granule == 14 && !cpu->has_tgran16 ? 12 : granule;
}

/* The table's address from TTBR or VTTBR; the first level has @entries_bits of an index. */
static uint64_t base_of(const Stage *stage, uint64_t ttbr)
{
    uint32_t shift = stage->granule + (stage->granule - 3) * (3 - stage->level);
    uint32_t align = stage->input_bits - shift + 3;
    uint64_t base;

    if (stage->wide && stage->output_bits > 48) { /* Arm D8.2.3: BADDR[51:48] is in bits 5-2 */
        align = MAX(align, 6u);
        return (ttbr & low_bits(48) & ~low_bits(align)) | (ttbr >> 2 & 15) << 48;
    }
    base = ttbr & low_bits(48) & ~low_bits(align) & ~UINT64_C(1);
    return base;
}

/* Sizes of input addresses (Arm D8.2.1): TnSZ beyond its bounds is taken for the bound. */
static uint32_t clamp_tsz(const ArmCpu *cpu, uint32_t tsz, uint32_t granule)
{
    uint32_t least = granule == 16 && cpu->has_lva ? 12 : 16;
    uint32_t most = !cpu->has_ttst ? 39 : granule == 16 ? 47 : 48;

    return CLAMP(tsz, least, most);
}

/* Whether @address lies in the half that @stage is for, and what is looked up of it. */
static gboolean
take_address(const Stage *stage, uint64_t address, gboolean tbi, gboolean upper, uint64_t *ret)
{
    int64_t full = (int64_t)address;

    if (tbi) {
        full = upper ? (int64_t)(address << 8) >> 8 : (int64_t)(address & low_bits(56));
    }
    *ret = address & low_bits(stage->input_bits);
    return full >> stage->input_bits == (upper ? -1 : 0);
}

/* What TCR says about the half of @request->address. FALSE: no table is to be read for it. */
static gboolean
set_up_stage1(const ArmRequest *request, Stage *stage, uint64_t *ret_ttbr, gboolean *ret_tbi)
{
    ArmCpu *cpu = request->cpu;
    uint64_t tcr = cpu->tcr[request->level];
    gboolean two = arm_has_two_halves(cpu, request->level);
    uint32_t upper = two && request->address >> 55 & 1 ? 1 : 0;
    gboolean fetch = request->access == QH_ACCESS_FETCH && cpu->has_pauth;
    uint32_t tsz;

    *stage = (Stage){.two_halves = two};
    stage->granule = granule_of(cpu, (uint32_t)(tcr >> (upper ? 30 : 14)), upper != 0);
    tsz = clamp_tsz(cpu, tcr >> (upper ? 16 : 0) & 63, stage->granule);
    stage->input_bits = 64 - tsz;
    stage->level =
        4 - (stage->input_bits - stage->granule + stage->granule - 4) / (stage->granule - 3);
    stage->wide = stage->granule == 16 && cpu->has_lpa;
    stage->output_bits = size_of(cpu, (uint32_t)(tcr >> (two ? 32 : 16)), stage->wide);
    stage->flat = cpu->has_hpds && tcr >> (two ? 41 + upper : 24) & 1;
    stage->ha = cpu->has_hafdbs && tcr >> (two ? 39 : 21) & 1;
    stage->hd = stage->ha && tcr >> (two ? 40 : 22) & 1;
    stage->swap = cpu->sctlr[request->level] & ARM_SCTLR_EE ? TRUE : FALSE;
    stage->nested = request->level == 1 && arm_hcr(cpu) & (ARM_HCR_VM | ARM_HCR_DC);
    *ret_ttbr = upper ? cpu->ttbr1[request->level] : cpu->ttbr0[request->level];
    *ret_tbi = tcr >> (two ? 37 + upper : 20) & 1 && !(fetch && tcr >> (two ? 51 + upper : 29) & 1);
    if (two && tcr >> (upper ? 23 : 7) & 1) { /* EPDn */
        return FALSE;
    }
    return !(two && cpu->has_e0pd && request->user && tcr >> (55 + upper) & 1);
}

/* VTCR_EL2 (Arm D8.2.2, "stage 2"). FALSE: it makes no sense together. */
static gboolean set_up_stage2(const ArmRequest *request, Stage *stage)
{
    ArmCpu *cpu = request->cpu;
    uint64_t vtcr = cpu->vtcr;
    uint32_t sl0 = vtcr >> 6 & 3, covered, stride;

    *stage = (Stage){.second = TRUE};
    stage->granule = granule_of(cpu, (uint32_t)(vtcr >> 14), FALSE);
    stride = stage->granule - 3;
    stage->input_bits = 64 - clamp_tsz(cpu, vtcr & 63, stage->granule);
    stage->wide = stage->granule == 16 && cpu->has_lpa;
    stage->output_bits = size_of(cpu, (uint32_t)(vtcr >> 16), stage->wide);
    stage->ha = cpu->has_hafdbs && vtcr >> 21 & 1;
    stage->hd = stage->ha && vtcr >> 22 & 1;
    stage->swap = cpu->sctlr[2] & ARM_SCTLR_EE ? TRUE : FALSE;
    if (sl0 == 3) {
        if (stage->granule != 12 || !cpu->has_ttst) {
            return FALSE;
        }
        stage->level = 3;
    } else {
        stage->level = (stage->granule == 12 ? 2 : 3) - sl0;
    }
    /* up to 16 tables stand side by side at the first level */
    covered = stage->granule + stride * (3 - stage->level);
    return stage->input_bits > covered && stage->input_bits <= covered + stride + 4;
}

static gboolean
walk_stage2(const ArmRequest *request, gboolean on_walk, ArmFound *ret, ArmFault *ret_fault);

/* Where the descriptor at @address of stage 1's tables really is. */
static gboolean find_table(const ArmRequest *request,
                           const Stage *stage,
                           uint64_t address,
                           uint32_t access,
                           uint64_t *ret_phys,
                           ArmFault *fault)
{
    ArmRequest inner = *request;
    ArmFound found;

    if (!stage->nested) {
        *ret_phys = address;
        return TRUE;
    }
    inner.address = address;
    inner.access = access;
    inner.user = FALSE;
    if (!walk_stage2(&inner, TRUE, &found, fault)) {
        return FALSE;
    }
    *ret_phys = found.phys;
    return TRUE;
}

static gboolean read_descriptor(const ArmRequest *request, const Stage *stage, Leaf *leaf)
{
    const TargetServices *services = arm_services(request->cpu);
    QhCpu *base = &request->cpu->base;
    uint32_t status;

    if (request->attrs == QH_ATTR_NONE && QH_HAS(services->cpu, table_cas)) {
        status = services->cpu->table_read(base, leaf->where, 8, &leaf->descriptor);
    } else {
        status = services->mem->read_word(services->cpu->space(base), leaf->where, 8,
                                          request->attrs, &leaf->descriptor);
    }
    if (stage->swap) {
        leaf->descriptor = GUINT64_SWAP_LE_BE(leaf->descriptor);
    }
    return status == QH_BUS_OK;
}

static uint32_t write_descriptor(const ArmRequest *request,
                                 const Stage *stage,
                                 uint64_t where,
                                 uint64_t *expected,
                                 uint64_t wanted)
{
    const TargetServices *services = arm_services(request->cpu);
    QhCpu *base = &request->cpu->base;
    uint64_t old = stage->swap ? GUINT64_SWAP_LE_BE(*expected) : *expected;
    uint64_t new = stage->swap ? GUINT64_SWAP_LE_BE(wanted) : wanted;
    uint32_t status;

    if (QH_HAS(services->cpu, table_cas)) {
        status = services->cpu->table_cas(base, where, 8, &old, new);
    } else {
        status =
            services->mem->cas_word(services->cpu->space(base), where, 8, QH_ATTR_NONE, &old, new);
    }
    *expected = stage->swap ? GUINT64_SWAP_LE_BE(old) : old;
    return status;
}

/* Whether a block may stand at @level (Arm D8.3.1): 1 GiB and 2 MiB; 32 MiB; 512 MiB and 4 TiB. */
static gboolean is_block_level(const Stage *stage, uint32_t level)
{
    return level == 2 ||
           (level == 1 && (stage->granule == 12 || (stage->granule == 16 && stage->wide)));
}

/* Address of the next table, or of the page, in @descriptor; @bits: log2 of what it is aligned to.
 */
static uint64_t target_of(const Stage *stage, uint64_t descriptor, uint32_t bits)
{
    uint64_t target = descriptor & low_bits(48) & ~low_bits(bits);

    return stage->wide ? target | (descriptor >> 12 & 15) << 48 : target;
}

static gboolean
walk_tables(const ArmRequest *request, const Stage *stage, Leaf *leaf, ArmFault *fault)
{
    uint32_t stride = stage->granule - 3, bits;
    uint64_t table = stage->table, target;

    leaf->tables = 0;
    if (table >> stage->output_bits != 0) {
        return fail(fault, ARM_FSC_ADDRESS_SIZE, stage, request->address);
    }
    bits = stage->input_bits - stage->granule - stride * (3 - stage->level);
    for (uint32_t level = stage->level;; level++, bits = stride) {
        uint32_t shift = stage->granule + stride * (3 - level);
        uint64_t index = stage->address >> shift & low_bits(bits);
        gboolean is_leaf;

        leaf->where_ipa = table + 8 * index;
        if (!find_table(request, stage, leaf->where_ipa, QH_ACCESS_READ, &leaf->where, fault)) {
            return FALSE;
        }
        if (!read_descriptor(request, stage, leaf)) {
            return fail(fault, ARM_FSC_EXTERNAL_ON_WALK + level, stage, request->address);
        }
        is_leaf = level == 3 || !(leaf->descriptor & DESC_TABLE);
        if (!(leaf->descriptor & DESC_VALID) ||
            (level == 3 ? !(leaf->descriptor & DESC_TABLE)
                        : is_leaf && !is_block_level(stage, level))) {
            return fail(fault, ARM_FSC_TRANSLATION + level, stage, request->address);
        }
        target = target_of(stage, leaf->descriptor, is_leaf ? shift : stage->granule);
        if (target >> stage->output_bits != 0) {
            return fail(fault, ARM_FSC_ADDRESS_SIZE + level, stage, request->address);
        }
        if (is_leaf) {
            leaf->output = target | (stage->address & low_bits(shift));
            leaf->page_bits = shift;
            leaf->level = level;
            return TRUE;
        }
        leaf->tables |= stage->flat ? 0 : leaf->descriptor & TABLE_HIERARCHY;
        table = target;
    }
}

static uint32_t prot_of(uint32_t access)
{
    return access == QH_ACCESS_FETCH   ? QH_PROT_EXEC
           : access == QH_ACCESS_WRITE ? QH_PROT_WRITE
                                       : QH_PROT_READ;
}

/* The regime of one half (Arm D8.4.1): no unprivileged side, one kind of execute-never. */
static uint32_t rights_alone(const ArmRequest *request, uint64_t leaf, uint64_t tables)
{
    uint32_t prot = QH_PROT_READ;

    if (!(leaf & DESC_AP_RO) && !(tables & TABLE_RO)) {
        prot |= QH_PROT_WRITE;
    }
    if (!(leaf & DESC_UXN) && !(tables & TABLE_UXN) &&
        !(prot & QH_PROT_WRITE && request->cpu->sctlr[request->level] & ARM_SCTLR_WXN)) {
        prot |= QH_PROT_EXEC;
    }
    return prot;
}

/* The regimes that EL0 shares (Arm D8.4.1): what it may write the other side never executes. */
static uint32_t rights_shared(const ArmRequest *request, uint64_t leaf, uint64_t tables)
{
    gboolean user = leaf & DESC_AP_USER && !(tables & TABLE_NO_USER);
    gboolean writable = !(leaf & DESC_AP_RO) && !(tables & TABLE_RO);
    gboolean wxn = (request->cpu->sctlr[request->level] & ARM_SCTLR_WXN) != 0;
    uint32_t prot = 0;

    if (request->user) {
        prot |= user ? QH_PROT_READ : 0;
        prot |= user && writable ? QH_PROT_WRITE : 0;
        if (!((leaf & DESC_UXN) | (tables & TABLE_UXN)) && !(wxn && prot & QH_PROT_WRITE)) {
            prot |= QH_PROT_EXEC;
        }
        return prot;
    }
    if (!(request->pan && user)) {
        prot |= QH_PROT_READ | (writable ? QH_PROT_WRITE : 0);
    }
    if (!((leaf & DESC_PXN) | (tables & TABLE_PXN)) && !(user && writable) && !(wxn && writable)) {
        prot |= QH_PROT_EXEC;
    }
    return prot;
}

/* Stage 2 (Arm D8.4.2): S2AP, and XN by level with FEAT_XNX. */
static uint32_t rights_second(const ArmRequest *request, uint64_t leaf)
{
    uint32_t xn = leaf >> 53 & 3, prot = 0;
    gboolean exec;

    prot |= leaf & DESC_S2_READ ? QH_PROT_READ : 0;
    prot |= leaf & DESC_S2_WRITE ? QH_PROT_WRITE : 0;
    if (request->cpu->has_xnx) {
        exec = xn == 0 || xn == (request->user ? 1u : 3u);
    } else {
        exec = !(xn & 2);
    }
    return prot | (exec ? QH_PROT_EXEC : 0);
}

/* The descriptor as a page that has been written has it: dirty state is in the rights (D8.5.6). */
static uint64_t made_dirty(const Stage *stage, uint64_t descriptor)
{
    if (!stage->hd || !(descriptor & DESC_DBM)) {
        return descriptor;
    }
    return stage->second ? descriptor | DESC_S2_WRITE : descriptor & ~DESC_AP_RO;
}

static uint32_t
rights_of(const ArmRequest *request, const Stage *stage, const Leaf *leaf, uint64_t descriptor)
{
    if (stage->second) {
        return rights_second(request, descriptor);
    }
    return stage->two_halves ? rights_shared(request, descriptor, leaf->tables)
                             : rights_alone(request, descriptor, leaf->tables);
}

/* Store what the access changes in the leaf. *@ret_again: somebody else has changed it since. */
static gboolean update_leaf(const ArmRequest *request,
                            const Stage *stage,
                            Leaf *leaf,
                            uint64_t wanted,
                            gboolean *ret_again,
                            ArmFault *fault)
{
    uint64_t expected = leaf->descriptor, where;

    *ret_again = FALSE;
    if (wanted == leaf->descriptor || request->quiet) {
        return TRUE;
    }
    if (request->settled) {
        return fail(fault, ARM_FSC_ACCESS_FLAG + leaf->level, stage, request->address);
    }
    if (!find_table(request, stage, leaf->where_ipa, QH_ACCESS_WRITE, &where, fault)) {
        return FALSE;
    }
    if (write_descriptor(request, stage, where, &expected, wanted) != QH_BUS_OK) {
        return fail(fault, ARM_FSC_EXTERNAL_ON_WALK + leaf->level, stage, request->address);
    }
    *ret_again = expected != leaf->descriptor;
    leaf->descriptor = wanted;
    return TRUE;
}

/* Walk, judge, update, until nobody interferes. */
static gboolean find_leaf(
    const ArmRequest *request, const Stage *stage, Leaf *leaf, uint32_t *ret_prot, ArmFault *fault)
{
    uint32_t needed = prot_of(request->access);
    gboolean again;

    do {
        uint64_t dirty, wanted;

        if (!walk_tables(request, stage, leaf, fault)) {
            return FALSE;
        }
        if (!(leaf->descriptor & DESC_AF) && !stage->ha) {
            return fail(fault, ARM_FSC_ACCESS_FLAG + leaf->level, stage, request->address);
        }
        dirty = made_dirty(stage, leaf->descriptor);
        if (!(rights_of(request, stage, leaf, dirty) & needed)) {
            return fail(fault, ARM_FSC_PERMISSION + leaf->level, stage, request->address);
        }
        wanted = (request->access == QH_ACCESS_WRITE ? dirty : leaf->descriptor) | DESC_AF;
        if (!update_leaf(request, stage, leaf, wanted, &again, fault)) {
            return FALSE;
        }
    } while (again);
    *ret_prot = rights_of(request, stage, leaf, leaf->descriptor);
    return TRUE;
}

static gboolean walk_stage1(const ArmRequest *request, ArmFound *ret, ArmFault *ret_fault)
{
    ArmCpu *cpu = request->cpu;
    uint64_t ttbr, mair = cpu->mair[request->level];
    gboolean tbi, open;
    Stage stage;
    Leaf leaf = {0};

    open = set_up_stage1(request, &stage, &ttbr, &tbi);
    if (!take_address(&stage, request->address, tbi, stage.two_halves && request->address >> 55 & 1,
                      &stage.address) ||
        !open) {
        return fail(ret_fault, ARM_FSC_TRANSLATION, &stage, 0);
    }
    stage.table = base_of(&stage, ttbr);
    if (!find_leaf(request, &stage, &leaf, &ret->prot, ret_fault)) {
        return FALSE;
    }
    ret->phys = leaf.output;
    ret->page_bits = leaf.page_bits;
    ret->memory = mair >> 8 * (leaf.descriptor >> 2 & 7) & 0xff;
    ret->share = leaf.descriptor >> 8 & 3;
    ret->global = !stage.two_halves || !(leaf.descriptor & DESC_NG);
    ret->guarded = cpu->has_bti && leaf.descriptor & DESC_GP;
    return TRUE;
}

static gboolean
walk_stage2(const ArmRequest *request, gboolean on_walk, ArmFound *ret, ArmFault *ret_fault)
{
    Stage stage;
    Leaf leaf = {0};
    gboolean ok = set_up_stage2(request, &stage) && request->address >> stage.input_bits == 0;

    if (!ok) {
        fail(ret_fault, ARM_FSC_TRANSLATION, &stage, request->address);
    } else {
        stage.address = request->address;
        stage.table = base_of(&stage, request->cpu->vttbr);
        ok = find_leaf(request, &stage, &leaf, &ret->prot, ret_fault);
    }
    /* HCR_EL2.PTW: tables in device memory are refused */
    if (ok && on_walk && arm_hcr(request->cpu) & ARM_HCR_PTW && (leaf.descriptor >> 4 & 3) == 0) {
        ok = fail(ret_fault, ARM_FSC_PERMISSION + leaf.level, &stage, request->address);
    }
    if (!ok) {
        ret_fault->on_walk = on_walk;
        return FALSE;
    }
    ret->phys = leaf.output;
    ret->page_bits = leaf.page_bits;
    return TRUE;
}

/* Stage 1 is off (Arm D8.2.8): the address is what it is. */
static gboolean walk_nothing(const ArmRequest *request, ArmFound *ret, ArmFault *fault)
{
    ArmCpu *cpu = request->cpu;
    gboolean two = arm_has_two_halves(cpu, request->level);
    uint32_t upper = two && request->address >> 55 & 1 ? 1 : 0;
    gboolean tbi = cpu->tcr[request->level] >> (two ? 37 + upper : 20) & 1;
    uint64_t address = tbi && !upper ? request->address & low_bits(56) : request->address;
    gboolean cacheable = request->level == 1 && arm_hcr(cpu) & ARM_HCR_DC;

    if (address >> cpu->pa_bits != 0) {
        *fault = (ArmFault){.status = ARM_FSC_ADDRESS_SIZE};
        return FALSE;
    }
    *ret = (ArmFound){.phys = address,
                      .page_bits = ARM_PAGE_BITS,
                      .prot = QH_PROT_READ | QH_PROT_WRITE | QH_PROT_EXEC,
                      .memory = cacheable ? 0xff : 0,
                      .share = cacheable ? 0 : 2,
                      .global = TRUE};
    return TRUE;
}

/* Arm D8.2.8, D19 "HCR_EL2": DC and TGE act as if SCTLR_EL1.M were 0. */
static gboolean stage1_on(const ArmRequest *request)
{
    uint64_t hcr = arm_hcr(request->cpu);

    if (request->level == 1 && hcr & (ARM_HCR_DC | ARM_HCR_TGE)) {
        return FALSE;
    }
    return (request->cpu->sctlr[request->level] & ARM_SCTLR_M) != 0;
}

gboolean arm_walk_first(const ArmRequest *request, ArmFound *ret, ArmFault *ret_fault)
{
    return stage1_on(request) ? walk_stage1(request, ret, ret_fault)
                              : walk_nothing(request, ret, ret_fault);
}

gboolean arm_walk(const ArmRequest *request, ArmFound *ret, ArmFault *ret_fault)
{
    uint64_t hcr = arm_hcr(request->cpu);
    ArmRequest inner = *request;
    ArmFound second;

    if (!arm_walk_first(request, ret, ret_fault)) {
        return FALSE;
    }
    if (request->level != 1 || !(hcr & (ARM_HCR_VM | ARM_HCR_DC))) {
        return TRUE;
    }
    inner.address = ret->phys;
    if (!walk_stage2(&inner, FALSE, &second, ret_fault)) {
        return FALSE;
    }
    ret->phys = second.phys;
    ret->prot &= second.prot;
    ret->page_bits = MIN(ret->page_bits, second.page_bits);
    return TRUE;
}
