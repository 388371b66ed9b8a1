/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a command. A task waits for one of two things at a time: for the disk (at_disk, or
 * retry), or for memory that the adapter has been asked for (QhScsiRequest.more). Giving it up in
 * the second case ends it at once; in the first when the disk has let go of the guest's memory.
 */
#include "modules/scsi/task.h"

#include "modules/support/scsi-hba.h"

#include <errno.h>

#define LIST_BYTES_MAX (1u << 20) /* most that a task keeps of the guest's data */

/* --- Begin and end --- */

static ScsiTask *task_new(ScsiUnit *unit, QhScsiRequest *request)
{
    ScsiTask *task = unit->free;

    if (task != NULL) {
        unit->free = task->next;
    } else {
        task = g_new0(ScsiTask, 1);
        task->unit = unit;
    }
    task->request = request;
    task->previous = NULL;
    task->next = unit->tasks;
    if (unit->tasks != NULL) {
        unit->tasks->previous = task;
    }
    unit->tasks = task;
    request->task = task;
    return task;
}

static void end(ScsiTask *task, uint32_t status, uint32_t response)
{
    ScsiUnit *unit = task->unit;
    QhScsiRequest *request = task->request;

    *(task->previous != NULL ? &task->previous->next : &unit->tasks) = task->next;
    if (task->next != NULL) {
        task->next->previous = task->previous;
    }
    g_clear_pointer(&task->data, g_free);
    *task =
        (ScsiTask){.unit = unit, .next = unit->free, .vecs = task->vecs, .n_vecs = task->n_vecs};
    unit->free = task;
    request->task = NULL;
    request->status = (uint8_t)status;
    request->response = (uint8_t)response;
    request->done(request);
}

void scsi_tasks_free(ScsiUnit *unit)
{
    for (ScsiTask *task = unit->free; task != NULL; task = unit->free) {
        unit->free = task->next;
        g_free(task->vecs);
        g_free(task);
    }
}

void scsi_task_good(ScsiTask *task)
{
    end(task, QH_SCSI_GOOD, QH_SCSI_DELIVERED);
}

void scsi_task_fail(ScsiTask *task, uint8_t key, uint32_t code)
{
    ScsiUnit *unit = task->unit;
    QhScsiRequest *request = task->request;

    scsi_sense_put(request->sense, key, code);
    request->sense_bytes = QH_SCSI_SENSE_BYTES;
    if ((request->flags & QH_SCSI_AUTOSENSE) == 0) {
        memcpy(unit->sense, request->sense, sizeof(unit->sense));
        unit->has_sense = 1;
    }
    end(task, QH_SCSI_CHECK_CONDITION, QH_SCSI_DELIVERED);
}

static void give_up(ScsiTask *task, uint8_t response)
{
    if (task->at_disk) {
        task->given_up = response;
    } else {
        end(task, QH_SCSI_TASK_ABORTED, response);
    }
}

void scsi_tasks_give_up(ScsiUnit *unit, uint8_t response)
{
    for (ScsiTask *task = unit->tasks, *next; task != NULL; task = next) {
        next = task->next;
        if (task->given_up == 0) {
            give_up(task, response);
        }
    }
}

void scsi_unit_abort(QhScsiDevice *device, QhScsiRequest *request)
{
    (void)device;
    if (request->task != NULL) {
        give_up(request->task, QH_SCSI_ABORTED);
    }
}

/* --- The disk --- */

/* What an errno of the block layer is to a guest (SBC-3 4.17, table D.2). */
static void fail_errno(ScsiTask *task, int error)
{
    switch (error) {
    case ENOMEDIUM:
        scsi_task_fail(task, KEY_NOT_READY, CODE_NO_MEDIUM);
        break;
    case ENOSPC:
        scsi_task_fail(task, KEY_DATA_PROTECT, CODE_NO_SPACE);
        break;
    case EROFS:
        scsi_task_fail(task, KEY_DATA_PROTECT, CODE_WRITE_PROTECTED);
        break;
    case EINVAL:
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_LBA_RANGE);
        break;
    default:
        scsi_task_fail(task, KEY_MEDIUM_ERROR,
                       task->block.kind == QH_BLOCK_READ ? CODE_READ_ERROR : CODE_WRITE_ERROR);
    }
}

