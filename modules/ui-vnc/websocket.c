/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFB inside a WebSocket (RFC 6455), and the one page that this server has. A client that shows the
 * page has to know the token of the page's address: other programs of the same machine, and pages
 * of others in the same browser, do not.
 */
#include "modules/ui-vnc/client.h"

#include <string.h>

#define HEAD_BYTES    8192u
#define CONTROL_BYTES 125u
#define PONG_LIMIT    4096u

enum { OP_MORE = 0, OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

uint32_t vn_web_header(uint8_t *ret, uint8_t opcode, uint64_t bytes)
{
    uint32_t extra = bytes < 126 ? 0 : bytes <= UINT16_MAX ? 2 : 8;

    ret[0] = 0x80 | opcode;
    ret[1] = (uint8_t)(extra == 0 ? bytes : extra == 2 ? 126 : 127);
    for (uint32_t i = 0; i < extra; i++) {
        ret[2 + i] = (uint8_t)(bytes >> (8 * (extra - 1 - i)));
    }
    return 2 + extra;
}

/* The value of header @name, without blanks; NULL: there is none. */
static char *header_of(char **lines, const char *name)
{
    gsize length = strlen(name);

    for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
        if (g_ascii_strncasecmp(lines[i], name, length) == 0 && lines[i][length] == ':') {
            return g_strstrip(g_strdup(lines[i] + length + 1));
        }
    }
    return NULL;
}

static gboolean same_text(const char *left, const char *right)
{
    gsize n = strlen(left);
    uint8_t different = 0;

    if (n != strlen(right)) {
        return FALSE;
    }
    for (gsize i = 0; i < n; i++) {
        different |= (uint8_t)(left[i] ^ right[i]);
    }
    return different == 0;
}

/* "/ws?t=TOKEN" */
static gboolean has_token(const VnServer *server, const char *target)
{
    const char *query = strstr(target, "?t=");

    return query != NULL && same_text(query + 3, server->token);
}

static void
answer(VnClient *client, const char *status, const char *type, const void *body, uint32_t bytes)
{
    g_autofree char *head = g_strdup_printf(
        "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %u\r\nConnection: close\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: no-referrer\r\nX-Frame-Options: DENY\r\n"
        "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; "
        "style-src 'unsafe-inline'; connect-src 'self' ws: wss:; img-src data:\r\n\r\n",
        status, type, bytes);

    client->closing = TRUE;
    g_byte_array_append(client->output, (const uint8_t *)head, (guint)strlen(head));
    vn_client_raw(client, body, bytes);
}

static void refuse(VnClient *client, const char *status)
{
    answer(client, status, "text/plain", status, (uint32_t)strlen(status));
}

/* RFC 6455, 4.2.2 */
static void accept_upgrade(VnClient *client, char **lines, const char *key)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    g_autofree char *protocols = header_of(lines, "Sec-WebSocket-Protocol");
    uint8_t digest[20];
    gsize length = sizeof(digest);

    g_checksum_update(sum, (const uint8_t *)key, -1);
    g_checksum_update(sum, (const uint8_t *)"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
    g_checksum_get_digest(sum, digest, &length);
    g_autofree char *proof = g_base64_encode(digest, length);
    g_autofree char *head = g_strdup_printf(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n%s\r\n",
        proof,
        protocols != NULL && strstr(protocols, "binary") != NULL
            ? "Sec-WebSocket-Protocol: binary\r\n"
            : "");
    vn_client_raw(client, head, (uint32_t)strlen(head));
    client->web = VN_FRAMES;
    client->announced = TRUE;
    vn_server_emit(client->server, "VNC_CONNECTED", client);
    vn_client_send(client, "RFB 003.008\n", 12);
}

static void take_head(VnClient *client, const char *text)
{
    const VnServer *server = client->server;
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", 64);
    g_auto(GStrv) words = g_strsplit(lines[0] != NULL ? lines[0] : "", " ", 4);
    g_autofree char *upgrade = header_of(lines, "Upgrade");
    g_autofree char *key = header_of(lines, "Sec-WebSocket-Key");
    g_autofree char *version = header_of(lines, "Sec-WebSocket-Version");

    if (g_strv_length(words) != 3 || !g_str_equal(words[0], "GET") ||
        !g_str_has_prefix(words[2], "HTTP/1.")) {
        refuse(client, "400 Bad Request");
    } else if (upgrade != NULL && g_ascii_strcasecmp(upgrade, "websocket") == 0) {
        if (key == NULL || g_strcmp0(version, "13") != 0) {
            refuse(client, "400 Bad Request");
        } else if (server->web && !has_token(server, words[1])) {
            refuse(client, "403 Forbidden");
        } else {
            accept_upgrade(client, lines, key);
        }
    } else if (server->web && (g_str_equal(words[1], "/") || g_str_has_prefix(words[1], "/?"))) {
        answer(client, "200 OK", "text/html; charset=utf-8", vn_page, vn_page_bytes);
    } else {
        refuse(client, "404 Not Found");
    }
}

