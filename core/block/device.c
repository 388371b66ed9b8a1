/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Service "qh.block". A request that the page cache can answer is done before submit returns. Every
 * other one goes to the pool; the worker that ends it puts it on the list of what is done, and the
 * first worker to come takes the device lock once and tells for all that are on the list by then.
 */
#include "core/block/device-priv.h"

#include "core/device/instance.h"
#include "core/host/run-state.h"
#include "core/machine/machine.h"
#include "core/qmp/qmp.h"

#include <errno.h>
#include <string.h>

/* The host's words of a request in flight. */
#define OF_BLOCK 0
#define OF_ERROR 1
#define OF_TIME  2
#define OF_USER  3

static QhDrive *block_of(const QhBlockRequest *request)
{
    return (QhDrive *)(uintptr_t)request->reserved[OF_BLOCK];
}

static QhMachine *lock_devices(QhBlockGraph *graph)
{
    QhMachine *machine = qh_host_machine(graph->host);

    if (machine != NULL) {
        qh_machine_lock(machine);
    }
    return machine;
}

static void count(QhDrive *block, const QhBlockRequest *request, int error)
{
    QhBlockCounts *counts = &block->counts[MIN(request->kind, QH_BLOCK_WRITE_ZEROES)];
    uint64_t now = (uint64_t)g_get_monotonic_time() * 1000;

    if (error != 0) {
        counts->failed++;
    } else {
        counts->operations++;
        counts->bytes += request->bytes;
    }
    counts->total_ns += now - request->reserved[OF_TIME];
    block->idle_since = now;
}

/* The end of @request, with the device lock. */
static void tell(QhBlockRequest *request, int error)
{
    QhDrive *block = block_of(request);
    QhBlockUser *user = (QhBlockUser *)(uintptr_t)request->reserved[OF_USER];

    count(block, request, error);
    if (error != 0 && qh_block_device_ignores(block, request->kind, error)) {
        error = 0;
    }
    request->done(request, error);
    qh_block_user_leave(user);
}

/* Tell for what is on the list, to which @request (may be NULL) goes, unless somebody is at it. */
static void tell_done(QhBlockGraph *graph, QhBlockRequest *request)
{
    g_mutex_lock(&graph->done_lock);
    if (request != NULL) {
        g_queue_push_tail(&graph->done, request);
    }
    if (graph->telling) {
        g_mutex_unlock(&graph->done_lock);
        return;
    }
    graph->telling = TRUE;
    while (graph->done.length > 0) {
        g_mutex_unlock(&graph->done_lock);
        QhMachine *machine = lock_devices(graph);
        g_mutex_lock(&graph->done_lock);
        GQueue batch = graph->done;
        g_queue_init(&graph->done);
        g_mutex_unlock(&graph->done_lock);
        for (QhBlockRequest *one; (one = g_queue_pop_head(&batch)) != NULL;) {
            tell(one, (int)one->reserved[OF_ERROR]);
        }
        if (machine != NULL) {
            qh_machine_unlock(machine);
        }
        g_mutex_lock(&graph->done_lock);
    }
    graph->telling = FALSE;
    g_mutex_unlock(&graph->done_lock);
}

static int perform(QhDrive *block, const QhBlockRequest *request, uint32_t flags)
{
    QhBlockNode *node = ((QhBlockUser *)(uintptr_t)request->reserved[OF_USER])->edge.node;

    if (request->kind != QH_BLOCK_READ && request->flags & QH_BLOCK_FUA) {
        flags |= QH_BLOCK_FUA;
    }
    if (!g_atomic_int_get(&block->write_cache)) {
        flags |= QH_BLOCK_FUA;
    }
    switch (request->kind) {
    case QH_BLOCK_READ:
        return qh_block_readv(node, request->offset, request->bytes, request->vec, request->n_vec,
                              flags & QH_BLOCK_NO_WAIT);
    case QH_BLOCK_WRITE:
        return qh_block_writev(node, request->offset, request->bytes, request->vec, request->n_vec,
                               flags & QH_BLOCK_FUA);
    case QH_BLOCK_FLUSH:
        return qh_block_flush(node);
    case QH_BLOCK_DISCARD:
        return qh_block_discard(node, request->offset, request->bytes);
    default:
        return qh_block_zero(node, request->offset, request->bytes,
                             (request->flags & QH_BLOCK_UNMAP) | (flags & QH_BLOCK_FUA));
    }
}

static void work(void *data)
{
    QhBlockRequest *request = data;
    QhDrive *block = block_of(request);

    request->reserved[OF_ERROR] = (uint64_t)perform(block, request, 0);
    tell_done(block->graph, request);
}

