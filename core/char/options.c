/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the command line's spellings to ChardevBackend, so that there is one way in. -chardev writes
 * "socket,id=c0,path=/x,server=on,wait=off"; -serial and -monitor the short forms "unix:/x,...".
 */
#include "core/char/char-priv.h"
#include "core/cli/keyval.h"

#include <string.h>

typedef enum { MEMBER_STRING, MEMBER_BOOL, MEMBER_UINT, MEMBER_SIZE } MemberType;

/* An option of a back end and the member of its data that it becomes. */
typedef struct Member {
    const char *type; /* back end */
    const char *key;
    const char *member;
    MemberType kind;
} Member;

static const Member table[] = {
    {"file",    "path",         "out",          MEMBER_STRING},
    {"file",    "input-path",   "in",           MEMBER_STRING},
    {"file",    "append",       "append",       MEMBER_BOOL  },
    {"pipe",    "path",         "device",       MEMBER_STRING},
    {"pty",     "path",         "path",         MEMBER_STRING},
    {"stdio",   "signal",       "signal",       MEMBER_BOOL  },
    {"ringbuf", "size",         "size",         MEMBER_SIZE  },
    {"memory",  "size",         "size",         MEMBER_SIZE  },
    {"mux",     "chardev",      "chardev",      MEMBER_STRING},
    {"socket",  "server",       "server",       MEMBER_BOOL  },
    {"socket",  "wait",         "wait",         MEMBER_BOOL  },
    {"socket",  "nodelay",      "nodelay",      MEMBER_BOOL  },
    {"socket",  "telnet",       "telnet",       MEMBER_BOOL  },
    {"socket",  "reconnect",    "reconnect",    MEMBER_UINT  },
    {"socket",  "reconnect-ms", "reconnect-ms", MEMBER_UINT  },
};

/* Options of a socket that become its address. */
static const Member address_table[] = {
    {"unix", "path", "path", MEMBER_STRING},
    {"fd",   "fd",   "str",  MEMBER_STRING},
    {"inet", "host", "host", MEMBER_STRING},
    {"inet", "port", "port", MEMBER_STRING},
    {"inet", "to",   "to",   MEMBER_UINT  },
    {"inet", "ipv4", "ipv4", MEMBER_BOOL  },
    {"inet", "ipv6", "ipv6", MEMBER_BOOL  },
};

const char *qh_char_option_key(const char *type, guint i, const char **ret_type)
{
    static const char *const names[] = {"string", "boolean", "number", "size"};
    gboolean socket = g_str_equal(type, "socket");

    for (guint k = 0; k < G_N_ELEMENTS(table) + G_N_ELEMENTS(address_table); k++) {
        gboolean address = k >= G_N_ELEMENTS(table);
        const Member *row = address ? &address_table[k - G_N_ELEMENTS(table)] : &table[k];

        if ((address ? socket : g_str_equal(row->type, type)) && i-- == 0) {
            *ret_type = names[row->kind];
            return row->key;
        }
    }
    return NULL;
}

static gboolean set_member(QhJson *data, const Member *row, const char *text, GError **error)
{
    gboolean flag = FALSE;
    uint64_t number = 0;
    gboolean ok = TRUE;

    switch (row->kind) {
    case MEMBER_STRING:
        qh_json_set(data, row->member, qh_json_new_string(text));
        break;
    case MEMBER_BOOL:
        ok = qh_text_bool(text, &flag, error);
        qh_json_set(data, row->member, qh_json_new_bool(flag));
        break;
    case MEMBER_UINT:
        ok = qh_text_uint(text, G_MAXUINT32, &number, error);
        qh_json_set(data, row->member, qh_json_new_uint(number));
        break;
    case MEMBER_SIZE:
        ok = qh_text_size(text, 1, &number, error);
        qh_json_set(data, row->member, qh_json_new_uint(number));
        break;
    }
    if (!ok) {
        g_prefix_error(error, "%s=%s: ", row->key, text);
    }
    return ok;
}

