/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a command's data is: physical region pages (4.3) or scatter gather lists (4.4). Lists are
 * copied piece by piece and each entry is looked at once; what lies side by side in guest memory is
 * mapped in one go. Nothing but RAM can be named: a window of a device, also one's own, is a
 * transfer error.
 */
#include "modules/nvme/nvme.h"

#define LIST_ENTRIES    64u    /* of a list, copied at a time */
#define DESCRIPTORS_MAX 65536u /* of one command */
#define VECS_MAX        4096u  /* of one command */

/* 4.4: types of descriptors */
enum { SGL_DATA = 0, SGL_SEGMENT = 2, SGL_LAST_SEGMENT = 3 };
#define SGL_BYTES 16u

typedef struct Run {
    NvmeRequest *request;
    uint64_t address, bytes; /* not mapped yet */
    uint64_t left;           /* of the transfer */
    uint32_t n_descriptors;
    gboolean write;
} Run;

static Nvme *nvme_of(const NvmeRequest *request)
{
    return request->sq->nvme;
}

static uint32_t map_run(Run *run)
{
    NvmeRequest *request = run->request;
    Nvme *nvme = nvme_of(request);

    while (run->bytes > 0) {
        uint64_t got = run->bytes;
        void *at = request->n_vecs < VECS_MAX
                       ? nvme->pci->dma_map(&nvme->base, run->address, &got, run->write)
                       : NULL;

        if (at == NULL) {
            return NVME_TRANSFER_ERROR | NVME_DNR;
        }
        if (request->n_vecs == request->room) {
            request->room = MAX(4, 2 * request->room);
            request->vecs = g_renew(QhBlockVec, request->vecs, request->room);
        }
        request->vecs[request->n_vecs++] = (QhBlockVec){at, got};
        request->bytes += got;
        run->address += got;
        run->bytes -= got;
    }
    return NVME_SUCCESS;
}

/* @bytes at @address, as far as the transfer goes. */
static uint32_t add(Run *run, uint64_t address, uint64_t bytes)
{
    uint32_t status = NVME_SUCCESS;
    uint64_t end;

    bytes = MIN(bytes, run->left);
    if (__builtin_add_overflow(address, bytes, &end)) {
        return NVME_TRANSFER_ERROR | NVME_DNR;
    }
    if (run->bytes > 0 && run->address + run->bytes == address) {
        run->bytes += bytes;
    } else {
        status = map_run(run);
        run->address = address;
        run->bytes = bytes;
    }
    run->left -= bytes;
    return status;
}

static gboolean read_list(NvmeRequest *request, uint64_t address, void *data, uint64_t bytes)
{
    Nvme *nvme = nvme_of(request);

    return nvme->pci->dma_read(&nvme->base, address, data, bytes) == QH_BUS_OK;
}

/* 4.3: entries to the end of the page; the last of them leads on when there are more. */
static uint32_t map_list(Run *run, uint64_t at)
{
    uint64_t page = nvme_of(run->request)->page_bytes;
    uint64_t entries[LIST_ENTRIES], hops = run->left / page + 2;

    if (at % 8 != 0) {
        return NVME_INVALID_PRP_OFFSET;
    }
    while (run->left > 0) {
        uint64_t wanted = (run->left + page - 1) / page, there = (page - at % page) / 8;
        uint64_t n = MIN(MIN(wanted, there), LIST_ENTRIES);

        if (!read_list(run->request, at, entries, n * 8)) {
            return NVME_TRANSFER_ERROR | NVME_DNR;
        }
        at += n * 8;
        for (uint64_t i = 0; i < n; i++) {
            uint64_t entry = GUINT64_FROM_LE(entries[i]);

            if (i + 1 == there && wanted > there) {
                at = entry;
                wanted = hops-- > 0 && at % 8 == 0 ? wanted : 0;
                break;
            }
            uint32_t status = entry % page != 0 ? NVME_INVALID_PRP_OFFSET : add(run, entry, page);
            if (status != NVME_SUCCESS) {
                return status;
            }
        }
        if (wanted == 0) { /* lists that lead to each other, or to odd places */
            return NVME_INVALID_PRP_OFFSET;
        }
    }
    return NVME_SUCCESS;
}

static uint32_t map_prps(Run *run, uint64_t first, uint64_t second)
{
    uint64_t page = nvme_of(run->request)->page_bytes;
    uint32_t status;

    if (first % 4 != 0) {
        return NVME_INVALID_PRP_OFFSET;
    }
    status = add(run, first, page - first % page);
    if (status != NVME_SUCCESS || run->left == 0) {
        return status;
    }
    if (run->left > page) {
        return map_list(run, second);
    }
    return second % page != 0 ? NVME_INVALID_PRP_OFFSET : add(run, second, page);
}

