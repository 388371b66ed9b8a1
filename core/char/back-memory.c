/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Back ends that stay inside the process: null, ringbuf (memory is its older name). */
#include "core/char/char-priv.h"

#include <string.h>

#define RING_DEFAULT 65536u
#define RING_MAX     (64u << 20)

static const char *const no_members[] = {NULL};

static gboolean
null_open(QhChar *chr, G_GNUC_UNUSED const QhJson *data, G_GNUC_UNUSED GError **error)
{
    qh_char_set_open(chr, TRUE);
    return TRUE;
}

static void null_close(G_GNUC_UNUSED QhChar *chr)
{
}

static uint32_t
null_write(G_GNUC_UNUSED QhChar *chr, G_GNUC_UNUSED const uint8_t *data, uint32_t bytes)
{
    return bytes;
}

static char *null_filename(QhChar *chr)
{
    return g_strdup(chr->backend->type);
}

typedef struct Ring {
    uint8_t *bytes;
    uint32_t size;    /* a power of two */
    uint32_t in, out; /* free-running; in - out bytes are there; under the lock */
} Ring;

static gboolean ring_open(QhChar *chr, const QhJson *data, GError **error)
{
    Ring *ring = chr->state;
    uint64_t size = RING_DEFAULT;

    if (!qh_char_get_uint(data, "size", RING_MAX, &size, error)) {
        return FALSE;
    }
    if (size == 0 || (size & (size - 1)) != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "the size of a ring buffer has to be a power of two");
        return FALSE;
    }
    ring->bytes = g_try_malloc(size);
    if (ring->bytes == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "no memory for the ring buffer");
        return FALSE;
    }
    ring->size = size;
    qh_char_set_open(chr, TRUE);
    return TRUE;
}

static void ring_close(QhChar *chr)
{
    Ring *ring = chr->state;

    g_mutex_lock(&chr->lock);
    g_clear_pointer(&ring->bytes, g_free);
    g_mutex_unlock(&chr->lock);
}

/* The oldest bytes give way. */
static uint32_t ring_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    Ring *ring = chr->state;

    for (uint32_t i = 0; ring->bytes != NULL && i < bytes; i++) {
        ring->bytes[ring->in++ & (ring->size - 1)] = data[i];
        if (ring->in - ring->out > ring->size) {
            ring->out++;
        }
    }
    return bytes;
}

static Ring *ring_of(QhChar *chr, GError **error)
{
    if (chr->backend != &qh_char_ringbuf && chr->backend != &qh_char_memory) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "chardev '%s' is no ring buffer", chr->id);
        return NULL;
    }
    return chr->state;
}

GByteArray *qh_char_ringbuf_read(QhChar *chr, uint32_t max, GError **error)
{
    Ring *ring = ring_of(chr, error);

    if (ring == NULL) {
        return NULL;
    }
    GByteArray *data = g_byte_array_new();
    g_mutex_lock(&chr->lock);
    while (ring->in != ring->out && data->len < max) {
        g_byte_array_append(data, &ring->bytes[ring->out++ & (ring->size - 1)], 1);
    }
    g_mutex_unlock(&chr->lock);
    return data;
}

gboolean qh_char_ringbuf_write(QhChar *chr, const uint8_t *data, uint32_t bytes, GError **error)
{
    if (ring_of(chr, error) == NULL) {
        return FALSE;
    }
    qh_char_write(chr, data, bytes);
    return TRUE;
}

const QhCharBackend qh_char_null = {
    .type = "null",
    .description = "takes everything, gives nothing",
    .members = no_members,
    .open = null_open,
    .close = null_close,
    .write = null_write,
    .filename = null_filename,
};

static const char *const ring_members[] = {"size", NULL};

const QhCharBackend qh_char_ringbuf = {
    .type = "ringbuf",
    .description = "keeps the last bytes in memory",
    .members = ring_members,
    .state_bytes = sizeof(Ring),
    .open = ring_open,
    .close = ring_close,
    .write = ring_write,
    .filename = null_filename,
};

const QhCharBackend qh_char_memory = {
    .type = "memory",
    .members = ring_members,
    .state_bytes = sizeof(Ring),
    .open = ring_open,
    .close = ring_close,
    .write = ring_write,
    .filename = null_filename,
};
