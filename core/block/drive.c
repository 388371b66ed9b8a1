/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -drive: one option for a whole disk. It becomes a node (and the file below it), a device's end
 * with the drive's id, and a wish for a device ("if="), which the machine fulfils.
 *
 * The format is never guessed. Without format= the image is raw, and when its first bytes are those
 * of another format the drive is refused, with a hint: a guest that writes such bytes into its raw
 * disk must not become able to choose what the next start takes it for.
 */
#include "core/block/device-priv.h"
#include "core/device/instance.h"

#include <string.h>

typedef struct Drive {
    const char *file, *format, *id, *interface, *media, *cache;
    uint64_t index;
    gboolean has_index, copy_on_read, snapshot, read_only, writeback;
    QhBlockOnError on_read, on_write;
    QhBlockLimits limits;
    QhJson *rest; /* options of the format's node */
} Drive;

static gboolean bad(GError **error, const char *key, const char *text)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "%s=%.64s: this is not a value for '%s'", key,
                text, key);
    return FALSE;
}

static gboolean truth(const char *text, gboolean *ret)
{
    static const char *const yes[] = {"on", "true", "yes", NULL};
    static const char *const no[] = {"off", "false", "no", NULL};

    *ret = g_strv_contains(yes, text);
    return *ret || g_strv_contains(no, text);
}

static gboolean on_error(const char *text, QhBlockOnError *ret)
{
    static const char *const names[] = {"report", "ignore", "stop", "enospc"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i], text)) {
            *ret = (QhBlockOnError)i;
            return TRUE;
        }
    }
    return FALSE;
}

static void set_flag(QhJson *rest, const char *key, gboolean value)
{
    qh_json_set(rest, key, qh_json_new_bool(value));
}

/* The five names for what cache= means. */
static gboolean take_cache(Drive *drive, const char *text)
{
    static const struct {
        const char *name;
        gboolean writeback, direct, no_flush;
    } modes[] = {
        {"none",         TRUE,  TRUE,  FALSE},
        {"off",          TRUE,  TRUE,  FALSE},
        {"writeback",    TRUE,  FALSE, FALSE},
        {"writethrough", FALSE, FALSE, FALSE},
        {"directsync",   FALSE, TRUE,  FALSE},
        {"unsafe",       TRUE,  FALSE, TRUE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        if (g_str_equal(modes[i].name, text)) {
            drive->writeback = modes[i].writeback;
            set_flag(drive->rest, "cache.direct", modes[i].direct);
            set_flag(drive->rest, "cache.no-flush", modes[i].no_flush);
            return TRUE;
        }
    }
    return FALSE;
}

/* bps, iops-read, throttling.bps-total-max ... */
static gboolean take_limit(Drive *drive, const char *key, const char *text, gboolean *ret_known)
{
    static const struct {
        const char *name;
        size_t offset;
    } names[] = {
        {"bps",                       offsetof(QhBlockLimits, bps[0])     },
        {"bps_rd",                    offsetof(QhBlockLimits, bps[1])     },
        {"bps_wr",                    offsetof(QhBlockLimits, bps[2])     },
        {"iops",                      offsetof(QhBlockLimits, iops[0])    },
        {"iops_rd",                   offsetof(QhBlockLimits, iops[1])    },
        {"iops_wr",                   offsetof(QhBlockLimits, iops[2])    },
        {"bps_max",                   offsetof(QhBlockLimits, bps_max[0]) },
        {"bps_rd_max",                offsetof(QhBlockLimits, bps_max[1]) },
        {"bps_wr_max",                offsetof(QhBlockLimits, bps_max[2]) },
        {"iops_max",                  offsetof(QhBlockLimits, iops_max[0])},
        {"iops_rd_max",               offsetof(QhBlockLimits, iops_max[1])},
        {"iops_wr_max",               offsetof(QhBlockLimits, iops_max[2])},
        {"iops_size",                 offsetof(QhBlockLimits, iops_size)  },
        {"throttling.bps-total",      offsetof(QhBlockLimits, bps[0])     },
        {"throttling.bps-read",       offsetof(QhBlockLimits, bps[1])     },
        {"throttling.bps-write",      offsetof(QhBlockLimits, bps[2])     },
        {"throttling.iops-total",     offsetof(QhBlockLimits, iops[0])    },
        {"throttling.iops-read",      offsetof(QhBlockLimits, iops[1])    },
        {"throttling.iops-write",     offsetof(QhBlockLimits, iops[2])    },
        {"throttling.bps-total-max",  offsetof(QhBlockLimits, bps_max[0]) },
        {"throttling.bps-read-max",   offsetof(QhBlockLimits, bps_max[1]) },
        {"throttling.bps-write-max",  offsetof(QhBlockLimits, bps_max[2]) },
        {"throttling.iops-total-max", offsetof(QhBlockLimits, iops_max[0])},
        {"throttling.iops-read-max",  offsetof(QhBlockLimits, iops_max[1])},
        {"throttling.iops-write-max", offsetof(QhBlockLimits, iops_max[2])},
        {"throttling.iops-size",      offsetof(QhBlockLimits, iops_size)  },
    };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i].name, key)) {
            *ret_known = TRUE;
            return qh_size_parse(text, (uint64_t *)((char *)&drive->limits + names[i].offset),
                                 NULL);
        }
    }
    *ret_known = FALSE;
    return FALSE;
}

