/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading entries of module notes for answers; a note may lack anything but names. */
#ifndef QH_CORE_QMP_OFFERS_H
#define QH_CORE_QMP_OFFERS_H

#include "core/module/registry.h"

/* A string member; NULL when it is absent or no string. The caller g_frees it. */
char *qh_offer_text(const QhJson *entry, const char *key);
gboolean qh_offer_int(const QhJson *entry, const char *key, int64_t *ret);
gboolean qh_offer_bool(const QhJson *entry, const char *key); /* FALSE when absent */

/*
 * The target that a command means: @asked, or the selected one; NULL for all of them. FALSE with
 * @error when no module offers @asked.
 */
gboolean
qh_target_choose(QhRegistry *registry, const char *asked, const char **ret, GError **error);
/* Member @key of what the notes say of @target ("default-machine"); NULL when it or @target is
 * absent. The caller g_frees it. [main] */
char *qh_target_text(QhRegistry *registry, const char *target, const char *key);
/* The one target that entry["targets"] names, for answers about several; NULL when it names none
 * or several. Lives as long as @entry. */
const char *qh_offer_only_target(const QhJson *entry);

/* QEMU's name for the type of CPU model @model of @target: "rv64-riscv-cpu" for the targets that
 * clients know by such names, otherwise MODEL-TARGET-cpu. The caller g_frees it. */
char *qh_cpu_type_name(const char *model, const char *target);

/* QMP's word for a QH_PROPERTY_... type: "uint32", "str". */
const char *qh_property_type_name(uint32_t type);

#endif
