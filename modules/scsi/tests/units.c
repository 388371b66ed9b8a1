/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of disks and CD-ROM drives, good ones and bad ones. */
#include "modules/scsi/tests/bench.h"

#include <errno.h>
#include <stdlib.h>

#define KEYED(key, code) ((uint32_t)(key) << 16 | (code))
#define ILLEGAL(code)    KEYED(KEY_ILLEGAL_REQUEST, code)
#define ATTENTION(code)  KEYED(KEY_UNIT_ATTENTION, code)
#define NOT_READY(code)  KEYED(KEY_NOT_READY, code)

static uint32_t in(Bench *bench, const uint8_t *cdb, uint32_t n, void *data, uint64_t bytes)
{
    Command command;

    command_start(&command, bench, cdb, n, QH_SCSI_FROM_DEVICE, data, bytes, 0);
    bench_serve(bench);
    return command_result(&command);
}

static uint32_t out(Bench *bench, const uint8_t *cdb, uint32_t n, void *data, uint64_t bytes)
{
    Command command;

    command_start(&command, bench, cdb, n, QH_SCSI_TO_DEVICE, data, bytes, 0);
    bench_serve(bench);
    return command_result(&command);
}

static uint32_t ready(Bench *bench)
{
    static const uint8_t cdb[6] = {OP_TEST_UNIT_READY};

    return in(bench, cdb, 6, NULL, 0);
}

/* A unit whose power-on attention has been taken. */
static Bench *begin(gboolean is_cd, void (*set_up)(Bench *bench))
{
    Bench *bench = bench_new(is_cd, set_up);

    g_assert_cmphex(ready(bench), ==, ATTENTION(QH_SCSI_POWER_ON));
    return bench;
}

static void name_it(Bench *bench)
{
    static char serial[] = "S1", vendor[] = "V", product[] = "a product that is too long";

    bench->unit->serial = serial;
    bench->unit->vendor = vendor;
    bench->unit->product = product;
    bench->unit->wwn = 0x5000c50015ea71aa;
    bench->unit->rotation_rate = 7200;
}

static void test_inquiry(void)
{
    static const struct {
        uint8_t page;
        uint32_t bytes; /* behind the head */
    } pages[] = {
        {0x00, 6     },
        {0x80, 2     },
        {0x83, 6 + 12},
        {0xb0, 0x3c  },
        {0xb1, 0x3c  },
        {0xb2, 4     }
    };
    Bench *bench = begin(FALSE, name_it);
    uint8_t cdb[6] = {OP_INQUIRY, 0, 0, 0, 255}, data[255];

    g_assert_cmphex(in(bench, cdb, 6, data, 255), ==, 0);
    g_assert_cmpmem(data + 8, 24, "V       a product that i", 24);
    g_assert_cmpuint(data[1], ==, 0);
    for (uint32_t page = 0; page < 256; page++) {
        uint32_t bytes = 0;

        for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
            bytes = pages[i].page == page ? pages[i].bytes : bytes;
        }
        cdb[1] = 1;
        cdb[2] = (uint8_t)page;
        g_assert_cmphex(in(bench, cdb, 6, data, 255), ==, bytes ? 0 : ILLEGAL(CODE_INVALID_FIELD));
        if (bytes != 0) {
            g_assert_cmpuint(data[1], ==, page);
            g_assert_cmpuint(get16(data + 2), ==, bytes);
        }
    }
    cdb[1] = 0; /* a page without asking for one */
    cdb[2] = 0x80;
    g_assert_cmphex(in(bench, cdb, 6, data, 255), ==, ILLEGAL(CODE_INVALID_FIELD));
    cdb[2] = 0;
    g_assert_cmphex(in(bench, cdb, 6, data, 36), ==, UINT32_MAX); /* less than it allows */
    bench_free(bench);
}

static void put_range(uint8_t *cdb, uint64_t lba, uint32_t blocks)
{
    switch (cdb[0] >> 5) {
    case 0:
        put24(cdb + 1, (uint32_t)lba);
        cdb[4] = (uint8_t)blocks;
        break;
    case 4:
        put64(cdb + 2, lba);
        put32(cdb + 10, blocks);
        break;
    case 5:
        put32(cdb + 2, (uint32_t)lba);
        put32(cdb + 6, blocks);
        break;
    default:
        put32(cdb + 2, (uint32_t)lba);
        put16(cdb + 7, blocks);
    }
}

