/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host that is enough for the devices and timers of the Arm board: its clock stands still until
 * it is moved, lines are remembered. */
#ifndef ARM_BOARD_FAKE_H
#define ARM_BOARD_FAKE_H

#include "modules/arm/services.h"

#define FAKE_LINES  16u
#define FAKE_TIMERS 8u

struct QhTimer {
    void (*fn)(void *opaque);
    void *opaque;
    int64_t when; /* INT64_MAX: not armed */
};

typedef struct Fake {
    TargetServices services;
    int64_t now;
    struct QhTimer timers[FAKE_TIMERS];
    uint32_t n_timers;
    gboolean lines[FAKE_LINES]; /* of the device */
    const QhCharHandlers *handlers;
    void *front;
    GString *sent;
    uint32_t room; /* bytes that the character back end takes */
    uint32_t n_breaks, n_errors;
    gboolean locked;
    int32_t shutdown, reset; /* how often they were asked for */
} Fake;

/* The one there is. */
extern Fake fake;

void fake_start(void);
/* Move the clock on and let timers fire. */
void fake_pass(int64_t ns);

#endif
