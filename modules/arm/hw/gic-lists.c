/* SPDX-License-Identifier: GPL-2.0-or-later */
/* List registers: gic-lists.h. */
#include "gic-lists.h"

#define EOI_COUNT_ONE   (1u << 27)
#define N_NUMBERS_LPI   8192u
#define STATE(lr)       ((lr) >> 62)
#define STATE_INVALID   0u
#define STATE_PENDING   1u
#define STATE_ACTIVE    2u
#define VIRTUAL_SPECIAL 1020u

/* VMCR of GICv3 (IHI 0069, 12.4.8) and GICv2 (IHI 0048, 5.3.3): low bits are the same. */
#define VMCR_ACKCTL (1u << 2)
#define VMCR_FIQEN  (1u << 3)
#define VMCR_CBPR   (1u << 4)
#define VMCR_EOIM   (1u << 9)

void gic_lists_reset(GicLists *lists)
{
    *lists = (GicLists){0};
    gic_interface_reset(&lists->iface);
}

GicBest gic_lists_best(const GicLists *lists, uint32_t *ret_list)
{
    GicBest best = GIC_NONE;

    for (uint32_t i = 0; i < GIC_N_LISTS; i++) {
        uint64_t lr = lists->lr[i];
        uint32_t group = lr >> GIC_LR_GROUP_SHIFT & 1;

        if (STATE(lr) == STATE_PENDING && (lists->iface.enable >> group & 1) &&
            GIC_LR_PRIORITY(lr) < best.priority) {
            best = (GicBest){GIC_LR_VIRTUAL(lr), GIC_LR_PRIORITY(lr), group};
            *ret_list = i;
        }
    }
    return best;
}

gboolean gic_lists_signals(const GicLists *lists, GicBest *ret_best)
{
    uint32_t list;

    *ret_best = lists->hcr & GIC_HCR_EN ? gic_lists_best(lists, &list) : GIC_NONE;
    return ret_best->priority != GIC_IDLE &&
           gic_signals(&lists->iface, ret_best->group, ret_best->priority);
}

/* A number that cannot be ended does not become active (IHI 0069, 12.4.6). */
void gic_lists_take(GicLists *lists, uint32_t list, const GicBest *best)
{
    gic_activate(&lists->iface, best->group, best->priority);
    lists->lr[list] &= ~GIC_LR_PENDING;
    if (best->number < N_NUMBERS_LPI) {
        lists->lr[list] |= GIC_LR_ACTIVE;
    }
}

/* The list register that has @number active; GIC_N_LISTS: none. */
static uint32_t find_active(const GicLists *lists, uint32_t number)
{
    uint32_t i = 0;

    while (i < GIC_N_LISTS &&
           (!(lists->lr[i] & GIC_LR_ACTIVE) || GIC_LR_VIRTUAL(lists->lr[i]) != number)) {
        i++;
    }
    return i;
}

/* What HCR.EOIcount has counted is asked for with LRENPIE (IHI 0069, 12.4.4). */
static void count_end(GicLists *lists)
{
    lists->hcr += EOI_COUNT_ONE;
}

static GicEnded deactivate(GicLists *lists, uint32_t number)
{
    uint32_t i = find_active(lists, number);
    GicEnded ended = {0};

    if (i == GIC_N_LISTS) {
        count_end(lists);
        return ended;
    }
    lists->lr[i] &= ~GIC_LR_ACTIVE;
    if (lists->lr[i] & GIC_LR_HW) {
        ended.deactivate = TRUE;
        ended.physical = GIC_LR_PHYSICAL(lists->lr[i]);
    }
    return ended;
}

GicEnded gic_lists_end(GicLists *lists, uint32_t group, uint32_t number)
{
    if ((number >= VIRTUAL_SPECIAL && number < N_NUMBERS_LPI) ||
        gic_drop(&lists->iface, group) == 2) {
        return (GicEnded){0};
    }
    /* LPIs are never active */
    if (lists->iface.split || number >= N_NUMBERS_LPI) {
        return (GicEnded){0};
    }
    return deactivate(lists, number);
}

