/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all SCSI host bus adapters do alike (abi/scsi.h): units get addresses, commands find their
 * unit, REPORT LUNS and commands to units that are not there are answered, and what is in flight is
 * known, for aborts and resets. A ScsiHba is a member of the adapter; everything is [device] unless
 * it says [main].
 */
#ifndef SUPPORT_SCSI_HBA_H
#define SUPPORT_SCSI_HBA_H

#include "abi/scsi.h"

typedef struct ScsiAddress {
    uint32_t channel, target, lun;
} ScsiAddress;

typedef struct ScsiHba {
    const QhDeviceService *device;
    void *adapter;           /* the adapter that it is a member of */
    ScsiAddress most;        /* the highest of each that there may be */
    GPtrArray *units;        /* QhScsiDevice: attached, plugged or not */
    GPtrArray *plugged;      /* those that the guest may see */
    QhScsiRequest in_flight; /* head of a ring through links */
    uint32_t n_in_flight;
} ScsiHba;

void scsi_hba_init(ScsiHba *hba, const QhDeviceService *device, void *adapter, ScsiAddress most);
/* Nothing is in flight any more. */
void scsi_hba_clear(ScsiHba *hba);

/* For the adapter's QhBusOps. attach checks the address or finds one and puts it into the unit;
 * plug makes it visible, and leaves REPORTED LUNS DATA HAS CHANGED with its neighbours if @hot;
 * detach forgets it; address is "CHANNEL:ID:LUN", which the caller g_frees. [main] */
gboolean scsi_hba_attach(ScsiHba *hba, QhBus *bus, QhDevice *child, GError **error);
void scsi_hba_plug(ScsiHba *hba, QhDevice *child, gboolean hot);
void scsi_hba_unplug(ScsiHba *hba, QhDevice *child, gboolean hot);
void scsi_hba_detach(ScsiHba *hba, QhDevice *child);
char *scsi_hba_address(const QhDevice *child);
char *scsi_hba_firmware_name(const QhDevice *child); /* "channel@0/disk@1,0" */
/* The adapter that @unit has been attached to, for QhScsiService. */
void *scsi_hba_adapter(const QhScsiDevice *unit);

/* The unit there, NULL when there is none; whether @target has any. */
QhScsiDevice *scsi_hba_find(ScsiHba *hba, ScsiAddress at);
gboolean scsi_hba_has_target(const ScsiHba *hba, uint32_t channel, uint32_t target);
ScsiAddress scsi_hba_place(const QhScsiDevice *unit);

/* Hand @request to the unit at @at, or answer it. Its done must call scsi_hba_finish first. */
void scsi_hba_execute(ScsiHba *hba, ScsiAddress at, QhScsiRequest *request);
/* The memory that its more asked for has been named. */
void scsi_hba_resume(ScsiHba *hba, QhScsiRequest *request);
void scsi_hba_finish(ScsiHba *hba, QhScsiRequest *request);
/* The unit that works on it; NULL: none. */
QhScsiDevice *scsi_hba_unit(const QhScsiRequest *request);
/* Give up one that is in flight. */
void scsi_hba_abort(ScsiHba *hba, QhScsiRequest *request);
/* Call @fn for all that are in flight at @unit (NULL: anywhere); it may end the one it gets, and no
 * other. */
void scsi_hba_foreach(ScsiHba *hba,
                      const QhScsiDevice *unit,
                      void (*fn)(QhScsiRequest *request, void *opaque),
                      void *opaque);

/* End @request with CHECK CONDITION, @key and @code (QH_SCSI_CODE). */
void scsi_request_fail(QhScsiRequest *request, uint8_t key, uint32_t code);
/* Fill in sense data in fixed format. */
void scsi_sense_put(uint8_t sense[QH_SCSI_SENSE_BYTES], uint8_t key, uint32_t code);

/* Data of a unit's own that goes to the initiator, or comes from there: @data is moved from where
 * the request stands, as far as its memory reaches. TRUE: all of @bytes has been moved; otherwise
 * more has been called, and resume will follow. */
gboolean scsi_request_move(QhScsiRequest *request, uint8_t *data, uint64_t bytes);

#endif
