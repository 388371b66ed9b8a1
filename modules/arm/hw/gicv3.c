/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv3: the device and its distributor (IHI 0069, 12.9): gicv3.h. */
#include "gicv3.h"

#include <string.h>

#define DIST_BYTES   0x10000u
#define REDIST_BYTES 0x20000u

#define GICD_CTLR    0x0000u
#define GICD_TYPER   0x0004u
#define GICD_IIDR    0x0008u
#define GICD_IROUTER 0x6000u
#define GICD_ID      0xffd0u

#define CTLR_GROUPS 3u
#define CTLR_FIXED  (1u << 6 | 1u << 4) /* DS; ARE, as there is no legacy operation (2.3) */

#define TYPER_LPIS    (1u << 17)
#define TYPER_ID_BITS ((GICV3_ID_BITS - 1) << 19)
#define TYPER_A3V     (1u << 24)
#define TYPER_NO_1N   (1u << 25)

#define IIDR 0x0000043bu

#define IROUTER_BITS UINT64_C(0xff00ffffff) /* without Interrupt_Routing_Mode, by No1N */

/* PEs of a cluster, as boards number them: Aff0 goes to 15 because SGIs name 16. */
#define CLUSTER 16u

void gicv3_set_line(ArmGicCpu *cpu, uint32_t line, gboolean level)
{
    Gicv3 *gic = cpu->gic;

    if (cpu->line[line] != (level != FALSE)) {
        cpu->line[line] = level != FALSE;
        gicv3_services(gic)->device->set_irq(&gic->base, ARM_N_IRQ * cpu->index + line, level);
    }
}

/* Without EL3 group 0 is FIQ and group 1 IRQ (4.6.2). */
void gicv3_update_cpu(ArmGicCpu *cpu)
{
    const Gicv3 *gic = cpu->gic;
    gboolean signal;

    cpu->best = GIC_NONE;
    gic_best_of_bank(&cpu->best, &cpu->bank, gic_bank_ready(&cpu->bank, gic->ctlr), 0);
    gic_best_of_spis(&cpu->best, gic->bank, &cpu->spis);
    gicv3_lpi_best(&cpu->best, cpu);
    signal = cpu->best.number != GIC_SPURIOUS &&
             gic_signals(&cpu->iface, cpu->best.group, cpu->best.priority);
    gicv3_set_line(cpu, ARM_IRQ_IRQ, signal && cpu->best.group == 1);
    gicv3_set_line(cpu, ARM_IRQ_FIQ, signal && cpu->best.group == 0);
}

void gicv3_update_bank(Gicv3 *gic, uint32_t n)
{
    uint32_t ready = gic_bank_ready(&gic->bank[n], gic->ctlr);
    uint32_t changed = ready ^ gic->ready[n];

    gic->ready[n] = ready;
    for (; changed != 0; changed &= changed - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(changed);
        uint32_t target = gic->target[32 * n + i];

        if (target != GICV3_NO_PE) {
            (void)gic_ready_set(&gic->cpu[target].spis, 32 * n + i, ready >> i & 1);
            gicv3_update_cpu(&gic->cpu[target]);
        }
    }
}

static void update_all(Gicv3 *gic)
{
    for (uint32_t n = 1; n < GIC_N_BANKS; n++) {
        gicv3_update_bank(gic, n);
    }
    for (uint32_t n = 0; n < gic->n_cpus; n++) {
        gicv3_update_cpu(&gic->cpu[n]);
    }
}

void gicv3_deactivate(ArmGicCpu *cpu, uint32_t number)
{
    gicv3_bank(cpu, number / 32)->active &= ~(1u << number % 32);
    if (number >= GIC_SPI_FIRST) {
        gicv3_update_bank(cpu->gic, number / 32);
    }
    gicv3_update_cpu(cpu);
}

/* Aff3 from bits 39-32, where MPIDR_EL1 and IROUTER have it, to bits 31-24. */
static uint32_t pack_affinity(uint64_t value)
{
    return ((uint32_t)(value >> 8) & 0xff000000u) | ((uint32_t)value & 0xffffff);
}

uint32_t gicv3_affinity(const ArmGicCpu *cpu)
{
    if (cpu->cpu == NULL) {
        return cpu->index / CLUSTER << 8 | cpu->index % CLUSTER;
    }
    return pack_affinity(cpu->cpu->mpidr);
}