static gboolean take(Drive *drive, const char *key, const char *text, gboolean *ret_ok)
{
    const struct {
        const char *name;
        const char **at;
    } texts[] = {
        {"file",   &drive->file     },
        {"format", &drive->format   },
        {"id",     &drive->id       },
        {"if",     &drive->interface},
        {"media",  &drive->media    },
        {"cache",  &drive->cache    },
    };

    *ret_ok = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (g_str_equal(texts[i].name, key)) {
            *texts[i].at = text;
            if (g_str_equal(key, "cache")) {
                *ret_ok = take_cache(drive, text);
            }
            return TRUE;
        }
    }
    if (g_str_equal(key, "readonly") || g_str_equal(key, "read-only")) {
        *ret_ok = truth(text, &drive->read_only);
    } else if (g_str_equal(key, "snapshot")) {
        *ret_ok = truth(text, &drive->snapshot);
    } else if (g_str_equal(key, "index") || g_str_equal(key, "unit")) {
        drive->has_index = TRUE;
        *ret_ok = g_ascii_string_to_unsigned(text, 10, 0, 255, &drive->index, NULL);
    } else if (g_str_equal(key, "bus")) {
        *ret_ok = g_str_equal(text, "0");
    } else if (g_str_equal(key, "rerror")) {
        *ret_ok = on_error(text, &drive->on_read) && drive->on_read != QH_BLOCK_ON_ENOSPC;
    } else if (g_str_equal(key, "werror")) {
        *ret_ok = on_error(text, &drive->on_write);
    } else if (g_str_equal(key, "cache.writeback")) {
        *ret_ok = truth(text, &drive->writeback);
    } else if (g_str_equal(key, "copy-on-read")) {
        *ret_ok = truth(text, &drive->copy_on_read);
    } else {
        gboolean known = FALSE;

        gboolean good = take_limit(drive, key, text, &known);
        *ret_ok = good || !known;
        return known;
    }
    return TRUE;
}

static gboolean take_all(Drive *drive, const QhJson *options, GError **error)
{
    drive->rest = qh_json_new_object();
    drive->writeback = TRUE;
    drive->on_write = QH_BLOCK_ON_ENOSPC;
    for (size_t i = 0; i < qh_json_length(options); i++) {
        const char *key = qh_json_key(options, i);
        const char *text = qh_json_string(qh_json_value(options, i));
        gboolean ok = TRUE;

        if (text == NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' is no text", key);
            return FALSE;
        }
        if (!take(drive, key, text, &ok)) {
            /* aio and locking are the file's */
            g_autofree char *name = g_str_equal(key, "aio") || g_str_equal(key, "locking")
                                        ? g_strdup_printf("file.%s", key)
                                        : g_strdup(key);

            qh_json_set(drive->rest, name, qh_json_new_string(text));
        }
        if (!ok) {
            return bad(error, key, text);
        }
    }
    return TRUE;
}

