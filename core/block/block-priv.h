/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the block layer. */
#ifndef QH_CORE_BLOCK_BLOCK_PRIV_H
#define QH_CORE_BLOCK_BLOCK_PRIV_H

#include "core/block/block.h"
#include "core/block/pool.h"
#include "core/block/ring.h"
#include "core/module/registry.h"

/* One use of a node, by a parent node or by a user. In both ends' lists. */
typedef struct QhBlockEdge {
    QhBlockNode *node;
    QhBlockNode *parent; /* NULL: a user's */
    QhBlockUser *user;   /* NULL: a parent's */
    char *role;          /* "file"; of a user: what it is */
    uint32_t use, share;
} QhBlockEdge;

/* Hears of what changes on a node: bitmaps, jobs that copy. In the list only while it is held. */
typedef struct QhBlockWatcher {
    /* Before a write, discard or write of zeroes; an errno fails that. Optional. [any] */
    int (*before)(void *data, uint64_t offset, uint64_t bytes);
    /* After it, whether it failed or not. Optional. [any] */
    void (*after)(void *data, uint64_t offset, uint64_t bytes);
    void *data;
} QhBlockWatcher;

struct QhBlockNode {
    QhBlockGraph *graph;
    char *name, *driver_name;
    const QhBlockDriverOps *ops;
    QhSlotRef slot; /* ops is the slot's when its ops is set */
    QhBlockDriver *state;
    QhJson *options;     /* as given, children left out */
    GPtrArray *children; /* QhBlockEdge, owned */
    GPtrArray *parents;  /* QhBlockEdge */
    GPtrArray *watchers; /* QhBlockWatcher * */
    guint refs;
    gboolean monitored; /* the monitor holds one of the references */
    gboolean named;     /* by the user */
    gboolean opened;
    gboolean read_only; /* nobody may write */
    gboolean direct, no_flush, unmap, auto_read_only, no_lock_wait;
    uint8_t detect_zeroes; /* 0 off, 1 on, 2 unmap */
    uint32_t use, share;   /* of all users, as set_access was told */
    GRWLock partial;       /* writers: writes of less than the alignment */
    uint64_t write_top;    /* atomic: the highest offset ever written */
    uint64_t threshold;    /* atomic: a write beyond it is told of, once; 0: none */
    void *bitmaps;         /* core/block/bitmap.h */
};

struct QhBlockUser {
    QhBlockGraph *graph;
    QhBlockEdge edge;
    GMutex lock; /* of what follows */
    GCond idle;
    guint inflight, held;
    guint waiters;    /* for inflight to become 0 */
    GSList *held_for; /* the nodes of the holds; the graph may change meanwhile */
    void (*resume)(void *data);
    void *resume_data;
};

struct QhBlockGraph {
    QhHost *host;
    GHashTable *nodes; /* name to QhBlockNode; a node takes itself out */
    GPtrArray *users;  /* QhBlockUser */
    GList *blocks;     /* QhDrive, in the order of their making: core/block/device.h */
    QhBlockPool *pool;
    QhBlockRing *ring; /* NULL: no node has wanted it; set once, on the main thread */
    guint next_name;
    gboolean snapshot; /* -snapshot */
    GList *jobs;       /* core/block/job.h */
    GMutex done_lock;  /* of what follows: requests that are done but not told */
    GQueue done;
    gboolean telling;
    void (*keeper)(void *data, QhDrive *block, uint64_t offset, uint64_t bytes);
    void *keeper_data;
};

/* The drivers that are built in; NULL: @name is none of them. */
const QhBlockDriverOps *qh_block_builtin(const char *name);
extern const QhBlockDriverOps qh_block_file, qh_block_host_device, qh_block_null_co,
    qh_block_null_aio, qh_block_qcow2, qh_block_raw, qh_block_blkdebug, qh_block_copy_on_read,
    qh_block_throttle;

/* The graph's ring, which is made when it is wanted first; NULL, with a warning, where there is
 * none. [main] */
