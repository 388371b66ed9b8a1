/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INQUIRY (6.6) and the vital product data (7.8; SBC-3 6.6). */
#include "modules/scsi/unit.h"

#define TYPE_DISK       0x00
#define TYPE_CD         0x05
#define RMB             0x80 /* removable medium */
#define SPC_3           5
#define RESPONSE_2      2
#define CMDQUE          0x02
#define PAGE_BYTES_MAX  256u
#define UNMAP_RANGES    255u
#define CODE_SET_BINARY 1
#define CODE_SET_ASCII  2
#define ID_VENDOR       0 /* designator types (7.8.6) */
#define ID_NAA          3
#define ID_RELATIVE     4
#define OF_PORT         0x90 /* with a protocol identifier; PIV is not set for type 4 */

/* ASCII fields are filled up with blanks (4.4.1). */
static void put_text(uint8_t *at, const char *text, size_t bytes)
{
    memset(at, ' ', bytes);
    memcpy(at, text, MIN(strlen(text), bytes));
}

static const char *serial_of(const ScsiUnit *unit)
{
    return unit->serial != NULL ? unit->serial : unit->services->block->serial(unit->drive);
}

static const char *device_id_of(const ScsiUnit *unit)
{
    const char *serial = serial_of(unit);

    return unit->device_id != NULL ? unit->device_id
           : serial[0] != '\0'     ? serial
                                   : unit->services->block->name(unit->drive);
}

/* 7.8.15 */
static uint32_t page_serial(const ScsiUnit *unit, uint8_t *page)
{
    const char *serial = serial_of(unit);
    uint32_t bytes = (uint32_t)MIN(strlen(serial), 36);

    memcpy(page, serial, bytes);
    return bytes;
}

static uint32_t put_naa(uint8_t *at, uint8_t association, uint64_t name)
{
    at[0] = CODE_SET_BINARY;
    at[1] = association | ID_NAA;
    at[3] = 8;
    put64(at + 4, name);
    return 12;
}

/* 7.8.6: names of the unit, and of the port through which it is seen */
static uint32_t page_identification(const ScsiUnit *unit, uint8_t *page)
{
    const char *id = device_id_of(unit);
    uint32_t n = 0, bytes = (uint32_t)MIN(strlen(id), 64);

    if (bytes > 0) {
        page[0] = CODE_SET_ASCII;
        page[1] = ID_VENDOR;
        page[3] = (uint8_t)bytes;
        memcpy(page + 4, id, bytes);
        n = 4 + bytes;
    }
    if (unit->wwn != 0) {
        n += put_naa(page + n, 0, unit->wwn);
    }
    if (unit->port_wwn != 0) {
        n += put_naa(page + n, OF_PORT & 0x30, unit->port_wwn);
    }
    if (unit->port_index != 0) {
        page[n] = CODE_SET_BINARY;
        page[n + 1] = (OF_PORT & 0x30) | ID_RELATIVE;
        page[n + 3] = 4;
        put16(page + n + 6, unit->port_index);
        n += 8;
    }
    return n;
}

/* SBC-3 6.6.4: in logical blocks */
static uint32_t page_limits(const ScsiUnit *unit, uint8_t *page)
{
    uint32_t block = unit->block_bytes;
    uint32_t granule = unit->discard_granularity != UINT32_MAX ? unit->discard_granularity : 4096;

    memset(page, 0, 0x3c);
    put16(page + 2, MIN(unit->min_io_bytes / block, UINT16_MAX));
    put32(page + 4, (uint32_t)MIN(unit->max_io_bytes / block, UINT32_MAX));
    put32(page + 8, unit->opt_io_bytes / block);
    if (!unit->is_cd) {
        put32(page + 16, (uint32_t)MIN(unit->max_unmap_bytes / block, UINT32_MAX));
        put32(page + 20, UNMAP_RANGES);
        put32(page + 24, MAX(granule / block, 1));
        put64(page + 32, unit->max_unmap_bytes / block); /* of a WRITE SAME */
    }
    return 0x3c;
}

