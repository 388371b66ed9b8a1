/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of 9P: little-endian numbers, strings with 16 bits of length. Reading beyond the end, or
 * a string with a NUL in it, marks the message as bad and gives zeroes; look once, at the end.
 */
#ifndef VIRTIO_P9_WIRE_H
#define VIRTIO_P9_WIRE_H

#include "modules/virtio/spec.h"

#define P9_STRINGS 20u

typedef struct P9Reader {
    const uint8_t *at;
    uint32_t left;
    gboolean bad;
    char *strings[P9_STRINGS]; /* handed out; freed by p9_reader_clear */
    uint32_t n_strings;
} P9Reader;

static inline uint64_t p9_read(P9Reader *reader, uint32_t bytes)
{
    uint64_t value = 0;

    if (reader->bad || bytes > reader->left) {
        reader->bad = TRUE;
        return 0;
    }
    memcpy(&value, reader->at, bytes);
    reader->at += bytes;
    reader->left -= bytes;
    return GUINT64_FROM_LE(value);
}

static inline uint32_t p9_read32(P9Reader *reader)
{
    return (uint32_t)p9_read(reader, 4);
}

static inline const char *p9_read_string(P9Reader *reader)
{
    uint32_t bytes = (uint32_t)p9_read(reader, 2);

    if (reader->bad || bytes > reader->left || reader->n_strings == P9_STRINGS ||
        memchr(reader->at, 0, bytes) != NULL) {
        reader->bad = TRUE;
        return "";
    }
    char *text = g_strndup((const char *)reader->at, bytes);

    reader->strings[reader->n_strings++] = text;
    reader->at += bytes;
    reader->left -= bytes;
    return text;
}

static inline void p9_reader_clear(P9Reader *reader)
{
    while (reader->n_strings > 0) {
        g_free(reader->strings[--reader->n_strings]);
    }
}

static inline void p9_put(GByteArray *out, uint64_t value, uint32_t bytes)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(out, (const uint8_t *)&value, bytes);
}

static inline void p9_put_string(GByteArray *out, const char *text)
{
    uint32_t bytes = (uint32_t)MIN(strlen(text), UINT16_MAX);

    p9_put(out, bytes, 2);
    g_byte_array_append(out, (const uint8_t *)text, bytes);
}

#endif
