/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/module/note.h"
#include <string.h>

static const QhJsonLimits note_limits = {
    .token_bytes = 64u << 10, .value_bytes = 1u << 20, .nesting = 16, .tokens = 64u << 10};

/* The kinds an offer may have. "cpu-model" describes and fills no slot of its own. */
static const char *const kinds[] = {"target",  "cpu-model", "machine", "device",
                                    "chardev", "command",   "gdb",     "netdev",
                                    "object",  "display",   "block"};

gboolean
qh_module_refuse(QhRefusal *ret, QhRefusal refusal, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);

    *ret = refusal;
    g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE, text);
    return FALSE;
}

/* Letters, digits and . _ + -, not beginning with a dot: a name is also a file name and a word. */
static gboolean is_name(const char *name)
{
    if (name == NULL || !g_ascii_isalnum(name[0]) || strlen(name) > 63) {
        return FALSE;
    }
    for (const char *at = name; *at != '\0'; at++) {
        if (!g_ascii_isalnum(*at) && strchr("._+-", *at) == NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

static const char *get_string(const QhJson *object, const char *key)
{
    const QhJson *value = qh_json_get(object, key);

    return value != NULL && qh_json_type(value) == QH_JSON_STRING ? qh_json_string(value) : NULL;
}

static gboolean get_version(const QhJson *value, uint16_t *ret_major, uint16_t *ret_minor)
{
    uint64_t major, minor;

    if (value == NULL || qh_json_type(value) != QH_JSON_ARRAY || qh_json_length(value) != 2 ||
        !qh_json_uint(qh_json_at(value, 0), &major) ||
        !qh_json_uint(qh_json_at(value, 1), &minor) || major > UINT16_MAX || minor > UINT16_MAX) {
        return FALSE;
    }
    *ret_major = (uint16_t)major;
    *ret_minor = (uint16_t)minor;
    return TRUE;
}

static gboolean is_object(const QhJson *value)
{
    return value != NULL && qh_json_type(value) == QH_JSON_OBJECT;
}

static gboolean check_entry(const char *kind, const QhJson *entry, QhRefusal *ret, GError **error)
{
    const QhJson *targets = is_object(entry) ? qh_json_get(entry, "targets") : NULL;
    gboolean per_target = strcmp(kind, "machine") == 0 || strcmp(kind, "cpu-model") == 0;

    if (!is_object(entry) || !is_name(get_string(entry, "name"))) {
        return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                "its note offers a %s without a proper name", kind);
    }
    if (targets == NULL) {
        return !per_target || qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                               "its note offers %s '%s' for no target", kind,
                                               get_string(entry, "name"));
    }
    gboolean good = qh_json_type(targets) == QH_JSON_ARRAY;
    for (size_t i = 0; good && i < qh_json_length(targets); i++) {
        const QhJson *target = qh_json_at(targets, i);
        good = qh_json_type(target) == QH_JSON_STRING && is_name(qh_json_string(target));
    }
    return good || qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                    "its note offers %s '%s' for targets that are no names", kind,
                                    get_string(entry, "name"));
}

static gboolean check_offers(const QhJson *offers, QhRefusal *ret, GError **error)
{
    for (size_t i = 0; i < qh_json_length(offers); i++) {
        const char *kind = qh_json_key(offers, i);
        const QhJson *entries = qh_json_value(offers, i);
        gboolean known = FALSE;

        for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
            known = known || strcmp(kind, kinds[k]) == 0;
        }
        if (!known) {
            return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                    "its note offers a '%.63s', which this host has no slot for",
                                    kind);
        }
        if (qh_json_type(entries) != QH_JSON_ARRAY) {
            return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                    "offers.%s of its note is no array", kind);
        }
        for (size_t n = 0; n < qh_json_length(entries); n++) {
            if (!check_entry(kind, qh_json_at(entries, n), ret, error)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

static gboolean check_needs(const QhJson *needs, QhRefusal *ret, GError **error)
{
    for (size_t i = 0; i < qh_json_length(needs); i++) {
        uint16_t major, minor;
        if (!get_version(qh_json_value(needs, i), &major, &minor)) {
            return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                    "needs.%.63s of its note is no version", qh_json_key(needs, i));
        }
    }
    return TRUE;
}

/* "buses" is beside "offers" and not in it: it fills no slot, and a host that does not know it goes
 * without. */
static gboolean check_buses(const QhJson *buses, QhRefusal *ret, GError **error)
{
    gboolean good = buses == NULL || is_object(buses);

    for (size_t i = 0; good && buses != NULL && i < qh_json_length(buses); i++) {
        const QhJson *rows = qh_json_value(buses, i);

        good = qh_json_type(rows) == QH_JSON_ARRAY;
        for (size_t n = 0; good && n < qh_json_length(rows); n++) {
            const QhJson *row = qh_json_at(rows, n);

            good = is_object(row) && get_string(row, "name") != NULL;
        }
    }
    return good || qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                    "buses of its note is no object of arrays of properties");
}