ArmGicCpu *gicv3_find(const Gicv3 *gic, uint32_t affinity)
{
    uint32_t guess = (affinity >> 8) * CLUSTER + (affinity & 0xff);

    if (guess < gic->n_cpus && gicv3_affinity(&gic->cpu[guess]) == affinity) {
        return &gic->cpu[guess];
    }
    for (uint32_t n = 0; n < gic->n_cpus; n++) {
        if (gicv3_affinity(&gic->cpu[n]) == affinity) {
            return &gic->cpu[n];
        }
    }
    return NULL;
}

static void irq_in(QhDevice *device, uint32_t line, gboolean level)
{
    Gicv3 *gic = (Gicv3 *)device;
    uint32_t n_spis = gic->n_irqs - GIC_SPI_FIRST;

    if (line < n_spis) {
        uint32_t number = line + GIC_SPI_FIRST;
        if (gic_bank_line(&gic->bank[number / 32], number % 32, level)) {
            gicv3_update_bank(gic, number / 32);
        }
        return;
    }
    line -= n_spis;
    if (line / 32 < gic->n_cpus && line % 32 >= 16) {
        gicv3_set_ppi(&gic->cpu[line / 32], line % 32, level);
    }
}

void gicv3_set_ppi(ArmGicCpu *cpu, uint32_t ppi, gboolean level)
{
    if (gic_bank_line(&cpu->bank, ppi, level)) {
        gicv3_update_cpu(cpu);
    }
}

/* Let SPI @number go where @route says. */
static void set_route(Gicv3 *gic, uint32_t number, uint64_t route)
{
    ArmGicCpu *to = gicv3_find(gic, pack_affinity(route));
    uint16_t old = gic->target[number];
    uint16_t target = to == NULL ? GICV3_NO_PE : (uint16_t)to->index;

    gic->route[number] = route;
    gic->target[number] = target;
    if (old == target || !(gic->ready[number / 32] >> number % 32 & 1)) {
        return;
    }
    if (old != GICV3_NO_PE) {
        (void)gic_ready_set(&gic->cpu[old].spis, number, FALSE);
        gicv3_update_cpu(&gic->cpu[old]);
    }
    if (to != NULL) {
        (void)gic_ready_set(&to->spis, number, TRUE);
        gicv3_update_cpu(to);
    }
}

/* Number of the SPI whose IROUTER @offset lies in; 0: none. */
static uint32_t routed(const Gicv3 *gic, uint32_t offset)
{
    uint32_t number = (offset - GICD_IROUTER) / 8;

    return offset >= GICD_IROUTER && number >= GIC_SPI_FIRST && number < gic->n_irqs &&
                   number < GIC_SPI_END
               ? number
               : 0;
}

/* GIC-like identification; PIDR2 says architecture 3 (12.1.13). */
uint32_t gicv3_id_register(uint32_t offset)
{
    static const uint8_t bytes[] = {0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};

    return bytes[(offset - GICD_ID) / 4 % sizeof(bytes)];
}

static uint32_t read_word(const Gicv3 *gic, uint32_t offset)
{
    switch (offset) {
    case GICD_CTLR:
        return gic->ctlr | CTLR_FIXED;
    case GICD_TYPER:
        return (gic->n_irqs / 32 - 1) | (gic->has_lpi ? TYPER_LPIS : 0) | TYPER_ID_BITS |
               TYPER_A3V | TYPER_NO_1N;
    case GICD_IIDR:
        return IIDR;
    default:
        return offset >= GICD_ID && offset < DIST_BYTES ? gicv3_id_register(offset) : 0;
    }
}

/* Bank 0 is RAZ/WI under affinity routing: the redistributors have it. */
static uint32_t
dist_read(void *opaque, uint64_t at, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const Gicv3 *gic = opaque;
    uint32_t offset = (uint32_t)at;
    uint32_t n = gic_bank_of(offset);
    uint32_t spi = routed(gic, offset);

    (void)attrs;
    if (width == 8) {
        *ret_value = spi != 0 ? gic->route[spi] : 0;
    } else if (n != 0 && n < GIC_N_BANKS) {
        *ret_value = gic_bank_read(&gic->bank[n], offset, width, 0);
    } else if (spi != 0) {
        *ret_value = gic_part((uint32_t)(gic->route[spi] >> offset % 8 / 4 * 32), offset, width);
    } else {
        *ret_value = gic_part(read_word(gic, offset & ~3u), offset, width);
    }
    return QH_BUS_OK;
}

