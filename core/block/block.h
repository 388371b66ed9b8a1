/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block layer: a graph of nodes, each an open driver, and the users of it: devices (QhDrive,
 * abi/block.h), jobs, the monitor.
 *
 * The graph changes on the main thread only, and only while those users that can reach the place
 * are held (qh_block_hold). Data moves on any thread, inside qh_block_user_enter and _leave.
 */
#ifndef QH_CORE_BLOCK_BLOCK_H
#define QH_CORE_BLOCK_BLOCK_H

#include "abi/block-driver.h"
#include "core/host/host.h"
#include "core/json/json.h"

typedef struct QhBlockGraph QhBlockGraph;

QhBlockGraph *qh_block_graph_new(QhHost *host);
/* Everything is flushed and closed; no device is attached any more. */
void qh_block_graph_free(QhBlockGraph *graph);

/* How nodes are opened beside their options. */
#define QH_BLOCK_ADD_MONITOR (1u << 0) /* the monitor holds a reference: blockdev-add */

/*
 * A node from options as -blockdev has them: {"driver": "qcow2", "node-name": "d0", "file":
 * {"driver": "file", "filename": "x"}}; scalars may also be texts, children node names. The caller
 * gets a reference. NULL with @error set. [main]
 */
QhBlockNode *
qh_block_add(QhBlockGraph *graph, const QhJson *options, uint32_t flags, GError **error);
/* The monitor's reference is given up; refused while the node is used. [main] */
gboolean qh_block_del(QhBlockGraph *graph, const char *name, GError **error);
QhBlockNode *qh_block_find(QhBlockGraph *graph, const char *name); /* by node name [main] */
QhBlockNode *qh_block_node_ref(QhBlockNode *node);                 /* [main] */
void qh_block_node_unref(QhBlockNode *node);                       /* [main] NULL is accepted */
void qh_block_foreach(QhBlockGraph *graph, void (*fn)(QhBlockNode *node, void *data), void *data);

const char *qh_block_node_name(const QhBlockNode *node);
const char *qh_block_node_driver(const QhBlockNode *node);
/* The drivers that the host has itself, for lists; NULL at the end. [any] */
const QhBlockDriverOps *qh_block_class(guint i, const char **ret_name);
gboolean qh_block_node_read_only(const QhBlockNode *node);
QhBlockNode *qh_block_node_child(QhBlockNode *node, const char *role);
/* The node that has this one's data where it has none itself; NULL: there is none. */
QhBlockNode *qh_block_node_backing(QhBlockNode *node);
/* "/x/y.img" of the file at the end, or a JSON text of the options; the caller g_frees it. */
char *qh_block_node_filename(QhBlockNode *node);

/* Data; 0 or an errno. Inside a user's enter and leave, or from a parent node's driver. [any] */
uint64_t qh_block_length(QhBlockNode *node);
int qh_block_readv(QhBlockNode *node,
                   uint64_t offset,
                   uint64_t bytes,
                   const QhBlockVec *vec,
                   uint32_t n_vec,
                   uint32_t flags);
int qh_block_writev(QhBlockNode *node,
                    uint64_t offset,
                    uint64_t bytes,
                    const QhBlockVec *vec,
                    uint32_t n_vec,
                    uint32_t flags);
int qh_block_read(QhBlockNode *node, uint64_t offset, void *data, uint64_t bytes);
int qh_block_write(QhBlockNode *node, uint64_t offset, const void *data, uint64_t bytes);
int qh_block_flush(QhBlockNode *node);
int qh_block_discard(QhBlockNode *node, uint64_t offset, uint64_t bytes);
int qh_block_zero(QhBlockNode *node, uint64_t offset, uint64_t bytes, uint32_t flags);
int qh_block_status(QhBlockNode *node, uint64_t offset, uint64_t bytes, QhBlockStatus *ret);
/* The same through the whole chain down to, and without, @base (NULL: all of it): ALLOCATED says
 * that some node above @base has it. */
int qh_block_status_above(
    QhBlockNode *node, QhBlockNode *base, uint64_t offset, uint64_t bytes, QhBlockStatus *ret);
gboolean qh_block_truncate(QhBlockNode *node, uint64_t bytes, GError **error);

/*
 * A user of the graph. It says what it does and bears; a second one that cannot live with that is
 * refused ("two writers").
 */
typedef struct QhBlockUser QhBlockUser;
/* @what names it in errors: "device 'd0'", "job 'j1'". [main] */
QhBlockUser *qh_block_user_new(
    QhBlockNode *node, const char *what, uint32_t use, uint32_t share, GError **error);
void qh_block_user_free(QhBlockUser *user); /* waits for what is in flight; NULL is accepted */
QhBlockNode *qh_block_user_node(QhBlockUser *user);
/* Change what it does. FALSE with @error leaves all as it was. [main] */
gboolean qh_block_user_set_access(QhBlockUser *user, uint32_t use, uint32_t share, GError **error);
/* Each request, or each step of a job, runs between these; enter waits while the user is held,
 * unless @wait is FALSE: then it returns FALSE. [any] */
gboolean qh_block_user_enter(QhBlockUser *user, gboolean wait);
void qh_block_user_leave(QhBlockUser *user);
/* Called, on any thread, when a user that was held is let go: for those who queue. */
void qh_block_user_set_resume(QhBlockUser *user, void (*fn)(void *data), void *data);

/* Hold all users that can reach @node (NULL: all there are), and wait until nothing is in flight;
 * the device lock is let go of meanwhile. Counts. [main] */
void qh_block_hold(QhBlockGraph *graph, QhBlockNode *node);
void qh_block_release(QhBlockGraph *graph, QhBlockNode *node);
/* Tell, once, of a write beyond @bytes (0: never): BLOCK_WRITE_THRESHOLD. [main] */
void qh_block_set_threshold(QhBlockNode *node, uint64_t bytes);
/* Everywhere in the graph, @to takes the place of @from: users and parents, but not @to's own
 * children. Both are held by the caller. [main] */
gboolean qh_block_replace(QhBlockNode *from, QhBlockNode *to, GError **error);
/* Make @backing (NULL: nothing) the backing node of @node, held by the caller. [main] */
gboolean qh_block_set_backing(QhBlockNode *node, QhBlockNode *backing, GError **error);

/* @overlay takes @node's place everywhere, and @node becomes its backing node; held. [main] */
gboolean qh_block_overlay(QhBlockNode *node, QhBlockNode *overlay, GError **error);
void qh_block_overlay_undo(QhBlockNode *node, QhBlockNode *overlay);
/* Other options for the node that they name: read-only, cache, discard, detect-zeroes, backing.
 * [main] */
gboolean qh_block_reopen(QhBlockGraph *graph, const QhJson *options, GError **error);

/* A new node over @base that takes all writes, and forgets them in the end. The caller gets a
 * reference. [main] */
QhBlockNode *qh_block_add_temporary(QhBlockNode *base, GError **error);
/* Let @node, and what it writes to, be written to, or no longer; the users are held by the caller.
 * [main] */
gboolean qh_block_set_writable(QhBlockNode *node, gboolean writable, GError **error);
/* -snapshot: all drives that come from here on forget what is written to them. [main] */
void qh_block_set_snapshot(QhBlockGraph *graph, gboolean on);

/* Work on the pool of threads that moves data. @fn runs there. [any] */
void qh_block_run(QhBlockGraph *graph, void (*fn)(void *data), void *data);

#endif