static void test_transfers(void)
{
    static const uint8_t reads[] = {OP_READ_6, OP_READ_10, OP_READ_12, OP_READ_16};
    static const uint8_t writes[] = {OP_WRITE_6, OP_WRITE_10, OP_WRITE_12, OP_WRITE_16};
    Bench *bench = begin(FALSE, NULL);
    uint8_t data[8 * 512], far[16] = {OP_READ_16};

    for (guint i = 0; i < G_N_ELEMENTS(reads); i++) {
        uint8_t cdb[16] = {reads[i]};

        put_range(cdb, 5 + i, 8);
        for (uint64_t piece = 0; piece <= 1500; piece += 500) {
            Command command;

            memset(data, 0, sizeof(data));
            command_start(&command, bench, cdb, 16, QH_SCSI_FROM_DEVICE, data, sizeof(data), piece);
            g_assert_cmphex(command_result(&command), ==, 0);
            g_assert_cmpuint(command.request.moved, ==, sizeof(data));
            g_assert_cmpmem(data, sizeof(data), bench->disk + 512 * (5 + i), sizeof(data));
        }
        memset(data, 0x11 + (int)i, sizeof(data));
        cdb[0] = writes[i];
        g_assert_cmphex(out(bench, cdb, 16, data, sizeof(data)), ==, 0);
        g_assert_cmpmem(data, sizeof(data), bench->disk + 512 * (5 + i), sizeof(data));
        g_assert_cmphex(in(bench, cdb, 16, data, sizeof(data)), ==, UINT32_MAX);
        g_assert_cmphex(out(bench, cdb, 16, data, sizeof(data) - 1), ==, UINT32_MAX);
        put_range(cdb, BENCH_DISK_BYTES / 512 - 7, 8);
        g_assert_cmphex(out(bench, cdb, 16, data, sizeof(data)), ==, ILLEGAL(CODE_LBA_RANGE));
    }
    put_range(far, UINT64_MAX, 1);
    g_assert_cmphex(in(bench, far, 16, data, 512), ==, ILLEGAL(CODE_LBA_RANGE));
    put_range(far, 0, 0);
    g_assert_cmphex(in(bench, far, 16, NULL, 0), ==, 0);
    put_range(far, 0, UINT32_MAX);
    g_assert_cmphex(in(bench, far, 16, data, 512), ==, ILLEGAL(CODE_LBA_RANGE));
    far[1] = 0x20; /* protection information */
    put_range(far, 0, 1);
    g_assert_cmphex(in(bench, far, 16, data, 512), ==, ILLEGAL(CODE_INVALID_FIELD));
    bench_free(bench);
}

static void test_errors(void)
{
    static const struct {
        int error;
        uint32_t write, read;
    } errors[] = {
        {EIO,               KEYED(KEY_MEDIUM_ERROR, CODE_WRITE_ERROR),                  KEYED(KEY_MEDIUM_ERROR, CODE_READ_ERROR)},
        {ENOSPC, KEYED(KEY_DATA_PROTECT,                       CODE_NO_SPACE),                                                    KEYED(KEY_DATA_PROTECT, CODE_NO_SPACE)},
        {ENOMEDIUM,   NOT_READY(CODE_NO_MEDIUM),NOT_READY(CODE_NO_MEDIUM)},
    };
    Bench *bench = begin(FALSE, NULL);
    uint8_t cdb[10] = {OP_WRITE_10}, data[512] = {0};
    Command command;

    put_range(cdb, 1, 1);
    for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
        cdb[0] = OP_WRITE_10;
        bench->fail = errors[i].error;
        g_assert_cmphex(out(bench, cdb, 10, data, 512), ==, errors[i].write);
        cdb[0] = OP_READ_10;
        bench->fail = errors[i].error;
        g_assert_cmphex(in(bench, cdb, 10, data, 512), ==, errors[i].read);
    }
    bench->stop_on_error = TRUE; /* tried again when the machine runs on */
    bench->fail = EIO;
    command_start(&command, bench, cdb, 10, QH_SCSI_FROM_DEVICE, data, 512, 0);
    bench->ops->run_state(&bench->unit->scsi.base, FALSE);
    g_assert_cmpuint(command.n_done, ==, 0);
    bench->ops->run_state(&bench->unit->scsi.base, TRUE);
    g_assert_cmphex(command_result(&command), ==, 0);
    bench->fail = EIO; /* or given up while it waits */
    command_start(&command, bench, cdb, 10, QH_SCSI_FROM_DEVICE, data, 512, 0);
    scsi_hba_abort(&bench->hba, &command.request);
    g_assert_cmpuint(command.request.response, ==, QH_SCSI_ABORTED);
    bench_free(bench);
}

