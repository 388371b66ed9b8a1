/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/block/exclude.h"

typedef struct Write {
    uint64_t offset, bytes;
} Write;

struct QhBlockExclude {
    QhBlockNode *node;
    QhBlockWatcher watcher;
    GMutex lock; /* of what follows */
    GCond changed;
    GArray *writes; /* Write: under way */
    Write piece;    /* bytes is 0 when there is none */
};

static gboolean overlap(const Write *a, uint64_t offset, uint64_t bytes)
{
    return a->bytes != 0 && a->offset < offset + bytes && offset < a->offset + a->bytes;
}

static int before(void *data, uint64_t offset, uint64_t bytes)
{
    QhBlockExclude *exclude = data;
    Write write = {offset, bytes};

    g_mutex_lock(&exclude->lock);
    while (overlap(&exclude->piece, offset, bytes)) {
        g_cond_wait(&exclude->changed, &exclude->lock);
    }
    g_array_append_val(exclude->writes, write);
    g_mutex_unlock(&exclude->lock);
    return 0;
}

static void after(void *data, uint64_t offset, uint64_t bytes)
{
    QhBlockExclude *exclude = data;

    g_mutex_lock(&exclude->lock);
    for (guint i = 0; i < exclude->writes->len; i++) {
        const Write *write = &g_array_index(exclude->writes, Write, i);

        if (write->offset == offset && write->bytes == bytes) {
            g_array_remove_index_fast(exclude->writes, i);
            g_cond_broadcast(&exclude->changed);
            break;
        }
    }
    g_mutex_unlock(&exclude->lock);
}

QhBlockExclude *qh_block_exclude_new(QhBlockNode *node)
{
    QhBlockExclude *exclude = g_new0(QhBlockExclude, 1);

    exclude->node = node;
    exclude->watcher = (QhBlockWatcher){.before = before, .after = after, .data = exclude};
    exclude->writes = g_array_new(FALSE, FALSE, sizeof(Write));
    g_mutex_init(&exclude->lock);
    g_cond_init(&exclude->changed);
    g_ptr_array_add(node->watchers, &exclude->watcher);
    return exclude;
}

void qh_block_exclude_free(QhBlockExclude *exclude)
{
    if (exclude != NULL) {
        g_ptr_array_remove(exclude->node->watchers, &exclude->watcher);
        g_array_unref(exclude->writes);
        g_mutex_clear(&exclude->lock);
        g_cond_clear(&exclude->changed);
        g_free(exclude);
    }
}

static gboolean any_write(const QhBlockExclude *exclude, uint64_t offset, uint64_t bytes)
{
    for (guint i = 0; i < exclude->writes->len; i++) {
        if (overlap(&g_array_index(exclude->writes, Write, i), offset, bytes)) {
            return TRUE;
        }
    }
    return FALSE;
}

void qh_block_exclude_begin(QhBlockExclude *exclude, uint64_t offset, uint64_t bytes)
{
    g_mutex_lock(&exclude->lock);
    exclude->piece = (Write){offset, bytes};
    while (any_write(exclude, offset, bytes)) {
        g_cond_wait(&exclude->changed, &exclude->lock);
    }
    g_mutex_unlock(&exclude->lock);
}

void qh_block_exclude_end(QhBlockExclude *exclude)
{
    g_mutex_lock(&exclude->lock);
    exclude->piece.bytes = 0;
    g_cond_broadcast(&exclude->changed);
    g_mutex_unlock(&exclude->lock);
}
