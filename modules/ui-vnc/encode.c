/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pixels as a client wants them: formats (RFC 6143, 7.4), raw (7.7.1) and ZRLE (7.7.6). */
#include "modules/ui-vnc/client.h"

#include <string.h>

#define ZRLE_PALETTE 16u

/* ZRLE leaves out the byte of a 32-bit pixel that never holds anything. */
static void set_packed(VnFormat *format)
{
    uint32_t mask = 0;

    format->bytes = format->bits / 8;
    format->packed = format->bytes;
    format->packed_at = 0;
    for (guint i = 0; i < 3; i++) {
        mask |= (uint32_t)format->max[i] << format->shift[i];
    }
    if (format->bits == 32 && (mask & 0xff000000u) == 0) {
        format->packed = 3;
        format->packed_at = format->big_endian ? 1 : 0;
    } else if (format->bits == 32 && (mask & 0xffu) == 0) {
        format->packed = 3;
        format->packed_at = format->big_endian ? 0 : 1;
    }
}

void vn_format_default(VnFormat *format)
{
    *format = (VnFormat){
        .bits = 32, .max = {255, 255, 255},
             .shift = {16,  8,   0  }
    };
    set_packed(format);
}

/* A client that wants a colour map gets true colour of as many bits: few such are left. */
gboolean vn_format_read(VnFormat *format, const uint8_t *data)
{
    VnFormat wanted = {
        .bits = data[0],
        .big_endian = data[2] != 0,
        .max = {(uint16_t)vn_get16(data + 4), (uint16_t)vn_get16(data + 6),
                (uint16_t)vn_get16(data + 8)                                        },
        .shift = {data[10],                     data[11],                     data[12]}
    };

    if (wanted.bits != 8 && wanted.bits != 16 && wanted.bits != 32) {
        return FALSE;
    }
    if (data[3] == 0) {
        wanted = (VnFormat){
            .bits = wanted.bits, .max = {7, 7, 3},
                 .shift = {0, 3, 6}
        };
    }
    for (guint i = 0; i < 3; i++) {
        if (wanted.shift[i] >= wanted.bits) {
            return FALSE;
        }
    }
    set_packed(&wanted);
    *format = wanted;
    return TRUE;
}

static inline uint32_t translate(const VnFormat *format, uint32_t pixel)
{
    uint32_t red = pixel >> 16 & 0xff, green = pixel >> 8 & 0xff, blue = pixel & 0xff;

    return (red * format->max[0] + 127) / 255 << format->shift[0] |
           (green * format->max[1] + 127) / 255 << format->shift[1] |
           (blue * format->max[2] + 127) / 255 << format->shift[2];
}

static inline void store(const VnFormat *format, uint32_t value, uint8_t *to)
{
    for (uint32_t i = 0; i < format->bytes; i++) {
        uint32_t shift = 8 * (format->big_endian ? format->bytes - 1 - i : i);

        to[i] = (uint8_t)(value >> shift);
    }
}

static gboolean is_own(const VnFormat *format)
{
    static const VnFormat own = {
        .bits = 32, .max = {255, 255, 255},
             .shift = {16,  8,   0  }
    };

    return G_BYTE_ORDER == G_LITTLE_ENDIAN && format->bits == 32 && !format->big_endian &&
           memcmp(format->max, own.max, sizeof(own.max)) == 0 &&
           memcmp(format->shift, own.shift, sizeof(own.shift)) == 0;
}

void vn_encode_pixels(const VnFormat *format, const uint32_t *pixels, uint32_t n, GByteArray *to)
{
    guint at = to->len;

    if (is_own(format)) {
        g_byte_array_append(to, (const uint8_t *)pixels, n * 4);
        return;
    }
    g_byte_array_set_size(to, at + n * format->bytes);
    for (uint32_t i = 0; i < n; i++) {
        store(format, translate(format, pixels[i]), to->data + at + i * format->bytes);
    }
}

void vn_encode_raw(
    VnClient *client, uint32_t x, uint32_t y, uint32_t width, uint32_t height, GByteArray *to)
{
    const VnServer *server = client->server;

    for (uint32_t row = 0; row < height; row++) {
        vn_encode_pixels(&client->format, server->pixels + (gsize)(y + row) * server->width + x,
                         width, to);
    }
}

static void put_packed(const VnFormat *format, uint32_t pixel, GByteArray *to)
{
    uint8_t bytes[4];

    store(format, translate(format, pixel), bytes);
    g_byte_array_append(to, bytes + format->packed_at, format->packed);
}