static void on_done(QhBlockRequest *block, int error)
{
    ScsiTask *task = block->opaque;
    ScsiUnit *unit = task->unit;

    task->at_disk = 0;
    if (task->given_up != 0) {
        end(task, QH_SCSI_TASK_ABORTED, task->given_up);
    } else if (error == 0) {
        task->on_disk(task);
    } else if (!unit->services->block->report_error(unit->drive, block->kind, error)) {
        task->retry = 1;
    } else {
        fail_errno(task, error);
    }
}

void scsi_task_submit(ScsiTask *task,
                      uint32_t kind,
                      uint32_t flags,
                      uint64_t offset,
                      uint64_t bytes,
                      void (*then)(ScsiTask *task))
{
    QhBlockRequest *block = &task->block;

    block->size = sizeof(QhBlockRequest);
    block->kind = kind;
    block->flags = flags;
    block->offset = offset;
    block->bytes = bytes;
    block->done = on_done;
    block->opaque = task;
    task->on_disk = then;
    task->at_disk = 1;
    task->unit->services->block->submit(task->unit->drive, block);
}

void scsi_tasks_retry(ScsiUnit *unit)
{
    g_autoptr(GPtrArray) again = g_ptr_array_new();

    for (ScsiTask *task = unit->tasks; task != NULL; task = task->next) {
        if (task->retry) {
            g_ptr_array_add(again, task);
        }
    }
    for (guint i = 0; i < again->len; i++) {
        ScsiTask *task = g_ptr_array_index(again, i);

        if (task->retry) {
            task->retry = 0;
            task->at_disk = 1;
            unit->services->block->submit(unit->drive, &task->block);
        }
    }
}

/* --- The guest's memory --- */

gboolean scsi_task_fits(ScsiTask *task, uint32_t direction, uint64_t bytes)
{
    const QhScsiRequest *request = task->request;

    if (bytes == 0 || (request->direction == direction && request->bytes >= bytes)) {
        return TRUE;
    }
    end(task, QH_SCSI_GOOD, QH_SCSI_OVERRUN);
    return FALSE;
}

static void move_in(ScsiTask *task)
{
    if (scsi_request_move(task->request, task->data, task->data_bytes)) {
        scsi_task_good(task);
    }
}

void scsi_task_reply(ScsiTask *task, const uint8_t *data, uint64_t bytes, uint64_t allocated)
{
    if (!scsi_task_fits(task, QH_SCSI_FROM_DEVICE, allocated)) {
        return;
    }
    task->data_bytes = MIN(bytes, allocated);
    if (task->data_bytes == 0) {
        scsi_task_good(task);
        return;
    }
    task->data = g_memdup2(data, task->data_bytes);
    task->on_memory = move_in;
    move_in(task);
}

static void move_out(ScsiTask *task)
{
    if (scsi_request_move(task->request, task->data, task->data_bytes)) {
        task->on_disk(task); /* what is to be done with it */
    }
}

void scsi_task_collect(ScsiTask *task, uint64_t bytes, void (*then)(ScsiTask *task))
{
    if (!scsi_task_fits(task, QH_SCSI_TO_DEVICE, bytes)) {
        return;
    }
    task->data = bytes <= LIST_BYTES_MAX ? g_try_malloc0(MAX(bytes, 1)) : NULL;
    if (task->data == NULL) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    task->data_bytes = bytes;
    task->on_memory = move_out;
    task->on_disk = then;
    move_out(task);
}

void scsi_task_need_vecs(ScsiTask *task, uint32_t n)
{
    if (n > task->n_vecs) {
        task->vecs = g_renew(QhBlockVec, task->vecs, n);
        task->n_vecs = n;
    }
}

