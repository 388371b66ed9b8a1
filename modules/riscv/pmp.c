/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory protection (Priv. 3.7).
 *
 * The entries cut the physical address space into spans that one entry decides, the lowest-numbered
 * of those that match. The spans are computed when a register has changed and an address is looked
 * up, which is rare; a look-up is then a comparison with the last span, or a binary search. A span
 * also tells for how large an aligned range the verdict holds, which is what a TLB wants to know.
 */
#include "modules/riscv/system.h"

/* pmpcfg fields (Priv. 3.7.1) */
#define CFG_R       0x01u
#define CFG_W       0x02u
#define CFG_X       0x04u
#define CFG_A_SHIFT 3u
#define CFG_A_MASK  0x18u
#define CFG_L       0x80u
#define CFG_VALID   (CFG_R | CFG_W | CFG_X | CFG_A_MASK | CFG_L)
#define A_OFF       0u
#define A_TOR       1u
#define A_NA4       2u
#define A_NAPOT     3u

#define PROT_ALL (QH_PROT_READ | QH_PROT_WRITE | QH_PROT_EXEC)

static uint32_t address_mode(const RvCpu *cpu, uint32_t entry)
{
    return (cpu->pmpcfg[entry] & CFG_A_MASK) >> CFG_A_SHIFT;
}

/* Highest physical address plus one: 34 bits on RV32, 56 on RV64 (Priv. 3.7.1). */
static uint64_t physical_end(const RvCpu *cpu)
{
    return cpu->mxlen == 32 ? UINT64_C(1) << 34 : UINT64_C(1) << 56;
}

/* The range [*@ret_first, *@ret_end) of @entry; FALSE when it matches nothing. */
static gboolean
entry_range(const RvCpu *cpu, uint32_t entry, uint64_t *ret_first, uint64_t *ret_end)
{
    uint64_t address = cpu->pmpaddr[entry];
    uint64_t first, end;

    switch (address_mode(cpu, entry)) {
    case A_TOR:
        first = entry == 0 ? 0 : cpu->pmpaddr[entry - 1] << 2;
        end = address << 2;
        break;
    case A_NA4:
        first = address << 2;
        end = first + 4;
        break;
    case A_NAPOT: {
        /* The lowest zero bit ends a run of ones that encodes the size. */
        uint64_t ones = address & ~(address + 1);
        first = (address & ~ones) << 2;
        end = first + ((ones + 1) << 3);
        break;
    }
    default:
        return FALSE;
    }
    *ret_first = first;
    *ret_end = MIN(end, physical_end(cpu));
    return first < *ret_end;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* The entry that decides @address. */
static uint32_t find_entry(const RvCpu *cpu, uint64_t address)
{
    uint64_t first, end;

    for (uint32_t i = 0; i < cpu->n_pmp; i++) {
        if (entry_range(cpu, i, &first, &end) && address >= first && address < end) {
            return i;
        }
    }
    return RV_PMP_MAX;
}

/* Between two neighbouring bounds no entry begins or ends, so one look-up decides them all. */
static void build_spans(RvCpu *cpu)
{
    RvSystem *system = cpu->system;
    uint64_t bounds[2 * RV_PMP_MAX + 1];
    uint32_t n = 0, spans = 0;

    bounds[n++] = 0;
    for (uint32_t i = 0; i < cpu->n_pmp; i++) {
        uint64_t first, end;
        if (entry_range(cpu, i, &first, &end)) {
            bounds[n++] = first;
            bounds[n++] = end;
        }
    }
    qsort(bounds, n, sizeof(bounds[0]), compare_u64);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t next = i + 1 < n ? bounds[i + 1] : 0; /* 0: the last span has no end */
        uint32_t entry;

        if (i + 1 < n && next == bounds[i]) {
            continue;
        }
        entry = find_entry(cpu, bounds[i]);
        if (spans == 0 || system->spans[spans - 1].entry != entry) {
            system->spans[spans++].entry = entry;
        }
        system->spans[spans - 1].last = next - 1;
    }
    system->n_spans = spans;
    system->last_span = 0;
}

