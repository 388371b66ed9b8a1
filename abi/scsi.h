/* SPDX-License-Identifier: MIT */
/*
 * Buses of kind "scsi": a host bus adapter (virtio-scsi, USB storage) on one side, logical units
 * (a disk, a CD-ROM drive) on the other. Words are those of SAM-5 and SPC-4.
 *
 * The adapter hands a QhScsiRequest to a unit; the unit moves data to or from the memory that the
 * request names, in place, and ends with done. An adapter that has all the memory at once names it
 * all. One that gets it bit by bit (USB) names what there is; the unit calls more for the rest.
 *
 * What all adapters do alike (addresses, REPORT LUNS, units that are not there, aborts and resets)
 * is in modules/support/scsi-hba.h, which an adapter may link.
 */
#ifndef QH_ABI_SCSI_H
#define QH_ABI_SCSI_H

#include "abi/block.h"
#include "abi/device.h"

#define QH_SCSI_BUS "scsi" /* QhDeviceOps.bus */

#define QH_SCSI_CDB_BYTES   32u
#define QH_SCSI_SENSE_BYTES 18u /* fixed format, SPC-4 4.5.3 */

/* The first member of every unit's state. The three are properties of the unit; -1: the bus finds
 * one, and puts it here in attach. */
typedef struct QhScsiDevice {
    QhDevice base;
    uint32_t channel;
    int32_t scsi_id;
    int32_t lun;
    uint32_t reserved;
    void *adapter; /* the bus's */
} QhScsiDevice;

/* QhScsiRequest.direction: what the initiator expects of the data phase. */
#define QH_SCSI_NO_DATA     0u
#define QH_SCSI_FROM_DEVICE 1u
#define QH_SCSI_TO_DEVICE   2u

/* QhScsiRequest.flags */
#define QH_SCSI_AUTOSENSE                                                                          \
    (1u << 0) /* sense goes with the status: the unit need not keep it for a                       \
                 REQUEST SENSE that follows */

/* QhScsiRequest.attribute: task attributes (SAM-5 8.6) */
#define QH_SCSI_SIMPLE        0u
#define QH_SCSI_ORDERED       1u
#define QH_SCSI_HEAD_OF_QUEUE 2u
#define QH_SCSI_ACA           3u

/* QhScsiRequest.status (SAM-5 5.3.1) */
#define QH_SCSI_GOOD                 0x00u
#define QH_SCSI_CHECK_CONDITION      0x02u
#define QH_SCSI_BUSY                 0x08u
#define QH_SCSI_RESERVATION_CONFLICT 0x18u
#define QH_SCSI_TASK_SET_FULL        0x28u
#define QH_SCSI_TASK_ABORTED         0x40u

/* QhScsiRequest.response: what became of it besides; status counts only with QH_SCSI_DELIVERED. */
#define QH_SCSI_DELIVERED 0u
#define QH_SCSI_OVERRUN                                                                            \
    1u                     /* the command moves more, or the other way, than the initiator said;   \
                              nothing was done */
#define QH_SCSI_ABORTED 2u /* abort was called */
#define QH_SCSI_RESET   3u /* the unit was reset meanwhile */
#define QH_SCSI_NO_UNIT 4u /* nobody has that address */

/*
 * A command, owned by the adapter and left alone between execute and done, but for what resume
 * says. The memory that @vec names stays until done.
 */
typedef struct QhScsiRequest {
    uint32_t size;
    uint32_t flags;
    uint8_t cdb[QH_SCSI_CDB_BYTES]; /* zeroes behind cdb_bytes */
    uint32_t cdb_bytes;
    uint32_t attribute;
    uint32_t direction;
    uint32_t n_vec;
    const QhBlockVec *vec; /* where the data is, or goes to, from byte `moved` on */
    uint64_t vec_bytes;    /* sum over @vec; 0: nothing is there yet */
    uint64_t bytes;        /* of the whole data phase, as the initiator said */
    uint64_t tag;          /* the adapter's */

    /* Optional when vec_bytes is bytes: the data phase goes on behind what @vec named. The adapter
     * names the next piece in vec, n_vec and vec_bytes, and calls resume: now or later. [device] */
    void (*more)(struct QhScsiRequest *request);
    /* Called once, possibly before execute returns; the request is the adapter's again. [device],
     * any thread */
    void (*done)(struct QhScsiRequest *request);
    void *opaque; /* the adapter's */

    /* Set by the unit before done. */
    uint64_t moved; /* bytes so far; the residue is bytes less this */
    uint8_t status;
    uint8_t response;
    uint8_t sense_bytes; /* 0 unless CHECK CONDITION */
    uint8_t sense[QH_SCSI_SENSE_BYTES];
    uint8_t padding[3];

    void *task;           /* the unit's while in flight */
    void *links[2];       /* the bus's while in flight */
    uint64_t reserved[3]; /* zero */
} QhScsiRequest;

/* An additional sense code with its qualifier. */
#define QH_SCSI_CODE(code, qualifier) ((uint32_t)(code) << 8 | (qualifier))
#define QH_SCSI_POWER_ON              QH_SCSI_CODE(0x29, 0x00)
#define QH_SCSI_PARAMETERS_CHANGED    QH_SCSI_CODE(0x2a, 0x01)
#define QH_SCSI_CAPACITY_CHANGED      QH_SCSI_CODE(0x2a, 0x09)
#define QH_SCSI_MEDIUM_CHANGED        QH_SCSI_CODE(0x28, 0x00)
#define QH_SCSI_EJECT_REQUESTED       QH_SCSI_CODE(0x5a, 0x01)
#define QH_SCSI_LUNS_CHANGED          QH_SCSI_CODE(0x3f, 0x0e)

/* What a unit's class says of itself: QhDeviceOps.bus_class. A reset of the unit (qh.device's
 * reset) ends what is in flight with QH_SCSI_RESET, and leaves POWER_ON as unit attention. */
typedef struct QhScsiClass {
    uint32_t size;
    uint32_t reserved;

    /* Serve @request. [device] */
    void (*execute)(QhScsiDevice *device, QhScsiRequest *request);
    /* After more: there is memory to go on with. [device] */
    void (*resume)(QhScsiDevice *device, QhScsiRequest *request);
    /* Give @request up. Its done follows with QH_SCSI_ABORTED, or, when it was too late, with what
     * became of it: now, or when the disk has let go of the memory. [device] */
    void (*abort)(QhScsiDevice *device, QhScsiRequest *request);
    /* The next command that takes one gets unit attention @code (QH_SCSI_CODE). [device] */
    void (*attention)(QhScsiDevice *device, uint32_t code);
} QhScsiClass;

/* Service of a bus of kind "scsi". */
typedef struct QhScsiService {
    uint32_t size;
    uint32_t reserved;
    /* @device has something to tell: @code waits as its unit attention. Adapters that can tell the
     * initiator do. [device] */
    void (*changed)(QhScsiDevice *device, uint32_t code);
} QhScsiService;

#endif
