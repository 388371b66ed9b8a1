/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client is sent: FramebufferUpdate (RFC 6143, 7.6.1) with rectangles and pseudo ones. */
#include "modules/ui-vnc/client.h"

#include <string.h>

#define MESSAGE_BYTES (4u << 20) /* after this many the rest waits for the next update */

enum {
    ENC_RAW = 0,
    ENC_ZRLE = 16,
    ENC_RESIZE = -223,
    ENC_CURSOR = -239,
    ENC_POINTER = -257,
    ENC_KEYS = -258,
    ENC_LEDS = -261,
    ENC_EXTENDED = -308,
    ENC_XVP = -309,
    ENC_ALPHA = -314,
};

static void
put_head(GByteArray *to, uint32_t x, uint32_t y, uint32_t width, uint32_t height, int32_t encoding)
{
    vn_put16(to, x);
    vn_put16(to, y);
    vn_put16(to, width);
    vn_put16(to, height);
    vn_put32(to, (uint32_t)encoding);
}

/* The client learns of the size in a message of its own: what it has is void afterwards. */
static void send_size(VnClient *client)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    uint32_t width = client->width, height = client->height;

    vn_put16(message, 0);
    vn_put16(message, 1);
    if (client->has & VN_HAS_EXTENDED) {
        put_head(message, client->size_reason, client->size_status, width, height, ENC_EXTENDED);
        vn_put32(message, 1u << 24); /* one screen */
        vn_put32(message, 0);
        vn_put32(message, 0);
        vn_put16(message, width);
        vn_put16(message, height);
        vn_put32(message, 0);
    } else {
        put_head(message, 0, 0, width, height, ENC_RESIZE);
    }
    client->size_reason = client->size_status = 0;
    client->tell_size = FALSE;
    vn_client_send(client, message->data, message->len);
}

void vn_update_resized(VnClient *client)
{
    const VnServer *server = client->server;

    vn_dirty_resize(&client->dirty, server->width, server->height);
    vn_dirty_all(&client->dirty);
    if ((client->has & (VN_HAS_RESIZE | VN_HAS_EXTENDED)) &&
        (client->width != server->width || client->height != server->height)) {
        client->width = server->width;
        client->height = server->height;
        client->tell_size = TRUE;
    }
}

/* Colours in the client's format, then a bit for each pixel that is shown. */
static void put_cursor(const VnClient *client, const QhScreenCursor *cursor, GByteArray *to)
{
    put_head(to, cursor->hot_x, cursor->hot_y, cursor->width, cursor->height, ENC_CURSOR);
    vn_encode_pixels(&client->format, cursor->argb, cursor->width * cursor->height, to);
    for (uint32_t y = 0; y < cursor->height; y++) {
        for (uint32_t x = 0; x < cursor->width; x += 8) {
            uint8_t bits = 0;

            for (uint32_t i = x; i < MIN(x + 8, cursor->width); i++) {
                bits |= cursor->argb[y * cursor->width + i] >> 31 ? 0x80u >> (i - x) : 0;
            }
            g_byte_array_append(to, &bits, 1);
        }
    }
}

/* Red, green, blue, alpha, each colour times alpha; raw. */
static void put_alpha_cursor(const QhScreenCursor *cursor, GByteArray *to)
{
    put_head(to, cursor->hot_x, cursor->hot_y, cursor->width, cursor->height, ENC_ALPHA);
    vn_put32(to, ENC_RAW);
    for (uint32_t i = 0; i < cursor->width * cursor->height; i++) {
        uint32_t pixel = cursor->argb[i], alpha = pixel >> 24;
        const uint8_t bytes[4] = {(uint8_t)((pixel >> 16 & 0xff) * alpha / 255),
                                  (uint8_t)((pixel >> 8 & 0xff) * alpha / 255),
                                  (uint8_t)((pixel & 0xff) * alpha / 255), (uint8_t)alpha};

        g_byte_array_append(to, bytes, 4);
    }
}

static uint32_t put_pointer_shape(VnClient *client, GByteArray *to)
{
    const QhScreenService *screen = client->server->services->screen;
    QhScreenPixels pixels;
    uint32_t n = 0;

    if (client->server->view == NULL) {
        return 0;
    }
    screen->lock(client->server->view, &pixels);
    if (pixels.cursor.argb != NULL) {
        if (client->has & VN_HAS_ALPHA) {
            put_alpha_cursor(&pixels.cursor, to);
        } else {
            put_cursor(client, &pixels.cursor, to);
        }
        n = 1;
    }
    screen->unlock(client->server->view);
    return n;
}

