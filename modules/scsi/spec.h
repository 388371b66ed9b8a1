/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of SPC-4, SBC-3 and MMC-6 that more than one file needs, and big-endian memory. */
#ifndef SCSI_SPEC_H
#define SCSI_SPEC_H

#include "abi/scsi.h"

#include <string.h>

/* Operation codes: SPC-4 table D.3, MMC-6 table 241 */
enum {
    OP_TEST_UNIT_READY = 0x00,
    OP_REQUEST_SENSE = 0x03,
    OP_READ_6 = 0x08,
    OP_WRITE_6 = 0x0a,
    OP_INQUIRY = 0x12,
    OP_MODE_SELECT_6 = 0x15,
    OP_RESERVE_6 = 0x16,
    OP_RELEASE_6 = 0x17,
    OP_MODE_SENSE_6 = 0x1a,
    OP_START_STOP_UNIT = 0x1b,
    OP_SEND_DIAGNOSTIC = 0x1d,
    OP_PREVENT_ALLOW = 0x1e,
    OP_READ_CAPACITY_10 = 0x25,
    OP_READ_10 = 0x28,
    OP_WRITE_10 = 0x2a,
    OP_SEEK_10 = 0x2b,
    OP_WRITE_VERIFY_10 = 0x2e,
    OP_VERIFY_10 = 0x2f,
    OP_SYNCHRONIZE_CACHE_10 = 0x35,
    OP_WRITE_SAME_10 = 0x41,
    OP_UNMAP = 0x42,
    OP_READ_TOC = 0x43,
    OP_GET_CONFIGURATION = 0x46,
    OP_GET_EVENT_STATUS = 0x4a,
    OP_READ_DISC_INFORMATION = 0x51,
    OP_MODE_SELECT_10 = 0x55,
    OP_RESERVE_10 = 0x56,
    OP_RELEASE_10 = 0x57,
    OP_MODE_SENSE_10 = 0x5a,
    OP_READ_16 = 0x88,
    OP_WRITE_16 = 0x8a,
    OP_WRITE_VERIFY_16 = 0x8e,
    OP_VERIFY_16 = 0x8f,
    OP_SYNCHRONIZE_CACHE_16 = 0x91,
    OP_WRITE_SAME_16 = 0x93,
    OP_SERVICE_ACTION_IN = 0x9e,
    OP_REPORT_LUNS = 0xa0,
    OP_READ_12 = 0xa8,
    OP_WRITE_12 = 0xaa,
    OP_READ_DVD_STRUCTURE = 0xad,
    OP_WRITE_VERIFY_12 = 0xae,
    OP_VERIFY_12 = 0xaf,
    OP_SET_CD_SPEED = 0xbb,
    OP_MECHANISM_STATUS = 0xbd,
};

/* SPC-4 4.5.6: sense keys */
enum {
    KEY_NONE = 0x0,
    KEY_NOT_READY = 0x2,
    KEY_MEDIUM_ERROR = 0x3,
    KEY_ILLEGAL_REQUEST = 0x5,
    KEY_UNIT_ATTENTION = 0x6,
    KEY_DATA_PROTECT = 0x7,
    KEY_MISCOMPARE = 0xe,
};

/* SPC-4 table D.2: additional sense codes */
#define CODE_NONE             QH_SCSI_CODE(0x00, 0x00)
#define CODE_WRITE_ERROR      QH_SCSI_CODE(0x0c, 0x00)
#define CODE_READ_ERROR       QH_SCSI_CODE(0x11, 0x00)
#define CODE_LIST_LENGTH      QH_SCSI_CODE(0x1a, 0x00)
#define CODE_MISCOMPARE       QH_SCSI_CODE(0x1d, 0x00)
#define CODE_INVALID_OPCODE   QH_SCSI_CODE(0x20, 0x00)
#define CODE_LBA_RANGE        QH_SCSI_CODE(0x21, 0x00)
#define CODE_INVALID_FIELD    QH_SCSI_CODE(0x24, 0x00)
#define CODE_INVALID_IN_LIST  QH_SCSI_CODE(0x26, 0x00)
#define CODE_WRITE_PROTECTED  QH_SCSI_CODE(0x27, 0x00)
#define CODE_NO_SPACE         QH_SCSI_CODE(0x27, 0x07)
#define CODE_NO_SAVED         QH_SCSI_CODE(0x39, 0x00)
#define CODE_NO_MEDIUM        QH_SCSI_CODE(0x3a, 0x00)
#define CODE_NO_MEDIUM_CLOSED QH_SCSI_CODE(0x3a, 0x01)
#define CODE_NO_MEDIUM_OPEN   QH_SCSI_CODE(0x3a, 0x02)
#define CODE_PREVENTED        QH_SCSI_CODE(0x53, 0x02)

static inline uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t get24(const uint8_t *at)
{
    return (uint32_t)at[0] << 16 | get16(at + 1);
}

static inline uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static inline uint64_t get64(const uint8_t *at)
{
    return (uint64_t)get32(at) << 32 | get32(at + 4);
}

static inline void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void put24(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 16);
    put16(at + 1, value);
}

static inline void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

static inline void put64(uint8_t *at, uint64_t value)
{
    put32(at, (uint32_t)(value >> 32));
    put32(at + 4, (uint32_t)value);
}

#endif
