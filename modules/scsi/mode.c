/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MODE SENSE and MODE SELECT (6.11 to 6.14). A page is made in three forms: what it says now, which
 * of its bits can be changed, and what it says by default. The write cache (SBC-3 6.5.5) is all
 * that can be changed.
 */
#include "modules/scsi/unit.h"

#define PAGE_ALL     0x3f
#define PAGE_CACHING 0x08
#define WCE          0x04
#define LIST_MAX     512u
#define HEADER_6     4u
#define HEADER_10    8u
#define BLOCK_BYTES  8u
#define WP           0x80 /* device-specific parameter (SBC-3 6.5.1) */
#define DPOFUA       0x10

enum { CURRENT, CHANGEABLE, DEFAULT, SAVED };

/* 7.5.10 of MMC-3 and SBC-3 6.5.8: read-write error recovery; all is tried by the host */
static void page_recovery(const ScsiUnit *unit, uint8_t *page)
{
    page[0] = unit->is_cd ? 0 : 0x80; /* AWRE */
    page[1] = unit->is_cd ? 0x20 : 0;
}

/* SBC-2 6.3.4: rigid disk geometry, for systems that believe in cylinders */
static void page_geometry(const ScsiUnit *unit, uint8_t *page)
{
    uint64_t cylinders = unit->info.bytes / 512 / (16 * 63);

    put24(page, (uint32_t)CLAMP(cylinders, 2, 16383));
    page[3] = 16;
    put16(page + 18, 5400);
}

static void page_caching(const ScsiUnit *unit, uint8_t *page)
{
    page[0] = unit->write_cache ? WCE : 0;
}

/* 7.5.7: commands are reordered freely */
static void page_control(const ScsiUnit *unit, uint8_t *page)
{
    (void)unit;
    page[1] = 0x10;
}

/* MMC-3 5.5.10: capabilities and mechanical status */
static void page_capabilities(const ScsiUnit *unit, uint8_t *page)
{
    page[0] = 0x3b;                              /* reads CD-R, CD-RW, method 2, DVD-ROM, DVD-R */
    page[2] = 0x70;                              /* mode 2 forms 1 and 2, several sessions */
    page[4] = 0x29 | (unit->prevent ? 0x02 : 0); /* a tray that ejects and locks */
    put16(page + 6, 50 * 176);                   /* speed in kB/s, most and now */
    put16(page + 10, 2048);
    put16(page + 12, 16 * 176);
}

static const struct {
    uint8_t number, bytes; /* behind the two of its head */
    gboolean disk, cd;
    void (*put)(const ScsiUnit *unit, uint8_t *page);
} pages[] = {
    {0x01,         10, TRUE,  TRUE,  page_recovery    },
    {0x04,         22, TRUE,  FALSE, page_geometry    },
    {PAGE_CACHING, 18, TRUE,  TRUE,  page_caching     },
    {0x0a,         10, TRUE,  TRUE,  page_control     },
    {0x2a,         20, FALSE, TRUE,  page_capabilities},
};

/* Page @n as @control wants it; returns its bytes. */
static uint32_t put_page(const ScsiUnit *unit, uint32_t n, uint32_t control, uint8_t *at)
{
    at[0] = pages[n].number;
    at[1] = pages[n].bytes;
    memset(at + 2, 0, pages[n].bytes);
    if (control != CHANGEABLE) {
        pages[n].put(unit, at + 2);
    } else if (pages[n].number == PAGE_CACHING && !unit->is_cd) {
        at[2] = WCE;
    }
    return 2u + pages[n].bytes;
}

static gboolean has_page(const ScsiUnit *unit, uint32_t n)
{
    return unit->is_cd ? pages[n].cd : pages[n].disk;
}

/* SBC-3 6.5.2.2: short LBA mode parameter block descriptor */
static uint32_t put_block(const ScsiUnit *unit, uint8_t *at)
{
    memset(at, 0, BLOCK_BYTES);
    put32(at, (uint32_t)MIN(scsi_unit_blocks(unit), UINT32_MAX));
    put24(at + 5, unit->block_bytes);
    return BLOCK_BYTES;
}

static uint8_t specific(const ScsiUnit *unit)
{
    if (unit->is_cd) {
        return 0;
    }
    return (unit->dpofua ? DPOFUA : 0) | ((unit->info.flags & QH_BLOCK_INFO_READ_ONLY) ? WP : 0);
}

