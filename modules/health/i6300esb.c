/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watchdog timer of the Intel 6300ESB I/O controller hub (datasheet 300641, chapter 16): two
 * stages, each of which counts down from a preload value. The end of the first shows in a status
 * bit, that of the second resets the machine, or does what the user says instead.
 *
 * Registers in memory take a write only after the two keys have been written to the reload
 * register; the enable and lock bits are in configuration space.
 */
#include "modules/health/health.h"

#define REG_PRELOAD_1 0x00u
#define REG_PRELOAD_2 0x04u
#define REG_STATUS    0x08u
#define REG_RELOAD    0x0cu

#define STATUS_ACTIVE  (1u << 0)
#define RELOAD_RELOAD  (1u << 8)
#define RELOAD_TIMEOUT (1u << 9)
#define KEY_1          0x80u
#define KEY_2          0x86u
#define PRELOAD_MASK   0xfffffu

#define CFG_CONFIG         0x60u
#define CONFIG_INTERRUPT   0x0003u /* 3: none */
#define CONFIG_FAST        0x0004u /* counts at 1 MHz, not at 1 kHz */
#define CONFIG_NO_OUTPUT   0x0020u
#define CONFIG_BITS        0x0027u
#define CFG_LOCK           0x68u
#define LOCK_LOCKED        0x01u
#define LOCK_ENABLE        0x02u
#define LOCK_FREE_RUN      0x04u
#define LOCK_BITS          0x07u
#define TICK_NS(fast)      ((fast) ? 30 * 32 : 30 * 32768) /* PCI clock of 33 MHz, divided */
#define NO_INTERRUPT(what) (((what)&CONFIG_INTERRUPT) == CONFIG_INTERRUPT)

typedef struct Watchdog {
    QhDevice base;
    QhTimer *timer;
    uint32_t preload[2];
    uint32_t status;
    uint8_t stage; /* 0 or 1: which one counts */
    uint8_t keys;  /* how many of the two have come */
    uint8_t timed_out;
    uint8_t enabled; /* as the lock register was last seen */
} Watchdog;

static const HealthServices *services(const Watchdog *dog)
{
    return dog->base.ctx;
}

static const QhPciService *bus(const Watchdog *dog)
{
    return services(dog)->device->bus_service(dog->base.bus);
}

static uint32_t config_byte(Watchdog *dog, uint32_t offset)
{
    return bus(dog)->config(&dog->base)[offset];
}

static void start(Watchdog *dog, uint8_t stage)
{
    const HealthServices *s = services(dog);
    int64_t tick = TICK_NS((config_byte(dog, CFG_CONFIG) & CONFIG_FAST) != 0);

    dog->stage = stage;
    /* a preload of 0 runs out at the next tick */
    s->timer->arm(dog->timer,
                  s->timer->now(s->host, QH_CLOCK_VIRTUAL) + tick * MAX(dog->preload[stage], 1));
}

static void on_timer(void *opaque)
{
    Watchdog *dog = opaque;
    uint32_t config = config_byte(dog, CFG_CONFIG);

    if (dog->stage == 0) {
        dog->status |= NO_INTERRUPT(config) ? 0 : STATUS_ACTIVE;
        start(dog, 1);
        return;
    }
    if ((config & CONFIG_NO_OUTPUT) == 0) {
        dog->timed_out = 1;
        services(dog)->machine->guest_event(dog->base.machine, QH_GUEST_WATCHDOG, NULL);
    }
    if ((config_byte(dog, CFG_LOCK) & LOCK_FREE_RUN) != 0) {
        start(dog, 1);
    }
}

static uint32_t
window_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const Watchdog *dog = opaque;
    const uint32_t registers[] = {dog->preload[0], dog->preload[1], dog->status,
                                  dog->timed_out ? RELOAD_TIMEOUT : 0};
    uint32_t value = offset < 16 ? registers[offset / 4] : 0;

    (void)attrs;
    *ret_value = value >> (8 * (offset & 3)) & (width == 4 ? UINT32_MAX : (1u << 8 * width) - 1);
    return QH_BUS_OK;
}

/* Whether both keys came before; they are good for one write. */
static gboolean unlock(Watchdog *dog)
{
    gboolean open = dog->keys == 2;

    dog->keys = 0;
    return open;
}