/* One that the disk has ends when the disk lets go of it. */
static void test_ends(void)
{
    Bench *bench = begin(FALSE, NULL);
    uint8_t cdb[10] = {OP_READ_10}, data[512] = {0};
    Command command;

    put_range(cdb, 1, 1);
    bench->hold = TRUE;
    command_start(&command, bench, cdb, 10, QH_SCSI_FROM_DEVICE, data, 512, 0);
    scsi_hba_abort(&bench->hba, &command.request);
    g_assert_cmpuint(command.n_done, ==, 0);
    bench_serve(bench);
    g_assert_cmpuint(command.n_done, ==, 1);
    g_assert_cmpuint(command.request.response, ==, QH_SCSI_ABORTED);
    command_start(&command, bench, cdb, 10, QH_SCSI_FROM_DEVICE, data, 512, 0);
    bench->ops->reset(&bench->unit->scsi.base, QH_RESET_WARM);
    g_assert_cmphex(ready(bench), ==, ATTENTION(QH_SCSI_POWER_ON));
    g_assert_cmpuint(command.n_done, ==, 1);
    g_assert_cmpuint(command.request.response, ==, QH_SCSI_RESET);
    command_start(&command, bench, cdb, 10, QH_SCSI_FROM_DEVICE, data, 512, 0);
    bench_free(bench); /* unplugged with one in flight */
    g_assert_cmpuint(command.n_done, ==, 1);
}

static void test_mode(void)
{
    static const struct {
        uint8_t list[16];
        uint32_t bytes, result;
    } lists[] = {
        {{0, 0, 0, 0, 0x08, 0x12, 0x04},       16, ILLEGAL(CODE_LIST_LENGTH)    },
        {{0, 0, 0, 0, 0x08},                   5,  ILLEGAL(CODE_LIST_LENGTH)    },
        {{0, 0, 0, 8, 0},                      8,  ILLEGAL(CODE_LIST_LENGTH)    },
        {{0, 0, 0},                            3,  ILLEGAL(CODE_LIST_LENGTH)    },
        {{0, 0, 0, 0, 0x3e, 2},                8,  ILLEGAL(CODE_INVALID_IN_LIST)},
        {{0, 0, 0, 0, 0x0a, 10, 0, 0xff},      16, ILLEGAL(CODE_INVALID_IN_LIST)},
        {{0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 4, 0}, 12, ILLEGAL(CODE_INVALID_IN_LIST)},
        {{0, 0, 0, 4, 0, 0, 0, 0},             8,  ILLEGAL(CODE_INVALID_IN_LIST)},
        {{0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0}, 12, 0                            },
        {{0, 0, 0, 0},                         4,  0                            },
    };
    Bench *bench = begin(FALSE, NULL);
    uint8_t sense[6] = {OP_MODE_SENSE_6, 8, 0x08, 0, 255}, data[255];
    uint8_t select[6] = {OP_MODE_SELECT_6, 0x10};

    g_assert_cmphex(in(bench, sense, 6, data, 255), ==, 0);
    g_assert_cmphex(data[4], ==, 0x08);
    g_assert_cmphex(data[6], ==, 0x04);
    data[0] = data[2] = data[6] = 0;
    select[4] = 24;
    g_assert_cmphex(out(bench, select, 6, data, 24), ==, 0);
    g_assert_false(bench->write_cache);
    g_assert_cmphex(in(bench, sense, 6, data, 255), ==, 0);
    g_assert_cmphex(data[6], ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        select[4] = (uint8_t)lists[i].bytes;
        memcpy(data, lists[i].list, 16);
        g_assert_cmphex(out(bench, select, 6, data, lists[i].bytes), ==, lists[i].result);
        g_assert_false(bench->write_cache);
    }
    sense[2] = 0xc8; /* saved values */
    g_assert_cmphex(in(bench, sense, 6, data, 255), ==, ILLEGAL(CODE_NO_SAVED));
    sense[2] = 0x3f;
    g_assert_cmphex(in(bench, sense, 6, data, 255), ==, 0);
    sense[2] = 0x2a;
    g_assert_cmphex(in(bench, sense, 6, data, 255), ==, ILLEGAL(CODE_INVALID_FIELD));
    bench_free(bench);
}

