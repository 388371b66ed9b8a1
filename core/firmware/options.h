/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user tells the guest's firmware: -boot, -fw_cfg, -smbios. */
#ifndef QH_CORE_FIRMWARE_OPTIONS_H
#define QH_CORE_FIRMWARE_OPTIONS_H

#include "core/firmware/items.h"
#include "core/firmware/smbios.h"

typedef struct QhFirmwareFile {
    char *name;
    uint8_t *data;
    uint32_t bytes;
} QhFirmwareFile;

typedef struct QhFirmwareOptions {
    gboolean menu;
    gboolean strict;               /* boot from nothing but what has a bootindex */
    gboolean has_splash, has_fail; /* whether the times were given */
    uint32_t splash_ms, fail_ms;
    GPtrArray *files; /* QhFirmwareFile * */
    QhSmbios *smbios;
} QhFirmwareOptions;

QhFirmwareOptions *qh_firmware_options_new(void);
QhFirmwareOptions *qh_firmware_options_ref(QhFirmwareOptions *options);
void qh_firmware_options_unref(QhFirmwareOptions *options); /* accepts NULL */
/* @data is taken. [main] */
void qh_firmware_options_add(QhFirmwareOptions *options,
                             const char *name,
                             uint8_t *data,
                             uint32_t bytes);

/* What every machine tells: size, CPUs, the UUID (text, or NULL), and what the user wants. [main]
 */
gboolean qh_firmware_add_standard(QhFirmware *firmware,
                                  const QhFirmwareOptions *options,
                                  uint64_t ram_bytes,
                                  uint32_t n_cpus,
                                  const char *uuid,
                                  GError **error);

#endif
