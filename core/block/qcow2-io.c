/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests on a qcow2 image, piece by piece: under the lock it is looked up where a piece is, then
 * the data moves without the lock, while the piece's guest clusters are held: shared by reads and
 * by writes in place, exclusively by what changes the tables.
 */
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

#define FEW         32
#define ALLOC_BYTES (4u << 20) /* that one piece allocates at most */

static QhQcow2 *qcow2_of(QhBlockDriver *driver)
{
    return (QhQcow2 *)driver;
}

static uint64_t start_of(const QhQcow2 *q, uint64_t offset)
{
    return offset & ~(q->cluster_bytes - 1);
}

/* Some bytes of a child, zeroes behind its end. */
static int read_child(QhBlockNode *node,
                      uint64_t offset,
                      uint64_t bytes,
                      const QhBlockVec *vec,
                      uint32_t n_vec,
                      uint64_t at,
                      uint32_t flags)
{
    uint64_t length = node != NULL ? qh_block_length(node) : 0;
    uint64_t there = offset < length ? MIN(bytes, length - offset) : 0;
    QhBlockVec few[FEW];
    g_autofree QhBlockVec *many = n_vec > FEW ? g_new(QhBlockVec, n_vec) : NULL;
    QhBlockVec *parts = many != NULL ? many : few;

    qh_block_vec_zero(vec, n_vec, at + there, bytes - there);
    if (there == 0) {
        return 0;
    }
    uint32_t n = qh_block_vec_slice(vec, n_vec, at, there, parts);
    return qh_block_readv(node, offset, there, parts, n, flags);
}

/* What @map says is at @offset, into @vec from @at on; the clusters are held, the lock is not. */
static int read_mapped(QhQcow2 *q,
                       const QcMap *map,
                       uint64_t offset,
                       uint64_t bytes,
                       const QhBlockVec *vec,
                       uint32_t n_vec,
                       uint64_t at,
                       uint32_t flags)
{
    switch (map->kind) {
    case QC_MAP_ZERO:
        qh_block_vec_zero(vec, n_vec, at, bytes);
        return 0;
    case QC_MAP_NONE:
        return read_child(qh_block_node_child(q->driver.node, "backing"), offset, bytes, vec, n_vec,
                          at, flags);
    case QC_MAP_PACKED:
        if (flags & QH_BLOCK_NO_WAIT) {
            return EAGAIN;
        }
        return qc_unpack(q, map->entry, offset - start_of(q, offset), vec, n_vec, at, bytes);
    default:
        return read_child(qc_data_node(q), map->host, bytes, vec, n_vec, at, flags);
    }
}

int qc_io_read(QhBlockDriver *driver,
               uint64_t offset,
               uint64_t bytes,
               const QhBlockVec *vec,
               uint32_t n_vec,
               uint32_t flags)
{
    QhQcow2 *q = qcow2_of(driver);
    gboolean wait = (flags & QH_BLOCK_NO_WAIT) == 0;
    int error = 0;

    for (uint64_t at = 0; at < bytes && error == 0;) {
        QcRange range = {.start = start_of(q, offset + at)};
        QcMap map;

        if (wait) {
            g_mutex_lock(&q->lock);
        } else if (!g_mutex_trylock(&q->lock)) {
            return EAGAIN;
        }
        while (qc_range_conflict(q, offset + at, offset + bytes, FALSE)) {
            if (!wait) {
                g_mutex_unlock(&q->lock);
                return EAGAIN;
            }
            qc_range_wait(q);
        }
        error = qc_map(q, offset + at, bytes - at, wait, &map);
        if (error != 0) {
            g_mutex_unlock(&q->lock);
            return error;
        }
        range.end = qc_align(q, offset + at + map.bytes);
        qc_range_enter(q, &range);
        g_mutex_unlock(&q->lock);
        error = read_mapped(q, &map, offset + at, map.bytes, vec, n_vec, at, flags);
        qc_range_leave(q, &range);
        at += map.bytes;
    }
    return error;
}

/* Read for a copy: the clusters are held exclusively, the lock is not. */
static int read_old(QhQcow2 *q, uint64_t offset, void *data, uint64_t bytes)
{
    QhBlockVec vec = {data, bytes};
    int error = 0;

    for (uint64_t at = 0; at < bytes && error == 0;) {
        QcMap map;

        g_mutex_lock(&q->lock);
        error = qc_map(q, offset + at, bytes - at, TRUE, &map);
        g_mutex_unlock(&q->lock);
        if (error == 0) {
            error = read_mapped(q, &map, offset + at, map.bytes, &vec, 1, at, 0);
        }
        at += map.bytes;
    }
    return error;
}

