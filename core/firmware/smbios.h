/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System Management BIOS (DMTF DSP0134, 3.3): tables that tell the guest whose machine it is, for
 * inventory and licences. The host makes them, firmware puts them where the guest looks: it copies
 * the tables to memory of its own and fills the address into the entry point ("anchor").
 */
#ifndef QH_CORE_FIRMWARE_SMBIOS_H
#define QH_CORE_FIRMWARE_SMBIOS_H

#include "abi/base.h"

#define QH_SMBIOS_ANCHOR_BYTES 24u
#define QH_SMBIOS_FILE_MAX     (1u << 20) /* bytes of a file with structures, or with a string */

/* What the user says, option by option; a later value takes the place of an earlier one. */
typedef struct QhSmbios QhSmbios;
QhSmbios *qh_smbios_new(void);
void qh_smbios_free(QhSmbios *smbios); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhSmbios, qh_smbios_free)

/* Whether the user said anything. */
gboolean qh_smbios_given(const QhSmbios *smbios);
/* @key of a structure of @type, spelled as the option -smbios has it; NULL @key: nothing but that
 * there is one, and for types 8 and 41 that another one begins. FALSE with @error (QH_ERROR_USAGE):
 * no such type or key, a value out of range, or a file has the structures of this type. [main] */
gboolean
qh_smbios_set(QhSmbios *smbios, uint32_t type, const char *key, const char *value, GError **error);
/* Structures as they are in the table, one or more, each with its strings. They stand for all that
 * the host would have made of their types. FALSE with @error (QH_ERROR_INVALID). [main] */
gboolean qh_smbios_add_raw(QhSmbios *smbios, const uint8_t *data, uint64_t bytes, GError **error);

/* What the machine is, for all the user does not say. */
typedef struct QhSmbiosRun {
    uint64_t first, last; /* physical addresses of RAM, inclusive */
} QhSmbiosRun;

typedef struct QhSmbiosFacts {
    const char *product, *version;    /* of type 1 */
    const char *uuid;                 /* text, or NULL */
    uint32_t sockets, cores, threads; /* cores per socket, threads per core; at least 1 */
    uint32_t family;                  /* of the processors (DSP0134 7.5.2); 0: unknown */
    uint64_t ram_bytes;
    const QhSmbiosRun *runs;
    uint32_t n_runs;
    /* Bus, device and function of device @id, bus << 8 | device << 3 | function, for type 41; NULL:
     * there are none. FALSE with @error: no such device, or no such place. */
    gboolean (*place)(void *data, const char *id, uint16_t *ret, GError **error);
    void *data;
} QhSmbiosFacts;

/* The table and its 64-bit entry point. FALSE with @error: more structures of a type than handles,
 * a device that is not there. The caller unrefs *@ret_table. [main] */
gboolean qh_smbios_build(const QhSmbios *smbios,
                         const QhSmbiosFacts *facts,
                         GByteArray **ret_table,
                         uint8_t ret_anchor[QH_SMBIOS_ANCHOR_BYTES],
                         GError **error);

#endif
