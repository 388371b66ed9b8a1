/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The graph as a whole: looking things up, users, holding them, putting one node for another. */
#include "core/block/block-priv.h"
#include "core/host/log.h"
#include "core/machine/machine.h"

#define POOL_THREADS 64

QhBlockGraph *qh_block_graph_new(QhHost *host)
{
    QhBlockGraph *graph = g_new0(QhBlockGraph, 1);

    graph->host = host;
    graph->nodes = g_hash_table_new(g_str_hash, g_str_equal);
    graph->users = g_ptr_array_new();
    graph->pool = qh_block_pool_new(POOL_THREADS);
    graph->next_name = 100;
    g_mutex_init(&graph->done_lock);
    g_queue_init(&graph->done);
    return graph;
}

QhBlockRing *qh_block_graph_ring(QhBlockGraph *graph)
{
    g_autoptr(GError) error = NULL;

    if (graph->ring == NULL) {
        graph->ring = qh_block_ring_new(qh_block_device_told, graph, &error);
    }
    if (graph->ring == NULL) {
        qh_log_warn(qh_host_log(graph->host), "aio=io_uring: %s; threads do it", error->message);
    }
    return graph->ring;
}

void qh_block_run(QhBlockGraph *graph, void (*fn)(void *data), void *data)
{
    qh_block_pool_push(graph->pool, fn, data);
}

QhBlockNode *qh_block_find(QhBlockGraph *graph, const char *name)
{
    return g_hash_table_lookup(graph->nodes, name);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const QhBlockNode *left = a, *right = b;

    return g_strcmp0(left->name, right->name);
}

void qh_block_foreach(QhBlockGraph *graph, void (*fn)(QhBlockNode *node, void *data), void *data)
{
    g_autoptr(GList) nodes = g_list_sort(g_hash_table_get_values(graph->nodes), by_name);

    for (GList *at = nodes; at != NULL; at = at->next) {
        fn(at->data, data);
    }
}

const char *qh_block_node_name(const QhBlockNode *node)
{
    return node->name;
}

const char *qh_block_node_driver(const QhBlockNode *node)
{
    return node->driver_name;
}

gboolean qh_block_node_read_only(const QhBlockNode *node)
{
    return node->read_only;
}

QhBlockNode *qh_block_node_child(QhBlockNode *node, const char *role)
{
    QhBlockEdge *edge = qh_block_edge(node, role);

    return edge != NULL ? edge->node : NULL;
}

QhBlockNode *qh_block_node_backing(QhBlockNode *node)
{
    if (node->ops->kind == QH_BLOCK_FILTER && node->children->len > 0) {
        return ((QhBlockEdge *)g_ptr_array_index(node->children, 0))->node;
    }
    return qh_block_node_child(node, "backing");
}

char *qh_block_node_filename(QhBlockNode *node)
{
    while (node->children->len > 0) {
        QhBlockEdge *first = g_ptr_array_index(node->children, 0);
        QhBlockEdge *file = qh_block_edge(node, "file");

        node = file != NULL ? file->node : first->node;
    }
    const QhJson *name = qh_json_get(node->options, "filename");
    if (name != NULL && qh_json_string(name) != NULL) {
        return g_strdup(qh_json_string(name));
    }
    if (g_str_has_prefix(node->driver_name, "null-")) {
        return g_strdup_printf("%s://", node->driver_name);
    }
    g_autofree char *text = qh_json_to_text(node->options);
    return g_strdup_printf("json:%s", text);
}

static gboolean reaches(const QhBlockNode *from, const QhBlockNode *node)
{
    if (from == node) {
        return TRUE;
    }
    for (guint i = 0; i < from->children->len; i++) {
        if (reaches(((QhBlockEdge *)g_ptr_array_index(from->children, i))->node, node)) {
            return TRUE;
        }
    }
    return FALSE;
}