GicEnded gic_lists_deactivate(GicLists *lists, uint32_t number)
{
    if (!lists->iface.split || number >= VIRTUAL_SPECIAL) {
        return (GicEnded){0};
    }
    return deactivate(lists, number);
}

uint32_t gic_lists_eisr(const GicLists *lists)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i < GIC_N_LISTS; i++) {
        uint64_t lr = lists->lr[i];

        if (STATE(lr) == STATE_INVALID && !(lr & GIC_LR_HW) && (lr & GIC_LR_EOI)) {
            bits |= 1u << i;
        }
    }
    return bits;
}

uint32_t gic_lists_elrsr(const GicLists *lists)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i < GIC_N_LISTS; i++) {
        uint64_t lr = lists->lr[i];

        if (STATE(lr) == STATE_INVALID && ((lr & GIC_LR_HW) || !(lr & GIC_LR_EOI))) {
            bits |= 1u << i;
        }
    }
    return bits;
}

uint32_t gic_lists_misr(const GicLists *lists)
{
    uint32_t hcr = lists->hcr;
    uint32_t enable = lists->iface.enable;
    uint32_t n_valid = 0, n_pending = 0, misr = 0;

    for (uint32_t i = 0; i < GIC_N_LISTS; i++) {
        n_valid += STATE(lists->lr[i]) != STATE_INVALID;
        n_pending += STATE(lists->lr[i]) == STATE_PENDING;
    }
    misr |= gic_lists_eisr(lists) != 0 ? 1u : 0;
    misr |= (hcr & GIC_HCR_UIE) && n_valid < 2 ? 1u << 1 : 0;
    misr |= (hcr & GIC_HCR_LRENPIE) && GIC_HCR_EOICOUNT(hcr) != 0 ? 1u << 2 : 0;
    misr |= (hcr & GIC_HCR_NPIE) && n_pending == 0 ? 1u << 3 : 0;
    misr |= (hcr & GIC_HCR_VGRP0EIE) && (enable & 1) ? 1u << 4 : 0;
    misr |= (hcr & GIC_HCR_VGRP0DIE) && !(enable & 1) ? 1u << 5 : 0;
    misr |= (hcr & GIC_HCR_VGRP1EIE) && (enable & 2) ? 1u << 6 : 0;
    misr |= (hcr & GIC_HCR_VGRP1DIE) && !(enable & 2) ? 1u << 7 : 0;
    return misr;
}

uint32_t gic_lists_vmcr(const GicLists *lists, gboolean v2)
{
    const GicInterface *iface = &lists->iface;
    uint32_t low = iface->enable | (lists->ack_control ? VMCR_ACKCTL : 0) |
                   (lists->fiq_enable ? VMCR_FIQEN : 0) | (iface->common ? VMCR_CBPR : 0) |
                   (iface->split ? VMCR_EOIM : 0) | iface->bpr[1] << 18 | iface->bpr[0] << 21;

    return low | (v2 ? iface->pmr >> 3 << 27 : iface->pmr << 24);
}

void gic_lists_set_vmcr(GicLists *lists, uint32_t value, gboolean v2)
{
    GicInterface *iface = &lists->iface;

    iface->enable = value & 3;
    /* GICv3 without legacy operation: group 0 is always FIQ, no group is acknowledged for another
     */
    lists->ack_control = v2 && (value & VMCR_ACKCTL);
    lists->fiq_enable = !v2 || (value & VMCR_FIQEN);
    iface->common = (value & VMCR_CBPR) != 0;
    iface->split = (value & VMCR_EOIM) != 0;
    gic_set_bpr(iface, 1, value >> 18);
    gic_set_bpr(iface, 0, value >> 21);
    iface->pmr = v2 ? value >> 27 << 3 : value >> 24 & GIC_PRIORITY_MASK;
}