static void test_unmap(void)
{
    Bench *bench = begin(FALSE, NULL);
    uint8_t cdb[10] = {OP_UNMAP}, list[8 + 32] = {0};

    put16(cdb + 7, sizeof(list));
    put16(list, sizeof(list) - 2);
    put16(list + 2, 32);
    put64(list + 8, 4);
    put32(list + 16, 10);
    put64(list + 24, 100);
    put32(list + 32, 3);
    g_assert_cmphex(out(bench, cdb, 10, list, sizeof(list)), ==, 0);
    g_assert_cmpuint(bench->n_discards, ==, 2);
    g_assert_cmpuint(bench->discarded, ==, 13 * 512);
    put64(list + 24, BENCH_DISK_BYTES / 512 - 2); /* the second is bad: nothing happens */
    g_assert_cmphex(out(bench, cdb, 10, list, sizeof(list)), ==, ILLEGAL(CODE_LBA_RANGE));
    put64(list + 24, UINT64_MAX);
    g_assert_cmphex(out(bench, cdb, 10, list, sizeof(list)), ==, ILLEGAL(CODE_LBA_RANGE));
    put16(list + 2, 48); /* more than there is */
    g_assert_cmphex(out(bench, cdb, 10, list, sizeof(list)), ==, ILLEGAL(CODE_LIST_LENGTH));
    put16(list + 2, 31);
    g_assert_cmphex(out(bench, cdb, 10, list, sizeof(list)), ==, ILLEGAL(CODE_LIST_LENGTH));
    put16(cdb + 7, 4);
    g_assert_cmphex(out(bench, cdb, 10, list, 4), ==, ILLEGAL(CODE_LIST_LENGTH));
    g_assert_cmpuint(bench->n_discards, ==, 2);
    bench->read_only = TRUE;
    bench->handlers->resized(bench->opaque);
    g_assert_cmphex(bench->changed, ==, QH_SCSI_CAPACITY_CHANGED);
    g_assert_cmphex(ready(bench), ==, ATTENTION(QH_SCSI_CAPACITY_CHANGED));
    g_assert_cmphex(out(bench, cdb, 10, list, 4), ==,
                    KEYED(KEY_DATA_PROTECT, CODE_WRITE_PROTECTED));
    bench_free(bench);
}

static void test_write_same(void)
{
    Bench *bench = begin(FALSE, NULL);
    uint8_t cdb[16] = {OP_WRITE_SAME_16}, block[512], verify[16] = {OP_VERIFY_16, 2};
    g_autofree uint8_t *want = g_malloc(700 * 512);

    memset(block, 0xa5, sizeof(block));
    memset(want, 0xa5, 700 * 512);
    put_range(cdb, 3, 700);
    g_assert_cmphex(out(bench, cdb, 16, block, 512), ==, 0);
    g_assert_cmpmem(want, 700 * 512, bench->disk + 3 * 512, 700 * 512);
    put_range(verify, 3, 700);
    g_assert_cmphex(out(bench, verify, 16, want, 700 * 512), ==, 0);
    want[699 * 512] ^= 1;
    g_assert_cmphex(out(bench, verify, 16, want, 700 * 512), ==,
                    KEYED(KEY_MISCOMPARE, CODE_MISCOMPARE));
    memset(block, 0, sizeof(block));
    cdb[1] = 8;
    g_assert_cmphex(out(bench, cdb, 16, block, 512), ==, 0);
    g_assert_cmpuint(bench->n_zeroes, ==, 1);
    cdb[1] = 9; /* no data */
    g_assert_cmphex(out(bench, cdb, 16, NULL, 0), ==, 0);
    g_assert_cmpuint(bench->n_zeroes, ==, 2);
    put_range(cdb, BENCH_DISK_BYTES / 512 - 4, 0); /* to the end */
    g_assert_cmphex(out(bench, cdb, 16, NULL, 0), ==, 0);
    put_range(cdb, BENCH_DISK_BYTES / 512 - 4, 5);
    g_assert_cmphex(out(bench, cdb, 16, NULL, 0), ==, ILLEGAL(CODE_LBA_RANGE));
    cdb[1] = 0x10; /* anchor */
    put_range(cdb, 0, 1);
    g_assert_cmphex(out(bench, cdb, 16, block, 512), ==, ILLEGAL(CODE_INVALID_FIELD));
    bench_free(bench);
}

