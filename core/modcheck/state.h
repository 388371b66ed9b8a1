/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a snapshot holds of one thing, as bytes that can be compared. */
#ifndef QH_CORE_MODCHECK_STATE_H
#define QH_CORE_MODCHECK_STATE_H

#include "core/modcheck/verdict.h"
#include "core/snapshot/stream.h"

typedef struct QhStateSubject {
    void (*stream)(QhStream *stream, void *data);
    void (*loaded)(void *data);
    void *data;
    const QhStateTable *table; /* of its first fields, to name what differs; NULL: not known */
} QhStateSubject;

/* NULL with @error when it cannot be saved. */
GByteArray *qh_state_save(const QhStateSubject *subject, GError **error);
gboolean qh_state_same(const GByteArray *a, const GByteArray *b);
/* The name of the field where @a and @b differ first, NULL when it is in no table. */
const char *
qh_state_difference(const QhStateSubject *subject, const GByteArray *a, const GByteArray *b);
/* Save, load what was saved, save again: a problem when that is refused or makes a difference. */
void qh_state_check_round(QhTrial *trial, const QhStateSubject *subject, const char *what);
/* Load @saved. FALSE with @error when it is refused; then nothing has changed. */
gboolean qh_state_load(const QhStateSubject *subject, const GByteArray *saved, GError **error);

#endif