static void write_bank(Gicv3 *gic, uint32_t n, uint32_t offset, uint32_t width, uint32_t value)
{
    gic_bank_write(&gic->bank[n], offset, width, value, 0);
    gicv3_update_bank(gic, n);
    if (offset >= 0x400 && offset < 0x800) { /* a priority of what may be ready */
        for (uint32_t i = 0; i < width; i++) {
            uint32_t number = offset - 0x400 + i;
            uint32_t target = number < GIC_SPI_END ? gic->target[number] : GICV3_NO_PE;

            if (target != GICV3_NO_PE && (gic->ready[n] >> number % 32 & 1)) {
                gicv3_update_cpu(&gic->cpu[target]);
            }
        }
    }
}

static uint32_t
dist_write(void *opaque, uint64_t at, uint32_t width, uint32_t attrs, uint64_t value)
{
    Gicv3 *gic = opaque;
    uint32_t offset = (uint32_t)at;
    uint32_t n = gic_bank_of(offset);
    uint32_t spi = routed(gic, offset);

    (void)attrs;
    if (spi != 0 && width == 8) {
        set_route(gic, spi, value & IROUTER_BITS);
    } else if (spi != 0 && width == 4) {
        uint32_t shift = offset % 8 / 4 * 32;
        uint64_t kept = gic->route[spi] & ~(UINT64_C(0xffffffff) << shift);
        set_route(gic, spi, (kept | value << shift) & IROUTER_BITS);
    } else if (n != 0 && n < GIC_N_BANKS && width < 8) {
        write_bank(gic, n, offset, width, (uint32_t)value);
    } else if (offset == GICD_CTLR && width == 4) {
        gic->ctlr = (uint32_t)value & CTLR_GROUPS;
        update_all(gic);
    }
    return QH_BUS_OK;
}

static const QhIoOps dist_io = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 8,
    .read = dist_read,
    .write = dist_write,
};

static gboolean realize(QhDevice *device, GError **error)
{
    Gicv3 *gic = (Gicv3 *)device;
    const QhDeviceService *service = gicv3_services(gic)->device;
    uint32_t low = gic->first_region == 0 ? gic->n_cpus : MIN(gic->first_region, gic->n_cpus);

    if (gic->n_irqs % 32 != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s' (arm-gicv3): num-irq has to be a multiple of 32", device->id);
        return FALSE;
    }
    gic->first_region = low;
    gic->cpu = g_new0(ArmGicCpu, gic->n_cpus);
    for (uint32_t n = 0; n < gic->n_cpus; n++) {
        gic->cpu[n].gic = gic;
        gic->cpu[n].index = n;
        gic->cpu[n].bank.exists = UINT32_MAX;
        gic->cpu[n].bank.fixed = 0xffff;
        gic->cpu[n].lpis = gic->has_lpi ? g_new0(Gicv3Lpis, 1) : NULL;
    }
    gic->lpi_config = gic->has_lpi ? g_malloc0(GICV3_N_IDS - GICV3_LPI_FIRST) : NULL;
    for (uint32_t n = 1; n < gic->n_irqs / 32; n++) {
        gic->bank[n].exists = n == GIC_N_BANKS - 1 ? (1u << GIC_SPI_END % 32) - 1 : UINT32_MAX;
    }
    service->window_set_bytes(device, 1, (uint64_t)low * REDIST_BYTES);
    service->window_set_bytes(device, 2, (uint64_t)(gic->n_cpus - low) * REDIST_BYTES);
    return TRUE;
}

static void unrealize(QhDevice *device)
{
    Gicv3 *gic = (Gicv3 *)device;

    for (uint32_t n = 0; gic->cpu != NULL && n < gic->n_cpus; n++) {
        g_free(gic->cpu[n].lpis);
        if (gic->cpu[n].cpu != NULL) {
            gic->cpu[n].cpu->gic = NULL;
        }
    }
    g_clear_pointer(&gic->cpu, g_free);
    g_clear_pointer(&gic->lpi_config, g_free);
}

void arm_gicv3_connect(QhDevice *device, uint32_t index, ArmCpu *cpu)
{
    Gicv3 *gic = (Gicv3 *)device;

    g_assert(index < gic->n_cpus);
    gic->cpu[index].cpu = cpu;
    cpu->gic = &gic->cpu[index];
}

