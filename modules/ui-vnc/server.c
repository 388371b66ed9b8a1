/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/ui-vnc/client.h"

#include <string.h>

#define REFRESH_MS   33u
#define FIRST_WIDTH  640u /* as long as there is no screen, or nothing on it */
#define FIRST_HEIGHT 480u

static const VnServices *services(const VnServer *server)
{
    return server->services;
}

static void kick(VnServer *server)
{
    g_source_set_ready_time(server->kick, 0);
}

/* --- What the view hears, on any thread, with the screen locked --- */

static void on_resized(void *opaque, uint32_t width, uint32_t height)
{
    VnServer *server = opaque;

    g_mutex_lock(&server->lock);
    server->resized = TRUE;
    vn_dirty_resize(&server->damage, width, height);
    g_mutex_unlock(&server->lock);
    kick(server);
}

static void on_damaged(void *opaque, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    VnServer *server = opaque;

    g_mutex_lock(&server->lock);
    vn_dirty_add(&server->damage, x, y, width, height);
    g_mutex_unlock(&server->lock);
    kick(server);
}

static void on_cursor(void *opaque, const QhScreenCursor *cursor)
{
    VnServer *server = opaque;

    (void)cursor;
    g_mutex_lock(&server->lock);
    server->cursor_changed = TRUE;
    g_mutex_unlock(&server->lock);
    kick(server);
}

static void on_leds(void *opaque, uint32_t leds)
{
    VnServer *server = opaque;

    g_mutex_lock(&server->lock);
    server->leds = leds;
    server->leds_changed = TRUE;
    g_mutex_unlock(&server->lock);
    kick(server);
}

static void on_gone(void *opaque)
{
    on_resized(opaque, 0, 0);
}

static const QhScreenViewOps view_ops = {
    .size = sizeof(QhScreenViewOps),
    .resized = on_resized,
    .damaged = on_damaged,
    .cursor = on_cursor,
    .leds = on_leds,
    .gone = on_gone,
};

/* --- The thread --- */

static char *info_of_client(const VnClient *client)
{
    /* addresses are numbers and paths; a path may hold anything */
    g_autofree char *host = g_strescape(client->host, NULL);
    g_autofree char *service = g_strescape(client->service, NULL);

    return g_strdup_printf(
        "{\"host\":\"%s\",\"service\":\"%s\",\"family\":\"%s\",\"websocket\":%s}", host, service,
        client->family, client->websocket ? "true" : "false");
}

void vn_server_emit(VnServer *server, const char *event, const VnClient *client)
{
    g_autofree char *peer = info_of_client(client);
    g_autofree char *host = g_strescape(client->own_host, NULL);
    g_autofree char *service = g_strescape(client->own_service, NULL);
    g_autofree char *json = g_strdup_printf(
        "{\"server\":{\"host\":\"%s\",\"service\":\"%s\",\"family\":\"%s\",\"websocket\":%s,"
        "\"auth\":\"%s\"},\"client\":%s}",
        host, service, client->family, client->websocket ? "true" : "false",
        server->auth ? "vnc" : "none", peer);

    (void)services(server)->event->emit(services(server)->host, event, json, NULL);
}

void vn_server_set_watch(VnServer *server)
{
    gboolean watched = FALSE;

    for (guint i = 0; i < server->clients->len; i++) {
        const VnClient *client = g_ptr_array_index(server->clients, i);

        watched = watched || (client->phase == VN_NORMAL && !client->dead);
    }
    if (server->view != NULL) {
        services(server)->screen->view_refresh(server->view, watched ? REFRESH_MS : 0);
    }
}

gboolean vn_server_password(VnServer *server, uint8_t *ret_key)
{
    memset(ret_key, 0, 8);
    g_mutex_lock(&server->lock);
    gboolean good = server->password != NULL && *server->password != '\0' &&
                    g_get_real_time() < server->expires_us;
    if (good) {
        memcpy(ret_key, server->password, MIN(strlen(server->password), 8));
    }
    g_mutex_unlock(&server->lock);
    return good;
}

