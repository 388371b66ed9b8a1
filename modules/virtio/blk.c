/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request is a header, data and a status byte, however the driver cut them into descriptors. The
 * data's guest memory goes to the block layer as it is; the status byte is written, and the chain
 * pushed, when that is done. Requests that the disk cannot serve are answered here.
 */
#include "modules/virtio/blk.h"

#define SECTOR_BYTES 512u
#define HEADER_BYTES 16u
#define ID_BYTES     20u
#define RANGE_BYTES  16u
#define MAX_SECTORS  (INT32_MAX / SECTOR_BYTES)

enum { F_SEG_MAX = 2, F_GEOMETRY = 4, F_RO = 5, F_BLK_SIZE = 6, F_FLUSH = 9, F_TOPOLOGY = 10 };
enum { F_CONFIG_WCE = 11, F_MQ = 12, F_DISCARD = 13, F_WRITE_ZEROES = 14 };

/* 5.2.6: request types and status */
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };
#define WRITE_ZEROES_UNMAP 1u

/* 5.2.4: offsets in the configuration */
enum {
    C_CAPACITY = 0,
    C_SEG_MAX = 12,
    C_CYLINDERS = 16,
    C_HEADS = 18,
    C_SECTORS = 19,
    C_BLK_SIZE = 20,
    C_PHYSICAL_EXP = 24,
    C_MIN_IO = 26,
    C_OPT_IO = 28,
    C_WRITEBACK = 32,
    C_NUM_QUEUES = 34,
    C_MAX_DISCARD_SECTORS = 36,
    C_MAX_DISCARD_SEG = 40,
    C_DISCARD_ALIGNMENT = 44,
    C_MAX_WRITE_ZEROES_SECTORS = 48,
    C_MAX_WRITE_ZEROES_SEG = 52,
    C_WRITE_ZEROES_MAY_UNMAP = 56,
    CONFIG_BYTES = 60,
};

struct VirtioBlkRequest {
    VirtioChain chain;
    QhBlockRequest block;
    VirtioBlkRequest *next; /* of VirtioBlk.retry */
    uint8_t *status;
};

static VirtioBlk *blk_of(VirtioBlkRequest *request)
{
    return (VirtioBlk *)request->chain.queue->device;
}

static void finish(VirtioBlkRequest *request, uint8_t status)
{
    VirtioQueue *queue = request->chain.queue;
    VirtioBlk *blk = blk_of(request);

    *request->status = status;
    /* the status byte is the last; between it and the data nothing was left out */
    virtio_queue_push(&request->chain, request->chain.in_bytes + 1);
    if (blk->batch == 0) {
        virtio_queue_flush(queue);
    }
}

static void on_done(QhBlockRequest *block, int error)
{
    VirtioBlkRequest *request = block->opaque;
    VirtioBlk *blk = blk_of(request);
    const QhBlockService *service = blk->virtio.services->block;

    if (error != 0 && !service->report_error(blk->drive, block->kind, error)) {
        request->next = blk->retry;
        blk->retry = request;
        return;
    }
    finish(request, error == 0 ? S_OK : S_IOERR);
}

static void submit(VirtioBlkRequest *request, uint32_t kind, uint32_t flags)
{
    VirtioBlk *blk = blk_of(request);
    QhBlockRequest *block = &request->block;

    block->size = sizeof(QhBlockRequest);
    block->kind = kind;
    block->flags = flags;
    block->done = on_done;
    block->opaque = request;
    blk->virtio.services->block->submit(blk->drive, block);
}

/* Whether @bytes from sector @sector on lie on the disk, in whole blocks. */
static gboolean
in_range(const VirtioBlk *blk, uint64_t sector, uint64_t bytes, uint64_t *ret_offset)
{
    uint64_t offset, end;

    if (__builtin_mul_overflow(sector, (uint64_t)SECTOR_BYTES, &offset) ||
        __builtin_add_overflow(offset, bytes, &end) || end > blk->info.bytes ||
        offset % blk->info.logical_block_bytes != 0 || bytes % blk->info.logical_block_bytes != 0) {
        return FALSE;
    }
    *ret_offset = offset;
    return TRUE;
}

