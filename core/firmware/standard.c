/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Items that do not depend on the board. Selectors and formats: QEMU, docs/specs/fw_cfg.rst, and
 * the names that SeaBIOS and EDK2 (OvmfPkg, QemuFwCfgLib) know. Numbers are little-endian. */
#include "core/firmware/options.h"

#include <string.h>

#define SELECTOR_UUID      0x02u
#define SELECTOR_RAM       0x03u
#define SELECTOR_GRAPHICS  0x04u
#define SELECTOR_CPUS      0x05u
#define SELECTOR_MENU      0x0eu
#define SELECTOR_CPUS_MOST 0x0fu

static void file_free(void *data)
{
    QhFirmwareFile *file = data;

    g_free(file->name);
    g_free(file->data);
    g_free(file);
}

QhFirmwareOptions *qh_firmware_options_new(void)
{
    QhFirmwareOptions *options = g_rc_box_new0(QhFirmwareOptions);

    options->files = g_ptr_array_new_with_free_func(file_free);
    options->smbios = qh_smbios_new();
    return options;
}

QhFirmwareOptions *qh_firmware_options_ref(QhFirmwareOptions *options)
{
    return g_rc_box_acquire(options);
}

static void clear(void *data)
{
    QhFirmwareOptions *options = data;

    g_ptr_array_unref(options->files);
    qh_smbios_free(options->smbios);
}

void qh_firmware_options_unref(QhFirmwareOptions *options)
{
    if (options != NULL) {
        g_rc_box_release_full(options, clear);
    }
}

void qh_firmware_options_add(QhFirmwareOptions *options,
                             const char *name,
                             uint8_t *data,
                             uint32_t bytes)
{
    QhFirmwareFile *file = g_new0(QhFirmwareFile, 1);

    file->name = g_strdup(name);
    file->data = data;
    file->bytes = bytes;
    g_ptr_array_add(options->files, file);
}

static gboolean
add_number(QhFirmware *firmware, uint32_t selector, uint64_t value, uint32_t bytes, GError **error)
{
    uint64_t little = GUINT64_TO_LE(value);
    const QhFwItem item = {
        .size = sizeof(QhFwItem), .selector = (uint16_t)selector, .data = &little, .bytes = bytes};

    return qh_firmware_add(firmware, &item, error);
}

static gboolean
add_time(QhFirmware *firmware, const char *name, uint64_t ms, uint32_t bytes, GError **error)
{
    uint64_t little = GUINT64_TO_LE(ms);

    return qh_firmware_set(firmware, name, &little, bytes, error);
}

/* 16 bytes in the order of the text; all zero without one. */
static gboolean add_uuid(QhFirmware *firmware, const char *text, GError **error)
{
    uint8_t uuid[16] = {0};
    uint32_t n = 0;
    const QhFwItem item = {
        .size = sizeof(QhFwItem), .selector = SELECTOR_UUID, .data = uuid, .bytes = sizeof(uuid)};

    for (; text != NULL && *text != '\0' && n < 2 * sizeof(uuid); text++) {
        if (g_ascii_isxdigit(*text)) {
            uint32_t digit = (uint32_t)g_ascii_xdigit_value(*text);

            uuid[n / 2] |= (uint8_t)(digit << (n % 2 == 0 ? 4 : 0));
            n++;
        }
    }
    return qh_firmware_add(firmware, &item, error);
}

static gboolean
add_user_files(QhFirmware *firmware, const QhFirmwareOptions *options, GError **error)
{
    for (guint i = 0; i < options->files->len; i++) {
        const QhFirmwareFile *file = g_ptr_array_index(options->files, i);
        const QhFwItem item = {
            .size = sizeof(QhFwItem), .name = file->name, .data = file->data, .bytes = file->bytes};

        if (!qh_firmware_add(firmware, &item, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean qh_firmware_add_standard(QhFirmware *firmware,
                                  const QhFirmwareOptions *options,
                                  uint64_t ram_bytes,
                                  uint32_t n_cpus,
                                  const char *uuid,
                                  GError **error)
{
    if (!add_uuid(firmware, uuid, error) ||
        !add_number(firmware, SELECTOR_RAM, ram_bytes, 8, error) ||
        !add_number(firmware, SELECTOR_GRAPHICS, 0, 2, error) ||
        !add_number(firmware, SELECTOR_CPUS, n_cpus, 2, error) ||
        !add_number(firmware, SELECTOR_CPUS_MOST, n_cpus, 2, error)) {
        return FALSE;
    }
    if (options == NULL) {
        return TRUE;
    }
    return add_number(firmware, SELECTOR_MENU, options->menu ? 1 : 0, 2, error) &&
           (!options->has_splash ||
            add_time(firmware, "etc/boot-menu-wait", options->splash_ms, 2, error)) &&
           (!options->has_fail ||
            add_time(firmware, "etc/boot-fail-wait", options->fail_ms, 4, error)) &&
           add_user_files(firmware, options, error);
}
