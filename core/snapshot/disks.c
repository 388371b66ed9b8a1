/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/snapshot/disks.h"

#include <string.h>

#define PIECE     4096u
#define MOST_KEPT (G_GUINT64_CONSTANT(1) << 28) /* of one request: more is a disk being wiped */

typedef struct Piece {
    QhDrive *block;
    uint64_t offset; /* a multiple of PIECE */
    uint32_t bytes;  /* less at the end of a disk */
    gboolean zero;   /* data is missing */
    uint8_t data[];
} Piece;

struct QhDisks {
    GHashTable *table; /* Piece, the key as well */
    uint64_t bytes;
};

static guint hash(gconstpointer data)
{
    const Piece *piece = data;
    uint64_t number = piece->offset / PIECE;

    return g_int64_hash(&number) ^ g_direct_hash(piece->block);
}

static gboolean equal(gconstpointer a, gconstpointer b)
{
    const Piece *left = a, *right = b;

    return left->block == right->block && left->offset == right->offset;
}

QhDisks *qh_disks_new(void)
{
    QhDisks *disks = g_new0(QhDisks, 1);

    disks->table = g_hash_table_new_full(hash, equal, g_free, NULL);
    return disks;
}

void qh_disks_free(QhDisks *disks)
{
    if (disks != NULL) {
        g_hash_table_unref(disks->table);
        g_free(disks);
    }
}

uint64_t qh_disks_bytes(const QhDisks *disks)
{
    return disks->bytes;
}

static gsize size_of(const Piece *piece)
{
    return sizeof(Piece) + (piece->zero ? 0 : piece->bytes);
}

static gboolean is_zero(const uint8_t *data, uint32_t bytes)
{
    return data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0;
}

/* FALSE: it cannot be read, or there is no memory. */
static gboolean keep_piece(QhDisks *disks, QhDrive *block, uint64_t offset, uint32_t bytes)
{
    const Piece key = {.block = block, .offset = offset};
    uint8_t data[PIECE];

    if (g_hash_table_contains(disks->table, &key)) {
        return TRUE;
    }
    if (qh_block_device_peek(block, offset, data, bytes) != 0) {
        return FALSE;
    }
    gboolean zero = is_zero(data, bytes);
    Piece *piece = g_try_malloc(sizeof(Piece) + (zero ? 0 : bytes));
    if (piece == NULL) {
        return FALSE;
    }
    *piece = (Piece){.block = block, .offset = offset, .bytes = bytes, .zero = zero};
    if (!zero) {
        memcpy(piece->data, data, bytes);
    }
    g_hash_table_add(disks->table, piece);
    disks->bytes += size_of(piece);
    return TRUE;
}

gboolean qh_disks_keep(QhDisks *disks, QhDrive *block, uint64_t offset, uint64_t bytes)
{
    QhBlockNode *node = qh_block_device_node(block);
    uint64_t length = node != NULL ? qh_block_length(node) : 0;

    if (bytes > MOST_KEPT) {
        return FALSE;
    }
    for (uint64_t at = offset / PIECE * PIECE; at < offset + bytes && at < length; at += PIECE) {
        if (!keep_piece(disks, block, at, (uint32_t)MIN(PIECE, length - at))) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean qh_disks_put_back(QhDisks *disks)
{
    GHashTableIter iter;
    gpointer value;
    gboolean ok = TRUE;

    g_hash_table_iter_init(&iter, disks->table);
    while (g_hash_table_iter_next(&iter, &value, NULL)) {
        const Piece *piece = value;
        int error =
            piece->zero
                ? qh_block_device_poke_zeroes(piece->block, piece->offset, piece->bytes)
                : qh_block_device_poke(piece->block, piece->offset, piece->data, piece->bytes);

        ok = ok && error == 0;
    }
    return ok;
}

void qh_disks_merge(QhDisks *disks, QhDisks *newer)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, newer->table);
    while (g_hash_table_iter_next(&iter, &value, NULL)) {
        Piece *piece = value;
        if (!g_hash_table_contains(disks->table, piece)) {
            g_hash_table_iter_steal(&iter);
            g_hash_table_add(disks->table, piece);
            disks->bytes += size_of(piece);
        }
    }
    qh_disks_free(newer);
}
