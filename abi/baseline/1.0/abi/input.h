/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_INPUT_H
#define QH_ABI_INPUT_H

#include "abi/display.h"

typedef struct QhInput QhInput;

#define QH_INPUT_KEY 0u
#define QH_INPUT_BTN 1u
#define QH_INPUT_REL 2u
#define QH_INPUT_ABS 3u
#define QH_INPUT_MTT 4u

#define QH_INPUT_ABS_MAX 32767

typedef struct QhInputEvent {
    uint16_t kind;
    uint16_t code;
    int32_t value;
} QhInputEvent;

#define QH_INPUT_LED_NUM    1u
#define QH_INPUT_LED_CAPS   2u
#define QH_INPUT_LED_SCROLL 4u

typedef struct QhInputOps {
    uint32_t size;
    uint32_t kinds;
    const char *name;

    void (*event)(void *opaque, const QhInputEvent *event);
    void (*sync)(void *opaque);
} QhInputOps;

typedef struct QhInputService {
    uint32_t size;
    uint32_t reserved;

    QhInput *(*attach)(QhDevice *device, const QhInputOps *ops, void *opaque, GError **error);
    void (*detach)(QhInput *input);

    void (*bind)(QhInput *input, const char *display, uint32_t head);

    void (*activate)(QhInput *input, gboolean active);

    void (*leds)(QhInput *input, uint32_t leds);

    void (*send)(QhDisplay *display, const QhInputEvent *event);
    void (*sync)(QhDisplay *display);

    gboolean (*is_absolute)(QhDisplay *display);
} QhInputService;

#endif
