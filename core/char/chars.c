/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/char/char-priv.h"
#include "core/host/id.h"
#include "core/module/registry.h"

#include <string.h>

#define MAX_CHARDEVS 1024u

struct QhChars {
    QhHost *host;
    GHashTable *by_id;   /* id -> QhChar */
    GPtrArray *in_order; /* the same, as they were made */
    gboolean may_wait;
};

static const QhCharBackend *const backends[] = {
    &qh_char_null,   &qh_char_stdio,   &qh_char_file,   &qh_char_pipe, &qh_char_pty,
    &qh_char_socket, &qh_char_ringbuf, &qh_char_memory, &qh_char_mux,
};

typedef struct Search {
    const char *type;
    gboolean found;
} Search;

static void search_offer(G_GNUC_UNUSED const char *module,
                         const QhJson *entry,
                         G_GNUC_UNUSED gboolean installed,
                         void *data)
{
    Search *search = data;
    const QhJson *name = qh_json_get(entry, "name");

    if (name != NULL && g_strcmp0(qh_json_string(name), search->type) == 0) {
        search->found = TRUE;
    }
}

const QhCharBackend *qh_char_backend_find(QhChars *chars, const char *type)
{
    Search search = {.type = type};

    for (guint i = 0; i < G_N_ELEMENTS(backends); i++) {
        if (g_str_equal(backends[i]->type, type)) {
            return backends[i];
        }
    }
    qh_registry_foreach_offer(qh_host_registry(chars->host), "chardev", search_offer, &search);
    return search.found ? &qh_char_module : NULL;
}

const char *qh_char_class(guint i, const char **ret_description)
{
    for (guint k = 0; k < G_N_ELEMENTS(backends); k++) {
        if (backends[k]->description != NULL && i-- == 0) {
            *ret_description = backends[k]->description;
            return backends[k]->type;
        }
    }
    return NULL;
}

QhChars *qh_chars_new(QhHost *host)
{
    QhChars *chars = g_new0(QhChars, 1);

    chars->host = host;
    chars->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    chars->in_order = g_ptr_array_new();
    return chars;
}

static void close_char(QhChar *chr)
{
    chr->backend->close(chr);
    g_mutex_lock(&chr->lock);
    chr->closed = TRUE;
    g_mutex_unlock(&chr->lock);
    qh_char_free(chr);
}

void qh_chars_free(QhChars *chars)
{
    if (chars == NULL) {
        return;
    }
    /* muxes come after what they share */
    for (guint i = chars->in_order->len; i > 0; i--) {
        close_char(g_ptr_array_index(chars->in_order, i - 1));
    }
    g_ptr_array_unref(chars->in_order);
    g_hash_table_unref(chars->by_id);
    g_free(chars);
}

GMainContext *qh_char_context(QhChar *chr)
{
    return qh_host_context(chr->host);
}

guint qh_chars_length(QhChars *chars)
{
    return chars->in_order->len;
}

QhChar *qh_chars_at(QhChars *chars, guint i)
{
    return g_ptr_array_index(chars->in_order, i);
}

gboolean qh_chars_may_wait(QhChars *chars)
{
    return chars->may_wait;
}

static gboolean wrong_type(const char *key, const char *wanted, const QhJson *value, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "member '%s' should be %s, not %s", key, wanted,
                qh_json_type_name(qh_json_type(value)));
    return FALSE;
}

gboolean qh_char_get_string(const QhJson *data, const char *key, const char **ret, GError **error)
{
    const QhJson *value = qh_json_get(data, key);

    if (value == NULL) {
        return TRUE;
    }
    if (qh_json_type(value) != QH_JSON_STRING) {
        return wrong_type(key, "a string", value, error);
    }
    *ret = qh_json_string(value);
    return TRUE;
}

gboolean qh_char_get_bool(const QhJson *data, const char *key, gboolean *ret, GError **error)
{
    const QhJson *value = qh_json_get(data, key);

    if (value == NULL) {
        return TRUE;
    }
    if (qh_json_type(value) != QH_JSON_BOOL) {
        return wrong_type(key, "a boolean", value, error);
    }
    *ret = qh_json_bool(value);
    return TRUE;
}

gboolean
qh_char_get_uint(const QhJson *data, const char *key, uint64_t max, uint64_t *ret, GError **error)
{
    const QhJson *value = qh_json_get(data, key);
    uint64_t number = 0;

    if (value == NULL) {
        return TRUE;
    }
    if (!qh_json_uint(value, &number)) {
        return wrong_type(key, "a number that is not negative", value, error);
    }
    if (number > max) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "member '%s' is more than %" G_GUINT64_FORMAT, key, max);
        return FALSE;
    }
    *ret = number;
    return TRUE;
}

static gboolean check_id(QhChars *chars, const char *id, GError **error)
{
    if (!qh_id_check(id, error)) {
        return FALSE;
    }
    if (g_hash_table_contains(chars->by_id, id)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "chardev '%s' already exists", id);
        return FALSE;
    }
    if (chars->in_order->len >= MAX_CHARDEVS) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "there are %u chardevs already",
                    MAX_CHARDEVS);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_members(const QhCharBackend *backend, const QhJson *data, GError **error)
{
    if (data != NULL && qh_json_get(data, "logfile") != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "logfile is not supported yet");
        return FALSE;
    }
    for (size_t i = 0; data != NULL && backend->members != NULL && i < qh_json_length(data); i++) {
        if (!g_strv_contains(backend->members, qh_json_key(data, i))) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "chardev %s has no member '%s'",
                        backend->type, qh_json_key(data, i));
            return FALSE;
        }
    }
    return TRUE;
}

