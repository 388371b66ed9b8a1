/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/block/describe.h"
#include "core/block/bitmap.h"
#include "core/block/device-priv.h"
#include "core/block/qcow2.h"
#include "core/device/bus.h"
#include "core/device/instance.h"

#include <sys/stat.h>

static void set_text(QhJson *object, const char *key, const char *text)
{
    qh_json_set(object, key, qh_json_new_string(text));
}

static void set_int(QhJson *object, const char *key, uint64_t value)
{
    qh_json_set(object, key, qh_json_new_int((int64_t)MIN(value, INT64_MAX)));
}

static void set_bool(QhJson *object, const char *key, gboolean value)
{
    qh_json_set(object, key, qh_json_new_bool(value));
}

static const char *backing_name(QhBlockNode *node, char **ret_name)
{
    QhBlockNode *backing = qh_block_node_backing(node);

    *ret_name = backing != NULL ? qh_block_node_filename(backing) : NULL;
    return *ret_name;
}

/* What an image's own node says of it: "cluster-size" and the like. */
static void add_format(QhBlockNode *node, QhJson *image)
{
    g_autofree char *text = node->ops->info != NULL ? node->ops->info(node->state) : NULL;
    g_autoptr(QhJson) info = text != NULL ? qh_json_parse(text, -1, NULL, NULL) : NULL;

    if (info != NULL) {
        qh_json_set(image, "format-specific", g_steal_pointer(&info));
        set_int(image, "cluster-size", MAX(node->state->discard_bytes, 1));
    }
}

static void add_snapshots(QhBlockNode *node, QhJson *image);

static QhJson *describe_image(QhBlockNode *node, gboolean flat)
{
    g_autofree char *filename = qh_block_node_filename(node);
    g_autofree char *below = NULL;
    QhJson *image = qh_json_new_object();
    QhBlockNode *backing = qh_block_node_backing(node);
    struct stat info;

    set_text(image, "filename", filename);
    set_text(image, "format", node->driver_name);
    set_int(image, "virtual-size", qh_block_length(node));
    if (stat(filename, &info) == 0) {
        set_int(image, "actual-size", (uint64_t)info.st_blocks * 512);
    }
    set_bool(image, "dirty-flag", FALSE);
    add_format(node, image);
    if (node->ops == &qh_block_qcow2) {
        add_snapshots(node, image);
    }
    if (backing_name(node, &below) != NULL) {
        set_text(image, "backing-filename", below);
        set_text(image, "full-backing-filename", below);
        set_text(image, "backing-filename-format", backing->driver_name);
        if (!flat) {
            qh_json_set(image, "backing-image", describe_image(backing, FALSE));
        }
    }
    return image;
}

static void add_limits(QhJson *info, const QhBlockLimits *limits)
{
    static const char *const suffixes[] = {"", "_rd", "_wr"};
    static const QhBlockLimits none;

    limits = limits != NULL ? limits : &none;
    for (guint i = 0; i < 3; i++) {
        const struct {
            const char *head, *tail;
            uint64_t value, least;
        } rows[] = {
            {"bps",  "",            limits->bps[i],          0},
            {"iops", "",            limits->iops[i],         0},
            {"bps",  "_max",        limits->bps_max[i],      1},
            {"iops", "_max",        limits->iops_max[i],     1},
            {"bps",  "_max_length", limits->bps_seconds[i],  1},
            {"iops", "_max_length", limits->iops_seconds[i], 1},
        };

        for (guint k = 0; k < G_N_ELEMENTS(rows); k++) {
            g_autofree char *key = g_strconcat(rows[k].head, suffixes[i], rows[k].tail, NULL);

            if (rows[k].value >= rows[k].least) {
                set_int(info, key, rows[k].value);
            }
        }
    }
    if (limits->iops_size != 0) {
        set_int(info, "iops_size", limits->iops_size);
    }
}

static void add_bitmaps(QhBlockNode *node, QhJson *info)
{
    QhJson *bitmaps = qh_json_new_array();
    QhBlockBitmap *bitmap;

    for (guint i = 0; (bitmap = qh_block_bitmap_at(node, i)) != NULL; i++) {
        QhJson *one = qh_json_new_object();

        set_text(one, "name", bitmap->name);
        set_int(one, "count", qh_block_bitmap_count(bitmap) * bitmap->granularity);
        set_int(one, "granularity", bitmap->granularity);
        set_bool(one, "recording", bitmap->recording);
        set_bool(one, "busy", bitmap->busy);
        set_bool(one, "persistent", bitmap->persistent);
        if (bitmap->inconsistent) {
            set_bool(one, "inconsistent", TRUE);
        }
        qh_json_append(bitmaps, one);
    }
    if (qh_json_length(bitmaps) > 0) {
        qh_json_set(info, "dirty-bitmaps", bitmaps);
    } else {
        qh_json_unref(bitmaps);
    }
}

