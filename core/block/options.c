/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two spellings of nested options: {"file": {"driver": "file"}} and file.driver=file. */
#include "core/block/block-priv.h"
#include <string.h>

static gboolean nest_into(QhJson *to, const QhJson *from, GError **error);

static QhJson *nest_value(const QhJson *value, GError **error)
{
    if (qh_json_type(value) != QH_JSON_OBJECT) {
        return qh_json_ref((QhJson *)value);
    }
    g_autoptr(QhJson) object = qh_json_new_object();
    return nest_into(object, value, error) ? g_steal_pointer(&object) : NULL;
}

static gboolean clash(const char *key, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                "'%s' stands there twice, or is both a value and "
                "a group of options",
                key);
    return FALSE;
}

/* to[key] = value, where key may have dots. */
static gboolean put(QhJson *to, const char *key, const QhJson *value, GError **error)
{
    const char *dot = strchr(key, '.');

    if (dot == NULL) {
        const QhJson *there = qh_json_get(to, key);
        g_autoptr(QhJson) nested = nest_value(value, error);

        if (nested == NULL) {
            return FALSE;
        }
        if (there == NULL) {
            qh_json_set(to, key, g_steal_pointer(&nested));
            return TRUE;
        }
        if (qh_json_type(there) != QH_JSON_OBJECT || qh_json_type(nested) != QH_JSON_OBJECT) {
            return clash(key, error);
        }
        return nest_into((QhJson *)there, nested, error);
    }
    g_autofree char *head = g_strndup(key, (gsize)(dot - key));
    const QhJson *group = qh_json_get(to, head);
    if (group == NULL) {
        qh_json_set(to, head, qh_json_new_object());
        group = qh_json_get(to, head);
    }
    if (qh_json_type(group) != QH_JSON_OBJECT) {
        return clash(head, error);
    }
    return put((QhJson *)group, dot + 1, value, error);
}

static gboolean nest_into(QhJson *to, const QhJson *from, GError **error)
{
    for (size_t i = 0; i < qh_json_length(from); i++) {
        if (!put(to, qh_json_key(from, i), qh_json_value(from, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

QhJson *qh_block_options_nest(const QhJson *options, GError **error)
{
    g_autoptr(QhJson) object = qh_json_new_object();

    if (qh_json_type(options) != QH_JSON_OBJECT) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "the options are no JSON object");
        return NULL;
    }
    return nest_into(object, options, error) ? g_steal_pointer(&object) : NULL;
}

char *qh_block_option_text(const QhJson *value)
{
    switch (qh_json_type(value)) {
    case QH_JSON_BOOL:
        return g_strdup(qh_json_bool(value) ? "on" : "off");
    case QH_JSON_STRING:
        return g_strdup(qh_json_string(value));
    case QH_JSON_INT:
    case QH_JSON_UINT:
    case QH_JSON_DOUBLE:
        return qh_json_to_text(value);
    default:
        return NULL;
    }
}
