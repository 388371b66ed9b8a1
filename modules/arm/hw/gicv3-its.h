/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt translation service of a GICv3 (IHI 0069, 5.2 and 12.19): a message is a write of an
 * event's number by a device, whose requester id is the DeviceID; tables in guest memory say which
 * LPI of which PE that is. An entry of each table has eight bytes:
 *   device table: bit 63 valid, 51-8 address of the device's ITT, 4-0 bits of its events minus 1;
 *   collections:  bit 63 valid, 15-0 number of the PE;
 *   ITT:          bit 63 valid, 47-32 collection, 31-0 LPI.
 * Software leaves valid tables alone, so translations are remembered until a command changes any.
 */
#ifndef ARM_GICV3_ITS_H
#define ARM_GICV3_ITS_H

#include "modules/arm/hw/gicv3.h"

#define ITS_DEVICE_BITS 16u
#define ITS_EVENT_BITS  16u
#define ITS_ENTRY_VALID (UINT64_C(1) << 63)
#define ITS_N_CACHED    512u

typedef struct ItsTranslation {
    uint32_t valid; /* equal to generation: the rest counts */
    uint32_t device, event;
    uint32_t lpi;
    ArmGicCpu *cpu;
} ItsTranslation;

typedef struct Its {
    QhDevice base;
    Gicv3 *gic; /* NULL: not connected */
    uint32_t ctlr;
    uint32_t generation; /* never 0 */
    uint64_t cbaser, cwriter, creadr;
    uint64_t devices, collections; /* GITS_BASER0, GITS_BASER1 */
    ItsTranslation cache[ITS_N_CACHED];
} Its;

/* Tables. FALSE: beyond the table, or no RAM. [device] */
gboolean its_read_device(Its *its, uint32_t device, uint64_t *ret_entry);
gboolean its_write_device(Its *its, uint32_t device, uint64_t entry);
gboolean its_read_collection(Its *its, uint32_t collection, uint64_t *ret_entry);
gboolean its_write_collection(Its *its, uint32_t collection, uint64_t entry);
/* The entry of @event in the ITT of @device; FALSE as well when the device is not mapped. */
gboolean its_read_event(Its *its, uint32_t device, uint32_t event, uint64_t *ret_entry);
gboolean its_write_event(Its *its, uint32_t device, uint32_t event, uint64_t entry);
/* PE of @collection; NULL: it is not mapped, or names none. */
ArmGicCpu *its_collection_cpu(Its *its, uint32_t collection);
/* What @event of @device leads to; NULL: nothing. */
const ItsTranslation *its_translate(Its *its, uint32_t device, uint32_t event);
/* Translations may have changed. */
void its_forget(Its *its);

/* gicv3-its-command.c: do what lies between CREADR and CWRITER. */
void its_run_commands(Its *its);

#endif
