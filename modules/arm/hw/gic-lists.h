/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual interrupts: a hypervisor puts them into list registers, and its guest takes them through
 * a virtual CPU interface. One model serves both versions; the form of GICv3 is kept, GICv2's
 * registers are converted (IHI 0048, 5; IHI 0069, 6). All calls are [device].
 */
#ifndef ARM_GIC_LISTS_H
#define ARM_GIC_LISTS_H

#include "modules/arm/hw/gic-bank.h"

#define GIC_N_LISTS 4u

/* ICH_LR<n>_EL2 (IHI 0069, 12.4.6) */
#define GIC_LR_PENDING      (UINT64_C(1) << 62)
#define GIC_LR_ACTIVE       (UINT64_C(1) << 63)
#define GIC_LR_HW           (UINT64_C(1) << 61)
#define GIC_LR_GROUP_SHIFT  60u
#define GIC_LR_PRIORITY(lr) ((uint32_t)((lr) >> 48) & GIC_PRIORITY_MASK)
#define GIC_LR_PHYSICAL(lr) ((uint32_t)((lr) >> 32) & 0x1fffu)
#define GIC_LR_EOI          (UINT64_C(1) << 41) /* no HW: EOI asks for maintenance */
#define GIC_LR_VIRTUAL(lr)  ((uint32_t)(lr))
#define GIC_LR_BITS         UINT64_C(0xf0f81fff0000ffff)

/* ICH_HCR_EL2 and GICH_HCR: the low byte is the same. */
#define GIC_HCR_EN          (1u << 0)
#define GIC_HCR_UIE         (1u << 1)
#define GIC_HCR_LRENPIE     (1u << 2)
#define GIC_HCR_NPIE        (1u << 3)
#define GIC_HCR_VGRP0EIE    (1u << 4)
#define GIC_HCR_VGRP0DIE    (1u << 5)
#define GIC_HCR_VGRP1EIE    (1u << 6)
#define GIC_HCR_VGRP1DIE    (1u << 7)
#define GIC_HCR_EOICOUNT(n) ((n) >> 27)

typedef struct GicLists {
    uint32_t hcr;
    uint32_t ack_control, fiq_enable; /* VMCR.VAckCtl, VFIQEn */
    uint64_t lr[GIC_N_LISTS];
    GicInterface iface; /* VMCR's other fields, and the active priorities */
} GicLists;

void gic_lists_reset(GicLists *lists);

/* The virtual interrupt to be taken first. *@ret_list: the list register that it is in. */
GicBest gic_lists_best(const GicLists *lists, uint32_t *ret_list);
/* Whether the guest is signalled now; the interrupt goes to @ret_best. */
gboolean gic_lists_signals(const GicLists *lists, GicBest *ret_best);
/* The one in @list, which is @best, becomes active. */
void gic_lists_take(GicLists *lists, uint32_t list, const GicBest *best);

/* What the guest's end of interrupt @number needs done outside: */
typedef struct GicEnded {
    gboolean deactivate; /* the physical interrupt that it stands for */
    uint32_t physical;
} GicEnded;
/* End of interrupt for @group (2: either): priority drop, and deactivation unless EOImode. */
GicEnded gic_lists_end(GicLists *lists, uint32_t group, uint32_t number);
/* A write of DIR. */
GicEnded gic_lists_deactivate(GicLists *lists, uint32_t number);

/* MISR, EISR and ELRSR; the maintenance interrupt is high when MISR is not 0 and HCR.En is 1. */
uint32_t gic_lists_misr(const GicLists *lists);
uint32_t gic_lists_eisr(const GicLists *lists);
uint32_t gic_lists_elrsr(const GicLists *lists);

/* VMCR in the form of ICH_VMCR_EL2, and of GICH_VMCR with @v2. */
uint32_t gic_lists_vmcr(const GicLists *lists, gboolean v2);
void gic_lists_set_vmcr(GicLists *lists, uint32_t value, gboolean v2);

#endif
