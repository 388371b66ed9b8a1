/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/gdb/text.h"

#define MAX_DIGITS 16u

gboolean qh_gdb_read_number(const char **at, uint64_t *ret)
{
    uint64_t value = 0;
    uint32_t n = 0;
    int digit;

    while ((digit = g_ascii_xdigit_value(**at)) >= 0) {
        if (++n > MAX_DIGITS) {
            return FALSE;
        }
        value = value << 4 | (uint64_t)digit;
        (*at)++;
    }
    *ret = value;
    return n > 0;
}

gboolean qh_gdb_read_char(const char **at, char c)
{
    if (**at != c) {
        return FALSE;
    }
    (*at)++;
    return TRUE;
}

gboolean qh_gdb_read_range(const char **at, uint64_t *ret_address, uint64_t *ret_length)
{
    return qh_gdb_read_number(at, ret_address) && qh_gdb_read_char(at, ',') &&
           qh_gdb_read_number(at, ret_length);
}

static gboolean read_id(const char **at, int32_t *ret)
{
    uint64_t value;

    if (qh_gdb_read_char(at, '-')) {
        *ret = QH_GDB_ALL;
        return qh_gdb_read_char(at, '1');
    }
    if (!qh_gdb_read_number(at, &value) || value > G_MAXINT32) {
        return FALSE;
    }
    *ret = (int32_t)value;
    return TRUE;
}

gboolean qh_gdb_read_thread(const char **at, QhGdbThread *ret)
{
    *ret = (QhGdbThread){QH_GDB_ANY, QH_GDB_ALL};
    if (!qh_gdb_read_char(at, 'p')) {
        return read_id(at, &ret->thread);
    }
    if (!read_id(at, &ret->process)) {
        return FALSE;
    }
    return !qh_gdb_read_char(at, '.') || read_id(at, &ret->thread);
}

void qh_gdb_append_bytes(GString *text, const void *bytes, gsize n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;

    for (gsize i = 0; i < n; i++) {
        g_string_append_c(text, digits[from[i] >> 4]);
        g_string_append_c(text, digits[from[i] & 15]);
    }
}

gboolean qh_gdb_read_bytes(const char **at, uint8_t *to, gsize n)
{
    for (gsize i = 0; i < n; i++, *at += 2) {
        int high = g_ascii_xdigit_value((*at)[0]);
        int low = high >= 0 ? g_ascii_xdigit_value((*at)[1]) : -1;
        if (low < 0) {
            return FALSE;
        }
        to[i] = (uint8_t)(high << 4 | low);
    }
    return TRUE;
}