void vn_server_drop_others(VnServer *server, const VnClient *client)
{
    for (guint i = 0; i < server->clients->len; i++) {
        VnClient *other = g_ptr_array_index(server->clients, i);

        if (other != client && other->phase == VN_NORMAL) {
            vn_client_end(other);
        }
    }
}

static void sweep(VnServer *server)
{
    gboolean any = FALSE;

    for (guint i = server->clients->len; i-- > 0;) {
        VnClient *client = g_ptr_array_index(server->clients, i);

        if (client->dead) {
            g_mutex_lock(&server->lock);
            g_ptr_array_remove_index(server->clients, i);
            g_mutex_unlock(&server->lock);
            if (client->announced) {
                vn_server_emit(server, "VNC_DISCONNECTED", client);
            }
            vn_client_free(client);
            any = TRUE;
        }
    }
    if (any) {
        vn_server_set_watch(server);
    }
}

/* Our copy gets the size of the screen; TRUE when it has another one now. */
static gboolean follow_size(VnServer *server, const QhScreenPixels *screen)
{
    uint32_t width = screen->width != 0 ? screen->width : server->width;
    uint32_t height = screen->height != 0 ? screen->height : server->height;

    if (width != server->width || height != server->height) {
        uint32_t *pixels = g_try_malloc0_n((gsize)width * height, sizeof(uint32_t));

        if (pixels != NULL) {
            g_free(server->pixels);
            server->pixels = pixels;
            server->width = width;
            server->height = height;
            return TRUE;
        }
    }
    if (screen->width == 0) { /* off: black */
        memset(server->pixels, 0, (gsize)server->width * server->height * sizeof(uint32_t));
    }
    return FALSE;
}

static void copy_damage(VnServer *server, const QhScreenPixels *screen, const VnDirty *damage)
{
    if (screen->width != server->width || screen->height != server->height) {
        return;
    }
    for (uint32_t row = 0; row < damage->rows; row++) {
        for (uint32_t column = 0; column < damage->columns; column++) {
            if (!damage->tiles[row * damage->columns + column]) {
                continue;
            }
            uint32_t x = column * VN_TILE, width = MIN(VN_TILE, server->width - x);
            for (uint32_t y = row * VN_TILE; y < MIN((row + 1) * VN_TILE, server->height); y++) {
                memcpy(server->pixels + (gsize)y * server->width + x,
                       (const uint8_t *)screen->pixels + (gsize)y * screen->stride + x * 4,
                       width * 4);
            }
        }
    }
}

/* What of the screen has changed since the last time. */
typedef struct Changes {
    gboolean resized, cursor, leds;
    VnDirty damage; /* its own */
} Changes;

/* The screen's lock is taken first, as the view's callbacks have it. */
static void look(VnServer *server, Changes *changes)
{
    const QhScreenService *screen = services(server)->screen;
    QhScreenPixels pixels = {0};

    if (server->view == NULL) {
        return;
    }
    screen->lock(server->view, &pixels);
    g_mutex_lock(&server->lock);
    changes->cursor = server->cursor_changed;
    changes->leds = server->leds_changed;
    if (server->resized) {
        changes->resized = follow_size(server, &pixels);
        vn_dirty_resize(&server->damage, server->width, server->height);
        vn_dirty_all(&server->damage);
    }
    server->resized = server->cursor_changed = server->leds_changed = FALSE;
    if (server->damage.any) {
        copy_damage(server, &pixels, &server->damage);
        changes->damage = server->damage;
        changes->damage.tiles =
            g_memdup2(server->damage.tiles, (gsize)server->damage.columns * server->damage.rows);
        vn_dirty_clear(&server->damage);
    }
    g_mutex_unlock(&server->lock);
    screen->unlock(server->view);
}

