/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a value lies in memory; for core/json only. */
#ifndef QH_CORE_JSON_VALUE_PRIV_H
#define QH_CORE_JSON_VALUE_PRIV_H

#include "core/json/json.h"

/* Every node begins so; what follows depends on the type. */
struct QhJson {
    gint refs; /* atomic */
    QhJsonType type;
};

typedef struct QhJsonScalar {
    QhJson head;
    union {
        gboolean boolean;
        int64_t i;
        uint64_t u;
        double d;
    } as;
} QhJsonScalar;

/* U+0000 is held as C0 80, so that text is an ordinary C string; the writer turns it back. */
typedef struct QhJsonText {
    QhJson head;
    size_t length;
    char text[];
} QhJsonText;

typedef struct QhJsonArray {
    QhJson head;
    QhJson **items;
    size_t n;
    size_t capacity;
} QhJsonArray;

typedef struct QhJsonMember {
    char *key;
    QhJson *value;
} QhJsonMember;

/* Sorted by key: an index that no choice of keys can make slow, unlike a hash. */
typedef struct QhJsonIndex {
    const char *key;
    size_t position;
} QhJsonIndex;

typedef struct QhJsonObject {
    QhJson head;
    QhJsonMember *members;
    size_t n;
    size_t capacity;
    char *keys; /* one block that holds the keys of a parsed object; others are separate */
    size_t keys_bytes;
    QhJsonIndex *index; /* n entries, for parsed objects with many members; else NULL */
} QhJsonObject;

/* Parsed objects with more members than this have an index. */
#define QH_JSON_INDEX_FROM 16

/* A string node of @length bytes with room for the text, NULL when memory is short. */
QhJsonText *qh_json_text_alloc(size_t length);
/* An array of the @n @items (moved), an object of the @n @members (values moved, keys copied).
 * The object is NULL, with *@ret_duplicate the offending key's position, if a key comes twice; the
 * values are then still the caller's. */
QhJson *qh_json_array_of(QhJson *const *items, size_t n);
QhJson *qh_json_object_of(const QhJsonMember *members, size_t n, size_t *ret_duplicate);

#endif