static gboolean check_format(QhBlockNode *node, GError **error)
{
    static const struct {
        const char *name, *magic;
        size_t bytes;
    } magics[] = {
        {"qcow2", "QFI\xfb",      4},
        {"vmdk",  "KDMV",         4},
        {"luks",  "LUKS\xba\xbe", 6},
        {"vhdx",  "vhdxfile",     8},
        {"vpc",   "conectix",     8},
    };
    char head[16] = {0};

    if (qh_block_length(node) < sizeof(head) || qh_block_read(node, 0, head, sizeof(head)) != 0) {
        return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(magics); i++) {
        if (memcmp(head, magics[i].magic, magics[i].bytes) == 0) {
            g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                        "the image begins like one in format '%s'\nsay format=%s, or format=raw "
                        "when the guest is to see these bytes",
                        magics[i].name, magics[i].name);
            return FALSE;
        }
    }
    return TRUE;
}

/* Whether @path is a block device: those have a driver of their own. */
static gboolean is_device(const char *path)
{
    return g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR) &&
           g_str_has_prefix(path, "/dev/");
}

static QhBlockNode *open_node(QhBlockGraph *graph, Drive *drive, GError **error)
{
    const char *format = drive->format != NULL ? drive->format : "raw";

    if (qh_json_get(drive->rest, "driver") == NULL) {
        qh_json_set(drive->rest, "driver", qh_json_new_string(format));
    }
    if (drive->file != NULL) {
        const QhBlockNode *there = qh_block_find(graph, drive->file);

        if (there != NULL && strchr(drive->file, '/') == NULL) {
            qh_json_set(drive->rest, "file", qh_json_new_string(drive->file));
        } else {
            const char *driver = is_device(drive->file) ? "host_device" : "file";

            qh_json_set(drive->rest, "file.driver", qh_json_new_string(driver));
            qh_json_set(drive->rest, "file.filename", qh_json_new_string(drive->file));
        }
    }
    set_flag(drive->rest, "read-only", drive->read_only || drive->snapshot);
    if (qh_json_get(drive->rest, "auto-read-only") == NULL) {
        set_flag(drive->rest, "auto-read-only", TRUE);
    }
    QhBlockNode *node = qh_block_add(graph, drive->rest, 0, error);
    if (node != NULL && drive->format == NULL && g_str_equal(node->driver_name, "raw") &&
        !check_format(node, error)) {
        qh_block_node_unref(node);
        return NULL;
    }
    return node;
}

static gboolean place(QhBlockGraph *graph, Drive *drive, char **ret_id, GError **error)
{
    gboolean none = g_strcmp0(drive->interface, "none") == 0;

    if (!drive->has_index && !none) {
        while (qh_block_drive_find(graph, drive->interface, (uint32_t)drive->index) != NULL) {
            drive->index++;
        }
    } else if (!none &&
               qh_block_drive_find(graph, drive->interface, (uint32_t)drive->index) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "drive with index %u exists already",
                    (guint)drive->index);
        return FALSE;
    }
    if (drive->id != NULL) {
        *ret_id = g_strdup(drive->id);
    } else if (none) {
        guint n = 0;

        do {
            g_free(*ret_id);
            *ret_id = g_strdup_printf("none%u", n++);
        } while (qh_block_device_find(graph, *ret_id) != NULL);
    } else {
        *ret_id = g_strdup_printf("%s%u", drive->interface != NULL ? drive->interface : "drive",
                                  (guint)drive->index);
    }
    if (qh_block_device_find(graph, *ret_id) != NULL || qh_block_find(graph, *ret_id) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "Device with id '%s' already exists", *ret_id);
        return FALSE;
    }
    return TRUE;
}

