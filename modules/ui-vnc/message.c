/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of a client (RFC 6143, 7.5) and what others have added. */
#include "modules/ui-vnc/client.h"

#include <linux/input-event-codes.h>
#include <string.h>

#define MAX_ENCODINGS 1024u
#define MAX_TEXT      (16u << 20) /* of a clipboard, which is read and dropped */
#define RELATIVE_ZERO 0x7fff      /* no movement, when movements are sent as positions */

static void send_event(VnClient *client, uint16_t kind, uint16_t code, int32_t value)
{
    const VnServer *server = client->server;
    const QhInputEvent event = {kind, code, value};

    if (server->display != NULL) {
        server->services->input->send(server->display, &event);
    }
}

static void sync_events(VnClient *client)
{
    const VnServer *server = client->server;

    if (server->display != NULL) {
        server->services->input->sync(server->display);
    }
}

/* Repeats of a client are not the guest's, which makes its own. */
static void take_key(VnClient *client, uint16_t key, gboolean down)
{
    if (key == KEY_RESERVED || key >= VN_KEYS) {
        return;
    }
    uint8_t bit = (uint8_t)(1u << (key % 8)), *byte = &client->keys[key / 8];
    if (((*byte & bit) != 0) == down) {
        return;
    }
    *byte ^= bit;
    send_event(client, QH_INPUT_KEY, key, down ? 1 : 0);
    sync_events(client);
}

static const uint16_t button_codes[] = {BTN_LEFT, BTN_MIDDLE, BTN_RIGHT};