/* The colours of a tile, in the order in which they come; more than fit: ZRLE_PALETTE + 1. */
static uint32_t count_colours(const uint32_t *tile, uint32_t n, uint32_t *ret)
{
    uint32_t found = 0, last = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t c = 0;

        if (found != 0 && ret[last] == tile[i]) {
            continue;
        }
        while (c < found && ret[c] != tile[i]) {
            c++;
        }
        if (c == found) {
            if (found == ZRLE_PALETTE) {
                return ZRLE_PALETTE + 1;
            }
            ret[found++] = tile[i];
        }
        last = c;
    }
    return found;
}

/* Packed palette: 1, 2 or 4 bits a pixel, rows begin with a byte. */
static void put_palette(const VnFormat *format,
                        const uint32_t *tile,
                        uint32_t width,
                        uint32_t height,
                        const uint32_t *colours,
                        uint32_t n,
                        GByteArray *to)
{
    uint32_t bits = n <= 2 ? 1 : n <= 4 ? 2 : 4;
    uint8_t kind = (uint8_t)n;

    g_byte_array_append(to, &kind, 1);
    for (uint32_t i = 0; i < n; i++) {
        put_packed(format, colours[i], to);
    }
    for (uint32_t y = 0; y < height; y++) {
        uint32_t byte = 0, used = 0;

        for (uint32_t x = 0; x < width; x++) {
            uint32_t c = 0;

            while (colours[c] != tile[y * width + x]) {
                c++;
            }
            byte = byte << bits | c;
            used += bits;
            if (used == 8 || x == width - 1) {
                uint8_t whole = (uint8_t)(byte << (8 - used));

                g_byte_array_append(to, &whole, 1);
                byte = used = 0;
            }
        }
    }
}

static void put_tile(
    const VnClient *client, uint32_t x, uint32_t y, uint32_t width, uint32_t height, GByteArray *to)
{
    const VnServer *server = client->server;
    const VnFormat *format = &client->format;
    uint32_t tile[VN_TILE * VN_TILE], colours[ZRLE_PALETTE];

    for (uint32_t row = 0; row < height; row++) {
        memcpy(tile + row * width, server->pixels + (gsize)(y + row) * server->width + x,
               width * sizeof(uint32_t));
    }
    uint32_t n = count_colours(tile, width * height, colours);
    if (n == 1) {
        g_byte_array_append(to, (const uint8_t *)"\1", 1);
        put_packed(format, colours[0], to);
    } else if (n <= ZRLE_PALETTE) {
        put_palette(format, tile, width, height, colours, n, to);
    } else {
        g_byte_array_append(to, (const uint8_t *)"\0", 1);
        for (uint32_t i = 0; i < width * height; i++) {
            put_packed(format, tile[i], to);
        }
    }
}

/* One zlib stream for all rectangles of a connection, flushed after each. */
static gboolean compress_to(VnClient *client, const GByteArray *plain, GByteArray *to)
{
    z_stream *z = &client->deflate;
    guint length_at = to->len;
    uint8_t room[16384];

    if (!client->deflating) {
        if (deflateInit(z, 1) != Z_OK) {
            return FALSE;
        }
        client->deflating = TRUE;
    }
    vn_put32(to, 0);
    z->next_in = plain->data;
    z->avail_in = plain->len;
    do {
        z->next_out = room;
        z->avail_out = sizeof(room);
        if (deflate(z, Z_SYNC_FLUSH) == Z_STREAM_ERROR) {
            return FALSE;
        }
        g_byte_array_append(to, room, (guint)(sizeof(room) - z->avail_out));
    } while (z->avail_out == 0);
    uint32_t length = to->len - length_at - 4;
    for (guint i = 0; i < 4; i++) {
        to->data[length_at + i] = (uint8_t)(length >> (24 - 8 * i));
    }
    return TRUE;
}

gboolean vn_encode_zrle(
    VnClient *client, uint32_t x, uint32_t y, uint32_t width, uint32_t height, GByteArray *to)
{
    g_autoptr(GByteArray) plain = g_byte_array_new();

    for (uint32_t top = 0; top < height; top += VN_TILE) {
        for (uint32_t left = 0; left < width; left += VN_TILE) {
            put_tile(client, x + left, y + top, MIN(VN_TILE, width - left),
                     MIN(VN_TILE, height - top), plain);
        }
    }
    return compress_to(client, plain, to);
}
