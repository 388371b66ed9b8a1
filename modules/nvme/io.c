/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NVM commands (6). */
#include "modules/nvme/nvme.h"

#include <errno.h>

#define FUA         (1u << 30)
#define DEALLOCATE  (1u << 25) /* Write Zeroes; 1u << 2 of Dataset Management */
#define RANGE_BYTES 16u

/* --- The disk --- */

static uint32_t status_of(const NvmeRequest *request, int error)
{
    switch (error) {
    case ENOSPC:
        return NVME_CAPACITY_EXCEEDED;
    case EROFS:
        return NVME_WRITE_PROTECTED;
    case EINVAL:
        return NVME_LBA_RANGE;
    default:
        return request->block.kind == QH_BLOCK_READ ? NVME_READ_ERROR : NVME_WRITE_FAULT;
    }
}

static void on_done(QhBlockRequest *block, int error)
{
    NvmeRequest *request = block->opaque;
    NvmeNamespace *ns = request->ns;

    request->at_disk = 0;
    if (error == 0) {
        request->then(request);
    } else if (request->sq->nvme->resetting || request->sq->end != NULL || !ns->attached) {
        nvme_complete(request, NVME_ABORTED); /* nobody would try again */
    } else if (!ns->services->block->report_error(ns->drive, block->kind, error)) {
        request->retry = 1;
    } else {
        nvme_complete(request, status_of(request, error));
    }
}

void nvme_submit(NvmeRequest *request,
                 uint32_t kind,
                 uint32_t flags,
                 uint64_t offset,
                 uint64_t bytes,
                 void (*then)(NvmeRequest *request))
{
    QhBlockRequest *block = &request->block;

    block->size = sizeof(QhBlockRequest);
    block->kind = kind;
    block->flags = flags;
    block->offset = offset;
    block->bytes = bytes;
    block->done = on_done;
    block->opaque = request;
    request->then = then;
    request->at_disk = 1;
    request->ns->services->block->submit(request->ns->drive, block);
}

static void done(NvmeRequest *request)
{
    nvme_complete(request, NVME_SUCCESS);
}

/* --- Ranges --- */

/* The blocks that the command names, in bytes; a status. */
static uint32_t get_range(const NvmeRequest *request, uint64_t *ret_offset, uint64_t *ret_bytes)
{
    const NvmeNamespace *ns = request->ns;
    uint64_t lba = get64(request->command + 40), blocks = get16(request->command + 48) + 1u, end;

    if (__builtin_add_overflow(lba, blocks, &end) || end > nvme_namespace_blocks(ns)) {
        return NVME_LBA_RANGE;
    }
    *ret_offset = lba * ns->block_bytes;
    *ret_bytes = blocks * ns->block_bytes;
    return NVME_SUCCESS;
}

static uint32_t check_writing(const NvmeRequest *request)
{
    return (request->ns->info.flags & QH_BLOCK_INFO_READ_ONLY) != 0 ? NVME_WRITE_PROTECTED
                                                                    : NVME_SUCCESS;
}

static gboolean too_long(const Nvme *nvme, uint64_t bytes)
{
    return nvme->mdts != 0 && bytes > (4096ull << nvme->mdts);
}

/* A range whose data is in guest memory: mapped. */
static uint32_t
prepare(NvmeRequest *request, gboolean to_guest, uint64_t *ret_offset, uint64_t *ret_bytes)
{
    uint32_t status = get_range(request, ret_offset, ret_bytes);

    if (status == NVME_SUCCESS && too_long(request->sq->nvme, *ret_bytes)) {
        status = NVME_INVALID_FIELD;
    }
    return status == NVME_SUCCESS ? nvme_map(request, *ret_bytes, to_guest) : status;
}

static void transfer(NvmeRequest *request, gboolean write)
{
    Nvme *nvme = request->sq->nvme;
    uint64_t offset = 0, bytes = 0;
    uint32_t status = write ? check_writing(request) : NVME_SUCCESS;

    if (status == NVME_SUCCESS) {
        status = prepare(request, !write, &offset, &bytes);
    }
    if (status != NVME_SUCCESS) {
        nvme_complete(request, status);
        return;
    }
    *(write ? &nvme->n_writes : &nvme->n_reads) += 1;
    *(write ? &nvme->units_written : &nvme->units_read) += bytes;
    request->block.vec = request->vecs;
    request->block.n_vec = request->n_vecs;
    gboolean fua = write && (get32(request->command + 48) & FUA) != 0;
    nvme_submit(request, write ? QH_BLOCK_WRITE : QH_BLOCK_READ, fua ? QH_BLOCK_FUA : 0, offset,
                bytes, done);
}

/* 6.6: what is on the disk against what the guest has. */
static void compared(NvmeRequest *request)
{
    const uint8_t *at = request->data;
    gboolean same = TRUE;

    for (uint32_t i = 0; i < request->n_vecs && same; i++) {
        same = memcmp(at, request->vecs[i].base, request->vecs[i].bytes) == 0;
        at += request->vecs[i].bytes;
    }
    nvme_complete(request, same ? NVME_SUCCESS : NVME_COMPARE_FAILURE);
}

