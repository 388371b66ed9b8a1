/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/id.h"

#include "abi/base.h"

#include <string.h>

gboolean qh_id_check(const char *id, GError **error)
{
    gboolean good = g_ascii_isalpha(*id) && strlen(id) <= 127;

    for (const char *c = id; good && *c != '\0'; c++) {
        good = g_ascii_isalnum(*c) || strchr("-._", *c) != NULL;
    }
    if (!good) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "parameter 'id': '%.128s' is no identifier; they begin with a letter and hold "
                    "letters, digits, '-', '.' and '_'",
                    id);
    }
    return good;
}