static void take_buttons(VnClient *client, uint32_t buttons)
{
    static const struct {
        uint16_t code;
        int16_t step;
    } wheels[] = {
        {REL_WHEEL,  1 },
        {REL_WHEEL,  -1},
        {REL_HWHEEL, -1},
        {REL_HWHEEL, 1 }
    };
    uint32_t changed = buttons ^ client->buttons;

    for (guint i = 0; i < G_N_ELEMENTS(button_codes); i++) {
        if (changed >> i & 1) {
            send_event(client, QH_INPUT_BTN, button_codes[i], (int32_t)(buttons >> i & 1));
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(wheels); i++) {
        if ((changed & buttons) >> (3 + i) & 1) {
            send_event(client, QH_INPUT_REL, wheels[i].code, wheels[i].step);
        }
    }
    client->buttons = buttons;
}

static void take_pointer(VnClient *client, uint32_t buttons, int32_t x, int32_t y)
{
    const VnServer *server = client->server;
    gboolean absolute =
        server->display == NULL || server->services->input->is_absolute(server->display);

    if (absolute) {
        int32_t width = (int32_t)MAX(client->width, 2), height = (int32_t)MAX(client->height, 2);

        send_event(client, QH_INPUT_ABS, ABS_X,
                   (int32_t)((int64_t)MIN(x, width - 1) * QH_INPUT_ABS_MAX / (width - 1)));
        send_event(client, QH_INPUT_ABS, ABS_Y,
                   (int32_t)((int64_t)MIN(y, height - 1) * QH_INPUT_ABS_MAX / (height - 1)));
    } else {
        gboolean told = (client->has & VN_HAS_POINTER) != 0 && !client->absolute;
        int32_t dx = x - (told ? RELATIVE_ZERO : client->last_x);
        int32_t dy = y - (told ? RELATIVE_ZERO : client->last_y);

        if (dx != 0) {
            send_event(client, QH_INPUT_REL, REL_X, dx);
        }
        if (dy != 0) {
            send_event(client, QH_INPUT_REL, REL_Y, dy);
        }
    }
    client->last_x = x;
    client->last_y = y;
    take_buttons(client, buttons);
    sync_events(client);
}

void vn_release_all(VnClient *client)
{
    for (uint16_t key = 1; key < VN_KEYS; key++) {
        take_key(client, key, FALSE);
    }
    take_buttons(client, 0);
    sync_events(client);
}

static void take_encodings(VnClient *client, const uint8_t *data, uint32_t n)
{
    static const struct {
        int32_t encoding;
        uint32_t has;
    } known[] = {
        {16,   VN_HAS_ZRLE    },
        {-223, VN_HAS_RESIZE  },
        {-239, VN_HAS_CURSOR  },
        {-257, VN_HAS_POINTER },
        {-258, VN_HAS_KEYS    },
        {-261, VN_HAS_LEDS    },
        {-308, VN_HAS_EXTENDED},
        {-309, VN_HAS_XVP     },
        {-314, VN_HAS_ALPHA   },
    };

    client->has = 0;
    for (uint32_t i = 0; i < n; i++) {
        int32_t encoding = (int32_t)vn_get32(data + 4 * i);

        for (guint k = 0; k < G_N_ELEMENTS(known); k++) {
            client->has |= known[k].encoding == encoding ? known[k].has : 0;
        }
    }
    client->tell_keys = (client->has & VN_HAS_KEYS) != 0;
    client->tell_leds = (client->has & VN_HAS_LEDS) != 0;
    client->tell_cursor = (client->has & (VN_HAS_CURSOR | VN_HAS_ALPHA)) != 0;
    client->tell_pointer = (client->has & VN_HAS_POINTER) != 0;
    client->tell_xvp = (client->has & VN_HAS_XVP) != 0 && client->server->power_control;
    vn_update_resized(client);
    client->tell_size = client->tell_size || (client->has & VN_HAS_EXTENDED) != 0;
}

static void take_request(VnClient *client, const uint8_t *data)
{
    client->wants = TRUE;
    if (data[1] == 0) {
        vn_dirty_add(&client->dirty, vn_get16(data + 2), vn_get16(data + 4), vn_get16(data + 6),
                     vn_get16(data + 8));
    }
    vn_update(client);
}

/* The guest is told, and may follow: the size comes back when it does. Status 4 of the extension:
 * passed on. */
static void take_size(VnClient *client, const uint8_t *data)
{
    const VnServer *server = client->server;
    const QhDisplayWish wish = {.size = sizeof(wish),
                                .enabled = 1,
                                .width = vn_get16(data + 2),
                                .height = vn_get16(data + 4)};

    client->size_reason = 1;
    client->size_status = wish.width == 0 || wish.height == 0 ? 3 : server->view != NULL ? 4 : 1;
    if (client->size_status == 4) {
        server->services->screen->wish(server->view, &wish);
    }
    client->tell_size = (client->has & VN_HAS_EXTENDED) != 0;
    vn_update(client);
}

/* xvp: 2 shut down, 3 reboot, 4 reset. */
static void take_power(VnClient *client, uint32_t code)
{
    const VnServer *server = client->server;

    if (!server->power_control || code < 2 || code > 4) {
        vn_client_send(client, (const uint8_t[]){250, 0, 1, 0}, 4);
        return;
    }
    server->services->screen->power(server->machine,
                                    code == 2 ? QH_SCREEN_POWER_BUTTON : QH_SCREEN_POWER_RESET);
}

/* QEMU's: 0 is a key with the number of a PC keyboard's key. */
static uint32_t take_extended(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    if (bytes < 2) {
        return 0;
    }
    if (data[1] != 0) {
        return UINT32_MAX;
    }
    if (bytes < 12) {
        return 0;
    }
    uint16_t key = vn_key_of_number(vn_get32(data + 8));
    take_key(client, key != KEY_RESERVED ? key : vn_key_of_symbol(vn_get32(data + 4)),
             vn_get16(data + 2) != 0);
    return 12;
}

static uint32_t take_text(VnClient *client, const uint8_t *data)
{
    int32_t length = (int32_t)vn_get32(data + 4);
    uint32_t bytes = length < 0 ? 0u - (uint32_t)length : (uint32_t)length;

    if (bytes > MAX_TEXT) {
        return UINT32_MAX;
    }
    client->skip = bytes;
    return 8;
}

/* What follows the head of a message whose length is in it. */
static uint32_t take_list(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    if (data[0] == 2) {
        uint32_t n = vn_get16(data + 2);

        if (n > MAX_ENCODINGS) {
            return UINT32_MAX;
        }
        if (bytes < 4 + 4 * n) {
            return 0;
        }
        take_encodings(client, data + 4, n);
        return 4 + 4 * n;
    }
    uint32_t n = data[6];
    if (bytes < 8 + 16 * n) {
        return 0;
    }
    take_size(client, data);
    return 8 + 16 * n;
}

uint32_t vn_message(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    static const struct {
        uint8_t type, bytes; /* at least */
    } heads[] = {
        {0,   20},
        {2,   4 },
        {3,   10},
        {4,   8 },
        {5,   6 },
        {6,   8 },
        {250, 4 },
        {251, 8 },
        {255, 1 }
    };
    uint32_t head = 0;

    for (guint i = 0; i < G_N_ELEMENTS(heads); i++) {
        head = heads[i].type == data[0] ? heads[i].bytes : head;
    }
    if (head == 0) {
        return UINT32_MAX;
    }
    if (bytes < head) {
        return 0;
    }
    switch (data[0]) {
    case 0:
        vn_dirty_all(&client->dirty);
        return vn_format_read(&client->format, data + 4) ? head : UINT32_MAX;
    case 3:
        take_request(client, data);
        return head;
    case 4:
        take_key(client, vn_key_of_symbol(vn_get32(data + 4)), data[1] != 0);
        return head;
    case 5:
        take_pointer(client, data[1], (int32_t)vn_get16(data + 2), (int32_t)vn_get16(data + 4));
        return head;
    case 6:
        return take_text(client, data);
    case 250:
        take_power(client, data[3]);
        return head;
    case 255:
        return take_extended(client, data, bytes);
    default:
        return take_list(client, data, bytes);
    }
}