/* A piece of a write that needs space. */
typedef struct Piece {
    uint64_t offset, end;     /* what is written */
    uint64_t low, high;       /* what is filled: with what was there before around it */
    uint64_t start, clusters; /* the clusters, as many as there was space for */
    uint64_t host;            /* where they are */
    gboolean reuse;           /* in the space they have already */
    uint64_t bitmap;
} Piece;

static uint64_t bits_of(const QhQcow2 *q, const Piece *piece)
{
    uint64_t first = (piece->low - piece->start) / q->sub_bytes;
    uint64_t n = (piece->high - piece->low) / q->sub_bytes;

    return ((UINT64_C(1) << n) - 1) << first;
}

/* Plan the piece that begins at @offset, and get space. With the lock, the clusters held. */
static int plan(QhQcow2 *q, const QcMap *map, Piece *piece)
{
    gboolean fresh = map->kind == QC_MAP_NONE || map->kind == QC_MAP_ZERO;
    gboolean whole = !q->extended || !fresh || (map->has_host && !map->copied);
    uint64_t unit = whole ? q->cluster_bytes : q->sub_bytes;
    int error = qc_map_prepare(q, piece->start);

    piece->reuse = map->has_host && map->copied;
    if (error != 0) {
        return error;
    }
    if (piece->reuse) {
        piece->host = map->entry & QC_OFFSET_MASK;
        piece->clusters = 1;
    } else if (q->data_file) {
        piece->host = piece->start;
    } else {
        error = qc_alloc(q, piece->clusters, &piece->host, &piece->clusters);
    }
    if (error != 0) {
        return error;
    }
    piece->end = MIN(piece->end, piece->start + piece->clusters * q->cluster_bytes);
    piece->low = piece->offset / unit * unit;
    piece->high = (piece->end + unit - 1) / unit * unit;
    if (q->extended) {
        uint64_t bits = bits_of(q, piece);

        piece->bitmap = (whole ? 0 : map->bitmap & ~(bits << 32)) | bits;
    }
    return 0;
}

/* Before and after what is written comes what was there. The lock is not held. */
static int fill(QhQcow2 *q, const Piece *piece, const QhBlockVec *vec, uint32_t n_vec, uint64_t at)
{
    uint64_t head = piece->offset - piece->low, tail = piece->high - piece->end;
    g_autofree char *around = head + tail > 0 ? g_try_malloc(head + tail) : NULL;
    g_autofree QhBlockVec *parts = g_new(QhBlockVec, (gsize)n_vec + 2);
    uint32_t n = 0;
    int error = 0;

    if (head + tail > 0 && around == NULL) {
        return ENOMEM;
    }
    if (head > 0) {
        error = read_old(q, piece->low, around, head);
        parts[n++] = (QhBlockVec){around, head};
    }
    n += qh_block_vec_slice(vec, n_vec, at, piece->end - piece->offset, &parts[n]);
    if (tail > 0 && error == 0) {
        error = read_old(q, piece->end, around + head, tail);
        parts[n++] = (QhBlockVec){around + head, tail};
    }
    if (error != 0) {
        return error;
    }
    return qh_block_write_grow(qc_data_node(q), piece->host + (piece->low - piece->start),
                               piece->high - piece->low, parts, n);
}

/* The tables say where the piece is now. With the lock. */
static int commit(QhQcow2 *q, const Piece *piece)
{
    int error = 0;

    for (uint64_t i = 0; i < piece->clusters && error == 0; i++) {
        uint64_t step = i * q->cluster_bytes;

        error = qc_map_set(q, piece->start + step, (piece->host + step) | QC_COPIED, piece->bitmap,
                           !piece->reuse);
    }
    return error;
}

static int write_new(
    QhQcow2 *q, const QcMap *map, Piece *piece, const QhBlockVec *vec, uint32_t n_vec, uint64_t at)
{
    QcRange range = {
        .start = piece->start,
        .end = piece->start + piece->clusters * q->cluster_bytes,
        .exclusive = TRUE,
    };
    qc_range_enter(q, &range);
    int error = plan(q, map, piece);
    g_mutex_unlock(&q->lock);
    if (error == 0) {
        error = fill(q, piece, vec, n_vec, at);
        g_mutex_lock(&q->lock);
        error = error != 0 ? error : commit(q, piece);
        if (error != 0 && !piece->reuse && !q->data_file) {
            qc_free(q, piece->host, piece->clusters);
        }
        g_mutex_unlock(&q->lock);
    }
    qc_range_leave(q, &range);
    return error;
}

