/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time clock (Arm DDI 0224, "PrimeCell Real Time Clock (PL031)"): seconds since 1970, and an
 * alarm at an equal count.
 */
#include "modules/arm/hw/hw.h"
#include "modules/support/host-clock.h"

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
    HostClock clock;
    uint32_t offset; /* seconds added to the host's clock */
    uint32_t match, load;
} Pl031;

static uint32_t count(const Pl031 *rtc)
{
    return (uint32_t)(host_clock_now(&rtc->clock) / NS_PER_S) + rtc->offset;
}

/* When count and match are equal next; the count wraps around after 2^32 seconds. */
static void set_alarm(Pl031 *rtc)
{
    uint32_t wait = rtc->match - count(rtc);

    host_clock_arm(&rtc->clock, (host_clock_now(&rtc->clock) / NS_PER_S + wait) * NS_PER_S);
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
        *ret_value = rtc->clock.enabled;
        break;
    case RIS:
        *ret_value = rtc->clock.pending;
        break;
    case MIS:
        *ret_value = rtc->clock.pending & rtc->clock.enabled;
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
    const TargetServices *services = rtc->clock.base.ctx;

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
        if (rtc->clock.armed) {
            set_alarm(rtc);
        }
        break;
    case CR:
        break;
    case IMSC:
        rtc->clock.enabled = value & 1;
        host_clock_update_irq(&rtc->clock);
        break;
    case ICR:
        rtc->clock.pending &= (uint8_t)~value;
        host_clock_update_irq(&rtc->clock);
        break;
    default:
        services->log->guest(services->host, QH_LOG_GUEST_ERROR,
                             "pl031: a read-only register is written");
        break;
    }
    return QH_BUS_OK;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Pl031 *rtc = (Pl031 *)device;

    (void)kind;
    host_clock_reset(&rtc->clock);
    rtc->match = rtc->load = 0;
}

#define FIELD(member, kind) QH_STATE_FIELD(Pl031, member, kind, 1)
static const QhStateField fields[] = {
    FIELD(offset, I32),       FIELD(match, I32),        FIELD(load, I32),
    FIELD(clock.enabled, I8), FIELD(clock.pending, I8), FIELD(clock.armed, I8),
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
    .realize = host_clock_realize,
    .unrealize = host_clock_unrealize,
    .reset = reset,
};
