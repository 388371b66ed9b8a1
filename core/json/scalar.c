/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings, numbers and words: from the text of a token to a value. RFC 8259, sections 6 and 7. */
#include "abi/base.h"
#include "core/json/reader-priv.h"
#include <math.h>
#include <string.h>

void qh_json_set_error(GError **error, QhJsonPlace place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ": JSON parse error, %s", place.line,
                place.column, text);
}

/* Four hexadecimal digits, -1 if they are not. */
static int code_unit(const char *p, const char *end)
{
    int value = 0;

    if (end - p < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(p[i]);
        if (digit < 0) {
            return -1;
        }
        value = value << 4 | digit;
    }
    return value;
}

/* After "\u": the code point, and *@p moved past it. -1: malformed, -2: half a surrogate pair. */
static gint64 unicode_escape(const char **p, const char *end)
{
    int first = code_unit(*p, end);

    if (first < 0) {
        return -1;
    }
    *p += 4;
    if (first < 0xD800 || first > 0xDFFF) {
        return first;
    }
    if (first > 0xDBFF || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u') {
        return -2;
    }
    int second = code_unit(*p + 2, end);
    if (second < 0xDC00 || second > 0xDFFF) {
        return -2;
    }
    *p += 6;
    return 0x10000 + ((gint64)(first - 0xD800) << 10) + (second - 0xDC00);
}

/* One escape, *@p behind the backslash. The bytes written, or -1 with @error set. */
static int
decode_escape(const char **p, const char *end, char *out, QhJsonPlace place, GError **error)
{
    static const char from[] = "\"'\\/bfnrt";
    static const char to[] = "\"'\\/\b\f\n\r\t";
    const char *found = *p < end && **p != '\0' ? strchr(from, **p) : NULL;

    if (found != NULL) {
        (*p)++;
        *out = to[found - from];
        return 1;
    }
    if (*p == end || **p != 'u') {
        qh_json_set_error(error, place, "invalid escape sequence in string");
        return -1;
    }
    (*p)++;
    gint64 c = unicode_escape(p, end);
    if (c == -1) {
        qh_json_set_error(error, place, "\\u needs four hexadecimal digits");
        return -1;
    }
    if (c == -2) {
        qh_json_set_error(error, place, "half a surrogate pair is not a Unicode character");
        return -1;
    }
    if (c == 0) { /* so that text stays a C string; see QhJsonText */
        memcpy(out, "\xC0\x80", 2);
        return 2;
    }
    return g_unichar_to_utf8((gunichar)c, out);
}

gssize
qh_json_decode_string(const char *text, size_t length, char *out, QhJsonPlace place, GError **error)
{
    const char *end = text + length;
    char *start = out;

    for (const char *p = text; p < end;) {
        if (*p == '\\') {
            p++;
            int n = decode_escape(&p, end, out, place, error);
            if (n < 0) {
                return -1;
            }
            out += n;
        } else if ((unsigned char)*p < 0x80) {
            *out++ = *p++;
        } else {
            gunichar c = g_utf8_get_char_validated(p, MIN(end - p, 6));
            if (c == (gunichar)-1 || c == (gunichar)-2) {
                qh_json_set_error(error, place, "invalid UTF-8 sequence in string");
                return -1;
            }
            int n = g_utf8_next_char(p) - p;
            memcpy(out, p, n);
            out += n;
            p += n;
        }
    }
    *out = '\0';
    return out - start;
}

/* Digits that fit: an exact integer. */
static QhJson *decode_integer(const char *text, size_t length)
{
    gboolean negative = text[0] == '-';
    uint64_t value = 0;

    for (size_t i = negative; i < length; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (!g_ascii_isdigit(text[i]) || value > (UINT64_MAX - digit) / 10) {
            return NULL;
        }
        value = value * 10 + digit;
    }
    if (!negative) {
        return qh_json_new_uint(value);
    }
    return value <= (uint64_t)INT64_MAX + 1 ? qh_json_new_int((int64_t)(0 - value)) : NULL;
}

QhJson *qh_json_decode_number(const char *text, size_t length, QhJsonPlace place, GError **error)
{
    QhJson *json = decode_integer(text, length);
    char near[64];

    if (json != NULL) {
        return json;
    }
    g_autofree char *heap = length < sizeof(near) ? NULL : g_try_malloc(length + 1);
    char *copy = length < sizeof(near) ? near : heap;
    if (copy == NULL) {
        qh_json_set_error(error, place, "out of memory for a number");
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';

    double value = g_ascii_strtod(copy, NULL);
    if (!isfinite(value)) {
        qh_json_set_error(error, place, "number out of range");
        return NULL;
    }
    return qh_json_new_double(value);
}

static gboolean is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

QhJson *qh_json_decode_word(const char *text, size_t length, QhJsonPlace place, GError **error)
{
    if (is_word(text, length, "true")) {
        return qh_json_new_bool(TRUE);
    }
    if (is_word(text, length, "false")) {
        return qh_json_new_bool(FALSE);
    }
    if (is_word(text, length, "null")) {
        return qh_json_new_null();
    }
    qh_json_set_error(error, place, "invalid keyword '%.*s'", (int)MIN(length, 32), text);
    return NULL;
}
