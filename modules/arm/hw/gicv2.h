/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State of a GICv2 (IHI 0048), and what its parts call of each other. All calls are [device]. */
#ifndef ARM_GICV2_H
#define ARM_GICV2_H

#include "modules/arm/hw/gic-bank.h"
#include "modules/arm/hw/gic-lists.h"
#include "modules/arm/hw/hw.h"
#include "modules/arm/services.h"

#define GICV2_N_SGIS          16u
#define GICV2_GROUP_1_PENDING 1022u /* what a read for group 0 says of group 1 */

/* What belongs to one PE. */
typedef struct Gicv2Cpu {
    GicBank bank;                      /* SGIs and PPIs */
    uint8_t sgi_sources[GICV2_N_SGIS]; /* bit C: PE C has sent it */
    GicInterface iface;
    uint32_t ctlr; /* GICC_CTLR as written */
    GicReady spis;
    GicBest best; /* the highest-priority pending interrupt */
    GicLists lists;
    uint8_t line[4];
} Gicv2Cpu;

typedef struct Gicv2 {
    QhDevice base;
    uint32_t n_cpus; /* properties */
    uint32_t n_irqs; /* with SGIs and PPIs */
    uint32_t first_cpu;
    uint8_t virtualization;
    uint32_t ctlr;                /* GICD_CTLR: bit N: group N is forwarded */
    GicBank bank[GIC_N_BANKS];    /* [0] is unused */
    uint32_t ready[GIC_N_BANKS];  /* what the ready sets were made from */
    uint8_t targets[GIC_SPI_END]; /* ITARGETSR of SPIs */
    Gicv2Cpu cpu[ARM_GICV2_MAX_CPUS];
} Gicv2;

/* Number of the PE whose access has @attrs. */
uint32_t gicv2_cpu_of(const Gicv2 *gic, uint32_t attrs);
/* Bank @n as PE @cpu sees it. */
GicBank *gicv2_bank(Gicv2 *gic, uint32_t cpu, uint32_t n);
/* What PE @cpu is signalled may have changed. */
void gicv2_update_cpu(Gicv2 *gic, uint32_t cpu);
/* Bits of bank @n changed; 0: the bank of PE @cpu. */
void gicv2_update_bank(Gicv2 *gic, uint32_t cpu, uint32_t n);
void gicv2_set_line(Gicv2 *gic, uint32_t cpu, uint32_t line, gboolean level);

/* gicv2-cpu.c: the CPU interface, 8 KiB. */
extern const QhIoOps gicv2_cpu_io;
void gicv2_cpu_reset(Gicv2 *gic, uint32_t cpu);
/* Deactivate interrupt @number as PE @cpu sees it. */
void gicv2_deactivate(Gicv2 *gic, uint32_t cpu, uint32_t number);

/* gicv2-virt.c: GICH, 4 KiB, and GICV, 8 KiB. */
extern const QhIoOps gicv2_hypervisor_io, gicv2_guest_io;

#endif
