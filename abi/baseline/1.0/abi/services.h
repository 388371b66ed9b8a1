/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_SERVICES_H
#define QH_ABI_SERVICES_H

#include "abi/base.h"

#define QH_LOG_GUEST_ERROR (1u << 0)
#define QH_LOG_UNIMP       (1u << 1)
#define QH_LOG_INT         (1u << 2)
#define QH_LOG_MMU         (1u << 3)

typedef struct QhLogService {
    uint32_t size;
    uint32_t reserved;

    uint32_t (*mask)(QhHost *host);

    void (*guest)(QhHost *host, uint32_t bit, const char *text);

    void (*warn)(QhHost *host, const char *text);
} QhLogService;

typedef struct QhTimerService {
    uint32_t size;
    uint32_t reserved;

    int64_t (*now)(QhHost *host, uint32_t clock);

    QhTimer *(*timer_new)(QhHost *host, uint32_t clock, void (*fn)(void *opaque), void *opaque);

    void (*arm)(QhTimer *timer, int64_t expire_ns);
    void (*disarm)(QhTimer *timer);

    void (*timer_free)(QhTimer *timer);
} QhTimerService;

typedef struct QhLoopService {
    uint32_t size;
    uint32_t reserved;

    GMainContext *(*context)(QhHost *host);

    gboolean (*enter)(QhHost *host);
    void (*leave)(QhHost *host, gboolean entered);
} QhLoopService;

typedef struct QhJsonService {
    uint32_t size;
    uint32_t reserved;

    char *(*get)(const char *json, const char *path);

    uint32_t (*length)(const char *json, const char *path);
} QhJsonService;

typedef struct QhEventService {
    uint32_t size;
    uint32_t reserved;

    gboolean (*emit)(QhHost *host, const char *name, const char *json, GError **error);
} QhEventService;

#define QH_CHAR_OPENED    0u
#define QH_CHAR_CLOSED    1u
#define QH_CHAR_BREAK     2u
#define QH_CHAR_FOCUS_IN  3u
#define QH_CHAR_FOCUS_OUT 4u

typedef struct QhCharHandlers {
    uint32_t size;
    uint32_t reserved;
    uint32_t (*can_read)(void *opaque);
    void (*read)(void *opaque, const uint8_t *data, uint32_t bytes);
    void (*event)(void *opaque, uint32_t event);
    void (*can_write)(void *opaque);
} QhCharHandlers;

typedef struct QhCharService {
    uint32_t size;
    uint32_t reserved;

    gboolean (*attach)(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error);

    uint32_t (*write)(QhChar *chr, const uint8_t *data, uint32_t bytes);

    void (*accept_input)(QhChar *chr);

    void (*send_break)(QhChar *chr);

    uint32_t (*input_room)(QhChar *chr);

    void (*input)(QhChar *chr, const uint8_t *data, uint32_t bytes);

    void (*event)(QhChar *chr, uint32_t event);

    void (*writable)(QhChar *chr);

    int (*peer_fd)(QhChar *chr);
} QhCharService;

#endif