static const Member *find(const Member *rows, guint n, const char *type, const char *key)
{
    for (guint i = 0; i < n; i++) {
        if ((type == NULL || g_str_equal(rows[i].type, type)) && g_str_equal(rows[i].key, key)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* One option of a socket's address; all of them have to be of one kind. */
static gboolean
set_address(const char **kind, QhJson *address, const Member *row, const char *text, GError **error)
{
    if (*kind != NULL && !g_str_equal(*kind, row->type)) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "'%s' and an address of kind %s exclude each "
                    "other",
                    row->key, *kind);
        return FALSE;
    }
    *kind = row->type;
    return set_member(address, row, text, error);
}

static gboolean finish_socket(QhJson *data, const char *kind, QhJson *address, GError **error)
{
    gboolean server = FALSE;
    QhJson *addr = qh_json_new_object();

    if (kind == NULL) {
        qh_json_unref(addr);
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "one of path=, host= and port=, or fd= is needed");
        return FALSE;
    }
    if (g_str_equal(kind, "inet") && qh_json_get(address, "host") == NULL) {
        qh_json_set(address, "host", qh_json_new_string(""));
    }
    qh_json_set(addr, "type", qh_json_new_string(kind));
    qh_json_set(addr, "data", qh_json_ref(address));
    qh_json_set(data, "addr", addr);
    /* QMP's defaults differ: there a socket is a server, and does not wait */
    if (!qh_char_get_bool(data, "server", &server, error)) {
        return FALSE;
    }
    qh_json_set(data, "server", qh_json_new_bool(server));
    if (server && qh_json_get(data, "wait") == NULL) {
        qh_json_set(data, "wait", qh_json_new_bool(TRUE));
    }
    return TRUE;
}

/* "nowait" and "delay" are old spellings of wait=off and nodelay. */
static gboolean
old_spelling(QhJson *data, const char *key, const char *value, gboolean *ret_known, GError **error)
{
    gboolean on = FALSE;

    *ret_known = g_str_equal(key, "nowait") || g_str_equal(key, "delay");
    if (!*ret_known) {
        return TRUE;
    }
    if (!qh_text_bool(value, &on, error)) {
        g_prefix_error(error, "%s=%s: ", key, value);
        return FALSE;
    }
    qh_json_set(data, g_str_equal(key, "delay") ? "nodelay" : "wait", qh_json_new_bool(!on));
    return TRUE;
}

static gboolean set_item(const char *type,
                         const char *key,
                         const char *value,
                         QhJson *data,
                         const char **kind,
                         QhJson *address,
                         GError **error)
{
    gboolean socket = g_str_equal(type, "socket");
    const Member *row = find(table, G_N_ELEMENTS(table), type, key);
    gboolean known = FALSE;

    if (row != NULL) {
        return set_member(data, row, value, error);
    }
    row = socket ? find(address_table, G_N_ELEMENTS(address_table), NULL, key) : NULL;
    if (row != NULL) {
        return set_address(kind, address, row, value, error);
    }
    if (socket && !old_spelling(data, key, value, &known, error)) {
        return FALSE;
    }
    if (!known) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "chardev %s has no option '%s'", type, key);
    }
    return known;
}

/* The back end that @items behind the first one describe. A module's back end gets its options as
 * they were written. */
static QhJson *build(QhChars *chars,
                     const char *type,
                     const QhKeyval *items,
                     char **ret_id,
                     gboolean *ret_mux,
                     GError **error)
{
    g_autoptr(QhJson) backend = qh_json_new_object();
    g_autoptr(QhJson) address = qh_json_new_object();
    QhJson *data = qh_json_new_object();
    gboolean module = qh_char_backend_find(chars, type) == &qh_char_module;
    const char *kind = NULL;

    qh_json_set(backend, "type", qh_json_new_string(type));
    qh_json_set(backend, "data", data);
    for (guint i = 1; i < qh_keyval_length(items); i++) {
        const char *key = qh_keyval_key(items, i);
        const char *value = qh_keyval_value(items, i);

        if (g_str_equal(key, "id") && ret_id != NULL) {
            g_free(*ret_id);
            *ret_id = g_strdup(value);
        } else if (g_str_equal(key, "mux")) {
            if (!qh_text_bool(value, ret_mux, error)) {
                g_prefix_error(error, "mux=%s: ", value);
                return NULL;
            }
        } else if (module) {
            qh_json_set(data, key, qh_json_new_string(value));
        } else if (!set_item(type, key, value, data, &kind, address, error)) {
            return NULL;
        }
    }
    if (g_str_equal(type, "socket") && !finish_socket(data, kind, address, error)) {
        return NULL;
    }
    return g_steal_pointer(&backend);
}

