/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cli/keyval-json.h"

#include "core/cli/keyval.h"

#include <errno.h>
#include <string.h>

static gboolean wrong(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean wrong(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, text);
    return FALSE;
}

/* The type of member @name of @type: of the branch that @object's tag names, too. */
static const QhQapiType *find_member(const QhQapiType *type, const QhJson *object, const char *name)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (g_str_equal(type->members[i].name, name)) {
            return type->members[i].type;
        }
    }
    if (type->n_branches != 0) {
        const QhQapiMember *tag = &type->members[type->tag];
        const QhJson *value = qh_json_get(object, tag->name);
        uint32_t branch;

        if (value != NULL && qh_json_string(value) != NULL &&
            qh_qapi_enum_find(tag->type, qh_json_string(value), &branch) &&
            branch < type->n_branches && type->branches[branch] != NULL) {
            return find_member(type->branches[branch], object, name);
        }
    }
    return NULL;
}

static QhJson *scalar(const QhQapiType *type, const char *text, GError **error)
{
    gboolean flag = FALSE;
    char *end = NULL;

    switch (type->kind) {
    case QH_QAPI_BOOL:
        return qh_text_bool(text, &flag, error) ? qh_json_new_bool(flag) : NULL;
    case QH_QAPI_INT: {
        uint64_t number = 0;
        gboolean minus = *text == '-' && type->is_signed;

        if (!qh_text_size(text + minus, 1, &number, error)) {
            return NULL;
        }
        return minus ? qh_json_new_int(-(int64_t)MIN(number, INT64_MAX)) : qh_json_new_uint(number);
    }
    case QH_QAPI_NUMBER: {
        double number = g_ascii_strtod(text, &end);

        if (end == text || *end != '\0') {
            wrong(error, "is no number");
            return NULL;
        }
        return qh_json_new_double(number);
    }
    case QH_QAPI_STR:
    case QH_QAPI_ENUM:
    case QH_QAPI_ANY:
        return qh_json_new_string(text);
    case QH_QAPI_ALTERNATE:
        for (uint32_t i = 0; i < type->n_branches; i++) {
            QhQapiKind kind = type->branches[i]->kind;
            g_autoptr(GError) ignored = NULL;
            QhJson *value = kind == QH_QAPI_OBJECT || kind == QH_QAPI_LIST
                                ? NULL
                                : scalar(type->branches[i], text, &ignored);

            if (value != NULL && qh_qapi_check(type->branches[i], value, NULL)) {
                return value;
            }
            qh_json_unref(value);
        }
        wrong(error, "is none of the values it may have");
        return NULL;
    default:
        wrong(error, "has members of its own, to be set one by one with a dot");
        return NULL;
    }
}

/* What a list's element is when it is given as one text. */
static QhJson *element(const QhQapiType *type, const char *text, GError **error)
{
    if (type->kind == QH_QAPI_OBJECT && type->n_members == 1 &&
        g_str_equal(type->members[0].name, "str")) {
        QhJson *value = qh_json_new_object();

        qh_json_set(value, "str", qh_json_new_string(text));
        return value;
    }
    return scalar(type, text, error);
}

static gboolean
set(const QhQapiType *type, QhJson *object, const char *key, const char *text, GError **error);

/* "PLACE" or "PLACE.REST" within a list. */
static gboolean
set_in_list(const QhQapiType *type, QhJson *list, const char *key, const char *text, GError **error)
{
    const char *rest = NULL;
    uint64_t place = g_ascii_strtoull(key, (char **)&rest, 10);
    size_t n = qh_json_length(list);

    if (rest == key || (*rest != '\0' && *rest != '.') || place > n || place >= 4096) {
        return wrong(error, "positions in a list are counted from 0 without gaps");
    }
    if (*rest == '\0') {
        QhJson *value = place == n ? element(type->element, text, error) : NULL;

        if (value == NULL) {
            return place == n ? FALSE : wrong(error, "is there twice");
        }
        qh_json_append(list, value);
        return TRUE;
    }
    if (type->element->kind != QH_QAPI_OBJECT) {
        return wrong(error, "has no members");
    }
    if (place == n) {
        qh_json_append(list, qh_json_new_object());
    }
    return set(type->element, (QhJson *)qh_json_at(list, place), rest + 1, text, error);
}