/* snapshot=on, copy-on-read=on */
static gboolean put_overlay(const Drive *drive, QhBlockNode **node, GError **error)
{
    if (drive->snapshot) {
        QhBlockNode *base = *node;

        *node = qh_block_add_temporary(base, error);
        qh_block_node_unref(base);
    }
    if (*node != NULL && drive->copy_on_read && !drive->read_only) {
        g_autoptr(QhJson) options = qh_json_new_object();
        QhBlockNode *file = *node;

        qh_json_set(options, "driver", qh_json_new_string("copy-on-read"));
        qh_json_set(options, "file", qh_json_new_string(file->name));
        *node = qh_block_add(file->graph, options, 0, error);
        qh_block_node_unref(file);
    }
    return *node != NULL;
}

static gboolean add(QhBlockGraph *graph, Drive *drive, GError **error)
{
    g_autofree char *id = NULL;
    QhBlockNode *node = NULL;

    if (g_strcmp0(drive->media, "cdrom") == 0) {
        drive->read_only = TRUE;
    } else if (drive->media != NULL && !g_str_equal(drive->media, "disk")) {
        return bad(error, "media", drive->media);
    }
    if (!place(graph, drive, &id, error)) {
        return FALSE;
    }
    gboolean empty = drive->file == NULL && qh_json_get(drive->rest, "driver") == NULL &&
                     qh_json_get(drive->rest, "file.driver") == NULL &&
                     qh_json_get(drive->rest, "file.filename") == NULL;
    if (!empty) {
        node = open_node(graph, drive, error);
        if (node == NULL || !put_overlay(drive, &node, error)) {
            return FALSE;
        }
    }
    QhDrive *block = qh_block_device_new(graph, id, node);
    qh_block_node_unref(node);
    block->is_drive = TRUE;
    block->interface = g_strdup(drive->interface);
    block->index = (uint32_t)drive->index;
    qh_block_device_set_errors(block, drive->on_read, drive->on_write);
    qh_block_device_set_writeback(block, drive->writeback);
    if (!qh_block_throttle_set(block, &drive->limits, error)) {
        qh_block_device_unref(block);
        return FALSE;
    }
    return TRUE;
}

gboolean qh_block_drive_add(QhBlockGraph *graph,
                            const QhJson *options,
                            const char *default_interface,
                            GError **error)
{
    Drive drive = {.interface = default_interface, .snapshot = graph->snapshot};
    gboolean ok = take_all(&drive, options, error);

    /* what nobody can write to needs nothing that takes the writes */
    if (drive.read_only || g_strcmp0(drive.media, "cdrom") == 0) {
        drive.snapshot = FALSE;
    }
    ok = ok && add(graph, &drive, error);
    qh_json_unref(drive.rest);
    return ok;
}

void qh_block_set_snapshot(QhBlockGraph *graph, gboolean on)
{
    graph->snapshot = on;
}

const char *qh_block_drive_interface(const QhDrive *block)
{
    return block->is_drive ? block->interface : NULL;
}

QhDrive *qh_block_drive_find(QhBlockGraph *graph, const char *interface, uint32_t index)
{
    for (GList *at = graph->blocks; at != NULL; at = at->next) {
        QhDrive *block = at->data;

        if (block->is_drive && block->index == index &&
            g_strcmp0(block->interface, interface) == 0) {
            return block;
        }
    }
    return NULL;
}

gboolean qh_block_drive_del(QhBlockGraph *graph, const char *id, GError **error)
{
    QhDrive *block = qh_block_device_find(graph, id);

    if (block == NULL || !block->is_drive) {
        g_set_error(error, QH_ERROR, QH_ERROR_NO_DEVICE, "Device '%s' not found", id);
        return FALSE;
    }
    if (block->device != NULL) {
        return qh_block_device_set_medium(block, NULL, error);
    }
    block->is_drive = FALSE;
    qh_block_device_unref(block);
    return TRUE;
}

QhDrive *qh_block_drive_orphan(QhBlockGraph *graph)
{
    for (GList *at = graph->blocks; at != NULL; at = at->next) {
        QhDrive *block = at->data;

        if (block->is_drive && block->device == NULL && g_strcmp0(block->interface, "none") != 0) {
            return block;
        }
    }
    return NULL;
}
