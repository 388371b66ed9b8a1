/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -netdev, -nic and -net. */
#include "core/cli/cli.h"
#include "core/net/net.h"
#include "core/qmp/offers.h"

#include <string.h>

gboolean qh_take_nic(QhCli *cli,
                     G_GNUC_UNUSED const QhOption *option,
                     const char *value,
                     G_GNUC_UNUSED GError **error)
{
    if (!g_str_equal(value, "none")) { /* no machine makes one by itself */
        g_ptr_array_add(cli->nics, g_strdup(value));
    }
    return TRUE;
}

gboolean qh_take_net(G_GNUC_UNUSED QhCli *cli,
                     G_GNUC_UNUSED const QhOption *option,
                     const char *value,
                     GError **error)
{
    if (!g_str_equal(value, "none")) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "only 'none' is supported\n-nic does the same, and -netdev with "
                            "-device more");
        return FALSE;
    }
    return TRUE;
}

/* Append "key=value" with the commas in @value doubled. */
static void append_item(GString *text, const char *key, const char *value)
{
    g_string_append_printf(text, "%s%s=", text->len > 0 ? "," : "", key);
    for (const char *c = value; *c != '\0'; c++) {
        g_string_append(text, *c == ',' ? ",," : (const char[]){*c, '\0'});
    }
}

/* What of -nic is the device's goes into @device, the rest is the back end's. */
static char *split_nic(const char *value, QhJson *device, GError **error)
{
    static const char *const mine[][2] = {
        {"model",   "driver" },
        {"mac",     "mac"    },
        {"macaddr", "mac"    },
        {"addr",    "addr"   },
        {"vectors", "vectors"},
    };
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "type", error);
    g_autoptr(GString) rest = g_string_new(NULL);

    for (guint i = 0; items != NULL && i < qh_keyval_length(items); i++) {
        const char *key = qh_keyval_key(items, i), *member = NULL;

        for (guint m = 0; m < G_N_ELEMENTS(mine); m++) {
            member = g_str_equal(mine[m][0], key) ? mine[m][1] : member;
        }
        if (member != NULL) {
            qh_json_set(device, member, qh_json_new_string(qh_keyval_value(items, i)));
        } else {
            append_item(rest, key, qh_keyval_value(items, i));
        }
    }
    return items != NULL ? g_strdup(rest->str) : NULL;
}

/* What the machine's module says of it. */
typedef struct Search {
    const char *target, *machine, *key;
    char *text;
} Search;

static void search_machine(G_GNUC_UNUSED const char *module,
                           const QhJson *entry,
                           G_GNUC_UNUSED gboolean installed,
                           void *data)
{
    Search *search = data;
    g_autofree char *name = qh_offer_text(entry, "name");

    if (g_strcmp0(name, search->machine) == 0 && search->target != NULL &&
        qh_offer_has_target(entry, search->target) && search->text == NULL) {
        search->text = qh_offer_text(entry, search->key);
    }
}

char *qh_cli_machine_text(QhHost *host, const char *target, const char *machine, const char *key)
{
    Search search = {.target = target, .machine = machine, .key = key};

    qh_registry_foreach_offer(qh_host_registry(host), "machine", search_machine, &search);
    return search.text;
}

/* Models have short names on some boards: rows "virtio=DEVICE" of @names, commas between them. */
static void spell_model(QhJson *device, const char *names)
{
    g_auto(GStrv) rows = g_strsplit(names != NULL ? names : "", ",", -1);
    const char *model = qh_json_string(qh_json_get(device, "driver"));

    for (guint i = 0; rows[i] != NULL; i++) {
        char *equals = strchr(rows[i], '=');

        if (equals != NULL) {
            *equals = '\0';
            if (g_str_equal(rows[i], model)) {
                qh_json_set(device, "driver", qh_json_new_string(equals + 1));
                return;
            }
        }
    }
}

static gboolean apply_nic(QhCli *cli,
                          QhHost *host,
                          const char *value,
                          const char *default_model,
                          const char *names,
                          GError **error)
{
    g_autoptr(QhJson) device = qh_json_new_object();
    g_autofree char *rest = split_nic(value, device, error);
    g_autofree char *id = NULL;

    if (rest == NULL || !qh_nets_add_option(qh_host_nets(host), rest, TRUE, &id, error)) {
        return FALSE;
    }
    if (qh_json_get(device, "driver") == NULL) {
        if (default_model == NULL) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                                "the machine has no network device of its own: 'model' is missing");
            return FALSE;
        }
        qh_json_set(device, "driver", qh_json_new_string(default_model));
    }
    spell_model(device, names);
    qh_json_set(device, "netdev", qh_json_new_string(id));
    g_ptr_array_add(cli->devices, g_steal_pointer(&device));
    return TRUE;
}

gboolean
qh_cli_apply_nets(QhCli *cli, QhHost *host, const char *target, const char *machine, GError **error)
{
    g_autofree char *default_model = qh_cli_machine_text(host, target, machine, "default-nic");
    g_autofree char *names = qh_cli_machine_text(host, target, machine, "nics");

    for (guint i = 0; i < cli->netdevs->len; i++) {
        const char *text = g_ptr_array_index(cli->netdevs, i);

        if (!qh_nets_add_option(qh_host_nets(host), text, FALSE, NULL, error)) {
            g_prefix_error(error, "-netdev %s: ", text);
            return FALSE;
        }
    }
    for (guint i = 0; i < cli->nics->len; i++) {
        const char *text = g_ptr_array_index(cli->nics, i);

        if (!apply_nic(cli, host, text, default_model, names, error)) {
            g_prefix_error(error, "-nic %s: ", text);
            return FALSE;
        }
    }
    return TRUE;
}
