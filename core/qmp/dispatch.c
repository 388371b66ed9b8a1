/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command is looked up in the generated table, its arguments are read into the generated struct,
 * and its body is run: the function of that name in commands-*.c, or the module that fills its
 * slot. There is one path for both, and one error when nobody fills the slot.
 */
#include "core/qmp/dispatch.h"
#include "abi/command.h"
#include "core/module/registry.h"
#include "core/qmp/qmp-priv.h"
#include "qapi/qapi-commands-control.h"
#include "qapi/qapi-tables.h"
#include <stdlib.h>
#include <string.h>

#define SHOWN_BYTES 128 /* of a client's text in an error */

static int compare_command(const void *name, const void *row)
{
    return strcmp(name, ((const QhQapiCommand *)row)->name);
}

static int compare_event(const void *name, const void *row)
{
    return strcmp(name, ((const QhQapiEvent *)row)->name);
}

const QhQapiCommand *qh_qapi_find_command(const char *name)
{
    return bsearch(name, qh_qapi_commands, qh_qapi_n_commands, sizeof(QhQapiCommand),
                   compare_command);
}

const QhQapiEvent *qh_qapi_find_event(const char *name)
{
    return bsearch(name, qh_qapi_events, qh_qapi_n_events, sizeof(QhQapiEvent), compare_event);
}

static gboolean bad_request(GError **error, const char *format, const char *key)
{
    g_autofree char *shown = g_strndup(key, SHOWN_BYTES);
    g_autofree char *text = g_strdup_printf("QMP input member '%s' %s", shown, format);

    g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, text);
    return FALSE;
}

static gboolean take_member(QhRequestHead *head,
                            const char *key,
                            const QhJson *value,
                            const QhNegotiation *negotiation,
                            GError **error)
{
    gboolean oob = strcmp(key, "exec-oob") == 0;

    if (strcmp(key, "id") == 0) {
        return TRUE;
    }
    if (strcmp(key, "arguments") == 0) {
        head->args = value;
        return qh_json_type(value) == QH_JSON_OBJECT ||
               bad_request(error, "must be an object", key);
    }
    if (strcmp(key, "execute") != 0 && !(oob && negotiation->oob)) {
        return bad_request(error, "is unexpected", key);
    }
    if (qh_json_type(value) != QH_JSON_STRING) {
        return bad_request(error, "must be a string", key);
    }
    if (head->name != NULL) {
        return bad_request(error, "clashes with 'exec-oob'", "execute");
    }
    head->name = qh_json_string(value);
    head->oob = oob;
    return TRUE;
}

gboolean qh_request_parse(const QhJson *request,
                          const QhNegotiation *negotiation,
                          QhRequestHead *head,
                          GError **error)
{
    *head = (QhRequestHead){0};
    if (qh_json_type(request) != QH_JSON_OBJECT) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "QMP input must be a JSON object");
        return FALSE;
    }
    head->id = qh_json_get(request, "id");
    for (size_t i = 0; i < qh_json_length(request); i++) {
        if (!take_member(head, qh_json_key(request, i), qh_json_value(request, i), negotiation,
                         error)) {
            head->name = NULL;
            return FALSE;
        }
    }
    if (head->name == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "QMP input lacks member 'execute'");
        return FALSE;
    }
    return TRUE;
}

static gboolean
negotiate(QhNegotiation *negotiation, const QhQmpQmpCapabilitiesArgs *args, GError **error)
{
    if (negotiation->done) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_NO_COMMAND,
                            "Capabilities negotiation is already complete, command ignored");
        return FALSE;
    }
    for (size_t i = 0; i < args->enable.n; i++) {
        if (args->enable.items[i] == QH_QMP_QMPCAPABILITY_OOB) {
            negotiation->oob = TRUE;
        }
    }
    negotiation->done = TRUE;
    return TRUE;
}

/* The body is in a module. */
static gboolean
run_slot(QhHost *host, const QhQapiCommand *command, const void *args, void *ret, GError **error)
{
    QhSlotRef ref;

    if (!qh_registry_acquire(qh_host_registry(host), "command", command->slot, &ref, error)) {
        return FALSE;
    }
    const QhCommandOps *ops = ref.ops;
    gboolean ok = FALSE;
    if (g_strcmp0(ops->digest, command->digest) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE,
                    "running '%s': the module was built for other arguments of this command",
                    command->name);
    } else {
        ok = ops->run(ref.ctx, args, ret, error);
        if (!ok && error != NULL && *error == NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "'%s' failed", command->name);
        }
    }
    qh_slot_release(&ref);
    return ok;
}

