/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events have the types and codes of Linux, both for the driver (5.8.2) and in service "qh.input".
 * A report is the events up to a SYN: the driver gets whole reports only, in order. Those that it
 * has no buffers for wait in a backlog; when that is full, new reports are dropped as a whole.
 */
#include "modules/virtio/input.h"

#define QUEUE_SIZE  64u
#define EVENT_BYTES 8u
#define TEXT_MAX    128u

enum { EV_SYN = 0, EV_KEY = 1, EV_REL = 2, EV_ABS = 3, EV_LED = 0x11, EV_REP = 0x14 };
enum { BTN_LEFT = 0x110, BTN_TASK = 0x117, BTN_TOUCH = 0x14a, GEAR_DOWN = 0x150, GEAR_UP = 0x151 };
enum { REL_HWHEEL = 6, REL_WHEEL = 8, KEYS = 249 };
enum { MT_SLOT = 0x2f, MT_POSITION_X = 0x35, MT_POSITION_Y = 0x36, MT_TRACKING_ID = 0x39 };
enum { Q_EVENT = 0, Q_STATUS = 1 };

/* 5.8.4: the configuration */
enum { C_SELECT = 0, C_SUBSEL = 1, C_SIZE = 2, C_DATA = 8, CONFIG_BYTES = 136 };
enum { S_NAME = 1, S_SERIAL = 2, S_DEVIDS = 3, S_PROPS = 0x10, S_BITS = 0x11, S_ABS = 0x12 };
enum { BUS_VIRTUAL = 6, VENDOR = 0x0627, PROP_DIRECT = 1 };
enum { MT_SLOTS = 10 };

/* Codes from @first to @last of @type. */
typedef struct Codes {
    uint8_t type;
    uint16_t first, last;
} Codes;

typedef struct VirtioInputKind {
    const char *name;
    uint16_t product;
    uint8_t props;  /* INPUT_PROP_ bits */
    uint32_t kinds; /* QhInputOps.kinds */
    Codes codes[8]; /* ends with type 0 */
} VirtioInputKind;

static const VirtioInputKind kinds[] = {
    {"QEMU Virtio Keyboard",
     1, 0,
     1u << QH_INPUT_KEY,
     {{EV_KEY, 1, KEYS - 1}, {EV_LED, 0, 2}, {EV_REP, 0, 1}}},
    {"QEMU Virtio Mouse",
     2, 0,
     1u << QH_INPUT_BTN | 1u << QH_INPUT_REL,
     {{EV_KEY, BTN_LEFT, BTN_TASK},
      {EV_REL, 0, 1},
      {EV_REL, REL_HWHEEL, REL_HWHEEL},
      {EV_REL, REL_WHEEL, REL_WHEEL}}                       },
    {"QEMU Virtio Tablet",
     3, 0,
     1u << QH_INPUT_BTN | 1u << QH_INPUT_ABS,
     {{EV_KEY, BTN_LEFT, BTN_TASK},
      {EV_ABS, 0, 1},
      {EV_REL, REL_HWHEEL, REL_HWHEEL},
      {EV_REL, REL_WHEEL, REL_WHEEL}}                       },
    {"QEMU Virtio MultiTouch",
     4, 1u << PROP_DIRECT,
     1u << QH_INPUT_BTN | 1u << QH_INPUT_MTT,
     {{EV_KEY, BTN_TOUCH, BTN_TOUCH},
      {EV_ABS, MT_SLOT, MT_SLOT},
      {EV_ABS, MT_POSITION_X, MT_POSITION_Y},
      {EV_ABS, MT_TRACKING_ID, MT_TRACKING_ID}}             },
};

static VirtioInput *input_of(VirtioDevice *device)
{
    return (VirtioInput *)device;
}

static gboolean has_code(const VirtioInputKind *kind, uint32_t type, uint32_t code)
{
    for (const Codes *row = kind->codes; row->type != 0; row++) {
        if (row->type == type && code >= row->first && code <= row->last) {
            return TRUE;
        }
    }
    return FALSE;
}

