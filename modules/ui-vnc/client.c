/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection: bytes in and out, and the handshake (RFC 6143, 7.1 to 7.3). */
#include "modules/ui-vnc/client.h"

#include <errno.h>
#include <glib-unix.h>
#include <nettle/des.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDSHAKE_SECONDS 30u
#define READ_BYTES        16384u
#define KEEP_BYTES        (256u << 10) /* of an empty buffer */

enum { SECURITY_NONE = 1, SECURITY_VNC = 2 };

static void drop_source(GSource **source)
{
    if (*source != NULL) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

void vn_client_end(VnClient *client)
{
    if (!client->dead) {
        client->dead = TRUE;
        drop_source(&client->in);
        drop_source(&client->out_ready);
        drop_source(&client->deadline);
        g_source_set_ready_time(client->server->kick, 0);
    }
}

void vn_client_free(VnClient *client)
{
    vn_client_end(client);
    vn_release_all(client);
    close(client->fd);
    if (client->deflating) {
        deflateEnd(&client->deflate);
    }
    vn_dirty_free(&client->dirty);
    g_byte_array_unref(client->wire);
    g_byte_array_unref(client->input);
    g_byte_array_unref(client->output);
    g_free(client->host);
    g_free(client->service);
    g_free(client->own_host);
    g_free(client->own_service);
    g_free(client);
}

static gboolean on_writable(gint fd, GIOCondition condition, gpointer data)
{
    VnClient *client = data;

    (void)fd;
    (void)condition;
    drop_source(&client->out_ready);
    vn_client_flush(client);
    vn_update(client);
    return G_SOURCE_REMOVE;
}

void vn_client_flush(VnClient *client)
{
    while (!client->dead && client->sent < client->output->len) {
        ssize_t n = send(client->fd, client->output->data + client->sent,
                         client->output->len - client->sent, MSG_NOSIGNAL);

        if (n > 0) {
            client->sent += (uint32_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            if (client->out_ready == NULL) {
                client->out_ready = g_unix_fd_source_new(client->fd, G_IO_OUT);
                g_source_set_callback(client->out_ready, (GSourceFunc)(void (*)(void))on_writable,
                                      client, NULL);
                g_source_attach(client->out_ready, client->server->context);
            }
            return;
        } else if (n == 0 || errno != EINTR) {
            vn_client_end(client);
            return;
        }
    }
    client->sent = 0;
    if (client->output->len > KEEP_BYTES) {
        g_byte_array_unref(client->output);
        client->output = g_byte_array_new();
    }
    g_byte_array_set_size(client->output, 0);
    if (client->closing) {
        vn_client_end(client);
    }
}

void vn_client_raw(VnClient *client, const void *data, uint32_t bytes)
{
    if (client->dead) {
        return;
    }
    g_byte_array_append(client->output, data, bytes);
    vn_client_flush(client);
}

void vn_client_send(VnClient *client, const void *data, uint32_t bytes)
{
    if (client->dead) {
        return;
    }
    if (client->websocket) {
        uint8_t header[10];
        uint32_t length = vn_web_header(header, 2, bytes);

        g_byte_array_append(client->output, header, length);
    }
    vn_client_raw(client, data, bytes);
}

static void send32(VnClient *client, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                              (uint8_t)value};

    vn_client_send(client, bytes, 4);
}

static void refuse(VnClient *client, const char *why)
{
    if (client->minor >= 8) {
        g_autoptr(GByteArray) reason = g_byte_array_new();

        vn_put32(reason, 1);
        vn_put32(reason, (uint32_t)strlen(why));
        g_byte_array_append(reason, (const uint8_t *)why, (guint)strlen(why));
        vn_client_send(client, reason->data, reason->len);
    } else {
        send32(client, 1);
    }
    client->closing = TRUE;
    vn_client_flush(client);
}

static gboolean needs_password(const VnClient *client)
{
    return client->server->auth;
}

static void send_challenge(VnClient *client)
{
    if (getrandom(client->challenge, sizeof(client->challenge), 0) != sizeof(client->challenge)) {
        vn_client_end(client);
        return;
    }
    client->phase = VN_CHALLENGE;
    vn_client_send(client, client->challenge, sizeof(client->challenge));
}

/* "RFB 003.008\n"; 3.3, 3.7 and 3.8 are all there is, others are taken for the nearest. */
static uint32_t take_version(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    if (bytes < 12) {
        return 0;
    }
    if (memcmp(data, "RFB 00", 6) != 0 || data[6] < '3' || data[7] != '.' || data[11] != '\n') {
        return UINT32_MAX;
    }
    uint32_t minor = 0;
    for (guint i = 8; i < 11; i++) {
        if (!g_ascii_isdigit(data[i])) {
            return UINT32_MAX;
        }
        minor = minor * 10 + (data[i] - '0');
    }
    client->minor = minor >= 8 || data[6] > '3' ? 8 : minor == 7 ? 7 : 3;
    uint8_t type = needs_password(client) ? SECURITY_VNC : SECURITY_NONE;
    if (client->minor == 3) {
        client->phase = VN_INIT;
        send32(client, type);
        if (type == SECURITY_VNC) {
            send_challenge(client);
        }
    } else {
        client->phase = VN_SECURITY;
        vn_client_send(client, (const uint8_t[]){1, type}, 2);
    }
    return 12;
}

static uint32_t take_security(VnClient *client, const uint8_t *data)
{
    gboolean password = needs_password(client);

    if (data[0] != (password ? SECURITY_VNC : SECURITY_NONE)) {
        return UINT32_MAX;
    }
    if (password) {
        send_challenge(client);
    } else {
        client->phase = VN_INIT;
        if (client->minor >= 8) {
            send32(client, 0);
        }
    }
    return 1;
}

/* 7.2.2: DES with the password as key, the bits of each of its bytes in the opposite order. */
static uint32_t take_response(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    struct des_ctx des;
    uint8_t key[8], expected[16], different = 0;

    if (bytes < 16) {
        return 0;
    }
    gboolean good = vn_server_password(client->server, key);
    for (guint i = 0; i < 8; i++) {
        uint8_t turned = 0;

        for (guint bit = 0; bit < 8; bit++) {
            turned |= (uint8_t)((key[i] >> bit & 1) << (7 - bit));
        }
        key[i] = turned;
    }
    (void)des_set_key(&des, key);
    des_encrypt(&des, sizeof(expected), expected, client->challenge);
    for (guint i = 0; i < 16; i++) {
        different |= (uint8_t)(expected[i] ^ data[i]);
    }
    if (!good || different != 0) {
        refuse(client, "authentication failed");
        return 16;
    }
    client->phase = VN_INIT;
    send32(client, 0);
    return 16;
}

static void send_init(VnClient *client)
{
    g_autoptr(GByteArray) init = g_byte_array_new();
    const VnServer *server = client->server;
    static const uint8_t format[] = {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0};
    static const char name[] = "qemu-host";

    client->width = server->width;
    client->height = server->height;
    vn_put16(init, client->width);
    vn_put16(init, client->height);
    g_byte_array_append(init, format, sizeof(format));
    vn_put32(init, sizeof(name) - 1);
    g_byte_array_append(init, (const uint8_t *)name, sizeof(name) - 1);
    vn_client_send(client, init->data, init->len);
}

static uint32_t take_init(VnClient *client, const uint8_t *data)
{
    VnServer *server = client->server;

    if (data[0] == 0 && server->share == VN_SHARE_FORCE) {
        return UINT32_MAX;
    }
    if (data[0] == 0 && server->share == VN_SHARE_EXCLUSIVE) {
        vn_server_drop_others(server, client);
    }
    drop_source(&client->deadline);
    client->phase = VN_NORMAL;
    client->initialized = TRUE;
    client->absolute = TRUE;
    send_init(client);
    vn_dirty_resize(&client->dirty, server->width, server->height);
    vn_dirty_all(&client->dirty);
    vn_server_emit(server, "VNC_INITIALIZED", client);
    vn_server_set_watch(server);
    return 1;
}

static uint32_t take(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    switch (client->phase) {
    case VN_VERSION:
        return take_version(client, data, bytes);
    case VN_SECURITY:
        return take_security(client, data);
    case VN_CHALLENGE:
        return take_response(client, data, bytes);
    case VN_INIT:
        return take_init(client, data);
    default:
        return vn_message(client, data, bytes);
    }
}

void vn_client_bytes(VnClient *client, const uint8_t *data, uint32_t bytes)
{
    uint32_t done = 0;

    g_byte_array_append(client->input, data, bytes);
    while (!client->dead && !client->closing && done < client->input->len) {
        uint32_t left = client->input->len - done, used;

        if (client->skip > 0) {
            used = (uint32_t)MIN(client->skip, left);
            client->skip -= used;
        } else {
            used = take(client, client->input->data + done, left);
        }
        if (used == UINT32_MAX || (used == 0 && left > VN_IN_BYTES)) {
            vn_client_end(client);
            return;
        }
        if (used == 0) {
            break;
        }
        done += used;
    }
    g_byte_array_remove_range(client->input, 0, done);
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    VnClient *client = data;
    uint8_t buffer[READ_BYTES];
    ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

    (void)condition;
    if (n > 0 && client->websocket) {
        vn_web_bytes(client, buffer, (uint32_t)n);
    } else if (n > 0) {
        vn_client_bytes(client, buffer, (uint32_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        vn_client_end(client);
    }
    return client->dead ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static gboolean on_deadline(gpointer data)
{
    vn_client_end(data);
    return G_SOURCE_REMOVE;
}

void vn_client_new(VnServer *server, int fd, gboolean websocket)
{
    VnClient *client = g_new0(VnClient, 1);

    client->server = server;
    client->fd = fd;
    client->websocket = websocket;
    client->wire = g_byte_array_new();
    client->input = g_byte_array_new();
    client->output = g_byte_array_new();
    client->family = vn_address_of(fd, TRUE, &client->host, &client->service);
    (void)vn_address_of(fd, FALSE, &client->own_host, &client->own_service);
    vn_format_default(&client->format);
    vn_dirty_resize(&client->dirty, 0, 0);
    g_mutex_lock(&server->lock);
    g_ptr_array_add(server->clients, client);
    g_mutex_unlock(&server->lock);
    client->in = g_unix_fd_source_new(fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(client->in, (GSourceFunc)(void (*)(void))on_readable, client, NULL);
    g_source_attach(client->in, server->context);
    client->deadline = g_timeout_source_new_seconds(HANDSHAKE_SECONDS);
    g_source_set_callback(client->deadline, on_deadline, client, NULL);
    g_source_attach(client->deadline, server->context);
    if (!websocket) {
        client->announced = TRUE;
        vn_server_emit(server, "VNC_CONNECTED", client);
        vn_client_send(client, "RFB 003.008\n", 12);
    }
}
