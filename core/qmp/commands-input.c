/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on keyboards and pointers. */
#include "core/display/display.h"
#include "core/input/input.h"
#include "core/input/keys.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-ui.h"
#include "qapi/qapi-tables.h"

#include <linux/input-event-codes.h>

#define MAX_KEYS    16u
#define HOLD_MS     100
#define MAX_HOLD_MS 600000
#define MAX_EVENTS  1024u

/* 0 with @error when there is no such key. */
static uint16_t key_of(const QhQmpKeyValue *value, GError **error)
{
    const char *name = NULL;
    uint16_t key;

    if (value->type == QH_QMP_KEY_VALUE_KIND_NUMBER) {
        key = qh_key_of_number(value->u.number.data);
    } else {
        name = qh_qapi_QKeyCode.values[value->u.qcode.data];
        key = qh_key_of_name(name);
    }
    if (key == KEY_RESERVED && name != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "key '%s' stands for no key", name);
    } else if (key == KEY_RESERVED) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "there is no key with number %" G_GINT64_FORMAT, value->u.number.data);
    }
    return key;
}

gboolean qh_qmp_send_key(QhHost *host, const QhQmpSendKeyArgs *args, GError **error)
{
    int64_t hold = args->has_hold_time ? args->hold_time : HOLD_MS;
    uint16_t keys[MAX_KEYS];

    if (args->keys.n > MAX_KEYS || hold < 0 || hold > MAX_HOLD_MS) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "at most %u keys, held for at most %d ms, can be sent together", MAX_KEYS,
                    MAX_HOLD_MS);
        return FALSE;
    }
    for (size_t i = 0; i < args->keys.n; i++) {
        keys[i] = key_of(&args->keys.items[i], error);
        if (keys[i] == KEY_RESERVED) {
            return FALSE;
        }
    }
    return args->keys.n == 0 ||
           qh_inputs_chord(qh_host_inputs(host), keys, (guint)args->keys.n, (uint32_t)hold, error);
}

/* What one event of the schema comes to: at most three. */
typedef struct Events {
    QhInputEvent items[3];
    guint n;
} Events;

static void add(Events *events, uint16_t kind, uint16_t code, int64_t value)
{
    events->items[events->n++] =
        (QhInputEvent){kind, code, (int32_t)CLAMP(value, INT32_MIN, INT32_MAX)};
}

static void take_button(const QhQmpInputBtnEvent *event, Events *events)
{
    static const struct {
        uint8_t kind, step; /* of wheels: 1 or, for -1, 2 */
        uint16_t code;
    } buttons[] = {
        [QH_QMP_INPUT_BUTTON_LEFT] = {QH_INPUT_BTN, 0, BTN_LEFT  },
        [QH_QMP_INPUT_BUTTON_MIDDLE] = {QH_INPUT_BTN, 0, BTN_MIDDLE},
        [QH_QMP_INPUT_BUTTON_RIGHT] = {QH_INPUT_BTN, 0, BTN_RIGHT },
        [QH_QMP_INPUT_BUTTON_SIDE] = {QH_INPUT_BTN, 0, BTN_SIDE  },
        [QH_QMP_INPUT_BUTTON_EXTRA] = {QH_INPUT_BTN, 0, BTN_EXTRA },
        [QH_QMP_INPUT_BUTTON_TOUCH] = {QH_INPUT_BTN, 0, BTN_TOUCH },
        [QH_QMP_INPUT_BUTTON_WHEEL_UP] = {QH_INPUT_REL, 1, REL_WHEEL },
        [QH_QMP_INPUT_BUTTON_WHEEL_DOWN] = {QH_INPUT_REL, 2, REL_WHEEL },
        [QH_QMP_INPUT_BUTTON_WHEEL_LEFT] = {QH_INPUT_REL, 2, REL_HWHEEL},
        [QH_QMP_INPUT_BUTTON_WHEEL_RIGHT] = {QH_INPUT_REL, 1, REL_HWHEEL},
    };

    if (buttons[event->button].kind == QH_INPUT_BTN) {
        add(events, QH_INPUT_BTN, buttons[event->button].code, event->down ? 1 : 0);
    } else if (event->down) {
        add(events, QH_INPUT_REL, buttons[event->button].code,
            buttons[event->button].step == 1 ? 1 : -1);
    }
}