static int write_in_place(QhQcow2 *q,
                          const QcMap *map,
                          uint64_t offset,
                          const QhBlockVec *vec,
                          uint32_t n_vec,
                          uint64_t at)
{
    QcRange range = {.start = start_of(q, offset), .end = qc_align(q, offset + map->bytes)};
    QhBlockVec few[FEW];
    g_autofree QhBlockVec *many = n_vec > FEW ? g_new(QhBlockVec, n_vec) : NULL;
    QhBlockVec *parts = many != NULL ? many : few;

    if (!q->data_file) {
        uint64_t end = map->host + map->bytes;

        for (uint64_t host = start_of(q, map->host); host < end; host += q->cluster_bytes) {
            if (qc_is_metadata(q, host)) {
                int error = qc_corrupt(q, "data in a cluster of the tables", host);

                g_mutex_unlock(&q->lock);
                return error;
            }
        }
    }
    qc_range_enter(q, &range);
    g_mutex_unlock(&q->lock);
    uint32_t n = qh_block_vec_slice(vec, n_vec, at, map->bytes, parts);
    int error = qh_block_write_grow(qc_data_node(q), map->host, map->bytes, parts, n);
    qc_range_leave(q, &range);
    return error;
}

/* The part of the write that begins at @offset + @at; *@ret_bytes: as much as was done. */
static int write_piece(QhQcow2 *q,
                       uint64_t offset,
                       uint64_t bytes,
                       const QhBlockVec *vec,
                       uint32_t n_vec,
                       uint64_t at,
                       uint64_t *ret_bytes)
{
    QcMap map;

    g_mutex_lock(&q->lock);
    for (;;) {
        int error = qc_map(q, offset, bytes, TRUE, &map);
        Piece piece = {.offset = offset, .start = start_of(q, offset)};

        if (error != 0) {
            g_mutex_unlock(&q->lock);
            return error;
        }
        gboolean in_place = map.kind == QC_MAP_DATA && map.copied;
        if (in_place) {
            if (!qc_range_conflict(q, offset, offset + map.bytes, FALSE)) {
                *ret_bytes = map.bytes;
                return write_in_place(q, &map, offset, vec, n_vec, at);
            }
            qc_range_wait(q);
            continue;
        }
        uint64_t most = map.has_host || q->extended || map.kind == QC_MAP_PACKED
                            ? 1
                            : MAX(ALLOC_BYTES / q->cluster_bytes, 1);
        piece.end = offset + map.bytes;
        piece.clusters = (qc_align(q, piece.end) - piece.start) / q->cluster_bytes;
        piece.clusters = MIN(piece.clusters, most);
        if (!qc_range_conflict(q, piece.start, piece.start + piece.clusters * q->cluster_bytes,
                               TRUE)) {
            error = write_new(q, &map, &piece, vec, n_vec, at);
            *ret_bytes = piece.end - offset;
            return error;
        }
        qc_range_wait(q);
    }
}

/* One whole cluster, packed if that makes it smaller. */
static int write_packed(QhQcow2 *q,
                        uint64_t offset,
                        const QhBlockVec *vec,
                        uint32_t n_vec,
                        uint64_t at,
                        gboolean *ret_done)
{
    g_autofree char *data = g_try_malloc0(q->cluster_bytes);
    g_autofree char *packed = g_try_malloc(q->cluster_bytes + 512);
    QcRange range = {.start = offset, .end = offset + q->cluster_bytes, .exclusive = TRUE};
    uint64_t bytes, host = 0;

    *ret_done = FALSE;
    if (data == NULL || packed == NULL) {
        return ENOMEM;
    }
    qh_block_vec_read(vec, n_vec, at, data, MIN(q->cluster_bytes, q->bytes - offset));
    int error = qc_pack(q, data, packed, &bytes);
    if (error != 0 || bytes == 0 || q->data_file || q->extended) {
        return error;
    }
    uint64_t room = (bytes + 511) / 512 * 512;
    memset(packed + bytes, 0, room - bytes);
    g_mutex_lock(&q->lock);
    while (qc_range_conflict(q, range.start, range.end, TRUE)) {
        qc_range_wait(q);
    }
    qc_range_enter(q, &range);
    error = qc_map_prepare(q, offset);
    error = error != 0 ? error : qc_alloc_bytes(q, room, &host);
    g_mutex_unlock(&q->lock);
    error = error != 0 ? error : qc_write(q, host, packed, room);
    if (error == 0) {
        uint64_t entry = QC_COMPRESSED | host | (room / 512 - 1) << (62 - (q->cluster_bits - 8));

        g_mutex_lock(&q->inflate_lock);
        q->inflated_at = 0;
        g_mutex_unlock(&q->inflate_lock);
        g_mutex_lock(&q->lock);
        error = qc_map_set(q, offset, entry, 0, TRUE);
        g_mutex_unlock(&q->lock);
    }
    qc_range_leave(q, &range);
    *ret_done = error == 0;
    return error;
}

