/* SPDX-License-Identifier: GPL-2.0-or-later */
/* C structs to JSON by table, and the freeing of what they hold. */
#include "core/qmp/qapi.h"
#include <string.h>

typedef struct AnyList {
    size_t n;
    char *items;
} AnyList;

gboolean qh_qapi_enum_find(const QhQapiType *type, const char *text, uint32_t *ret)
{
    for (uint32_t i = 0; i < type->n_values; i++) {
        if (strcmp(type->values[i], text) == 0) {
            *ret = i;
            return TRUE;
        }
    }
    return FALSE;
}

void *qh_qapi_append(void **items, size_t *n, size_t size)
{
    *items = g_realloc_n(*items, *n + 1, size);

    char *item = (char *)*items + *n * size;
    memset(item, 0, size);
    *n += 1;
    return item;
}

/* Where the member's value lies, NULL when it is absent. */
static const void *member_value(const QhQapiMember *member, const char *value)
{
    const void *at = value + member->offset;

    if (member->has_offset != QH_QAPI_NO_HAS) {
        return *(const gboolean *)(value + member->has_offset) ? at : NULL;
    }
    if (member->flags & QH_QAPI_POINTER) {
        return *(void *const *)at;
    }
    if ((member->flags & QH_QAPI_OPTIONAL) && *(void *const *)at == NULL) {
        return NULL;
    }
    return at;
}

static const QhQapiType *selected_branch(const QhQapiType *type, const void *value)
{
    if (type->branches == NULL) {
        return NULL;
    }
    uint32_t tag = *(const uint32_t *)((const char *)value + type->members[type->tag].offset);
    return tag < type->n_branches ? type->branches[tag] : NULL;
}

static void write_members(const QhQapiType *type, const void *value, QhJsonWriter *writer)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const void *at = member_value(&type->members[i], value);
        if (at != NULL) {
            qh_json_write_key(writer, type->members[i].name);
            qh_qapi_write(type->members[i].type, at, writer);
        }
    }
    const QhQapiType *branch = selected_branch(type, value);
    if (branch != NULL) {
        write_members(branch, (const char *)value + type->u_offset, writer);
    }
}

static void write_int(const QhQapiType *type, const void *value, QhJsonWriter *writer)
{
    switch (type->size * 2 + (type->is_signed ? 1 : 0)) {
    case 2:
        qh_json_write_uint(writer, *(const uint8_t *)value);
        break;
    case 3:
        qh_json_write_int(writer, *(const int8_t *)value);
        break;
    case 4:
        qh_json_write_uint(writer, *(const uint16_t *)value);
        break;
    case 5:
        qh_json_write_int(writer, *(const int16_t *)value);
        break;
    case 8:
        qh_json_write_uint(writer, *(const uint32_t *)value);
        break;
    case 9:
        qh_json_write_int(writer, *(const int32_t *)value);
        break;
    case 16:
        qh_json_write_uint(writer, *(const uint64_t *)value);
        break;
    default:
        qh_json_write_int(writer, *(const int64_t *)value);
        break;
    }
}

static void write_list(const QhQapiType *type, const AnyList *list, QhJsonWriter *writer)
{
    qh_json_write_begin_array(writer);
    for (size_t i = 0; i < list->n; i++) {
        qh_qapi_write(type->element, list->items + i * type->element->size, writer);
    }
    qh_json_write_end_array(writer);
}

/* The value of an alternate and its type. */
static void *alternate_value(const QhQapiType *type, const void *value, const QhQapiType **ret)
{
    uint32_t branch = *(const uint32_t *)value;
    char *at = (char *)value + type->u_offset;

    *ret = branch < type->n_branches ? type->branches[branch] : NULL;
    return *ret != NULL && (*ret)->kind == QH_QAPI_OBJECT ? *(void **)at : at;
}

/* A module filled the value: one that is out of range is written as the first. */
static void write_enum(const QhQapiType *type, uint32_t value, QhJsonWriter *writer)
{
    qh_json_write_string(writer, type->values[value < type->n_values ? value : 0]);
}