void qh_block_device_told(void *graph)
{
    tell_done(graph, NULL);
}

/* On the ring's thread, which tells for all of a batch. What went wrong, or stopped half-way, is
 * done again by a thread, which finds out why. */
static void transferred(QhBlockTransfer *transfer, gboolean all)
{
    QhBlockRequest *request = transfer->data[0];
    QhBlockNode *top = transfer->data[1], *file = transfer->data[2];
    QhBlockGraph *graph = block_of(request)->graph;

    if (all) {
        if (transfer->write) {
            qh_block_file_written(file->state, transfer->offset + transfer->bytes);
            qh_block_note_written(file, transfer->offset + transfer->bytes);
            qh_block_note_written(top, request->offset + request->bytes);
        }
        request->reserved[OF_ERROR] = 0;
        g_mutex_lock(&graph->done_lock);
        g_queue_push_tail(&graph->done, request);
        g_mutex_unlock(&graph->done_lock);
    } else {
        qh_block_run(graph, work, request);
    }
    g_free(transfer);
}

/* Reads and writes that go through to a file as they are, when the file has a ring. */
static gboolean hand_to_ring(QhDrive *block, QhBlockRequest *request)
{
    QhBlockNode *node = block->user->edge.node, *file = NULL;
    gboolean write = request->kind == QH_BLOCK_WRITE;
    QhBlockTransfer transfer = {
        .vec = request->vec,
        .n_vec = request->n_vec,
        .offset = request->offset,
        .bytes = request->bytes,
        .done = transferred,
        .data = {request, node},
    };

    if (block->graph->ring == NULL || request->bytes == 0 ||
        (!write && request->kind != QH_BLOCK_READ) ||
        (write && (request->flags & QH_BLOCK_FUA || !g_atomic_int_get(&block->write_cache))) ||
        !qh_block_find_transfer(node, write, &transfer, &file)) {
        return FALSE;
    }
    transfer.data[2] = file;
    qh_block_ring_push(block->graph->ring, g_memdup2(&transfer, sizeof(transfer)));
    return TRUE;
}

/* What cannot be asked of this disk. */
static int refuse(const QhDrive *block, const QhBlockRequest *request)
{
    uint64_t end, length;

    if (block->user == NULL || block->tray_open) {
        return ENOMEDIUM;
    }
    if (request->kind == QH_BLOCK_FLUSH) {
        return 0;
    }
    if (request->kind != QH_BLOCK_READ && !block->writes) {
        return EROFS;
    }
    length = qh_block_length(block->user->edge.node);
    return __builtin_add_overflow(request->offset, request->bytes, &end) || end > length ? EINVAL
                                                                                         : 0;
}

/* A machine whose guest does the same each time: a disk takes no time of the guest's. */
static gboolean is_deterministic(const QhDrive *block)
{
    QhMachine *machine = qh_host_machine(block->graph->host);

    return machine != NULL && qh_machine_turns(machine) != NULL;
}

/* A request that somebody waits for. */
typedef struct Waited {
    QhDrive *block;
    QhBlockRequest *request;
    int error;
    gboolean done;
    GMutex lock;
    GCond cond;
} Waited;

static void work_waited(void *data)
{
    Waited *waited = data;
    const QhBlockGraph *graph = waited->block->graph;
    const QhBlockRequest *request = waited->request;

    if (graph->keeper != NULL && request->kind != QH_BLOCK_READ &&
        request->kind != QH_BLOCK_FLUSH) {
        graph->keeper(graph->keeper_data, waited->block, request->offset, request->bytes);
    }
    waited->error = perform(waited->block, request, 0);
    g_mutex_lock(&waited->lock);
    waited->done = TRUE;
    g_cond_signal(&waited->cond);
    g_mutex_unlock(&waited->lock);
}

/* Threads of CPUs touch no files (the sandbox sees to it): a worker does, and the CPU waits. */
static void perform_now(QhDrive *block, QhBlockRequest *request)
{
    Waited waited = {.block = block, .request = request};

    g_mutex_init(&waited.lock);
    g_cond_init(&waited.cond);
    qh_block_run(block->graph, work_waited, &waited);
    g_mutex_lock(&waited.lock);
    while (!waited.done) {
        g_cond_wait(&waited.cond, &waited.lock);
    }
    g_mutex_unlock(&waited.lock);
    g_mutex_clear(&waited.lock);
    g_cond_clear(&waited.cond);
    tell(request, waited.error);
}

