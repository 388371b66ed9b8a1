/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the interrupt controllers have in common: banks of 32 interrupts with their registers, sets
 * of numbers that are searched quickly, and the priority rules of a CPU interface, physical or
 * virtual. GICv2: IHI 0048; GICv3: IHI 0069. All calls are [device].
 */
#ifndef ARM_GIC_BANK_H
#define ARM_GIC_BANK_H

#include "abi/base.h"

#define GIC_SPI_FIRST 32u
#define GIC_SPI_END   1020u
#define GIC_N_BANKS   32u /* 1024 numbers */
#define GIC_SPURIOUS  1023u

/* Five bits of priority, so 32 levels; the lowest three bits of a field are RAZ/WI. */
#define GIC_PRIORITY_MASK 0xf8u
#define GIC_IDLE          0x100u /* lower than any priority: nothing is pending, or running */
#define GIC_BPR0_MIN      2u     /* 7 minus the bits: each level preempts the next */
#define GIC_BPR1_MIN      3u

/* Interrupts 32 N .. 32 N + 31; bit I of each word is one. */
typedef struct GicBank {
    uint32_t exists;  /* interrupts that there are; fixed after realize */
    uint32_t fixed;   /* always edge-triggered: SGIs */
    uint32_t group;   /* 1: group 1 */
    uint32_t enabled; /* forwarded */
    uint32_t latched; /* an edge, or a write to ISPENDR */
    uint32_t active;
    uint32_t level; /* the input line is high */
    uint32_t edge;  /* ICFGR: edge-triggered */
    uint8_t priority[32];
} GicBank;

/* Reset values; input lines keep their level. */
void gic_bank_reset(GicBank *bank);
/* The input line of interrupt @i changed; TRUE: more than the line may have changed. */
gboolean gic_bank_line(GicBank *bank, uint32_t i, gboolean level);
static inline uint32_t gic_bank_pending(const GicBank *bank)
{
    return bank->latched | (bank->level & ~bank->edge);
}
/* Could be taken when the interface of group N (bit N of @groups) is on. */
static inline uint32_t gic_bank_ready(const GicBank *bank, uint32_t groups)
{
    uint32_t of_groups = (groups & 1 ? ~bank->group : 0) | (groups & 2 ? bank->group : 0);

    return gic_bank_pending(bank) & bank->enabled & ~bank->active & of_groups & bank->exists;
}
/* Pending becomes active, as an acknowledge does it. */
void gic_bank_take(GicBank *bank, uint32_t i);

/*
 * The register space that distributor and redistributors share: IGROUPR at 0x080 up to ICFGR at
 * 0xcff. gic_bank_of: which bank @offset belongs to, GIC_N_BANKS: none of these registers. Reads
 * and writes are of 1, 2 or 4 aligned bytes inside that bank's registers. Bits of @hidden read as
 * zero and ignore writes.
 */
uint32_t gic_bank_of(uint32_t offset);
uint32_t gic_bank_read(const GicBank *bank, uint32_t offset, uint32_t width, uint32_t hidden);
void gic_bank_write(
    GicBank *bank, uint32_t offset, uint32_t width, uint32_t value, uint32_t hidden);
/* Whether a write to @offset is one of ISPENDR or ICPENDR, whose SGIs GICv2 has elsewhere. */
static inline gboolean gic_offset_is_pending(uint32_t offset)
{
    return offset >= 0x200 && offset < 0x300;
}

/* The byte, half word or word that an access to @offset takes out of register @word. */
static inline uint32_t gic_part(uint32_t word, uint32_t offset, uint32_t width)
{
    return word >> offset % 4 * 8 & (uint32_t)(UINT64_MAX >> (64 - 8 * width));
}

/* SPIs that one PE could take now: bit I of word[N] is number 32 N + I; bit N of words: word[N] is
 * not 0. */
typedef struct GicReady {
    uint32_t words;
    uint32_t word[GIC_N_BANKS];
} GicReady;

/* FALSE: it was so already. */
gboolean gic_ready_set(GicReady *ready, uint32_t n, gboolean on);

/* The interrupt that comes first of those that were looked at. */
typedef struct GicBest {
    uint32_t number;   /* GIC_SPURIOUS: none */
    uint32_t priority; /* GIC_IDLE: none */
    uint32_t group;
} GicBest;
#define GIC_NONE ((GicBest){.number = GIC_SPURIOUS, .priority = GIC_IDLE})

/* Look at interrupts @ready of @bank, whose first has number @base: the highest priority wins, then
 * the lowest number. */
void gic_best_of_bank(GicBest *best, const GicBank *bank, uint32_t ready, uint32_t base);
/* The same for SPIs. @banks: of all numbers. */
void gic_best_of_spis(GicBest *best, const GicBank *banks, const GicReady *ready);

/* One CPU interface as far as priorities go (IHI 0048, 3.3; IHI 0069, 4.8). */
typedef struct GicInterface {
    uint32_t enable; /* bit N: group N is signalled */
    uint32_t common; /* CBPR: BPR0 serves both groups */
    uint32_t split;  /* EOImode: EOI only drops the priority, DIR deactivates */
    uint32_t pmr;
    uint32_t bpr[2];
    uint32_t active[2]; /* APR: bit N: priority 8 N of the group is active */
} GicInterface;

void gic_interface_reset(GicInterface *iface);
/* The highest active priority, GIC_IDLE when there is none. */
uint32_t gic_running(const GicInterface *iface);
/* Bits of a priority that decide about preemption in @group. */
uint32_t gic_group_bits(const GicInterface *iface, uint32_t group);
/* Whether an interrupt of @group and @priority would be signalled now. */
gboolean gic_signals(const GicInterface *iface, uint32_t group, uint32_t priority);
/* Its priority becomes active. */
void gic_activate(GicInterface *iface, uint32_t group, uint32_t priority);
/* Priority drop; returns the group whose priority it was, 2: none was active. @group 0 or 1: only
 * if it is that one's; 2: whichever. */
uint32_t gic_drop(GicInterface *iface, uint32_t group);
void gic_set_bpr(GicInterface *iface, uint32_t group, uint32_t value);
/* What BPR of @group reads as. */
uint32_t gic_bpr(const GicInterface *iface, uint32_t group);

#endif
