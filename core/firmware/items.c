/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items by selector. A file keeps the selector that it got when it was added, so that a guest that
 * has read the directory once stays right whatever comes later. All under the device lock, except
 * before the machine has run.
 */
#include "core/firmware/items-priv.h"

#include "abi/device.h"
#include "core/machine/machine.h"

#include <string.h>

#define FILES_MAX 1024u

static void item_free(void *data)
{
    QhFwItem *item = data;

    g_free((char *)item->name);
    if ((item->flags & QH_FW_IN_PLACE) == 0) {
        g_free(item->data);
    }
    g_free(item);
}

static void boot_clear(void *data)
{
    Boot *boot = data;

    g_free(boot->suffix);
}

QhFirmware *qh_firmware_new(QhMachine *machine)
{
    QhFirmware *firmware = g_new0(QhFirmware, 1);

    firmware->machine = machine;
    firmware->items = g_ptr_array_new_with_free_func(item_free);
    firmware->boots = g_array_new(FALSE, FALSE, sizeof(Boot));
    g_array_set_clear_func(firmware->boots, boot_clear);
    firmware->next = QH_FW_FIRST_FILE;
    return firmware;
}

void qh_firmware_free(QhFirmware *firmware)
{
    if (firmware == NULL) {
        return;
    }
    g_ptr_array_unref(firmware->items);
    g_array_unref(firmware->boots);
    g_free(firmware);
}

static QhFwItem *find_name(const QhFirmware *firmware, const char *name)
{
    for (guint i = 0; i < firmware->items->len; i++) {
        QhFwItem *item = g_ptr_array_index(firmware->items, i);

        if (g_strcmp0(item->name, name) == 0) {
            return item;
        }
    }
    return NULL;
}

static QhFwItem *find_selector(const QhFirmware *firmware, uint16_t selector)
{
    for (guint i = 0; i < firmware->items->len; i++) {
        QhFwItem *item = g_ptr_array_index(firmware->items, i);

        if (item->selector == selector) {
            return item;
        }
    }
    return NULL;
}

static gboolean refuse(const QhFwItem *item, const char *why, GError **error)
{
    if (item->name != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot add firmware item '%s': %s",
                    item->name, why);
    } else {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot add firmware item 0x%x: %s",
                    item->selector, why);
    }
    return FALSE;
}

static gboolean check(const QhFirmware *firmware, const QhFwItem *item, GError **error)
{
    uint32_t place = item->flags & (QH_FW_IN_PLACE | QH_FW_WRITABLE);

    if (item->data == NULL && item->bytes != 0) {
        return refuse(item, "it has no content", error);
    }
    if (place == QH_FW_WRITABLE) {
        return refuse(item, "it is writable, but not in place", error);
    }
    if (item->name == NULL) {
        return find_selector(firmware, item->selector) == NULL ||
               refuse(item, "the selector is taken", error);
    }
    if (*item->name == '\0' || strlen(item->name) > QH_FW_NAME_MAX) {
        return refuse(item, "a name has 1 to 55 bytes", error);
    }
    if (find_name(firmware, item->name) != NULL) {
        return refuse(item, "there is one of that name", error);
    }
    return firmware->next < QH_FW_FIRST_FILE + FILES_MAX ||
           refuse(item, "there are too many", error);
}

gboolean qh_firmware_add(QhFirmware *firmware, const QhFwItem *item, GError **error)
{
    if (!check(firmware, item, error)) {
        return FALSE;
    }
    QhFwItem *copy = g_new0(QhFwItem, 1);
    memcpy(copy, item, MIN(item->size, sizeof(*copy)));
    copy->size = sizeof(*copy);
    copy->name = g_strdup(item->name);
    if ((item->flags & QH_FW_IN_PLACE) == 0) {
        copy->data = g_memdup2(item->data, item->bytes);
    }
    QhMachine *entered = qh_machine_enter(firmware->machine);

    if (copy->name != NULL) {
        copy->selector = firmware->next++;
    }
    g_ptr_array_add(firmware->items, copy);
    qh_machine_leave(entered);
    return TRUE;
}

