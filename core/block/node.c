/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes: from options to an open driver, references, the way back. */
#include "core/block/bitmap.h"
#include "core/block/block-priv.h"
#include "core/device/instance.h"
#include "core/fd/fds.h"
#include "core/host/log.h"

#include <string.h>

static const struct {
    const char *name;
    const QhBlockDriverOps *ops;
} builtin[] = {
    {"blkdebug",     &qh_block_blkdebug    },
    {"copy-on-read", &qh_block_copy_on_read},
    {"file",         &qh_block_file        },
    {"host_device",  &qh_block_host_device },
    {"null-aio",     &qh_block_null_aio    },
    {"null-co",      &qh_block_null_co     },
    {"qcow2",        &qh_block_qcow2       },
    {"raw",          &qh_block_raw         },
    {"throttle",     &qh_block_throttle    },
};

const QhBlockDriverOps *qh_block_builtin(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(builtin); i++) {
        if (g_str_equal(builtin[i].name, name)) {
            return builtin[i].ops;
        }
    }
    return NULL;
}

const QhBlockDriverOps *qh_block_class(guint i, const char **ret_name)
{
    *ret_name = i < G_N_ELEMENTS(builtin) ? builtin[i].name : NULL;
    return i < G_N_ELEMENTS(builtin) ? builtin[i].ops : NULL;
}

static QhBlockNode *node_new(QhBlockGraph *graph)
{
    QhBlockNode *node = g_new0(QhBlockNode, 1);

    node->graph = graph;
    node->refs = 1;
    node->share = QH_BLOCK_USE_ALL;
    node->children = g_ptr_array_new();
    node->parents = g_ptr_array_new();
    node->watchers = g_ptr_array_new();
    node->options = qh_json_new_object();
    g_rw_lock_init(&node->partial);
    return node;
}

static void node_close(QhBlockNode *node)
{
    if (node->opened) {
        (void)qh_block_flush(node);
        node->opened = FALSE;
        node->ops->close(node->state);
    }
    while (node->children->len > 0) {
        qh_block_detach(g_ptr_array_index(node->children, node->children->len - 1));
    }
}

static void node_free(QhBlockNode *node)
{
    node_close(node);
    if (node->name != NULL && g_hash_table_lookup(node->graph->nodes, node->name) == node) {
        g_hash_table_remove(node->graph->nodes, node->name);
    }
    qh_block_bitmaps_free(node);
    if (node->state != NULL) {
        qh_properties_clear(node->ops->properties, node->state);
        g_free(node->state);
    }
    if (node->slot.ops != NULL) {
        qh_slot_release(&node->slot);
    }
    qh_json_unref(node->options);
    g_ptr_array_unref(node->children);
    g_ptr_array_unref(node->parents);
    g_ptr_array_unref(node->watchers);
    g_rw_lock_clear(&node->partial);
    g_free(node->name);
    g_free(node->driver_name);
    g_free(node);
}

QhBlockNode *qh_block_node_ref(QhBlockNode *node)
{
    node->refs++;
    return node;
}

void qh_block_node_unref(QhBlockNode *node)
{
    if (node != NULL && --node->refs == 0) {
        node_free(node);
    }
}

QhBlockEdge *
qh_block_attach(QhBlockNode *node, const char *role, QhBlockNode *child, GError **error)
{
    QhBlockEdge *edge = g_new0(QhBlockEdge, 1);

    edge->node = child;
    edge->parent = node;
    edge->role = g_strdup(role);
    qh_block_child_access(node, role, &edge->use, &edge->share);
    if (!qh_block_edge_add(edge, error)) {
        g_free(edge->role);
        g_free(edge);
        return NULL;
    }
    qh_block_node_ref(child);
    g_ptr_array_add(node->children, edge);
    return edge;
}

void qh_block_detach(QhBlockEdge *edge)
{
    if (edge->parent != NULL) {
        g_ptr_array_remove(edge->parent->children, edge);
    }
    qh_block_edge_remove(edge);
    qh_block_node_unref(edge->node);
    g_free(edge->role);
    g_free(edge);
}

QhBlockEdge *qh_block_edge(const QhBlockNode *node, const char *role)
{
    for (guint i = 0; i < node->children->len; i++) {
        QhBlockEdge *edge = g_ptr_array_index(node->children, i);

        if (g_str_equal(edge->role, role)) {
            return edge;
        }
    }
    return NULL;
}

