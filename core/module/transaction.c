/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What init offers is only collected. When it returns, everything is checked: each offer by itself,
 * against the note (the packaged truth), against what is filled already. Only then the slots
 * appear, all at once.
 */
#include "abi/cpu.h"
#include "abi/device.h"
#include "abi/machine.h"
#include "core/module/interface-priv.h"
#include "core/module/note.h"
#include <string.h>

#define OFFERS_MAX 4096u

void qh_slot_free(QhSlot *slot)
{
    if (slot != NULL) {
        g_free(slot->kind);
        g_free(slot->name);
        g_free(slot->interface);
        g_ptr_array_unref(slot->copies);
        g_free(slot);
    }
}

QhTransaction *qh_transaction_new(QhLoadedModule *module)
{
    QhTransaction *txn = g_new0(QhTransaction, 1);

    txn->module = module;
    txn->slots = g_ptr_array_new_with_free_func((GDestroyNotify)qh_slot_free);
    return txn;
}

void qh_transaction_free(QhTransaction *txn)
{
    if (txn != NULL) {
        g_ptr_array_unref(txn->slots);
        g_free(txn);
    }
}

static gboolean is_short_text(const char *text)
{
    return text != NULL && *text != '\0' && strnlen(text, 128) < 128;
}

gboolean qh_transaction_offer(QhTransaction *txn, const QhOffer *offer, GError **error)
{
    if (offer == NULL || offer->size < offsetof(QhOffer, ctx) + sizeof(offer->ctx) ||
        offer->size > 4096) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "an offer of %u bytes is malformed",
                    offer != NULL ? offer->size : 0);
        return FALSE;
    }
    if (!is_short_text(offer->kind) || !is_short_text(offer->name) ||
        !is_short_text(offer->interface) || txn->slots->len >= OFFERS_MAX) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE,
                            "an offer lacks its kind, name or interface, or they are too many");
        return FALSE;
    }
    QhSlot *slot = g_new0(QhSlot, 1);
    slot->kind = g_strdup(offer->kind);
    slot->name = g_strdup(offer->name);
    slot->interface = g_strdup(offer->interface);
    slot->major = offer->major;
    slot->minor = offer->minor;
    slot->ops = (void *)offer->ops;
    slot->ctx = offer->ctx;
    slot->copies = g_ptr_array_new_with_free_func(g_free);
    slot->module = txn->module;
    g_ptr_array_add(txn->slots, slot);
    return TRUE;
}

static QhSlot *find(const QhTransaction *txn, const char *kind, const char *name)
{
    for (guint i = 0; i < txn->slots->len; i++) {
        QhSlot *slot = g_ptr_array_index(txn->slots, i);
        if (strcmp(slot->kind, kind) == 0 && strcmp(slot->name, name) == 0) {
            return slot;
        }
    }
    return NULL;
}

typedef struct Promise {
    const QhTransaction *txn;
    char *missing; /* first slot that the note promises and init did not offer */
} Promise;

static void check_promise(const char *kind, const char *name, const QhJson *entry, void *data)
{
    Promise *promise = data;

    (void)entry;
    if (promise->missing == NULL && find(promise->txn, kind, name) == NULL) {
        promise->missing = g_strdup_printf("%s/%s", kind, name);
    }
}

static gboolean
check_unique(const QhTransaction *txn, const QhSlot *slot, QhRefusal *ret, GError **error)
{
    g_autofree char *key = g_strdup_printf("%s/%s", slot->kind, slot->name);
    const QhSlot *other = g_hash_table_lookup(txn->module->registry->slots, key);

    if (find(txn, slot->kind, slot->name) != slot) {
        return qh_module_refuse(ret, QH_REFUSED_DUPLICATE, error, "it offers slot '%s' twice", key);
    }
    if (other != NULL) {
        return qh_module_refuse(ret, QH_REFUSED_DUPLICATE, error,
                                "slot '%s' is filled by module '%s' already", key,
                                other->module->file->name);
    }
    return TRUE;
}

