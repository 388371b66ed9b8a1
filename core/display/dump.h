/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QH_CORE_DISPLAY_DUMP_H
#define QH_CORE_DISPLAY_DUMP_H

#include "core/display/display.h"

/* Write what @display shows to file @path, which is made anew, as PNG or PPM. [main] */
gboolean qh_display_dump(QhDisplay *display, const char *path, gboolean png, GError **error);

#endif
