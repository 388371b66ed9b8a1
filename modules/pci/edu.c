/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device to learn with: an identity, a factorial, interrupts, and DMA to a buffer of its own. Its
 * registers are those of QEMU's "edu" (docs/specs/edu), so that drivers written for one work on the
 * other.
 */
#include "modules/pci/pci.h"

#include <string.h>

#define REG_IDENTITY    0x00u
#define REG_LIVE        0x04u
#define REG_FACTORIAL   0x08u
#define REG_STATUS      0x20u
#define REG_IRQ_STATUS  0x24u
#define REG_IRQ_RAISE   0x60u
#define REG_IRQ_ACK     0x64u
#define REG_DMA_SOURCE  0x80u
#define REG_DMA_TARGET  0x88u
#define REG_DMA_COUNT   0x90u
#define REG_DMA_COMMAND 0x98u
#define FIRST_WIDE      0x80u /* from here on 8 bytes are allowed, too */

#define IDENTITY         0x010000edu
#define STATUS_COMPUTING 0x01u
#define STATUS_IRQ       0x80u
#define IRQ_FACTORIAL    0x001u
#define IRQ_DMA          0x100u
#define DMA_RUN          0x1u
#define DMA_TO_RAM       0x2u
#define DMA_IRQ          0x4u

#define BUFFER_AT    0x40000u
#define BUFFER_BYTES 4096u
#define WORK_NS      1000

typedef struct Edu {
    QhDevice base;
    uint64_t dma_mask; /* property */
    uint32_t live, factorial, status, irq_status;
    uint64_t dma_source, dma_target, dma_count, dma_command;
    uint8_t buffer[BUFFER_BYTES];
    QhTimer *factorial_timer, *dma_timer;
} Edu;

static const PciServices *services(const Edu *edu)
{
    return edu->base.ctx;
}

static const QhPciService *bus(const Edu *edu)
{
    return services(edu)->device->bus_service(edu->base.bus);
}

static void raise_irq(Edu *edu, uint32_t bits)
{
    edu->irq_status |= bits;
    if (edu->irq_status != 0 && !bus(edu)->notify(&edu->base, 0)) {
        bus(edu)->set_irq(&edu->base, TRUE);
    }
}

static void lower_irq(Edu *edu, uint32_t bits)
{
    edu->irq_status &= ~bits;
    if (edu->irq_status == 0) {
        bus(edu)->set_irq(&edu->base, FALSE);
    }
}

/* From 34 on 2^32 divides it. */
static uint32_t factorial_of(uint32_t n)
{
    uint32_t product = 1;

    for (uint32_t i = 2; i <= MIN(n, 34); i++) {
        product *= i;
    }
    return product;
}

static void on_factorial(void *opaque)
{
    Edu *edu = opaque;

    edu->factorial = factorial_of(edu->factorial);
    edu->status &= ~STATUS_COMPUTING;
    if ((edu->status & STATUS_IRQ) != 0) {
        raise_irq(edu, IRQ_FACTORIAL);
    }
}

static void guest_error(const Edu *edu, const char *text)
{
    services(edu)->log->guest(services(edu)->host, QH_LOG_GUEST_ERROR, text);
}

/* The part of the buffer that @address and the count name; NULL: not all of it is there. */
static uint8_t *buffer_part(Edu *edu, uint64_t address)
{
    uint64_t offset = address - BUFFER_AT;

    if (address < BUFFER_AT || offset > BUFFER_BYTES || edu->dma_count > BUFFER_BYTES - offset) {
        guest_error(edu, "edu: DMA reaches outside the device's buffer");
        return NULL;
    }
    return edu->buffer + offset;
}

static void transfer(Edu *edu)
{
    gboolean to_ram = (edu->dma_command & DMA_TO_RAM) != 0;
    uint8_t *part = buffer_part(edu, to_ram ? edu->dma_source : edu->dma_target);
    uint64_t address = (to_ram ? edu->dma_target : edu->dma_source) & edu->dma_mask;
    uint32_t status;

    if (part == NULL) {
        return;
    }
    status = to_ram ? bus(edu)->dma_write(&edu->base, address, part, edu->dma_count)
                    : bus(edu)->dma_read(&edu->base, address, part, edu->dma_count);
    if (status != QH_BUS_OK) {
        guest_error(edu, "edu: DMA does not reach memory");
    }
}

static void on_dma(void *opaque)
{
    Edu *edu = opaque;

    if ((edu->dma_command & DMA_RUN) == 0) {
        return;
    }
    transfer(edu);
    edu->dma_command &= ~(uint64_t)DMA_RUN;
    if ((edu->dma_command & DMA_IRQ) != 0) {
        raise_irq(edu, IRQ_DMA);
    }
}

static void start(const Edu *edu, QhTimer *timer)
{
    const QhTimerService *time = services(edu)->timer;

    time->arm(timer, time->now(services(edu)->host, QH_CLOCK_VIRTUAL) + WORK_NS);
}

/* The DMA registers are 64 bits wide and may be read in halves. */
static uint64_t *dma_register(Edu *edu, uint32_t offset)
{
    switch (offset & ~7u) {
    case REG_DMA_SOURCE:
        return &edu->dma_source;
    case REG_DMA_TARGET:
        return &edu->dma_target;
    case REG_DMA_COUNT:
        return &edu->dma_count;
    case REG_DMA_COMMAND:
        return &edu->dma_command;
    default:
        return NULL;
    }
}