static void pass_on(VnClient *client, const Changes *changes)
{
    if (client->phase != VN_NORMAL || client->dead) {
        return;
    }
    if (changes->resized) {
        vn_update_resized(client);
    } else if (changes->damage.any) {
        vn_dirty_merge(&client->dirty, &changes->damage);
    }
    client->tell_cursor =
        client->tell_cursor || (changes->cursor && (client->has & (VN_HAS_CURSOR | VN_HAS_ALPHA)));
    client->tell_leds = client->tell_leds || (changes->leds && (client->has & VN_HAS_LEDS));
    vn_update(client);
}

static gboolean on_kick(gpointer data)
{
    VnServer *server = data;
    Changes changes = {0};

    g_source_set_ready_time(server->kick, -1);
    g_mutex_lock(&server->lock);
    gboolean closing = server->closing;
    g_mutex_unlock(&server->lock);
    if (closing) {
        g_main_loop_quit(server->loop);
        return G_SOURCE_CONTINUE;
    }
    look(server, &changes);
    for (guint i = 0; i < server->clients->len; i++) {
        pass_on(g_ptr_array_index(server->clients, i), &changes);
    }
    vn_dirty_free(&changes.damage);
    sweep(server);
    return G_SOURCE_CONTINUE;
}

static gpointer run(gpointer data)
{
    VnServer *server = data;

    g_main_loop_run(server->loop);
    for (guint i = 0; i < server->clients->len; i++) {
        vn_client_end(g_ptr_array_index(server->clients, i));
    }
    sweep(server);
    return NULL;
}

/* --- The main thread --- */

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    (void)source;
    return callback(data);
}

static GSourceFuncs const kick_funcs = {.dispatch = dispatch};

static void clear_server(VnServer *server)
{
    if (server->listeners != NULL) {
        g_ptr_array_unref(server->listeners);
    }
    services(server)->screen->view_free(server->view);
    if (server->kick != NULL) {
        g_source_destroy(server->kick);
        g_source_unref(server->kick);
    }
    if (server->loop != NULL) {
        g_main_loop_unref(server->loop);
        g_main_context_unref(server->context);
    }
    g_ptr_array_unref(server->clients);
    vn_dirty_free(&server->damage);
    g_free(server->pixels);
    g_free(server->password);
    g_free(server->token);
    g_free(server->display_id);
    g_free(server->id);
    g_mutex_clear(&server->lock);
}

static gboolean find_screen(VnServer *server, GError **error)
{
    const QhScreenService *screen = services(server)->screen;

    server->display = server->display_id != NULL
                          ? screen->find(server->machine, server->display_id, server->head)
                          : screen->screen(server->machine, 0);
    if (server->display == NULL && server->display_id != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "device '%.128s' has no screen %u",
                    server->display_id, server->head);
        return FALSE;
    }
    if (server->display != NULL) {
        server->view = screen->view_new(server->display, 0, &view_ops, server);
        on_resized(server, 0, 0); /* look at what is there */
    }
    return TRUE;
}

static gboolean open_server(void *ctx,
                            VnServer *server,
                            QhMachine *machine,
                            gboolean web,
                            const char *options,
                            GError **error)
{
    server->services = ctx;
    server->machine = machine;
    server->expires_us = G_MAXINT64;
    server->clients = g_ptr_array_new();
    server->listeners = g_ptr_array_new_with_free_func(vn_listener_free);
    server->width = FIRST_WIDTH;
    server->height = FIRST_HEIGHT;
    server->pixels = g_new0(uint32_t, (gsize)FIRST_WIDTH * FIRST_HEIGHT);
    g_mutex_init(&server->lock);
    vn_dirty_resize(&server->damage, server->width, server->height);
    server->context = g_main_context_new();
    server->loop = g_main_loop_new(server->context, FALSE);
    server->kick = g_source_new((GSourceFuncs *)&kick_funcs, sizeof(GSource));
    g_source_set_callback(server->kick, on_kick, server, NULL);
    g_source_attach(server->kick, server->context);
    if (!(web ? vn_options_web(server, options, error) : vn_options_vnc(server, options, error)) ||
        !find_screen(server, error)) {
        clear_server(server);
        return FALSE;
    }
    for (guint i = 0; i < server->listeners->len; i++) {
        vn_listener_start(g_ptr_array_index(server->listeners, i));
    }
    server->thread = g_thread_new(web ? "web" : "vnc", run, server);
    return TRUE;
}

