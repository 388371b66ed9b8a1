/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/qmp/offers.h"
#include <string.h>

char *qh_offer_text(const QhJson *entry, const char *key)
{
    const QhJson *value = qh_json_get(entry, key);

    return value != NULL ? g_strdup(qh_json_string(value)) : NULL;
}

gboolean qh_offer_int(const QhJson *entry, const char *key, int64_t *ret)
{
    const QhJson *value = qh_json_get(entry, key);

    return value != NULL && qh_json_int(value, ret);
}

gboolean qh_offer_bool(const QhJson *entry, const char *key)
{
    const QhJson *value = qh_json_get(entry, key);

    return value != NULL && qh_json_bool(value);
}

typedef struct Search {
    const char *name;
    gboolean found;
} Search;

static void look(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Search *search = data;
    const QhJson *name = qh_json_get(entry, "name");

    (void)module;
    (void)installed;
    if (name != NULL && g_strcmp0(qh_json_string(name), search->name) == 0) {
        search->found = TRUE;
    }
}

gboolean qh_target_choose(QhRegistry *registry, const char *asked, const char **ret, GError **error)
{
    Search search = {asked, FALSE};

    *ret = asked != NULL ? asked : qh_registry_target(registry);
    if (asked == NULL) {
        return TRUE;
    }
    qh_registry_foreach_offer(registry, "target", look, &search);
    if (!search.found) {
        g_autofree char *near = qh_registry_suggest(registry, "target", NULL, asked);
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no target '%.64s'%s%s%s", asked,
                    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                    near != NULL ? "'?" : "");
    }
    return search.found;
}

typedef struct Lookup {
    const char *target, *key;
    char *text;
} Lookup;

static void take_text(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Lookup *lookup = data;
    const QhJson *name = qh_json_get(entry, "name");

    (void)module;
    (void)installed;
    if (lookup->text == NULL && name != NULL &&
        g_strcmp0(qh_json_string(name), lookup->target) == 0) {
        lookup->text = qh_offer_text(entry, lookup->key);
    }
}

char *qh_target_text(QhRegistry *registry, const char *target, const char *key)
{
    Lookup lookup = {target, key, NULL};

    if (target != NULL) {
        qh_registry_foreach_offer(registry, "target", take_text, &lookup);
    }
    return lookup.text;
}

const char *qh_offer_only_target(const QhJson *entry)
{
    const QhJson *targets = qh_json_get(entry, "targets");

    if (targets == NULL || qh_json_type(targets) != QH_JSON_ARRAY || qh_json_length(targets) != 1) {
        return NULL;
    }
    return qh_json_string(qh_json_at(targets, 0));
}

/* Clients take these apart nowhere; they only compare. */
char *qh_cpu_type_name(const char *model, const char *target)
{
    return g_strdup_printf("%s-%s-cpu", model, target != NULL ? target : "any");
}