static uint32_t
window_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Edu *edu = opaque;
    const uint64_t *wide = dma_register(edu, (uint32_t)MIN(offset, UINT32_MAX));

    (void)attrs;
    if (offset < FIRST_WIDE && width != 4) {
        return QH_BUS_ERROR;
    }
    switch (offset) {
    case REG_IDENTITY:
        *ret_value = IDENTITY;
        break;
    case REG_LIVE:
        *ret_value = edu->live;
        break;
    case REG_FACTORIAL:
        *ret_value = edu->factorial;
        break;
    case REG_STATUS:
        *ret_value = edu->status;
        break;
    case REG_IRQ_STATUS:
        *ret_value = edu->irq_status;
        break;
    default:
        *ret_value = wide != NULL ? *wide >> (8 * (offset & 7)) : UINT64_MAX;
        break;
    }
    return QH_BUS_OK;
}

static void write_wide(Edu *edu, uint32_t offset, uint32_t width, uint64_t value)
{
    uint64_t *wide = dma_register(edu, offset);
    uint32_t shift = 8 * (offset & 7);
    uint64_t mask = (width == 8 ? UINT64_MAX : UINT32_MAX) << shift;

    if (wide == NULL || (edu->dma_command & DMA_RUN) != 0) {
        return; /* nothing is there, or it is busy with what was asked before */
    }
    *wide = (*wide & ~mask) | (value << shift & mask);
    if (wide == &edu->dma_command && (edu->dma_command & DMA_RUN) != 0) {
        start(edu, edu->dma_timer);
    }
}

static uint32_t
window_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Edu *edu = opaque;

    (void)attrs;
    if (offset < FIRST_WIDE && width != 4) {
        return QH_BUS_ERROR;
    }
    switch (offset) {
    case REG_LIVE:
        edu->live = ~(uint32_t)value;
        break;
    case REG_FACTORIAL:
        if ((edu->status & STATUS_COMPUTING) == 0) {
            edu->factorial = (uint32_t)value;
            edu->status |= STATUS_COMPUTING;
            start(edu, edu->factorial_timer);
        }
        break;
    case REG_STATUS:
        edu->status = (edu->status & ~STATUS_IRQ) | ((uint32_t)value & STATUS_IRQ);
        break;
    case REG_IRQ_RAISE:
        raise_irq(edu, (uint32_t)value);
        break;
    case REG_IRQ_ACK:
        lower_irq(edu, (uint32_t)value);
        break;
    default:
        write_wide(edu, (uint32_t)offset, width, value);
        break;
    }
    return QH_BUS_OK;
}

static void edu_reset(QhDevice *device, uint32_t kind)
{
    Edu *edu = (Edu *)device;

    (void)kind;
    services(edu)->timer->disarm(edu->factorial_timer);
    services(edu)->timer->disarm(edu->dma_timer);
    edu->live = edu->factorial = edu->status = 0;
    edu->dma_source = edu->dma_target = edu->dma_count = edu->dma_command = 0;
    memset(edu->buffer, 0, sizeof(edu->buffer));
    lower_irq(edu, UINT32_MAX);
}

static gboolean edu_realize(QhDevice *device, GError **error)
{
    Edu *edu = (Edu *)device;
    const PciServices *s = services(edu);

    edu->factorial_timer = s->timer->timer_new(s->host, QH_CLOCK_VIRTUAL, on_factorial, edu);
    edu->dma_timer = s->timer->timer_new(s->host, QH_CLOCK_VIRTUAL, on_dma, edu);
    return bus(edu)->bar(device, 0, 0, 0, 0, error) && bus(edu)->msi(device, 1, error);
}

static void edu_unrealize(QhDevice *device)
{
    Edu *edu = (Edu *)device;

    services(edu)->timer->timer_free(edu->factorial_timer);
    services(edu)->timer->timer_free(edu->dma_timer);
}

static const QhProperty properties[] = {
    QH_PROPERTY("dma_mask",
                QH_PROPERTY_U64,
                offsetof(Edu, dma_mask),
                "0xfffffff",
                0,
                0,
                "bits of an address that DMA drives"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define FIELD(member, bits) QH_STATE_FIELD(Edu, member, I##bits, 1)
static const QhStateField fields[] = {
    FIELD(live, 32),
    FIELD(factorial, 32),
    FIELD(status, 32),
    FIELD(irq_status, 32),
    FIELD(dma_source, 64),
    FIELD(dma_target, 64),
    FIELD(dma_count, 64),
    FIELD(dma_command, 64),
    {.name = "buffer",
                       .offset = offsetof(Edu, buffer),
                       .count = BUFFER_BYTES,
                       .type = QH_TYPE_I8,
                       .klass = QH_CLASS_CTRL,
                       .flags = QH_STATE_HIDDEN},
};
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

static const QhIoOps io_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 8,
    .read = window_read,
    .write = window_write,
};
static const QhWindow windows[] = {
    {.name = "edu", .bytes = 1u << 20, .ops = &io_ops},
};
static const QhPciClass edu_class = {
    .size = sizeof(QhPciClass),
    .vendor = 0x1234,
    .device = 0x11e8,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x00ff00,
    .revision = 0x10,
    .interrupt_pin = 1,
};

const QhDeviceOps pci_edu_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Edu),
    .description = "PCI device to learn and test with",
    .bus = QH_PCI_BUS,
    .properties = &property_table,
    .state = &state_table,
    QH_WINDOWS(windows),
    .realize = edu_realize,
    .unrealize = edu_unrealize,
    .reset = edu_reset,
    .bus_class = &edu_class,
};
