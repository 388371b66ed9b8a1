/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "key=value" lists as the command line writes them: items are separated by commas, a comma inside
 * a value is doubled, an item without '=' is a switch ("server" means server=on). And the spellings
 * of truth values, numbers and sizes.
 */
#ifndef QH_CORE_CLI_KEYVAL_H
#define QH_CORE_CLI_KEYVAL_H

#include <glib.h>
#include <stdint.h>

typedef struct QhKeyval QhKeyval;

/* The key that a first item without '=' is the value of ("type" in "virt,acpi=off") is
 * @implied_key; NULL when the first item is like the others. */
QhKeyval *qh_keyval_parse(const char *text, const char *implied_key, GError **error);
void qh_keyval_free(QhKeyval *list); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhKeyval, qh_keyval_free)

guint qh_keyval_length(const QhKeyval *list);
const char *qh_keyval_key(const QhKeyval *list, guint i);
const char *qh_keyval_value(const QhKeyval *list, guint i);
/* Of the last item with that key; NULL if there is none. */
const char *qh_keyval_get(const QhKeyval *list, const char *key);
/* FALSE, with @error naming the key, when the list has a key that is not in @keys. */
gboolean qh_keyval_only(const QhKeyval *list, const char *const *keys, GError **error);

/* Typed look-ups: *@ret is left alone when the key is absent; @error names the key. */
gboolean qh_keyval_bool(const QhKeyval *list, const char *key, gboolean *ret, GError **error);
gboolean
qh_keyval_uint(const QhKeyval *list, const char *key, uint64_t max, uint64_t *ret, GError **error);
gboolean
qh_keyval_size(const QhKeyval *list, const char *key, uint64_t unit, uint64_t *ret, GError **error);

/* on off yes no true false */
gboolean qh_text_bool(const char *text, gboolean *ret, GError **error);
/* Decimal, or hexadecimal with 0x; the whole text. */
gboolean qh_text_uint(const char *text, uint64_t max, uint64_t *ret, GError **error);
/* A size in bytes: "512", "1.5G", "524288k"; suffixes b k M G T P E are powers of 1024 in either
 * case, a number without one counts @unit bytes. */
gboolean qh_text_size(const char *text, uint64_t unit, uint64_t *ret, GError **error);

#endif
