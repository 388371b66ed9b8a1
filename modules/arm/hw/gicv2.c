/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GICv2 (IHI 0048): the device and its distributor. It has no Security Extensions, so both groups
 * are there and all software sees the same.
 *
 * Which PE makes an access is the requester in its attributes. What a PE could take is kept as a
 * set per PE, so that an interrupt costs a look at those that are ready, not at all there are.
 */
#include "gicv2.h"

#include <string.h>

#include "modules/arm/gic.h"

/* Offsets of the distributor (IHI 0048, table 4-1). */
#define GICD_CTLR        0x000u
#define GICD_TYPER       0x004u
#define GICD_IIDR        0x008u
#define GICD_ITARGETSR   0x800u
#define GICD_ICFGR       0xc00u
#define GICD_SGIR        0xf00u
#define GICD_CPENDSGIR   0xf10u
#define GICD_SPENDSGIR   0xf20u
#define GICD_SPENDSGIR_E 0xf30u
#define GICD_ID          0xfd0u

#define IIDR 0x0200043bu /* as a GIC-400 says it (DDI 0471, 3.3.1) */

static const TargetServices *services_of(const Gicv2 *gic)
{
    return gic->base.ctx;
}

uint32_t gicv2_cpu_of(const Gicv2 *gic, uint32_t attrs)
{
    uint32_t cpu = (attrs >> 16) - gic->first_cpu;

    return cpu < gic->n_cpus ? cpu : 0;
}

GicBank *gicv2_bank(Gicv2 *gic, uint32_t cpu, uint32_t n)
{
    return n == 0 ? &gic->cpu[cpu].bank : &gic->bank[n];
}

void gicv2_set_line(Gicv2 *gic, uint32_t cpu, uint32_t line, gboolean level)
{
    if (gic->cpu[cpu].line[line] != (level != FALSE)) {
        gic->cpu[cpu].line[line] = level != FALSE;
        services_of(gic)->device->set_irq(&gic->base, 4 * cpu + line, level);
    }
}

/* GICC_CTLR.FIQEn: group 0 is signalled as FIQ (IHI 0048, 2.3.1). */
#define CTLR_FIQEN (1u << 3)

void gicv2_update_cpu(Gicv2 *gic, uint32_t n)
{
    Gicv2Cpu *cpu = &gic->cpu[n];
    gboolean signal;

    cpu->best = GIC_NONE;
    gic_best_of_bank(&cpu->best, &cpu->bank, gic_bank_ready(&cpu->bank, gic->ctlr), 0);
    gic_best_of_spis(&cpu->best, gic->bank, &cpu->spis);
    signal = cpu->best.number != GIC_SPURIOUS &&
             gic_signals(&cpu->iface, cpu->best.group, cpu->best.priority);

    gboolean fiq = signal && cpu->best.group == 0 && (cpu->ctlr & CTLR_FIQEN);

    gicv2_set_line(gic, n, ARM_IRQ_IRQ, signal && !fiq);
    gicv2_set_line(gic, n, ARM_IRQ_FIQ, fiq);
}

/* Put SPI @number into the sets of the PEs of @targets, out of those of the others. */
static uint32_t place(Gicv2 *gic, uint32_t number, uint32_t targets)
{
    uint32_t changed = 0;

    for (uint32_t cpu = 0; cpu < gic->n_cpus; cpu++) {
        if (gic_ready_set(&gic->cpu[cpu].spis, number, targets >> cpu & 1)) {
            changed |= 1u << cpu;
        }
    }
    return changed;
}

static void update_cpus(Gicv2 *gic, uint32_t cpus)
{
    for (; cpus != 0; cpus &= cpus - 1) {
        gicv2_update_cpu(gic, (uint32_t)__builtin_ctz(cpus));
    }
}

void gicv2_update_bank(Gicv2 *gic, uint32_t cpu, uint32_t n)
{
    uint32_t cpus = 0;
    uint32_t ready;

    if (n == 0) {
        gicv2_update_cpu(gic, cpu);
        return;
    }
    ready = gic_bank_ready(&gic->bank[n], gic->ctlr);
    for (uint32_t bits = ready ^ gic->ready[n]; bits != 0; bits &= bits - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(bits);

        cpus |= place(gic, 32 * n + i, ready >> i & 1 ? gic->targets[32 * n + i] : 0);
    }
    gic->ready[n] = ready;
    update_cpus(gic, cpus);
}