/* One of "file,backing?"; *@ret_optional. */
static gboolean has_role(const QhBlockDriverOps *ops, const char *role)
{
    g_auto(GStrv) roles = g_strsplit(ops->children != NULL ? ops->children : "", ",", -1);

    for (guint i = 0; roles[i] != NULL; i++) {
        size_t length = strcspn(roles[i], "?");

        if (strlen(role) == length && strncmp(roles[i], role, length) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean check_roles(const QhBlockNode *node, GError **error)
{
    const char *text = node->ops->children != NULL ? node->ops->children : "";
    g_auto(GStrv) roles = g_strsplit(text, ",", -1);

    for (guint i = 0; roles[i] != NULL; i++) {
        gboolean optional = g_str_has_suffix(roles[i], "?");

        if (!optional && *roles[i] != '\0' && qh_block_edge(node, roles[i]) == NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "Parameter '%s' is missing: driver "
                        "'%s' needs it",
                        roles[i], node->driver_name);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean find_driver(QhBlockNode *node, const char *name, GError **error)
{
    node->driver_name = g_strdup(name);
    node->ops = qh_block_builtin(name);
    if (node->ops == NULL) {
        if (!qh_registry_acquire(qh_host_registry(node->graph->host), "block", name, &node->slot,
                                 error)) {
            g_prefix_error(error, "Unknown driver '%s': ", name);
            return FALSE;
        }
        node->ops = node->slot.ops;
    }
    node->state = g_malloc0(node->ops->state_size);
    node->state->ctx = node->slot.ctx;
    node->state->host = node->graph->host;
    node->state->node = node;
    return TRUE;
}

static gboolean option_bool(const QhJson *options, const char *key, gboolean *ret, GError **error)
{
    const QhJson *value = qh_json_get(options, key);
    g_autofree char *text = value != NULL ? qh_block_option_text(value) : NULL;

    if (value == NULL) {
        return TRUE;
    }
    static const char *const yes[] = {"on", "true", "yes", NULL};
    static const char *const no[] = {"off", "false", "no", NULL};
    if (text == NULL || (!g_strv_contains(yes, text) && !g_strv_contains(no, text))) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Invalid parameter type for '%s', expected: boolean", key);
        return FALSE;
    }
    *ret = g_strv_contains(yes, text);
    return TRUE;
}

/* A text option with a few values; *@ret is the index of the one that is given. */
static gboolean option_enum(
    const QhJson *options, const char *key, const char *const *values, guint *ret, GError **error)
{
    const QhJson *value = qh_json_get(options, key);
    g_autofree char *text = value != NULL ? qh_block_option_text(value) : NULL;

    if (value == NULL) {
        return TRUE;
    }
    for (guint i = 0; text != NULL && values[i] != NULL; i++) {
        if (g_str_equal(values[i], text)) {
            *ret = i;
            return TRUE;
        }
    }
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Parameter '%s' does not accept value '%.64s'",
                key, text != NULL ? text : "");
    return FALSE;
}

/* What every driver takes. */
gboolean qh_block_take_common(QhBlockNode *node, const QhJson *options, GError **error)
{
    static const char *const discards[] = {"ignore", "off", "unmap", "on", NULL};
    static const char *const zeroes[] = {"off", "on", "unmap", NULL};
    const QhJson *cache = qh_json_get(options, "cache");
    guint discard = node->unmap ? 2 : 0, detect = 0;
    gboolean auto_read_only = node->auto_read_only, force_share = FALSE;

    if (!option_bool(options, "read-only", &node->read_only, error) ||
        !option_bool(options, "auto-read-only", &auto_read_only, error) ||
        !option_bool(options, "force-share", &force_share, error) ||
        !option_enum(options, "discard", discards, &discard, error) ||
        !option_enum(options, "detect-zeroes", zeroes, &detect, error)) {
        return FALSE;
    }
    if (cache != NULL && (qh_json_type(cache) != QH_JSON_OBJECT ||
                          !option_bool(cache, "direct", &node->direct, error) ||
                          !option_bool(cache, "no-flush", &node->no_flush, error))) {
        if (error != NULL && *error == NULL) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                                "Invalid parameter type for 'cache', expected: object");
        }
        return FALSE;
    }
    node->auto_read_only = auto_read_only;
    node->unmap = discard >= 2;
    node->detect_zeroes = (uint8_t)detect;
    if (node->detect_zeroes == 2 && !node->unmap) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "detect-zeroes=unmap needs discard=unmap");
        return FALSE;
    }
    node->state->flags = (node->read_only ? QH_BLOCK_OPEN_READ_ONLY : 0) |
                         (auto_read_only ? QH_BLOCK_OPEN_AUTO_READ_ONLY : 0) |
                         (node->direct ? QH_BLOCK_OPEN_DIRECT : 0) |
                         (node->no_flush ? QH_BLOCK_OPEN_NO_FLUSH : 0) |
                         (node->unmap ? QH_BLOCK_OPEN_UNMAP : 0);
    return TRUE;
}

