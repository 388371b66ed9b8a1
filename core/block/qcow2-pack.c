/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed clusters: raw deflate with a window of 4 KiB, or a zstd frame. */
#include "core/block/qcow2.h"

#include <errno.h>
#include <zlib.h>
#include <zstd.h>

static int inflate_cluster(const uint8_t *packed, uint64_t bytes, uint8_t *data, uint64_t room)
{
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)packed,
        .avail_in = (uInt)bytes,
        .next_out = data,
        .avail_out = (uInt)room,
    };

    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
        return ENOMEM;
    }
    int result = inflate(&stream, Z_FINISH);
    gboolean good = stream.avail_out == 0 && (result == Z_STREAM_END || result == Z_BUF_ERROR);
    inflateEnd(&stream);
    return good ? 0 : EIO;
}

/* The frame is followed by what fills its last sector. */
static int expand_cluster(const uint8_t *packed, uint64_t bytes, uint8_t *data, uint64_t room)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {packed, bytes, 0};
    ZSTD_outBuffer out = {data, room, 0};
    int error = context != NULL ? 0 : ENOMEM;

    while (error == 0 && out.pos < out.size) {
        size_t before = out.pos + in.pos;
        size_t left = ZSTD_decompressStream(context, &out, &in);

        if (ZSTD_isError(left) || (out.pos + in.pos == before && out.pos < out.size)) {
            error = EIO;
        }
    }
    ZSTD_freeDCtx(context);
    return error;
}

static int load(QhQcow2 *q, uint64_t entry)
{
    uint64_t offset, bytes;

    if (q->inflated != NULL && q->inflated_at == entry) {
        return 0;
    }
    if (q->inflated == NULL) {
        q->inflated = g_try_malloc(q->cluster_bytes);
    }
    qc_packed(q, entry, &offset, &bytes);
    g_autofree uint8_t *packed = g_try_malloc(bytes);
    if (q->inflated == NULL || packed == NULL) {
        return ENOMEM;
    }
    q->inflated_at = 0;
    int error = qc_read(q, offset, packed, bytes);
    if (error == 0) {
        error = q->compression == 1 ? expand_cluster(packed, bytes, q->inflated, q->cluster_bytes)
                                    : inflate_cluster(packed, bytes, q->inflated, q->cluster_bytes);
    }
    if (error == 0) {
        q->inflated_at = entry;
    }
    return error;
}

int qc_unpack(QhQcow2 *q,
              uint64_t entry,
              uint64_t skip,
              const QhBlockVec *vec,
              uint32_t n_vec,
              uint64_t at,
              uint64_t bytes)
{
    g_mutex_lock(&q->inflate_lock);
    int error = load(q, entry);
    if (error == 0) {
        qh_block_vec_write(vec, n_vec, at, q->inflated + skip, bytes);
    }
    g_mutex_unlock(&q->inflate_lock);
    return error;
}

int qc_pack(QhQcow2 *q, const void *data, void *packed, uint64_t *ret_bytes)
{
    *ret_bytes = 0;
    if (q->compression == 1) {
        size_t bytes = ZSTD_compress(packed, q->cluster_bytes - 1, data, q->cluster_bytes, 3);

        *ret_bytes = ZSTD_isError(bytes) ? 0 : bytes;
        return 0;
    }
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)data,
        .avail_in = (uInt)q->cluster_bytes,
        .next_out = packed,
        .avail_out = (uInt)q->cluster_bytes - 1,
    };
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        return ENOMEM;
    }
    if (deflate(&stream, Z_FINISH) == Z_STREAM_END) {
        *ret_bytes = q->cluster_bytes - 1 - stream.avail_out;
    }
    deflateEnd(&stream);
    return 0;
}
