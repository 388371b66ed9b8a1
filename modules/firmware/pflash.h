/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NOR flash that takes the Intel command set: Intel StrataFlash Embedded Memory (P30) Family data
 * sheet (order number 306666, "P30" in comments), described to software by the Common Flash
 * Interface (JEDEC JESD68.01, "CFI"). Several chips side by side make up the width of the bus;
 * all get the same commands, each in its lane.
 */
#ifndef FW_PFLASH_H
#define FW_PFLASH_H

#include "modules/firmware/firmware.h"

#define FW_CFI_BYTES    0x40u
#define FW_BUFFER_WORDS 256u /* what a count of 8 bits can say */
#define FW_WIDTH_MAX    4u

/* What the chips do with the next write, and what a read gives. */
#define FW_FLASH_ARRAY   0u
#define FW_FLASH_STATUS  1u
#define FW_FLASH_ID      2u
#define FW_FLASH_QUERY   3u
#define FW_FLASH_PROGRAM 4u /* a word is to come; reads give the status from here on */
#define FW_FLASH_COUNT   5u /* how many words are to come for the buffer */
#define FW_FLASH_FILL    6u /* those words */
#define FW_FLASH_CONFIRM 7u /* the buffer is full: is it to be programmed */
#define FW_FLASH_ERASE   8u /* is the block to be erased */
#define FW_FLASH_LOCK    9u /* what is to be done about locks */

typedef struct FwFlash {
    QhDevice base;

    /* properties */
    QhDrive *drive;
    char *name;
    uint64_t sector_bytes;
    uint32_t n_sectors;
    uint16_t id[4];
    uint8_t width, chip_width; /* bytes of the bus and of one chip */

    QhRam *ram;
    uint8_t *host; /* its content */
    uint64_t bytes;
    uint8_t read_only;
    uint8_t cfi[FW_CFI_BYTES]; /* by address in units of the chip's words */

    uint8_t mode;   /* FW_FLASH_... */
    uint8_t status; /* P30, 7.1; the ready bit is made when it is read */
    uint32_t words; /* of the buffer: how many are to come */
    uint32_t count; /* how many it was told */
    uint64_t buffer_at;
    uint8_t buffer[FW_BUFFER_WORDS * FW_WIDTH_MAX]; /* all ones where nothing was written */

    QhBlockRequest request; /* what is being written to the drive */
    QhBlockVec vec;
    uint8_t busy;
    uint8_t waits;   /* the request failed, and is tried again when the machine runs */
    uint8_t failure; /* status bits if the request fails */
} FwFlash;

/* pflash-drive.c: what the drive has becomes the content. [main] */
gboolean fw_flash_load(FwFlash *flash, GError **error);
/* Write @bytes of the content at @offset to the drive; busy until that is done. A failure sets
 * @failure in the status. [device] */
void fw_flash_save(FwFlash *flash, uint64_t offset, uint64_t bytes, uint8_t failure);
/* The machine runs again: what had failed is tried again. [device] */
void fw_flash_retry(FwFlash *flash);

#endif
