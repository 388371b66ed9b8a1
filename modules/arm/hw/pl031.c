/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time clock (Arm DDI 0224, "PrimeCell Real Time Clock (PL031)"): seconds since 1970, and an
 * alarm at an equal count. The count is the host's clock and an offset, so nothing ticks.
 */
#include "modules/arm/hw/hw.h"
#include "modules/arm/services.h"

#define DR   0x00u /* 3.3: count */
#define MR   0x04u /* match */
#define LR   0x08u /* load: sets the count */
#define CR   0x0cu
#define IMSC 0x10u
#define RIS  0x14u
#define MIS  0x18u
#define ICR  0x1cu
#define ID   0xfe0u

#define NS_PER_S INT64_C(1000000000)

typedef struct Pl031 {
    QhDevice base;
    QhTimer *timer;
    uint32_t offset; /* seconds added to the host's clock */
    uint32_t match, load, imsc, ris;
    uint8_t armed;
} Pl031;

static const TargetServices *services(const Pl031 *rtc)
{
    return rtc->base.ctx;
}

static int64_t host_ns(const Pl031 *rtc)
{
    return services(rtc)->timer->now(services(rtc)->host, QH_CLOCK_HOST);
}

static uint32_t count(const Pl031 *rtc)
{
    return (uint32_t)(host_ns(rtc) / NS_PER_S) + rtc->offset;
}

static void update_irq(Pl031 *rtc)
{
    services(rtc)->device->set_irq(&rtc->base, 0, (rtc->ris & rtc->imsc) != 0);
}

static void alarm_due(void *opaque)
{
    Pl031 *rtc = opaque;

    rtc->armed = 0;
    rtc->ris = 1;
    update_irq(rtc);
}

/* When count and match are equal next; the count wraps around after 2^32 seconds. */
static void set_alarm(Pl031 *rtc)
{
    const QhTimerService *timer = services(rtc)->timer;
    uint32_t wait = rtc->match - count(rtc);

    rtc->armed = 1;
    if (wait == 0) {
        timer->disarm(rtc->timer);
        alarm_due(rtc);
    } else {
        timer->arm(rtc->timer, (host_ns(rtc) / NS_PER_S + wait) * NS_PER_S);
    }
}

static uint32_t
rtc_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    static const uint8_t identity[8] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1}; /* 3.4 */
    const Pl031 *rtc = opaque;

    (void)width;
    (void)attrs;
    *ret_value = 0;
    switch (offset & ~UINT64_C(3)) {
    case DR:
        *ret_value = count(rtc);
        break;
    case MR:
        *ret_value = rtc->match;
        break;
    case LR:
        *ret_value = rtc->load;
        break;
    case CR: /* it runs from the start, and cannot be stopped but by a reset (3.3.4) */
        *ret_value = 1;
        break;
    case IMSC:
        *ret_value = rtc->imsc;
        break;
    case RIS:
        *ret_value = rtc->ris;
        break;
    case MIS:
        *ret_value = rtc->ris & rtc->imsc;
        break;
    default:
        if (offset >= ID) {
            *ret_value = identity[(offset - ID) >> 2 & 7];
        }
        break;
    }
    return QH_BUS_OK;
}

static uint32_t
rtc_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Pl031 *rtc = opaque;

    (void)width;
    (void)attrs;
    switch (offset & ~UINT64_C(3)) {
    case MR:
        rtc->match = (uint32_t)value;
        set_alarm(rtc);
        break;
    case LR:
        rtc->load = (uint32_t)value;
        rtc->offset += rtc->load - count(rtc);
        if (rtc->armed) {
            set_alarm(rtc);
        }
        break;
    case CR:
        break;
    case IMSC:
        rtc->imsc = value & 1;
        update_irq(rtc);
        break;
    case ICR:
        rtc->ris &= ~(uint32_t)value;
        update_irq(rtc);
        break;
    default:
        services(rtc)->log->guest(services(rtc)->host, QH_LOG_GUEST_ERROR,
                                  "pl031: a read-only register is written");
        break;
    }
    return QH_BUS_OK;
}

static gboolean realize(QhDevice *device, GError **error)
{
    Pl031 *rtc = (Pl031 *)device;
    const TargetServices *s = services(rtc);

    (void)error;
    rtc->timer = s->timer->timer_new(s->host, QH_CLOCK_HOST, alarm_due, rtc);
    return TRUE;
}

static void unrealize(QhDevice *device)
{
    Pl031 *rtc = (Pl031 *)device;

    services(rtc)->timer->timer_free(rtc->timer);
    rtc->timer = NULL;
}

/* The clock goes on over a reset; the alarm does not. */
static void reset(QhDevice *device, uint32_t kind)
{
    Pl031 *rtc = (Pl031 *)device;

    (void)kind;
    services(rtc)->timer->disarm(rtc->timer);
    rtc->match = rtc->load = rtc->imsc = rtc->ris = 0;
    rtc->armed = 0;
}

#define FIELD(member, kind) QH_STATE_FIELD(Pl031, member, kind, 1)
static const QhStateField fields[] = {
    FIELD(offset, I32), FIELD(match, I32), FIELD(load, I32),
    FIELD(imsc, I32),   FIELD(ris, I32),   FIELD(armed, I8),
};
#undef FIELD

static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

static const QhIoOps io = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 4,
    .read = rtc_read,
    .write = rtc_write,
};

static const QhWindow windows[] = {
    {"pl031", 0x1000, &io},
};

const QhDeviceOps arm_pl031_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Pl031),
    .description = "Arm PrimeCell real-time clock",
    .state = &state_table,
    QH_WINDOWS(windows),
    .n_irq_out = 1,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
};