gboolean qh_firmware_set(
    QhFirmware *firmware, const char *name, const void *data, uint32_t bytes, GError **error)
{
    QhFwItem *item = find_name(firmware, name);

    if (item == NULL) {
        const QhFwItem fresh = {
            .size = sizeof(QhFwItem), .name = name, .data = (void *)data, .bytes = bytes};
        return qh_firmware_add(firmware, &fresh, error);
    }
    if ((item->flags & QH_FW_IN_PLACE) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot change firmware item '%s': its content is somebody's own", name);
        return FALSE;
    }
    QhMachine *entered = qh_machine_enter(firmware->machine);

    g_free(item->data);
    item->data = g_memdup2(data, bytes);
    item->bytes = bytes;
    qh_machine_leave(entered);
    return TRUE;
}

void qh_firmware_remove(QhFirmware *firmware, const char *name)
{
    QhMachine *entered = qh_machine_enter(firmware->machine);
    QhFwItem *item = find_name(firmware, name);

    if (item != NULL) {
        g_ptr_array_remove(firmware->items, item);
    }
    qh_machine_leave(entered);
}

static void fill_view(const QhFwItem *item, QhFwView *ret)
{
    ret->flags = item->flags;
    ret->name = item->name;
    ret->selector = item->selector;
    ret->bytes = item->bytes;
    ret->data = item->data;
}

gboolean qh_firmware_view(QhFirmware *firmware, uint16_t selector, gboolean select, QhFwView *ret)
{
    QhFwItem *item = find_selector(firmware, selector);

    if (item == NULL) {
        return FALSE;
    }
    if (select && item->selected != NULL) {
        item->selected(item->opaque);
        item = find_selector(firmware, selector);
    }
    if (item != NULL) {
        fill_view(item, ret);
    }
    return item != NULL;
}

static gboolean present(QhMachine *machine)
{
    return qh_machine_firmware(machine)->device != NULL;
}

static gboolean add(QhMachine *machine, const QhFwItem *item, GError **error)
{
    return qh_firmware_add(qh_machine_firmware(machine), item, error);
}

static gboolean
set(QhMachine *machine, const char *name, const void *data, uint32_t bytes, GError **error)
{
    return qh_firmware_set(qh_machine_firmware(machine), name, data, bytes, error);
}

static void take_out(QhMachine *machine, const char *name)
{
    qh_firmware_remove(qh_machine_firmware(machine), name);
}

static gboolean show(QhMachine *machine, QhDevice *device, GError **error)
{
    QhFirmware *firmware = qh_machine_firmware(machine);

    if (device != NULL && firmware->device != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "device '%s' cannot show what the firmware is told: '%s' does", device->id,
                    firmware->device->id);
        return FALSE;
    }
    firmware->device = device;
    return TRUE;
}

static gboolean view(QhMachine *machine, uint16_t selector, gboolean select, QhFwView *ret)
{
    return qh_firmware_view(qh_machine_firmware(machine), selector, select, ret);
}

static void wrote(QhMachine *machine, uint16_t selector, uint32_t offset, uint32_t bytes)
{
    const QhFwItem *item = find_selector(qh_machine_firmware(machine), selector);

    if (item != NULL && item->written != NULL) {
        item->written(item->opaque, offset, bytes);
    }
}

static gboolean file(QhMachine *machine, uint32_t n, QhFwView *ret)
{
    const GPtrArray *items = qh_machine_firmware(machine)->items;

    for (guint i = 0; i < items->len; i++) {
        const QhFwItem *item = g_ptr_array_index(items, i);

        if (item->name != NULL && n-- == 0) {
            fill_view(item, ret);
            return TRUE;
        }
    }
    return FALSE;
}

const QhFwService qh_fw_service = {
    .size = sizeof(QhFwService),
    .present = present,
    .add = add,
    .set = set,
    .remove = take_out,
    .boot_device = qh_firmware_boot_device,
    .show = show,
    .view = view,
    .wrote = wrote,
    .file = file,
};