/* What a node is opened with when its options do not say: as its parent. */
static void inherit(QhBlockNode *node, const QhBlockNode *parent)
{
    if (parent != NULL) {
        node->read_only = parent->read_only;
        node->auto_read_only = parent->auto_read_only;
        node->direct = parent->direct;
        node->no_flush = parent->no_flush;
        node->unmap = parent->unmap;
    }
}

static gboolean is_common(const char *key)
{
    static const char *const keys[] = {"driver",         "node-name",     "read-only",
                                       "auto-read-only", "force-share",   "discard",
                                       "cache",          "detect-zeroes", NULL};

    return g_strv_contains(keys, key);
}

/* An option of the driver's own; groups become dotted names. */
static gboolean
take_property(QhBlockNode *node, const char *key, const QhJson *value, GError **error)
{
    QhJsonType type = qh_json_type(value);

    if (type == QH_JSON_OBJECT || type == QH_JSON_ARRAY) {
        for (size_t i = 0; i < qh_json_length(value); i++) {
            g_autofree char *name = type == QH_JSON_OBJECT
                                        ? g_strdup_printf("%s.%s", key, qh_json_key(value, i))
                                        : g_strdup_printf("%s.%zu", key, i);
            const QhJson *element =
                type == QH_JSON_OBJECT ? qh_json_value(value, i) : qh_json_at(value, i);

            if (!take_property(node, name, element, error)) {
                return FALSE;
            }
        }
        return TRUE;
    }
    g_autofree char *text = qh_block_option_text(value);
    g_autofree char *subject = g_strdup_printf("block driver '%s'", node->driver_name);
    if (text == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Invalid parameter type for '%s'", key);
        return FALSE;
    }
    return qh_property_set(node->graph->host, node->ops->properties, node->state, subject, key,
                           text, error);
}

static QhBlockNode *
node_open(QhBlockGraph *graph, const QhJson *options, const QhBlockNode *parent, GError **error);

/* A child: the name of a node, options of a new one, or none at all. */
static gboolean take_child(QhBlockNode *node, const char *role, const QhJson *value, GError **error)
{
    QhJsonType type = qh_json_type(value);
    const char *name = type == QH_JSON_STRING ? qh_json_string(value) : NULL;
    QhBlockNode *child;

    if (type == QH_JSON_NULL || (name != NULL && *name == '\0' && g_str_equal(role, "backing"))) {
        qh_json_set(node->options, role, qh_json_new_null());
        return TRUE;
    }
    if (name != NULL) {
        child = qh_block_find(node->graph, name);
        if (child == NULL || !child->opened) {
            g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                        "Cannot find device='' nor node-name='%.64s'", name);
            return FALSE;
        }
        qh_block_node_ref(child);
    } else if (type == QH_JSON_OBJECT) {
        child = node_open(node->graph, value, node, error);
        if (child == NULL) {
            return FALSE;
        }
    } else {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Invalid parameter type for '%s', expected: a node's name, or its options",
                    role);
        return FALSE;
    }
    QhBlockEdge *edge = qh_block_attach(node, role, child, error);
    qh_block_node_unref(child);
    return edge != NULL;
}

/* What the driver reads from the options itself: lists of groups. */
static gboolean is_list(const QhBlockNode *node, const char *key)
{
    return node->ops == &qh_block_blkdebug &&
           (g_str_equal(key, "inject-error") || g_str_equal(key, "set-state"));
}

static gboolean take_options(QhBlockNode *node, const QhJson *options, GError **error)
{
    g_autofree char *subject = g_strdup_printf("block driver '%s'", node->driver_name);

    if (!qh_properties_set_defaults(node->graph->host, node->ops->properties, node->state, subject,
                                    error)) {
        return FALSE;
    }
    for (size_t i = 0; i < qh_json_length(options); i++) {
        const char *key = qh_json_key(options, i);
        const QhJson *value = qh_json_value(options, i);
        gboolean ok = is_common(key) || is_list(node, key) ? TRUE
                      : has_role(node->ops, key)           ? take_child(node, key, value, error)
                                                           : take_property(node, key, value, error);
        if (!ok) {
            return FALSE;
        }
        if (!has_role(node->ops, key)) {
            qh_json_set(node->options, key, qh_json_ref((QhJson *)value));
        }
    }
    return check_roles(node, error);
}