QhBlockRing *qh_block_graph_ring(QhBlockGraph *graph);
/* One part of the way of a transfer that nobody has to look into: raw.c says where in its file
 * @offset lies; file.c fills in a transfer, FALSE when it has no ring. [any] */
QhBlockNode *qh_block_raw_pass(QhBlockDriver *driver, uint64_t *offset);
gboolean qh_block_file_transfer(QhBlockDriver *driver, QhBlockTransfer *transfer);
void qh_block_file_written(QhBlockDriver *driver, uint64_t end);
/* Whether a request can be handed to a ring, as @ret says: no node on the way changes it or wants
 * to hear of it. *@ret_file: whose file it is. [any] */
gboolean qh_block_find_transfer(QhBlockNode *node,
                                gboolean write,
                                QhBlockTransfer *ret,
                                QhBlockNode **ret_file);

/* It was written to, up to @end: for statistics. [any] */
void qh_block_note_written(QhBlockNode *node, uint64_t end);
/* device.c: tells for what a ring has done. [any] */
void qh_block_device_told(void *graph);

/* For the drivers. */
/* A write by a format to its file, which grows when need be. */
int qh_block_write_grow(
    QhBlockNode *node, uint64_t offset, uint64_t bytes, const QhBlockVec *vec, uint32_t n_vec);
/* An image was found to be broken: the event, once. [any] */
void qh_block_report_corrupt(QhBlockNode *node, const char *what, uint64_t offset, gboolean fatal);
/* A write goes up to @end, beyond the node's threshold: the event. [any] */
void qh_block_report_threshold(QhBlockNode *node, uint64_t end);
/* Open child @role from @value (a name, or options) with what it inherits. NULL with @error. */
QhBlockEdge *
qh_block_attach(QhBlockNode *node, const char *role, QhBlockNode *child, GError **error);
void qh_block_detach(QhBlockEdge *edge);
QhBlockEdge *qh_block_edge(const QhBlockNode *node, const char *role);
/* Open the backing file that an image names: a plain path, of format @format. */
gboolean
qh_block_open_backing(QhBlockNode *node, const char *path, const char *format, GError **error);

/* The options that all drivers take, into @node; its members are the defaults. */
gboolean qh_block_take_common(QhBlockNode *node, const QhJson *options, GError **error);

/* core/block/access.c */
/* Put @edge into its node's list if nothing speaks against that; FALSE with @error. */
gboolean qh_block_edge_add(QhBlockEdge *edge, GError **error);
void qh_block_edge_remove(QhBlockEdge *edge);
gboolean qh_block_edge_set(QhBlockEdge *edge, uint32_t use, uint32_t share, GError **error);
/* What a child in @role of @node is used for, as @node is opened. */
void qh_block_child_access(const QhBlockNode *node,
                           const char *role,
                           uint32_t *use,
                           uint32_t *share);

/* core/block/options.c */
/* A copy with "a.b": v turned into "a": {"b": v}. NULL with @error when both are there. */
QhJson *qh_block_options_nest(const QhJson *options, GError **error);
/* As a user would write it: true is "on"; NULL for what is no scalar. The caller g_frees it. */
char *qh_block_option_text(const QhJson *value);

/* Parts of a scatter list: the @bytes from @skip on; room for @max entries in @ret; their number.
 */
uint32_t qh_block_vec_slice(
    const QhBlockVec *vec, uint32_t n_vec, uint64_t skip, uint64_t bytes, QhBlockVec *ret);
void qh_block_vec_read(const QhBlockVec *vec, uint32_t n, uint64_t skip, void *to, uint64_t bytes);
void qh_block_vec_write(
    const QhBlockVec *vec, uint32_t n, uint64_t skip, const void *from, uint64_t bytes);
void qh_block_vec_zero(const QhBlockVec *vec, uint32_t n, uint64_t skip, uint64_t bytes);
gboolean qh_block_is_zero(const void *data, uint64_t bytes);

#endif
