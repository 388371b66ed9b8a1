/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -global, defaults for all devices of a class; -set, one value of an option that was given. */
#include "core/cli/cli.h"

#include <string.h>

static gboolean usage(GError **error, const char *text)
{
    g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, text);
    return FALSE;
}

/* DRIVER.PROPERTY=VALUE with the value as it stands; a driver whose name has a dot needs the long
 * form. */
static QhGlobal *short_form(const char *value)
{
    const char *equals = strchr(value, '=');
    const char *dot = strchr(value, '.');

    if (equals == NULL || dot == NULL || dot > equals || dot == value || dot + 1 == equals) {
        return NULL;
    }
    g_autofree char *driver = g_strndup(value, (gsize)(dot - value));
    g_autofree char *property = g_strndup(dot + 1, (gsize)(equals - dot - 1));
    return qh_global_new(driver, property, equals + 1);
}

gboolean
qh_take_global(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"driver", "property", "value", NULL};
    QhGlobal *global = short_form(value);

    if (global == NULL) {
        g_autoptr(QhKeyval) items = qh_keyval_parse(value, NULL, error);
        const char *parts[3];

        if (items == NULL || !qh_keyval_only(items, keys, error)) {
            return FALSE;
        }
        for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
            parts[i] = qh_keyval_get(items, keys[i]);
            if (parts[i] == NULL) {
                g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "'%s' is missing", keys[i]);
                return FALSE;
            }
        }
        global = qh_global_new(parts[0], parts[1], parts[2]);
    }
    g_ptr_array_add(cli->globals, global);
    return TRUE;
}

/* Options that are kept as text: which key their first item may leave out. */
typedef struct TextGroup {
    const char *name, *implied;
    GPtrArray *list;
} TextGroup;

static void append_item(GString *text, const char *key, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    g_autofree char *doubled = g_strjoinv(",,", parts);

    g_string_append_printf(text, "%s%s%s%s", text->len > 0 ? "," : "", key != NULL ? key : "",
                           key != NULL ? "=" : "", doubled);
}

/* @text with @key as @value and nothing else under that key. */
static char *with_item(const char *text, const char *implied, const char *key, const char *value)
{
    g_autoptr(QhKeyval) items = qh_keyval_parse(text, implied, NULL);
    g_autoptr(GString) made = g_string_new(NULL);

    for (guint i = 0; items != NULL && i < qh_keyval_length(items); i++) {
        const char *name = qh_keyval_key(items, i);
        gboolean first = i == 0 && g_str_equal(name, implied);

        if (first || !g_str_equal(name, key)) {
            append_item(made, first ? NULL : name,
                        first && g_str_equal(name, key) ? value : qh_keyval_value(items, i));
        }
    }
    if (!g_str_equal(key, implied)) {
        append_item(made, key, value);
    }
    return g_string_free(g_steal_pointer(&made), FALSE);
}

static gboolean has_id(const QhJson *object, const char *id)
{
    const QhJson *member = qh_json_get(object, "id");

    return member != NULL && g_strcmp0(qh_json_string(member), id) == 0;
}

/* The option with @id among those that are JSON, or that may be. */
static gboolean
set_in_text(const TextGroup *group, const char *id, const char *key, const char *value)
{
    for (guint i = group->list->len; i-- > 0;) {
        char **text = (char **)&g_ptr_array_index(group->list, i);
        g_autoptr(QhJson) json = **text == '{' ? qh_json_parse(*text, -1, NULL, NULL) : NULL;

        if (json != NULL && has_id(json, id)) {
            qh_json_set(json, key, qh_json_new_string(value));
            g_free(*text);
            *text = qh_json_to_text(json);
            return TRUE;
        }
        g_autoptr(QhKeyval) items = qh_keyval_parse(*text, group->implied, NULL);
        if (items != NULL && g_strcmp0(qh_keyval_get(items, "id"), id) == 0) {
            char *changed = with_item(*text, group->implied, key, value);

            g_free(*text);
            *text = changed;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
set_in_json(const GPtrArray *list, const char *id, const char *key, const char *value)
{
    for (guint i = list->len; i-- > 0;) {
        QhJson *json = g_ptr_array_index(list, i);

        if (has_id(json, id)) {
            qh_json_set(json, key, qh_json_new_string(value));
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
set_item(QhCli *cli, const char *group, const char *id, const char *rest, GError **error)
{
    const TextGroup texts[] = {
        {"chardev", "backend",  cli->chardevs},
        {"netdev",  "type",     cli->netdevs },
        {"object",  "qom-type", cli->objects },
        {"mon",     "chardev",  cli->mons    },
    };
    const char *equals = strchr(rest, '=');
    g_autofree char *key = g_strndup(rest, (gsize)(equals - rest));
    gboolean known = TRUE, found = FALSE;

    if (g_str_equal(group, "device")) {
        found = set_in_json(cli->devices, id, key, equals + 1);
    } else if (g_str_equal(group, "drive")) {
        found = set_in_json(cli->drives, id, key, equals + 1);
    } else {
        known = FALSE;
        for (guint i = 0; i < G_N_ELEMENTS(texts) && !known; i++) {
            known = g_str_equal(group, texts[i].name);
            found = known && set_in_text(&texts[i], id, key, equals + 1);
        }
    }
    if (!known) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "there are no ids in group '%.64s'\nthose that have them: device, drive, "
                    "chardev, netdev, object, mon",
                    group);
    } else if (!found) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "there is no %s \"%.64s\" defined before this option", group, id);
    }
    return found;
}

/* GROUP.ID.KEY=VALUE */
gboolean
qh_take_set(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(value, ".", 3);
    const char *equals = g_strv_length(parts) == 3 ? strchr(parts[2], '=') : NULL;

    if (equals == NULL || equals == parts[2] || *parts[0] == '\0' || *parts[1] == '\0' ||
        strchr(parts[0], '=') != NULL || strchr(parts[1], '=') != NULL) {
        return usage(error, "it looks like GROUP.ID.KEY=VALUE");
    }
    return set_item(cli, parts[0], parts[1], parts[2], error);
}