static uint32_t find_span(RvCpu *cpu, uint64_t address)
{
    RvSystem *system = cpu->system;
    uint32_t low = 0, high;

    if (system->n_spans == 0) {
        build_spans(cpu);
    }
    low = system->last_span;
    if (address <= system->spans[low].last && (low == 0 || address > system->spans[low - 1].last)) {
        return low;
    }
    low = 0;
    high = system->n_spans - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (address <= system->spans[middle].last) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    system->last_span = low;
    return low;
}

/* log2 of the largest naturally aligned block around @address inside [@first, @last]; what is
 * larger than 1 << @most does not matter, and usually the first look suffices. */
static uint32_t aligned_bits(uint64_t address, uint64_t first, uint64_t last, uint32_t most)
{
    uint32_t bits = most;

    while (bits > 2) {
        uint64_t mask = (UINT64_C(1) << bits) - 1;
        if ((address & ~mask) >= first && (address | mask) <= last) {
            break;
        }
        bits--;
    }
    return bits;
}

static uint32_t span_rights(const RvCpu *cpu, const RvPmpSpan *span, uint32_t priv)
{
    uint32_t cfg;

    /* Priv. 3.7.1.3: without a match M may do all, others nothing. */
    if (span->entry == RV_PMP_MAX) {
        return priv == RV_PRIV_M ? PROT_ALL : 0;
    }
    cfg = cpu->pmpcfg[span->entry];
    if (priv == RV_PRIV_M && !(cfg & CFG_L)) {
        return PROT_ALL;
    }
    return (cfg & CFG_R ? QH_PROT_READ : 0) | (cfg & CFG_W ? QH_PROT_WRITE : 0) |
           (cfg & CFG_X ? QH_PROT_EXEC : 0);
}

uint32_t rv_pmp_rights(RvCpu *cpu, uint64_t address, uint32_t priv)
{
    return cpu->n_pmp == 0 ? PROT_ALL
                           : span_rights(cpu, &cpu->system->spans[find_span(cpu, address)], priv);
}

uint32_t
rv_pmp_check(RvCpu *cpu, uint64_t address, uint32_t priv, uint32_t most, uint32_t *ret_bits)
{
    const RvPmpSpan *span;
    uint32_t index;

    if (cpu->n_pmp == 0) {
        *ret_bits = most;
        return PROT_ALL;
    }
    index = find_span(cpu, address);
    span = &cpu->system->spans[index];
    *ret_bits = aligned_bits(address, index == 0 ? 0 : span[-1].last + 1, span->last, most);
    return span_rights(cpu, span, priv);
}

/* Every cached translation holds a verdict. */
static void changed(RvCpu *cpu)
{
    cpu->system->n_spans = 0;
    rv_mmu_flush_all(cpu);
}

uint64_t rv_pmp_read_cfg(const RvCpu *cpu, uint32_t number)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < cpu->mxlen / 8; i++) {
        value |= (uint64_t)cpu->pmpcfg[number * 4 + i] << (8 * i);
    }
    return value;
}

/* pmpcfg @number (even on RV64) holds entries 4 * @number and up (Priv. 3.7.1). */
void rv_pmp_write_cfg(RvCpu *cpu, uint32_t number, uint64_t value)
{
    for (uint32_t i = 0; i < cpu->mxlen / 8; i++) {
        uint32_t entry = number * 4 + i;
        uint8_t cfg = (uint8_t)(value >> (8 * i)) & CFG_VALID;

        if (entry >= cpu->n_pmp || cpu->pmpcfg[entry] & CFG_L) {
            continue;
        }
        if (!(cfg & CFG_R)) {
            cfg &= (uint8_t)~CFG_W; /* W without R is reserved */
        }
        cpu->pmpcfg[entry] = cfg;
    }
    changed(cpu);
}

void rv_pmp_write_addr(RvCpu *cpu, uint32_t entry, uint64_t value)
{
    uint64_t mask = (physical_end(cpu) - 1) >> 2;

    if (cpu->pmpcfg[entry] & CFG_L) {
        return;
    }
    /* A locked top-of-range entry locks the address below it, too (Priv. 3.7.1.2). */
    if (entry + 1 < cpu->n_pmp && cpu->pmpcfg[entry + 1] & CFG_L &&
        address_mode(cpu, entry + 1) == A_TOR) {
        return;
    }
    cpu->pmpaddr[entry] = value & mask;
    changed(cpu);
}
