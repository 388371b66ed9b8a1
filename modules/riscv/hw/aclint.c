/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACLINT (RISC-V Advanced Core Local Interruptor 1.0): the machine timer (MTIMER, section 2) and
 * software interrupts for machine (MSWI, section 3) and supervisor mode (SSWI, section 4). An
 * MSWI followed by an MTIMER at +0x4000 is what SiFive calls a CLINT.
 */
#include "hw.h"

#include "modules/riscv/cpu.h"
#include "modules/riscv/rv_time.h"

/* One machine timer for `num_harts` harts from `hartid_base`. */
typedef struct AclintTimer AclintTimer;

typedef struct TimerHart {
    AclintTimer *owner;
    QhTimer *timer;
    uint32_t index; /* output line */
} TimerHart;

struct AclintTimer {
    QhDevice base;
    uint32_t hartid_base;
    uint32_t num_harts;
    uint64_t timecmp_base; /* offsets in the window */
    uint64_t time_base;
    uint64_t aperture_size;
    uint64_t frequency;
    uint64_t time_offset; /* added to the clock: what a write of mtime has moved it by */
    uint64_t mtimecmp[RV_MAX_HARTS];
    TimerHart harts[RV_MAX_HARTS];
};

static TargetServices *services_of(const QhDevice *device)
{
    return device->ctx;
}

static uint64_t mtime(const AclintTimer *aclint)
{
    TargetServices *services = services_of(&aclint->base);
    int64_t now = services->timer->now(services->host, QH_CLOCK_VIRTUAL);

    return rv_time_at(now, aclint->frequency, aclint->time_offset);
}

/* MTIP is high while mtime >= mtimecmp (ACLINT 2.1). */
static void update(TimerHart *hart)
{
    AclintTimer *aclint = hart->owner;
    TargetServices *services = services_of(&aclint->base);
    gboolean expired = mtime(aclint) >= aclint->mtimecmp[hart->index];

    services->device->set_irq(&aclint->base, hart->index, expired);
    if (expired) {
        services->timer->disarm(hart->timer);
        return;
    }
    services->timer->arm(hart->timer, rv_time_when(aclint->mtimecmp[hart->index], aclint->frequency,
                                                   aclint->time_offset));
}

static void timer_expired(void *opaque)
{
    update(opaque);
}

/* Where in the registers @offset falls: a hart's mtimecmp, or mtime (hart == num_harts). */
static gboolean locate(const AclintTimer *aclint, uint64_t offset, uint32_t *ret_hart)
{
    if (offset >= aclint->time_base && offset < aclint->time_base + 8) {
        *ret_hart = aclint->num_harts;
        return TRUE;
    }
    if (offset >= aclint->timecmp_base &&
        offset < aclint->timecmp_base + 8 * (uint64_t)aclint->num_harts) {
        *ret_hart = (uint32_t)((offset - aclint->timecmp_base) / 8);
        return TRUE;
    }
    return FALSE;
}

static uint32_t
timer_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    AclintTimer *aclint = opaque;
    uint32_t hart;
    uint64_t value = 0;

    (void)attrs;
    if (locate(aclint, offset, &hart)) {
        value = hart == aclint->num_harts ? mtime(aclint) : aclint->mtimecmp[hart];
        if (width == 4) {
            value = (uint32_t)(value >> (offset & 4 ? 32 : 0));
        }
    }
    *ret_value = value;
    return QH_BUS_OK;
}

/* @old with the @width bytes at @offset replaced. */
static uint64_t merge(uint64_t old, uint64_t offset, uint32_t width, uint64_t value)
{
    if (width == 8) {
        return value;
    }
    return offset & 4 ? (old & G_MAXUINT32) | (value << 32)
                      : (old & ~(uint64_t)G_MAXUINT32) | (uint32_t)value;
}