QhJson *qh_char_parse_option(
    QhChars *chars, const char *text, char **ret_id, gboolean *ret_mux, GError **error)
{
    g_autoptr(QhKeyval) items = qh_keyval_parse(text, "backend", error);

    if (items == NULL) {
        return NULL;
    }
    if (qh_keyval_length(items) == 0 || !g_str_equal(qh_keyval_key(items, 0), "backend")) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "the back end's name comes first");
        return NULL;
    }
    const char *type = qh_keyval_value(items, 0);
    if (qh_char_backend_find(chars, type) == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "there is no chardev back end '%s'\n-chardev help lists them", type);
        return NULL;
    }
    QhJson *backend = build(chars, type, items, ret_id, ret_mux, error);
    if (backend != NULL && *ret_id == NULL) {
        g_clear_pointer(&backend, qh_json_unref);
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "'id' is missing");
    }
    return backend;
}

/* "HOST:PORT" or "[V6]:PORT", with the options behind it, as -chardev would say it. */
static char *inet_option(const char *text, const char *more, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 2);
    const char *address = parts[0] != NULL ? parts[0] : "";
    const char *colon = strrchr(address, ':');
    gsize skip = *address == '[' ? 1 : 0;

    if (colon == NULL || colon[1] == '\0' ||
        (skip == 1 && (colon < address + 2 || colon[-1] != ']'))) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "'%s' is not HOST:PORT", address);
        return NULL;
    }
    g_autofree char *host = g_strndup(address + skip, colon - address - 2 * skip);
    gboolean rest = parts[0] != NULL && parts[1] != NULL;

    return g_strdup_printf("socket,host=%s,port=%s%s%s%s", host, colon + 1, more, rest ? "," : "",
                           rest ? parts[1] : "");
}

/* A short form in -chardev's words, without an id. */
static char *long_form(const char *text, GError **error)
{
    static const struct {
        const char *head, *becomes;
    } forms[] = {
        {"unix:", "socket,path="},
        {"file:", "file,path="  },
        {"pipe:", "pipe,path="  },
        {"pty:",  "pty,path="   },
        {"fd:",   "socket,fd="  },
    };

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_str_has_prefix(text, forms[i].head)) {
            return g_strconcat(forms[i].becomes, text + strlen(forms[i].head), NULL);
        }
    }
    if (g_str_has_prefix(text, "tcp:")) {
        return inet_option(text + strlen("tcp:"), "", error);
    }
    if (g_str_has_prefix(text, "telnet:")) {
        return inet_option(text + strlen("telnet:"), ",telnet=on", error);
    }
    if (strchr(text, ':') != NULL && strchr(text, ':') < text + strcspn(text, ",")) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "'%s' is no back end; there are stdio, pty, null, none, file:, pipe:, unix:, "
                    "tcp:, telnet:, chardev: and mon:",
                    text);
        return NULL;
    }
    return g_strdup(text);
}

QhJson *qh_char_parse_short(QhChars *chars, const char *text, gboolean *ret_mux, GError **error)
{
    gboolean shared = g_str_has_prefix(text, "mon:");
    g_autofree char *words = long_form(shared ? text + strlen("mon:") : text, error);
    g_autoptr(QhKeyval) items = words != NULL ? qh_keyval_parse(words, "backend", error) : NULL;

    if (items == NULL) {
        return NULL;
    }
    const char *type = qh_keyval_get(items, "backend");
    if (type == NULL || qh_char_backend_find(chars, type) == NULL || g_str_equal(type, "mux")) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "'%s' is no back end; there are stdio, pty, null, none, file:, pipe:, unix:, "
                    "tcp:, telnet:, chardev: and mon:",
                    type != NULL ? type : text);
        return NULL;
    }
    QhJson *backend = build(chars, type, items, NULL, ret_mux, error);
    if (backend != NULL && shared) {
        *ret_mux = TRUE;
        /* the guest gets Ctrl-C; the monitor's escape leaves */
        if (g_str_equal(type, "stdio")) {
            QhJson *data = qh_json_new_object();

            qh_json_set(data, "signal", qh_json_new_bool(FALSE));
            qh_json_set(backend, "data", data);
        }
    }
    return backend;
}
