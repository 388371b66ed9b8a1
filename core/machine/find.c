/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which board the user means by -M, judged from what the module files say of themselves. */
#include "abi/target.h"
#include "core/machine/machine-priv.h"

#include <string.h>

/* The boards of one name, over all targets. */
typedef struct Search {
    const char *name;
    const char *target; /* NULL: any */
    gboolean installed; /* only what is installed */
    GPtrArray *found;   /* targets; owned strings */
} Search;

static gboolean has_string(const GPtrArray *strings, const char *text)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *)strings, text, g_str_equal, NULL);
}

static void collect(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Search *search = data;
    const QhJson *name = qh_json_get(entry, "name");
    const QhJson *targets = qh_json_get(entry, "targets");

    (void)module;
    if ((search->installed && !installed) || name == NULL ||
        g_strcmp0(qh_json_string(name), search->name) != 0 || targets == NULL ||
        qh_json_type(targets) != QH_JSON_ARRAY) {
        return;
    }
    for (size_t i = 0; i < qh_json_length(targets); i++) {
        const char *target = qh_json_string(qh_json_at(targets, i));

        if (target != NULL && (search->target == NULL || g_str_equal(search->target, target)) &&
            !has_string(search->found, target)) {
            g_ptr_array_add(search->found, g_strdup(target));
        }
    }
}

static void set_unknown_error(QhRegistry *registry, const Search *search, GError **error)
{
    g_autofree char *near = qh_registry_suggest(registry, "machine", search->target, search->name);

    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no machine '%s'%s%s%s%s%s%s",
                search->name, search->target != NULL ? " for target '" : "",
                search->target != NULL ? search->target : "", search->target != NULL ? "'" : "",
                near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                near != NULL ? "'?" : "");
}

static void set_ambiguous_error(const Search *search, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (guint i = 0; i < search->found->len; i++) {
        g_string_append_printf(list, "%s%s:%s", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(search->found, i), search->name);
    }
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                "machine '%s' exists for several targets: choose one with --load-target, or one of "
                "%s",
                search->name, list->str);
}

/* The default machine of @target. */
static char *default_machine(QhRegistry *registry, const char *target, GError **error)
{
    QhSlotRef slot;

    if (!qh_registry_acquire(registry, "target", target, &slot, error)) {
        return NULL;
    }
    const QhTargetOps *ops = slot.ops;
    char *name = g_strdup(ops->default_machine);
    qh_slot_release(&slot);
    if (name == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "target '%s' has no default machine: choose one with -M", target);
    }
    return name;
}

static gboolean resolve(
    QhRegistry *registry, const char *target, const char *name, char **ret_target, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    Search search = {.name = name, .target = target, .found = found};

    search.installed = TRUE;
    qh_registry_foreach_offer(registry, "machine", collect, &search);
    if (found->len == 0) { /* then acquiring it says which package has it */
        search.installed = FALSE;
        qh_registry_foreach_offer(registry, "machine", collect, &search);
    }
    if (found->len == 0) {
        set_unknown_error(registry, &search, error);
        return FALSE;
    }
    if (found->len > 1) {
        set_ambiguous_error(&search, error);
        return FALSE;
    }
    *ret_target = g_strdup(g_ptr_array_index(found, 0));
    return TRUE;
}

gboolean qh_machine_find_board(QhHost *host,
                               const QhMachineOptions *options,
                               char **ret_target,
                               char **ret_name,
                               GError **error)
{
    QhRegistry *registry = qh_host_registry(host);
    const char *selected = qh_registry_target(registry);
    const char *target = options->target != NULL ? options->target : selected;
    const char *type = options->type;
    const char *colon = type != NULL ? strchr(type, ':') : NULL;
    g_autofree char *prefix = colon != NULL ? g_strndup(type, (gsize)(colon - type)) : NULL;
    g_autofree char *name = NULL;

    *ret_target = NULL;
    *ret_name = NULL;
    if (g_strcmp0(type, "none") == 0 || (type == NULL && target == NULL)) {
        return TRUE;
    }
    if (type == NULL) {
        name = default_machine(registry, target, error);
        if (name == NULL) {
            return FALSE;
        }
    } else {
        name = g_strdup(colon != NULL ? colon + 1 : type);
        target = prefix != NULL ? prefix : target;
    }
    if (!resolve(registry, target, name, ret_target, error)) {
        return FALSE;
    }
    *ret_name = g_steal_pointer(&name);
    return TRUE;
}
