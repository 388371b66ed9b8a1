/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the table of a slot is checked and copied. A module's pointers are believed only after they
 * were found to lie in the module's own file: tables and texts in its data, functions in its code.
 */
#ifndef QH_CORE_MODULE_INTERFACE_PRIV_H
#define QH_CORE_MODULE_INTERFACE_PRIV_H

#include "abi/property.h"
#include "abi/state.h"
#include "core/module/registry-priv.h"

/* A function pointer in a table. */
typedef struct QhMethod {
    const char *name;
    uint32_t offset;
    gboolean mandatory;
} QhMethod;

/* One version of one interface that this host serves. */
typedef struct QhInterface {
    const char *kind, *id;
    uint16_t major, minor;
    uint32_t bytes;       /* of our table */
    uint32_t first_bytes; /* of the table in minor 0: no table is shorter */
    const QhMethod *methods;
    guint n_methods;
    /* What else must hold; @ops is the copy and may be changed. */
    gboolean (*check)(QhSlot *slot, void *ops, GError **error);
} QhInterface;

extern const QhInterface qh_interfaces[];
extern const guint qh_n_interfaces;

/* Each returns FALSE with @error set when the pointer is not what it must be. @what names it. */
gboolean qh_slot_check_text(
    const QhSlot *slot, const char *text, gboolean optional, const char *what, GError **error);
gboolean qh_slot_check_code(
    const QhSlot *slot, const void *code, gboolean mandatory, const char *what, GError **error);
gboolean qh_slot_check_methods(const QhSlot *slot,
                               const void *table,
                               const QhMethod *methods,
                               guint n,
                               const char *what,
                               GError **error);
/*
 * Replace *@array, @n elements of *@stride bytes in the module, by a copy of full-size elements
 * (@bytes; an older, shorter element is extended with zeros).
 */
gboolean qh_slot_take_array(QhSlot *slot,
                            const void **array,
                            uint32_t n,
                            uint32_t *stride,
                            uint32_t bytes,
                            uint32_t first_bytes,
                            const char *what,
                            GError **error);
/* The same for one struct that begins with its size; NULL stays NULL. */
gboolean qh_slot_take_struct(QhSlot *slot,
                             const void **table,
                             uint32_t bytes,
                             uint32_t first_bytes,
                             const char *what,
                             GError **error);

/* Tables of properties and of state fields, whose offsets are of a state of @state_size bytes that
 * begins with a head of @head bytes. */
gboolean qh_slot_take_properties(QhSlot *slot,
                                 const QhPropertyTable **properties,
                                 uint32_t state_size,
                                 size_t head,
                                 GError **error);
gboolean
qh_slot_take_state(QhSlot *slot, const QhStateTable **state, uint32_t state_size, GError **error);

gboolean qh_slot_bad(const QhSlot *slot, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

#endif
