/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON: a value tree, an incremental reader that bounds what it takes, and a writer that can only
 * emit valid JSON. Everything that arrives from outside (QMP, module notes, options) passes here.
 */
#ifndef QH_CORE_JSON_JSON_H
#define QH_CORE_JSON_JSON_H

#include <glib.h>
#include <stdint.h>

typedef struct QhJson QhJson;

typedef enum {
    QH_JSON_NULL,
    QH_JSON_BOOL,
    QH_JSON_INT,  /* fits int64_t */
    QH_JSON_UINT, /* above INT64_MAX, fits uint64_t */
    QH_JSON_DOUBLE,
    QH_JSON_STRING,
    QH_JSON_ARRAY,
    QH_JSON_OBJECT, /* members keep their order; duplicate keys are refused by the reader */
} QhJsonType;

/* What a reader takes before it refuses; zero means the default. */
typedef struct QhJsonLimits {
    size_t token_bytes; /* default 16 MiB */
    size_t value_bytes; /* text of one top-level value; default 64 MiB */
    uint32_t nesting;   /* default 1024 */
    uint32_t tokens;    /* default 2 Mi */
} QhJsonLimits;

/* Reading a whole text. The error names line:column. */
QhJson *qh_json_parse(const char *text, gssize length, const QhJsonLimits *limits, GError **error);

QhJson *qh_json_ref(QhJson *json);
void qh_json_unref(QhJson *json); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhJson, qh_json_unref)

QhJsonType qh_json_type(const QhJson *json);
const char *qh_json_type_name(QhJsonType type);
gboolean qh_json_bool(const QhJson *json);                /* of a BOOL */
gboolean qh_json_int(const QhJson *json, int64_t *ret);   /* FALSE: not an integer in range */
gboolean qh_json_uint(const QhJson *json, uint64_t *ret); /* FALSE: not one in range */
double qh_json_double(const QhJson *json);                /* of any number */
const char *qh_json_string(const QhJson *json);           /* of a STRING, else NULL */
size_t qh_json_length(const QhJson *json);                /* elements or members */
const QhJson *qh_json_at(const QhJson *array, size_t i);
const QhJson *qh_json_get(const QhJson *object, const char *key); /* NULL if absent */
const char *qh_json_key(const QhJson *object, size_t i);
const QhJson *qh_json_value(const QhJson *object, size_t i);

/* Building (for command line options and tests). Setters take ownership of @value. */
QhJson *qh_json_new_null(void);
QhJson *qh_json_new_bool(gboolean value);
QhJson *qh_json_new_int(int64_t value);
QhJson *qh_json_new_uint(uint64_t value);
QhJson *qh_json_new_double(double value);
QhJson *qh_json_new_string(const char *value);
QhJson *qh_json_new_array(void);
QhJson *qh_json_new_object(void);
void qh_json_append(QhJson *array, QhJson *value);
void qh_json_set(QhJson *object, const char *key, QhJson *value); /* replaces */

/* Writing: invalid UTF-8 becomes U+FFFD, non-ASCII is escaped, NaN and infinity become null. */
typedef struct QhJsonWriter QhJsonWriter;
QhJsonWriter *qh_json_writer_new(void);
void qh_json_writer_free(QhJsonWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhJsonWriter, qh_json_writer_free)
void qh_json_write_begin_object(QhJsonWriter *writer);
void qh_json_write_end_object(QhJsonWriter *writer);
void qh_json_write_begin_array(QhJsonWriter *writer);
void qh_json_write_end_array(QhJsonWriter *writer);
void qh_json_write_key(QhJsonWriter *writer, const char *key);
void qh_json_write_null(QhJsonWriter *writer);
void qh_json_write_bool(QhJsonWriter *writer, gboolean value);
void qh_json_write_int(QhJsonWriter *writer, int64_t value);
void qh_json_write_uint(QhJsonWriter *writer, uint64_t value);
void qh_json_write_double(QhJsonWriter *writer, double value);
void qh_json_write_string(QhJsonWriter *writer, const char *value); /* NULL writes "" */
void qh_json_write_value(QhJsonWriter *writer, const QhJson *value);
/* The text; the writer is empty afterwards. The caller g_frees it. */
char *qh_json_writer_steal(QhJsonWriter *writer, size_t *ret_length);
char *qh_json_to_text(const QhJson *json);

/*
 * Incremental reading: feed bytes as they come; each complete top-level value, or each error
 * (after which the reader resynchronises), is handed to the callback in order.
 */
typedef struct QhJsonReader QhJsonReader;
/* @value (owned by the callee) or @error (owned by the reader) is set. */
typedef void (*QhJsonReaderFn)(QhJson *value, const GError *error, void *data);
QhJsonReader *qh_json_reader_new(const QhJsonLimits *limits, QhJsonReaderFn fn, void *data);
void qh_json_reader_free(QhJsonReader *reader);
void qh_json_reader_feed(QhJsonReader *reader, const char *bytes, size_t length);
void qh_json_reader_end(QhJsonReader *reader); /* end of input: an incomplete value is an error */

#endif
