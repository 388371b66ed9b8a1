/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --list-modules: what query-modules answers, for people and for package managers. Nothing but
 * notes is read, so it costs some milliseconds and no code of a module runs.
 */
#include "core/cli/cli.h"
#include "core/module/registry.h"

static const char *text_of(const QhJson *module, const char *key)
{
    const QhJson *value = qh_json_get(module, key);

    return value != NULL && qh_json_type(value) == QH_JSON_STRING ? qh_json_string(value) : "";
}

static void put_all(GString *out, const QhJson *module)
{
    const char *state = text_of(module, "state");

    g_string_append_printf(out, "%-16s %-10s %-26s ", text_of(module, "name"), state,
                           text_of(module, "package"));
    if (g_str_equal(state, "refused")) {
        g_string_append_printf(out, "%s: ", text_of(module, "path"));
        g_string_append(out, text_of(module, "message"));
    } else {
        g_string_append(out, text_of(module, "description"));
    }
    g_string_append_c(out, '\n');
}

static void put_refused(GString *out, const QhJson *module)
{
    if (g_str_equal(text_of(module, "state"), "refused")) {
        g_string_append_printf(out, "%s: refused: %s\n", text_of(module, "path"),
                               text_of(module, "message"));
    }
}

char *qh_list_modules(QhRegistry *registry, const char *which)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();
    g_autoptr(GString) out = g_string_new(NULL);

    qh_registry_describe_modules(registry, writer);
    g_autofree char *json = qh_json_writer_steal(writer, NULL);
    if (g_str_equal(which, "json")) {
        return g_strconcat(json, "\n", NULL);
    }
    g_autoptr(QhJson) modules = qh_json_parse(json, -1, NULL, NULL);
    g_assert(modules != NULL); /* written just now */
    for (size_t i = 0; i < qh_json_length(modules); i++) {
        if (g_str_equal(which, "refused")) {
            put_refused(out, qh_json_at(modules, i));
        } else {
            put_all(out, qh_json_at(modules, i));
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