static void test_sense(void)
{
    Bench *bench = bench_new(FALSE, NULL);
    uint8_t sense[6] = {OP_REQUEST_SENSE, 0, 0, 0, 18}, bad[6] = {0xc1}, data[18];

    g_assert_cmphex(in(bench, sense, 6, data, 18), ==, 0);
    g_assert_cmphex(data[2], ==, KEY_UNIT_ATTENTION);
    g_assert_cmphex(ready(bench), ==, 0);
    g_assert_cmphex(in(bench, bad, 6, NULL, 0), ==, ILLEGAL(CODE_INVALID_OPCODE));
    g_assert_cmphex(in(bench, sense, 6, data, 18), ==, 0); /* it went with the status */
    g_assert_cmphex(data[2], ==, KEY_NONE);
    bench->unit->has_sense = 1; /* as after an adapter that has to ask */
    scsi_sense_put(bench->unit->sense, KEY_ILLEGAL_REQUEST, CODE_INVALID_OPCODE);
    g_assert_cmphex(in(bench, sense, 6, data, 18), ==, 0);
    g_assert_cmphex(data[12], ==, 0x20);
    bench_free(bench);
}

static void make_read_only(Bench *bench)
{
    bench->read_only = TRUE;
}

static void test_cd_commands(void)
{
    static const uint8_t refused[] = {OP_WRITE_10, OP_UNMAP, OP_WRITE_SAME_10, OP_WRITE_16};
    Bench *bench = begin(TRUE, make_read_only);
    uint8_t capacity[10] = {OP_READ_CAPACITY_10}, toc[10] = {OP_READ_TOC, 2}, data[255];
    uint8_t cdb[10] = {0};

    g_assert_cmphex(in(bench, capacity, 10, data, 8), ==, 0);
    g_assert_cmpuint(get32(data), ==, BENCH_DISK_BYTES / 2048 - 1);
    g_assert_cmpuint(get32(data + 4), ==, 2048);
    put16(toc + 7, 20);
    g_assert_cmphex(in(bench, toc, 10, data, 20), ==, 0);
    g_assert_cmpuint(get16(data), ==, 18);
    g_assert_cmpmem(data + 8, 4, "\0\0\2\0", 4); /* the track begins at 00:02:00 */
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        cdb[0] = refused[i];
        g_assert_cmphex(in(bench, cdb, 10, NULL, 0), ==, ILLEGAL(CODE_INVALID_OPCODE));
    }
    bench_free(bench);
}

