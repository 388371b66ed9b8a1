/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest writes goes into an image that nobody keeps: its file has no name any more when
 * the machine starts, so that it is gone with the program, however that ends.
 */
#include "core/block/block-priv.h"
#include "core/block/qcow2.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define CLUSTER_BYTES 65536u

static QhBlockNode *open_file(QhBlockGraph *graph, const char *path, GError **error)
{
    g_autoptr(QhJson) options = qh_json_new_object();

    qh_json_set(options, "driver", qh_json_new_string("file"));
    qh_json_set(options, "filename", qh_json_new_string(path));
    qh_json_set(options, "cache.no-flush", qh_json_new_bool(TRUE));
    return qh_block_add(graph, options, 0, error);
}

static QhBlockNode *open_image(QhBlockNode *file, QhBlockNode *base, GError **error)
{
    g_autoptr(QhJson) options = qh_json_new_object();

    qh_json_set(options, "driver", qh_json_new_string("qcow2"));
    qh_json_set(options, "file", qh_json_new_string(file->name));
    qh_json_set(options, "backing", qh_json_new_string(base->name));
    qh_json_set(options, "cache.no-flush", qh_json_new_bool(TRUE));
    qh_json_set(options, "discard", qh_json_new_string("unmap"));
    return qh_block_add(base->graph, options, 0, error);
}

QhBlockNode *qh_block_add_temporary(QhBlockNode *base, GError **error)
{
    const char *folder = g_getenv("TMPDIR");
    g_autofree char *path = g_build_filename(
        folder != NULL && *folder != '\0' ? folder : "/var/tmp", "qemu-host-XXXXXX", NULL);
    QcCreate image = {
        .bytes = qh_block_length(base) & ~UINT64_C(511),
        .cluster_bytes = CLUSTER_BYTES,
        .version = 3,
        .ref_bits = 16,
    };
    QhBlockNode *node = NULL;
    int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Could not make a file for what the guest writes, '%s': %s", path,
                    g_strerror(errno));
        return NULL;
    }
    close(fd);
    QhBlockNode *file = open_file(base->graph, path, error);
    if (file != NULL && qh_qcow2_create(file, &image, error)) {
        node = open_image(file, base, error);
    }
    qh_block_node_unref(file);
    (void)g_unlink(path);
    return node;
}
