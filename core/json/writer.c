/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer keeps, for each open bracket, whether something stands before the next element; so
 * commas and colons cannot be forgotten. Using it out of order is a mistake of the caller's code
 * and asserts; no input can cause that.
 */
#include "core/json/value-priv.h"
#include <math.h>
#include <string.h>

struct QhJsonWriter {
    GString *text;
    GByteArray *open; /* per open bracket: '{' or '[' */
    gboolean comma;   /* an element stands before the next one */
    gboolean key;     /* a key was written, its value is due */
};

QhJsonWriter *qh_json_writer_new(void)
{
    QhJsonWriter *writer = g_new0(QhJsonWriter, 1);

    writer->text = g_string_new(NULL);
    writer->open = g_byte_array_new();
    return writer;
}

void qh_json_writer_free(QhJsonWriter *writer)
{
    if (writer != NULL) {
        g_string_free(writer->text, TRUE);
        g_byte_array_unref(writer->open);
        g_free(writer);
    }
}

static gboolean in_object(const QhJsonWriter *writer)
{
    return writer->open->len > 0 && writer->open->data[writer->open->len - 1] == '{';
}

/* Called before each value. */
static void separate(QhJsonWriter *writer)
{
    g_assert(writer->key == in_object(writer));
    g_assert(writer->open->len > 0 || !writer->comma);
    if (writer->comma && !writer->key) {
        g_string_append(writer->text, ", ");
    }
    writer->key = FALSE;
    writer->comma = TRUE;
}

static void begin(QhJsonWriter *writer, char bracket)
{
    separate(writer);
    g_string_append_c(writer->text, bracket);
    g_byte_array_append(writer->open, (const guint8 *)&bracket, 1);
    writer->comma = FALSE;
}

static void end(QhJsonWriter *writer, char open, char close)
{
    g_assert(writer->open->len > 0 && writer->open->data[writer->open->len - 1] == open);
    g_assert(!writer->key);
    g_string_append_c(writer->text, close);
    g_byte_array_set_size(writer->open, writer->open->len - 1);
    writer->comma = TRUE;
}

void qh_json_write_begin_object(QhJsonWriter *writer)
{
    begin(writer, '{');
}

void qh_json_write_end_object(QhJsonWriter *writer)
{
    end(writer, '{', '}');
}

void qh_json_write_begin_array(QhJsonWriter *writer)
{
    begin(writer, '[');
}

void qh_json_write_end_array(QhJsonWriter *writer)
{
    end(writer, '[', ']');
}

static void append_code_unit(GString *out, unsigned unit)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {
        '\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15],
    };

    g_string_append_len(out, text, sizeof(text));
}

static void append_code_point(GString *out, gunichar c)
{
    if (c < 0x10000) {
        append_code_unit(out, c);
    } else {
        append_code_unit(out, 0xD800 + ((c - 0x10000) >> 10));
        append_code_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
    }
}

/* One escape or multi-byte sequence at @p; returns what follows it. */
static const char *append_special(GString *out, const char *p)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *found = strchr(from, *p);

    if (found != NULL) {
        g_string_append_c(out, '\\');
        g_string_append_c(out, to[found - from]);
        return p + 1;
    }
    if ((unsigned char)*p < 0x80) {
        append_code_unit(out, (unsigned char)*p);
        return p + 1;
    }
    if ((unsigned char)p[0] == 0xC0 && (unsigned char)p[1] == 0x80) {
        append_code_unit(out, 0);
        return p + 2;
    }
    gunichar c = g_utf8_get_char_validated(p, -1);
    if (c == (gunichar)-1 || c == (gunichar)-2) {
        append_code_unit(out, 0xFFFD);
        return p + 1;
    }
    append_code_point(out, c);
    return g_utf8_next_char(p);
}