static void transfer(VirtioBlkRequest *request, gboolean write, uint64_t sector)
{
    VirtioBlk *blk = blk_of(request);
    VirtioChain *chain = &request->chain;
    uint64_t bytes = write ? chain->out_bytes : chain->in_bytes;

    if (!in_range(blk, sector, bytes, &request->block.offset) ||
        (write && (blk->info.flags & QH_BLOCK_INFO_READ_ONLY) != 0)) {
        finish(request, S_IOERR);
        return;
    }
    if (bytes == 0) {
        finish(request, S_OK);
        return;
    }
    G_STATIC_ASSERT(sizeof(QhBlockVec) == sizeof(VirtioSpan) &&
                    offsetof(QhBlockVec, bytes) == offsetof(VirtioSpan, bytes));
    request->block.bytes = bytes;
    request->block.vec = (const QhBlockVec *)(const void *)(write ? chain->out : chain->in);
    request->block.n_vec = write ? chain->n_out : chain->n_in;
    submit(request, write ? QH_BLOCK_WRITE : QH_BLOCK_READ, 0);
}

/* 5.2.6: one range; more than max_discard_seg says is unsupported. */
static void erase(VirtioBlkRequest *request, gboolean zeroes)
{
    VirtioBlk *blk = blk_of(request);
    uint8_t range[RANGE_BYTES];
    uint32_t most = zeroes ? blk->max_write_zeroes_sectors : blk->max_discard_sectors;

    if (!virtio_has(&blk->virtio, zeroes ? F_WRITE_ZEROES : F_DISCARD) ||
        request->chain.out_bytes != RANGE_BYTES) {
        finish(request, S_UNSUPP);
        return;
    }
    virtio_chain_read(&request->chain, 0, range, sizeof(range));
    uint32_t sectors = virtio_get32(range + 8), flags = virtio_get32(range + 12);

    if ((flags & ~(zeroes ? WRITE_ZEROES_UNMAP : 0)) != 0) {
        finish(request, S_UNSUPP);
        return;
    }
    request->block.bytes = (uint64_t)sectors * SECTOR_BYTES;
    if (sectors > most || (blk->info.flags & QH_BLOCK_INFO_READ_ONLY) != 0 ||
        !in_range(blk, virtio_get64(range), request->block.bytes, &request->block.offset)) {
        finish(request, S_IOERR);
        return;
    }
    request->block.vec = NULL;
    request->block.n_vec = 0;
    if (sectors == 0) {
        finish(request, S_OK);
    } else {
        submit(request, zeroes ? QH_BLOCK_WRITE_ZEROES : QH_BLOCK_DISCARD,
               flags & WRITE_ZEROES_UNMAP ? QH_BLOCK_UNMAP : 0);
    }
}

static void get_id(VirtioBlkRequest *request)
{
    VirtioBlk *blk = blk_of(request);
    char id[ID_BYTES + 1] = "";
    const char *serial =
        blk->serial != NULL ? blk->serial : blk->virtio.services->block->serial(blk->drive);

    g_strlcpy(id, serial, sizeof(id));
    virtio_chain_write(&request->chain, 0, id, ID_BYTES);
    finish(request, S_OK);
}

static void flush(VirtioBlkRequest *request)
{
    request->block.offset = request->block.bytes = 0;
    request->block.vec = NULL;
    request->block.n_vec = 0;
    submit(request, QH_BLOCK_FLUSH, 0);
}

static void serve(VirtioBlkRequest *request, uint32_t type, uint64_t sector)
{
    switch (type) {
    case T_IN:
        transfer(request, FALSE, sector);
        break;
    case T_OUT:
        transfer(request, TRUE, sector);
        break;
    case T_FLUSH:
        flush(request);
        break;
    case T_GET_ID:
        get_id(request);
        break;
    case T_DISCARD:
    case T_WRITE_ZEROES:
        erase(request, type == T_WRITE_ZEROES);
        break;
    default:
        finish(request, S_UNSUPP);
    }
}

static gboolean take(VirtioChain *chain)
{
    VirtioBlkRequest *request = (VirtioBlkRequest *)chain;
    uint8_t header[HEADER_BYTES];

    if (virtio_chain_read(chain, 0, header, sizeof(header)) < sizeof(header) ||
        chain->in_bytes == 0) {
        virtio_device_break(chain->queue->device, "a request without a header or a status byte");
        virtio_queue_push(chain, 0);
        return TRUE;
    }
    const VirtioSpan *last = &chain->in[chain->n_in - 1];
    request->status = (uint8_t *)last->base + last->bytes - 1;
    virtio_chain_trim_out(chain, HEADER_BYTES);
    virtio_chain_trim_in_tail(chain, 1);
    serve(request, virtio_get32(header), virtio_get64(header + 8));
    return TRUE;
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    VirtioBlk *blk = (VirtioBlk *)device;

    blk->batch++;
    virtio_queue_run(queue, take);
    blk->batch--;
}

/* --- Configuration --- */

