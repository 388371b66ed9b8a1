/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cli/keyval.h"

#include "abi/base.h"

#include <errno.h>
#include <string.h>

typedef struct Item {
    char *key;
    char *value;
} Item;

struct QhKeyval {
    GArray *items; /* Item */
};

static void item_clear(gpointer data)
{
    Item *item = data;

    g_free(item->key);
    g_free(item->value);
}

/* Take one item off *@text: up to a comma that is not doubled; doubled ones become single. */
static char *next_item(const char **text)
{
    GString *item = g_string_new(NULL);
    const char *at = *text;

    while (*at != '\0') {
        if (*at == ',') {
            if (at[1] != ',') {
                break;
            }
            at++;
        }
        g_string_append_c(item, *at++);
    }
    *text = *at == ',' ? at + 1 : at;
    return g_string_free(item, FALSE);
}

static gboolean add_item(QhKeyval *list, const char *text, const char *implied, GError **error)
{
    const char *equals = strchr(text, '=');
    Item item = {0};

    if (equals == text || *text == '\0') {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    *text == '\0' ? "an item is empty%s" : "'%s' has no key", text);
        return FALSE;
    }
    if (equals != NULL) {
        item.key = g_strndup(text, equals - text);
        item.value = g_strdup(equals + 1);
    } else if (implied != NULL) {
        item.key = g_strdup(implied);
        item.value = g_strdup(text);
    } else {
        item.key = g_strdup(text);
        item.value = g_strdup("on");
    }
    g_array_append_val(list->items, item);
    return TRUE;
}

QhKeyval *qh_keyval_parse(const char *text, const char *implied_key, GError **error)
{
    g_autoptr(QhKeyval) list = g_new0(QhKeyval, 1);

    list->items = g_array_new(FALSE, FALSE, sizeof(Item));
    g_array_set_clear_func(list->items, item_clear);
    if (!g_utf8_validate(text, -1, NULL)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "the text is not UTF-8");
        return NULL;
    }
    while (*text != '\0') {
        const char *implied = list->items->len == 0 ? implied_key : NULL;
        g_autofree char *item = next_item(&text);

        if (!add_item(list, item, implied, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&list);
}

void qh_keyval_free(QhKeyval *list)
{
    if (list != NULL) {
        g_array_unref(list->items);
        g_free(list);
    }
}

guint qh_keyval_length(const QhKeyval *list)
{
    return list->items->len;
}

const char *qh_keyval_key(const QhKeyval *list, guint i)
{
    return g_array_index(list->items, Item, i).key;
}

const char *qh_keyval_value(const QhKeyval *list, guint i)
{
    return g_array_index(list->items, Item, i).value;
}

const char *qh_keyval_get(const QhKeyval *list, const char *key)
{
    for (guint i = list->items->len; i > 0; i--) {
        if (g_str_equal(qh_keyval_key(list, i - 1), key)) {
            return qh_keyval_value(list, i - 1);
        }
    }
    return NULL;
}

gboolean qh_keyval_only(const QhKeyval *list, const char *const *keys, GError **error)
{
    for (guint i = 0; i < list->items->len; i++) {
        if (!g_strv_contains(keys, qh_keyval_key(list, i))) {
            g_autofree char *known = g_strjoinv(" ", (char **)keys);

            g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "'%s' is not known here; known: %s",
                        qh_keyval_key(list, i), known);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean qh_keyval_bool(const QhKeyval *list, const char *key, gboolean *ret, GError **error)
{
    const char *value = qh_keyval_get(list, key);

    if (value == NULL || qh_text_bool(value, ret, error)) {
        return TRUE;
    }
    g_prefix_error(error, "%s=%s: ", key, value);
    return FALSE;
}

gboolean
qh_keyval_uint(const QhKeyval *list, const char *key, uint64_t max, uint64_t *ret, GError **error)
{
    const char *value = qh_keyval_get(list, key);

    if (value == NULL || qh_text_uint(value, max, ret, error)) {
        return TRUE;
    }
    g_prefix_error(error, "%s=%s: ", key, value);
    return FALSE;
}

gboolean
qh_keyval_size(const QhKeyval *list, const char *key, uint64_t unit, uint64_t *ret, GError **error)
{
    const char *value = qh_keyval_get(list, key);

    if (value == NULL || qh_text_size(value, unit, ret, error)) {
        return TRUE;
    }
    g_prefix_error(error, "%s=%s: ", key, value);
    return FALSE;
}

gboolean qh_text_bool(const char *text, gboolean *ret, GError **error)
{
    static const char *const yes[] = {"on", "yes", "true", "y", NULL};
    static const char *const no[] = {"off", "no", "false", "n", NULL};

    if (g_strv_contains(yes, text)) {
        *ret = TRUE;
    } else if (g_strv_contains(no, text)) {
        *ret = FALSE;
    } else {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "neither on nor off");
        return FALSE;
    }
    return TRUE;
}

gboolean qh_text_uint(const char *text, uint64_t max, uint64_t *ret, GError **error)
{
    gboolean hex = g_ascii_strncasecmp(text, "0x", 2) == 0;
    const char *digits = hex ? text + 2 : text;
    char *end = NULL;

    /* strtoull would take spaces and signs */
    if (!(hex ? g_ascii_isxdigit(*digits) : g_ascii_isdigit(*digits))) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "not a number");
        return FALSE;
    }
    errno = 0;
    uint64_t value = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
    if (*end != '\0') {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "not a number");
        return FALSE;
    }
    if (errno != 0 || value > max) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "more than %" G_GUINT64_FORMAT, max);
        return FALSE;
    }
    *ret = value;
    return TRUE;
}