/* The table and the data of a ChardevBackend; data is {} where it was left out. */
static const QhCharBackend *
read_backend(QhChars *chars, const QhJson *json, QhJson **ret_data, GError **error)
{
    if (json == NULL || qh_json_type(json) != QH_JSON_OBJECT) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "the back end is no object");
        return NULL;
    }
    const char *type = NULL;
    const QhJson *data = qh_json_get(json, "data");

    if (!qh_char_get_string(json, "type", &type, error)) {
        return NULL;
    }
    if (type == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "member 'type' is missing");
        return NULL;
    }
    const QhCharBackend *backend = qh_char_backend_find(chars, type);
    if (backend == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "there is no chardev back end '%s'", type);
        return NULL;
    }
    if (data != NULL && qh_json_type(data) != QH_JSON_OBJECT) {
        wrong_type("data", "an object", data, error);
        return NULL;
    }
    if (!check_members(backend, data, error)) {
        return NULL;
    }
    *ret_data = data != NULL ? qh_json_ref((QhJson *)data) : qh_json_new_object();
    return backend;
}

gboolean qh_chars_add(QhChars *chars, const char *id, const QhJson *json, GError **error)
{
    g_autoptr(QhJson) data = NULL;
    const QhCharBackend *backend = read_backend(chars, json, &data, error);

    if (backend == NULL || !check_id(chars, id, error)) {
        return FALSE;
    }
    QhChar *chr = qh_char_new(chars->host, id, qh_json_string(qh_json_get(json, "type")), backend);
    chr->chars = chars;
    if (!backend->open(chr, data, error)) {
        g_prefix_error(error, "cannot open chardev '%s': ", id);
        qh_char_free(chr);
        return FALSE;
    }
    g_hash_table_insert(chars->by_id, chr->id, chr);
    g_ptr_array_add(chars->in_order, chr);
    return TRUE;
}

/* Add @backend as @id; with a mux, what it shares is called ID-base, and ID is the mux. */
static gboolean
add_shared(QhChars *chars, const char *id, const QhJson *backend, gboolean mux, GError **error)
{
    if (!mux) {
        return qh_chars_add(chars, id, backend, error);
    }
    g_autofree char *base = g_strconcat(id, "-base", NULL);
    g_autoptr(QhJson) shared = qh_json_new_object();
    QhJson *data = qh_json_new_object();

    qh_json_set(data, "chardev", qh_json_new_string(base));
    qh_json_set(shared, "type", qh_json_new_string("mux"));
    qh_json_set(shared, "data", data);
    if (!qh_chars_add(chars, base, backend, error)) {
        return FALSE;
    }
    if (!qh_chars_add(chars, id, shared, error)) {
        qh_chars_remove(chars, base, NULL);
        return FALSE;
    }
    return TRUE;
}

gboolean qh_chars_add_option(QhChars *chars, const char *text, char **ret_id, GError **error)
{
    gboolean mux = FALSE;
    g_autofree char *id = NULL;
    g_autoptr(QhJson) backend = qh_char_parse_option(chars, text, &id, &mux, error);

    if (backend == NULL) {
        return FALSE;
    }
    chars->may_wait = TRUE;
    gboolean ok = add_shared(chars, id, backend, mux, error);
    chars->may_wait = FALSE;
    if (ok) {
        *ret_id = g_steal_pointer(&id);
    }
    return ok;
}

gboolean
qh_chars_add_short(QhChars *chars, const char *id, const char *text, char **ret_id, GError **error)
{
    gboolean mux = FALSE;

    if (g_str_equal(text, "none")) {
        *ret_id = NULL;
        return TRUE;
    }
    if (g_str_has_prefix(text, "chardev:")) {
        const char *other = text + strlen("chardev:");

        if (qh_chars_find(chars, other) == NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no chardev '%s'", other);
            return FALSE;
        }
        *ret_id = g_strdup(other);
        return TRUE;
    }
    g_autoptr(QhJson) backend = qh_char_parse_short(chars, text, &mux, error);
    if (backend == NULL) {
        return FALSE;
    }
    chars->may_wait = TRUE;
    gboolean ok = add_shared(chars, id, backend, mux, error);
    chars->may_wait = FALSE;
    if (ok) {
        *ret_id = g_strdup(id);
    }
    return ok;
}

gboolean qh_chars_remove(QhChars *chars, const char *id, GError **error)
{
    QhChar *chr = qh_chars_find(chars, id);

    if (chr == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no chardev '%s'", id);
        return FALSE;
    }
    if (qh_char_in_use(chr)) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "chardev '%s' is in use", id);
        return FALSE;
    }
    g_hash_table_remove(chars->by_id, id);
    g_ptr_array_remove(chars->in_order, chr);
    close_char(chr);
    return TRUE;
}

QhChar *qh_chars_find(QhChars *chars, const char *id)
{
    return g_hash_table_lookup(chars->by_id, id);
}

void qh_chars_accept_input(QhChars *chars)
{
    for (guint i = 0; i < qh_chars_length(chars); i++) {
        qh_char_accept_input(qh_chars_at(chars, i));
    }
}

void qh_chars_describe(QhChars *chars, QhJsonWriter *writer)
{
    qh_json_write_begin_array(writer);
    for (guint i = 0; i < chars->in_order->len; i++) {
        QhChar *chr = g_ptr_array_index(chars->in_order, i);
        g_autofree char *filename = qh_char_filename(chr);

        qh_json_write_begin_object(writer);
        qh_json_write_key(writer, "label");
        qh_json_write_string(writer, chr->id);
        qh_json_write_key(writer, "filename");
        qh_json_write_string(writer, filename);
        qh_json_write_key(writer, "frontend-open");
        qh_json_write_bool(writer, qh_char_in_use(chr));
        qh_json_write_end_object(writer);
    }
    qh_json_write_end_array(writer);
}
