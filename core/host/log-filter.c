/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -dfilter: the guest addresses whose code is logged. */
#include "core/host/log.h"

#include <errno.h>

static gboolean read_number(const char **at, uint64_t *ret)
{
    char *end;

    if (!g_ascii_isdigit(**at)) {
        return FALSE;
    }
    errno = 0;
    *ret = g_ascii_strtoull(*at, &end, 0);
    *at = end;
    return errno == 0;
}

/* FIRST..LAST, FIRST+BYTES, LAST-BYTES (BYTES addresses up to and with LAST) */
static gboolean read_range(const char *text, QhLogRange *ret)
{
    uint64_t first, second;
    char between;

    if (!read_number(&text, &first)) {
        return FALSE;
    }
    between = *text;
    if (between == '.' && text[1] != '.') {
        return FALSE;
    }
    text += between == '.' ? 2 : between != '\0';
    if (!read_number(&text, &second) || *text != '\0') {
        return FALSE;
    }
    switch (between) {
    case '.':
        *ret = (QhLogRange){first, second};
        return first <= second;
    case '+':
        *ret = (QhLogRange){first, first + (second - 1)};
        return second > 0 && ret->last >= first;
    case '-':
        *ret = (QhLogRange){first - (second - 1), first};
        return second > 0 && ret->first <= first;
    default:
        return FALSE;
    }
}

GArray *qh_log_parse_filter(const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(QhLogRange));

    for (guint i = 0; i == 0 || parts[i] != NULL; i++) {
        QhLogRange range;
        if (parts[i] == NULL || !read_range(parts[i], &range)) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "'%s' is no range of addresses; they are FIRST..LAST, FIRST+BYTES or "
                        "LAST-BYTES",
                        parts[i] != NULL ? parts[i] : "");
            return NULL;
        }
        g_array_append_val(ranges, range);
    }
    return g_steal_pointer(&ranges);
}