/* The head of a request, up to an empty line; returns its bytes, 0: more are needed. */
static uint32_t take_request(VnClient *client)
{
    g_autofree char *text = g_strndup((const char *)client->wire->data, client->wire->len);
    const char *end = strstr(text, "\r\n\r\n");

    if (end == NULL) {
        if (client->wire->len >= HEAD_BYTES || strlen(text) < client->wire->len) {
            vn_client_end(client);
        }
        return 0;
    }
    uint32_t bytes = (uint32_t)(end - text) + 4;
    text[bytes - 2] = '\0';
    take_head(client, text);
    return bytes;
}

static void take_control(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    uint8_t header[10];

    if (client->opcode == OP_CLOSE) {
        client->closing = TRUE;
        vn_client_raw(client, header, vn_web_header(header, OP_CLOSE, 0));
    } else if (client->opcode == OP_PING) {
        if (client->output->len - client->sent > VN_OUT_LIMIT + PONG_LIMIT) {
            return; /* an update is under way; pongs are for idle connections */
        }
        g_byte_array_append(client->output, header, vn_web_header(header, OP_PONG, bytes));
        vn_client_raw(client, data, bytes);
    }
}

/* The head of a frame (RFC 6455, 5.2): clients mask. Returns its bytes, 0: more are needed. */
static uint32_t take_frame_head(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    if (bytes < 2) {
        return 0;
    }
    uint8_t opcode = data[0] & 0x0f;
    uint32_t code = data[1] & 0x7f, extra = code == 126 ? 2 : code == 127 ? 8 : 0;
    gboolean control = opcode >= OP_CLOSE;
    if ((data[0] & 0x70) != 0 || (data[1] & 0x80) == 0 ||
        (opcode != OP_MORE && opcode != OP_BINARY && (opcode < OP_CLOSE || opcode > OP_PONG)) ||
        (control && (code > CONTROL_BYTES || (data[0] & 0x80) == 0))) {
        vn_client_end(client);
        return 0;
    }
    if (bytes < 2 + extra + 4) {
        return 0;
    }
    uint64_t length = extra == 0 ? code : 0;
    for (uint32_t i = 0; i < extra; i++) {
        length = length << 8 | data[2 + i];
    }
    client->opcode = opcode;
    client->frame_left = length;
    client->mask_at = 0;
    memcpy(client->mask, data + 2 + extra, 4);
    if (control && bytes < 2 + 4 + length) {
        client->frame_left = 0;
        return 0; /* they are short: wait for all of it */
    }
    return 2 + extra + 4;
}

static uint32_t take_payload(VnClient *client, uint8_t *data, uint32_t bytes)
{
    uint32_t n = (uint32_t)MIN(client->frame_left, bytes);

    for (uint32_t i = 0; i < n; i++) {
        data[i] ^= client->mask[client->mask_at++ % 4];
    }
    client->frame_left -= n;
    if (client->opcode >= OP_CLOSE) {
        take_control(client, data, n);
    } else {
        vn_client_bytes(client, data, n);
    }
    return n;
}

void vn_web_bytes(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    uint32_t done = 0;

    g_byte_array_append(client->wire, data, bytes);
    while (!client->dead && !client->closing && done < client->wire->len) {
        uint8_t *at = client->wire->data + done;
        uint32_t left = client->wire->len - done, used;

        if (client->web == VN_HTTP) {
            used = take_request(client);
        } else if (client->frame_left > 0) {
            used = take_payload(client, at, left);
        } else {
            used = take_frame_head(client, at, left);
            if (used > 0 && client->frame_left == 0 && client->opcode >= OP_CLOSE) {
                take_control(client, at + used, 0);
            }
        }
        if (used == 0) {
            break;
        }
        done += used;
    }
    g_byte_array_remove_range(client->wire, 0, done);
}
