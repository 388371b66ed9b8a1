/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON to C structs by table. The path to the member that is being read is a chain of frames on
 * the stack; it becomes text only when there is an error to report. The wording is what clients of
 * QEMU know.
 */
#include "core/qmp/qapi.h"
#include <string.h>

/* Longest piece of a client's text that an error repeats. */
#define SHOWN_BYTES 128

typedef struct Path {
    const struct Path *up;
    const char *key; /* NULL: element @index of a list */
    size_t index;
} Path;

static void append_path(GString *text, const Path *path)
{
    if (path == NULL) {
        return;
    }
    append_path(text, path->up);
    if (path->key == NULL) {
        g_string_append_printf(text, "[%" G_GSIZE_FORMAT "]", path->index);
        return;
    }
    if (text->len > 0) {
        g_string_append_c(text, '.');
    }
    g_string_append_len(text, path->key, MIN(strlen(path->key), SHOWN_BYTES));
}

static gboolean wrong(const Path *path, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* @format has one %s, for the path. */
static gboolean wrong(const Path *path, GError **error, const char *format, ...)
{
    g_autoptr(GString) name = g_string_new(NULL);
    va_list args;

    append_path(name, path);
    va_start(args, format);
    g_autofree char *rest = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Parameter '%s' %s", name->str, rest);
    return FALSE;
}

static gboolean wrong_type(const Path *path, const char *expected, GError **error)
{
    g_autoptr(GString) name = g_string_new(NULL);

    append_path(name, path);
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Invalid parameter type for '%s', expected: %s",
                name->str, expected);
    return FALSE;
}

static gboolean
read_value(const QhQapiType *type, const QhJson *json, void *out, const Path *path, GError **error);

static gboolean
read_int(const QhQapiType *type, const QhJson *json, void *out, const Path *path, GError **error)
{
    unsigned bits = type->size * 8;
    int64_t i = 0;
    uint64_t u = 0;
    gboolean fits;

    if (type->is_signed) {
        fits =
            qh_json_int(json, &i) && i >= INT64_MIN >> (64 - bits) && i <= INT64_MAX >> (64 - bits);
        u = (uint64_t)i;
    } else {
        fits = qh_json_uint(json, &u) && u <= UINT64_MAX >> (64 - bits);
    }
    if (!fits) {
        if (type->is_signed && bits == 64 && qh_json_type(json) != QH_JSON_UINT) {
            return wrong_type(path, "integer", error);
        }
        return wrong(path, error, "expects %sint%u", type->is_signed ? "" : "u", bits);
    }
    switch (type->size) {
    case 1:
        *(uint8_t *)out = (uint8_t)u;
        break;
    case 2:
        *(uint16_t *)out = (uint16_t)u;
        break;
    case 4:
        *(uint32_t *)out = (uint32_t)u;
        break;
    default:
        *(uint64_t *)out = u;
        break;
    }
    return TRUE;
}

static gboolean
read_enum(const QhQapiType *type, const QhJson *json, void *out, const Path *path, GError **error)
{
    const char *text = qh_json_string(json);

    if (text == NULL) {
        return wrong_type(path, "string", error);
    }
    if (!qh_qapi_enum_find(type, text, out)) {
        return wrong(path, error, "does not accept value '%.*s'", SHOWN_BYTES, text);
    }
    return TRUE;
}

static gboolean
read_list(const QhQapiType *type, const QhJson *json, void *out, const Path *path, GError **error)
{
    struct {
        size_t n;
        char *items;
    } *list = out;
    size_t n = qh_json_length(json);

    if (qh_json_type(json) != QH_JSON_ARRAY) {
        return wrong_type(path, "array", error);
    }
    if (n == 0) {
        return TRUE;
    }
    list->items = g_try_malloc0_n(n, type->element->size);
    if (list->items == NULL) {
        return wrong(path, error, "is too long");
    }
    for (size_t i = 0; i < n; i++) {
        Path at = {path, NULL, i};
        list->n = i + 1;
        if (!read_value(type->element, qh_json_at(json, i), list->items + i * type->element->size,
                        &at, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The struct of the branch that the tag selects; NULL when the branch has no members. */
static const QhQapiType *selected_branch(const QhQapiType *type, const void *value)
{
    if (type->branches == NULL) {
        return NULL;
    }
    uint32_t tag = *(const uint32_t *)((const char *)value + type->members[type->tag].offset);
    return tag < type->n_branches ? type->branches[tag] : NULL;
}

static gboolean read_member(
    const QhQapiMember *member, const QhJson *json, char *out, const Path *path, GError **error)
{
    void *at = out + member->offset;

    if (member->has_offset != QH_QAPI_NO_HAS) {
        *(gboolean *)(out + member->has_offset) = TRUE;
    }
    if (member->flags & QH_QAPI_POINTER) {
        *(void **)at = g_malloc0(member->type->size);
        at = *(void **)at;
    }
    return read_value(member->type, json, at, path, error);
}

static gboolean read_members(
    const QhQapiType *type, const QhJson *json, void *out, const Path *path, GError **error)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const QhQapiMember *member = &type->members[i];
        const QhJson *value = json != NULL ? qh_json_get(json, member->name) : NULL;
        Path at = {path, member->name, 0};

        if (value == NULL) {
            if (!(member->flags & QH_QAPI_OPTIONAL)) {
                return wrong(&at, error, "is missing");
            }
        } else if (!read_member(member, value, out, &at, error)) {
            return FALSE;
        }
    }
    const QhQapiType *branch = selected_branch(type, out);
    return branch == NULL || read_members(branch, json, (char *)out + type->u_offset, path, error);
}

static gboolean has_member(const QhQapiType *type, const void *value, const char *name)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (strcmp(type->members[i].name, name) == 0) {
            return TRUE;
        }
    }
    const QhQapiType *branch = selected_branch(type, value);
    return branch != NULL && has_member(branch, (const char *)value + type->u_offset, name);
}