static void update_all(Gicv2 *gic)
{
    for (uint32_t n = 1; n < GIC_N_BANKS; n++) {
        gicv2_update_bank(gic, 0, n);
    }
    update_cpus(gic, (1u << gic->n_cpus) - 1);
}

void gicv2_deactivate(Gicv2 *gic, uint32_t cpu, uint32_t number)
{
    if (number < GIC_SPI_END) {
        gicv2_bank(gic, cpu, number / 32)->active &= ~(1u << number % 32);
        gicv2_update_bank(gic, cpu, number / 32);
    }
}

static void irq_in(QhDevice *device, uint32_t line, gboolean level)
{
    Gicv2 *gic = (Gicv2 *)device;
    uint32_t n_spis = gic->n_irqs - GIC_SPI_FIRST;
    uint32_t cpu = line < n_spis ? 0 : (line - n_spis) / 32;
    uint32_t number = line < n_spis ? line + GIC_SPI_FIRST : (line - n_spis) % 32;

    if (cpu < gic->n_cpus && number >= GICV2_N_SGIS &&
        gic_bank_line(gicv2_bank(gic, cpu, number / 32), number % 32, level)) {
        gicv2_update_bank(gic, cpu, number / 32);
    }
}

/* A write to SGIR (4.3.15). */
static void send_sgi(Gicv2 *gic, uint32_t from, uint32_t value)
{
    uint32_t filter = value >> 24 & 3;
    uint32_t all = (1u << gic->n_cpus) - 1;
    uint32_t targets = filter == 0   ? value >> 16 & 0xff
                       : filter == 1 ? all & ~(1u << from)
                       : filter == 2 ? 1u << from
                                     : 0;
    uint32_t sgi = value & 0xf;

    for (targets &= all; targets != 0; targets &= targets - 1) {
        Gicv2Cpu *to = &gic->cpu[__builtin_ctz(targets)];

        to->sgi_sources[sgi] |= (uint8_t)(1u << from);
        to->bank.latched |= 1u << sgi;
        gicv2_update_cpu(gic, (uint32_t)__builtin_ctz(targets));
    }
}

/* CPENDSGIR and SPENDSGIR: a byte for each SGI, a bit for each PE that has sent it (4.3.16). */
static void set_sources(Gicv2 *gic, uint32_t cpu, uint32_t offset, uint32_t width, uint32_t value)
{
    Gicv2Cpu *to = &gic->cpu[cpu];
    uint8_t existing = (uint8_t)((1u << gic->n_cpus) - 1);

    for (uint32_t i = 0; i < width; i++, value >>= 8) {
        uint32_t sgi = (offset + i) % 16;

        if (offset >= GICD_SPENDSGIR) {
            to->sgi_sources[sgi] |= (uint8_t)value & existing;
        } else {
            to->sgi_sources[sgi] &= (uint8_t)~value;
        }
        to->bank.latched =
            (to->bank.latched & ~(1u << sgi)) | (to->sgi_sources[sgi] != 0 ? 1u << sgi : 0);
    }
    gicv2_update_cpu(gic, cpu);
}

/* ITARGETSR: those of SGIs and PPIs name the PE that reads; a system of one PE has none (4.3.12).
 */
static uint32_t read_targets(const Gicv2 *gic, uint32_t cpu, uint32_t offset, uint32_t width)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < width && gic->n_cpus > 1; i++) {
        uint32_t number = offset - GICD_ITARGETSR + i;
        uint32_t mask = number < GIC_SPI_FIRST ? 1u << cpu
                        : number < gic->n_irqs ? gic->targets[number]
                                               : 0;

        value |= mask << 8 * i;
    }
    return value;
}