void scsi_mode_sense(ScsiTask *task)
{
    const ScsiUnit *unit = task->unit;
    const uint8_t *cdb = scsi_task_cdb(task);
    gboolean small = cdb[0] == OP_MODE_SENSE_6;
    uint32_t control = cdb[2] >> 6, number = cdb[2] & PAGE_ALL,
             header = small ? HEADER_6 : HEADER_10;
    uint8_t data[LIST_MAX] = {0};
    uint32_t bytes = header, blocks = 0;
    gboolean found = number == PAGE_ALL;

    if (control == SAVED) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_NO_SAVED);
        return;
    }
    if ((cdb[1] & 8) == 0 && !unit->is_cd) {
        blocks = put_block(unit, data + bytes);
        bytes += blocks;
    }
    for (uint32_t i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (has_page(unit, i) && (number == PAGE_ALL || number == pages[i].number)) {
            found = TRUE;
            bytes += put_page(unit, i, control, data + bytes);
        }
    }
    if (!found || (cdb[3] != 0 && !(cdb[3] == 0xff && number == PAGE_ALL))) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    if (small) {
        data[0] = (uint8_t)(bytes - 1);
        data[2] = specific(unit);
        data[3] = (uint8_t)blocks;
    } else {
        put16(data, bytes - 2);
        data[3] = specific(unit);
        put16(data + 6, blocks);
    }
    scsi_task_reply(task, data, bytes, small ? cdb[4] : get16(cdb + 7));
}

/* A page that the guest wants: each bit that cannot be changed must be what it is (6.13). */
static gboolean page_is_good(const ScsiUnit *unit, const uint8_t *page, uint32_t n)
{
    uint8_t now[64], mask[64];

    put_page(unit, n, CURRENT, now);
    put_page(unit, n, CHANGEABLE, mask);
    for (uint32_t i = 2; i < 2u + pages[n].bytes; i++) {
        if (((page[i] ^ now[i]) & ~mask[i]) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The page at @at, which has @left bytes to the end of the list; 0: it is bad. */
static uint32_t
take_page(ScsiUnit *unit, const uint8_t *at, uint32_t left, gboolean apply, uint32_t *ret_code)
{
    uint32_t n = 0;

    *ret_code = CODE_LIST_LENGTH;
    if (left < 2 || 2u + at[1] > left) {
        return 0;
    }
    *ret_code = CODE_INVALID_IN_LIST;
    while (n < G_N_ELEMENTS(pages) && (pages[n].number != at[0] || !has_page(unit, n))) {
        n++;
    }
    if (n == G_N_ELEMENTS(pages) || pages[n].bytes != at[1] || !page_is_good(unit, at, n)) {
        return 0;
    }
    if (apply && at[0] == PAGE_CACHING && !unit->is_cd) {
        scsi_unit_set_write_cache(unit, (at[2] & WCE) != 0);
    }
    return 2u + at[1];
}

/* Nothing is changed when something in the list is bad, so it is gone through twice. */
static void selected(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;
    gboolean small = scsi_task_cdb(task)[0] == OP_MODE_SELECT_6;
    uint32_t header = small ? HEADER_6 : HEADER_10, bytes = (uint32_t)task->data_bytes, code;
    const uint8_t *data = task->data;

    if (bytes == 0) {
        scsi_task_good(task);
        return;
    }
    uint32_t blocks = bytes < header ? 0 : small ? data[3] : get16(data + 6);
    if (bytes < header + blocks) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_LIST_LENGTH);
        return;
    }
    if (blocks != 0 && (blocks != BLOCK_BYTES || get24(data + header + 5) != unit->block_bytes)) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_IN_LIST);
        return;
    }
    for (guint apply = 0; apply < 2; apply++) {
        for (uint32_t at = header + blocks, step; at < bytes; at += step) {
            step = take_page(unit, data + at, bytes - at, apply != 0, &code);
            if (step == 0) {
                scsi_task_fail(task, KEY_ILLEGAL_REQUEST, code);
                return;
            }
        }
    }
    scsi_task_good(task);
}

void scsi_mode_select(ScsiTask *task)
{
    const uint8_t *cdb = scsi_task_cdb(task);

    if ((cdb[1] & 0x11) != 0x10) { /* PF, and not SP */
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    scsi_task_collect(task, cdb[0] == OP_MODE_SELECT_6 ? cdb[4] : get16(cdb + 7), selected);
}