static void reset(QhDevice *device, uint32_t kind)
{
    Gicv3 *gic = (Gicv3 *)device;

    (void)kind;
    gic->ctlr = 0;
    gic->lpi_table = 0;
    memset(gic->ready, 0, sizeof(gic->ready));
    for (uint32_t n = 1; n < GIC_N_BANKS; n++) {
        gic_bank_reset(&gic->bank[n]);
    }
    for (uint32_t n = 0; n < gic->n_cpus; n++) {
        ArmGicCpu *cpu = &gic->cpu[n];

        memset(&cpu->spis, 0, sizeof(cpu->spis));
        memset(cpu->line, 0, sizeof(cpu->line));
        gicv3_redist_reset(cpu);
        gicv3_cpu_reset(cpu);
    }
    for (uint32_t number = GIC_SPI_FIRST; number < GIC_SPI_END; number++) {
        set_route(gic, number, 0);
    }
    update_all(gic);
}

static void stream_cpu(ArmGicCpu *cpu, QhStateStream *s)
{
    cpu->waker = (uint32_t)s->number(s, cpu->waker);
    cpu->ctlr = (uint32_t)s->number(s, cpu->ctlr);
    cpu->propbaser = s->number(s, cpu->propbaser);
    cpu->pendbaser = s->number(s, cpu->pendbaser);
    s->bytes(s, &cpu->bank, sizeof(cpu->bank));
    s->bytes(s, &cpu->spis, sizeof(cpu->spis));
    s->bytes(s, &cpu->best, sizeof(cpu->best));
    s->bytes(s, &cpu->iface, sizeof(cpu->iface));
    s->bytes(s, &cpu->lists, sizeof(cpu->lists));
    s->bytes(s, cpu->line, sizeof(cpu->line));
    if (cpu->lpis != NULL) {
        s->bytes(s, cpu->lpis, sizeof(*cpu->lpis));
    }
}

static void stream(QhDevice *device, QhStateStream *s)
{
    Gicv3 *gic = (Gicv3 *)device;

    s->same(s, gic->n_cpus, "num-cpu");
    s->same(s, gic->n_irqs, "num-irq");
    s->same(s, gic->has_lpi, "has-lpi");
    s->bytes(s, &gic->ctlr, sizeof(gic->ctlr));
    s->bytes(s, gic->bank, sizeof(gic->bank));
    s->bytes(s, gic->ready, sizeof(gic->ready));
    s->bytes(s, gic->route, sizeof(gic->route));
    s->bytes(s, gic->target, sizeof(gic->target));
    for (uint32_t n = 0; n < gic->n_cpus; n++) {
        stream_cpu(&gic->cpu[n], s);
    }
    if (gic->has_lpi) {
        s->bytes(s, &gic->lpi_table, sizeof(gic->lpi_table));
        s->bytes(s, gic->lpi_config, GICV3_N_IDS - GICV3_LPI_FIRST);
    }
}

#define U32(name_, member_, default_, min_, max_, text_)                                           \
    QH_PROPERTY(name_, QH_PROPERTY_U32, offsetof(Gicv3, member_), default_, min_, max_, text_)
static const QhProperty properties[] = {
    U32("num-cpu", n_cpus, "1", 1, ARM_GICV3_MAX_CPUS, "redistributors and CPU interfaces"),
    U32("num-irq", n_irqs, "288", 64, 1024, "interrupts, with 32 of each CPU"),
    U32("first-region",
        first_region,
        "0",
        0,
        ARM_GICV3_MAX_CPUS,
        "redistributors of the first of two windows; 0: all"),
    QH_PROPERTY("has-lpi",
                QH_PROPERTY_BOOL,
                offsetof(Gicv3, has_lpi),
                "off",
                0,
                0,
                "LPIs, for an ITS to send"),
};
#undef U32

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

static const QhWindow windows[] = {
    {"gicv3_dist",        DIST_BYTES, &dist_io             },
    {"gicv3_redist",      0,          &gicv3_redist_io     },
    {"gicv3_redist_high", 0,          &gicv3_redist_high_io},
};

const QhDeviceOps arm_gicv3_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Gicv3),
    .description = "Arm generic interrupt controller, version 3",
    .properties = &property_table,
    QH_WINDOWS(windows),
    .n_irq_in = 1024 - GIC_SPI_FIRST + 32 * ARM_GICV3_MAX_CPUS,
    .n_irq_out = ARM_N_IRQ * ARM_GICV3_MAX_CPUS,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .irq_in = irq_in,
    .stream = stream,
};