static void write_targets(Gicv2 *gic, uint32_t offset, uint32_t width, uint32_t value)
{
    uint32_t all = (1u << gic->n_cpus) - 1;

    for (uint32_t i = 0; i < width && gic->n_cpus > 1; i++, value >>= 8) {
        uint32_t number = offset - GICD_ITARGETSR + i;

        if (number >= GIC_SPI_FIRST && number < gic->n_irqs) {
            gic->targets[number] = (uint8_t)(value & all);
            if (gic->ready[number / 32] >> number % 32 & 1) {
                update_cpus(gic, place(gic, number, value & all));
            }
        }
    }
}

/* Identification (4.3.18): GIC-400, architecture 2. Bytes 4 apart from FD0. */
static uint32_t id_register(uint32_t offset)
{
    static const uint8_t bytes[] = {0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1};

    return bytes[(offset - GICD_ID) / 4];
}

static uint32_t
dist_read(void *opaque, uint64_t at, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Gicv2 *gic = opaque;
    uint32_t offset = (uint32_t)at;
    uint32_t cpu = gicv2_cpu_of(gic, attrs);
    uint32_t n = gic_bank_of(offset);
    uint32_t value = 0;

    if (n < GIC_N_BANKS) {
        value = gic_bank_read(gicv2_bank(gic, cpu, n), offset, width, 0);
    } else if (offset >= GICD_ITARGETSR && offset < GICD_ICFGR) {
        value = read_targets(gic, cpu, offset, width);
    } else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_E) {
        for (uint32_t i = 0; i < width; i++) {
            value |= (uint32_t)gic->cpu[cpu].sgi_sources[(offset + i) % 16] << 8 * i;
        }
    } else if (offset >= GICD_ID) {
        value = gic_part(id_register(offset), offset, width);
    } else if (offset / 4 == GICD_CTLR / 4) {
        value = gic_part(gic->ctlr, offset, width);
    } else if (offset / 4 == GICD_TYPER / 4) {
        value = gic_part((gic->n_cpus - 1) << 5 | (gic->n_irqs / 32 - 1), offset, width);
    } else if (offset / 4 == GICD_IIDR / 4) {
        value = gic_part(IIDR, offset, width);
    }
    *ret_value = value;
    return QH_BUS_OK;
}

/* SGIs are always enabled and cannot be made pending here (4.3.5, 4.3.7). */
static void
write_bank(Gicv2 *gic, uint32_t cpu, uint32_t n, uint32_t offset, uint32_t width, uint32_t value)
{
    GicBank *bank = gicv2_bank(gic, cpu, n);

    gic_bank_write(bank, offset, width, value,
                   n == 0 && gic_offset_is_pending(offset) ? 0xffff : 0);
    if (n == 0) {
        bank->enabled |= 0xffff & bank->exists;
    }
    gicv2_update_bank(gic, cpu, n);
    if (offset >= 0x400 && offset < 0x800 && gic->ready[n] != 0) {
        update_cpus(gic, (1u << gic->n_cpus) - 1); /* a priority */
    }
}

static uint32_t
dist_write(void *opaque, uint64_t at, uint32_t width, uint32_t attrs, uint64_t value)
{
    Gicv2 *gic = opaque;
    uint32_t offset = (uint32_t)at;
    uint32_t cpu = gicv2_cpu_of(gic, attrs);
    uint32_t n = gic_bank_of(offset);

    if (n < GIC_N_BANKS) {
        write_bank(gic, cpu, n, offset, width, (uint32_t)value);
    } else if (offset >= GICD_ITARGETSR && offset < GICD_ICFGR) {
        write_targets(gic, offset, width, (uint32_t)value);
    } else if (offset == GICD_CTLR) {
        gic->ctlr = (uint32_t)value & 3;
        update_all(gic);
    } else if (offset == GICD_SGIR && width == 4) {
        send_sgi(gic, cpu, (uint32_t)value);
    } else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_E) {
        set_sources(gic, cpu, offset, width, (uint32_t)value);
    }
    return QH_BUS_OK;
}

static const QhIoOps dist_io = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = dist_read,
    .write = dist_write,
};