/* "a-b.c_d": what QEMU takes as an id, too. */
static gboolean good_name(const char *name)
{
    if (!g_ascii_isalpha(*name) || strlen(name) > 31) {
        return FALSE;
    }
    for (; *name != '\0'; name++) {
        if (!g_ascii_isalnum(*name) && strchr("-._", *name) == NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean take_name(QhBlockNode *node, const QhJson *options, GError **error)
{
    const QhJson *value = qh_json_get(options, "node-name");
    const char *name = value != NULL ? qh_json_string(value) : NULL;

    if (value == NULL) {
        do {
            g_free(node->name);
            node->name = g_strdup_printf("#block%03u", node->graph->next_name++);
        } while (g_hash_table_contains(node->graph->nodes, node->name));
        g_hash_table_insert(node->graph->nodes, node->name, node);
        return TRUE;
    }
    if (name == NULL || !good_name(name)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Invalid node-name: '%.64s'",
                    name != NULL ? name : "");
        return FALSE;
    }
    if (qh_block_find(node->graph, name) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Duplicate nodes with node-name='%s'", name);
        return FALSE;
    }
    node->name = g_strdup(name);
    node->named = TRUE;
    g_hash_table_insert(node->graph->nodes, node->name, node);
    return TRUE;
}

static gboolean
open_driver(QhBlockNode *node, const QhJson *options, const QhBlockNode *parent, GError **error)
{
    const QhJson *driver = qh_json_get(options, "driver");

    if (driver == NULL || qh_json_string(driver) == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Parameter 'driver' is missing");
        return FALSE;
    }
    inherit(node, parent);
    if (!take_name(node, options, error) || !find_driver(node, qh_json_string(driver), error) ||
        !qh_block_take_common(node, options, error) || !take_options(node, options, error) ||
        !node->ops->open(node->state, error)) {
        return FALSE;
    }
    node->opened = TRUE;
    return TRUE;
}

static QhBlockNode *
node_open(QhBlockGraph *graph, const QhJson *options, const QhBlockNode *parent, GError **error)
{
    QhBlockNode *node = node_new(graph);

    qh_block_pool_prepare(graph->pool);
    if (!open_driver(node, options, parent, error)) {
        qh_block_node_unref(node);
        return NULL;
    }
    return node;
}

QhBlockNode *
qh_block_add(QhBlockGraph *graph, const QhJson *options, uint32_t flags, GError **error)
{
    g_autoptr(QhJson) nested = qh_block_options_nest(options, error);
    QhBlockNode *node;

    if (nested == NULL) {
        return NULL;
    }
    if (flags & QH_BLOCK_ADD_MONITOR && qh_json_get(nested, "node-name") == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'node-name' must be specified for the root node");
        return NULL;
    }
    node = node_open(graph, nested, NULL, error);
    if (node != NULL && flags & QH_BLOCK_ADD_MONITOR) {
        node->monitored = TRUE;
        qh_block_node_ref(node);
    }
    return node;
}

gboolean qh_block_del(QhBlockGraph *graph, const char *name, GError **error)
{
    QhBlockNode *node = qh_block_find(graph, name);

    if (node == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "Failed to find node with node-name='%s'",
                    name);
        return FALSE;
    }
    if (!node->monitored) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Node %s is not owned by the monitor", name);
        return FALSE;
    }
    if (node->parents->len > 0) {
        const QhBlockEdge *edge = g_ptr_array_index(node->parents, 0);

        if (edge->parent != NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                        "Node '%s' is busy: node is used as %s of "
                        "'%s'",
                        name, edge->role, edge->parent->name);
        } else {
            g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "Node %s is in use: by %s", name,
                        edge->role);
        }
        return FALSE;
    }
    node->monitored = FALSE;
    qh_block_node_unref(node);
    return TRUE;
}

gboolean
qh_block_open_backing(QhBlockNode *node, const char *path, const char *format, GError **error)
{
    g_autoptr(QhJson) options = qh_json_new_object();

    if (qh_fds_is_set(path)) { /* these were handed over to whom the user names */
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Could not open backing file: an image may not name '%s'", path);
        return FALSE;
    }
    QhJson *file = qh_json_new_object();
    qh_json_set(file, "driver", qh_json_new_string("file"));
    qh_json_set(file, "filename", qh_json_new_string(path));
    qh_json_set(options, "driver", qh_json_new_string(format));
    qh_json_set(options, "file", file);
    qh_json_set(options, "read-only", qh_json_new_bool(TRUE));
    QhBlockNode *backing = node_open(node->graph, options, node, error);
    if (backing == NULL) {
        g_prefix_error(error, "Could not open backing file: ");
        return FALSE;
    }
    QhBlockEdge *edge = qh_block_attach(node, "backing", backing, error);
    qh_block_node_unref(backing);
    return edge != NULL;
}
