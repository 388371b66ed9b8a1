/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flash and the file behind it. The whole content is read at the start; what the guest programs or
 * erases is written at once, and the chips are busy until the file has it.
 */
#include "modules/firmware/pflash.h"

#include <string.h>

#define CHUNK_BYTES (1u << 20)

static const FwServices *services_of(const FwFlash *flash)
{
    return flash->base.ctx;
}

/* One read that the caller waits for. */
typedef struct Fetch {
    QhBlockRequest request;
    int error;
} Fetch;

static void fetched(QhBlockRequest *request, int error)
{
    ((Fetch *)request->opaque)->error = error;
}

static int fetch(FwFlash *flash, uint64_t offset, void *buffer, uint64_t bytes)
{
    const FwServices *services = services_of(flash);
    const QhBlockVec vec = {buffer, bytes};
    Fetch one = {
        .request = {.size = sizeof(QhBlockRequest),
                    .kind = QH_BLOCK_READ,
                    .n_vec = 1,
                    .offset = offset,
                    .bytes = bytes,
                    .vec = &vec,
                    .done = fetched,
                    .opaque = &one}
    };

    services->device->lock(flash->base.machine);
    services->block->submit(flash->drive, &one.request);
    services->device->unlock(flash->base.machine);
    services->block->drain(flash->drive);
    return one.error;
}

/* Most of a flash image is filler: pages of zeroes need no memory. */
static void copy_pages(FwFlash *flash, uint64_t offset, const uint8_t *data, uint64_t bytes)
{
    static const uint8_t zeroes[4096];

    for (uint64_t at = 0; at < bytes; at += sizeof(zeroes)) {
        uint64_t n = MIN(bytes - at, sizeof(zeroes));

        if (memcmp(data + at, zeroes, n) != 0) {
            memcpy(flash->host + offset + at, data + at, n);
        }
    }
}

gboolean fw_flash_load(FwFlash *flash, GError **error)
{
    const FwServices *services = services_of(flash);
    g_autofree uint8_t *chunk = NULL;
    QhBlockInfo info = {.size = sizeof(info)};

    services->block->info(flash->drive, &info);
    flash->read_only = (info.flags & QH_BLOCK_INFO_READ_ONLY) != 0;
    if (info.bytes != flash->bytes) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s' (cfi.pflash01): it has %" G_GUINT64_FORMAT
                    " bytes, its drive %" G_GUINT64_FORMAT,
                    flash->base.id, flash->bytes, info.bytes);
        return FALSE;
    }
    if (!services->block->attach(flash->drive, flash->base.instance,
                                 flash->read_only ? 0 : QH_BLOCK_WANT_WRITE, NULL, flash, error)) {
        return FALSE;
    }
    chunk = g_malloc(CHUNK_BYTES);
    for (uint64_t at = 0; at < flash->bytes; at += CHUNK_BYTES) {
        uint64_t bytes = MIN(flash->bytes - at, CHUNK_BYTES);
        int failure = fetch(flash, at, chunk, bytes);

        if (failure != 0) {
            g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                        "device '%s' (cfi.pflash01): cannot read its drive: %s", flash->base.id,
                        g_strerror(failure));
            return FALSE;
        }
        copy_pages(flash, at, chunk, bytes);
    }
    return TRUE;
}

static void saved(QhBlockRequest *request, int error)
{
    FwFlash *flash = request->opaque;

    if (error != 0 &&
        !services_of(flash)->block->report_error(flash->drive, request->kind, error)) {
        flash->waits = 1;
        return;
    }
    flash->busy = 0;
    if (error != 0) {
        flash->status |= flash->failure;
    }
}

void fw_flash_save(FwFlash *flash, uint64_t offset, uint64_t bytes, uint8_t failure)
{
    if (flash->drive == NULL) {
        return;
    }
    flash->busy = 1;
    flash->failure = failure;
    flash->vec = (QhBlockVec){flash->host + offset, bytes};
    flash->request = (QhBlockRequest){.size = sizeof(QhBlockRequest),
                                      .kind = QH_BLOCK_WRITE,
                                      .n_vec = 1,
                                      .offset = offset,
                                      .bytes = bytes,
                                      .vec = &flash->vec,
                                      .done = saved,
                                      .opaque = flash};
    services_of(flash)->block->submit(flash->drive, &flash->request);
}

void fw_flash_retry(FwFlash *flash)
{
    if (flash->waits) {
        flash->waits = 0;
        services_of(flash)->block->submit(flash->drive, &flash->request);
    }
}