/* RFB's lamps: scroll 1, num 2, caps 4. */
static void put_leds(const VnClient *client, GByteArray *to)
{
    uint32_t leds = client->server->leds;
    uint8_t bits =
        (uint8_t)((leds & QH_INPUT_LED_SCROLL ? 1 : 0) | (leds & QH_INPUT_LED_NUM ? 2 : 0) |
                  (leds & QH_INPUT_LED_CAPS ? 4 : 0));

    put_head(to, 0, 0, 1, 1, ENC_LEDS);
    g_byte_array_append(to, &bits, 1);
}

static uint32_t put_pseudo(VnClient *client, GByteArray *to)
{
    uint32_t n = 0;

    if (client->tell_keys) {
        put_head(to, 0, 0, client->width, client->height, ENC_KEYS);
        n++;
    }
    if (client->tell_pointer) {
        put_head(to, client->absolute ? 1 : 0, 0, client->width, client->height, ENC_POINTER);
        n++;
    }
    if (client->tell_leds) {
        put_leds(client, to);
        n++;
    }
    if (client->tell_cursor) {
        n += put_pointer_shape(client, to);
    }
    client->tell_keys = client->tell_pointer = client->tell_leds = client->tell_cursor = FALSE;
    return n;
}

/* A run of dirty tiles of one row. FALSE: out of memory. */
static gboolean
put_run(VnClient *client, uint32_t row, uint32_t first, uint32_t end, GByteArray *to)
{
    uint32_t x = first * VN_TILE, y = row * VN_TILE;
    uint32_t width = MIN(end * VN_TILE, MIN(client->width, client->server->width)) - x;
    uint32_t height = MIN(y + VN_TILE, MIN(client->height, client->server->height)) - y;

    if (client->has & VN_HAS_ZRLE) {
        put_head(to, x, y, width, height, ENC_ZRLE);
        return vn_encode_zrle(client, x, y, width, height, to);
    }
    put_head(to, x, y, width, height, ENC_RAW);
    vn_encode_raw(client, x, y, width, height, to);
    return TRUE;
}

/* Returns how many rectangles; -1: out of memory. What was put is no longer dirty. */
static int32_t put_dirty(VnClient *client, GByteArray *to)
{
    VnDirty *dirty = &client->dirty;
    uint32_t columns = (MIN(client->width, client->server->width) + VN_TILE - 1) / VN_TILE;
    uint32_t rows = (MIN(client->height, client->server->height) + VN_TILE - 1) / VN_TILE;
    int32_t n = 0;

    dirty->any = FALSE;
    for (uint32_t row = 0; row < rows; row++) {
        uint8_t *tiles = dirty->tiles + row * dirty->columns;

        if (to->len > MESSAGE_BYTES) {
            dirty->any = TRUE;
            break;
        }
        for (uint32_t first = 0; first < columns; first++) {
            uint32_t end = first;

            while (end < columns && tiles[end]) {
                tiles[end++] = 0;
            }
            if (end > first) {
                if (!put_run(client, row, first, end, to)) {
                    return -1;
                }
                n++;
                first = end;
            }
        }
    }
    return n;
}

static gboolean has_pseudo(const VnClient *client)
{
    return client->tell_keys || client->tell_pointer || client->tell_leds || client->tell_cursor;
}

/* The guest may have changed from a mouse to a tablet. */
static void look_at_pointer(VnClient *client)
{
    const VnServer *server = client->server;
    gboolean absolute =
        server->display == NULL || server->services->input->is_absolute(server->display);

    if (absolute != client->absolute) {
        client->absolute = absolute;
        client->tell_pointer = (client->has & VN_HAS_POINTER) != 0;
    }
}

void vn_update(VnClient *client)
{
    if (client->phase != VN_NORMAL || client->dead || client->output->len > client->sent) {
        return;
    }
    if (client->tell_size) {
        send_size(client);
    }
    if (client->tell_xvp) {
        client->tell_xvp = FALSE;
        vn_client_send(client, (const uint8_t[]){250, 0, 1, 1}, 4);
    }
    look_at_pointer(client);
    if (!client->wants || !(client->dirty.any || has_pseudo(client)) ||
        client->output->len > client->sent) {
        return;
    }
    g_autoptr(GByteArray) message = g_byte_array_new();
    vn_put32(message, 0);
    int32_t n = (int32_t)put_pseudo(client, message);
    int32_t more = put_dirty(client, message);
    if (more < 0) {
        vn_client_end(client);
        return;
    }
    n += more;
    if (n == 0) {
        return;
    }
    message->data[2] = (uint8_t)(n >> 8);
    message->data[3] = (uint8_t)n;
    client->wants = FALSE;
    vn_client_send(client, message->data, message->len);
}
