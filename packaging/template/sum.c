/* SPDX-License-Identifier: MIT */
/*
 * The guest writes an address and a length; some time later the device has added up the bytes that
 * are there, says so in its status and raises an interrupt. The registers, 32 bits each:
 *
 *     0x00 identity   0x04 address, low   0x08 address, high   0x0c length: writing it starts
 *     0x10 status: 1 busy, 2 done, 4 error   0x14 the sum   0x18 write: done is seen
 */
#include "sum.h"
#include "abi/pci.h"

#define REG_IDENTITY     0x00u
#define REG_ADDRESS_LOW  0x04u
#define REG_ADDRESS_HIGH 0x08u
#define REG_LENGTH       0x0cu
#define REG_STATUS       0x10u
#define REG_RESULT       0x14u
#define REG_SEEN         0x18u

#define IDENTITY     0x314d5553u /* "SUM1" */
#define STATUS_BUSY  1u
#define STATUS_DONE  2u
#define STATUS_ERROR 4u
#define LENGTH_MAX   (1u << 20)

typedef struct Sum {
    QhDevice base;  /* first: the host knows this part */
    uint32_t delay; /* property, in microseconds */
    uint32_t address_low, address_high, length, status, result;
    QhTimer *timer;
} Sum;

static const SumServices *services(const Sum *sum)
{
    return sum->base.ctx;
}

static const QhPciService *bus(const Sum *sum)
{
    return services(sum)->device->bus_service(sum->base.bus);
}

/* Memory that is not there, or a device that is no bus master: the status says error. */
static uint32_t add_up(Sum *sum, uint32_t *ret_result)
{
    uint64_t address = (uint64_t)sum->address_high << 32 | sum->address_low;
    uint32_t result = 0;
    uint8_t bytes[4096];

    for (uint32_t done = 0, step; done < sum->length; done += step) {
        step = MIN(sum->length - done, sizeof(bytes));
        if (bus(sum)->dma_read(&sum->base, address + done, bytes, step) != QH_BUS_OK) {
            return STATUS_DONE | STATUS_ERROR;
        }
        for (uint32_t i = 0; i < step; i++) {
            result += bytes[i];
        }
    }
    *ret_result = result;
    return STATUS_DONE;
}

static void finish(void *opaque)
{
    Sum *sum = opaque;

    sum->status = add_up(sum, &sum->result);
    if (!bus(sum)->notify(&sum->base, 0)) { /* no MSI: the line */
        bus(sum)->set_irq(&sum->base, TRUE);
    }
}

static void start(Sum *sum, uint32_t length)
{
    const QhTimerService *timer = services(sum)->timer;

    if ((sum->status & STATUS_BUSY) != 0 || length > LENGTH_MAX) {
        return; /* what a guest does wrong is no error of ours */
    }
    sum->length = length;
    sum->status = STATUS_BUSY;
    timer->arm(sum->timer,
               timer->now(services(sum)->host, QH_CLOCK_VIRTUAL) + (int64_t)sum->delay * 1000);
}

static uint32_t
sum_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const Sum *sum = opaque;

    (void)width;
    (void)attrs; /* no read changes anything, so a debugger may look */
    switch (offset) {
    case REG_IDENTITY:
        *ret_value = IDENTITY;
        return QH_BUS_OK;
    case REG_ADDRESS_LOW:
        *ret_value = sum->address_low;
        return QH_BUS_OK;
    case REG_ADDRESS_HIGH:
        *ret_value = sum->address_high;
        return QH_BUS_OK;
    case REG_LENGTH:
        *ret_value = sum->length;
        return QH_BUS_OK;
    case REG_STATUS:
        *ret_value = sum->status;
        return QH_BUS_OK;
    case REG_RESULT:
        *ret_value = sum->result;
        return QH_BUS_OK;
    default:
        return QH_BUS_ERROR;
    }
}

static uint32_t
sum_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Sum *sum = opaque;

    (void)width;
    (void)attrs;
    switch (offset) {
    case REG_ADDRESS_LOW:
        sum->address_low = (uint32_t)value;
        return QH_BUS_OK;
    case REG_ADDRESS_HIGH:
        sum->address_high = (uint32_t)value;
        return QH_BUS_OK;
    case REG_LENGTH:
        start(sum, (uint32_t)value);
        return QH_BUS_OK;
    case REG_SEEN:
        sum->status &= STATUS_BUSY;
        bus(sum)->set_irq(&sum->base, FALSE);
        return QH_BUS_OK;
    default:
        return QH_BUS_ERROR;
    }
}

static gboolean realize(QhDevice *device, GError **error)
{
    Sum *sum = (Sum *)device;

    sum->timer =
        services(sum)->timer->timer_new(services(sum)->host, QH_CLOCK_VIRTUAL, finish, sum);
    return bus(sum)->bar(device, 0, 0, 0, 0, error) && bus(sum)->msi(device, 1, error);
}

/* Also after a realize that failed half-way; the bus takes back what it was asked for by itself. */
static void unrealize(QhDevice *device)
{
    Sum *sum = (Sum *)device;

    services(sum)->timer->timer_free(sum->timer);
}

static void reset(QhDevice *device, uint32_t kind)
{
    Sum *sum = (Sum *)device;

    (void)kind;
    services(sum)->timer->disarm(sum->timer);
    sum->address_low = sum->address_high = sum->length = sum->status = sum->result = 0;
    bus(sum)->set_irq(device, FALSE);
}

static const QhIoOps registers = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 4,
    .read = sum_read,
    .write = sum_write,
};
static const QhWindow windows[] = {
    {.name = "registers", .bytes = 0x1000, .ops = &registers},
};
static const QhProperty properties[] = {
    QH_PROPERTY("delay",
                QH_PROPERTY_U32,
                offsetof(Sum, delay),
                "10",
                1,
                1000000,
                "microseconds a sum takes"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);
static const QhStateField fields[] = {
    QH_STATE_FIELD(Sum, address_low, I32, 1), QH_STATE_FIELD(Sum, address_high, I32, 1),
    QH_STATE_FIELD(Sum, length, I32, 1),      QH_STATE_FIELD(Sum, status, I32, 1),
    QH_STATE_FIELD(Sum, result, I32, 1),
};
static const QhStateTable state = QH_STATE_TABLE(fields, 0);
static const QhPciClass pci_class = {
    .size = sizeof(QhPciClass),
    .vendor = 0x1234, /* take one of your own */
    .device = 0x51d5,
    .class_code = 0x00ff00, /* none of the classes that are defined */
    .revision = 1,
    .interrupt_pin = 1,
};

const QhDeviceOps sum_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Sum),
    .description = "Adds up bytes of memory",
    .bus = QH_PCI_BUS,
    .bus_class = &pci_class,
    .properties = &property_table,
    .state = &state,
    QH_WINDOWS(windows),
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
};
