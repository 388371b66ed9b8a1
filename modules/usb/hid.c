/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyboard, mouse and tablet (HID 1.11). A queue of reports stands between what comes from the host
 * and what the guest reads, so that a key that is pressed and let go of between two looks is seen.
 * When the queue is full its last report becomes what is true now, so no key stays down for ever.
 */
#include "modules/usb/hid.h"

#include "modules/usb/classes.h"
#include "modules/usb/spec.h"

#include <string.h>

#define REPORT_ENDPOINT 0x81u
#define IDLE_NS         4000000 /* unit of SET_IDLE (7.2.4) */

/* Class requests (7.2). */
#define GET_REPORT   USB_REQUEST(0xa1, 1)
#define GET_IDLE     USB_REQUEST(0xa1, 2)
#define GET_PROTOCOL USB_REQUEST(0xa1, 3)
#define SET_REPORT   USB_REQUEST(0x21, 9)
#define SET_IDLE     USB_REQUEST(0x21, 10)
#define SET_PROTOCOL USB_REQUEST(0x21, 11)
#define OUTPUT       2u /* report type */

enum { BTN_LEFT = 0x110, BTN_TASK = 0x117, GEAR_DOWN = 0x150, GEAR_UP = 0x151 };
enum { REL_X = 0, REL_Y = 1, REL_WHEEL = 8, ABS_X = 0, ABS_Y = 1 };

/* --- Reports --- */

static uint32_t keyboard_report(const UsbHid *hid, uint8_t *out)
{
    out[0] = hid->modifiers;
    out[1] = 0;
    for (uint32_t i = 0; i < 6; i++) {
        /* 8.3: too many keys for the report */
        out[2 + i] = hid->n_keys > 6 ? 1 : i < hid->n_keys ? hid->keys[i] : 0;
    }
    return 8;
}

static int32_t step(int32_t *rest)
{
    int32_t part = CLAMP(*rest, -127, 127);

    *rest -= part;
    return part;
}

/* Takes what can be said at once off what has moved. */
static uint32_t mouse_report(UsbHid *hid, uint8_t *out)
{
    out[0] = hid->buttons;
    out[1] = (uint8_t)step(&hid->dx);
    out[2] = (uint8_t)step(&hid->dy);
    out[3] = (uint8_t)step(&hid->wheel);
    return hid->protocol == 0 ? 3 : 4;
}

static uint32_t tablet_report(UsbHid *hid, uint8_t *out)
{
    out[0] = hid->buttons;
    out[1] = (uint8_t)hid->x;
    out[2] = (uint8_t)(hid->x >> 8);
    out[3] = (uint8_t)hid->y;
    out[4] = (uint8_t)(hid->y >> 8);
    out[5] = (uint8_t)step(&hid->wheel);
    return 6;
}

static uint32_t make_report(UsbHid *hid, uint8_t *out)
{
    switch (hid->kind) {
    case HID_KEYBOARD:
        return keyboard_report(hid, out);
    case HID_MOUSE:
        return mouse_report(hid, out);
    default:
        return tablet_report(hid, out);
    }
}

/* What is true now becomes the last report of the queue. */
static void push(UsbHid *hid)
{
    if (hid->n_reports == HID_QUEUE) {
        const uint8_t *last = hid->reports[--hid->n_reports];

        if (hid->kind == HID_MOUSE) { /* its movement is still to be told */
            hid->dx += (int8_t)last[1];
            hid->dy += (int8_t)last[2];
        }
        hid->wheel += hid->kind == HID_MOUSE    ? (int8_t)last[3]
                      : hid->kind == HID_TABLET ? (int8_t)last[5]
                                                : 0;
    }
    (void)make_report(hid, hid->reports[hid->n_reports++]);
    usb_of(&hid->base)->wakeup(&hid->base, REPORT_ENDPOINT);
}

static gboolean moves(const UsbHid *hid)
{
    return hid->dx != 0 || hid->dy != 0 || hid->wheel != 0;
}

/* --- What comes from the host --- */

