/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/module/interface-priv.h"
#include <string.h>

#define TABLE_MAX 65535u /* bytes of a table; bytes of an element */
#define ARRAY_MAX 65536u /* elements */
#define TEXT_MAX  4096u
#define TEXT_STEP 64u /* most texts end within; only near the end of a segment it goes by bytes */

gboolean qh_slot_bad(const QhSlot *slot, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);

    g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "slot '%s/%s': %s", slot->kind, slot->name, text);
    return FALSE;
}

static gboolean inside(const QhSlot *slot, const void *pointer, uint64_t bytes, gboolean code)
{
    const QhLoadedModule *module = slot->module;
    uint64_t address = (uint64_t)((uintptr_t)pointer - (uintptr_t)module->base);

    return qh_elf_inside(&module->elf, address, bytes, code);
}

gboolean qh_slot_check_text(
    const QhSlot *slot, const char *text, gboolean optional, const char *what, GError **error)
{
    if (text == NULL) {
        return optional || qh_slot_bad(slot, error, "%s is missing", what);
    }
    for (uint32_t i = 0, step; i < TEXT_MAX; i += step) {
        step = inside(slot, text + i, TEXT_STEP, FALSE) ? TEXT_STEP : 1;
        if (step == 1 && !inside(slot, text + i, 1, FALSE)) {
            return qh_slot_bad(slot, error, "%s lies outside the module's file", what);
        }
        if (memchr(text + i, '\0', step) != NULL) {
            return text[0] != '\0' || optional || qh_slot_bad(slot, error, "%s is empty", what);
        }
    }
    return qh_slot_bad(slot, error, "%s is longer than %u bytes", what, TEXT_MAX);
}

gboolean qh_slot_check_code(
    const QhSlot *slot, const void *code, gboolean mandatory, const char *what, GError **error)
{
    if (code == NULL) {
        return !mandatory || qh_slot_bad(slot, error, "mandatory method '%s' is missing", what);
    }
    return inside(slot, code, 1, TRUE) ||
           qh_slot_bad(slot, error, "method '%s' lies outside the module's code", what);
}

gboolean qh_slot_check_methods(const QhSlot *slot,
                               const void *table,
                               const QhMethod *methods,
                               guint n,
                               const char *what,
                               GError **error)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *name = g_strconcat(what, methods[i].name, NULL);
        const void *code;

        memcpy(&code, (const uint8_t *)table + methods[i].offset, sizeof(code));
        if (!qh_slot_check_code(slot, code, methods[i].mandatory, name, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean qh_slot_take_array(QhSlot *slot,
                            const void **array,
                            uint32_t n,
                            uint32_t *stride,
                            uint32_t bytes,
                            uint32_t first_bytes,
                            const char *what,
                            GError **error)
{
    const uint8_t *from = *array;

    if (n == 0) {
        *array = NULL;
        *stride = bytes;
        return TRUE;
    }
    if (n > ARRAY_MAX || *stride < first_bytes || *stride > TABLE_MAX) {
        return qh_slot_bad(slot, error, "%s has %u elements of %u bytes, at least %u expected",
                           what, n, *stride, first_bytes);
    }
    if (!inside(slot, from, (uint64_t)n * *stride, FALSE)) {
        return qh_slot_bad(slot, error, "%s lies outside the module's file", what);
    }
    uint8_t *copy = g_malloc0_n(n, bytes);
    for (uint32_t i = 0; i < n; i++) {
        memcpy(copy + (size_t)i * bytes, from + (size_t)i * *stride, MIN(bytes, *stride));
    }
    g_ptr_array_add(slot->copies, copy);
    *array = copy;
    *stride = bytes;
    return TRUE;
}

gboolean qh_slot_take_struct(QhSlot *slot,
                             const void **table,
                             uint32_t bytes,
                             uint32_t first_bytes,
                             const char *what,
                             GError **error)
{
    uint32_t size;

    if (*table == NULL) {
        return TRUE;
    }
    if (!inside(slot, *table, sizeof(size), FALSE)) {
        return qh_slot_bad(slot, error, "%s lies outside the module's file", what);
    }
    memcpy(&size, *table, sizeof(size));
    if (size < first_bytes || size > TABLE_MAX || !inside(slot, *table, size, FALSE)) {
        return qh_slot_bad(slot, error, "the size of %s is %u, at least %u expected", what, size,
                           first_bytes);
    }
    uint8_t *copy = g_malloc0(bytes);
    memcpy(copy, *table, MIN(bytes, size));
    /* From here on the table reaches as far as the host's own: what was absent is zero. */
    memcpy(copy, &bytes, sizeof(bytes));
    g_ptr_array_add(slot->copies, copy);
    *table = copy;
    return TRUE;
}

static const QhInterface *find_interface(const QhSlot *slot, QhRefusal *ret_refusal, GError **error)
{
    const QhInterface *near = NULL;

    for (guint i = 0; i < qh_n_interfaces; i++) {
        const QhInterface *interface = &qh_interfaces[i];
        if (strcmp(interface->kind, slot->kind) == 0) {
            near = interface;
            if (strcmp(interface->id, slot->interface) == 0 && interface->major == slot->major) {
                return interface;
            }
        }
    }
    if (near == NULL) {
        qh_slot_bad(slot, error, "this host has no slots of kind '%s'", slot->kind);
    } else {
        if (strcmp(near->id, slot->interface) == 0) {
            *ret_refusal =
                slot->major > near->major ? QH_REFUSED_ABI_TOO_NEW : QH_REFUSED_ABI_TOO_OLD;
        }
        qh_slot_bad(slot, error, "it implements %s %u.%u, this host has %s %u.%u", slot->interface,
                    slot->major, slot->minor, near->id, near->major, near->minor);
    }
    return NULL;
}

gboolean qh_slot_take_table(QhSlot *slot, QhRefusal *ret_refusal, GError **error)
{
    const QhInterface *interface = find_interface(slot, ret_refusal, error);
    const void *table = slot->ops;

    if (interface == NULL) {
        return FALSE;
    }
    slot->ops = NULL;
    if (table == NULL) {
        return qh_slot_bad(slot, error, "its table is missing");
    }
    if (!qh_slot_take_struct(slot, &table, interface->bytes, interface->first_bytes, "its table",
                             error)) {
        return FALSE;
    }
    slot->ops = (void *)table;
    return qh_slot_check_methods(slot, slot->ops, interface->methods, interface->n_methods, "",
                                 error) &&
           (interface->check == NULL || interface->check(slot, slot->ops, error));
}
