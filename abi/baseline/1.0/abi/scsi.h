/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_SCSI_H
#define QH_ABI_SCSI_H

#include "abi/block.h"
#include "abi/device.h"

#define QH_SCSI_BUS "scsi"

#define QH_SCSI_CDB_BYTES   32u
#define QH_SCSI_SENSE_BYTES 18u

typedef struct QhScsiDevice {
    QhDevice base;
    uint32_t channel;
    int32_t scsi_id;
    int32_t lun;
    uint32_t reserved;
    void *adapter;
} QhScsiDevice;

#define QH_SCSI_NO_DATA     0u
#define QH_SCSI_FROM_DEVICE 1u
#define QH_SCSI_TO_DEVICE   2u

#define QH_SCSI_AUTOSENSE                                                                          \
    (1u << 0)

#define QH_SCSI_SIMPLE        0u
#define QH_SCSI_ORDERED       1u
#define QH_SCSI_HEAD_OF_QUEUE 2u
#define QH_SCSI_ACA           3u

#define QH_SCSI_GOOD                 0x00u
#define QH_SCSI_CHECK_CONDITION      0x02u
#define QH_SCSI_BUSY                 0x08u
#define QH_SCSI_RESERVATION_CONFLICT 0x18u
#define QH_SCSI_TASK_SET_FULL        0x28u
#define QH_SCSI_TASK_ABORTED         0x40u

#define QH_SCSI_DELIVERED 0u
#define QH_SCSI_OVERRUN                                                                            \
    1u
#define QH_SCSI_ABORTED 2u
#define QH_SCSI_RESET   3u
#define QH_SCSI_NO_UNIT 4u

typedef struct QhScsiRequest {
    uint32_t size;
    uint32_t flags;
    uint8_t cdb[QH_SCSI_CDB_BYTES];
    uint32_t cdb_bytes;
    uint32_t attribute;
    uint32_t direction;
    uint32_t n_vec;
    const QhBlockVec *vec;
    uint64_t vec_bytes;
    uint64_t bytes;
    uint64_t tag;

    void (*more)(struct QhScsiRequest *request);

    void (*done)(struct QhScsiRequest *request);
    void *opaque;

    uint64_t moved;
    uint8_t status;
    uint8_t response;
    uint8_t sense_bytes;
    uint8_t sense[QH_SCSI_SENSE_BYTES];
    uint8_t padding[3];

    void *task;
    void *links[2];
    uint64_t reserved[3];
} QhScsiRequest;

#define QH_SCSI_CODE(code, qualifier) ((uint32_t)(code) << 8 | (qualifier))
#define QH_SCSI_POWER_ON              QH_SCSI_CODE(0x29, 0x00)
#define QH_SCSI_PARAMETERS_CHANGED    QH_SCSI_CODE(0x2a, 0x01)
#define QH_SCSI_CAPACITY_CHANGED      QH_SCSI_CODE(0x2a, 0x09)
#define QH_SCSI_MEDIUM_CHANGED        QH_SCSI_CODE(0x28, 0x00)
#define QH_SCSI_EJECT_REQUESTED       QH_SCSI_CODE(0x5a, 0x01)
#define QH_SCSI_LUNS_CHANGED          QH_SCSI_CODE(0x3f, 0x0e)

typedef struct QhScsiClass {
    uint32_t size;
    uint32_t reserved;

    void (*execute)(QhScsiDevice *device, QhScsiRequest *request);

    void (*resume)(QhScsiDevice *device, QhScsiRequest *request);

    void (*abort)(QhScsiDevice *device, QhScsiRequest *request);

    void (*attention)(QhScsiDevice *device, uint32_t code);
} QhScsiClass;

typedef struct QhScsiService {
    uint32_t size;
    uint32_t reserved;

    void (*changed)(QhScsiDevice *device, uint32_t code);
} QhScsiService;

#endif