static void key(UsbHid *hid, uint32_t code, gboolean down)
{
    uint32_t usage = hid_usage_of_key(code), at = 0;

    if (usage == 0) {
        return;
    }
    if (usage >= 0xe0) {
        uint8_t bit = (uint8_t)(1u << (usage - 0xe0));

        hid->modifiers = (uint8_t)(down ? hid->modifiers | bit : hid->modifiers & ~bit);
    } else {
        while (at < hid->n_keys && hid->keys[at] != usage) {
            at++;
        }
        if (down && at == hid->n_keys && at < HID_KEYS) {
            hid->keys[hid->n_keys++] = (uint8_t)usage;
        } else if (!down && at < hid->n_keys) {
            memmove(hid->keys + at, hid->keys + at + 1, --hid->n_keys - at);
        }
    }
    push(hid);
}

static void button(UsbHid *hid, uint32_t code, gboolean down)
{
    if (code == GEAR_UP || code == GEAR_DOWN) {
        hid->wheel += !down ? 0 : code == GEAR_UP ? 1 : -1;
    } else if (code >= BTN_LEFT && code <= BTN_TASK) {
        uint8_t bit = (uint8_t)(1u << (code - BTN_LEFT));

        hid->buttons = (uint8_t)(down ? hid->buttons | bit : hid->buttons & ~bit);
    }
    hid->changed = 1;
}

static void move(int32_t *sum, int32_t value)
{
    *sum = CLAMP(*sum + CLAMP(value, -HID_MOVE_MAX, HID_MOVE_MAX), -HID_MOVE_MAX, HID_MOVE_MAX);
}

static void on_event(void *opaque, const QhInputEvent *event)
{
    UsbHid *hid = opaque;

    if (!usb_of(&hid->base)->is_configured(&hid->base)) {
        return;
    }
    switch (event->kind) {
    case QH_INPUT_KEY:
        key(hid, event->code, event->value != 0);
        break;
    case QH_INPUT_BTN:
        button(hid, event->code, event->value != 0);
        break;
    case QH_INPUT_REL:
        if (event->code == REL_X || event->code == REL_Y || event->code == REL_WHEEL) {
            move(event->code == REL_X   ? &hid->dx
                 : event->code == REL_Y ? &hid->dy
                                        : &hid->wheel,
                 event->value);
            hid->changed = 1;
        }
        break;
    case QH_INPUT_ABS:
        if (event->code == ABS_X || event->code == ABS_Y) {
            *(event->code == ABS_X ? &hid->x : &hid->y) =
                (uint16_t)CLAMP(event->value, 0, QH_INPUT_ABS_MAX);
            hid->changed = 1;
        }
        break;
    default:
        break;
    }
}

static void on_sync(void *opaque)
{
    UsbHid *hid = opaque;

    if (hid->changed != 0) {
        hid->changed = 0;
        push(hid);
    }
}

/* --- What the guest asks --- */

static void arm(UsbHid *hid)
{
    const UsbServices *s = usb_services(&hid->base);

    if (hid->idle != 0) {
        s->timer->arm(hid->timer,
                      s->timer->now(s->host, QH_CLOCK_VIRTUAL) + (int64_t)hid->idle * IDLE_NS);
    } else {
        s->timer->disarm(hid->timer);
    }
}

/* 7.2.4: a report is due although nothing has changed. */
static void on_idle(void *opaque)
{
    UsbHid *hid = opaque;

    if (hid->n_reports == 0) {
        push(hid);
    }
}

static uint32_t packet(QhDevice *device, QhUsbPacket *p)
{
    UsbHid *hid = (UsbHid *)device;
    uint32_t bytes = hid->kind == HID_TABLET  ? 6
                     : hid->kind == HID_MOUSE ? (hid->protocol == 0 ? 3 : 4)
                                              : 8;

    if (hid->n_reports == 0 && moves(hid)) {
        push(hid); /* more than one report could say */
    }
    if (hid->n_reports == 0) {
        return QH_USB_NAK;
    }
    p->done = usb_of(device)->write(p, 0, hid->reports[0], bytes);
    memmove(hid->reports, hid->reports + 1, --hid->n_reports * sizeof(hid->reports[0]));
    arm(hid);
    return QH_USB_OK;
}

static uint32_t copy(const uint8_t *from, uint32_t n, const QhUsbSetup *setup, uint8_t *data)
{
    n = MIN(n, setup->length);
    memcpy(data, from, n);
    return n;
}

