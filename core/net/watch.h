/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A descriptor in the main loop, its callback under the device lock. */
#ifndef QH_CORE_NET_WATCH_H
#define QH_CORE_NET_WATCH_H

#include "core/host/host.h"

#include <glib-unix.h>

typedef struct QhNetWatch {
    QhHost *host;
    GSource *source;
    void (*fn)(void *opaque); /* [device] on the main thread; may stop the watch */
    void *opaque;
} QhNetWatch;

/* Call @fn whenever @fd is ready for @condition, until it is stopped. Replaces an earlier one.
 * [device] */
void qh_net_watch(QhNetWatch *watch,
                  QhHost *host,
                  int fd,
                  GIOCondition condition,
                  void (*fn)(void *opaque),
                  void *opaque);
/* The same once, in @ms. */
void qh_net_watch_timeout(
    QhNetWatch *watch, QhHost *host, guint ms, void (*fn)(void *opaque), void *opaque);
void qh_net_watch_stop(QhNetWatch *watch);

#endif