static void set_mtime(AclintTimer *aclint, uint64_t value)
{
    TargetServices *services = services_of(&aclint->base);

    aclint->time_offset += value - mtime(aclint);
    for (uint32_t i = 0; i < aclint->num_harts; i++) {
        QhCpu *cpu = services->cpu->by_index(services->host, aclint->hartid_base + i);
        if (cpu != NULL) {
            rv_cpu_set_time_offset(cpu, aclint->time_offset);
        }
        update(&aclint->harts[i]);
    }
}

static uint32_t
timer_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    AclintTimer *aclint = opaque;
    uint32_t hart;

    (void)attrs;
    if (!locate(aclint, offset, &hart)) {
        return QH_BUS_OK;
    }
    if (hart == aclint->num_harts) {
        set_mtime(aclint, merge(mtime(aclint), offset, width, value));
    } else {
        aclint->mtimecmp[hart] = merge(aclint->mtimecmp[hart], offset, width, value);
        update(&aclint->harts[hart]);
    }
    return QH_BUS_OK;
}

static gboolean timer_realize(QhDevice *device, GError **error)
{
    AclintTimer *aclint = (AclintTimer *)device;
    TargetServices *services = services_of(device);

    if (aclint->aperture_size < 8 || aclint->time_base > aclint->aperture_size - 8 ||
        aclint->timecmp_base > aclint->aperture_size ||
        aclint->timecmp_base + 8 * (uint64_t)aclint->num_harts > aclint->aperture_size) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "riscv.aclint.mtimer: the registers do not fit into aperture-size");
        return FALSE;
    }
    for (uint32_t i = 0; i < aclint->num_harts; i++) {
        TimerHart *hart = &aclint->harts[i];
        hart->owner = aclint;
        hart->index = i;
        hart->timer =
            services->timer->timer_new(services->host, QH_CLOCK_VIRTUAL, timer_expired, hart);
    }
    services->device->window_set_bytes(device, 0, aclint->aperture_size);
    return TRUE;
}

static void timer_unrealize(QhDevice *device)
{
    AclintTimer *aclint = (AclintTimer *)device;

    for (uint32_t i = 0; i < RV_MAX_HARTS; i++) {
        services_of(device)->timer->timer_free(aclint->harts[i].timer);
        aclint->harts[i].timer = NULL;
    }
}

/* mtimecmp has no reset value (ACLINT 2.2); all ones keeps the line low until it is written. */
static void timer_reset(QhDevice *device, uint32_t kind)
{
    AclintTimer *aclint = (AclintTimer *)device;

    (void)kind;
    for (uint32_t i = 0; i < aclint->num_harts; i++) {
        aclint->mtimecmp[i] = G_MAXUINT64;
        services_of(device)->timer->disarm(aclint->harts[i].timer);
    }
    set_mtime(aclint, 0);
}

static const QhProperty timer_properties[] = {
    QH_PROPERTY("hartid-base",
                QH_PROPERTY_U32,
                offsetof(AclintTimer, hartid_base),
                "0",
                0,
                4095,
                "first hart"),
    QH_PROPERTY("num-harts",
                QH_PROPERTY_U32,
                offsetof(AclintTimer, num_harts),
                "1",
                1,
                RV_MAX_HARTS,
                "harts served"),
    QH_PROPERTY("timecmp-base",
                QH_PROPERTY_U64,
                offsetof(AclintTimer, timecmp_base),
                "0",
                0,
                0x10000,
                "offset of mtimecmp"),
    QH_PROPERTY("time-base",
                QH_PROPERTY_U64,
                offsetof(AclintTimer, time_base),
                "0x7ff8",
                0,
                0x10000,
                "offset of mtime"),
    QH_PROPERTY("aperture-size",
                QH_PROPERTY_U64,
                offsetof(AclintTimer, aperture_size),
                "0x8000",
                16,
                0x10000,
                "bytes of the window"),
    QH_PROPERTY("timebase-freq",
                QH_PROPERTY_U64,
                offsetof(AclintTimer, frequency),
                "10000000",
                1,
                1000000000,
                "ticks a second"),
};

static const QhPropertyTable timer_property_table = QH_PROPERTY_TABLE(timer_properties);

