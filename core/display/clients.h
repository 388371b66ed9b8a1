/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What shows the screens to people: -display, -vnc. Each is a client that a module brings. */
#ifndef QH_CORE_DISPLAY_CLIENTS_H
#define QH_CORE_DISPLAY_CLIENTS_H

#include "core/display/display.h"
#include "core/json/json.h"

typedef struct QhScreenClient QhScreenClient;

/* Open a client of @kind ("vnc", "web", "sdl"), loading the module that offers it if need be.
 * @options is an object; "id" is its name, "default" without it. [main] */
gboolean
qh_displays_open(QhDisplays *displays, const char *kind, const QhJson *options, GError **error);
/* Close all; before the machine goes. [main] */
void qh_displays_close(QhDisplays *displays);
/* Client @n of @kind, NULL: there are only @n; the one that is called @id. [main] */
QhScreenClient *qh_displays_client(QhDisplays *displays, const char *kind, guint n);
QhScreenClient *qh_displays_find_client(QhDisplays *displays, const char *kind, const char *id);

/* What it says of itself, an object; NULL: nothing. The caller unrefs it. [main] */
QhJson *qh_screen_client_info(QhScreenClient *client);
/* As QhScreenClientOps.command; @arguments is an object. [main] */
gboolean qh_screen_client_command(QhScreenClient *client,
                                  const char *name,
                                  const QhJson *arguments,
                                  GError **error);

/* QMP's DisplayOptions of -display; NULL: none was given. [main] */
void qh_displays_set_options(QhDisplays *displays, const QhJson *options);
const QhJson *qh_displays_options(QhDisplays *displays);

#endif