static gboolean
open_vnc(void *ctx, void *state, QhMachine *machine, const char *options, GError **error)
{
    return open_server(ctx, state, machine, FALSE, options, error);
}

static gboolean
open_web(void *ctx, void *state, QhMachine *machine, const char *options, GError **error)
{
    VnServer *server = state;

    if (!open_server(ctx, server, machine, TRUE, options, error)) {
        return FALSE;
    }
    const VnListener *listener = g_ptr_array_index(server->listeners, 0);
    gboolean v6 = strchr(listener->host, ':') != NULL;
    g_autofree char *text =
        g_strdup_printf("the display is at http://%s%s%s:%s/?t=%s", v6 ? "[" : "", listener->host,
                        v6 ? "]" : "", listener->service, server->token);
    services(server)->log->warn(services(server)->host, text);
    return TRUE;
}

static void close_server(void *state)
{
    VnServer *server = state;

    g_mutex_lock(&server->lock);
    server->closing = TRUE;
    g_mutex_unlock(&server->lock);
    kick(server);
    g_thread_join(server->thread);
    clear_server(server);
}

static char *info(void *state)
{
    VnServer *server = state;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *id = g_strescape(server->id, NULL);

    g_mutex_lock(&server->lock);
    const char *auth = server->auth ? "vnc" : "none";
    g_string_append_printf(text, "{\"id\":\"%s\",\"auth\":\"%s\",\"server\":[", id, auth);
    for (guint i = 0; i < server->listeners->len; i++) {
        const VnListener *listener = g_ptr_array_index(server->listeners, i);
        g_autofree char *service = g_strescape(listener->service, NULL);

        g_string_append_printf(text,
                               "%s{\"host\":\"%s\",\"service\":\"%s\",\"family\":\"%s\","
                               "\"websocket\":%s,\"auth\":\"%s\"}",
                               i > 0 ? "," : "", listener->host, service,
                               listener->path != NULL                ? "unix"
                               : strchr(listener->host, ':') != NULL ? "ipv6"
                                                                     : "ipv4",
                               listener->websocket ? "true" : "false", auth);
    }
    g_string_append(text, "],\"clients\":[");
    gboolean first = TRUE;
    for (guint i = 0; i < server->clients->len; i++) {
        const VnClient *client = g_ptr_array_index(server->clients, i);

        if (client->announced) {
            g_autofree char *one = info_of_client(client);

            g_string_append_printf(text, "%s%s", first ? "" : ",", one);
            first = FALSE;
        }
    }
    g_mutex_unlock(&server->lock);
    g_string_append_c(text, ']');
    if (server->display_id != NULL) {
        g_autofree char *display = g_strescape(server->display_id, NULL);
        g_string_append_printf(text, ",\"display\":\"%s\"", display);
    }
    g_string_append_c(text, '}');
    return g_strdup(text->str);
}

static gboolean set_password(VnServer *server, const char *arguments, GError **error)
{
    char *password = services(server)->json->get(arguments, "password");

    if (!server->auth) {
        g_free(password);
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "the VNC server asks for no password: it was started without "
                            "password=on");
        return FALSE;
    }
    g_mutex_lock(&server->lock);
    g_free(server->password);
    server->password = password;
    g_mutex_unlock(&server->lock);
    return TRUE;
}

