/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that reach the blocks of the medium (SBC-3; sections are of it). */
#include "modules/scsi/unit.h"

#define PROTECT     0xe0 /* RDPROTECT, WRPROTECT, VRPROTECT: there is no protection information */
#define FUA         0x08
#define FILL_BYTES  (256u << 10)
#define FILL_VECS   64u /* of one request: 16 MiB */
#define CHECK_BYTES (1u << 20)
#define RANGE_BYTES 16u
#define RANGES_MAX  255u

/* 4.5: where the address and the number of blocks stand follows from the command's length. */
static void get_range(const uint8_t *cdb, uint64_t *ret_lba, uint64_t *ret_blocks)
{
    switch (cdb[0] >> 5) {
    case 0:
        *ret_lba = get24(cdb + 1) & 0x1fffff;
        *ret_blocks = cdb[4] != 0 ? cdb[4] : 256;
        break;
    case 4:
        *ret_lba = get64(cdb + 2);
        *ret_blocks = get32(cdb + 10);
        break;
    case 5:
        *ret_lba = get32(cdb + 2);
        *ret_blocks = get32(cdb + 6);
        break;
    default:
        *ret_lba = get32(cdb + 2);
        *ret_blocks = get16(cdb + 7);
    }
}

/* Whether the blocks are there; task->offset and bytes are theirs. FALSE: the task has ended. */
static gboolean use_range(ScsiTask *task, uint64_t lba, uint64_t blocks)
{
    uint64_t end, all = scsi_unit_blocks(task->unit);

    if (__builtin_add_overflow(lba, blocks, &end) || end > all) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_LBA_RANGE);
        return FALSE;
    }
    task->offset = lba * task->unit->block_bytes;
    task->bytes = blocks * task->unit->block_bytes;
    return TRUE;
}

static gboolean protects(ScsiTask *task)
{
    const uint8_t *cdb = scsi_task_cdb(task);

    if (cdb[0] >> 5 == 0 || (cdb[1] & PROTECT) == 0) {
        return FALSE;
    }
    scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
    return TRUE;
}

static void transfer(ScsiTask *task, uint32_t kind, uint32_t flags)
{
    uint64_t lba, blocks;

    get_range(scsi_task_cdb(task), &lba, &blocks);
    if (!protects(task) && use_range(task, lba, blocks)) {
        scsi_task_transfer(task, kind, flags);
    }
}

/* 5.8 to 5.11. Forced unit access of a read: what is read is what a write has put there. */
static void read_blocks(ScsiTask *task)
{
    transfer(task, QH_BLOCK_READ, 0);
}

/* 5.34 to 5.37 */
static void write_blocks(ScsiTask *task)
{
    const uint8_t *cdb = scsi_task_cdb(task);
    gboolean fua = cdb[0] != OP_WRITE_6 && (cdb[1] & FUA) != 0;

    transfer(task, QH_BLOCK_WRITE, fua ? QH_BLOCK_FUA : 0);
}

/* 5.38: on the medium is as good as verified. */
static void write_verify(ScsiTask *task)
{
    if ((scsi_task_cdb(task)[1] & 6) != 0 && (scsi_task_cdb(task)[1] & 6) != 2) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
    } else {
        transfer(task, QH_BLOCK_WRITE, QH_BLOCK_FUA);
    }
}

static void done(ScsiTask *task)
{
    scsi_task_good(task);
}

/* 5.22: of the whole cache, whatever the range. */
static void synchronize(ScsiTask *task)
{
    uint64_t lba, blocks;

    get_range(scsi_task_cdb(task), &lba, &blocks);
    if (use_range(task, lba, blocks)) {
        task->block.vec = NULL;
        task->block.n_vec = 0;
        scsi_task_submit(task, QH_BLOCK_FLUSH, 0, 0, 0, done);
    }
}

/* --- VERIFY (5.29) --- */

/* What the guest sent is in the first half of task->data, what the disk has in the second. */
static void compare(ScsiTask *task)
{
    if (memcmp(task->data, task->data + task->bytes, task->bytes) == 0) {
        scsi_task_good(task);
    } else {
        scsi_task_fail(task, KEY_MISCOMPARE, CODE_MISCOMPARE);
    }
}

static void read_to_compare(ScsiTask *task)
{
    uint8_t *both = g_try_malloc(2 * task->bytes);

    if (both == NULL) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    memcpy(both, task->data, task->bytes);
    g_free(task->data);
    task->data = both;
    scsi_task_need_vecs(task, 1);
    task->vecs[0] = (QhBlockVec){both + task->bytes, task->bytes};
    task->block.vec = task->vecs;
    task->block.n_vec = 1;
    scsi_task_submit(task, QH_BLOCK_READ, 0, task->offset, task->bytes, compare);
}

