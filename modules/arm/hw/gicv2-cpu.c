/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU interface of a GICv2 (IHI 0048, 4.4): acknowledge, end of interrupt, priority mask. */
#include "gicv2.h"

#include "modules/arm/gic.h"

#define GICC_CTLR   0x00u
#define GICC_PMR    0x04u
#define GICC_BPR    0x08u
#define GICC_IAR    0x0cu
#define GICC_EOIR   0x10u
#define GICC_RPR    0x14u
#define GICC_HPPIR  0x18u
#define GICC_ABPR   0x1cu
#define GICC_AIAR   0x20u
#define GICC_AEOIR  0x24u
#define GICC_AHPPIR 0x28u
#define GICC_APR    0xd0u
#define GICC_NSAPR  0xe0u
#define GICC_IIDR   0xfcu
#define GICC_DIR    0x1000u

/* GICC_CTLR (4.4.1), without Security Extensions. */
#define CTLR_ENABLE  3u
#define CTLR_ACKCTL  (1u << 2)
#define CTLR_CBPR    (1u << 4)
#define CTLR_EOIMODE (1u << 9)
#define CTLR_BITS    0x3ffu

#define IIDR 0x0202143bu

void gicv2_cpu_reset(Gicv2 *gic, uint32_t n)
{
    Gicv2Cpu *cpu = &gic->cpu[n];

    gic_interface_reset(&cpu->iface);
    gic_lists_reset(&cpu->lists);
    (void)gic_bank_line(&cpu->bank, ARM_PPI_MAINTENANCE, FALSE);
    cpu->ctlr = 0;
    cpu->best = GIC_NONE;
}

static void write_ctlr(Gicv2Cpu *cpu, uint32_t value)
{
    cpu->ctlr = value & CTLR_BITS;
    cpu->iface.enable = value & CTLR_ENABLE;
    cpu->iface.common = (value & CTLR_CBPR) != 0;
    cpu->iface.split = (value & CTLR_EOIMODE) != 0;
}

/* What IAR and HPPIR (@alias: AIAR and AHPPIR) say of the best interrupt: itself, or that there is
 * none for them (4.4.4, 4.4.7). */
static uint32_t shown(const Gicv2Cpu *cpu, gboolean alias)
{
    if (cpu->best.number == GIC_SPURIOUS) {
        return GIC_SPURIOUS;
    }
    if (alias) {
        return cpu->best.group == 1 ? cpu->best.number : GIC_SPURIOUS;
    }
    return cpu->best.group == 1 && !(cpu->ctlr & CTLR_ACKCTL) ? GICV2_GROUP_1_PENDING
                                                              : cpu->best.number;
}

/* The number with the PE that sent it, when it is an SGI. */
static uint32_t with_source(const Gicv2Cpu *cpu, uint32_t number)
{
    uint32_t sources = number < GICV2_N_SGIS ? cpu->sgi_sources[number] : 0;

    return number | (sources != 0 ? (uint32_t)__builtin_ctz(sources) << 10 : 0);
}

static uint32_t acknowledge(Gicv2 *gic, uint32_t n, gboolean alias)
{
    Gicv2Cpu *cpu = &gic->cpu[n];
    GicBest best = cpu->best;
    uint32_t number = shown(cpu, alias);
    uint32_t value = with_source(cpu, number);
    GicBank *bank;

    if (best.number == GIC_SPURIOUS || !gic_signals(&cpu->iface, best.group, best.priority)) {
        return GIC_SPURIOUS;
    }
    if (number >= GIC_SPI_END) {
        return number;
    }
    bank = gicv2_bank(gic, n, number / 32);
    gic_activate(&cpu->iface, best.group, best.priority);
    gic_bank_take(bank, number % 32);
    if (number < GICV2_N_SGIS) {
        uint8_t *sources = &cpu->sgi_sources[number];

        *sources &= (uint8_t)(*sources - 1);
        bank->latched |= *sources != 0 ? 1u << number : 0; /* another PE's waits */
    }
    gicv2_update_bank(gic, n, number / 32);
    gicv2_update_cpu(gic, n);
    return value;
}

static void end(Gicv2 *gic, uint32_t n, uint32_t value, gboolean alias)
{
    Gicv2Cpu *cpu = &gic->cpu[n];
    uint32_t number = value & 0x3ff;

    if (number >= gic->n_irqs || number >= GIC_SPI_END) {
        return;
    }
    (void)gic_drop(&cpu->iface, alias ? 1 : 2);
    if (!cpu->iface.split) {
        gicv2_deactivate(gic, n, number);
    }
    gicv2_update_cpu(gic, n);
}

static uint32_t read_register(Gicv2 *gic, uint32_t n, uint32_t offset, gboolean peek)
{
    Gicv2Cpu *cpu = &gic->cpu[n];

    switch (offset) {
    case GICC_CTLR:
        return cpu->ctlr;
    case GICC_PMR:
        return cpu->iface.pmr;
    case GICC_BPR:
        return cpu->iface.bpr[0];
    case GICC_ABPR:
        return gic_bpr(&cpu->iface, 1);
    case GICC_IAR:
    case GICC_AIAR:
        return peek ? with_source(cpu, shown(cpu, offset == GICC_AIAR))
                    : acknowledge(gic, n, offset == GICC_AIAR);
    case GICC_HPPIR:
    case GICC_AHPPIR:
        return with_source(cpu, shown(cpu, offset == GICC_AHPPIR));
    case GICC_RPR:
        return MIN(gic_running(&cpu->iface), 0xffu);
    case GICC_APR:
        return cpu->iface.active[0];
    case GICC_NSAPR:
        return cpu->iface.active[1];
    case GICC_IIDR:
        return IIDR;
    default:
        return 0;
    }
}

static uint32_t
cpu_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Gicv2 *gic = opaque;

    (void)width;
    *ret_value = read_register(gic, gicv2_cpu_of(gic, attrs), (uint32_t)offset,
                               (attrs & QH_ATTR_DEBUG) != 0);
    return QH_BUS_OK;
}

static uint32_t
cpu_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Gicv2 *gic = opaque;
    uint32_t n = gicv2_cpu_of(gic, attrs);
    Gicv2Cpu *cpu = &gic->cpu[n];

    (void)width;
    switch (offset) {
    case GICC_CTLR:
        write_ctlr(cpu, (uint32_t)value);
        break;
    case GICC_PMR:
        cpu->iface.pmr = (uint32_t)value & GIC_PRIORITY_MASK;
        break;
    case GICC_BPR:
        gic_set_bpr(&cpu->iface, 0, (uint32_t)value);
        break;
    case GICC_ABPR:
        gic_set_bpr(&cpu->iface, 1, (uint32_t)value);
        break;
    case GICC_EOIR:
    case GICC_AEOIR:
        end(gic, n, (uint32_t)value, offset == GICC_AEOIR);
        return QH_BUS_OK;
    case GICC_APR:
        cpu->iface.active[0] = (uint32_t)value;
        break;
    case GICC_NSAPR:
        cpu->iface.active[1] = (uint32_t)value;
        break;
    case GICC_DIR:
        if (cpu->iface.split) {
            gicv2_deactivate(gic, n, (uint32_t)value & 0x3ff);
        }
        return QH_BUS_OK;
    default:
        return QH_BUS_OK;
    }
    gicv2_update_cpu(gic, n);
    return QH_BUS_OK;
}

const QhIoOps gicv2_cpu_io = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 4,
    .max_size = 4,
    .read = cpu_read,
    .write = cpu_write,
};
