/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/json/value-priv.h"
#include <stdlib.h>
#include <string.h>

static gpointer node_alloc(QhJsonType type, size_t bytes)
{
    QhJson *json = g_malloc(bytes);

    json->refs = 1;
    json->type = type;
    return json;
}

QhJson *qh_json_ref(QhJson *json)
{
    g_atomic_int_inc(&json->refs);
    return json;
}

static void array_free(QhJsonArray *array)
{
    for (size_t i = 0; i < array->n; i++) {
        qh_json_unref(array->items[i]);
    }
    g_free(array->items);
}

static gboolean key_is_separate(const QhJsonObject *object, const char *key)
{
    return object->keys == NULL || key < object->keys || key >= object->keys + object->keys_bytes;
}

static void object_free(QhJsonObject *object)
{
    g_free(object->index);
    for (size_t i = 0; i < object->n; i++) {
        if (key_is_separate(object, object->members[i].key)) {
            g_free(object->members[i].key);
        }
        qh_json_unref(object->members[i].value);
    }
    g_free(object->keys);
    g_free(object->members);
}

void qh_json_unref(QhJson *json)
{
    if (json == NULL || !g_atomic_int_dec_and_test(&json->refs)) {
        return;
    }
    if (json->type == QH_JSON_ARRAY) {
        array_free((QhJsonArray *)json);
    } else if (json->type == QH_JSON_OBJECT) {
        object_free((QhJsonObject *)json);
    }
    g_free(json);
}

QhJsonType qh_json_type(const QhJson *json)
{
    return json->type;
}

const char *qh_json_type_name(QhJsonType type)
{
    static const char *const names[] = {
        "null", "boolean", "integer", "integer", "number", "string", "array", "object",
    };

    return names[type];
}

gboolean qh_json_bool(const QhJson *json)
{
    return json->type == QH_JSON_BOOL && ((const QhJsonScalar *)json)->as.boolean;
}

gboolean qh_json_int(const QhJson *json, int64_t *ret)
{
    if (json->type != QH_JSON_INT) {
        return FALSE;
    }
    *ret = ((const QhJsonScalar *)json)->as.i;
    return TRUE;
}

gboolean qh_json_uint(const QhJson *json, uint64_t *ret)
{
    const QhJsonScalar *scalar = (const QhJsonScalar *)json;

    if (json->type == QH_JSON_UINT) {
        *ret = scalar->as.u;
        return TRUE;
    }
    if (json->type == QH_JSON_INT && scalar->as.i >= 0) {
        *ret = (uint64_t)scalar->as.i;
        return TRUE;
    }
    return FALSE;
}

double qh_json_double(const QhJson *json)
{
    const QhJsonScalar *scalar = (const QhJsonScalar *)json;

    switch (json->type) {
    case QH_JSON_INT:
        return (double)scalar->as.i;
    case QH_JSON_UINT:
        return (double)scalar->as.u;
    case QH_JSON_DOUBLE:
        return scalar->as.d;
    default:
        return 0;
    }
}

const char *qh_json_string(const QhJson *json)
{
    return json->type == QH_JSON_STRING ? ((const QhJsonText *)json)->text : NULL;
}

size_t qh_json_length(const QhJson *json)
{
    if (json->type == QH_JSON_ARRAY) {
        return ((const QhJsonArray *)json)->n;
    }
    return json->type == QH_JSON_OBJECT ? ((const QhJsonObject *)json)->n : 0;
}

const QhJson *qh_json_at(const QhJson *array, size_t i)
{
    if (i >= qh_json_length(array)) {
        return NULL;
    }
    return array->type == QH_JSON_ARRAY ? ((const QhJsonArray *)array)->items[i]
                                        : qh_json_value(array, i);
}