/* One that passed the checks, and the throttle: inside the user from here on. */
void qh_block_device_dispatch(QhDrive *block, QhBlockRequest *request)
{
    if (!qh_block_user_enter(block->user, FALSE)) {
        g_mutex_lock(&block->lock);
        g_queue_push_tail(&block->waiting, request);
        g_mutex_unlock(&block->lock);
        /* let go of between the two: nobody else will come for it */
        qh_block_device_resume(block);
        return;
    }
    request->reserved[OF_USER] = (uintptr_t)block->user;
    if (is_deterministic(block)) {
        perform_now(block, request);
        return;
    }
    if (request->kind == QH_BLOCK_READ) {
        int error = perform(block, request, QH_BLOCK_NO_WAIT);

        if (error != EAGAIN) {
            tell(request, error);
            return;
        }
    }
    if (!hand_to_ring(block, request)) {
        qh_block_run(block->graph, work, request);
    }
}

void qh_block_device_resume(void *data)
{
    QhDrive *block = data;
    QhBlockRequest *request;

    for (;;) {
        g_mutex_lock(&block->lock);
        gboolean some = block->waiting.length > 0;
        g_mutex_unlock(&block->lock);
        if (!some || block->user == NULL || !qh_block_user_enter(block->user, FALSE)) {
            return;
        }
        g_mutex_lock(&block->lock);
        request = g_queue_pop_head(&block->waiting);
        g_mutex_unlock(&block->lock);
        if (request == NULL) {
            qh_block_user_leave(block->user);
            return;
        }
        request->reserved[OF_USER] = (uintptr_t)block->user;
        qh_block_run(block->graph, work, request);
    }
}

static void submit(QhDrive *block, QhBlockRequest *request)
{
    int error = refuse(block, request);

    request->reserved[OF_BLOCK] = (uintptr_t)block;
    request->reserved[OF_TIME] = (uint64_t)g_get_monotonic_time() * 1000;
    if (error != 0) {
        block->counts[MIN(request->kind, QH_BLOCK_WRITE_ZEROES)].invalid++;
        request->done(request, error);
        return;
    }
    if (!qh_block_throttle_admit(block, request)) {
        return;
    }
    qh_block_device_dispatch(block, request);
}

static gboolean attach(QhDrive *block,
                       QhInstance *device,
                       uint32_t want,
                       const QhBlockHandlers *handlers,
                       void *opaque,
                       GError **error)
{
    gboolean write = (want & QH_BLOCK_WANT_WRITE) != 0;

    if (block->device != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "drive '%s' is in use by device '%s'",
                    qh_block_device_text(block), qh_instance_id(block->device));
        return FALSE;
    }
    if (write && block->user != NULL && block->user->edge.node->read_only) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Block node '%s' is read-only: the device has to write to it",
                    block->user->edge.node->name);
        return FALSE;
    }
    block->want_write = write;
    block->share_writes = (want & QH_BLOCK_WANT_SHARE) != 0;
    if (block->user != NULL && !qh_block_device_open_user(block, error)) {
        return FALSE;
    }
    block->device = device;
    if (handlers != NULL) {
        memcpy(&block->handlers, handlers, MIN(handlers->size, sizeof(block->handlers)));
    }
    block->opaque = opaque;
    memset(block->counts, 0, sizeof(block->counts));
    return TRUE;
}

static void drain(QhDrive *block)
{
    if (block->user != NULL) {
        qh_block_throttle_flush(block);
        qh_block_hold(block->graph, block->user->edge.node);
        qh_block_release(block->graph, block->user->edge.node);
    }
}

static void detach(QhDrive *block)
{
    if (block == NULL || block->device == NULL) {
        return;
    }
    drain(block);
    if (block->user != NULL) {
        (void)qh_block_flush(block->user->edge.node);
        (void)qh_block_user_set_access(block->user, 0, QH_BLOCK_USE_ALL, NULL);
    }
    block->device = NULL;
    block->writes = FALSE;
    memset(&block->handlers, 0, sizeof(block->handlers));
}

