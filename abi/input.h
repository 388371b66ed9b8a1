/* SPDX-License-Identifier: MIT */
/*
 * Service "qh.input": keys, buttons and movements, from whoever has them (a client of a display, a
 * command) to a device of the guest.
 *
 * Keys and buttons have the numbers of Linux' input-event-codes.h (KEY_A is 30, BTN_LEFT 0x110).
 */
#ifndef QH_ABI_INPUT_H
#define QH_ABI_INPUT_H

#include "abi/display.h"

/* A device that takes input. */
typedef struct QhInput QhInput;

/* QhInputEvent.kind */
#define QH_INPUT_KEY 0u /* code: KEY_...; value: 1 down, 0 up. No repeats. */
#define QH_INPUT_BTN 1u /* code: BTN_...; value: 1 down, 0 up */
#define QH_INPUT_REL 2u /* code: REL_X 0, REL_Y 1, REL_HWHEEL 6, REL_WHEEL 8; value: steps */
#define QH_INPUT_ABS 3u /* code: ABS_X 0, ABS_Y 1; value: 0 .. QH_INPUT_ABS_MAX */
#define QH_INPUT_MTT 4u /* touch: code: ABS_MT_... 0x2f to 0x3d; x and y as QH_INPUT_ABS */

#define QH_INPUT_ABS_MAX 32767

typedef struct QhInputEvent {
    uint16_t kind;
    uint16_t code;
    int32_t value;
} QhInputEvent;

/* Lamps of a keyboard, as in the HID usage tables' LED page. */
#define QH_INPUT_LED_NUM    1u
#define QH_INPUT_LED_CAPS   2u
#define QH_INPUT_LED_SCROLL 4u

/* The device's side. */
typedef struct QhInputOps {
    uint32_t size;
    uint32_t kinds;   /* bit 1 << QH_INPUT_...: what it takes */
    const char *name; /* for query-mice: "QEMU Virtio Tablet" */
    /* One event; and `sync` after those that belong together. [device] */
    void (*event)(void *opaque, const QhInputEvent *event);
    void (*sync)(void *opaque);
} QhInputOps;

typedef struct QhInputService {
    uint32_t size;
    uint32_t reserved;

    /* Take input from now on; the newest device of a kind gets it, unless another was chosen
     * (mouse_set) or is bound to the screen that it comes from. [main] */
    QhInput *(*attach)(QhDevice *device, const QhInputOps *ops, void *opaque, GError **error);
    void (*detach)(QhInput *input); /* NULL is accepted. [main] */
    /* Take only what comes from screen @head of the device with id @display; from all when
     * @display is NULL. [main] */
    void (*bind)(QhInput *input, const char *display, uint32_t head);
    /* The guest uses it now (@active), or let go of it: those in use come first. [device] */
    void (*activate)(QhInput *input, gboolean active);
    /* The guest has set a keyboard's lamps. [device] */
    void (*leds)(QhInput *input, uint32_t leds);

    /* For clients: one event from @display, and sync after those that belong together. Never
     * blocks; what no device takes is dropped. While the machine is stopped only releases are
     * kept. [any] */
    void (*send)(QhDisplay *display, const QhInputEvent *event);
    void (*sync)(QhDisplay *display);
    /* Whether a pointer with absolute positions would get ABS events of @display. [any] */
    gboolean (*is_absolute)(QhDisplay *display);
} QhInputService;

#endif