static void append_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *p = text; *p != '\0';) {
        const char *plain = p;
        while ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7F && *p != '"' && *p != '\\') {
            p++;
        }
        g_string_append_len(out, plain, p - plain);
        if (*p != '\0') {
            p = append_special(out, p);
        }
    }
    g_string_append_c(out, '"');
}

void qh_json_write_key(QhJsonWriter *writer, const char *key)
{
    g_assert(in_object(writer) && !writer->key);
    if (writer->comma) {
        g_string_append(writer->text, ", ");
    }
    append_string(writer->text, key);
    g_string_append(writer->text, ": ");
    writer->key = TRUE;
    writer->comma = TRUE;
}

void qh_json_write_null(QhJsonWriter *writer)
{
    separate(writer);
    g_string_append(writer->text, "null");
}

void qh_json_write_bool(QhJsonWriter *writer, gboolean value)
{
    separate(writer);
    g_string_append(writer->text, value ? "true" : "false");
}

void qh_json_write_int(QhJsonWriter *writer, int64_t value)
{
    separate(writer);
    g_string_append_printf(writer->text, "%" G_GINT64_FORMAT, value);
}

void qh_json_write_uint(QhJsonWriter *writer, uint64_t value)
{
    separate(writer);
    g_string_append_printf(writer->text, "%" G_GUINT64_FORMAT, value);
}

/* The shortest text that reads back as the same number. */
void qh_json_write_double(QhJsonWriter *writer, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    static const char *const formats[] = {"%.15g", "%.16g", "%.17g"};

    separate(writer);
    if (!isfinite(value)) {
        g_string_append(writer->text, "null");
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_ascii_formatd(text, sizeof(text), formats[i], value);
        if (g_ascii_strtod(text, NULL) == value) {
            break;
        }
    }
    g_string_append(writer->text, text);
    if (strpbrk(text, ".e") == NULL) {
        g_string_append(writer->text, ".0"); /* so that it reads back as no integer */
    }
}

void qh_json_write_string(QhJsonWriter *writer, const char *value)
{
    separate(writer);
    append_string(writer->text, value != NULL ? value : "");
}

static void write_container(QhJsonWriter *writer, const QhJson *value)
{
    gboolean object = qh_json_type(value) == QH_JSON_OBJECT;

    begin(writer, object ? '{' : '[');
    for (size_t i = 0; i < qh_json_length(value); i++) {
        if (object) {
            qh_json_write_key(writer, qh_json_key(value, i));
        }
        qh_json_write_value(writer, qh_json_at(value, i));
    }
    end(writer, object ? '{' : '[', object ? '}' : ']');
}

void qh_json_write_value(QhJsonWriter *writer, const QhJson *value)
{
    const QhJsonScalar *scalar = (const QhJsonScalar *)value;

    switch (qh_json_type(value)) {
    case QH_JSON_NULL:
        qh_json_write_null(writer);
        break;
    case QH_JSON_BOOL:
        qh_json_write_bool(writer, scalar->as.boolean);
        break;
    case QH_JSON_INT:
        qh_json_write_int(writer, scalar->as.i);
        break;
    case QH_JSON_UINT:
        qh_json_write_uint(writer, scalar->as.u);
        break;
    case QH_JSON_DOUBLE:
        qh_json_write_double(writer, scalar->as.d);
        break;
    case QH_JSON_STRING:
        qh_json_write_string(writer, qh_json_string(value));
        break;
    case QH_JSON_ARRAY:
    case QH_JSON_OBJECT:
        write_container(writer, value);
        break;
    }
}

char *qh_json_writer_steal(QhJsonWriter *writer, size_t *ret_length)
{
    g_assert(writer->open->len == 0);
    if (ret_length != NULL) {
        *ret_length = writer->text->len;
    }
    char *text = g_string_free(writer->text, FALSE);
    writer->text = g_string_new(NULL);
    writer->comma = writer->key = FALSE;
    return text;
}

char *qh_json_to_text(const QhJson *json)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_json_write_value(writer, json);
    return qh_json_writer_steal(writer, NULL);
}
