/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file "bootorder": one path for each device that has a bootindex, the lowest first. A path
 * goes from the device that the board wired to the one that is booted from, each step NAME@UNIT as
 * Open Firmware (IEEE 1275-1994, 3.2.1) has it; buses name what sits on them, a device of the board
 * has the name of its class and the address of its first window. EDK2 (OvmfPkg, QemuBootOrderLib)
 * and SeaBIOS look for such paths.
 */
#include "core/firmware/items-priv.h"

#include "abi/device.h"
#include "core/device/bus.h"
#include "core/device/instance-priv.h"
#include "core/machine/machine.h"

gboolean
qh_firmware_boot_device(QhDevice *device, int32_t index, const char *suffix, GError **error)
{
    QhFirmware *firmware = qh_machine_firmware(device->machine);
    guint at = 0;

    if (index < 0) {
        return TRUE;
    }
    while (at < firmware->boots->len && g_array_index(firmware->boots, Boot, at).index < index) {
        at++;
    }
    if (at < firmware->boots->len && g_array_index(firmware->boots, Boot, at).index == index) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s': bootindex %d is that of device '%s' already", device->id, index,
                    g_array_index(firmware->boots, Boot, at).device->id);
        return FALSE;
    }
    const Boot boot = {device, index, g_strdup(suffix)};
    g_array_insert_val(firmware->boots, at, boot);
    return TRUE;
}

void qh_firmware_forget(QhFirmware *firmware, const QhDevice *device)
{
    for (guint i = firmware->boots->len; i-- > 0;) {
        if (g_array_index(firmware->boots, Boot, i).device == device) {
            g_array_remove_index(firmware->boots, i);
        }
    }
}

/* Of a device that sits on no bus: "pci@30000000"; NULL: firmware does not know its kind. */
static char *board_step(const QhInstance *instance)
{
    const QhDeviceOps *ops = instance->ops;

    if (!QH_HAS(ops, firmware_name) || ops->firmware_name == NULL) {
        return NULL;
    }
    if (instance->placed->len == 0) {
        return g_strdup_printf("/%s", ops->firmware_name);
    }
    return g_strdup_printf("/%s@%016" G_GINT64_MODIFIER "x", ops->firmware_name,
                           g_array_index(instance->placed, QhPlaced, 0).address);
}

static char *bus_step(const QhInstance *instance)
{
    QhBus *bus = instance->bus;

    if (!QH_HAS(bus->ops, firmware_name) || bus->ops->firmware_name == NULL) {
        return NULL;
    }
    g_autofree char *name =
        bus->ops->firmware_name(bus->parent->state, bus, instance->state, instance->bus_data);
    return name != NULL ? g_strdup_printf("/%s", name) : NULL;
}

/* A step that has no name is left out: two devices here may be one to the firmware. */
static char *path_of(const Boot *boot)
{
    g_autoptr(GString) path = g_string_new(boot->suffix);

    for (const QhInstance *at = boot->device->instance; at != NULL;
         at = at->bus != NULL ? at->bus->parent : NULL) {
        g_autofree char *step = at->bus != NULL ? bus_step(at) : board_step(at);

        if (step != NULL) {
            g_string_prepend(path, step);
        }
    }
    return g_string_free(g_steal_pointer(&path), FALSE);
}

gboolean qh_firmware_write_order(QhFirmware *firmware, gboolean strict, GError **error)
{
    g_autoptr(GString) order = g_string_new(NULL);

    for (guint i = 0; i < firmware->boots->len; i++) {
        g_autofree char *path = path_of(&g_array_index(firmware->boots, Boot, i));

        g_string_append_printf(order, "%s%s", i > 0 ? "\n" : "", path);
    }
    if (strict) {
        g_string_append(order, order->len > 0 ? "\nHALT" : "HALT");
    }
    return qh_firmware_set(firmware, "bootorder", order->str,
                           order->len > 0 ? (uint32_t)order->len + 1 : 0, error);
}