/* A property of @entry that is a number stands for that row of the note's table. FALSE: no such, or
 * it is no property at all. */
static gboolean take_rows(QhJson *entry, const QhJson *rows)
{
    const QhJson *written = qh_json_get(entry, "properties");
    QhJson *full = qh_json_new_array();
    gboolean good = qh_json_type(written) == QH_JSON_ARRAY;

    for (size_t i = 0; good && i < qh_json_length(written); i++) {
        const QhJson *item = qh_json_at(written, i);
        uint64_t row;

        if (qh_json_uint(item, &row)) {
            item = rows != NULL && row < qh_json_length(rows) ? qh_json_at(rows, row) : NULL;
        }
        good = is_object(item) && get_string(item, "name") != NULL;
        if (good) {
            qh_json_append(full, qh_json_ref((QhJson *)item));
        }
    }
    qh_json_set(entry, "properties", full);
    return good;
}

/* Nobody else has seen the tree yet, so that it may be changed. */
static gboolean expand(QhNote *note, QhRefusal *ret, GError **error)
{
    static const char *const with_properties[] = {"device", "object", "machine", "target"};
    const QhJson *rows = qh_json_get(note->json, "properties");
    gboolean good = rows == NULL || qh_json_type(rows) == QH_JSON_ARRAY;

    for (guint k = 0; k < G_N_ELEMENTS(with_properties); k++) {
        const QhJson *entries = qh_note_offers(note->offers, with_properties[k]);

        for (size_t i = 0; good && entries != NULL && i < qh_json_length(entries); i++) {
            QhJson *entry = (QhJson *)qh_json_at(entries, i);

            good = qh_json_get(entry, "properties") == NULL || take_rows(entry, rows);
        }
    }
    return good || qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                    "its note lists properties that are not there");
}

static gboolean fill(QhNote *note, QhRefusal *ret, GError **error)
{
    int64_t format = 0;

    if (!is_object(note->json) || qh_json_get(note->json, "format") == NULL ||
        !qh_json_int(qh_json_get(note->json, "format"), &format) || format != 1) {
        return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                "the format of its note is %" G_GINT64_FORMAT ", not 1", format);
    }
    note->name = get_string(note->json, "name");
    note->version = get_string(note->json, "version");
    note->license = get_string(note->json, "license");
    note->package = get_string(note->json, "package");
    note->needs = qh_json_get(note->json, "needs");
    note->offers = qh_json_get(note->json, "offers");
    note->buses = qh_json_get(note->json, "buses");
    if (!is_name(note->name)) {
        return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                "its note gives it no proper name");
    }
    if (note->version == NULL || note->license == NULL || !is_object(note->needs) ||
        !is_object(note->offers)) {
        return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                "its note lacks version, license, needs or offers");
    }
    if (!get_version(qh_json_get(note->json, "abi"), &note->abi_major, &note->abi_minor)) {
        return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error, "its note has no ABI version");
    }
    /* What another ABI version offers is not for this host to judge. */
    return note->abi_major != QH_ABI_MAJOR || note->abi_minor > QH_ABI_MINOR ||
           (check_needs(note->needs, ret, error) && check_offers(note->offers, ret, error) &&
            check_buses(note->buses, ret, error) && expand(note, ret, error));
}

QhNote *qh_note_parse(const char *text, size_t bytes, QhRefusal *ret_refusal, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(QhNote) note = g_new0(QhNote, 1);

    note->json = qh_json_parse(text, (gssize)bytes, &note_limits, &why);
    if (note->json == NULL) {
        qh_module_refuse(ret_refusal, QH_REFUSED_NOT_A_MODULE, error, "its note is damaged: %s",
                         why->message);
        return NULL;
    }
    note->text = g_strndup(text, bytes);
    return fill(note, ret_refusal, error) ? g_steal_pointer(&note) : NULL;
}

