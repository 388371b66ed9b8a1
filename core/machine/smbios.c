/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS tables of the machine as it is built, for a firmware that can ask for them. */
#include "core/machine/machine-priv.h"

#include "abi/pci.h"
#include "core/device/bus.h"
#include "core/firmware/items-priv.h"
#include "core/module/registry.h"

/* Sections of the main block, in the order of their addresses. */
static GArray *find_runs(QhMachine *machine)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(QhSmbiosRun));
    QhSpace *space = qh_machine_system(machine);
    const char *main_block = machine->ops != NULL ? machine->ops->default_ram_id : NULL;
    QhSection section;

    for (uint64_t address = 0;; address = section.last + 1) {
        if (qh_space_find(space, address, &section) && section.ram != NULL && !section.readonly &&
            g_strcmp0(section.ram->name, main_block) == 0) {
            const QhSmbiosRun run = {section.first, section.last};

            g_array_append_val(runs, run);
        }
        if (section.last == UINT64_MAX) {
            return runs;
        }
    }
}

typedef struct Search {
    const char *target;
    uint32_t family;
} Search;

/* What a target's module says of its processors: "smbios-family", as DSP0134 7.5.2 numbers them. */
static void search_family(G_GNUC_UNUSED const char *module,
                          const QhJson *entry,
                          G_GNUC_UNUSED gboolean installed,
                          void *data)
{
    Search *search = data;
    const QhJson *given = qh_json_get(entry, "smbios-family");
    int64_t family = 0;

    if (g_strcmp0(qh_json_string(qh_json_get(entry, "name")), search->target) == 0 &&
        given != NULL && qh_json_int(given, &family) && family > 0 && family <= UINT16_MAX) {
        search->family = (uint32_t)family;
    }
}

/* "05.0": only buses that no bridge leads to have a number before firmware gives them one. */
static gboolean place_of(void *data, const char *id, uint16_t *ret, GError **error)
{
    QhInstance *device = qh_machine_find_device(data, id);
    const QhBus *bus = device != NULL ? qh_instance_bus(device) : NULL;
    gboolean pci = bus != NULL && g_str_equal(qh_bus_kind(bus), QH_PCI_BUS);
    g_autofree char *address = pci ? qh_instance_address(device) : NULL;
    guint64 slot = 0, function = 0;

    if (address == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no device '%s' on a PCI bus",
                    id);
        return FALSE;
    }
    g_auto(GStrv) parts = g_strsplit(address, ".", 2);
    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[0], 16, 0, 31, &slot, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 16, 0, 7, &function, NULL) || qh_bus_is_below(bus)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s' has no slot on a bus that the board has; behind a bridge the "
                    "firmware chooses the number of the bus",
                    id);
        return FALSE;
    }
    *ret = (uint16_t)(slot << 3 | function);
    return TRUE;
}

gboolean qh_machine_add_smbios(QhMachine *machine, GError **error)
{
    const QhFirmwareOptions *options = machine->options->firmware;
    const QhSmbios *user = options != NULL ? options->smbios : NULL;
    const QhMachineConfig *config = &machine->config;
    Search search = {.target = machine->target};
    uint8_t anchor[QH_SMBIOS_ANCHOR_BYTES];
    GByteArray *made = NULL;

    if (machine->firmware->device == NULL) {
        if (user != NULL && qh_smbios_given(user)) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "machine '%s' has no device that could show SMBIOS tables (-smbios) to "
                        "the firmware",
                        machine->type);
            return FALSE;
        }
        return TRUE;
    }
    qh_registry_foreach_offer(qh_host_registry(machine->host), "target", search_family, &search);
    g_autoptr(GArray) runs = find_runs(machine);
    const QhSmbiosFacts facts = {
        .product = machine->ops != NULL ? machine->ops->description : NULL,
        .version = machine->type,
        .uuid = qh_host_config(machine->host)->uuid,
        .sockets = MAX(config->sockets, 1),
        .cores = MAX(config->cores, 1),
        .threads = MAX(config->threads, 1),
        .family = search.family,
        .ram_bytes = config->ram_bytes,
        .runs = (const QhSmbiosRun *)(void *)runs->data,
        .n_runs = runs->len,
        .place = place_of,
        .data = machine,
    };

    if (!qh_smbios_build(user, &facts, &made, anchor, error)) {
        return FALSE;
    }
    g_autoptr(GByteArray) table = made;
    return qh_firmware_set(machine->firmware, "etc/smbios/smbios-tables", table->data, table->len,
                           error) &&
           qh_firmware_set(machine->firmware, "etc/smbios/smbios-anchor", anchor, sizeof(anchor),
                           error);
}
