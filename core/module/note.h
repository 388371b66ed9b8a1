/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The note of a module file: its JSON, checked, and the few members that the loader needs. */
#ifndef QH_CORE_MODULE_NOTE_H
#define QH_CORE_MODULE_NOTE_H

#include "abi/property.h"
#include "core/module/registry.h"

typedef struct QhNote {
    QhJson *json;
    char *text; /* the bytes of the file, for comparison and the fingerprint */
    const char *name, *version, *license, *package; /* inside json; package may be NULL */
    uint16_t abi_major, abi_minor;
    const QhJson *needs, *offers;
    const QhJson *buses; /* kind of bus -> array of properties; NULL: the note lists none */
} QhNote;

/*
 * Take a note's text apart. NULL with @error (the reason alone) and *@ret_refusal set, when it is
 * not JSON, lacks a member, has a member of the wrong type, or offers what this host has no slot
 * for. The ABI version is not compared. [any]
 */
QhNote *qh_note_parse(const char *text, size_t bytes, QhRefusal *ret_refusal, GError **error);
void qh_note_free(QhNote *note);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhNote, qh_note_free)

/* Whether the ABI version fits this host; FALSE with @error naming both versions. [any] */
gboolean qh_note_check_abi(const QhNote *note, QhRefusal *ret_refusal, GError **error);

/* The entries offers[kind]: an array, or NULL when there are none. */
const QhJson *qh_note_offers(const QhJson *offers, const char *kind);

/*
 * Calls @fn with each slot that @offers promises, @kind and @name as a transaction spells them:
 * a target stands for "target", "cpu" and "translator", a machine for one slot a target.
 */
typedef void (*QhNoteSlotFn)(const char *kind, const char *name, const QhJson *entry, void *data);
void qh_note_foreach_slot(const QhJson *offers, QhNoteSlotFn fn, void *data);

/* Whether @listed, an array of objects with names, names exactly what @table has, and no values
 * that it has not. [any] */
gboolean qh_note_lists(const QhJson *listed, const QhPropertyTable *table);

/* The entry that promises slot @kind/@name, NULL if there is none. */
const QhJson *qh_note_find(const QhJson *offers, const char *kind, const char *name);

/* How the parts of the loader say why a file is no good: *@ret is @refusal, and @error the text.
 * Returns FALSE. [any] */
gboolean
qh_module_refuse(QhRefusal *ret, QhRefusal refusal, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

#endif
