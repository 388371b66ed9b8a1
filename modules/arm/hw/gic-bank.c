/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Banks of interrupts and the rules of priorities: gic-bank.h. */
#include "gic-bank.h"

#include <string.h>

/* First offsets of the registers (IHI 0048, table 4-1; IHI 0069, 12.8, 12.10). */
#define IGROUPR    0x080u
#define ISENABLER  0x100u
#define ICENABLER  0x180u
#define ISPENDR    0x200u
#define ICPENDR    0x280u
#define ISACTIVER  0x300u
#define ICACTIVER  0x380u
#define IPRIORITYR 0x400u
#define ITARGETSR  0x800u
#define ICFGR      0xc00u
#define ICFGR_END  0xd00u

void gic_bank_reset(GicBank *bank)
{
    bank->group = bank->enabled = bank->latched = bank->active = 0;
    bank->edge = bank->fixed;
    memset(bank->priority, 0, sizeof(bank->priority));
}

gboolean gic_bank_line(GicBank *bank, uint32_t i, gboolean level)
{
    uint32_t bit = 1u << i;

    if (!(bank->exists & bit) || !(bank->level & bit) == !level) {
        return FALSE;
    }
    bank->level ^= bit;
    if (level && (bank->edge & bit)) {
        bank->latched |= bit;
    }
    return TRUE;
}

void gic_bank_take(GicBank *bank, uint32_t i)
{
    bank->latched &= ~(1u << i);
    bank->active |= 1u << i;
}

uint32_t gic_bank_of(uint32_t offset)
{
    if (offset >= IGROUPR && offset < IPRIORITYR) {
        return offset % 0x80 / 4;
    }
    if (offset >= IPRIORITYR && offset < ITARGETSR) {
        return (offset - IPRIORITYR) / 32;
    }
    if (offset >= ICFGR && offset < ICFGR_END) {
        return (offset - ICFGR) / 8;
    }
    return GIC_N_BANKS;
}

/* A bit for every second bit: what ICFGR says of 16 interrupts, starting at bit 1. */
static uint32_t spread(uint32_t half)
{
    uint32_t word = 0;

    for (uint32_t i = 0; i < 16; i++) {
        word |= (half >> i & 1) << (2 * i + 1);
    }
    return word;
}

static uint32_t gather(uint32_t word)
{
    uint32_t half = 0;

    for (uint32_t i = 0; i < 16; i++) {
        half |= (word >> (2 * i + 1) & 1) << i;
    }
    return half;
}

static uint32_t read_word(const GicBank *bank, uint32_t offset)
{
    switch (offset & ~0x7fu) {
    case IGROUPR:
        return bank->group;
    case ISENABLER:
    case ICENABLER:
        return bank->enabled;
    case ISPENDR:
    case ICPENDR:
        return gic_bank_pending(bank);
    default:
        return bank->active;
    }
}

uint32_t gic_bank_read(const GicBank *bank, uint32_t offset, uint32_t width, uint32_t hidden)
{
    uint32_t shown = bank->exists & ~hidden;
    uint32_t value = 0;

    if (offset >= ICFGR) {
        return gic_part(spread((bank->edge & shown) >> offset % 8 / 4 * 16), offset, width);
    }
    if (offset >= IPRIORITYR) {
        for (uint32_t i = 0; i < width; i++) {
            uint32_t n = (offset + i) % 32;
            value |= (shown >> n & 1 ? (uint32_t)bank->priority[n] : 0) << 8 * i;
        }
        return value;
    }
    return gic_part(read_word(bank, offset) & shown, offset, width);
}

/* Bits of @changed were written, with the value @bits. */
static void write_word(GicBank *bank, uint32_t offset, uint32_t bits, uint32_t changed)
{
    switch (offset & ~0x7fu) {
    case ISENABLER:
        bank->enabled |= bits;
        break;
    case ICENABLER:
        bank->enabled &= ~bits;
        break;
    case ISPENDR:
        bank->latched |= bits;
        break;
    case ICPENDR:
        bank->latched &= ~bits;
        break;
    case ISACTIVER:
        bank->active |= bits;
        break;
    case ICACTIVER:
        bank->active &= ~bits;
        break;
    default:
        bank->group = (bank->group & ~changed) | bits;
    }
}