static uint32_t
get_descriptor(const UsbHid *hid, const QhUsbSetup *setup, uint8_t *data, uint32_t *ret_bytes)
{
    uint8_t own[9];

    switch (setup->value >> 8) {
    case USB_DT_REPORT: {
        uint32_t n;
        const uint8_t *report = hid_report_descriptor(hid->kind, &n);

        *ret_bytes = copy(report, n, setup, data);
        return QH_USB_OK;
    }
    case USB_DT_HID:
        hid_descriptor(hid->kind, own);
        *ret_bytes = copy(own, sizeof(own), setup, data);
        return QH_USB_OK;
    default:
        return QH_USB_STALL;
    }
}

static uint32_t set_report(UsbHid *hid, const QhUsbSetup *setup, const uint8_t *data)
{
    const UsbServices *s = usb_services(&hid->base);

    if (hid->kind != HID_KEYBOARD || setup->value >> 8 != OUTPUT || setup->length < 1) {
        return QH_USB_STALL;
    }
    hid->leds = data[0] & (QH_INPUT_LED_NUM | QH_INPUT_LED_CAPS | QH_INPUT_LED_SCROLL);
    if (hid->input != NULL) {
        s->input->leds(hid->input, hid->leds);
    }
    return QH_USB_OK;
}

static uint32_t
control(QhDevice *device, const QhUsbSetup *setup, uint8_t *data, uint32_t *ret_bytes)
{
    UsbHid *hid = (UsbHid *)device;
    uint8_t report[HID_REPORT_BYTES];

    switch (USB_REQUEST(setup->type, setup->request)) {
    case USB_GET_DESCRIPTOR_INTERFACE:
        return get_descriptor(hid, setup, data, ret_bytes);
    case GET_REPORT:
        *ret_bytes = make_report(hid, report);
        *ret_bytes = copy(report, *ret_bytes, setup, data);
        return QH_USB_OK;
    case SET_REPORT:
        return set_report(hid, setup, data);
    case GET_PROTOCOL:
        *ret_bytes = copy(&hid->protocol, 1, setup, data);
        return QH_USB_OK;
    case SET_PROTOCOL:
        hid->protocol = setup->value != 0;
        return QH_USB_OK;
    case GET_IDLE:
        *ret_bytes = copy(&hid->idle, 1, setup, data);
        return QH_USB_OK;
    case SET_IDLE:
        hid->idle = (uint8_t)(setup->value >> 8);
        arm(hid);
        return QH_USB_OK;
    default:
        return QH_USB_STALL;
    }
}

static void configured(QhDevice *device, uint8_t configuration)
{
    UsbHid *hid = (UsbHid *)device;

    if (hid->input != NULL) {
        usb_services(device)->input->activate(hid->input, configuration != 0);
    }
}

/* --- Life --- */

static void reset(QhDevice *device, uint32_t kind)
{
    UsbHid *hid = (UsbHid *)device;

    (void)kind;
    usb_services(device)->timer->disarm(hid->timer);
    hid->protocol = 1;
    hid->idle = hid->leds = hid->modifiers = hid->buttons = hid->changed = 0;
    hid->n_keys = hid->n_reports = 0;
    hid->dx = hid->dy = hid->wheel = 0;
    hid->x = hid->y = 0;
    configured(device, 0);
}

static gboolean realize(QhDevice *device, GError **error)
{
    static const uint32_t kinds[] = {
        [HID_KEYBOARD] = 1u << QH_INPUT_KEY,
        [HID_MOUSE] = 1u << QH_INPUT_BTN | 1u << QH_INPUT_REL,
        [HID_TABLET] = 1u << QH_INPUT_BTN | 1u << QH_INPUT_ABS,
    };
    UsbHid *hid = (UsbHid *)device;
    const UsbServices *s = usb_services(device);
    const QhUsbClass *klass = s->device->child_class(device);
    QhInputOps ops = {
        .size = sizeof(QhInputOps),
        .name = klass->product_name,
        .event = on_event,
        .sync = on_sync,
    };

    /* the interface's protocol says it: HID 1.11 4.3 */
    hid->kind = klass->speeds[QH_USB_FULL]->interfaces[0].protocol == 1   ? HID_KEYBOARD
                : klass->speeds[QH_USB_FULL]->interfaces[0].protocol == 2 ? HID_MOUSE
                                                                          : HID_TABLET;
    if (hid->usb_version != 1 && hid->usb_version != 2) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot realize '%s': property 'usb_version' takes 1 or 2", device->id);
        return FALSE;
    }
    if (hid->usb_version == 1) {
        usb_of(device)->limit_speed(device, QH_USB_FULL);
    }
    hid->timer = s->timer->timer_new(s->host, QH_CLOCK_VIRTUAL, on_idle, hid);
    if (s->input != NULL) {
        ops.kinds = kinds[hid->kind];
        hid->input = s->input->attach(device, &ops, hid, error);
        if (hid->input == NULL) {
            return FALSE;
        }
        if (hid->display != NULL) {
            s->input->bind(hid->input, hid->display, hid->head);
        }
    }
    return TRUE;
}

