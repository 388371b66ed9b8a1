/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/modcheck/state.h"
#include "core/jit/ir.h"
#include <string.h>

GByteArray *qh_state_save(const QhStateSubject *subject, GError **error)
{
    QhStream stream = {.mode = QH_STREAM_SAVE, .out = g_byte_array_new(), .subject = "its state"};

    subject->stream(&stream, subject->data);
    if (stream.error != NULL) {
        g_propagate_error(error, stream.error);
        g_byte_array_unref(stream.out);
        return NULL;
    }
    return stream.out;
}

static gboolean
pass(const QhStateSubject *subject, const GByteArray *saved, QhStreamMode mode, GError **error)
{
    QhStream stream = {
        .mode = mode, .at = saved->data, .limit = saved->data + saved->len, .subject = "its state"};

    subject->stream(&stream, subject->data);
    if (stream.error != NULL) {
        g_propagate_error(error, stream.error);
        return FALSE;
    }
    if (stream.at != stream.limit) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "less is read than was saved");
        return FALSE;
    }
    return TRUE;
}

gboolean qh_state_load(const QhStateSubject *subject, const GByteArray *saved, GError **error)
{
    if (!pass(subject, saved, QH_STREAM_CHECK, error) ||
        !pass(subject, saved, QH_STREAM_LOAD, error)) {
        return FALSE;
    }
    subject->loaded(subject->data);
    return TRUE;
}

gboolean qh_state_same(const GByteArray *a, const GByteArray *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

const char *
qh_state_difference(const QhStateSubject *subject, const GByteArray *a, const GByteArray *b)
{
    uint64_t at = sizeof(uint64_t); /* the number of fields comes first */

    for (uint32_t i = 0; subject->table != NULL && i < subject->table->n_fields; i++) {
        const QhStateField *field = qh_ir_slot(subject->table, i);
        uint64_t bytes = (uint64_t)MAX(field->count, 1u) * qh_ir_type_bytes(field->type);

        if ((field->flags & (QH_STATE_NOSAVE | QH_STATE_ZERO)) != 0) {
            continue;
        }
        if (at + bytes > a->len || at + bytes > b->len) {
            return NULL;
        }
        if (memcmp(a->data + at, b->data + at, bytes) != 0) {
            return field->name;
        }
        at += bytes;
    }
    return NULL;
}

void qh_state_check_round(QhTrial *trial, const QhStateSubject *subject, const char *what)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) saved = qh_state_save(subject, &error);

    if (saved == NULL) {
        qh_trial_unchecked(trial, "saving %s: %s", what, error->message);
        return;
    }
    if (!qh_state_load(subject, saved, &error)) {
        qh_trial_problem(trial, "what was saved of %s does not load: %s", what, error->message);
        return;
    }
    g_autoptr(GByteArray) again = qh_state_save(subject, &error);
    if (again == NULL) {
        qh_trial_problem(trial, "%s cannot be saved after it was loaded: %s", what, error->message);
    } else if (!qh_state_same(saved, again)) {
        const char *field = qh_state_difference(subject, saved, again);
        qh_trial_problem(trial, "%s is not the same after it was saved and loaded%s%s%s", what,
                         field != NULL ? ": field '" : "", field != NULL ? field : "",
                         field != NULL ? "' differs" : "");
    }
}
