/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/display/clients.h"
#include "core/display/display-priv.h"
#include "core/module/registry.h"

struct QhScreenClient {
    QhSlotRef slot;
    const QhScreenClientOps *ops;
    char *kind, *id;
    void *state;
};

static void client_free(QhScreenClient *client)
{
    qh_slot_release(&client->slot);
    g_free(client->state);
    g_free(client->kind);
    g_free(client->id);
    g_free(client);
}

static gboolean
open_client(QhDisplays *displays, QhScreenClient *client, const QhJson *options, GError **error)
{
    QhMachine *machine = qh_host_machine(displays->host);
    g_autofree char *text = qh_json_to_text(options);

    if (machine == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "there is no machine to show");
        return FALSE;
    }
    if (!qh_registry_acquire(qh_host_registry(displays->host), "display", client->kind,
                             &client->slot, error)) {
        return FALSE;
    }
    client->ops = client->slot.ops;
    client->state = g_malloc0(MAX(client->ops->state_size, 1));
    if (!client->ops->open(client->slot.ctx, client->state, machine, text, error)) {
        qh_slot_release(&client->slot);
        return FALSE;
    }
    return TRUE;
}

gboolean
qh_displays_open(QhDisplays *displays, const char *kind, const QhJson *options, GError **error)
{
    const QhJson *member = qh_json_get(options, "id");
    const char *id = member != NULL ? qh_json_string(member) : NULL;

    id = id != NULL ? id : "default";
    if (qh_displays_find_client(displays, kind, id) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "there is a %s display '%s' already", kind,
                    id);
        return FALSE;
    }
    QhScreenClient *client = g_new0(QhScreenClient, 1);
    client->kind = g_strdup(kind);
    client->id = g_strdup(id);
    if (open_client(displays, client, options, error)) {
        g_ptr_array_add(displays->clients, client);
        return TRUE;
    }
    g_free(client->state);
    g_free(client->kind);
    g_free(client->id);
    g_free(client);
    return FALSE;
}

void qh_displays_close(QhDisplays *displays)
{
    while (displays->clients->len > 0) {
        QhScreenClient *client =
            g_ptr_array_steal_index(displays->clients, displays->clients->len - 1);

        client->ops->close(client->state);
        client_free(client);
    }
}

QhScreenClient *qh_displays_client(QhDisplays *displays, const char *kind, guint n)
{
    for (guint i = 0; i < displays->clients->len; i++) {
        QhScreenClient *client = g_ptr_array_index(displays->clients, i);

        if (g_str_equal(client->kind, kind) && n-- == 0) {
            return client;
        }
    }
    return NULL;
}

QhScreenClient *qh_displays_find_client(QhDisplays *displays, const char *kind, const char *id)
{
    for (guint i = 0; i < displays->clients->len; i++) {
        QhScreenClient *client = g_ptr_array_index(displays->clients, i);

        if (g_str_equal(client->kind, kind) && g_str_equal(client->id, id)) {
            return client;
        }
    }
    return NULL;
}

QhJson *qh_screen_client_info(QhScreenClient *client)
{
    g_autofree char *text = client->ops->info != NULL ? client->ops->info(client->state) : NULL;

    return text != NULL ? qh_json_parse(text, -1, NULL, NULL) : NULL;
}

gboolean qh_screen_client_command(QhScreenClient *client,
                                  const char *name,
                                  const QhJson *arguments,
                                  GError **error)
{
    g_autofree char *text = qh_json_to_text(arguments);

    if (client->ops->command == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "a %s display has no command '%s'",
                    client->kind, name);
        return FALSE;
    }
    return client->ops->command(client->state, name, text, error);
}

void qh_displays_set_options(QhDisplays *displays, const QhJson *options)
{
    qh_json_unref(displays->options);
    displays->options = options != NULL ? qh_json_ref((QhJson *)options) : NULL;
}

const QhJson *qh_displays_options(QhDisplays *displays)
{
    return displays->options;
}