/* Run @command with @args and write what it returns. */
static gboolean run(QhHost *host,
                    const QhQapiCommand *command,
                    const void *args,
                    QhNegotiation *negotiation,
                    QhJsonWriter *writer,
                    GError **error)
{
    g_autofree void *ret = command->ret != NULL ? g_malloc0(command->ret->size) : NULL;
    gboolean ok;

    if (command->slot != NULL) {
        ok = run_slot(host, command, args, ret, error);
    } else if (command->run != NULL) {
        ok = command->run(host, args, ret, error);
    } else {
        ok = negotiate(negotiation, args, error);
    }
    if (ok) {
        qh_json_write_key(writer, "return");
        if (ret != NULL) {
            qh_qapi_write(command->ret, ret, writer);
        } else {
            qh_json_write_begin_object(writer);
            qh_json_write_end_object(writer);
        }
    }
    if (ret != NULL) {
        qh_qapi_clear(command->ret, ret);
    }
    return ok;
}

static gboolean run_open(QhHost *host,
                         const QhQapiCommand *command,
                         const QhJson *args,
                         QhJsonWriter *writer,
                         GError **error)
{
    g_autoptr(QhJson) none = args == NULL ? qh_json_new_object() : NULL;

    if (!command->open(host, args != NULL ? args : none, error)) {
        return FALSE;
    }
    qh_json_write_key(writer, "return");
    qh_json_write_begin_object(writer);
    qh_json_write_end_object(writer);
    return TRUE;
}

static gboolean check_command(const QhRequestHead *head,
                              const QhQapiCommand *command,
                              const QhNegotiation *negotiation,
                              GError **error)
{
    if (!negotiation->done && (command == NULL || strcmp(head->name, "qmp_capabilities") != 0)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_NO_COMMAND,
                            "Expecting capabilities negotiation with 'qmp_capabilities'");
        return FALSE;
    }
    if (command == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NO_COMMAND, "The command %.*s has not been found",
                    SHOWN_BYTES, head->name);
        return FALSE;
    }
    if (head->oob && !(command->flags & QH_QAPI_OOB)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "The command %s does not support OOB",
                    head->name);
        return FALSE;
    }
    return TRUE;
}

static gboolean execute(QhHost *host,
                        const QhRequestHead *head,
                        QhNegotiation *negotiation,
                        QhJsonWriter *writer,
                        GError **error)
{
    const QhQapiCommand *command = qh_qapi_find_command(head->name);
    const QhQapiType *type = command != NULL ? command->args : NULL;

    if (!check_command(head, command, negotiation, error)) {
        return FALSE;
    }
    if (command->open != NULL) {
        return run_open(host, command, head->args, writer, error);
    }
    if (type == NULL) {
        if (head->args != NULL && qh_json_length(head->args) > 0) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Parameter '%.*s' is unexpected",
                        SHOWN_BYTES, qh_json_key(head->args, 0));
            return FALSE;
        }
        return run(host, command, NULL, negotiation, writer, error);
    }
    g_autofree void *args = g_malloc0(type->size);
    if (!qh_qapi_read(type, head->args, args, error)) {
        return FALSE;
    }
    gboolean ok = run(host, command, args, negotiation, writer, error);
    qh_qapi_clear(type, args);
    return ok;
}

static const char *class_of(const GError *error)
{
    if (error->domain == QH_ERROR) {
        switch (error->code) {
        case QH_ERROR_NO_COMMAND:
            return "CommandNotFound";
        case QH_ERROR_NO_DEVICE:
            return "DeviceNotFound";
        case QH_ERROR_NOT_ACTIVE:
            return "DeviceNotActive";
        }
    }
    return "GenericError";
}

static void write_string_or_null(QhJsonWriter *writer, const char *key, const char *value)
{
    qh_json_write_key(writer, key);
    if (value != NULL) {
        qh_json_write_string(writer, value);
    } else {
        qh_json_write_null(writer);
    }
}