void gic_bank_write(GicBank *bank, uint32_t offset, uint32_t width, uint32_t value, uint32_t hidden)
{
    uint32_t shown = bank->exists & ~hidden;
    uint32_t written = (uint32_t)(UINT64_MAX >> (64 - 8 * width)) << offset % 4 * 8;

    value = value << offset % 4 * 8 & written;
    if (offset >= ICFGR) {
        uint32_t shift = offset % 8 / 4 * 16;
        uint32_t changed = gather(written) << shift & shown & ~bank->fixed;
        bank->edge = (bank->edge & ~changed) | (gather(value) << shift & changed);
        return;
    }
    if (offset >= IPRIORITYR) {
        for (uint32_t i = 0; i < width; i++) {
            uint32_t n = (offset + i) % 32;
            if (shown >> n & 1) {
                bank->priority[n] = (uint8_t)(value >> (offset + i) % 4 * 8 & GIC_PRIORITY_MASK);
            }
        }
        return;
    }
    write_word(bank, offset, value & shown, written & shown);
}

gboolean gic_ready_set(GicReady *ready, uint32_t n, gboolean on)
{
    uint32_t *word = &ready->word[n / 32];
    uint32_t bit = 1u << n % 32;

    if (!(*word & bit) == !on) {
        return FALSE;
    }
    *word ^= bit;
    if (*word != 0) {
        ready->words |= 1u << n / 32;
    } else {
        ready->words &= ~(1u << n / 32);
    }
    return TRUE;
}

void gic_best_of_bank(GicBest *best, const GicBank *bank, uint32_t ready, uint32_t base)
{
    for (; ready != 0; ready &= ready - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(ready);

        if (bank->priority[i] < best->priority) {
            best->number = base + i;
            best->priority = bank->priority[i];
            best->group = bank->group >> i & 1;
        }
    }
}

void gic_best_of_spis(GicBest *best, const GicBank *banks, const GicReady *ready)
{
    for (uint32_t words = ready->words; words != 0; words &= words - 1) {
        uint32_t n = (uint32_t)__builtin_ctz(words);

        gic_best_of_bank(best, &banks[n], ready->word[n], 32 * n);
    }
}

void gic_interface_reset(GicInterface *iface)
{
    *iface = (GicInterface){
        .bpr = {GIC_BPR0_MIN, GIC_BPR1_MIN}
    };
}

uint32_t gic_running(const GicInterface *iface)
{
    uint32_t active = iface->active[0] | iface->active[1];

    return active == 0 ? GIC_IDLE : (uint32_t)__builtin_ctz(active) * 8;
}

/* Table "priority grouping": BPR0 = B leaves bits 7 .. B+1, group 1's own register bits 7 .. B. */
uint32_t gic_group_bits(const GicInterface *iface, uint32_t group)
{
    if (group == 1 && !iface->common) {
        return 0xffu << iface->bpr[1] & 0xff;
    }
    return 0xffu << (iface->bpr[0] + 1) & 0xff;
}

gboolean gic_signals(const GicInterface *iface, uint32_t group, uint32_t priority)
{
    uint32_t running = gic_running(iface);

    return (iface->enable >> group & 1) && priority < iface->pmr &&
           (running == GIC_IDLE || (priority & gic_group_bits(iface, group)) < running);
}

void gic_activate(GicInterface *iface, uint32_t group, uint32_t priority)
{
    iface->active[group] |= 1u << (priority & gic_group_bits(iface, group)) / 8;
}

uint32_t gic_drop(GicInterface *iface, uint32_t group)
{
    uint32_t active = iface->active[0] | iface->active[1];
    uint32_t lowest = active & -active;
    uint32_t of = iface->active[0] & lowest ? 0 : 1;

    if (lowest == 0 || (group < 2 && group != of)) {
        return 2;
    }
    iface->active[of] &= ~lowest;
    return of;
}

void gic_set_bpr(GicInterface *iface, uint32_t group, uint32_t value)
{
    iface->bpr[group] = MAX(value & 7, group == 0 ? GIC_BPR0_MIN : GIC_BPR1_MIN);
}

uint32_t gic_bpr(const GicInterface *iface, uint32_t group)
{
    if (group == 1 && iface->common) {
        return MIN(iface->bpr[0] + 1, 7u); /* IHI 0069, 12.2.5 */
    }
    return iface->bpr[group];
}