/* Where @key is in the index, or where it would be. */
static size_t index_find(const QhJsonObject *object, const char *key)
{
    size_t low = 0;
    size_t high = object->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(object->index[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Position of @key, or the number of members. */
static size_t find(const QhJsonObject *object, const char *key)
{
    if (object->index != NULL) {
        size_t i = index_find(object, key);
        return i < object->n && strcmp(object->index[i].key, key) == 0 ? object->index[i].position
                                                                       : object->n;
    }
    for (size_t i = 0; i < object->n; i++) {
        if (strcmp(object->members[i].key, key) == 0) {
            return i;
        }
    }
    return object->n;
}

const QhJson *qh_json_get(const QhJson *object, const char *key)
{
    const QhJsonObject *self = (const QhJsonObject *)object;

    if (object->type != QH_JSON_OBJECT) {
        return NULL;
    }
    size_t i = find(self, key);
    return i < self->n ? self->members[i].value : NULL;
}

const char *qh_json_key(const QhJson *object, size_t i)
{
    const QhJsonObject *self = (const QhJsonObject *)object;

    return object->type == QH_JSON_OBJECT && i < self->n ? self->members[i].key : NULL;
}

const QhJson *qh_json_value(const QhJson *object, size_t i)
{
    const QhJsonObject *self = (const QhJsonObject *)object;

    return object->type == QH_JSON_OBJECT && i < self->n ? self->members[i].value : NULL;
}

QhJson *qh_json_new_null(void)
{
    return node_alloc(QH_JSON_NULL, sizeof(QhJson));
}

QhJson *qh_json_new_bool(gboolean value)
{
    QhJsonScalar *json = node_alloc(QH_JSON_BOOL, sizeof(QhJsonScalar));

    json->as.boolean = value != FALSE;
    return &json->head;
}

QhJson *qh_json_new_int(int64_t value)
{
    QhJsonScalar *json = node_alloc(QH_JSON_INT, sizeof(QhJsonScalar));

    json->as.i = value;
    return &json->head;
}

QhJson *qh_json_new_uint(uint64_t value)
{
    if (value <= INT64_MAX) {
        return qh_json_new_int((int64_t)value);
    }
    QhJsonScalar *json = node_alloc(QH_JSON_UINT, sizeof(QhJsonScalar));
    json->as.u = value;
    return &json->head;
}

QhJson *qh_json_new_double(double value)
{
    QhJsonScalar *json = node_alloc(QH_JSON_DOUBLE, sizeof(QhJsonScalar));

    json->as.d = value;
    return &json->head;
}

QhJsonText *qh_json_text_alloc(size_t length)
{
    QhJsonText *json = g_try_malloc(sizeof(QhJsonText) + length + 1);

    if (json != NULL) {
        json->head.refs = 1;
        json->head.type = QH_JSON_STRING;
        json->length = length;
        json->text[length] = '\0';
    }
    return json;
}

QhJson *qh_json_new_string(const char *value)
{
    size_t length = value != NULL ? strlen(value) : 0;
    QhJsonText *json = node_alloc(QH_JSON_STRING, sizeof(QhJsonText) + length + 1);

    json->length = length;
    memcpy(json->text, value != NULL ? value : "", length + 1);
    return &json->head;
}

QhJson *qh_json_new_array(void)
{
    return qh_json_array_of(NULL, 0);
}

QhJson *qh_json_new_object(void)
{
    return qh_json_object_of(NULL, 0, NULL);
}

QhJson *qh_json_array_of(QhJson *const *items, size_t n)
{
    QhJsonArray *array = node_alloc(QH_JSON_ARRAY, sizeof(QhJsonArray));

    array->n = array->capacity = n;
    array->items = n > 0 ? g_memdup2(items, n * sizeof(*items)) : NULL;
    return &array->head;
}

void qh_json_append(QhJson *array, QhJson *value)
{
    QhJsonArray *self = (QhJsonArray *)array;

    g_assert(array->type == QH_JSON_ARRAY);
    if (self->n == self->capacity) {
        self->capacity = MAX(4, self->capacity * 2);
        self->items = g_renew(QhJson *, self->items, self->capacity);
    }
    self->items[self->n++] = value;
}

static int compare_index(const void *a, const void *b)
{
    const QhJsonIndex *left = a;
    const QhJsonIndex *right = b;
    int order = strcmp(left->key, right->key);

    return order != 0 ? order : left->position < right->position ? -1 : 1;
}

static gboolean index_sorted(QhJsonObject *object, size_t *ret)
{
    object->index = g_new(QhJsonIndex, object->n);
    for (size_t i = 0; i < object->n; i++) {
        object->index[i] = (QhJsonIndex){object->members[i].key, i};
    }
    qsort(object->index, object->n, sizeof(QhJsonIndex), compare_index);
    for (size_t i = 1; i < object->n; i++) {
        if (strcmp(object->index[i - 1].key, object->index[i].key) == 0) {
            *ret = object->index[i].position;
            return FALSE;
        }
    }
    return TRUE;
}

/* TRUE when no key comes twice; otherwise *@ret is the position of the second one. */
static gboolean index_keys(QhJsonObject *object, size_t *ret)
{
    if (object->n > QH_JSON_INDEX_FROM) {
        return index_sorted(object, ret);
    }
    for (size_t i = 1; i < object->n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(object->members[i].key, object->members[j].key) == 0) {
                *ret = i;
                return FALSE;
            }
        }
    }
    return TRUE;
}

QhJson *qh_json_object_of(const QhJsonMember *members, size_t n, size_t *ret_duplicate)
{
    QhJsonObject *object = node_alloc(QH_JSON_OBJECT, sizeof(QhJsonObject));

    *object = (QhJsonObject){.head = object->head, .n = n, .capacity = n};
    if (n == 0) {
        return &object->head;
    }
    for (size_t i = 0; i < n; i++) {
        object->keys_bytes += strlen(members[i].key) + 1;
    }
    object->keys = g_malloc(object->keys_bytes);
    object->members = g_new(QhJsonMember, n);

    char *at = object->keys;
    for (size_t i = 0; i < n; i++) {
        object->members[i] = (QhJsonMember){at, members[i].value};
        at = stpcpy(at, members[i].key) + 1;
    }
    if (!index_keys(object, ret_duplicate)) {
        object->n = 0; /* the values stay with the caller */
        qh_json_unref(&object->head);
        return NULL;
    }
    return &object->head;
}

void qh_json_set(QhJson *object, const char *key, QhJson *value)
{
    QhJsonObject *self = (QhJsonObject *)object;

    g_assert(object->type == QH_JSON_OBJECT);
    size_t i = find(self, key);
    if (i < self->n) {
        qh_json_unref(self->members[i].value);
        self->members[i].value = value;
        return;
    }
    if (self->n == self->capacity) {
        self->capacity = MAX(4, self->capacity * 2);
        self->members = g_renew(QhJsonMember, self->members, self->capacity);
    }
    self->members[self->n] = (QhJsonMember){g_strdup(key), value};
    if (self->index != NULL) {
        size_t at = index_find(self, key);
        self->index = g_renew(QhJsonIndex, self->index, self->n + 1);
        memmove(&self->index[at + 1], &self->index[at], (self->n - at) * sizeof(QhJsonIndex));
        self->index[at] = (QhJsonIndex){self->members[self->n].key, self->n};
    }
    self->n++;
}
