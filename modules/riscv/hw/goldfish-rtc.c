/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Goldfish real-time clock (Android emulator, GOLDFISH-VIRTUAL-HARDWARE, section "Goldfish RTC"):
 * nanoseconds since 1970, and one alarm. Reading the low half latches the high half; writing the
 * low half of the alarm arms it.
 */
#include "hw.h"

#include "modules/support/host-clock.h"

#define TIME_LOW        0x00
#define TIME_HIGH       0x04
#define ALARM_LOW       0x08
#define ALARM_HIGH      0x0c
#define IRQ_ENABLED     0x10
#define CLEAR_ALARM     0x14
#define ALARM_STATUS    0x18
#define CLEAR_INTERRUPT 0x1c

typedef struct Rtc {
    HostClock clock;
    uint64_t offset; /* added to the host's clock: what the guest has set */
    uint64_t alarm;
    uint32_t time_high;  /* latched */
    uint32_t alarm_high; /* waits for the low half */
    uint32_t time_high_write;
} Rtc;

static uint64_t now(const Rtc *rtc)
{
    return (uint64_t)host_clock_now(&rtc->clock) + rtc->offset;
}

static void set_alarm(Rtc *rtc)
{
    uint64_t due = rtc->alarm - rtc->offset;

    if (rtc->alarm <= now(rtc)) {
        due = 0;
    }
    host_clock_arm(&rtc->clock, due > G_MAXINT64 ? G_MAXINT64 : (int64_t)due);
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
        value = rtc->clock.enabled;
        break;
    case ALARM_STATUS:
        value = rtc->clock.armed;
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
        rtc->clock.enabled = value & 1;
        host_clock_update_irq(&rtc->clock);
        break;
    case CLEAR_ALARM:
        host_clock_disarm(&rtc->clock);
        break;
    case CLEAR_INTERRUPT:
        rtc->clock.pending = 0;
        host_clock_update_irq(&rtc->clock);
        break;
    default:
        break;
    }
    return QH_BUS_OK;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Rtc *rtc = (Rtc *)device;

    (void)kind;
    host_clock_reset(&rtc->clock);
    rtc->alarm = 0;
    rtc->alarm_high = rtc->time_high_write = rtc->time_high = 0;
}

#define FIELD(member, kind) QH_STATE_FIELD(Rtc, member, kind, 1)
static const QhStateField fields[] = {
    FIELD(offset, I64),     FIELD(alarm, I64),           FIELD(time_high, I32),
    FIELD(alarm_high, I32), FIELD(clock.enabled, I8),    FIELD(clock.pending, I8),
    FIELD(clock.armed, I8), FIELD(time_high_write, I32),
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
    .realize = host_clock_realize,
    .unrealize = host_clock_unrealize,
    .reset = reset,
};