static gboolean expire_password(VnServer *server, const char *arguments, GError **error)
{
    g_autofree char *text = services(server)->json->get(arguments, "time");
    int64_t when = 0;

    if (!vn_options_expiry(text, &when, error)) {
        return FALSE;
    }
    g_mutex_lock(&server->lock);
    server->expires_us = when;
    g_mutex_unlock(&server->lock);
    return TRUE;
}

static gboolean listen_at(VnServer *server, const char *arguments, uint32_t i, GError **error)
{
    const QhJsonService *json = services(server)->json;
    const char *const members[] = {"type", "host", "port", "path"};
    char *values[4];
    guint64 port = 0;
    gboolean good;

    for (guint m = 0; m < G_N_ELEMENTS(members); m++) {
        g_autofree char *path = g_strdup_printf("addresses.%u.%s", i, members[m]);
        values[m] = json->get(arguments, path);
    }
    if (g_strcmp0(values[0], "unix") == 0) {
        good = vn_listen_unix(server, values[3], FALSE, error);
    } else if (g_strcmp0(values[0], "inet") == 0 &&
               g_ascii_string_to_unsigned(values[2], 10, 0, UINT16_MAX, &port, NULL)) {
        good = vn_listen_tcp(server, values[1], (uint32_t)port, (uint32_t)port, FALSE, error);
    } else {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "VNC listens at addresses of type inet, with a number as port, or "
                            "unix");
        good = FALSE;
    }
    for (guint m = 0; m < G_N_ELEMENTS(members); m++) {
        g_free(values[m]);
    }
    return good;
}

/* On the thread, which may be using them; or never, when the server is closed first. */
static gboolean drop_listeners(gpointer data)
{
    g_ptr_array_unref(data);
    return G_SOURCE_REMOVE;
}

/* New sockets first: when one cannot be had, the old ones stay. */
static gboolean update_addresses(VnServer *server, const char *arguments, GError **error)
{
    uint32_t n = services(server)->json->length(arguments, "addresses");
    GPtrArray *old = server->listeners;
    gboolean good = n <= VN_MAX_LISTEN;

    if (!good) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "more than %u addresses", VN_MAX_LISTEN);
        return FALSE;
    }
    g_mutex_lock(&server->lock);
    server->listeners = g_ptr_array_new_with_free_func(vn_listener_free);
    for (uint32_t i = 0; i < n && good; i++) {
        good = listen_at(server, arguments, i, error);
    }
    if (!good) {
        g_ptr_array_unref(server->listeners);
        server->listeners = old;
    }
    for (guint i = 0; i < server->listeners->len && good; i++) {
        vn_listener_start(g_ptr_array_index(server->listeners, i));
    }
    g_mutex_unlock(&server->lock);
    if (good) {
        GSource *last = g_idle_source_new();

        g_source_set_callback(last, drop_listeners, old, NULL);
        g_source_attach(last, server->context);
        g_source_unref(last);
    }
    return good;
}

static gboolean command(void *state, const char *name, const char *arguments, GError **error)
{
    if (strcmp(name, "set_password") == 0) {
        return set_password(state, arguments, error);
    }
    if (strcmp(name, "expire_password") == 0) {
        return expire_password(state, arguments, error);
    }
    if (strcmp(name, "display-update") == 0) {
        return update_addresses(state, arguments, error);
    }
    g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "a VNC display has no command '%s'", name);
    return FALSE;
}

const QhScreenClientOps vn_vnc_ops = {
    .size = sizeof(QhScreenClientOps),
    .state_size = sizeof(VnServer),
    .description = "RFB server for VNC viewers",
    .open = open_vnc,
    .close = close_server,
    .info = info,
    .command = command,
};
const QhScreenClientOps vn_web_ops = {
    .size = sizeof(QhScreenClientOps),
    .state_size = sizeof(VnServer),
    .description = "page for a browser",
    .open = open_web,
    .close = close_server,
    .info = info,
};
