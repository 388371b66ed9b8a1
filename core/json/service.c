/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Service "qh.json". */
#include "abi/services.h"
#include "core/json/json.h"

static const QhJson *step(const QhJson *at, const char *key)
{
    char *end = NULL;

    if (qh_json_type(at) == QH_JSON_OBJECT) {
        return qh_json_get(at, key);
    }
    uint64_t i = g_ascii_strtoull(key, &end, 10);
    return qh_json_type(at) == QH_JSON_ARRAY && end != key && *end == '\0' && i < qh_json_length(at)
               ? qh_json_at(at, i)
               : NULL;
}

/* NULL: there is nothing at @path. */
static const QhJson *find(const QhJson *root, const char *path)
{
    g_auto(GStrv) keys = g_strsplit(path, ".", -1);
    const QhJson *at = root;

    for (guint i = 0; at != NULL && keys[i] != NULL; i++) {
        at = step(at, keys[i]);
    }
    return at;
}

static char *get(const char *json, const char *path)
{
    g_autoptr(QhJson) root = qh_json_parse(json, -1, NULL, NULL);
    const QhJson *at = root != NULL ? find(root, path) : NULL;

    if (at == NULL) {
        return NULL;
    }
    return qh_json_type(at) == QH_JSON_STRING ? g_strdup(qh_json_string(at)) : qh_json_to_text(at);
}

static uint32_t length(const char *json, const char *path)
{
    g_autoptr(QhJson) root = qh_json_parse(json, -1, NULL, NULL);
    const QhJson *at = root != NULL ? find(root, path) : NULL;
    gboolean counts =
        at != NULL && (qh_json_type(at) == QH_JSON_OBJECT || qh_json_type(at) == QH_JSON_ARRAY);

    return counts ? (uint32_t)qh_json_length(at) : 0;
}

extern const QhJsonService qh_json_service;
const QhJsonService qh_json_service = {
    .size = sizeof(QhJsonService),
    .get = get,
    .length = length,
};