static gboolean check_against_note(const QhTransaction *txn, QhRefusal *ret, GError **error)
{
    const QhJson *offers = txn->module->file->note->offers;
    Promise promise = {.txn = txn};

    for (guint i = 0; i < txn->slots->len; i++) {
        const QhSlot *slot = g_ptr_array_index(txn->slots, i);
        if (!check_unique(txn, slot, ret, error)) {
            return FALSE;
        }
        if (qh_note_find(offers, slot->kind, slot->name) == NULL) {
            return qh_module_refuse(ret, QH_REFUSED_NOTE_MISMATCH, error,
                                    "it offers slot '%s/%s', of which its note says nothing",
                                    slot->kind, slot->name);
        }
    }
    qh_note_foreach_slot(offers, check_promise, &promise);
    if (promise.missing != NULL) {
        qh_module_refuse(ret, QH_REFUSED_NOTE_MISMATCH, error,
                         "its note promises slot '%s', which it does not offer", promise.missing);
        g_free(promise.missing);
        return FALSE;
    }
    return TRUE;
}

/* The table of cpu/@target has every model that the note lists for it. It may have more: several
 * targets of a module may share one table. */
static gboolean
check_models(const QhTransaction *txn, const QhSlot *cpu, QhRefusal *ret, GError **error)
{
    const QhCpuOps *ops = cpu->ops;
    const QhJson *models = qh_note_offers(txn->module->file->note->offers, "cpu-model");

    for (size_t i = 0; models != NULL && i < qh_json_length(models); i++) {
        const QhJson *entry = qh_json_at(models, i);
        const char *name = qh_json_string(qh_json_get(entry, "name"));
        if (!qh_offer_has_target(entry, cpu->name)) {
            continue;
        }
        gboolean found = FALSE;
        for (uint32_t m = 0; m < ops->n_models; m++) {
            found = found || strcmp(ops->models[m].name, name) == 0;
        }
        if (!found) {
            return qh_module_refuse(ret, QH_REFUSED_NOTE_MISMATCH, error,
                                    "its note lists CPU model '%s' of '%s', its table does not",
                                    name, cpu->name);
        }
    }
    return TRUE;
}

/* Where the note lists properties, they are those of the slot's table: of a device, a machine, or
 * the CPUs of a target. */
static gboolean check_properties(const QhTransaction *txn,
                                 const QhSlot *slot,
                                 const char *kind,
                                 const QhPropertyTable *table,
                                 QhRefusal *ret,
                                 GError **error)
{
    const QhJson *entry = qh_note_find(txn->module->file->note->offers, kind, slot->name);
    const QhJson *listed = qh_json_get(entry, "properties");

    return listed == NULL || qh_note_lists(listed, table) ||
           qh_module_refuse(ret, QH_REFUSED_NOTE_MISMATCH, error,
                            "the properties of %s '%s' in its note are not those of its table",
                            slot->kind, slot->name);
}

static gboolean
check_together(const QhTransaction *txn, const QhSlot *slot, QhRefusal *ret, GError **error)
{
    if (strcmp(slot->kind, "device") == 0) {
        return check_properties(txn, slot, "device", ((const QhDeviceOps *)slot->ops)->properties,
                                ret, error);
    }
    if (strcmp(slot->kind, "machine") == 0) {
        return check_properties(txn, slot, "machine", ((const QhMachineOps *)slot->ops)->properties,
                                ret, error);
    }
    if (strcmp(slot->kind, "cpu") == 0) {
        *ret = QH_REFUSED_INIT_FAILED;
        return qh_slots_check_target(slot, find(txn, "translator", slot->name),
                                     find(txn, "gdb", slot->name), error) &&
               check_models(txn, slot, ret, error) &&
               check_properties(txn, slot, "target", ((const QhCpuOps *)slot->ops)->properties, ret,
                                error);
    }
    return TRUE;
}

gboolean qh_transaction_validate(QhTransaction *txn, QhRefusal *ret_refusal, GError **error)
{
    if (!check_against_note(txn, ret_refusal, error)) {
        return FALSE;
    }
    for (guint i = 0; i < txn->slots->len; i++) {
        *ret_refusal = QH_REFUSED_INIT_FAILED;
        if (!qh_slot_take_table(g_ptr_array_index(txn->slots, i), ret_refusal, error)) {
            return FALSE;
        }
    }
    for (guint i = 0; i < txn->slots->len; i++) {
        if (!check_together(txn, g_ptr_array_index(txn->slots, i), ret_refusal, error)) {
            return FALSE;
        }
    }
    *ret_refusal = QH_REFUSED_NOT;
    return TRUE;
}
