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
    if (stream->error != NULL) {
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