/* SBC-3 6.6.3 */
static uint32_t page_characteristics(const ScsiUnit *unit, uint8_t *page)
{
    memset(page, 0, 0x3c);
    put16(page, unit->rotation_rate);
    return 0x3c;
}

/* SBC-3 6.6.6: UNMAP, WRITE SAME with UNMAP (both lengths) are there; what was given up reads as
 * zeroes only where the disk says so, which it does not. */
static uint32_t page_provisioning(const ScsiUnit *unit, uint8_t *page)
{
    memset(page, 0, 4);
    page[1] = 0xe0;
    page[2] = unit->info.discard_bytes != 0 ? 2 : 0; /* thin */
    return 4;
}

static gboolean serial_there(const ScsiUnit *unit)
{
    return serial_of(unit)[0] != '\0';
}

static gboolean is_disk(const ScsiUnit *unit)
{
    return !unit->is_cd;
}

static uint32_t page_pages(const ScsiUnit *unit, uint8_t *page);

static const struct {
    uint8_t number;
    uint32_t (*put)(const ScsiUnit *unit, uint8_t *page);
    gboolean (*there)(const ScsiUnit *unit);
} pages[] = {
    {0x00, page_pages,           NULL        },
    {0x80, page_serial,          serial_there},
    {0x83, page_identification,  NULL        },
    {0xb0, page_limits,          NULL        },
    {0xb1, page_characteristics, is_disk     },
    {0xb2, page_provisioning,    is_disk     },
};

/* 7.8.14 */
static uint32_t page_pages(const ScsiUnit *unit, uint8_t *page)
{
    uint32_t n = 0;

    for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].there == NULL || pages[i].there(unit)) {
            page[n++] = pages[i].number;
        }
    }
    return n;
}

static void vital_product_data(ScsiTask *task, uint32_t allocated)
{
    const ScsiUnit *unit = task->unit;
    uint8_t data[PAGE_BYTES_MAX] = {unit->is_cd ? TYPE_CD : TYPE_DISK, scsi_task_cdb(task)[2]};

    for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].number == data[1] && (pages[i].there == NULL || pages[i].there(unit))) {
            uint32_t bytes = pages[i].put(unit, data + 4);

            put16(data + 2, bytes);
            scsi_task_reply(task, data, 4 + bytes, allocated);
            return;
        }
    }
    scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
}

/* 6.6.2 */
static void standard(ScsiTask *task, uint32_t allocated)
{
    const ScsiUnit *unit = task->unit;
    uint8_t data[36] = {0};

    data[0] = unit->is_cd ? TYPE_CD : TYPE_DISK;
    data[1] = unit->is_cd || unit->removable ? RMB : 0;
    data[2] = SPC_3;
    data[3] = RESPONSE_2 | 0x10; /* HISUP: units have the addresses of REPORT LUNS */
    data[4] = sizeof(data) - 5;
    data[7] = CMDQUE;
    put_text(data + 8, unit->vendor != NULL ? unit->vendor : "QEMU", 8);
    put_text(data + 16,
             unit->product != NULL ? unit->product
             : unit->is_cd         ? "QEMU CD-ROM"
                                   : "QEMU HARDDISK",
             16);
    put_text(data + 32, unit->ver != NULL ? unit->ver : "2.5+", 4);
    scsi_task_reply(task, data, sizeof(data), allocated);
}

void scsi_inquiry(ScsiTask *task)
{
    const uint8_t *cdb = scsi_task_cdb(task);
    uint32_t allocated = get16(cdb + 3);

    if ((cdb[1] & 1) != 0) {
        vital_product_data(task, allocated);
    } else if (cdb[1] != 0 || cdb[2] != 0) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
    } else {
        standard(task, allocated);
    }
}