/* What failed may have left clusters that nobody uses. */
static int note(QhQcow2 *q, int error)
{
    if (error != 0) {
        g_atomic_int_set(&q->leaky, 1);
    }
    return error;
}

int qc_io_write(QhBlockDriver *driver,
                uint64_t offset,
                uint64_t bytes,
                const QhBlockVec *vec,
                uint32_t n_vec,
                uint32_t flags)
{
    QhQcow2 *q = qcow2_of(driver);
    int error = q->writable ? 0 : EROFS;

    for (uint64_t at = 0; at < bytes && error == 0;) {
        uint64_t left = bytes - at, done = 0;
        gboolean packed = FALSE;

        if (flags & QH_BLOCK_COMPRESSED && (offset + at) % q->cluster_bytes == 0 &&
            (left >= q->cluster_bytes || offset + bytes == q->bytes)) {
            error = write_packed(q, offset + at, vec, n_vec, at, &packed);
            done = MIN(left, q->cluster_bytes);
        }
        if (error == 0 && !packed) {
            left = flags & QH_BLOCK_COMPRESSED ? MIN(left, q->cluster_bytes) : left;
            error = write_piece(q, offset + at, left, vec, n_vec, at, &done);
        }
        at += done;
    }
    return note(q, error);
}

/* A part of a cluster: written, unless zeroes are there. */
static int zero_part(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    QhQcow2 *q = qcow2_of(driver);
    QcMap map;

    g_mutex_lock(&q->lock);
    int error = qc_map(q, offset, bytes, TRUE, &map);
    g_mutex_unlock(&q->lock);
    if (error != 0) {
        return error;
    }
    if (map.bytes >= bytes &&
        (map.kind == QC_MAP_ZERO ||
         (map.kind == QC_MAP_NONE && qh_block_node_child(driver->node, "backing") == NULL))) {
        return 0;
    }
    g_autofree char *zeroes = g_try_malloc0(bytes);
    QhBlockVec vec = {zeroes, bytes};
    return zeroes != NULL ? qc_io_write(driver, offset, bytes, &vec, 1, 0) : ENOMEM;
}

/* How clusters are emptied. */
typedef enum { EMPTY_ZERO, EMPTY_UNMAP, EMPTY_DISCARD } Empty;

/* The new entry of one whole cluster; FALSE: it stays as it is. */
static gboolean empty_entry(const QhQcow2 *q,
                            const QcMap *map,
                            Empty how,
                            gboolean backed,
                            uint64_t *entry,
                            uint64_t *bitmap,
                            gboolean *ret_drop)
{
    gboolean keep = how == EMPTY_ZERO && map->has_host && map->copied;
    gboolean nothing = map->kind == QC_MAP_NONE && !map->has_host && map->bitmap == 0;

    *ret_drop = !keep;
    if (!backed && nothing) {
        return FALSE;
    }
    if (how == EMPTY_DISCARD && (nothing || (q->version < 3 && backed))) {
        return FALSE;
    }
    if (!backed && how != EMPTY_ZERO) {
        *entry = 0;
        *bitmap = 0;
        return TRUE;
    }
    *bitmap = q->extended ? UINT64_C(0xffffffff) << 32 : 0;
    *entry = (keep ? (map->entry & QC_OFFSET_MASK) | QC_COPIED : 0) | (q->extended ? 0 : QC_ZERO);
    if (!keep && q->data_file && how == EMPTY_ZERO) {
        *entry = q->extended ? 0 : QC_ZERO;
    }
    return TRUE;
}

