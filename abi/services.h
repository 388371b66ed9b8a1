/* SPDX-License-Identifier: MIT */
/* The small services: "qh.log", "qh.timer", "qh.loop", "qh.json", "qh.event", "qh.char". */
#ifndef QH_ABI_SERVICES_H
#define QH_ABI_SERVICES_H

#include "abi/base.h"

/* Service "qh.log". */
#define QH_LOG_GUEST_ERROR (1u << 0) /* -d guest_errors: the guest did what the manual forbids */
#define QH_LOG_UNIMP       (1u << 1) /* -d unimp: the guest used what is not modelled */
#define QH_LOG_INT         (1u << 2) /* -d int: exceptions and interrupts */
#define QH_LOG_MMU         (1u << 3) /* -d mmu */

typedef struct QhLogService {
    uint32_t size;
    uint32_t reserved;
    /* Which QH_LOG_... are on; test before building a costly text. [any] */
    uint32_t (*mask)(QhHost *host);
    /* One line of @text (no newline) under one QH_LOG_... bit; dropped when the bit is off;
     * GUEST_ERROR and UNIMP are rate-limited. [any] */
    void (*guest)(QhHost *host, uint32_t bit, const char *text);
    /* A warning to the user, with the program's prefix. [any] */
    void (*warn)(QhHost *host, const char *text);
} QhLogService;

/* Service "qh.timer". */
typedef struct QhTimerService {
    uint32_t size;
    uint32_t reserved;
    /* Nanoseconds on QH_CLOCK_... [any] */
    int64_t (*now)(QhHost *host, uint32_t clock);
    /* A timer that calls @fn(@opaque) on the main thread with the device lock held. [any] */
    QhTimer *(*timer_new)(QhHost *host, uint32_t clock, void (*fn)(void *opaque), void *opaque);
    /* Arm for @expire_ns on the timer's clock, once; replaces an earlier time. [any] */
    void (*arm)(QhTimer *timer, int64_t expire_ns);
    void (*disarm)(QhTimer *timer);
    /* After it returns @fn does not run and will not. NULL is accepted. [device] [main] */
    void (*timer_free)(QhTimer *timer);
} QhTimerService;

/* Service "qh.loop": for back ends with descriptors of their own. */
typedef struct QhLoopService {
    uint32_t size;
    uint32_t reserved;
    /* The main loop's context, for sources (GSource) that run on the main thread. Lives as long as
     * the host. [any] */
    GMainContext *(*context)(QhHost *host);
    /* Take the device lock in such a source, unless this thread has it; leave gets what enter
     * returned. [main] */
    gboolean (*enter)(QhHost *host);
    void (*leave)(QhHost *host, gboolean entered);
} QhLoopService;

/* Service "qh.json": options that come as JSON. */
typedef struct QhJsonService {
    uint32_t size;
    uint32_t reserved;
    /* The value at @path of @json ("addr.path", "hostfwd.0.str") as text: a string's own, "true",
     * "false", a number in decimal, otherwise JSON. NULL: there is none. The caller g_frees it.
     * [any] */
    char *(*get)(const char *json, const char *path);
    /* Elements of the list, members of the object at @path; 0 when there is none. [any] */
    uint32_t (*length)(const char *json, const char *path);
} QhJsonService;

/* Service "qh.event". */
typedef struct QhEventService {
    uint32_t size;
    uint32_t reserved;
    /* Emit the schema's event @name with @json, an object as text ("{}" or NULL for none). FALSE
     * with @error set when the schema has no such event or the members do not match. [any] */
    gboolean (*emit)(QhHost *host, const char *name, const char *json, GError **error);
} QhEventService;

/* What a character back end tells its front end. */
#define QH_CHAR_OPENED    0u
#define QH_CHAR_CLOSED    1u
#define QH_CHAR_BREAK     2u
#define QH_CHAR_FOCUS_IN  3u /* of several front ends this one gets the input from now on */
#define QH_CHAR_FOCUS_OUT 4u

/* Set by a front end; each callback runs on the main thread with the device lock held. */
typedef struct QhCharHandlers {
    uint32_t size;
    uint32_t reserved;
    uint32_t (*can_read)(void *opaque); /* bytes the front end can take now */
    void (*read)(void *opaque, const uint8_t *data, uint32_t bytes); /* at most can_read's */
    void (*event)(void *opaque, uint32_t event);                     /* optional */
    void (*can_write)(void *opaque); /* optional: room again after a short write */
} QhCharHandlers;

/* Service "qh.char": the front end's side of a character device. */
typedef struct QhCharService {
    uint32_t size;
    uint32_t reserved;
    /* Become the front end of @chr (NULL @handlers: stop being it). FALSE with @error set when it
     * has another. [main] */
    gboolean (*attach)(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error);
    /* Write; returns how many bytes were taken, possibly 0; never blocks. [device] */
    uint32_t (*write)(QhChar *chr, const uint8_t *data, uint32_t bytes);
    /* can_read has grown: deliver what is waiting. [device] */
    void (*accept_input)(QhChar *chr);
    /* Send a break condition, if the back end knows one. [device] */
    void (*send_break)(QhChar *chr);

    /*
     * Since minor 1, for back ends (abi/chardev.h). Bytes that the front end takes now; when it is
     * 0 the back end's accept_input follows once there is room. [main]
     */
    uint32_t (*input_room)(QhChar *chr);
    /* Hand @data to the front end: at most what input_room said. [main] */
    void (*input)(QhChar *chr, const uint8_t *data, uint32_t bytes);
    /* QH_CHAR_OPENED before the first input, QH_CHAR_CLOSED when the peer is gone, QH_CHAR_BREAK.
     * [main] */
    void (*event)(QhChar *chr, uint32_t event);
    /* There is room again after write took less than it was given. [main] */
    void (*writable)(QhChar *chr);

    /* Since minor 2. The descriptor of a socket's peer, for a front end that talks on it by itself:
     * its can_read says 0, so the host takes nothing from it. The back end's, copy it. -1: nobody
     * is there, or it is no socket. [main] */
    int (*peer_fd)(QhChar *chr);
} QhCharService;

#endif