QhBlockUser *
qh_block_user_new(QhBlockNode *node, const char *what, uint32_t use, uint32_t share, GError **error)
{
    QhBlockUser *user = g_new0(QhBlockUser, 1);

    user->graph = node->graph;
    user->edge = (QhBlockEdge){.node = node, .user = user, .use = use, .share = share};
    user->edge.role = g_strdup(what);
    if (!qh_block_edge_add(&user->edge, error)) {
        g_free(user->edge.role);
        g_free(user);
        return NULL;
    }
    qh_block_node_ref(node);
    g_mutex_init(&user->lock);
    g_cond_init(&user->idle);
    g_ptr_array_add(user->graph->users, user);
    return user;
}

/* Wait until nothing of @user is in flight, and let the device lock go meanwhile: what is in flight
 * may need it to end. */
static void wait_idle(QhBlockUser *user)
{
    QhMachine *machine = qh_host_machine(user->graph->host);

    g_mutex_lock(&user->lock);
    if (user->inflight == 0) {
        g_mutex_unlock(&user->lock);
        return;
    }
    g_mutex_unlock(&user->lock);
    gboolean locked = machine != NULL && qh_machine_locked_by_me(machine);
    if (locked) {
        qh_machine_unlock(machine);
    }
    g_mutex_lock(&user->lock);
    user->waiters++;
    while (user->inflight > 0) {
        g_cond_wait(&user->idle, &user->lock);
    }
    user->waiters--;
    g_mutex_unlock(&user->lock);
    if (locked) {
        qh_machine_lock(machine);
    }
}

void qh_block_user_free(QhBlockUser *user)
{
    if (user == NULL) {
        return;
    }
    wait_idle(user);
    g_ptr_array_remove(user->graph->users, user);
    qh_block_edge_remove(&user->edge);
    qh_block_node_unref(user->edge.node);
    g_slist_free(user->held_for);
    g_mutex_clear(&user->lock);
    g_cond_clear(&user->idle);
    g_free(user->edge.role);
    g_free(user);
}

QhBlockNode *qh_block_user_node(QhBlockUser *user)
{
    return user->edge.node;
}

gboolean qh_block_user_set_access(QhBlockUser *user, uint32_t use, uint32_t share, GError **error)
{
    return qh_block_edge_set(&user->edge, use, share, error);
}

gboolean qh_block_user_enter(QhBlockUser *user, gboolean wait)
{
    g_mutex_lock(&user->lock);
    while (user->held > 0 && wait) {
        g_cond_wait(&user->idle, &user->lock);
    }
    gboolean in = user->held == 0;
    user->inflight += in;
    g_mutex_unlock(&user->lock);
    return in;
}

void qh_block_user_leave(QhBlockUser *user)
{
    g_mutex_lock(&user->lock);
    if (--user->inflight == 0 && user->waiters > 0) {
        g_cond_broadcast(&user->idle);
    }
    g_mutex_unlock(&user->lock);
}

void qh_block_user_set_resume(QhBlockUser *user, void (*fn)(void *data), void *data)
{
    g_mutex_lock(&user->lock);
    user->resume = fn;
    user->resume_data = data;
    g_mutex_unlock(&user->lock);
}

void qh_block_hold(QhBlockGraph *graph, QhBlockNode *node)
{
    for (guint i = 0; i < graph->users->len; i++) {
        QhBlockUser *user = g_ptr_array_index(graph->users, i);

        if (node == NULL || reaches(user->edge.node, node)) {
            g_mutex_lock(&user->lock);
            user->held++;
            user->held_for = g_slist_prepend(user->held_for, node);
            g_mutex_unlock(&user->lock);
        }
    }
    for (guint i = 0; i < graph->users->len; i++) {
        QhBlockUser *user = g_ptr_array_index(graph->users, i);

        if (user->held > 0) {
            wait_idle(user);
        }
    }
}