static void test_cd_media(void)
{
    Bench *bench = begin(TRUE, make_read_only);
    uint8_t event[10] = {OP_GET_EVENT_STATUS, 1, 0, 0, 0x10, 0, 0, 0, 8}, data[8];
    uint8_t eject[6] = {OP_START_STOP_UNIT, 0, 0, 0, 2}, prevent[6] = {OP_PREVENT_ALLOW};

    prevent[4] = 1;
    g_assert_cmphex(in(bench, prevent, 6, NULL, 0), ==, 0);
    g_assert_true(bench->locked);
    g_assert_cmphex(in(bench, eject, 6, NULL, 0), ==, ILLEGAL(CODE_PREVENTED));
    bench->handlers->eject_request(bench->opaque); /* the user wants it out */
    g_assert_cmphex(in(bench, event, 10, data, 8), ==, 0);
    g_assert_cmphex(data[4], ==, 1);
    prevent[4] = 0;
    g_assert_cmphex(in(bench, prevent, 6, NULL, 0), ==, ATTENTION(QH_SCSI_EJECT_REQUESTED));
    g_assert_cmphex(in(bench, prevent, 6, NULL, 0), ==, 0);
    g_assert_cmphex(in(bench, eject, 6, NULL, 0), ==, 0);
    g_assert_true(bench->tray_open);
    g_assert_cmphex(ready(bench), ==, NOT_READY(CODE_NO_MEDIUM_OPEN));
    g_assert_cmphex(in(bench, event, 10, data, 8), ==, 0);
    g_assert_cmphex(data[5], ==, 1);
    bench->tray_open = FALSE;
    bench->no_medium = TRUE;
    bench->handlers->medium_changed(bench->opaque, FALSE);
    g_assert_cmphex(ready(bench), ==, NOT_READY(CODE_NO_MEDIUM_CLOSED));
    bench->no_medium = FALSE;
    bench->handlers->medium_changed(bench->opaque, TRUE);
    g_assert_cmphex(ready(bench), ==, ATTENTION(QH_SCSI_MEDIUM_CHANGED));
    g_assert_cmphex(in(bench, event, 10, data, 8), ==, 0);
    g_assert_cmphex(data[4] << 8 | data[5], ==, 0x202); /* new medium, present */
    g_assert_cmphex(ready(bench), ==, 0);
    bench_free(bench);
}

static void test_addresses(void)
{
    Bench *bench = begin(FALSE, NULL);
    QhScsiDevice other = {.scsi_id = -1, .lun = -1}, third = {.scsi_id = 0, .lun = 299};
    QhScsiDevice same = {.scsi_id = 0, .lun = 0};
    uint8_t luns[12] = {OP_REPORT_LUNS}, data[36];
    g_autoptr(GError) error = NULL;

    other.base.id = third.base.id = same.base.id = "other";
    g_assert_true(scsi_hba_attach(&bench->hba, NULL, &other.base, NULL));
    g_assert_cmpint(other.scsi_id, ==, 1); /* a target of its own */
    g_assert_cmpint(other.lun, ==, 0);
    g_assert_true(scsi_hba_attach(&bench->hba, NULL, &third.base, NULL));
    scsi_hba_plug(&bench->hba, &third.base, TRUE);
    g_assert_cmphex(ready(bench), ==, ATTENTION(QH_SCSI_LUNS_CHANGED));
    put32(luns + 6, 32);
    g_assert_cmphex(in(bench, luns, 12, data, 32), ==, 0);
    g_assert_cmpuint(get32(data), ==, 16);
    g_assert_cmpmem(data + 8, 2, "\0\0", 2);
    g_assert_cmpmem(data + 16, 2, "\x41\x2b", 2); /* 299, flat */
    put32(luns + 6, 15);
    g_assert_cmphex(in(bench, luns, 12, data, 15), ==, ILLEGAL(CODE_INVALID_FIELD));
    g_assert_false(scsi_hba_attach(&bench->hba, NULL, &same.base, &error));
    g_assert_nonnull(strstr(error->message, "is taken"));
    g_clear_error(&error);
    same.scsi_id = 8;
    g_assert_false(scsi_hba_attach(&bench->hba, NULL, &same.base, &error));
    g_assert_nonnull(strstr(error->message, "scsi-id"));
    scsi_hba_unplug(&bench->hba, &third.base, FALSE);
    scsi_hba_detach(&bench->hba, &third.base);
    scsi_hba_detach(&bench->hba, &other.base);
    bench_free(bench);
}

/* What a target says of a unit that it does not have; its answer comes in pieces. */
static void test_absent(void)
{
    Bench *bench = begin(FALSE, NULL);
    QhScsiDevice third = {.scsi_id = 0, .lun = 3};
    uint8_t inquiry[6] = {OP_INQUIRY, 0, 0, 0, 36}, data[36];
    Command command;

    third.base.id = "third";
    g_assert_true(scsi_hba_attach(&bench->hba, NULL, &third.base, NULL));
    scsi_hba_plug(&bench->hba, &third.base, FALSE);
    scsi_hba_unplug(&bench->hba, &bench->unit->scsi.base, FALSE);
    command_start(&command, bench, inquiry, 6, QH_SCSI_FROM_DEVICE, data, 36, 10);
    g_assert_cmphex(command_result(&command), ==, 0);
    g_assert_cmphex(data[0], ==, 0x7f);
    g_assert_cmphex(ready(bench), ==, ILLEGAL(QH_SCSI_CODE(0x25, 0)));
    scsi_hba_unplug(&bench->hba, &third.base, FALSE);
    g_assert_cmphex(ready(bench), ==, UINT32_MAX); /* nor is there a target */
    scsi_hba_detach(&bench->hba, &third.base);
    bench_free(bench);
}