static void verify(ScsiTask *task)
{
    uint32_t check = scsi_task_cdb(task)[1] >> 1 & 3;
    uint64_t lba, blocks;

    get_range(scsi_task_cdb(task), &lba, &blocks);
    if (protects(task) || !use_range(task, lba, blocks)) {
        return;
    }
    if (check > 1 || (check == 1 && task->bytes > CHECK_BYTES)) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
    } else if (check == 0 || task->bytes == 0) {
        scsi_task_good(task);
    } else {
        scsi_task_collect(task, task->bytes, read_to_compare);
    }
}

/* --- WRITE SAME (5.40) --- */

static gboolean is_zero(const uint8_t *data, uint64_t bytes)
{
    return data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0;
}

static void zero_range(ScsiTask *task)
{
    task->block.vec = NULL;
    task->block.n_vec = 0;
    scsi_task_submit(task, QH_BLOCK_WRITE_ZEROES, task->flags, task->offset, task->bytes, done);
}

/* task->data holds whole blocks of the pattern, written again and again; position: how much has
 * been filled. */
static void fill(ScsiTask *task)
{
    uint64_t left = task->bytes - task->position, bytes = 0;
    uint64_t offset = task->offset + task->position;
    uint32_t n = 0;

    if (left == 0) {
        scsi_task_good(task);
        return;
    }
    scsi_task_need_vecs(task, FILL_VECS);
    for (; n < FILL_VECS && bytes < left; n++) {
        task->vecs[n] = (QhBlockVec){task->data, MIN(left - bytes, task->data_bytes)};
        bytes += task->vecs[n].bytes;
    }
    task->block.vec = task->vecs;
    task->block.n_vec = n;
    task->position += bytes;
    scsi_task_submit(task, QH_BLOCK_WRITE, 0, offset, bytes, fill);
}

static void same(ScsiTask *task)
{
    uint32_t block = task->unit->block_bytes;
    uint64_t bytes = MIN(task->bytes, MAX(FILL_BYTES, block));
    uint8_t *data;

    if (is_zero(task->data, block)) {
        zero_range(task);
        return;
    }
    data = g_try_malloc(bytes);
    if (data == NULL) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    for (uint64_t at = 0; at < bytes; at += block) {
        memcpy(data + at, task->data, block);
    }
    g_free(task->data);
    task->data = data;
    task->data_bytes = bytes;
    fill(task);
}

static void write_same(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;
    const uint8_t *cdb = scsi_task_cdb(task);
    gboolean no_data = cdb[0] == OP_WRITE_SAME_16 && (cdb[1] & 1) != 0;
    uint64_t lba, blocks;

    get_range(cdb, &lba, &blocks);
    if (blocks == 0) { /* to the end: WSNZ is 0 */
        blocks = lba < scsi_unit_blocks(unit) ? scsi_unit_blocks(unit) - lba : 0;
    }
    if (protects(task) || !use_range(task, lba, blocks)) {
        return;
    }
    if ((cdb[1] & (no_data ? 0x16 : 0x17)) != 0 || task->bytes > unit->max_unmap_bytes ||
        task->bytes == 0) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    task->flags = (cdb[1] & 8) != 0 ? QH_BLOCK_UNMAP : 0;
    if (no_data) {
        zero_range(task);
    } else {
        scsi_task_collect(task, unit->block_bytes, same);
    }
}

/* --- UNMAP (5.28) --- */

/* The range at task->position of the list, then the next. */
static void unmap_next(ScsiTask *task)
{
    uint64_t left = task->data_bytes - task->position;
    const uint8_t *at = task->data + task->position;

    while (left >= RANGE_BYTES && get32(at + 8) == 0) {
        at += RANGE_BYTES;
        left -= RANGE_BYTES;
    }
    if (left < RANGE_BYTES) {
        scsi_task_good(task);
        return;
    }
    task->position = (uint64_t)(at - task->data) + RANGE_BYTES;
    task->block.vec = NULL;
    task->block.n_vec = 0;
    scsi_task_submit(task, QH_BLOCK_DISCARD, 0, get64(at) * task->unit->block_bytes,
                     (uint64_t)get32(at + 8) * task->unit->block_bytes, unmap_next);
}

/* All is looked at before anything is given up. */
static void unmap_list(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;
    const uint8_t *data = task->data;
    uint64_t all = scsi_unit_blocks(unit), end, sum = 0;

    if (task->data_bytes < 8) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_LIST_LENGTH);
        return;
    }
    uint32_t bytes = get16(data + 2);
    if (bytes > task->data_bytes - 8 || bytes % RANGE_BYTES != 0 ||
        bytes / RANGE_BYTES > RANGES_MAX) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST,
                       bytes / RANGE_BYTES > RANGES_MAX ? CODE_INVALID_IN_LIST : CODE_LIST_LENGTH);
        return;
    }
    for (uint32_t at = 8; at < 8 + bytes; at += RANGE_BYTES) {
        if (__builtin_add_overflow(get64(data + at), get32(data + at + 8), &end) || end > all) {
            scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_LBA_RANGE);
            return;
        }
        sum += get32(data + at + 8);
    }
    if (sum > unit->max_unmap_bytes / unit->block_bytes) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_IN_LIST);
        return;
    }
    task->data_bytes = 8 + bytes;
    task->position = 8;
    unmap_next(task);
}