static void write_alternate(const QhQapiType *type, const void *value, QhJsonWriter *writer)
{
    const QhQapiType *branch;
    const void *at = alternate_value(type, value, &branch);

    if (branch == NULL || at == NULL) {
        qh_json_write_null(writer);
    } else {
        qh_qapi_write(branch, at, writer);
    }
}

void qh_qapi_write(const QhQapiType *type, const void *value, QhJsonWriter *writer)
{
    const QhJson *any;

    switch (type->kind) {
    case QH_QAPI_STR:
        qh_json_write_string(writer, *(char *const *)value);
        break;
    case QH_QAPI_INT:
        write_int(type, value, writer);
        break;
    case QH_QAPI_NUMBER:
        qh_json_write_double(writer, *(const double *)value);
        break;
    case QH_QAPI_BOOL:
        qh_json_write_bool(writer, *(const gboolean *)value);
        break;
    case QH_QAPI_ANY:
        any = *(QhJson *const *)value;
        if (any != NULL) {
            qh_json_write_value(writer, any);
            break;
        }
        qh_json_write_null(writer);
        break;
    case QH_QAPI_NULL:
        qh_json_write_null(writer);
        break;
    case QH_QAPI_ENUM:
        write_enum(type, *(const uint32_t *)value, writer);
        break;
    case QH_QAPI_OBJECT:
        qh_json_write_begin_object(writer);
        write_members(type, value, writer);
        qh_json_write_end_object(writer);
        break;
    case QH_QAPI_ALTERNATE:
        write_alternate(type, value, writer);
        break;
    case QH_QAPI_LIST:
        write_list(type, value, writer);
        break;
    }
}

static void clear_members(const QhQapiType *type, void *value)
{
    /* The branch first: the tag that selects it is a member. */
    const QhQapiType *branch = selected_branch(type, value);
    if (branch != NULL) {
        clear_members(branch, (char *)value + type->u_offset);
    }
    for (uint32_t i = 0; i < type->n_members; i++) {
        const QhQapiMember *member = &type->members[i];
        void *at = (char *)value + member->offset;

        if (member->flags & QH_QAPI_POINTER) {
            if (*(void **)at != NULL) {
                qh_qapi_clear(member->type, *(void **)at);
                g_free(*(void **)at);
            }
        } else {
            qh_qapi_clear(member->type, at);
        }
    }
}

static void clear_alternate(const QhQapiType *type, void *value)
{
    const QhQapiType *branch;
    void *at = alternate_value(type, value, &branch);

    if (branch != NULL && at != NULL) {
        qh_qapi_clear(branch, at);
        if (branch->kind == QH_QAPI_OBJECT) {
            g_free(at);
        }
    }
}

void qh_qapi_clear(const QhQapiType *type, void *value)
{
    AnyList *list = value;

    switch (type->kind) {
    case QH_QAPI_STR:
        g_free(*(char **)value);
        break;
    case QH_QAPI_ANY:
        qh_json_unref(*(QhJson **)value);
        break;
    case QH_QAPI_OBJECT:
        clear_members(type, value);
        break;
    case QH_QAPI_ALTERNATE:
        clear_alternate(type, value);
        break;
    case QH_QAPI_LIST:
        for (size_t i = 0; i < list->n; i++) {
            qh_qapi_clear(type->element, list->items + i * type->element->size);
        }
        g_free(list->items);
        break;
    default:
        break;
    }
    memset(value, 0, type->size);
}

static QhJson *parse_back(QhJsonWriter *writer, GError **error)
{
    size_t length;
    g_autofree char *text = qh_json_writer_steal(writer, &length);

    return qh_json_parse(text, (gssize)length, NULL, error);
}

gboolean qh_qapi_read_back(const QhQapiType *type, QhJsonWriter *writer, void *out, GError **error)
{
    g_autoptr(QhJson) json = parse_back(writer, error);

    return json != NULL && qh_qapi_read(type, json, out, error);
}

QhJson *qh_qapi_to_json(const QhQapiType *type, const void *value, GError **error)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_qapi_write(type, value, writer);
    return parse_back(writer, error);
}