static void info(QhDrive *block, QhBlockInfo *ret)
{
    /* A caller of 1.0 may leave the size out; its struct ends with discard_bytes. */
    uint32_t size = ret->size != 0
                        ? MIN(ret->size, sizeof(QhBlockInfo))
                        : offsetof(QhBlockInfo, discard_bytes) + sizeof(ret->discard_bytes);
    QhBlockInfo all = {
        .size = ret->size,
        .logical_block_bytes = 512,
        .physical_block_bytes = 512,
    };

    if (block->user == NULL) {
        all.flags |= QH_BLOCK_INFO_NO_MEDIUM;
    } else {
        QhBlockNode *node = block->user->edge.node;

        all.bytes = qh_block_length(node) & ~UINT64_C(511);
        all.flags |= node->read_only ? QH_BLOCK_INFO_READ_ONLY : 0;
        all.discard_bytes = node->unmap && node->ops->discard != NULL ? 512 : 0;
        all.max_transfer_bytes = node->state->max_transfer_bytes;
    }
    all.flags |= g_atomic_int_get(&block->write_cache) ? QH_BLOCK_INFO_WRITE_CACHE : 0;
    all.flags |= block->locked ? QH_BLOCK_INFO_LOCKED : 0;
    all.flags |= block->tray_open ? QH_BLOCK_INFO_TRAY_OPEN : 0;
    memcpy(ret, &all, size);
}

static void set_write_cache(QhDrive *block, gboolean on)
{
    g_atomic_int_set(&block->write_cache, on ? 1 : 0);
}

static void set_locked(QhDrive *block, gboolean locked)
{
    block->locked = locked;
}

static void set_errors(QhDrive *block, uint32_t on_read, uint32_t on_write)
{
    static const QhBlockOnError actions[] = {
        [QH_BLOCK_ON_ERROR_REPORT] = QH_BLOCK_ON_REPORT,
        [QH_BLOCK_ON_ERROR_IGNORE] = QH_BLOCK_ON_IGNORE,
        [QH_BLOCK_ON_ERROR_STOP] = QH_BLOCK_ON_STOP,
        [QH_BLOCK_ON_ERROR_ENOSPC] = QH_BLOCK_ON_ENOSPC,
    };

    if (on_read != QH_BLOCK_ON_ERROR_AUTO && on_read < G_N_ELEMENTS(actions)) {
        block->on_read = actions[on_read];
    }
    if (on_write != QH_BLOCK_ON_ERROR_AUTO && on_write < G_N_ELEMENTS(actions)) {
        block->on_write = actions[on_write];
    }
}

static const char *serial_of(QhDrive *block)
{
    return block->serial != NULL ? block->serial : "";
}

static QhDrive *drive(QhHost *host, const char *interface, uint32_t index)
{
    return qh_block_drive_find(qh_host_blocks(host), interface, index);
}

void qh_block_set_keeper(QhBlockGraph *graph, QhBlockKeeper fn, void *data)
{
    graph->keeper = fn;
    graph->keeper_data = data;
}

int qh_block_device_peek(QhDrive *block, uint64_t offset, void *data, uint64_t bytes)
{
    return block->user == NULL ? ENOMEDIUM
                               : qh_block_read(block->user->edge.node, offset, data, bytes);
}

int qh_block_device_poke(QhDrive *block, uint64_t offset, const void *data, uint64_t bytes)
{
    return block->user == NULL ? ENOMEDIUM
                               : qh_block_write(block->user->edge.node, offset, data, bytes);
}

int qh_block_device_poke_zeroes(QhDrive *block, uint64_t offset, uint64_t bytes)
{
    return block->user == NULL
               ? ENOMEDIUM
               : qh_block_zero(block->user->edge.node, offset, bytes, QH_BLOCK_UNMAP);
}

static QhDrive *empty(QhHost *host)
{
    return qh_block_device_new(qh_host_blocks(host), NULL, NULL);
}

const QhBlockService qh_block_service = {
    .size = sizeof(QhBlockService),
    .attach = attach,
    .detach = detach,
    .info = info,
    .submit = submit,
    .drain = drain,
    .set_write_cache = set_write_cache,
    .report_error = qh_block_device_report_error,
    .set_tray = qh_block_device_set_tray,
    .set_locked = set_locked,
    .serial = serial_of,
    .drive = drive,
    .name = qh_block_device_text,
    .set_errors = set_errors,
    .empty = empty,
};

/* An older driver's struct may be shorter than ours. */
static int status(QhBlockNode *node, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    uint32_t size = MIN(ret->size, sizeof(QhBlockStatus));
    QhBlockStatus all;
    int error = qh_block_status(node, offset, bytes, &all);

    all.size = size;
    memcpy(ret, &all, size);
    return error;
}

const QhBlockDriverService qh_block_driver_service = {
    .size = sizeof(QhBlockDriverService),
    .child = qh_block_node_child,
    .length = qh_block_length,
    .read = qh_block_readv,
    .write = qh_block_writev,
    .flush = qh_block_flush,
    .discard = qh_block_discard,
    .write_zeroes = qh_block_zero,
    .status = status,
    .truncate = qh_block_truncate,
};