/* --- Events --- */

static void deliver(VirtioInput *input)
{
    VirtioQueue *queue = input->virtio.queues[Q_EVENT];
    uint32_t done = 0;

    while (done < input->n_ready) {
        VirtioChain *chain = virtio_queue_pop(queue);

        if (chain == NULL && virtio_queue_want_kicks(queue, TRUE)) {
            continue;
        }
        if (chain == NULL) {
            break;
        }
        virtio_queue_push(chain,
                          virtio_chain_write(chain, 0, &input->backlog[done++], sizeof(uint64_t)));
    }
    input->n_ready -= done;
    input->n_backlog -= done;
    memmove(input->backlog, input->backlog + done, input->n_backlog * sizeof(uint64_t));
    virtio_queue_flush(queue);
}

static void add(VirtioInput *input, uint32_t type, uint32_t code, int32_t value)
{
    if (input->n_backlog == VIRTIO_INPUT_BACKLOG) {
        input->full = TRUE;
        return;
    }
    uint8_t *at = (uint8_t *)&input->backlog[input->n_backlog++];

    virtio_put16(at, type);
    virtio_put16(at + 2, code);
    virtio_put32(at + 4, (uint32_t)value);
}

static void on_sync(void *opaque)
{
    VirtioInput *input = opaque;

    if (input->n_backlog == input->n_ready) {
        return;
    }
    add(input, EV_SYN, 0, 0);
    if (input->full) {
        input->n_backlog = input->n_ready;
        input->full = FALSE;
    }
    input->n_ready = input->n_backlog;
    deliver(input);
}

/* Without an axis the wheel is two buttons, a click for each step. */
static void turn_wheel(VirtioInput *input, int32_t steps)
{
    uint32_t button = steps > 0 ? GEAR_UP : GEAR_DOWN;

    for (int32_t i = 0; i < MIN(ABS(steps), 8); i++) {
        add(input, EV_KEY, button, 1);
        on_sync(input);
        add(input, EV_KEY, button, 0);
        on_sync(input);
    }
}

static void on_event(void *opaque, const QhInputEvent *event)
{
    static const uint8_t types[] = {EV_KEY, EV_KEY, EV_REL, EV_ABS, EV_ABS};
    VirtioInput *input = opaque;

    if ((input->virtio.status & VIRTIO_DRIVER_OK) == 0 || event->kind >= G_N_ELEMENTS(types) ||
        !has_code(input->kind, types[event->kind], event->code)) {
        return;
    }
    if (event->kind == QH_INPUT_REL && event->code == REL_WHEEL && !input->wheel_axis) {
        turn_wheel(input, event->value);
    } else {
        add(input, types[event->kind], event->code, event->value);
    }
}

/* 5.8.6: the status queue has the same events; lamps are the only ones that a device has. */
static gboolean take_status(VirtioChain *chain)
{
    static const uint32_t lamps[] = {QH_INPUT_LED_NUM, QH_INPUT_LED_CAPS, QH_INPUT_LED_SCROLL};
    VirtioInput *input = input_of(chain->queue->device);
    const QhInputService *service = input->virtio.services->input;
    uint8_t event[EVENT_BYTES];
    uint32_t before = input->leds;

    if (virtio_chain_read(chain, 0, event, sizeof(event)) == sizeof(event) &&
        virtio_get16(event) == EV_LED && virtio_get16(event + 2) < G_N_ELEMENTS(lamps)) {
        uint32_t lamp = lamps[virtio_get16(event + 2)];

        input->leds = virtio_get32(event + 4) != 0 ? before | lamp : before & ~lamp;
    }
    virtio_queue_push(chain, 0);
    if (input->leds != before) {
        service->leds(input->input, input->leds);
    }
    return TRUE;
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    if (queue->index == Q_STATUS) {
        virtio_queue_run(queue, take_status);
    } else {
        deliver(input_of(device));
    }
}