/* The snapshots inside a qcow2 image. */
static void add_snapshots(QhBlockNode *node, QhJson *image)
{
    const QhQcow2 *q = (const QhQcow2 *)node->state;
    QhJson *rows = qh_json_new_array();

    for (guint i = 0; i < q->snapshots->len; i++) {
        const QcSnapshot *row = g_ptr_array_index(q->snapshots, i);
        QhJson *one = qh_json_new_object();

        set_text(one, "id", row->id);
        set_text(one, "name", row->name);
        set_int(one, "vm-state-size", row->vm_state_bytes);
        set_int(one, "date-sec", row->date_s);
        set_int(one, "date-nsec", row->date_ns);
        set_int(one, "vm-clock-sec", row->vm_clock_ns / 1000000000);
        set_int(one, "vm-clock-nsec", row->vm_clock_ns % 1000000000);
        if (row->has_icount && row->icount != UINT64_MAX) {
            set_int(one, "icount", row->icount);
        }
        qh_json_append(rows, one);
    }
    if (qh_json_length(rows) > 0) {
        qh_json_set(image, "snapshots", rows);
    } else {
        qh_json_unref(rows);
    }
}

static QhJson *describe_node(QhBlockNode *node, const QhDrive *block, gboolean flat)
{
    static const char *const zeroes[] = {"off", "on", "unmap"};
    g_autofree char *filename = qh_block_node_filename(node);
    g_autofree char *below = NULL;
    QhJson *info = qh_json_new_object(), *cache = qh_json_new_object();
    QhJson *children = qh_json_new_array();
    int depth = 0;

    for (QhBlockNode *at = qh_block_node_backing(node); at != NULL;
         at = qh_block_node_backing(at)) {
        depth++;
    }
    set_text(info, "file", filename);
    set_text(info, "node-name", node->name);
    set_bool(info, "ro", node->read_only);
    set_text(info, "drv", node->driver_name);
    if (backing_name(node, &below) != NULL) {
        set_text(info, "backing_file", below);
    }
    set_int(info, "backing_file_depth", (uint64_t)depth);
    set_bool(info, "encrypted", FALSE);
    set_text(info, "detect_zeroes", zeroes[MIN(node->detect_zeroes, 2)]);
    add_limits(info, block != NULL ? qh_block_throttle_limits(block) : NULL);
    qh_json_set(info, "image", describe_image(node, flat));
    set_bool(cache, "writeback", block == NULL || qh_block_device_write_cache(block));
    set_bool(cache, "direct", node->direct);
    set_bool(cache, "no-flush", node->no_flush);
    qh_json_set(info, "cache", cache);
    set_int(info, "write_threshold", __atomic_load_n(&node->threshold, __ATOMIC_RELAXED));
    set_bool(info, "active", TRUE);
    add_bitmaps(node, info);
    for (guint i = 0; i < node->children->len; i++) {
        const QhBlockEdge *edge = g_ptr_array_index(node->children, i);
        QhJson *child = qh_json_new_object();

        set_text(child, "child", edge->role);
        set_text(child, "node-name", edge->node->name);
        qh_json_append(children, child);
    }
    qh_json_set(info, "children", children);
    return info;
}

typedef struct List {
    QhJson *array;
    gboolean flat;
} List;

static void add_node(QhBlockNode *node, void *data)
{
    List *list = data;

    qh_json_append(list->array, describe_node(node, NULL, list->flat));
}

QhJson *qh_block_describe_nodes(QhBlockGraph *graph, gboolean flat)
{
    List list = {qh_json_new_array(), flat};

    qh_block_foreach(graph, add_node, &list);
    return list.array;
}

static void add_names(const QhDrive *block, QhJson *object)
{
    set_text(object, "device", qh_block_device_id(block));
    if (block->device != NULL) {
        g_autofree char *path = qh_instance_inner_path(block->device);

        set_text(object, "qdev", path);
    }
}