/* The first @bytes of what the request's vectors name. */
static void use_vecs(ScsiTask *task, uint64_t bytes)
{
    const QhScsiRequest *request = task->request;
    uint32_t n = 0;

    if (request->vec_bytes == bytes) {
        task->block.vec = request->vec;
        task->block.n_vec = request->n_vec;
        return;
    }
    scsi_task_need_vecs(task, request->n_vec);
    for (; n < request->n_vec && bytes > 0; n++) {
        task->vecs[n] = request->vec[n];
        task->vecs[n].bytes = MIN(task->vecs[n].bytes, bytes);
        bytes -= task->vecs[n].bytes;
    }
    task->block.vec = task->vecs;
    task->block.n_vec = n;
}

static void transferred(ScsiTask *task);

static void transfer(ScsiTask *task)
{
    QhScsiRequest *request = task->request;
    uint64_t left = task->bytes - request->moved, bytes = MIN(left, request->vec_bytes);

    if (left == 0) {
        scsi_task_good(task);
    } else if (bytes == 0) {
        request->more(request);
    } else {
        use_vecs(task, bytes);
        scsi_task_submit(task, task->transfer, task->flags, task->offset + request->moved, bytes,
                         transferred);
    }
}

static void transferred(ScsiTask *task)
{
    task->request->moved += task->block.bytes;
    task->request->vec_bytes = 0;
    transfer(task);
}

void scsi_task_transfer(ScsiTask *task, uint32_t kind, uint32_t flags)
{
    uint32_t direction = kind == QH_BLOCK_READ ? QH_SCSI_FROM_DEVICE : QH_SCSI_TO_DEVICE;

    if (scsi_task_fits(task, direction, task->bytes)) {
        task->transfer = (uint8_t)kind;
        task->flags = flags;
        task->on_memory = transfer;
        transfer(task);
    }
}

void scsi_unit_resume(QhScsiDevice *device, QhScsiRequest *request)
{
    ScsiTask *task = request->task;

    (void)device;
    task->on_memory(task);
}

/* --- Dispatch --- */

static const ScsiCommand *find_in(const ScsiCommand *commands, uint32_t n, uint8_t opcode)
{
    for (uint32_t i = 0; i < n; i++) {
        if (commands[i].opcode == opcode) {
            return &commands[i];
        }
    }
    return NULL;
}

static const ScsiCommand *find(const ScsiUnit *unit, uint8_t opcode)
{
    const ScsiCommand *command = find_in(scsi_disk_commands, scsi_n_disk_commands, opcode);

    if (command == NULL) {
        command = find_in(scsi_basic_commands, scsi_n_basic_commands, opcode);
    }
    if (command == NULL) {
        command = find_in(scsi_cd_commands, scsi_n_cd_commands, opcode);
    }
    if (command == NULL || (command->flags & (unit->is_cd ? ONLY_DISK : ONLY_CD)) != 0) {
        return NULL;
    }
    return command;
}

void scsi_unit_execute(QhScsiDevice *device, QhScsiRequest *request)
{
    ScsiUnit *unit = (ScsiUnit *)device;
    ScsiTask *task = task_new(unit, request);
    const ScsiCommand *command = find(unit, request->cdb[0]);
    uint32_t flags = command != NULL ? command->flags : 0, attention;

    if (unit->attentions != 0 && (flags & IGNORES_UA) == 0 &&
        (attention = scsi_unit_take_attention(unit)) != 0) {
        scsi_task_fail(task, KEY_UNIT_ATTENTION, attention);
        return;
    }
    if (command == NULL) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_OPCODE);
        return;
    }
    if (request->cdb[0] != OP_REQUEST_SENSE) {
        unit->has_sense = 0;
    }
    if (unit->is_cd || unit->removable) {
        scsi_unit_refresh(unit); /* the tray may have moved */
    }
    if ((flags & NEEDS_MEDIUM) != 0 && !scsi_unit_has_medium(unit)) {
        scsi_task_fail(task, KEY_NOT_READY,
                       unit->tray_open ? CODE_NO_MEDIUM_OPEN : CODE_NO_MEDIUM_CLOSED);
    } else if ((flags & NEEDS_WRITING) != 0 && (unit->info.flags & QH_BLOCK_INFO_READ_ONLY) != 0) {
        scsi_task_fail(task, KEY_DATA_PROTECT, CODE_WRITE_PROTECTED);
    } else {
        command->serve(task);
    }
}
