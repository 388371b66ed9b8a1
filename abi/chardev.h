/* SPDX-License-Identifier: MIT */
/* Slot "chardev/NAME", interface "qh.chardev": a character back end that a module brings. */
#ifndef QH_ABI_CHARDEV_H
#define QH_ABI_CHARDEV_H

#include "abi/services.h"

#define QH_CHARDEV_INTERFACE "qh.chardev"

typedef struct QhChardevOps {
    uint32_t size;
    uint32_t state_size; /* bytes of the back end's state, zeroed by the host */
    const char *description;
    /* Input and events go the other way through service "qh.char": input_room, input, event. */
    /* Open; @ctx is that of the offer; @options is the JSON object of the user's options. [main] */
    gboolean (*open)(void *ctx, void *state, QhChar *chr, const char *options, GError **error);
    void (*close)(void *state); /* [main] */
    /* Take up to @bytes, return how many; never block. [device] */
    uint32_t (*write)(void *state, const uint8_t *data, uint32_t bytes);
    /* Optional: the front end can take input again. [main] */
    void (*accept_input)(void *state);
} QhChardevOps;

#endif