void qh_block_release(QhBlockGraph *graph, QhBlockNode *node)
{
    for (guint i = 0; i < graph->users->len; i++) {
        QhBlockUser *user = g_ptr_array_index(graph->users, i);
        gboolean freed = FALSE;

        g_mutex_lock(&user->lock);
        GSList *held = g_slist_find(user->held_for, node);
        if (held != NULL) {
            user->held_for = g_slist_delete_link(user->held_for, held);
            freed = --user->held == 0;
            g_cond_broadcast(&user->idle);
        }
        void (*resume)(void *data) = freed ? user->resume : NULL;
        g_mutex_unlock(&user->lock);
        if (resume != NULL) {
            resume(user->resume_data);
        }
    }
}

static gboolean flush_node(QhBlockNode *node, GError **error)
{
    int failed = qh_block_flush(node);

    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "could not flush node '%s': %s", node->name,
                    g_strerror(failed));
    }
    return failed == 0;
}

/* Move @edge, which is in its node's list, to @to. */
static gboolean move_edge(QhBlockEdge *edge, QhBlockNode *to, GError **error)
{
    QhBlockNode *from = edge->node;

    qh_block_edge_remove(edge);
    edge->node = to;
    if (!qh_block_edge_add(edge, error)) {
        edge->node = from;
        (void)qh_block_edge_add(edge, NULL);
        return FALSE;
    }
    qh_block_node_ref(to);
    qh_block_node_unref(from);
    return TRUE;
}

gboolean qh_block_replace(QhBlockNode *from, QhBlockNode *to, GError **error)
{
    g_autoptr(GPtrArray) edges = g_ptr_array_copy(from->parents, NULL, NULL);
    guint done = 0;
    gboolean ok = TRUE;

    qh_block_node_ref(from);
    for (guint i = 0; ok && i < edges->len; i++) {
        QhBlockEdge *edge = g_ptr_array_index(edges, i);

        /* the new node's own way to the old one stays */
        if (edge->parent != NULL && (edge->parent == to || reaches(to, edge->parent))) {
            edges->pdata[i] = NULL;
            continue;
        }
        ok = move_edge(edge, to, error);
        done = i + ok;
    }
    for (guint i = 0; !ok && i < done; i++) {
        if (edges->pdata[i] != NULL) {
            (void)move_edge(edges->pdata[i], from, NULL);
        }
    }
    qh_block_node_unref(from);
    return ok;
}

gboolean qh_block_set_backing(QhBlockNode *node, QhBlockNode *backing, GError **error)
{
    QhBlockEdge *old = qh_block_edge(node, "backing");

    if (backing != NULL && reaches(backing, node)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Making '%s' a backing child of '%s' would create a cycle", backing->name,
                    node->name);
        return FALSE;
    }
    if (backing != NULL && qh_block_attach(node, "backing", backing, error) == NULL) {
        return FALSE;
    }
    if (old != NULL) {
        qh_block_detach(old);
    }
    return TRUE;
}

gboolean qh_block_overlay(QhBlockNode *node, QhBlockNode *overlay, GError **error)
{
    if (node == overlay || reaches(overlay, node) || reaches(node, overlay)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Making '%s' a backing child of '%s' would create a cycle", node->name,
                    overlay->name);
        return FALSE;
    }
    if (overlay->parents->len > 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "The overlay '%s' is already in use",
                    overlay->name);
        return FALSE;
    }
    /* those who used it may have been the only ones to keep it */
    qh_block_node_ref(node);
    gboolean ok = flush_node(node, error) && qh_block_replace(node, overlay, error);
    if (ok && !qh_block_set_backing(overlay, node, error)) {
        (void)qh_block_replace(overlay, node, NULL);
        ok = FALSE;
    }
    qh_block_node_unref(node);
    return ok;
}

void qh_block_overlay_undo(QhBlockNode *node, QhBlockNode *overlay)
{
    if (node != NULL && overlay != NULL && qh_block_node_backing(overlay) == node) {
        (void)qh_block_set_backing(overlay, NULL, NULL);
        (void)qh_block_replace(overlay, node, NULL);
    }
}
