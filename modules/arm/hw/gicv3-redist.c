/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redistributors of a GICv3 (IHI 0069, 12.10, 12.11): two frames of 64 KiB for each PE, one of LPIs
 * and power, one of SGIs and PPIs.
 */
#include "gicv3.h"

#define FRAME_BYTES 0x10000u
#define PE_BYTES    0x20000u

#define GICR_CTLR      0x0000u
#define GICR_TYPER     0x0008u
#define GICR_WAKER     0x0014u
#define GICR_PROPBASER 0x0070u
#define GICR_PENDBASER 0x0078u
#define GICR_ID        0xffd0u

#define CTLR_ENABLE_LPIS 1u
#define CTLR_CES         (1u << 1) /* EnableLPIs can be cleared again */
#define WAKER_ASLEEP     (1u << 1) /* ProcessorSleep; bit 2 is ChildrenAsleep */

#define TYPER_PLPIS 1u
#define TYPER_LAST  (1u << 4)

/* Fields that are kept: attributes, address, IDbits; PTZ reads as zero (12.11.26, 12.11.33). */
#define PROPBASER_BITS UINT64_C(0x070fffffffffff9f)
#define PENDBASER_BITS UINT64_C(0x070fffffffff0f80)

#define IIDR 0x0000043bu

void gicv3_redist_reset(ArmGicCpu *cpu)
{
    gic_bank_reset(&cpu->bank);
    cpu->waker = WAKER_ASLEEP | WAKER_ASLEEP << 1;
    cpu->ctlr = 0;
    cpu->propbaser = cpu->pendbaser = 0;
    gicv3_lpi_reset(cpu);
}

static uint64_t typer(const ArmGicCpu *cpu)
{
    const Gicv3 *gic = cpu->gic;
    gboolean last = cpu->index + 1 == gic->first_region || cpu->index + 1 == gic->n_cpus;

    return (uint64_t)gicv3_affinity(cpu) << 32 | cpu->index << 8 | (last ? TYPER_LAST : 0) |
           (gic->has_lpi ? TYPER_PLPIS : 0);
}

static uint64_t *base_register(ArmGicCpu *cpu, uint32_t offset)
{
    if (cpu->lpis == NULL || (offset & ~0xfu) != GICR_PROPBASER) {
        return NULL;
    }
    return offset < GICR_PENDBASER ? &cpu->propbaser : &cpu->pendbaser;
}

/* The aligned double word that @offset lies in. */
static uint64_t read_lpi_frame(ArmGicCpu *cpu, uint32_t offset)
{
    const uint64_t *base = base_register(cpu, offset);

    if (base != NULL) {
        return *base;
    }
    switch (offset & ~7u) {
    case GICR_CTLR:
        return cpu->ctlr | (cpu->lpis != NULL ? CTLR_CES : 0) | (uint64_t)IIDR << 32;
    case GICR_TYPER:
        return typer(cpu);
    case GICR_WAKER - 4:
        return (uint64_t)cpu->waker << 32;
    default:
        return offset >= GICR_ID
                   ? gicv3_id_register(offset & ~7u) | (uint64_t)gicv3_id_register(offset | 4) << 32
                   : 0;
    }
}

static void write_base(uint64_t *base, uint32_t offset, uint32_t width, uint64_t value)
{
    uint64_t bits = offset < GICR_PENDBASER ? PROPBASER_BITS : PENDBASER_BITS;
    uint32_t shift = offset % 8 * 8;
    uint64_t written = (UINT64_MAX >> (64 - 8 * width)) << shift;

    *base = ((*base & ~written) | (value << shift & written)) & bits;
}

static void write_lpi_frame(ArmGicCpu *cpu, uint32_t offset, uint32_t width, uint64_t value)
{
    uint64_t *base = base_register(cpu, offset);

    if (base != NULL && width >= 4) {
        /* fixed while LPIs are enabled */
        if (!(cpu->ctlr & CTLR_ENABLE_LPIS)) {
            write_base(base, offset, width, value);
        }
    } else if (offset == GICR_CTLR && cpu->lpis != NULL) {
        uint32_t ctlr = (uint32_t)value & CTLR_ENABLE_LPIS;

        if (ctlr != cpu->ctlr) {
            cpu->ctlr = ctlr;
            gicv3_lpi_enable(cpu);
        }
    } else if (offset == GICR_WAKER) {
        /* Children follow at once. A PE that sleeps is signalled all the same: firmware that
         * forgets to wake it works on other models, too. */
        cpu->waker = (uint32_t)value & WAKER_ASLEEP;
        cpu->waker |= cpu->waker << 1;
    }
}

/* The PE that @at belongs to. */
static ArmGicCpu *cpu_at(Gicv3 *gic, uint64_t at, uint32_t first)
{
    uint64_t n = at / PE_BYTES + first;

    return n < gic->n_cpus ? &gic->cpu[n] : NULL;
}

static uint32_t read_pe(ArmGicCpu *cpu, uint32_t offset, uint32_t width, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (cpu == NULL) {
        return QH_BUS_ERROR;
    }
    if (offset < FRAME_BYTES) {
        value = read_lpi_frame(cpu, offset) >> offset % 8 * 8 & UINT64_MAX >> (64 - 8 * width);
    } else if (width < 8 && gic_bank_of(offset - FRAME_BYTES) == 0) {
        value = gic_bank_read(&cpu->bank, offset - FRAME_BYTES, width, 0);
    } else if (offset >= FRAME_BYTES + GICR_ID) {
        value = gic_part(gicv3_id_register(offset - FRAME_BYTES), offset, MIN(width, 4u));
    }
    *ret_value = value;
    return QH_BUS_OK;
}

static uint32_t write_pe(ArmGicCpu *cpu, uint32_t offset, uint32_t width, uint64_t value)
{
    if (cpu == NULL) {
        return QH_BUS_ERROR;
    }
    if (offset < FRAME_BYTES) {
        write_lpi_frame(cpu, offset, width, value);
    } else if (width < 8 && gic_bank_of(offset - FRAME_BYTES) == 0) {
        gic_bank_write(&cpu->bank, offset - FRAME_BYTES, width, (uint32_t)value, 0);
        gicv3_update_cpu(cpu);
    }
    return QH_BUS_OK;
}

static uint32_t
redist_read(void *opaque, uint64_t at, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)attrs;
    return read_pe(cpu_at(opaque, at, 0), (uint32_t)(at % PE_BYTES), width, ret_value);
}

static uint32_t
redist_write(void *opaque, uint64_t at, uint32_t width, uint32_t attrs, uint64_t value)
{
    (void)attrs;
    return write_pe(cpu_at(opaque, at, 0), (uint32_t)(at % PE_BYTES), width, value);
}

static uint32_t
high_read(void *opaque, uint64_t at, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Gicv3 *gic = opaque;

    (void)attrs;
    return read_pe(cpu_at(gic, at, gic->first_region), (uint32_t)(at % PE_BYTES), width, ret_value);
}

static uint32_t
high_write(void *opaque, uint64_t at, uint32_t width, uint32_t attrs, uint64_t value)
{
    Gicv3 *gic = opaque;

    (void)attrs;
    return write_pe(cpu_at(gic, at, gic->first_region), (uint32_t)(at % PE_BYTES), width, value);
}

const QhIoOps gicv3_redist_io = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 8,
    .read = redist_read,
    .write = redist_write,
};

const QhIoOps gicv3_redist_high_io = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 8,
    .read = high_read,
    .write = high_write,
};