static void put_geometry(const VirtioBlk *blk, uint8_t *config)
{
    uint64_t cylinders = blk->info.bytes / SECTOR_BYTES / (16 * 63);

    virtio_put16(config + C_CYLINDERS, (uint32_t)CLAMP(cylinders, 2, 16383));
    config[C_HEADS] = 16;
    config[C_SECTORS] = 63;
}

static void read_config(VirtioDevice *device, uint8_t *config)
{
    const VirtioBlk *blk = (VirtioBlk *)device;
    const QhBlockInfo *info = &blk->info;
    uint32_t per_block = info->logical_block_bytes / SECTOR_BYTES;
    uint32_t granule =
        blk->discard_granularity != UINT32_MAX ? blk->discard_granularity : info->discard_bytes;
    uint32_t exponent = 0;

    while ((uint64_t)info->logical_block_bytes << (exponent + 1) <= info->physical_block_bytes) {
        exponent++;
    }
    virtio_put64(config + C_CAPACITY, info->bytes / SECTOR_BYTES);
    virtio_put32(config + C_SEG_MAX, blk->seg_max_adjust ? blk->queue_size - 2u : 128 - 2);
    put_geometry(blk, config);
    virtio_put32(config + C_BLK_SIZE, info->logical_block_bytes);
    config[C_PHYSICAL_EXP] = (uint8_t)exponent;
    virtio_put16(config + C_MIN_IO, blk->min_io_bytes / info->logical_block_bytes);
    virtio_put32(config + C_OPT_IO, blk->opt_io_bytes / info->logical_block_bytes);
    config[C_WRITEBACK] = blk->write_cache;
    virtio_put16(config + C_NUM_QUEUES, blk->num_queues);
    virtio_put32(config + C_MAX_DISCARD_SECTORS, blk->max_discard_sectors);
    virtio_put32(config + C_MAX_DISCARD_SEG, 1);
    virtio_put32(config + C_DISCARD_ALIGNMENT, MAX(granule / SECTOR_BYTES, per_block));
    virtio_put32(config + C_MAX_WRITE_ZEROES_SECTORS, blk->max_write_zeroes_sectors);
    virtio_put32(config + C_MAX_WRITE_ZEROES_SEG, 1);
    config[C_WRITE_ZEROES_MAY_UNMAP] = 1;
}

static void set_cache(VirtioBlk *blk, gboolean on)
{
    blk->write_cache = on != FALSE;
    blk->virtio.services->block->set_write_cache(blk->drive, on);
}

static void
write_config(VirtioDevice *device, const uint8_t *config, uint32_t offset, uint32_t bytes)
{
    if (offset <= C_WRITEBACK && offset + bytes > C_WRITEBACK && virtio_has(device, F_CONFIG_WCE)) {
        set_cache((VirtioBlk *)device, config[C_WRITEBACK] & 1);
    }
}

/* 5.2.5: a driver that knows neither flushes nor the switch gets a disk that needs none. */
static void features_ok(VirtioDevice *device)
{
    VirtioBlk *blk = (VirtioBlk *)device;

    if (!virtio_has(device, F_CONFIG_WCE)) {
        set_cache(blk, virtio_has(device, F_FLUSH));
    }
}

static void get_info(VirtioBlk *blk)
{
    blk->info.size = sizeof(blk->info);
    blk->virtio.services->block->info(blk->drive, &blk->info);
    if (blk->logical_block_bytes != 0) {
        blk->info.logical_block_bytes = blk->logical_block_bytes;
    }
    if (blk->physical_block_bytes != 0) {
        blk->info.physical_block_bytes = blk->physical_block_bytes;
    }
}

static void on_resized(void *opaque)
{
    VirtioBlk *blk = opaque;

    get_info(blk);
    virtio_config_changed(&blk->virtio);
}

/* --- Life --- */

static const QhBlockHandlers handlers = {
    .size = sizeof(QhBlockHandlers),
    .resized = on_resized,
};

static gboolean block_is_good(uint32_t bytes)
{
    return bytes == 0 || (bytes >= SECTOR_BYTES && (bytes & (bytes - 1)) == 0);
}

static gboolean check(const VirtioBlk *blk, GError **error)
{
    const char *why = NULL;

    if (blk->virtio.services->block == NULL) {
        why = "this host has no disks";
    } else if (blk->drive == NULL) {
        why = "property 'drive' is not set";
    } else if (blk->queue_size < 4 || blk->queue_size > VIRTIO_QUEUE_MAX ||
               (blk->queue_size & (blk->queue_size - 1)) != 0) {
        why = "property 'queue-size' takes a power of two from 4 to 1024";
    } else if (blk->max_discard_sectors > MAX_SECTORS ||
               blk->max_write_zeroes_sectors > MAX_SECTORS) {
        why = "more than 4194303 sectors at once";
    }
    if (why == NULL &&
        (!block_is_good(blk->logical_block_bytes) || !block_is_good(blk->physical_block_bytes))) {
        why = "block sizes are powers of two from 512";
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize disk '%s': %s",
                    blk->virtio.base.id, why);
    }
    return why == NULL;
}

