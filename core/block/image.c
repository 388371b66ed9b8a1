/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New images for overlays and copies, at once and not as a job: an empty image is soon made. */
#include "core/block/chain.h"
#include "core/block/qcow2.h"
#include "core/fd/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static gboolean make_file(QhFds *fds, const char *path, uint64_t bytes, GError **error)
{
    int fd = qh_fds_open(fds, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    int failed = fd < 0 ? errno : 0;

    if (failed == 0 && (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)MIN(bytes, INT64_MAX)) < 0)) {
        failed = errno;
    }
    if (fd >= 0) {
        qh_fds_close(fds, fd);
    }
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Could not create '%s': %s", path,
                    g_strerror(failed));
    }
    return failed == 0;
}

static QhJson *file_options(const char *path)
{
    QhJson *options = qh_json_new_object();

    qh_json_set(options, "driver", qh_json_new_string("file"));
    qh_json_set(options, "filename", qh_json_new_string(path));
    return options;
}

static gboolean in_use(QhBlockGraph *graph, const char *path, GError **error)
{
    GHashTableIter at;
    gpointer value;

    g_hash_table_iter_init(&at, graph->nodes);
    while (g_hash_table_iter_next(&at, NULL, &value)) {
        g_autofree char *name = qh_block_node_filename(value);

        if (g_str_equal(name, path)) {
            g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                        "Could not create '%s': node '%s' uses the file", path,
                        ((QhBlockNode *)value)->name);
            return TRUE;
        }
    }
    return FALSE;
}

gboolean qh_block_image_create(QhBlockGraph *graph, const QhBlockNewImage *image, GError **error)
{
    gboolean raw = g_str_equal(image->format, "raw");
    g_autoptr(QhJson) options = file_options(image->path);

    if (image->existing) {
        return TRUE;
    }
    if (!raw && !g_str_equal(image->format, "qcow2")) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Unknown file format '%.64s'",
                    image->format);
        return FALSE;
    }
    if (raw && image->backing_name != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Backing file not supported for file format 'raw'");
        return FALSE;
    }
    if (in_use(graph, image->path, error) ||
        !make_file(qh_host_fds(graph->host), image->path, raw ? image->bytes : 0, error)) {
        return FALSE;
    }
    if (raw) {
        return TRUE;
    }
    QcCreate create = {
        .bytes = (image->bytes + 511) & ~UINT64_C(511),
        .cluster_bytes = 65536,
        .version = 3,
        .ref_bits = 16,
        .backing_name = image->backing_name,
        .backing_format = image->backing_name != NULL ? image->backing_format : NULL,
    };
    QhBlockNode *file = qh_block_add(graph, options, 0, error);
    gboolean ok = file != NULL && qh_qcow2_create(file, &create, error);
    qh_block_node_unref(file);
    return ok;
}

QhBlockNode *qh_block_image_open(QhBlockGraph *graph,
                                 const QhBlockNewImage *image,
                                 const char *node_name,
                                 QhBlockNode *backing,
                                 GError **error)
{
    g_autoptr(QhJson) options = qh_json_new_object();

    qh_json_set(options, "driver", qh_json_new_string(image->format));
    qh_json_set(options, "file", file_options(image->path));
    qh_json_set(options, "discard", qh_json_new_string("unmap"));
    if (node_name != NULL) {
        qh_json_set(options, "node-name", qh_json_new_string(node_name));
    }
    if (g_str_equal(image->format, "qcow2")) {
        qh_json_set(options, "backing",
                    backing != NULL ? qh_json_new_string(backing->name) : qh_json_new_null());
    }
    return qh_block_add(graph, options, 0, error);
}
