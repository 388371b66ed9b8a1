/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/virtio/tests/bench-state.h"

typedef struct Stream {
    GByteArray *out;
    const uint8_t *at;
    uint64_t left;
    gboolean bad;
} Stream;

static void stream_bytes(QhStateStream *stream, void *object, uint64_t bytes)
{
    Stream *self = stream->host;

    if (self->bad) {
        return;
    }
    if (stream->mode == QH_STATE_SAVE) {
        g_byte_array_append(self->out, object, (guint)bytes);
        return;
    }
    if (bytes > self->left) {
        g_assert_cmpuint(stream->mode, ==, QH_STATE_CHECK); /* LOAD cannot fail */
        self->bad = TRUE;
        return;
    }
    if (stream->mode == QH_STATE_LOAD && object != NULL) {
        memcpy(object, self->at, bytes);
    }
    self->at += bytes;
    self->left -= bytes;
}

static uint64_t stream_number(QhStateStream *stream, uint64_t value)
{
    Stream *self = stream->host;

    if (stream->mode != QH_STATE_SAVE && !self->bad && self->left >= sizeof(value)) {
        memcpy(&value, self->at, sizeof(value));
    }
    stream_bytes(stream, &value, sizeof(value));
    return value;
}

static void stream_fail(QhStateStream *stream, const char *why)
{
    g_assert_nonnull(why);
    g_assert_cmpuint(stream->mode, ==, QH_STATE_CHECK);
    ((Stream *)stream->host)->bad = TRUE;
}

static void stream_same(QhStateStream *stream, uint64_t value, const char *what)
{
    if (stream_number(stream, value) != value) {
        stream_fail(stream, what);
    }
}

static gboolean stream_ok(const QhStateStream *stream)
{
    return !((const Stream *)stream->host)->bad;
}

static void stream_mapped(QhStateStream *stream, void *pointer, uint64_t bytes)
{
    g_assert_cmpuint(stream->mode, ==, QH_STATE_SAVE);
    g_assert_true(pointer != NULL || bytes == 0);
}

static gboolean run(Bench *bench, uint32_t mode, Stream *self)
{
    QhStateStream stream = {
        .size = sizeof(QhStateStream),
        .mode = mode,
        .host = self,
        .bytes = stream_bytes,
        .number = stream_number,
        .same = stream_same,
        .fail = stream_fail,
        .ok = stream_ok,
        .mapped = stream_mapped,
    };

    bench->ops->stream(bench->device, &stream);
    return !self->bad;
}

GByteArray *bench_save(Bench *bench)
{
    Stream self = {.out = g_byte_array_new()};

    g_assert_true(run(bench, QH_STATE_SAVE, &self));
    return self.out;
}

gboolean bench_load(Bench *bench, const uint8_t *data, uint64_t bytes)
{
    Stream check = {.at = data, .left = bytes}, load = check;

    if (!run(bench, QH_STATE_CHECK, &check)) {
        return FALSE;
    }
    g_assert_true(run(bench, QH_STATE_LOAD, &load));
    bench->ops->state_loaded(bench->device);
    return TRUE;
}