static void unmap(ScsiTask *task)
{
    const uint8_t *cdb = scsi_task_cdb(task);
    uint32_t bytes = get16(cdb + 7);

    if ((cdb[1] & 1) != 0) { /* ANCHOR */
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
    } else if (bytes == 0) {
        scsi_task_good(task);
    } else {
        scsi_task_collect(task, bytes, unmap_list);
    }
}

/* --- Capacity --- */

/* 5.16 */
static void read_capacity_10(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;
    const uint8_t *cdb = scsi_task_cdb(task);
    uint64_t blocks = scsi_unit_blocks(unit);
    uint8_t data[8];

    if ((cdb[8] & 1) == 0 && get32(cdb + 2) != 0) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    put32(data, (uint32_t)MIN(blocks == 0 ? 0 : blocks - 1, UINT32_MAX));
    put32(data + 4, unit->block_bytes);
    scsi_task_reply(task, data, sizeof(data), sizeof(data));
}

/* 5.17 */
static void read_capacity_16(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;
    uint64_t blocks = scsi_unit_blocks(unit);
    uint8_t data[32] = {0};
    uint32_t exponent = 0;

    while (exponent < 15 && unit->block_bytes << (exponent + 1) <= unit->physical_block_bytes) {
        exponent++;
    }
    put64(data, blocks == 0 ? 0 : blocks - 1);
    put32(data + 8, unit->block_bytes);
    data[13] = (uint8_t)exponent;
    data[14] = unit->info.discard_bytes != 0 && !unit->is_cd ? 0x80 : 0; /* LBPME */
    scsi_task_reply(task, data, sizeof(data), get32(scsi_task_cdb(task) + 10));
}

static void service_action_in(ScsiTask *task)
{
    if ((scsi_task_cdb(task)[1] & 0x1f) == 0x10) {
        read_capacity_16(task);
    } else {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
    }
}

static void seek(ScsiTask *task)
{
    if (use_range(task, get32(scsi_task_cdb(task) + 2), 1)) {
        scsi_task_good(task);
    }
}

#define WRITES (NEEDS_MEDIUM | NEEDS_WRITING | ONLY_DISK)
const ScsiCommand scsi_disk_commands[] = {
    {OP_READ_10,              NEEDS_MEDIUM,             0, read_blocks      },
    {OP_WRITE_10,             WRITES,                   0, write_blocks     },
    {OP_READ_16,              NEEDS_MEDIUM,             0, read_blocks      },
    {OP_WRITE_16,             WRITES,                   0, write_blocks     },
    {OP_READ_12,              NEEDS_MEDIUM,             0, read_blocks      },
    {OP_WRITE_12,             WRITES,                   0, write_blocks     },
    {OP_READ_6,               NEEDS_MEDIUM,             0, read_blocks      },
    {OP_WRITE_6,              WRITES,                   0, write_blocks     },
    {OP_SYNCHRONIZE_CACHE_10, NEEDS_MEDIUM,             0, synchronize      },
    {OP_SYNCHRONIZE_CACHE_16, NEEDS_MEDIUM,             0, synchronize      },
    {OP_UNMAP,                WRITES,                   0, unmap            },
    {OP_WRITE_SAME_10,        WRITES,                   0, write_same       },
    {OP_WRITE_SAME_16,        WRITES,                   0, write_same       },
    {OP_WRITE_VERIFY_10,      WRITES,                   0, write_verify     },
    {OP_WRITE_VERIFY_12,      WRITES,                   0, write_verify     },
    {OP_WRITE_VERIFY_16,      WRITES,                   0, write_verify     },
    {OP_VERIFY_10,            NEEDS_MEDIUM,             0, verify           },
    {OP_VERIFY_12,            NEEDS_MEDIUM,             0, verify           },
    {OP_VERIFY_16,            NEEDS_MEDIUM | ONLY_DISK, 0, verify           },
    {OP_READ_CAPACITY_10,     NEEDS_MEDIUM,             0, read_capacity_10 },
    {OP_SERVICE_ACTION_IN,    NEEDS_MEDIUM,             0, service_action_in},
    {OP_SEEK_10,              NEEDS_MEDIUM,             0, seek             },
};
const uint32_t scsi_n_disk_commands = G_N_ELEMENTS(scsi_disk_commands);