static gboolean
read_object(const QhQapiType *type, const QhJson *json, void *out, const Path *path, GError **error)
{
    if (json != NULL && qh_json_type(json) != QH_JSON_OBJECT) {
        return wrong_type(path, "object", error);
    }
    if (!read_members(type, json, out, path, error)) {
        return FALSE;
    }
    for (size_t i = 0; json != NULL && i < qh_json_length(json); i++) {
        if (!has_member(type, out, qh_json_key(json, i))) {
            Path at = {path, qh_json_key(json, i), 0};
            return wrong(&at, error, "is unexpected");
        }
    }
    return TRUE;
}

static gboolean matches(const QhQapiType *type, QhJsonType json)
{
    switch (type->kind) {
    case QH_QAPI_STR:
    case QH_QAPI_ENUM:
        return json == QH_JSON_STRING;
    case QH_QAPI_INT:
        return json == QH_JSON_INT || json == QH_JSON_UINT;
    case QH_QAPI_NUMBER:
        return json == QH_JSON_INT || json == QH_JSON_UINT || json == QH_JSON_DOUBLE;
    case QH_QAPI_BOOL:
        return json == QH_JSON_BOOL;
    case QH_QAPI_NULL:
        return json == QH_JSON_NULL;
    case QH_QAPI_OBJECT:
        return json == QH_JSON_OBJECT;
    case QH_QAPI_LIST:
        return json == QH_JSON_ARRAY;
    case QH_QAPI_ANY:
    case QH_QAPI_ALTERNATE:
        break;
    }
    return FALSE;
}

static gboolean read_alternate(
    const QhQapiType *type, const QhJson *json, void *out, const Path *path, GError **error)
{
    for (uint32_t i = 0; i < type->n_branches; i++) {
        const QhQapiType *branch = type->branches[i];
        void *at = (char *)out + type->u_offset;

        if (!matches(branch, qh_json_type(json))) {
            continue;
        }
        *(uint32_t *)out = i;
        if (branch->kind == QH_QAPI_OBJECT) {
            *(void **)at = g_malloc0(branch->size);
            at = *(void **)at;
        }
        return read_value(branch, json, at, path, error);
    }
    return wrong_type(path, type->name, error);
}

static gboolean
read_value(const QhQapiType *type, const QhJson *json, void *out, const Path *path, GError **error)
{
    QhJsonType json_type = json != NULL ? qh_json_type(json) : QH_JSON_OBJECT;

    switch (type->kind) {
    case QH_QAPI_STR:
        if (json_type != QH_JSON_STRING) {
            return wrong_type(path, "string", error);
        }
        *(char **)out = g_strdup(qh_json_string(json));
        return TRUE;
    case QH_QAPI_INT:
        return read_int(type, json, out, path, error);
    case QH_QAPI_NUMBER:
        *(double *)out = qh_json_double(json);
        return matches(type, json_type) || wrong_type(path, "number", error);
    case QH_QAPI_BOOL:
        *(gboolean *)out = qh_json_bool(json);
        return json_type == QH_JSON_BOOL || wrong_type(path, "boolean", error);
    case QH_QAPI_ANY:
        *(QhJson **)out = qh_json_ref((QhJson *)json);
        return TRUE;
    case QH_QAPI_NULL:
        return json_type == QH_JSON_NULL || wrong_type(path, "null", error);
    case QH_QAPI_ENUM:
        return read_enum(type, json, out, path, error);
    case QH_QAPI_OBJECT:
        return read_object(type, json, out, path, error);
    case QH_QAPI_ALTERNATE:
        return read_alternate(type, json, out, path, error);
    case QH_QAPI_LIST:
        return read_list(type, json, out, path, error);
    }
    return FALSE;
}

gboolean qh_qapi_read(const QhQapiType *type, const QhJson *json, void *out, GError **error)
{
    g_assert(json != NULL || type->kind == QH_QAPI_OBJECT);
    if (!read_value(type, json, out, NULL, error)) {
        qh_qapi_clear(type, out);
        return FALSE;
    }
    return TRUE;
}

gboolean qh_qapi_check(const QhQapiType *type, const QhJson *json, GError **error)
{
    g_autofree void *value = g_malloc0(type->size);

    if (!qh_qapi_read(type, json, value, error)) {
        return FALSE;
    }
    qh_qapi_clear(type, value);
    return TRUE;
}