/* The part after the point, as @unit scaled: ".5" of 1 GiB. Digits beyond the 18th are dropped. */
static uint64_t fraction_of(const char *digits, uint64_t unit)
{
    long double value = 0, scale = 1;

    for (int i = 0; i < 18 && g_ascii_isdigit(digits[i]); i++) {
        scale /= 10;
        value += scale * (digits[i] - '0');
    }
    return (uint64_t)(value * unit + 0.5L);
}

gboolean qh_text_size(const char *text, uint64_t unit, uint64_t *ret, GError **error)
{
    static const char suffixes[] = "bkmgtpe";
    uint64_t whole = 0;

    if (g_ascii_strncasecmp(text, "0x", 2) == 0) {
        return qh_text_uint(text, G_MAXUINT64, ret, error);
    }
    size_t n_whole = strspn(text, "0123456789");
    const char *fraction = text[n_whole] == '.' ? text + n_whole + 1 : "";
    size_t n_fraction = strspn(fraction, "0123456789");
    const char *suffix = *fraction != '\0' ? fraction + n_fraction : text + n_whole;

    if (n_whole == 0 || (text[n_whole] == '.' && n_fraction == 0) || strlen(suffix) > 1) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "not a size; write a number with an optional suffix b k M G T P E");
        return FALSE;
    }
    if (*suffix != '\0') {
        const char *found = strchr(suffixes, g_ascii_tolower(*suffix));

        if (found == NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                        "'%s' is not one of the suffixes b k M G T P E", suffix);
            return FALSE;
        }
        unit = UINT64_C(1) << (10 * (found - suffixes));
    }
    g_autofree char *digits = g_strndup(text, n_whole);
    uint64_t part = fraction_of(fraction, unit);
    uint64_t bytes = 0;

    if (!qh_text_uint(digits, G_MAXUINT64, &whole, error)) {
        return FALSE;
    }
    if (__builtin_mul_overflow(whole, unit, &bytes) ||
        __builtin_add_overflow(bytes, part, &bytes)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "more than 16 EiB");
        return FALSE;
    }
    *ret = bytes;
    return TRUE;
}
