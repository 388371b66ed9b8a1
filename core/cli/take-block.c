/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -blockdev and -drive, as objects of what was said. */
#include "core/block/device.h"
#include "core/cli/cli.h"

#include <string.h>

#define DOTS_MAX 64 /* groups within groups */

static QhJson *object_of(const char *text, const char *implied_key, GError **error)
{
    g_autoptr(QhJson) object = NULL;

    if (*text == '{') {
        object = qh_json_parse(text, -1, NULL, error);
        if (object != NULL && qh_json_type(object) != QH_JSON_OBJECT) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "this is no JSON object");
            return NULL;
        }
        return g_steal_pointer(&object);
    }
    g_autoptr(QhKeyval) items = qh_keyval_parse(text, implied_key, error);
    object = qh_json_new_object();
    for (guint i = 0; items != NULL && i < qh_keyval_length(items); i++) {
        const char *key = qh_keyval_key(items, i);
        guint dots = 0;

        for (const char *at = key; *at != '\0'; at++) {
            dots += *at == '.';
        }
        if (dots > DOTS_MAX) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "a key has too many groups");
            return NULL;
        }
        qh_json_set(object, key, qh_json_new_string(qh_keyval_value(items, i)));
    }
    return items != NULL ? g_steal_pointer(&object) : NULL;
}

gboolean qh_take_blockdev(QhCli *cli,
                          G_GNUC_UNUSED const QhOption *option,
                          const char *value,
                          GError **error)
{
    QhJson *object = object_of(value, "driver", error);

    if (object != NULL) {
        g_ptr_array_add(cli->blockdevs, object);
    }
    return object != NULL;
}

gboolean
qh_take_drive(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    QhJson *object = object_of(value, NULL, error);

    if (object != NULL) {
        g_ptr_array_add(cli->drives, object);
    }
    return object != NULL;
}

gboolean qh_cli_apply_blocks(const QhCli *cli, QhHost *host, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);

    for (guint i = 0; i < cli->blockdevs->len; i++) {
        const QhJson *options = g_ptr_array_index(cli->blockdevs, i);
        QhBlockNode *node = qh_block_add(graph, options, QH_BLOCK_ADD_MONITOR, error);

        if (node == NULL) {
            g_autofree char *text = qh_json_to_text(options);

            g_prefix_error(error, "-blockdev %s: ", text);
            return FALSE;
        }
        qh_block_node_unref(node);
    }
    for (guint i = 0; i < cli->drives->len; i++) {
        const QhJson *options = g_ptr_array_index(cli->drives, i);

        if (!qh_block_drive_add(graph, options, error)) {
            g_autofree char *text = qh_json_to_text(options);

            g_prefix_error(error, "-drive %s: ", text);
            return FALSE;
        }
    }
    return TRUE;
}