static void compare(NvmeRequest *request)
{
    uint64_t offset = 0, bytes = 0;
    uint32_t status = prepare(request, FALSE, &offset, &bytes);

    if (status == NVME_SUCCESS) {
        /* the vector of the copy lies behind it */
        request->data = g_try_malloc(bytes + sizeof(QhBlockVec));
        status = request->data != NULL ? NVME_SUCCESS : NVME_INTERNAL_ERROR;
    }
    if (status != NVME_SUCCESS) {
        nvme_complete(request, status);
        return;
    }
    QhBlockVec *vec = (QhBlockVec *)(void *)(request->data + bytes); /* blocks are multiples of 8 */
    *vec = (QhBlockVec){request->data, bytes};
    request->block.vec = vec;
    request->block.n_vec = 1;
    nvme_submit(request, QH_BLOCK_READ, 0, offset, bytes, compared);
}

static void without_data(NvmeRequest *request)
{
    request->block.vec = NULL;
    request->block.n_vec = 0;
}

static void write_zeroes(NvmeRequest *request)
{
    uint64_t offset = 0, bytes = 0;
    uint32_t flags = get32(request->command + 48), status = check_writing(request);

    if (status == NVME_SUCCESS) {
        status = get_range(request, &offset, &bytes);
    }
    if (status != NVME_SUCCESS) {
        nvme_complete(request, status);
        return;
    }
    without_data(request);
    nvme_submit(request, QH_BLOCK_WRITE_ZEROES,
                ((flags & DEALLOCATE) != 0 ? QH_BLOCK_UNMAP : 0) |
                    ((flags & FUA) != 0 ? QH_BLOCK_FUA : 0),
                offset, bytes, done);
}

/* --- Flush --- */

static void flush_next(NvmeRequest *request)
{
    const Nvme *nvme = request->sq->nvme;

    while (++request->position <= NVME_NAMESPACES_MAX) {
        request->ns = nvme->namespaces[request->position];
        if (request->ns != NULL) {
            without_data(request);
            nvme_submit(request, QH_BLOCK_FLUSH, 0, 0, 0, flush_next);
            return;
        }
    }
    nvme_complete(request, NVME_SUCCESS);
}

static void flush(NvmeRequest *request)
{
    without_data(request);
    nvme_submit(request, QH_BLOCK_FLUSH, 0, 0, 0, done);
}

/* --- Dataset management (6.7) --- */

static void discard_next(NvmeRequest *request)
{
    uint32_t n = request->command[40] + 1u;
    const NvmeNamespace *ns = request->ns;

    while (request->position < n) {
        const uint8_t *range = request->data + RANGE_BYTES * (uint64_t)request->position++;
        uint64_t blocks = get32(range + 4), lba = get64(range + 8);

        if (blocks > 0) {
            without_data(request);
            nvme_submit(request, QH_BLOCK_DISCARD, 0, lba * ns->block_bytes,
                        blocks * ns->block_bytes, discard_next);
            return;
        }
    }
    nvme_complete(request, NVME_SUCCESS);
}

static uint32_t check_ranges(const NvmeRequest *request, uint32_t n)
{
    uint64_t all = nvme_namespace_blocks(request->ns), end;

    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *range = request->data + RANGE_BYTES * (uint64_t)i;

        if (__builtin_add_overflow(get64(range + 8), (uint64_t)get32(range + 4), &end) ||
            end > all) {
            return NVME_LBA_RANGE;
        }
    }
    return check_writing(request);
}

static void manage(NvmeRequest *request)
{
    uint32_t n = request->command[40] + 1u, status;
    gboolean deallocate = (get32(request->command + 44) & 4) != 0;

    status = nvme_map(request, (uint64_t)n * RANGE_BYTES, FALSE);
    if (status == NVME_SUCCESS && deallocate) {
        request->data = g_malloc((size_t)n * RANGE_BYTES);
        nvme_copy(request, request->data, (uint64_t)n * RANGE_BYTES, FALSE);
        status = check_ranges(request, n);
    }
    if (status != NVME_SUCCESS || !deallocate) { /* the other attributes are hints for caches */
        nvme_complete(request, status);
        return;
    }
    nvme_unmap(request);
    request->position = 0;
    discard_next(request);
}

/* --- Dispatch --- */

void nvme_io(NvmeRequest *request)
{
    const Nvme *nvme = request->sq->nvme;
    const uint8_t *command = request->command;
    uint32_t nsid = get32(command + 4);

    if ((command[1] & 3) != 0) { /* fused */
        nvme_complete(request, NVME_INVALID_FIELD);
        return;
    }
    if (command[0] == NVM_FLUSH && nsid == NVME_ALL_NAMESPACES) {
        request->position = 0;
        flush_next(request);
        return;
    }
    request->ns = nvme_namespace(nvme, nsid);
    if (request->ns == NULL) {
        nvme_complete(request, NVME_INVALID_NAMESPACE);
        return;
    }
    switch (command[0]) {
    case NVM_READ:
    case NVM_WRITE:
        transfer(request, command[0] == NVM_WRITE);
        break;
    case NVM_FLUSH:
        flush(request);
        break;
    case NVM_COMPARE:
        compare(request);
        break;
    case NVM_WRITE_ZEROES:
        write_zeroes(request);
        break;
    case NVM_DATASET_MANAGEMENT:
        manage(request);
        break;
    default:
        nvme_complete(request, NVME_INVALID_OPCODE);
    }
}