/* Linux' multi-touch protocol B. */
static void take_touch(const QhQmpInputMultiTouchEvent *event, Events *events)
{
    add(events, QH_INPUT_MTT, ABS_MT_SLOT, event->slot);
    switch (event->type) {
    case QH_QMP_INPUT_MULTI_TOUCH_TYPE_BEGIN:
        add(events, QH_INPUT_MTT, ABS_MT_TRACKING_ID, event->tracking_id);
        break;
    case QH_QMP_INPUT_MULTI_TOUCH_TYPE_END:
    case QH_QMP_INPUT_MULTI_TOUCH_TYPE_CANCEL:
        add(events, QH_INPUT_MTT, ABS_MT_TRACKING_ID, -1);
        break;
    case QH_QMP_INPUT_MULTI_TOUCH_TYPE_DATA:
        add(events, QH_INPUT_MTT,
            event->axis == QH_QMP_INPUT_AXIS_X ? ABS_MT_POSITION_X : ABS_MT_POSITION_Y,
            CLAMP(event->value, 0, QH_INPUT_ABS_MAX));
        break;
    default:
        break;
    }
}

static gboolean take_event(const QhQmpInputEvent *event, Events *events, GError **error)
{
    const QhQmpInputMoveEvent *move;
    uint16_t key;

    switch (event->type) {
    case QH_QMP_INPUT_EVENT_KIND_KEY:
        key = key_of(&event->u.key.data.key, error);
        add(events, QH_INPUT_KEY, key, event->u.key.data.down ? 1 : 0);
        return key != KEY_RESERVED;
    case QH_QMP_INPUT_EVENT_KIND_BTN:
        take_button(&event->u.btn.data, events);
        return TRUE;
    case QH_QMP_INPUT_EVENT_KIND_REL:
        move = &event->u.rel.data;
        add(events, QH_INPUT_REL, move->axis == QH_QMP_INPUT_AXIS_X ? REL_X : REL_Y, move->value);
        return TRUE;
    case QH_QMP_INPUT_EVENT_KIND_ABS:
        move = &event->u.abs.data;
        add(events, QH_INPUT_ABS, move->axis == QH_QMP_INPUT_AXIS_X ? ABS_X : ABS_Y,
            CLAMP(move->value, 0, QH_INPUT_ABS_MAX));
        return TRUE;
    default:
        take_touch(&event->u.mtt.data, events);
        return TRUE;
    }
}

/* All or none: events are looked at before the first is sent. */
static gboolean take_events(QhInputs *inputs,
                            const QhQmpInputEventList *list,
                            QhDisplay *display,
                            gboolean send,
                            GError **error)
{
    for (size_t i = 0; i < list->n; i++) {
        Events events = {0};

        if (!take_event(&list->items[i], &events, error)) {
            return FALSE;
        }
        for (guint e = 0; e < events.n; e++) {
            if (send) {
                qh_inputs_send(inputs, display, &events.items[e]);
            } else if (!qh_inputs_takes(inputs, display, &events.items[e])) {
                g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                            "no input device takes events of type '%s'",
                            qh_qapi_InputEventKind.values[list->items[i].type]);
                return FALSE;
            }
        }
    }
    return TRUE;
}

gboolean qh_qmp_input_send_event(QhHost *host, const QhQmpInputSendEventArgs *args, GError **error)
{
    QhInputs *inputs = qh_host_inputs(host);
    QhDisplay *display = NULL;
    int64_t head = args->has_head ? args->head : 0;

    if (args->events.n > MAX_EVENTS) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "more than %u events", MAX_EVENTS);
        return FALSE;
    }
    if (args->device != NULL) {
        display = head >= 0 && head <= UINT32_MAX
                      ? qh_displays_find(qh_host_displays(host), args->device, (uint32_t)head)
                      : NULL;
        if (display == NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                        "device '%.128s' has no screen %" G_GINT64_FORMAT, args->device, head);
            return FALSE;
        }
    }
    if (!take_events(inputs, &args->events, display, FALSE, error)) {
        return FALSE;
    }
    (void)take_events(inputs, &args->events, display, TRUE, NULL);
    qh_inputs_sync(inputs, display);
    return TRUE;
}

static void add_mouse(const QhInputMouse *mouse, void *data)
{
    QhQmpMouseInfo *info = QH_QAPI_APPEND((QhQmpMouseInfoList *)data);

    info->name = g_strdup(mouse->name);
    info->index = mouse->index;
    info->current = mouse->current;
    info->absolute = mouse->absolute;
}

gboolean qh_qmp_query_mice(QhHost *host, QhQmpMouseInfoList *ret, GError **error)
{
    (void)error;
    qh_inputs_foreach_mouse(qh_host_inputs(host), add_mouse, ret);
    return TRUE;
}
