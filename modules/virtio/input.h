/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input device (5.8): keyboard, mouse, tablet, touch screen. */
#ifndef VIRTIO_INPUT_H
#define VIRTIO_INPUT_H

#include "modules/virtio/virtio.h"

#define VIRTIO_INPUT_BACKLOG 256u /* events that wait for buffers of the driver */

typedef struct VirtioInput {
    VirtioDevice virtio;
    /* properties */
    char *serial;
    char *display; /* take only what comes from this device's screen; NULL: from all */
    uint32_t head;
    uint8_t wheel_axis;

    const struct VirtioInputKind *kind;
    QhInputOps ops;
    QhInput *input;
    uint8_t select, subsel; /* as the driver wrote them */
    uint32_t leds;
    uint32_t n_ready;   /* events of the backlog that end in a SYN */
    uint32_t n_backlog; /* those, and the ones of the report that is being put together */
    uint8_t full;       /* that report did not fit: it is dropped as a whole */
    uint64_t backlog[VIRTIO_INPUT_BACKLOG]; /* as the driver gets them (5.8.6) */
} VirtioInput;

extern const VirtioFunction virtio_keyboard, virtio_mouse, virtio_tablet, virtio_multitouch;

#endif
