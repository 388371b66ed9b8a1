/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Goldfish real-time clock (Android emulator, GOLDFISH-VIRTUAL-HARDWARE, section "Goldfish RTC"):
 * nanoseconds since 1970, and one alarm. Reading the low half latches the high half; writing the
 * low half of the alarm arms it.
 */
#include "hw.h"

#include "modules/riscv/cpu.h"

#define TIME_LOW        0x00
#define TIME_HIGH       0x04
#define ALARM_LOW       0x08
#define ALARM_HIGH      0x0c
#define IRQ_ENABLED     0x10
#define CLEAR_ALARM     0x14
#define ALARM_STATUS    0x18
#define CLEAR_INTERRUPT 0x1c

typedef struct Rtc {
    QhDevice base;
    QhTimer *timer;
    uint64_t offset; /* added to the host's clock: what the guest has set */
    uint64_t alarm;
    uint32_t time_high;  /* latched */
    uint32_t alarm_high; /* waits for the low half */
    uint32_t time_high_write;
    uint8_t irq_enabled;
    uint8_t irq_pending;
    uint8_t alarm_armed;
} Rtc;

static TargetServices *services_of(const Rtc *rtc)
{
    return rtc->base.ctx;
}

static uint64_t now(const Rtc *rtc)
{
    TargetServices *services = services_of(rtc);

    return (uint64_t)services->timer->now(services->host, QH_CLOCK_HOST) + rtc->offset;
}

static void update_irq(Rtc *rtc)
{
    services_of(rtc)->device->set_irq(&rtc->base, 0, rtc->irq_enabled && rtc->irq_pending);
}

static void alarm_due(void *opaque)
{
    Rtc *rtc = opaque;

    rtc->alarm_armed = 0;
    rtc->irq_pending = 1;
    update_irq(rtc);
}

static void set_alarm(Rtc *rtc)
{
    rtc->alarm_armed = 1;
    if (rtc->alarm <= now(rtc)) {
        services_of(rtc)->timer->disarm(rtc->timer);
        alarm_due(rtc);
        return;
    }
    uint64_t due = rtc->alarm - rtc->offset;
    services_of(rtc)->timer->arm(rtc->timer, due > G_MAXINT64 ? G_MAXINT64 : (int64_t)due);
}

static uint32_t
rtc_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Rtc *rtc = opaque;
    uint64_t value = 0;

    (void)width;
    switch (offset) {
    case TIME_LOW:
        value = now(rtc);
        if ((attrs & QH_ATTR_DEBUG) == 0) {
            rtc->time_high = (uint32_t)(value >> 32);
        }
        break;
    case TIME_HIGH:
        value = rtc->time_high;
        break;
    case ALARM_LOW:
        value = rtc->alarm;
        break;
    case ALARM_HIGH:
        value = rtc->alarm >> 32;
        break;
    case IRQ_ENABLED:
        value = rtc->irq_enabled;
        break;
    case ALARM_STATUS:
        value = rtc->alarm_armed;
        break;
    default:
        break;
    }
    *ret_value = (uint32_t)value;
    return QH_BUS_OK;
}

static uint32_t
rtc_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Rtc *rtc = opaque;

    (void)width;
    (void)attrs;
    switch (offset) {
    case TIME_LOW:
        rtc->offset += (((uint64_t)rtc->time_high_write << 32) | (uint32_t)value) - now(rtc);
        break;
    case TIME_HIGH:
        rtc->time_high_write = (uint32_t)value;
        break;
    case ALARM_LOW:
        rtc->alarm = ((uint64_t)rtc->alarm_high << 32) | (uint32_t)value;
        set_alarm(rtc);
        break;
    case ALARM_HIGH:
        rtc->alarm_high = (uint32_t)value;
        break;
    case IRQ_ENABLED:
        rtc->irq_enabled = value & 1;
        update_irq(rtc);
        break;
    case CLEAR_ALARM:
        rtc->alarm_armed = 0;
        services_of(rtc)->timer->disarm(rtc->timer);
        break;
    case CLEAR_INTERRUPT:
        rtc->irq_pending = 0;
        update_irq(rtc);
        break;
    default:
        break;
    }
    return QH_BUS_OK;
}

static gboolean realize(QhDevice *device, GError **error)
{
    Rtc *rtc = (Rtc *)device;
    TargetServices *services = services_of(rtc);

    (void)error;
    rtc->timer = services->timer->timer_new(services->host, QH_CLOCK_HOST, alarm_due, rtc);
    return TRUE;
}

static void unrealize(QhDevice *device)
{
    Rtc *rtc = (Rtc *)device;

    services_of(rtc)->timer->timer_free(rtc->timer);
    rtc->timer = NULL;
}

/* The clock goes on over a reset; the alarm does not. */
static void reset(QhDevice *device, uint32_t kind)
{
    Rtc *rtc = (Rtc *)device;

    (void)kind;
    services_of(rtc)->timer->disarm(rtc->timer);
    rtc->alarm = 0;
    rtc->irq_enabled = rtc->irq_pending = rtc->alarm_armed = 0;
    rtc->alarm_high = rtc->time_high_write = rtc->time_high = 0;
}

#define FIELD(member, kind) QH_STATE_FIELD(Rtc, member, kind, 1)
static const QhStateField fields[] = {
    FIELD(offset, I64),     FIELD(alarm, I64),           FIELD(time_high, I32),
    FIELD(alarm_high, I32), FIELD(irq_enabled, I8),      FIELD(irq_pending, I8),
    FIELD(alarm_armed, I8), FIELD(time_high_write, I32),
};
#undef FIELD

static const QhStateTable state = QH_STATE_TABLE(fields, 0);

static const QhIoOps io = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 4,
    .read = rtc_read,
    .write = rtc_write,
};

static const QhWindow windows[] = {
    {"goldfish-rtc", 0x1000, &io}
};

const QhDeviceOps rv_goldfish_rtc_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Rtc),
    .description = "Goldfish real-time clock",
    .state = &state,
    QH_WINDOWS(windows),
    .n_irq_out = 1,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
};