static void write_error(QhJsonWriter *writer, const GError *error)
{
    const QhAbsence *absence = qh_absence_of_error(error);

    qh_json_write_key(writer, "error");
    qh_json_write_begin_object(writer);
    qh_json_write_key(writer, "class");
    qh_json_write_string(writer, class_of(error));
    qh_json_write_key(writer, "desc");
    qh_json_write_string(writer, error->message);
    if (absence != NULL) {
        qh_json_write_key(writer, "data");
        qh_json_write_begin_object(writer);
        write_string_or_null(writer, "slot", absence->slot);
        write_string_or_null(writer, "target", absence->target);
        write_string_or_null(writer, "module", absence->module);
        write_string_or_null(writer, "package", absence->package);
        write_string_or_null(writer, "reason", absence->reason);
        qh_json_write_end_object(writer);
    }
    qh_json_write_end_object(writer);
}

/* The line, with room for its end. */
static char *finish(QhJsonWriter *writer, size_t *ret_length)
{
    qh_json_write_end_object(writer);
    char *text = qh_json_writer_steal(writer, ret_length);
    return g_realloc(text, *ret_length + 3);
}

/* query-qmp-schema: the bytes are ready, so the reply is put together by hand. */
static char *schema_reply(const QhJson *id, size_t *ret_length)
{
    GString *text = g_string_sized_new(qh_qapi_introspection_bytes + 64);

    g_string_append(text, "{\"return\": ");
    g_string_append_len(text, qh_qapi_introspection, qh_qapi_introspection_bytes);
    if (id != NULL) {
        g_autofree char *id_text = qh_json_to_text(id);
        g_string_append(text, ", \"id\": ");
        g_string_append(text, id_text);
    }
    g_string_append_c(text, '}');
    *ret_length = text->len;
    return g_realloc(g_string_free(text, FALSE), *ret_length + 3);
}

static gboolean is_schema_query(const QhRequestHead *head, const QhNegotiation *negotiation)
{
    return negotiation->done && strcmp(head->name, "query-qmp-schema") == 0 && !head->oob &&
           (head->args == NULL || qh_json_length(head->args) == 0);
}

char *
qh_dispatch(QhHost *host, const QhJson *request, QhNegotiation *negotiation, size_t *ret_length)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();
    g_autoptr(GError) error = NULL;
    QhRequestHead head;

    gboolean ok = qh_request_parse(request, negotiation, &head, &error);
    if (ok && is_schema_query(&head, negotiation)) {
        return schema_reply(head.id, ret_length);
    }
    qh_json_write_begin_object(writer);
    if (!ok || !execute(host, &head, negotiation, writer, &error)) {
        write_error(writer, error);
    } else if (qh_session_answers_later(qh_qmp_current(qh_host_qmp(host)))) {
        return NULL;
    }
    if (head.id != NULL) {
        qh_json_write_key(writer, "id");
        qh_json_write_value(writer, head.id);
    }
    return finish(writer, ret_length);
}

char *qh_dispatch_error(const GError *error, size_t *ret_length)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_json_write_begin_object(writer);
    write_error(writer, error);
    return finish(writer, ret_length);
}

char *qh_dispatch_late(const QhJson *id, const GError *error, size_t *ret_length)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_json_write_begin_object(writer);
    if (error != NULL) {
        write_error(writer, error);
    } else {
        qh_json_write_key(writer, "return");
        qh_json_write_begin_object(writer);
        qh_json_write_end_object(writer);
    }
    if (id != NULL) {
        qh_json_write_key(writer, "id");
        qh_json_write_value(writer, id);
    }
    return finish(writer, ret_length);
}

char *qh_greeting(QhHost *host, size_t *ret_length)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();
    QhQmpVersionInfo version;

    qh_qmp_query_version(host, &version, NULL);
    qh_json_write_begin_object(writer);
    qh_json_write_key(writer, "QMP");
    qh_json_write_begin_object(writer);
    qh_json_write_key(writer, "version");
    qh_qapi_write(&qh_qapi_VersionInfo, &version, writer);
    qh_json_write_key(writer, "capabilities");
    qh_json_write_begin_array(writer);
    qh_json_write_string(writer, "oob");
    qh_json_write_end_array(writer);
    qh_json_write_key(writer, "schema");
    qh_json_write_string(writer, qh_qapi_digest);
    write_string_or_null(writer, "modules", qh_registry_fingerprint(qh_host_registry(host)));
    qh_json_write_end_object(writer);
    qh_qapi_clear(&qh_qapi_VersionInfo, &version);
    return finish(writer, ret_length);
}
