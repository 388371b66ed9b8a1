/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids that users give: of devices, back ends, nodes, objects. */
#ifndef QH_CORE_HOST_ID_H
#define QH_CORE_HOST_ID_H

#include <glib.h>

/* A letter, then letters, digits and -._ ; at most 127 bytes. FALSE with @error. */
gboolean qh_id_check(const char *id, GError **error);

#endif