static void unrealize(QhDevice *device)
{
    UsbHid *hid = (UsbHid *)device;
    const UsbServices *s = usb_services(device);

    s->timer->timer_free(hid->timer);
    if (s->input != NULL) {
        s->input->detach(hid->input);
    }
}

static void state_loaded(QhDevice *device)
{
    UsbHid *hid = (UsbHid *)device;

    hid->n_reports = MIN(hid->n_reports, HID_QUEUE);
    hid->n_keys = MIN(hid->n_keys, HID_KEYS);
    hid->dx = CLAMP(hid->dx, -HID_MOVE_MAX, HID_MOVE_MAX);
    hid->dy = CLAMP(hid->dy, -HID_MOVE_MAX, HID_MOVE_MAX);
    hid->wheel = CLAMP(hid->wheel, -HID_MOVE_MAX, HID_MOVE_MAX);
    configured(device, usb_of(device)->is_configured(device));
    if (hid->input != NULL) {
        usb_services(device)->input->leds(hid->input, hid->leds);
    }
}

#define FIELD(member, bits, n) QH_STATE_FIELD(UsbHid, member, I##bits, n)
static const QhStateField fields[] = {
    FIELD(protocol, 8, 1),    FIELD(idle, 8, 1),    FIELD(leds, 8, 1),
    FIELD(modifiers, 8, 1),   FIELD(buttons, 8, 1), FIELD(changed, 8, 1),
    FIELD(keys, 8, HID_KEYS), FIELD(n_keys, 32, 1), FIELD(n_reports, 32, 1),
    FIELD(dx, 32, 1),         FIELD(dy, 32, 1),     FIELD(wheel, 32, 1),
    FIELD(x, 16, 1),          FIELD(y, 16, 1),      FIELD(reports, 8, HID_QUEUE *HID_REPORT_BYTES),
};
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);
static const QhProperty properties[] = {
    QH_PROPERTY("usb_version",
                QH_PROPERTY_U32,
                offsetof(UsbHid, usb_version),
                "2",
                0,
                0,
                "1: full speed; 2: high speed"),
    QH_PROPERTY("display",
                QH_PROPERTY_STRING,
                offsetof(UsbHid, display),
                NULL,
                0,
                0,
                "id of the device whose screen its input comes from"),
    QH_PROPERTY("head",
                QH_PROPERTY_U32,
                offsetof(UsbHid, head),
                "0",
                0,
                0,
                "which of that device's screens"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define HID_CLASS(name_, kind_)                                                                    \
    {                                                                                              \
        .size = sizeof(QhUsbClass), .vendor = 0x0627, .product = 1, .manufacturer = "QEMU",        \
        .product_name = "QEMU USB " name_, .serial = "1",                                          \
        .speeds = {[QH_USB_FULL] = &hid_descriptions[kind_][0],                                    \
                   [QH_USB_HIGH] = &hid_descriptions[kind_][1]},                                   \
        .control = control, .packet = packet, .configured = configured,                            \
    }
#define HID_OPS(name_, class_)                                                                     \
    {                                                                                              \
        .size = sizeof(QhDeviceOps), .state_size = sizeof(UsbHid), .bus = QH_USB_BUS,              \
        .description = "USB " name_, .properties = &property_table, .state = &state_table,         \
        .realize = realize, .unrealize = unrealize, .reset = reset, .state_loaded = state_loaded,  \
        .bus_class = (class_),                                                                     \
    }
static const QhUsbClass keyboard_class = HID_CLASS("Keyboard", HID_KEYBOARD);
static const QhUsbClass mouse_class = HID_CLASS("Mouse", HID_MOUSE);
static const QhUsbClass tablet_class = HID_CLASS("Tablet", HID_TABLET);
const QhDeviceOps usb_kbd_ops = HID_OPS("keyboard", &keyboard_class);
const QhDeviceOps usb_mouse_ops = HID_OPS("mouse", &mouse_class);
const QhDeviceOps usb_tablet_ops = HID_OPS("tablet", &tablet_class);