static int empty_cluster(QhQcow2 *q, uint64_t offset, Empty how, gboolean backed)
{
    uint64_t entry = 0, bitmap = 0;
    gboolean drop = TRUE;
    QcMap map;
    int error;

    while (qc_range_conflict(q, offset, offset + q->cluster_bytes, TRUE)) {
        qc_range_wait(q);
    }
    error = qc_map(q, offset, q->sub_bytes, TRUE, &map);
    if (error != 0 || !empty_entry(q, &map, how, backed, &entry, &bitmap, &drop)) {
        return error;
    }
    if (q->data_file && (q->autoclear & QC_AUTOCLEAR_DATA_RAW)) {
        error = qh_block_zero(qc_data_node(q), offset,
                              MIN(q->cluster_bytes, qh_block_length(qc_data_node(q)) - offset),
                              how == EMPTY_ZERO ? 0 : QH_BLOCK_UNMAP);
    }
    return error != 0 ? error : qc_map_set(q, offset, entry, bitmap, drop);
}

/* Whole clusters from @offset up to @end. */
static int empty_clusters(QhQcow2 *q, uint64_t offset, uint64_t end, Empty how)
{
    gboolean backed = qh_block_node_child(q->driver.node, "backing") != NULL;
    int error = 0;

    while (offset < end && error == 0) {
        uint64_t skip = 0;
        QcMap map;

        g_mutex_lock(&q->lock);
        error = qc_map(q, offset, end - offset, TRUE, &map);
        if (error == 0 && map.kind == QC_MAP_NONE && !map.has_host &&
            (!backed || how == EMPTY_DISCARD)) {
            skip = start_of(q, map.bytes);
        }
        if (error == 0 && skip == 0) {
            error = qc_mark_in_use(q);
            error = error != 0 ? error : empty_cluster(q, offset, how, backed);
            skip = q->cluster_bytes;
        }
        g_mutex_unlock(&q->lock);
        offset += skip;
    }
    return error;
}

int qc_io_zero(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    QhQcow2 *q = qcow2_of(driver);
    uint64_t end = offset + bytes;
    uint64_t first = MIN(qc_align(q, offset), end);
    /* the last cluster may be a part of one: behind the end nothing is */
    uint64_t last = end == q->bytes ? end : MAX(start_of(q, end), first);
    gboolean backed = qh_block_node_child(driver->node, "backing") != NULL;
    Empty how = flags & QH_BLOCK_UNMAP ? EMPTY_UNMAP : EMPTY_ZERO;

    if (!q->writable) {
        return EROFS;
    }
    if (q->version < 3 && (backed || how == EMPTY_ZERO)) {
        return ENOTSUP;
    }
    int error = offset < first ? zero_part(driver, offset, first - offset) : 0;
    if (error == 0 && first < last) {
        error = empty_clusters(q, first, last, how);
    }
    if (error == 0 && last < end) {
        error = zero_part(driver, last, end - last);
    }
    return note(q, error);
}

int qc_io_discard(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    QhQcow2 *q = qcow2_of(driver);
    uint64_t first = qc_align(q, offset);
    uint64_t last = offset + bytes == q->bytes ? q->bytes : start_of(q, offset + bytes);

    if (!q->writable) {
        return EROFS;
    }
    return first < last ? note(q, empty_clusters(q, first, last, EMPTY_DISCARD)) : 0;
}

int qc_io_status(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    QhQcow2 *q = qcow2_of(driver);
    QcMap map;

    g_mutex_lock(&q->lock);
    int error = qc_map(q, offset, bytes, TRUE, &map);
    g_mutex_unlock(&q->lock);
    ret->bytes = map.bytes;
    switch (map.kind) {
    case QC_MAP_NONE:
        break;
    case QC_MAP_ZERO:
        ret->flags = QH_BLOCK_STATUS_ALLOCATED | QH_BLOCK_STATUS_ZERO;
        break;
    case QC_MAP_PACKED:
        ret->flags = QH_BLOCK_STATUS_ALLOCATED | QH_BLOCK_STATUS_DATA;
        break;
    case QC_MAP_DATA:
        ret->flags = QH_BLOCK_STATUS_ALLOCATED | QH_BLOCK_STATUS_DATA | QH_BLOCK_STATUS_OFFSET;
        ret->offset = map.host;
        break;
    }
    return error;
}
