/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Eight general-purpose pins (Arm DDI 0190, "PrimeCell GPIO (PL061)"), and a key that pulls one of
 * them up for a moment. Pins that nothing drives read as zero.
 */
#include "modules/arm/hw/hw.h"
#include "modules/arm/services.h"

#define DATA_END 0x400u /* 3.3.1: bits 9:2 of the address say which pins are meant */
#define DIR      0x400u
#define IS       0x404u /* 1: level, 0: edge */
#define IBE      0x408u /* both edges */
#define IEV      0x40cu /* 1: high or rising */
#define IE       0x410u
#define RIS      0x414u
#define MIS      0x418u
#define IC       0x41cu
#define AFSEL    0x420u
#define ID       0xfe0u

#define N_PINS 8u
#define PRESS_NS                                                                                   \
    INT64_C(100000000) /* how long a key is held: gpio-keys waits 5 ms for bouncing                \
                        */

typedef struct Pl061 {
    QhDevice base;
    uint8_t in;    /* pins as others drive them */
    uint8_t out;   /* as written */
    uint8_t level; /* as seen last, for edges */
    uint8_t dir, is, ibe, iev, ie, afsel;
    uint8_t edges; /* latched */
} Pl061;

static const TargetServices *services(const QhDevice *device)
{
    return device->ctx;
}

static uint8_t pins(const Pl061 *gpio)
{
    return (gpio->out & gpio->dir) | (gpio->in & ~gpio->dir);
}

static uint8_t raw(const Pl061 *gpio)
{
    return (gpio->edges & ~gpio->is) | (uint8_t)(gpio->is & ~(pins(gpio) ^ gpio->iev));
}

static void update(Pl061 *gpio)
{
    const QhDeviceService *service = services(&gpio->base)->device;
    uint8_t now = pins(gpio), changed = now ^ gpio->level;

    gpio->edges |= changed & ~gpio->is & (gpio->ibe | (uint8_t) ~(now ^ gpio->iev));
    gpio->level = now;
    for (uint32_t n = 0; n < N_PINS; n++) {
        service->set_irq(&gpio->base, 1 + n, now & gpio->dir & 1u << n);
    }
    service->set_irq(&gpio->base, 0, (raw(gpio) & gpio->ie) != 0);
}

static uint32_t
gpio_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    static const uint8_t identity[8] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1}; /* 3.4 */
    const Pl061 *gpio = opaque;

    (void)width;
    (void)attrs;
    if (offset < DATA_END) {
        *ret_value = pins(gpio) & (offset >> 2 & 0xff);
        return QH_BUS_OK;
    }
    *ret_value = 0;
    switch (offset & ~UINT64_C(3)) {
    case DIR:
        *ret_value = gpio->dir;
        break;
    case IS:
        *ret_value = gpio->is;
        break;
    case IBE:
        *ret_value = gpio->ibe;
        break;
    case IEV:
        *ret_value = gpio->iev;
        break;
    case IE:
        *ret_value = gpio->ie;
        break;
    case RIS:
        *ret_value = raw(gpio);
        break;
    case MIS:
        *ret_value = raw(gpio) & gpio->ie;
        break;
    case AFSEL:
        *ret_value = gpio->afsel;
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
gpio_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Pl061 *gpio = opaque;
    uint8_t byte = (uint8_t)value, mask = offset >> 2 & 0xff;

    (void)width;
    (void)attrs;
    switch (offset < DATA_END ? 0 : offset & ~UINT64_C(3)) {
    case 0:
        gpio->out = (gpio->out & ~(mask & gpio->dir)) | (byte & mask & gpio->dir);
        break;
    case DIR:
        gpio->dir = byte;
        break;
    case IS:
        gpio->is = byte;
        break;
    case IBE:
        gpio->ibe = byte;
        break;
    case IEV:
        gpio->iev = byte;
        break;
    case IE:
        gpio->ie = byte;
        break;
    case IC:
        gpio->edges &= ~byte;
        break;
    case AFSEL:
        gpio->afsel = byte;
        break;
    default:
        services(&gpio->base)
            ->log->guest(services(&gpio->base)->host, QH_LOG_GUEST_ERROR,
                         "pl061: a read-only register is written");
        break;
    }
    update(gpio);
    return QH_BUS_OK;
}

static void gpio_irq_in(QhDevice *device, uint32_t n, gboolean level)
{
    Pl061 *gpio = (Pl061 *)device;

    gpio->in = (uint8_t)((gpio->in & ~(1u << n)) | (level ? 1u << n : 0));
    update(gpio);
}

static gboolean gpio_realize(QhDevice *device, GError **error)
{
    (void)device;
    (void)error;
    return TRUE;
}

static void gpio_reset(QhDevice *device, uint32_t kind)
{
    Pl061 *gpio = (Pl061 *)device;

    (void)kind;
    gpio->out = gpio->dir = gpio->is = gpio->ibe = gpio->iev = gpio->ie = gpio->afsel = 0;
    gpio->level = gpio->in;
    gpio->edges = 0;
    update(gpio);
}

#define FIELD(member) QH_STATE_FIELD(Pl061, member, I8, 1)
static const QhStateField gpio_fields[] = {
    FIELD(in),  FIELD(out), FIELD(level), FIELD(dir),   FIELD(is),
    FIELD(ibe), FIELD(iev), FIELD(ie),    FIELD(afsel), FIELD(edges),
};
#undef FIELD

static const QhStateTable gpio_state = QH_STATE_TABLE(gpio_fields, 0);

static const QhIoOps gpio_io = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 4,
    .read = gpio_read,
    .write = gpio_write,
};

static const QhWindow gpio_windows[] = {
    {"pl061", 0x1000, &gpio_io},
};

const QhDeviceOps arm_pl061_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Pl061),
    .description = "Arm PrimeCell GPIO",
    .state = &gpio_state,
    QH_WINDOWS(gpio_windows),
    .n_irq_in = N_PINS,
    .n_irq_out = 1 + N_PINS,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = gpio_realize,
    .reset = gpio_reset,
    .irq_in = gpio_irq_in,
};

typedef struct Key {
    QhDevice base;
    QhTimer *timer;
} Key;

void arm_gpio_key_press(QhDevice *device)
{
    Key *key = (Key *)device;
    const TargetServices *s = services(device);

    s->device->set_irq(device, 0, TRUE);
    s->timer->arm(key->timer, s->timer->now(s->host, QH_CLOCK_VIRTUAL) + PRESS_NS);
}

static void release(void *opaque)
{
    Key *key = opaque;

    services(&key->base)->device->set_irq(&key->base, 0, FALSE);
}

static gboolean key_realize(QhDevice *device, GError **error)
{
    const TargetServices *s = services(device);

    (void)error;
    ((Key *)device)->timer = s->timer->timer_new(s->host, QH_CLOCK_VIRTUAL, release, device);
    return TRUE;
}

static void key_unrealize(QhDevice *device)
{
    Key *key = (Key *)device;

    services(device)->timer->timer_free(key->timer);
    key->timer = NULL;
}

static void key_reset(QhDevice *device, uint32_t kind)
{
    (void)kind;
    services(device)->timer->disarm(((Key *)device)->timer);
    services(device)->device->set_irq(device, 0, FALSE);
}

/* Its line and its timer are the host's to save. */
static void key_stream(QhDevice *device, QhStateStream *stream)
{
    (void)device, (void)stream;
}

const QhDeviceOps arm_gpio_key_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Key),
    .description = "key at a GPIO pin",
    .n_irq_out = 1,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = key_realize,
    .unrealize = key_unrealize,
    .reset = key_reset,
    .stream = key_stream,
};