/* A segment's descriptors; *@at and *@bytes become those of the next, 0 when it was the last. */
static uint32_t map_segment(Run *run, uint64_t *at, uint64_t *bytes, gboolean *last)
{
    uint8_t entries[LIST_ENTRIES * SGL_BYTES];
    uint64_t address = *at, left = *bytes, n;

    *bytes = 0;
    for (; left > 0; left -= n, address += n) {
        n = MIN(left, sizeof(entries));
        if (!read_list(run->request, address, entries, n)) {
            return NVME_TRANSFER_ERROR | NVME_DNR;
        }
        for (uint64_t i = 0; i < n && run->left > 0; i += SGL_BYTES) {
            uint32_t type = entries[i + 15] >> 4, length = get32(entries + i + 8), status;

            if (++run->n_descriptors > DESCRIPTORS_MAX) {
                return NVME_INVALID_SGL_COUNT;
            }
            if ((entries[i + 15] & 0xf) != 0) {
                return NVME_INVALID_SGL_TYPE;
            }
            if (type == SGL_DATA) {
                status = add(run, get64(entries + i), length);
                if (status != NVME_SUCCESS) {
                    return status;
                }
                continue;
            }
            if (type != SGL_SEGMENT && type != SGL_LAST_SEGMENT) {
                return NVME_INVALID_SGL_TYPE;
            }
            if (*last || left - i != SGL_BYTES || length == 0 || length % SGL_BYTES != 0) {
                return NVME_INVALID_SGL_SEGMENT;
            }
            *at = get64(entries + i);
            *bytes = length;
            *last = type == SGL_LAST_SEGMENT;
        }
    }
    return NVME_SUCCESS;
}

static uint32_t map_sgl(Run *run, const uint8_t *descriptor)
{
    uint32_t type = descriptor[15] >> 4, status = NVME_SUCCESS;
    uint64_t at = get64(descriptor), bytes = get32(descriptor + 8);
    gboolean last = type == SGL_LAST_SEGMENT;

    if ((descriptor[15] & 0xf) != 0 ||
        (type != SGL_DATA && type != SGL_SEGMENT && type != SGL_LAST_SEGMENT)) {
        return NVME_INVALID_SGL_TYPE;
    }
    if (type == SGL_DATA) {
        status = add(run, at, bytes);
        return status == NVME_SUCCESS && run->left > 0 ? NVME_INVALID_SGL_LENGTH : status;
    }
    if (bytes == 0 || bytes % SGL_BYTES != 0) {
        return NVME_INVALID_SGL_SEGMENT;
    }
    while (status == NVME_SUCCESS && bytes > 0 && run->left > 0) {
        status = map_segment(run, &at, &bytes, &last);
    }
    return status == NVME_SUCCESS && run->left > 0 ? NVME_INVALID_SGL_LENGTH : status;
}

uint32_t nvme_map(NvmeRequest *request, uint64_t bytes, gboolean write)
{
    const uint8_t *command = request->command;
    Run run = {.request = request, .left = bytes, .write = write};
    uint32_t kind = command[1] >> 6, status;

    request->n_vecs = 0;
    request->bytes = 0;
    request->write = write != FALSE;
    if (kind == 3 || (kind != 0 && request->sq->id == 0)) { /* 4.4: admin commands use PRPs */
        return NVME_INVALID_FIELD;
    }
    status = kind == 0 ? map_prps(&run, get64(command + 24), get64(command + 32))
                       : map_sgl(&run, command + 24);
    if (status == NVME_SUCCESS) {
        status = map_run(&run);
    }
    return status;
}

void nvme_unmap(NvmeRequest *request)
{
    Nvme *nvme = nvme_of(request);

    for (uint32_t i = 0; i < request->n_vecs; i++) {
        const QhBlockVec *vec = &request->vecs[i];

        nvme->pci->dma_unmap(&nvme->base, vec->base, vec->bytes, request->write ? vec->bytes : 0);
    }
    request->n_vecs = 0;
}

void nvme_copy(NvmeRequest *request, void *data, uint64_t bytes, gboolean to_guest)
{
    uint8_t *at = data;

    for (uint32_t i = 0; i < request->n_vecs && bytes > 0; i++) {
        uint64_t part = MIN(request->vecs[i].bytes, bytes);

        if (to_guest) {
            memcpy(request->vecs[i].base, at, part);
        } else {
            memcpy(at, request->vecs[i].base, part);
        }
        at += part;
        bytes -= part;
    }
}

uint32_t nvme_reply(NvmeRequest *request, const void *data, uint64_t bytes)
{
    uint32_t status = nvme_map(request, bytes, TRUE);

    if (status == NVME_SUCCESS) {
        nvme_copy(request, (void *)data, bytes, TRUE);
    }
    return status;
}
