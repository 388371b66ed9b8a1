/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A back end that a module brings: slot chardev/TYPE. The module is loaded when the back end is
 * opened, and stays as long as that lives. Input comes through service "qh.char".
 */
#include "abi/chardev.h"
#include "core/char/char-priv.h"
#include "core/module/registry.h"

typedef struct Module {
    QhSlotRef slot;
    const QhChardevOps *ops;
    void *state;
} Module;

static gboolean module_open(QhChar *chr, const QhJson *data, GError **error)
{
    Module *module = chr->state;
    g_autofree char *options = qh_json_to_text(data);

    if (!qh_registry_acquire(qh_host_registry(chr->host), "chardev", chr->type, &module->slot,
                             error)) {
        return FALSE;
    }
    module->ops = module->slot.ops;
    module->state = g_malloc0(MAX(module->ops->state_size, 1));
    if (!module->ops->open(module->slot.ctx, module->state, chr, options, error)) {
        g_free(module->state);
        qh_slot_release(&module->slot);
        return FALSE;
    }
    return TRUE;
}

static void module_close(QhChar *chr)
{
    Module *module = chr->state;

    module->ops->close(module->state);
    /* under the lock: from here on nobody writes */
    g_mutex_lock(&chr->lock);
    chr->closed = TRUE;
    g_mutex_unlock(&chr->lock);
    g_free(module->state);
    qh_slot_release(&module->slot);
}

static uint32_t module_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    Module *module = chr->state;

    return MIN(module->ops->write(module->state, data, bytes), bytes);
}

static void module_accept(QhChar *chr)
{
    Module *module = chr->state;

    if (module->ops->accept_input != NULL) {
        module->ops->accept_input(module->state);
    }
}

static char *module_filename(QhChar *chr)
{
    return g_strdup(chr->type);
}

const QhCharBackend qh_char_module = {
    .type = "module",
    .state_bytes = sizeof(Module),
    .open = module_open,
    .close = module_close,
    .write = module_write,
    .accept_input = module_accept,
    .filename = module_filename,
};