static void write_reload(Watchdog *dog, uint32_t value)
{
    if (dog->keys == 0 && value == KEY_1) {
        dog->keys = 1;
    } else if (dog->keys == 1 && value == KEY_2) {
        dog->keys = 2;
    } else if (unlock(dog)) {
        if ((value & RELOAD_TIMEOUT) != 0) {
            dog->timed_out = 0;
        }
        if ((value & RELOAD_RELOAD) != 0 && dog->enabled) {
            start(dog, (config_byte(dog, CFG_LOCK) & LOCK_FREE_RUN) != 0 ? 1 : 0);
        }
    }
}

static uint32_t
window_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Watchdog *dog = opaque;

    (void)attrs;
    switch (offset) {
    case REG_PRELOAD_1:
    case REG_PRELOAD_2:
        if (width == 4 && unlock(dog)) {
            dog->preload[offset / 4] = (uint32_t)value & PRELOAD_MASK;
        }
        break;
    case REG_STATUS:
        dog->status &= ~(uint32_t)value;
        break;
    case REG_RELOAD:
        write_reload(dog, (uint32_t)value);
        break;
    default:
        break;
    }
    return QH_BUS_OK;
}

/* 16.5.6: once locked the register keeps its value until a reset. */
static void config_written(QhDevice *device, uint32_t offset, uint32_t width)
{
    Watchdog *dog = (Watchdog *)device;
    uint32_t lock = config_byte(dog, CFG_LOCK);
    gboolean enable = (lock & LOCK_ENABLE) != 0;

    if (offset > CFG_LOCK || offset + width <= CFG_LOCK) {
        return;
    }
    if ((lock & LOCK_LOCKED) != 0) {
        bus(dog)->writable(device)[CFG_LOCK] = 0;
    }
    if (enable && !dog->enabled) {
        start(dog, (lock & LOCK_FREE_RUN) != 0 ? 1 : 0);
    } else if (!enable) {
        services(dog)->timer->disarm(dog->timer);
    }
    dog->enabled = enable;
}

/* The writable mask of the lock register is not part of a snapshot. */
static void state_loaded(QhDevice *device)
{
    Watchdog *dog = (Watchdog *)device;

    dog->stage &= 1;
    bus(dog)->writable(device)[CFG_LOCK] =
        (config_byte(dog, CFG_LOCK) & LOCK_LOCKED) != 0 ? 0 : LOCK_BITS;
}

/* 16.5.5: the timeout bit tells the next kernel why it was started. */
static void reset(QhDevice *device, uint32_t kind)
{
    Watchdog *dog = (Watchdog *)device;

    services(dog)->timer->disarm(dog->timer);
    bus(dog)->writable(device)[CFG_LOCK] = LOCK_BITS;
    dog->preload[0] = dog->preload[1] = PRELOAD_MASK;
    dog->status = 0;
    dog->stage = dog->keys = dog->enabled = 0;
    if (kind == QH_RESET_COLD) {
        dog->timed_out = 0;
    }
}

static gboolean realize(QhDevice *device, GError **error)
{
    Watchdog *dog = (Watchdog *)device;
    const HealthServices *s = services(dog);

    dog->timer = s->timer->timer_new(s->host, QH_CLOCK_VIRTUAL, on_timer, dog);
    bus(dog)->writable(device)[CFG_CONFIG] = CONFIG_BITS;
    bus(dog)->writable(device)[CFG_LOCK] = LOCK_BITS;
    return bus(dog)->bar(device, 0, 0, 0, 0, error);
}

static void unrealize(QhDevice *device)
{
    Watchdog *dog = (Watchdog *)device;

    services(dog)->timer->timer_free(dog->timer);
}

#define FIELD(member, bits) QH_STATE_FIELD(Watchdog, member, I##bits, 1)
static const QhStateField fields[] = {
    QH_STATE_FIELD(Watchdog, preload, I32, 2),
    FIELD(status, 32),
    FIELD(stage, 8),
    FIELD(keys, 8),
    FIELD(timed_out, 8),
    FIELD(enabled, 8),
};
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);
static const QhIoOps io_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 4,
    .read = window_read,
    .write = window_write,
};
static const QhWindow windows[] = {
    {.name = "i6300esb", .bytes = 16, .ops = &io_ops},
};
static const QhPciClass pci_class = {
    .size = sizeof(QhPciClass),
    .vendor = 0x8086,
    .device = 0x25ab,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x088000,
    .config_written = config_written,
};

const QhDeviceOps health_i6300esb_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Watchdog),
    .description = "Watchdog timer of the Intel 6300ESB",
    .bus = QH_PCI_BUS,
    .state = &state_table,
    QH_WINDOWS(windows),
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .state_loaded = state_loaded,
    .bus_class = &pci_class,
};
