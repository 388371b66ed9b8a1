/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screens of a host. A device draws into one under the device lock; whoever looks at it has a
 * view. Between them stands one lock per screen, which is taken last and held for a copy.
 */
#ifndef QH_CORE_DISPLAY_DISPLAY_H
#define QH_CORE_DISPLAY_DISPLAY_H

#include "abi/screen.h"
#include "core/host/host.h"

QhDisplays *qh_displays_new(QhHost *host);
void qh_displays_free(QhDisplays *displays);

/* In the order in which the devices made them. [main] */
guint qh_displays_n(QhDisplays *displays);
QhDisplay *qh_displays_at(QhDisplays *displays, guint index);
/* Screen @head of the device with id @id; NULL: there is none. [main] */
QhDisplay *qh_displays_find(QhDisplays *displays, const char *id, uint32_t head);

/* "video0", and "video0/1" for the second head; valid as long as the screen. [any] */
const char *qh_display_name(QhDisplay *display);
QhHost *qh_display_host(QhDisplay *display); /* [any] */
/* Id of its device and its head; NULL when the device has gone. [any] */
const char *qh_display_device(QhDisplay *display, uint32_t *ret_head);
QhDisplay *qh_display_ref(QhDisplay *display); /* [any] */
void qh_display_unref(QhDisplay *display);     /* NULL is accepted. [any] */

/* Ask the device now, without waiting for the timer. [main] */
void qh_display_refresh(QhDisplay *display);
/* Draw everything anew. [main] */
void qh_display_invalidate(QhDisplay *display);
/* A copy of what it shows, X8R8G8B8 without gaps; NULL with @error when it shows nothing. The
 * caller g_frees it. [main] */
uint32_t *
qh_display_copy(QhDisplay *display, uint32_t *ret_width, uint32_t *ret_height, GError **error);

/* A keyboard's lamps, for all views. [any] */
void qh_displays_set_leds(QhDisplays *displays, uint32_t leds);

extern const QhDisplayService qh_display_service;
extern const QhScreenService qh_screen_service;

#endif
