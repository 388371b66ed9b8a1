/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the NVM Express Base Specification, revision 1.4, and little-endian memory. */
#ifndef NVME_SPEC_H
#define NVME_SPEC_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* 3.1: registers */
enum {
    REG_CAP = 0x00,
    REG_VS = 0x08,
    REG_INTMS = 0x0c,
    REG_INTMC = 0x10,
    REG_CC = 0x14,
    REG_CSTS = 0x1c,
    REG_AQA = 0x24,
    REG_ASQ = 0x28,
    REG_ACQ = 0x30,
    REG_DOORBELLS = 0x1000,
};
#define CC_EN         1u
#define CSTS_RDY      1u
#define CSTS_CFS      2u
#define CSTS_SHST     0x0cu
#define CSTS_SHUTTING 0x04u /* shutdown is going on, is complete */
#define CSTS_SHUT     0x08u

#define SQE_BYTES 64u
#define CQE_BYTES 16u

/* 5: admin commands */
enum {
    ADMIN_DELETE_SQ = 0x00,
    ADMIN_CREATE_SQ = 0x01,
    ADMIN_GET_LOG_PAGE = 0x02,
    ADMIN_DELETE_CQ = 0x04,
    ADMIN_CREATE_CQ = 0x05,
    ADMIN_IDENTIFY = 0x06,
    ADMIN_ABORT = 0x08,
    ADMIN_SET_FEATURES = 0x09,
    ADMIN_GET_FEATURES = 0x0a,
    ADMIN_ASYNC_EVENT = 0x0c,
    ADMIN_DOORBELL_BUFFER = 0x7c,
};

/* 6: NVM commands */
enum {
    NVM_FLUSH = 0x00,
    NVM_WRITE = 0x01,
    NVM_READ = 0x02,
    NVM_COMPARE = 0x05,
    NVM_WRITE_ZEROES = 0x08,
    NVM_DATASET_MANAGEMENT = 0x09,
};

/* 4.6.1: status, type << 8 | code; what comes again when it is tried again has DNR */
#define NVME_DNR                 0x4000u
#define NVME_SUCCESS             0x000u
#define NVME_INVALID_OPCODE      (0x001u | NVME_DNR)
#define NVME_INVALID_FIELD       (0x002u | NVME_DNR)
#define NVME_TRANSFER_ERROR      0x004u
#define NVME_INTERNAL_ERROR      0x006u
#define NVME_ABORTED             0x007u
#define NVME_SQ_DELETED          0x008u
#define NVME_INVALID_NAMESPACE   (0x00bu | NVME_DNR)
#define NVME_SEQUENCE_ERROR      (0x00cu | NVME_DNR)
#define NVME_INVALID_SGL_SEGMENT (0x00du | NVME_DNR)
#define NVME_INVALID_SGL_COUNT   (0x00eu | NVME_DNR)
#define NVME_INVALID_SGL_LENGTH  (0x00fu | NVME_DNR)
#define NVME_INVALID_SGL_TYPE    (0x011u | NVME_DNR)
#define NVME_INVALID_PRP_OFFSET  (0x013u | NVME_DNR)
#define NVME_WRITE_PROTECTED     (0x020u | NVME_DNR)
#define NVME_LBA_RANGE           (0x080u | NVME_DNR)
#define NVME_CAPACITY_EXCEEDED   (0x081u | NVME_DNR)
#define NVME_INVALID_CQ          (0x100u | NVME_DNR)
#define NVME_INVALID_QUEUE       (0x101u | NVME_DNR)
#define NVME_INVALID_QUEUE_SIZE  (0x102u | NVME_DNR)
#define NVME_TOO_MANY_EVENTS     (0x105u | NVME_DNR)
#define NVME_INVALID_VECTOR      (0x108u | NVME_DNR)
#define NVME_INVALID_LOG_PAGE    (0x109u | NVME_DNR)
#define NVME_QUEUE_IN_USE        (0x10cu | NVME_DNR)
#define NVME_NOT_SAVEABLE        (0x10du | NVME_DNR)
#define NVME_NOT_CHANGEABLE      (0x10eu | NVME_DNR)
#define NVME_WRITE_FAULT         0x280u
#define NVME_READ_ERROR          0x281u
#define NVME_COMPARE_FAILURE     (0x285u | NVME_DNR)

/* 5.2: asynchronous events: type, information, log page */
#define NVME_EVENT(type, info, page) ((uint32_t)(page) << 16 | (uint32_t)(info) << 8 | (type))
#define NVME_EVENT_BAD_DOORBELL      NVME_EVENT(0, 0, LOG_ERRORS)
#define NVME_EVENT_BAD_VALUE         NVME_EVENT(0, 1, LOG_ERRORS)
#define NVME_EVENT_NAMESPACES        NVME_EVENT(2, 0, LOG_CHANGED)

/* 5.14.1: log pages */
enum { LOG_ERRORS = 1, LOG_HEALTH = 2, LOG_FIRMWARE = 3, LOG_CHANGED = 4, LOG_EFFECTS = 5 };

#define NVME_ALL_NAMESPACES UINT32_MAX

static inline uint16_t get16(const void *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT16_FROM_LE(value);
}

static inline uint32_t get32(const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_LE(value);
}

static inline uint64_t get64(const void *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT64_FROM_LE(value);
}

static inline void put16(void *at, uint32_t value)
{
    uint16_t word = GUINT16_TO_LE((uint16_t)value);

    memcpy(at, &word, sizeof(word));
}

static inline void put32(void *at, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

static inline void put64(void *at, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

#endif
