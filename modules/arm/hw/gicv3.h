/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of a GICv3 (IHI 0069), and what its parts call of each other: distributor and device
 * (gicv3.c), redistributors (gicv3-redist.c), LPIs (gicv3-lpi.c), ITS (gicv3-its*.c), system
 * registers (../gic-cpu.c, ../gic-virt.c). There is one security state (GICD_CTLR.DS is 1),
 * affinity routing is always on, and an SPI has one target. All calls are [device].
 */
#ifndef ARM_GICV3_H
#define ARM_GICV3_H

#include "modules/arm/gic.h"
#include "modules/arm/hw/gic-bank.h"
#include "modules/arm/hw/gic-lists.h"
#include "modules/arm/hw/hw.h"

#define GICV3_ID_BITS   16u
#define GICV3_N_IDS     (1u << GICV3_ID_BITS)
#define GICV3_LPI_FIRST 8192u
#define GICV3_LPI_WORDS (GICV3_N_IDS / 64)
#define GICV3_NO_PE     UINT16_MAX

/* LPIs of one PE; bit N % 64 of word N / 64 is LPI N. */
typedef struct Gicv3Lpis {
    uint64_t pending[GICV3_LPI_WORDS];
    uint64_t ready[GICV3_LPI_WORDS];      /* pending and enabled */
    uint64_t words[GICV3_LPI_WORDS / 64]; /* bit N: ready[N] is not 0 */
} Gicv3Lpis;

typedef struct Gicv3 Gicv3;

/* What belongs to one PE: its redistributor, its CPU interface, its virtual interface. */
struct ArmGicCpu {
    Gicv3 *gic;
    ArmCpu *cpu; /* NULL: not connected */
    uint32_t index;
    uint32_t waker;
    uint32_t ctlr; /* GICR_CTLR */
    uint32_t pad;
    uint64_t propbaser, pendbaser;
    GicBank bank; /* SGIs and PPIs */
    GicReady spis;
    Gicv3Lpis *lpis; /* NULL: has-lpi is off */
    GicBest best;    /* the highest-priority pending interrupt */
    GicInterface iface;
    GicLists lists;
    uint8_t line[ARM_N_IRQ];
};

struct Gicv3 {
    QhDevice base;
    uint32_t n_cpus; /* properties */
    uint32_t n_irqs; /* with SGIs and PPIs */
    uint32_t first_region;
    uint8_t has_lpi;
    uint32_t ctlr;                /* bits 1, 0: groups that are forwarded */
    GicBank bank[GIC_N_BANKS];    /* [0] is unused */
    uint32_t ready[GIC_N_BANKS];  /* what the ready sets were made from */
    uint64_t route[GIC_SPI_END];  /* IROUTER */
    uint16_t target[GIC_SPI_END]; /* the PE that it names; GICV3_NO_PE: none */
    uint8_t *lpi_config; /* copy of the configuration table; N - GICV3_LPI_FIRST is LPI N's byte */
    uint64_t lpi_table;  /* where it was read from */
    ArmGicCpu *cpu;      /* n_cpus of them */
};

static inline const TargetServices *gicv3_services(const Gicv3 *gic)
{
    return gic->base.ctx;
}

/* What PE @cpu is signalled may have changed. */
void gicv3_update_cpu(ArmGicCpu *cpu);
/* Bits of bank @n (not 0) changed. */
void gicv3_update_bank(Gicv3 *gic, uint32_t n);
/* Bank @n as @cpu sees it. */
static inline GicBank *gicv3_bank(ArmGicCpu *cpu, uint32_t n)
{
    return n == 0 ? &cpu->bank : &cpu->gic->bank[n];
}
/* Deactivate @number (below 1020) of @cpu. */
void gicv3_deactivate(ArmGicCpu *cpu, uint32_t number);
void gicv3_set_line(ArmGicCpu *cpu, uint32_t line, gboolean level);
/* Level of PPI @ppi, driven from inside. */
void gicv3_set_ppi(ArmGicCpu *cpu, uint32_t ppi, gboolean level);
/* Affinity of @cpu, Aff3.Aff2.Aff1.Aff0 as in GICR_TYPER. */
uint32_t gicv3_affinity(const ArmGicCpu *cpu);
/* The PE of that affinity; NULL: there is none. */
ArmGicCpu *gicv3_find(const Gicv3 *gic, uint32_t affinity);
/* Identification register at @offset (0xffd0 ..) of a frame. */
uint32_t gicv3_id_register(uint32_t offset);

/* gicv3-redist.c */
extern const QhIoOps gicv3_redist_io, gicv3_redist_high_io;
void gicv3_redist_reset(ArmGicCpu *cpu);

/* gicv3-lpi.c. Numbers outside GICV3_LPI_FIRST .. GICV3_N_IDS - 1 are ignored. */
void gicv3_lpi_set(ArmGicCpu *cpu, uint32_t lpi, gboolean pending);
gboolean gicv3_lpi_is_pending(const ArmGicCpu *cpu, uint32_t lpi);
/* The configuration byte of @lpi, or of all, may have changed in memory (INV, INVALL). */
void gicv3_lpi_invalidate(Gicv3 *gic, uint32_t lpi);
void gicv3_lpi_invalidate_all(Gicv3 *gic);
/* All that is pending for @from is pending for @to instead. */
void gicv3_lpi_move_all(ArmGicCpu *from, ArmGicCpu *to);
/* GICR_CTLR.EnableLPIs has changed. */
void gicv3_lpi_enable(ArmGicCpu *cpu);
void gicv3_lpi_best(GicBest *best, const ArmGicCpu *cpu);
void gicv3_lpi_reset(ArmGicCpu *cpu);

/* ../gic-cpu.c */
void gicv3_cpu_reset(ArmGicCpu *cpu);

#endif