void qh_note_free(QhNote *note)
{
    if (note != NULL) {
        qh_json_unref(note->json);
        g_free(note->text);
        g_free(note);
    }
}

gboolean qh_note_check_abi(const QhNote *note, QhRefusal *ret_refusal, GError **error)
{
    gboolean newer = note->abi_major > QH_ABI_MAJOR ||
                     (note->abi_major == QH_ABI_MAJOR && note->abi_minor > QH_ABI_MINOR);

    if (note->abi_major == QH_ABI_MAJOR && !newer) {
        return TRUE;
    }
    return qh_module_refuse(ret_refusal, newer ? QH_REFUSED_ABI_TOO_NEW : QH_REFUSED_ABI_TOO_OLD,
                            error, "it needs ABI %u.%u, this host has %d.%d", note->abi_major,
                            note->abi_minor, QH_ABI_MAJOR, QH_ABI_MINOR);
}

const QhJson *qh_note_offers(const QhJson *offers, const char *kind)
{
    const QhJson *entries = is_object(offers) ? qh_json_get(offers, kind) : NULL;

    return entries != NULL && qh_json_type(entries) == QH_JSON_ARRAY ? entries : NULL;
}

static void each_target_slot(const QhJson *entry, QhNoteSlotFn fn, void *data)
{
    const char *name = get_string(entry, "name");

    fn("target", name, entry, data);
    fn("cpu", name, entry, data);
    fn("translator", name, entry, data);
}

static void each_machine_slot(const QhJson *entry, QhNoteSlotFn fn, void *data)
{
    const QhJson *targets = qh_json_get(entry, "targets");

    for (size_t i = 0; targets != NULL && i < qh_json_length(targets); i++) {
        g_autofree char *name = g_strdup_printf("%s:%s", qh_json_string(qh_json_at(targets, i)),
                                                get_string(entry, "name"));
        fn("machine", name, entry, data);
    }
}

void qh_note_foreach_slot(const QhJson *offers, QhNoteSlotFn fn, void *data)
{
    for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
        const QhJson *entries = qh_note_offers(offers, kinds[k]);
        for (size_t i = 0; entries != NULL && i < qh_json_length(entries); i++) {
            const QhJson *entry = qh_json_at(entries, i);
            if (strcmp(kinds[k], "target") == 0) {
                each_target_slot(entry, fn, data);
            } else if (strcmp(kinds[k], "machine") == 0) {
                each_machine_slot(entry, fn, data);
            } else if (strcmp(kinds[k], "cpu-model") != 0) {
                fn(kinds[k], get_string(entry, "name"), entry, data);
            }
        }
    }
}

typedef struct Wanted {
    const char *kind, *name;
    const QhJson *found;
} Wanted;

static void compare(const char *kind, const char *name, const QhJson *entry, void *data)
{
    Wanted *wanted = data;

    if (strcmp(kind, wanted->kind) == 0 && strcmp(name, wanted->name) == 0) {
        wanted->found = entry;
    }
}

const QhJson *qh_note_find(const QhJson *offers, const char *kind, const char *name)
{
    Wanted wanted = {.kind = kind, .name = name};

    qh_note_foreach_slot(offers, compare, &wanted);
    return wanted.found;
}

gboolean qh_note_lists(const QhJson *listed, const QhPropertyTable *table)
{
    uint32_t n = table != NULL ? table->n_properties : 0;
    gboolean good = qh_json_type(listed) == QH_JSON_ARRAY && qh_json_length(listed) == n;

    for (uint32_t p = 0; good && p < n; p++) {
        gboolean found = FALSE;

        for (size_t i = 0; i < qh_json_length(listed) && !found; i++) {
            const QhJson *item = qh_json_at(listed, i);

            found = is_object(item) &&
                    g_strcmp0(get_string(item, "name"), table->properties[p].name) == 0 &&
                    (get_string(item, "values") == NULL ||
                     g_strcmp0(get_string(item, "values"), table->properties[p].values) == 0);
        }
        good = found;
    }
    return good;
}