/* --- Configuration --- */

static uint32_t put_text(uint8_t *data, const char *text)
{
    uint32_t bytes = text != NULL ? (uint32_t)MIN(strlen(text), TEXT_MAX) : 0;

    memcpy(data, text != NULL ? text : "", bytes);
    return bytes;
}

static void set_bits(uint8_t *data, uint32_t first, uint32_t last, uint32_t *bytes)
{
    for (uint32_t bit = first; bit <= last; bit++) {
        data[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
    *bytes = MAX(*bytes, last / 8 + 1);
}

static uint32_t put_bits(const VirtioInput *input, uint8_t *data)
{
    uint32_t bytes = 0;

    for (const Codes *row = input->kind->codes; row->type != 0; row++) {
        gboolean wheel = row->type == EV_REL && row->first == REL_WHEEL;

        if (row->type == input->subsel && (!wheel || input->wheel_axis)) {
            set_bits(data, row->first, row->last, &bytes);
        }
        if (wheel && !input->wheel_axis && input->subsel == EV_KEY) {
            set_bits(data, GEAR_DOWN, GEAR_UP, &bytes);
        }
    }
    return bytes;
}

/* 5.8.5.1: min, max, fuzz, flat, resolution */
static uint32_t put_axis(const VirtioInput *input, uint8_t *data)
{
    uint32_t max = QH_INPUT_ABS_MAX;

    if (!has_code(input->kind, EV_ABS, input->subsel)) {
        return 0;
    }
    if (input->subsel == MT_SLOT || input->subsel == MT_TRACKING_ID) {
        max = input->subsel == MT_SLOT ? MT_SLOTS - 1 : UINT16_MAX;
    }
    virtio_put32(data + 4, max);
    return 20;
}

static uint32_t put_ids(const VirtioInput *input, uint8_t *data)
{
    virtio_put16(data, BUS_VIRTUAL);
    virtio_put16(data + 2, VENDOR);
    virtio_put16(data + 4, input->kind->product);
    virtio_put16(data + 6, 1);
    return 8;
}

static void read_config(VirtioDevice *device, uint8_t *config)
{
    const VirtioInput *input = input_of(device);
    uint8_t *data = config + C_DATA;
    uint32_t bytes = 0;

    config[C_SELECT] = input->select;
    config[C_SUBSEL] = input->subsel;
    if (input->select == S_BITS) {
        bytes = put_bits(input, data);
    } else if (input->select == S_ABS) {
        bytes = put_axis(input, data);
    } else if (input->subsel != 0) {
        bytes = 0;
    } else if (input->select == S_NAME) {
        bytes = put_text(data, input->kind->name);
    } else if (input->select == S_SERIAL) {
        bytes = put_text(data, input->serial);
    } else if (input->select == S_DEVIDS) {
        bytes = put_ids(input, data);
    } else if (input->select == S_PROPS) {
        data[0] = input->kind->props;
        bytes = input->kind->props != 0;
    }
    config[C_SIZE] = (uint8_t)bytes;
}

static void
write_config(VirtioDevice *device, const uint8_t *config, uint32_t offset, uint32_t bytes)
{
    (void)offset;
    (void)bytes;
    input_of(device)->select = config[C_SELECT];
    input_of(device)->subsel = config[C_SUBSEL];
}

/* --- Life --- */

static void set_active(VirtioInput *input, gboolean active)
{
    input->virtio.services->input->activate(input->input, active);
}

static void driver_ok(VirtioDevice *device)
{
    set_active(input_of(device), TRUE);
}

static void reset(VirtioDevice *device)
{
    VirtioInput *input = input_of(device);

    input->select = input->subsel = 0;
    input->n_ready = input->n_backlog = 0;
    input->full = FALSE;
    set_active(input, FALSE);
    if (input->leds != 0) {
        input->leds = 0;
        device->services->input->leds(input->input, 0);
    }
}

static void stream_state(VirtioDevice *device, QhStateStream *stream)
{
    VirtioInput *input = input_of(device);
    uint64_t n = stream->number(stream, input->n_backlog);
    uint64_t n_ready = stream->number(stream, input->n_ready);

    if (n > VIRTIO_INPUT_BACKLOG || n_ready > n) {
        stream->fail(stream, "more events wait than can");
        return;
    }
    stream->bytes(stream, input->backlog, sizeof(input->backlog));
    stream->bytes(stream, &input->select, sizeof(input->select));
    stream->bytes(stream, &input->subsel, sizeof(input->subsel));
    stream->bytes(stream, &input->full, sizeof(input->full));
    stream->bytes(stream, &input->leds, sizeof(input->leds));
    if (stream->mode == QH_STATE_LOAD) {
        input->n_backlog = (uint32_t)n;
        input->n_ready = (uint32_t)n_ready;
    }
}

static void loaded(VirtioDevice *device)
{
    VirtioInput *input = input_of(device);

    set_active(input, (device->status & VIRTIO_DRIVER_OK) != 0);
    device->services->input->leds(input->input, input->leds);
}

static QhInputOps ops_of(const VirtioInputKind *kind)
{
    return (QhInputOps){
        .size = sizeof(QhInputOps),
        .kinds = kind->kinds,
        .name = kind->name,
        .event = on_event,
        .sync = on_sync,
    };
}

static gboolean realize(VirtioDevice *device, const VirtioInputKind *kind, GError **error)
{
    VirtioInput *input = input_of(device);
    const QhInputService *service = device->services->input;

    if (service == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "cannot realize '%s': this host has no input", device->base.id);
        return FALSE;
    }
    input->kind = kind;
    input->ops = ops_of(kind);
    virtio_queue_add(device, QUEUE_SIZE, sizeof(VirtioChain));
    virtio_queue_add(device, QUEUE_SIZE, sizeof(VirtioChain));
    device->config_bytes = CONFIG_BYTES;
    input->input = service->attach(&device->base, &input->ops, input, error);
    if (input->input == NULL) {
        return FALSE;
    }
    if (input->display != NULL) {
        service->bind(input->input, input->display, input->head);
    }
    return TRUE;
}

static void unrealize(VirtioDevice *device)
{
    if (device->services->input != NULL) {
        device->services->input->detach(input_of(device)->input);
    }
}

static gboolean realize_keyboard(VirtioDevice *device, GError **error)
{
    return realize(device, &kinds[0], error);
}

static gboolean realize_mouse(VirtioDevice *device, GError **error)
{
    return realize(device, &kinds[1], error);
}

static gboolean realize_tablet(VirtioDevice *device, GError **error)
{
    return realize(device, &kinds[2], error);
}

static gboolean realize_multitouch(VirtioDevice *device, GError **error)
{
    return realize(device, &kinds[3], error);
}

#define INPUT_FUNCTION(name_, realize_)                                                            \
    {                                                                                              \
        .name = (name_), .device_id = VIRTIO_ID_INPUT, .realize = (realize_),                      \
        .unrealize = unrealize, .driver_ok = driver_ok, .reset = reset,                            \
        .read_config = read_config, .write_config = write_config, .kick = kick,                    \
        .stream = stream_state, .loaded = loaded,                                                  \
    }
const VirtioFunction virtio_keyboard = INPUT_FUNCTION("keyboard", realize_keyboard);
const VirtioFunction virtio_mouse = INPUT_FUNCTION("mouse", realize_mouse);
const VirtioFunction virtio_tablet = INPUT_FUNCTION("tablet", realize_tablet);
const VirtioFunction virtio_multitouch = INPUT_FUNCTION("multitouch", realize_multitouch);