static const QhStateField timer_fields[] = {
    QH_STATE_FIELD(AclintTimer, mtimecmp, I64, RV_MAX_HARTS),
    QH_STATE_FIELD(AclintTimer, time_offset, I64, 1),
};

static const QhStateTable timer_state = QH_STATE_TABLE(timer_fields, 0);

static const QhIoOps timer_io = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 8,
    .read = timer_read,
    .write = timer_write,
};

static const QhWindow timer_windows[] = {
    {"mtimer", 0, &timer_io}
};

const QhDeviceOps rv_aclint_mtimer_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(AclintTimer),
    .description = "RISC-V ACLINT machine timer",
    .properties = &timer_property_table,
    .state = &timer_state,
    QH_WINDOWS(timer_windows),
    .n_irq_out = RV_MAX_HARTS,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = timer_realize,
    .unrealize = timer_unrealize,
    .reset = timer_reset,
};

/* Software interrupts, one word a hart. */
typedef struct AclintSwi {
    QhDevice base;
    uint32_t num_harts;
    uint8_t supervisor; /* SSWI: a write of 1 sets the pending bit, which software clears */
    uint8_t level[RV_MAX_HARTS];
} AclintSwi;

static uint32_t
swi_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    AclintSwi *swi = opaque;
    uint64_t hart = offset / 4;

    (void)width;
    (void)attrs;
    /* SETSSIP reads as zero (ACLINT 4) */
    *ret_value = !swi->supervisor && hart < swi->num_harts ? swi->level[hart] : 0;
    return QH_BUS_OK;
}

static uint32_t
swi_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    AclintSwi *swi = opaque;
    TargetServices *services = services_of(&swi->base);
    uint64_t hart = offset / 4;

    (void)width;
    (void)attrs;
    if (hart >= swi->num_harts) {
        return QH_BUS_OK;
    }
    if (!swi->supervisor) {
        swi->level[hart] = value & 1;
        services->device->set_irq(&swi->base, (uint32_t)hart, value & 1);
    } else if (value & 1) {
        /* an edge: the hart latches SSIP, and its software clears it in sip */
        services->device->set_irq(&swi->base, (uint32_t)hart, TRUE);
        services->device->set_irq(&swi->base, (uint32_t)hart, FALSE);
    }
    return QH_BUS_OK;
}

static gboolean swi_realize(QhDevice *device, GError **error)
{
    (void)device;
    (void)error;
    return TRUE;
}

static void swi_reset(QhDevice *device, uint32_t kind)
{
    AclintSwi *swi = (AclintSwi *)device;

    (void)kind;
    for (uint32_t i = 0; i < swi->num_harts; i++) {
        swi->level[i] = 0;
    }
}

static const QhProperty swi_properties[] = {
    QH_PROPERTY("num-harts",
                QH_PROPERTY_U32,
                offsetof(AclintSwi, num_harts),
                "1",
                1,
                RV_MAX_HARTS,
                "harts served"),
    QH_PROPERTY("sswi",
                QH_PROPERTY_BOOL,
                offsetof(AclintSwi, supervisor),
                "off",
                0,
                0,
                "supervisor software interrupts"),
};

static const QhPropertyTable swi_property_table = QH_PROPERTY_TABLE(swi_properties);

static const QhStateField swi_fields[] = {
    QH_STATE_FIELD(AclintSwi, level, I8, RV_MAX_HARTS),
};

static const QhStateTable swi_state = QH_STATE_TABLE(swi_fields, 0);

static const QhIoOps swi_io = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 4,
    .read = swi_read,
    .write = swi_write,
};

static const QhWindow swi_windows[] = {
    {"swi", 0x4000, &swi_io}
};

const QhDeviceOps rv_aclint_swi_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(AclintSwi),
    .description = "RISC-V ACLINT software interrupts",
    .properties = &swi_property_table,
    .state = &swi_state,
    QH_WINDOWS(swi_windows),
    .n_irq_out = RV_MAX_HARTS,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = swi_realize,
    .reset = swi_reset,
};