/* Any command with any data: it ends once, and touches nothing but the data. */
static void fuzz_one(Bench *bench, GRand *random, uint8_t *memory, uint32_t room, uint32_t guard)
{
    uint32_t bytes = g_rand_int(random) % 4 == 0 ? 0 : 1 + g_rand_int(random) % room;
    uint32_t direction = 1 + g_rand_int(random) % 2;
    uint64_t piece = g_rand_int(random) % 2 == 0 ? 0 : 1 + g_rand_int(random) % 3000;
    uint8_t cdb[16], *data = memory + guard;
    Command command;

    for (guint i = 0; i < sizeof(cdb); i++) {
        cdb[i] = g_rand_int(random) % 3 == 0 ? (uint8_t)g_rand_int(random) : 0;
    }
    cdb[0] = (uint8_t)g_rand_int(random);
    memset(memory, 0xee, room + 2 * guard);
    for (uint32_t i = 0; i < bytes; i += 1 + g_rand_int(random) % 64) {
        data[i] = (uint8_t)(g_rand_int(random) % 24);
    }
    bench->fail = g_rand_int(random) % 16 == 0 ? EIO : 0;
    bench->hold = g_rand_int(random) % 2 == 0;
    bench->tray_open = g_rand_int(random) % 16 == 0;
    command_start(&command, bench, cdb, 16, direction, data, bytes, piece);
    if (command.n_done == 0 && g_rand_int(random) % 8 == 0) {
        scsi_hba_abort(&bench->hba, &command.request);
    }
    bench_serve(bench);
    g_assert_cmpuint(command.n_done, ==, 1);
    g_assert_cmpuint(bench->hba.n_in_flight, ==, 0);
    for (uint32_t i = 0; i < guard; i++) {
        g_assert_cmphex(memory[i], ==, 0xee);
        g_assert_cmphex(data[bytes + i], ==, 0xee);
    }
}

static void test_fuzz(gconstpointer data)
{
    enum { ROOM = 8192, GUARD = 64 };
    const char *runs = g_getenv("QEMU_HOST_FUZZ_RUNS");
    uint32_t n = runs != NULL ? (uint32_t)strtoul(runs, NULL, 10) : 20000;
    g_autofree uint8_t *memory = g_malloc(ROOM + 2 * GUARD);
    Bench *bench = bench_new(GPOINTER_TO_INT(data) != 0, NULL);
    GRand *random = g_rand_new_with_seed(1);

    for (uint32_t i = 0; i < n; i++) {
        fuzz_one(bench, random, memory, ROOM, GUARD);
    }
    bench->hold = FALSE;
    bench_free(bench);
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scsi/inquiry", test_inquiry);
    g_test_add_func("/scsi/transfers", test_transfers);
    g_test_add_func("/scsi/errors", test_errors);
    g_test_add_func("/scsi/ends", test_ends);
    g_test_add_func("/scsi/mode", test_mode);
    g_test_add_func("/scsi/unmap", test_unmap);
    g_test_add_func("/scsi/write-same", test_write_same);
    g_test_add_func("/scsi/sense", test_sense);
    g_test_add_func("/scsi/cd-commands", test_cd_commands);
    g_test_add_func("/scsi/cd-media", test_cd_media);
    g_test_add_func("/scsi/addresses", test_addresses);
    g_test_add_func("/scsi/absent", test_absent);
    g_test_add_data_func("/scsi/fuzz/disk", GINT_TO_POINTER(0), test_fuzz);
    g_test_add_data_func("/scsi/fuzz/cd", GINT_TO_POINTER(1), test_fuzz);
    return g_test_run();
}