static void set_features(VirtioBlk *blk)
{
    uint64_t features = VIRTIO_BIT(F_SEG_MAX) | VIRTIO_BIT(F_GEOMETRY) | VIRTIO_BIT(F_BLK_SIZE) |
                        VIRTIO_BIT(F_FLUSH) | VIRTIO_BIT(F_TOPOLOGY);
    gboolean read_only = (blk->info.flags & QH_BLOCK_INFO_READ_ONLY) != 0;

    features |= read_only ? VIRTIO_BIT(F_RO) : 0;
    features |= blk->config_wce ? VIRTIO_BIT(F_CONFIG_WCE) : 0;
    features |= blk->num_queues > 1 ? VIRTIO_BIT(F_MQ) : 0;
    features |= blk->discard && !read_only ? VIRTIO_BIT(F_DISCARD) : 0;
    features |= blk->write_zeroes && !read_only ? VIRTIO_BIT(F_WRITE_ZEROES) : 0;
    blk->virtio.offered = features;
    blk->virtio.config_bytes = CONFIG_BYTES;
}

static gboolean realize(VirtioDevice *device, GError **error)
{
    VirtioBlk *blk = (VirtioBlk *)device;
    const QhBlockService *service = device->services->block;

    if (!check(blk, error) ||
        !service->attach(blk->drive, device->base.instance, blk->share_rw ? QH_BLOCK_WANT_SHARE : 0,
                         &handlers, blk, error)) {
        return FALSE;
    }
    blk->attached = TRUE;
    if (service->size > offsetof(QhBlockService, set_errors)) {
        service->set_errors(blk->drive, blk->rerror, blk->werror);
    }
    get_info(blk);
    blk->write_cache = (blk->info.flags & QH_BLOCK_INFO_WRITE_CACHE) != 0;
    if (blk->want_cache != 0) {
        set_cache(blk, blk->want_cache == 1);
    }
    blk->first_cache = blk->write_cache;
    if (blk->num_queues == 0) {
        blk->num_queues = 1;
    }
    for (uint32_t i = 0; i < blk->num_queues; i++) {
        virtio_queue_add(device, blk->queue_size, sizeof(VirtioBlkRequest));
    }
    set_features(blk);
    return device->services->fw == NULL ||
           device->services->fw->boot_device(&device->base, blk->bootindex, "/disk@0,0", error);
}

/* What waits for another try. @again: try it; otherwise give it back. */
static void take_retries(VirtioBlk *blk, gboolean again)
{
    VirtioBlkRequest *request = g_steal_pointer(&blk->retry);

    while (request != NULL) {
        VirtioBlkRequest *next = request->next;

        if (again) {
            blk->virtio.services->block->submit(blk->drive, &request->block);
        } else {
            virtio_queue_push(&request->chain, 0);
        }
        request = next;
    }
}

static void reset(VirtioDevice *device)
{
    VirtioBlk *blk = (VirtioBlk *)device;

    take_retries(blk, FALSE);
    if (blk->write_cache != blk->first_cache) {
        set_cache(blk, blk->first_cache); /* what the last driver chose is not the next one's */
    }
}

static void unrealize(VirtioDevice *device)
{
    VirtioBlk *blk = (VirtioBlk *)device;

    if (blk->attached) {
        device->services->block->detach(blk->drive);
        take_retries(blk, FALSE);
        blk->attached = FALSE;
    }
}

static void run_state(VirtioDevice *device, gboolean running)
{
    if (running) {
        take_retries((VirtioBlk *)device, TRUE);
    }
}

static void stream_state(VirtioDevice *device, QhStateStream *stream)
{
    VirtioBlk *blk = (VirtioBlk *)device;

    stream->bytes(stream, &blk->write_cache, sizeof(blk->write_cache));
}

static void loaded(VirtioDevice *device)
{
    VirtioBlk *blk = (VirtioBlk *)device;

    set_cache(blk, blk->write_cache);
}

const VirtioFunction virtio_blk = {
    .name = "blk",
    .device_id = VIRTIO_ID_BLOCK,
    .transitional_id = 0x1001,
    .realize = realize,
    .unrealize = unrealize,
    .features_ok = features_ok,
    .reset = reset,
    .read_config = read_config,
    .write_config = write_config,
    .kick = kick,
    .run_state = run_state,
    .stream = stream_state,
    .loaded = loaded,
};