static gboolean
set(const QhQapiType *type, QhJson *object, const char *key, const char *text, GError **error)
{
    const char *dot = strchr(key, '.');
    g_autofree char *name = dot != NULL ? g_strndup(key, (gsize)(dot - key)) : g_strdup(key);
    const QhQapiType *member = find_member(type, object, name);
    QhJson *inner = (QhJson *)qh_json_get(object, name);

    if (member == NULL) {
        return wrong(error, "is not known here");
    }
    if (member->kind == QH_QAPI_LIST) {
        if (inner == NULL) {
            inner = qh_json_new_array();
            qh_json_set(object, name, inner);
        }
        g_autofree char *place = g_strdup_printf("%zu", qh_json_length(inner));
        return set_in_list(member, inner, dot != NULL ? dot + 1 : place, text, error);
    }
    if (dot != NULL) {
        const QhQapiType *within = member;

        for (uint32_t i = 0; member->kind == QH_QAPI_ALTERNATE && i < member->n_branches; i++) {
            within = member->branches[i]->kind == QH_QAPI_OBJECT ? member->branches[i] : within;
        }
        if (within->kind != QH_QAPI_OBJECT) {
            return wrong(error, "'%s' has no members", name);
        }
        if (inner == NULL) {
            inner = qh_json_new_object();
            qh_json_set(object, name, inner);
        }
        return set(within, inner, dot + 1, text, error);
    }
    QhJson *value = scalar(member, text, error);
    if (value == NULL) {
        return FALSE;
    }
    qh_json_set(object, name, value);
    return TRUE;
}

/* Tags first: which members there are depends on them. Keys with "type" or "driver" at their end
 * are tags in this schema, the shorter the earlier. */
static gboolean is_tag(const QhQapiType *type, const char *key)
{
    const char *last = strrchr(key, '.');

    last = last != NULL ? last + 1 : key;
    return g_str_equal(last, "type") || g_str_equal(last, "driver") ||
           g_str_equal(last, "qom-type") || g_str_equal(last, "backend") ||
           (type->n_branches != 0 && g_str_equal(key, type->members[type->tag].name));
}

static gboolean fill(const QhQapiType *type, QhJson *object, const QhKeyval *items, GError **error)
{
    for (int tags = 1; tags >= 0; tags--) {
        for (guint i = 0; i < qh_keyval_length(items); i++) {
            const char *key = qh_keyval_key(items, i);

            if (is_tag(type, key) == (tags == 1) &&
                !set(type, object, key, qh_keyval_value(items, i), error)) {
                g_prefix_error(error, "'%.64s': ", key);
                return FALSE;
            }
        }
    }
    return TRUE;
}

QhJson *qh_keyval_json(const QhQapiType *type,
                       const char *text,
                       const char *implied_key,
                       uint32_t flags,
                       GError **error)
{
    g_autoptr(QhJson) object = NULL;

    if (*text == '{') {
        object = qh_json_parse(text, -1, NULL, error);
    } else {
        g_autoptr(QhKeyval) items = qh_keyval_parse(text, implied_key, error);

        object = items != NULL ? qh_json_new_object() : NULL;
        if (object == NULL || !fill(type, object, items, error)) {
            return NULL;
        }
    }
    if (object == NULL || (!(flags & QH_KEYVAL_PARTIAL) && !qh_qapi_check(type, object, error))) {
        if (error != NULL && *error != NULL) {
            (*error)->code = QH_ERROR_USAGE;
        }
        return NULL;
    }
    return g_steal_pointer(&object);
}
