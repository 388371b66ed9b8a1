/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/snapshot/stream.h"

#include "core/jit/ir.h"

#include <string.h>

gboolean qh_stream_ok(const QhStream *stream)
{
    return stream->error == NULL;
}

void qh_stream_fail(QhStream *stream, const char *why)
{
    if (stream->error == NULL) {
        stream->error = g_error_new(QH_ERROR, QH_ERROR_INVALID, "snapshot: %s: %s",
                                    stream->subject != NULL ? stream->subject : "header", why);
    }
}

void qh_stream_bytes(QhStream *stream, void *object, uint64_t bytes)
{
    if (stream->error != NULL || bytes == 0) {
        return;
    }
    if (stream->mode == QH_STREAM_SAVE) {
        g_byte_array_append(stream->out, object, (guint)bytes);
        return;
    }
    if ((uint64_t)(stream->limit - stream->at) < bytes) {
        qh_stream_fail(stream, "it ends too early");
        return;
    }
    if (stream->mode == QH_STREAM_LOAD) {
        memcpy(object, stream->at, bytes);
    }
    stream->at += bytes;
}

uint64_t qh_stream_number(QhStream *stream, uint64_t value)
{
    const uint8_t *from = stream->at;

    qh_stream_bytes(stream, &value, sizeof(value));
    if (stream->mode == QH_STREAM_CHECK && stream->error == NULL) {
        memcpy(&value, from, sizeof(value));
    }
    return value;
}

void qh_stream_same(QhStream *stream, uint64_t value, const char *what)
{
    uint64_t seen = qh_stream_number(stream, value);

    if (stream->error == NULL && seen != value) {
        g_autofree char *why = g_strdup_printf(
            "%s is %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, what, seen, value);
        qh_stream_fail(stream, why);
    }
}

void qh_stream_fields(QhStream *stream, const QhStateTable *table, void *state)
{
    uint32_t n = table != NULL ? table->n_fields : 0;

    qh_stream_same(stream, n, "the number of fields");
    for (uint32_t i = 0; i < n && stream->error == NULL; i++) {
        const QhStateField *field = qh_ir_slot(table, i);
        uint64_t bytes = (uint64_t)MAX(field->count, 1u) * qh_ir_type_bytes(field->type);
        if ((field->flags & (QH_STATE_NOSAVE | QH_STATE_ZERO)) == 0) {
            qh_stream_bytes(stream, (char *)state + field->offset, bytes);
        }
    }
}

static void module_bytes(QhStateStream *stream, void *object, uint64_t bytes)
{
    qh_stream_bytes(stream->host, object, bytes);
}

static uint64_t module_number(QhStateStream *stream, uint64_t value)
{
    return qh_stream_number(stream->host, value);
}

static void module_same(QhStateStream *stream, uint64_t value, const char *what)
{
    qh_stream_same(stream->host, value, what);
}

static void module_fail(QhStateStream *stream, const char *why)
{
    qh_stream_fail(stream->host, why);
}

static gboolean module_ok(const QhStateStream *stream)
{
    return qh_stream_ok(stream->host);
}

static void module_mapped(QhStateStream *stream, void *pointer, uint64_t bytes)
{
    const QhStreamMap map = {pointer, bytes};
    QhStream *host = stream->host;

    if (host->mapped != NULL && pointer != NULL && bytes > 0) {
        g_array_append_val(host->mapped, map);
    }
}

QhStateStream qh_stream_for_module(QhStream *stream)
{
    static const uint32_t modes[] = {
        [QH_STREAM_SAVE] = QH_STATE_SAVE,
        [QH_STREAM_CHECK] = QH_STATE_CHECK,
        [QH_STREAM_LOAD] = QH_STATE_LOAD,
    };

    return (QhStateStream){
        .size = sizeof(QhStateStream),
        .mode = modes[stream->mode],
        .host = stream,
        .bytes = module_bytes,
        .number = module_number,
        .same = module_same,
        .fail = module_fail,
        .ok = module_ok,
        .mapped = module_mapped,
    };
}