static void add_device(QhDrive *block, void *data)
{
    List *list = data;
    QhJson *info = qh_json_new_object();

    if (block->device == NULL && block->id == NULL) {
        qh_json_unref(info);
        return;
    }
    add_names(block, info);
    set_text(info, "type", "unknown");
    set_bool(info, "removable", qh_block_device_removable(block));
    set_bool(info, "locked", block->locked);
    if (qh_block_device_removable(block)) {
        set_bool(info, "tray_open", block->tray_open);
    }
    if (block->device != NULL && block->user != NULL) {
        static const char *const statuses[] = {"ok", "failed", "nospace"};

        set_text(info, "io-status", statuses[block->io_status]);
    }
    if (block->user != NULL) {
        qh_json_set(info, "inserted", describe_node(block->user->edge.node, block, FALSE));
    }
    qh_json_append(list->array, info);
}

QhJson *qh_block_describe_devices(QhBlockGraph *graph)
{
    List list = {qh_json_new_array(), FALSE};

    qh_block_device_foreach(graph, add_device, &list);
    return list.array;
}

/* All numbers that there are; those of @block, where there are any. */
static QhJson *describe_counts(const QhDrive *block, const QhBlockNode *node)
{
    static const struct {
        const char *name;
        int kind; /* -1: nothing of the sort happens here */
    } kinds[] = {
        {"rd",          QH_BLOCK_READ   },
        {"wr",          QH_BLOCK_WRITE  },
        {"zone_append", -1              },
        {"flush",       QH_BLOCK_FLUSH  },
        {"unmap",       QH_BLOCK_DISCARD},
    };
    static const QhBlockCounts none;
    QhJson *stats = qh_json_new_object();

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const QhBlockCounts *counts = block != NULL && kinds[i].kind >= 0
                                          ? qh_block_device_counts(block, (uint32_t)kinds[i].kind)
                                          : &none;
        const struct {
            const char *format;
            uint64_t value;
        } rows[] = {
            {"%s_bytes",              counts->bytes     },
            {"%s_operations",         counts->operations},
            {"%s_total_time_ns",      counts->total_ns  },
            {"%s_merged",             counts->merged    },
            {"failed_%s_operations",  counts->failed    },
            {"invalid_%s_operations", counts->invalid   },
        };

        for (guint k = 0; k < G_N_ELEMENTS(rows); k++) {
            GString *key = g_string_new(rows[k].format);

            g_string_replace(key, "%s", kinds[i].name, 1);
            gboolean flush = i == 3 && (k == 0 || k == 3); /* has neither bytes nor merging */
            if (!flush) {
                set_int(stats, key->str, rows[k].value);
            }
            g_string_free(key, TRUE);
        }
    }
    set_int(stats, "wr_highest_offset",
            node != NULL ? __atomic_load_n(&node->write_top, __ATOMIC_RELAXED) : 0);
    if (block != NULL && block->idle_since != 0) {
        set_int(stats, "idle_time_ns", (uint64_t)g_get_monotonic_time() * 1000 - block->idle_since);
    }
    set_bool(stats, "account_invalid", TRUE);
    set_bool(stats, "account_failed", TRUE);
    qh_json_set(stats, "timed_stats", qh_json_new_array());
    return stats;
}

static QhJson *stats_of_node(QhBlockNode *node, const QhDrive *block, gboolean deep)
{
    QhJson *object = qh_json_new_object();
    QhBlockNode *file = qh_block_node_child(node, "file");
    QhBlockNode *backing = qh_block_node_backing(node);

    qh_json_set(object, "stats", describe_counts(block, node));
    set_text(object, "node-name", node->name);
    if (file != NULL) {
        qh_json_set(object, "parent", stats_of_node(file, NULL, FALSE));
    }
    if (deep && backing != NULL) {
        qh_json_set(object, "backing", stats_of_node(backing, NULL, TRUE));
    }
    return object;
}

static void add_node_stats(QhBlockNode *node, void *data)
{
    List *list = data;

    qh_json_append(list->array, stats_of_node(node, NULL, FALSE));
}

static void add_device_stats(QhDrive *block, void *data)
{
    List *list = data;
    QhJson *object;

    if (block->device == NULL && block->id == NULL) {
        return;
    }
    if (block->user != NULL) {
        object = stats_of_node(block->user->edge.node, block, TRUE);
    } else {
        object = qh_json_new_object();
        qh_json_set(object, "stats", describe_counts(block, NULL));
    }
    add_names(block, object);
    qh_json_append(list->array, object);
}

QhJson *qh_block_describe_stats(QhBlockGraph *graph, gboolean nodes)
{
    List list = {qh_json_new_array(), FALSE};

    if (nodes) {
        qh_block_foreach(graph, add_node_stats, &list);
    } else {
        qh_block_device_foreach(graph, add_device_stats, &list);
    }
    return list.array;
}