static gboolean realize(QhDevice *device, GError **error)
{
    Gicv2 *gic = (Gicv2 *)device;

    if (gic->n_irqs % 32 != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s' (arm_gic): num-irq has to be a multiple of 32", device->id);
        return FALSE;
    }
    for (uint32_t n = 1; n < gic->n_irqs / 32; n++) {
        gic->bank[n].exists = n == GIC_N_BANKS - 1 ? (1u << GIC_SPI_END % 32) - 1 : UINT32_MAX;
    }
    for (uint32_t cpu = 0; cpu < gic->n_cpus; cpu++) {
        gic->cpu[cpu].bank.exists = UINT32_MAX;
        gic->cpu[cpu].bank.fixed = 0xffff;
    }
    if (gic->virtualization) {
        services_of(gic)->device->window_set_bytes(device, 2, 0x1000);
        services_of(gic)->device->window_set_bytes(device, 3, 0x2000);
    }
    return TRUE;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Gicv2 *gic = (Gicv2 *)device;

    (void)kind;
    gic->ctlr = 0;
    memset(gic->targets, 0, sizeof(gic->targets));
    memset(gic->ready, 0, sizeof(gic->ready));
    for (uint32_t n = 1; n < GIC_N_BANKS; n++) {
        gic_bank_reset(&gic->bank[n]);
    }
    if (gic->n_cpus == 1) { /* no ITARGETSR: all go to the only PE */
        memset(gic->targets, 1, sizeof(gic->targets));
    }
    for (uint32_t n = 0; n < gic->n_cpus; n++) {
        Gicv2Cpu *cpu = &gic->cpu[n];

        gic_bank_reset(&cpu->bank);
        cpu->bank.enabled = 0xffff;
        memset(cpu->sgi_sources, 0, sizeof(cpu->sgi_sources));
        memset(&cpu->spis, 0, sizeof(cpu->spis));
        memset(cpu->line, 0, sizeof(cpu->line));
        gicv2_cpu_reset(gic, n);
    }
    update_all(gic);
}

static void stream(QhDevice *device, QhStateStream *s)
{
    Gicv2 *gic = (Gicv2 *)device;

    s->same(s, gic->n_cpus, "num-cpu");
    s->same(s, gic->n_irqs, "num-irq");
    s->bytes(s, &gic->ctlr, sizeof(gic->ctlr));
    s->bytes(s, gic->bank, sizeof(gic->bank));
    s->bytes(s, gic->ready, sizeof(gic->ready));
    s->bytes(s, gic->targets, sizeof(gic->targets));
    s->bytes(s, gic->cpu, gic->n_cpus * sizeof(gic->cpu[0]));
}

static const QhProperty properties[] = {
    QH_PROPERTY("num-cpu",
                QH_PROPERTY_U32,
                offsetof(Gicv2, n_cpus),
                "1",
                1,
                ARM_GICV2_MAX_CPUS,
                "CPU interfaces"),
    QH_PROPERTY("num-irq",
                QH_PROPERTY_U32,
                offsetof(Gicv2, n_irqs),
                "288",
                64,
                1024,
                "interrupts, with 32 of each CPU"),
    QH_PROPERTY("first-cpu",
                QH_PROPERTY_U32,
                offsetof(Gicv2, first_cpu),
                "0",
                0,
                UINT16_MAX,
                "number in the machine of the CPU that has interface 0"),
    QH_PROPERTY("has-virtualization-extensions",
                QH_PROPERTY_BOOL,
                offsetof(Gicv2, virtualization),
                "off",
                0,
                0,
                "a virtual interface for each CPU"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

static const QhWindow windows[] = {
    {"gic_dist", 0x1000, &dist_io            },
    {"gic_cpu",  0x2000, &gicv2_cpu_io       },
    {"gic_hyp",  0,      &gicv2_hypervisor_io},
    {"gic_vcpu", 0,      &gicv2_guest_io     },
};

const QhDeviceOps arm_gicv2_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Gicv2),
    .description = "Arm generic interrupt controller, version 2",
    .properties = &property_table,
    QH_WINDOWS(windows),
    .n_irq_in = 1024 - GIC_SPI_FIRST + 32 * ARM_GICV2_MAX_CPUS,
    .n_irq_out = 4 * ARM_GICV2_MAX_CPUS,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .reset = reset,
    .irq_in = irq_in,
    .stream = stream,
};
