/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blockdev-create: a new file, or a new image in a node that is there. */
#include "core/block/create.h"
#include "core/fd/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Create {
    QhFds *fds;
    char *filename; /* a file; NULL: an image */
    uint64_t bytes;
    gboolean full;
    QhBlockNode *file, *data;
    QhBlockUser *file_user, *data_user;
    QcCreate image;
    char *backing_name, *backing_format, *data_name;
} Create;

static gboolean make_file(const Create *create, GError **error)
{
    int fd = qh_fds_open(create->fds, create->filename,
                         O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    struct stat info;
    int failed = fd < 0 || fstat(fd, &info) < 0 ? errno : 0;

    if (failed == 0 && !S_ISREG(info.st_mode)) {
        failed = EINVAL;
    }
    if (failed == 0 && (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)create->bytes) < 0)) {
        failed = errno;
    }
    if (failed == 0 && create->full && create->bytes > 0) {
        failed = posix_fallocate(fd, 0, (off_t)create->bytes);
    }
    if (fd >= 0) {
        qh_fds_close(create->fds, fd);
    }
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Could not create '%s': %s", create->filename,
                    g_strerror(failed));
    }
    return failed == 0;
}

static gboolean create_run(QhBlockJob *job, GError **error)
{
    Create *create = qh_block_job_data(job);

    qh_block_job_set_total(job, 1);
    gboolean ok = create->filename != NULL ? make_file(create, error)
                                           : qh_qcow2_create(create->file, &create->image, error);
    return qh_block_job_step(job, 1) && ok;
}

static void create_free(Create *create)
{
    qh_block_user_free(create->file_user);
    qh_block_user_free(create->data_user);
    qh_block_node_unref(create->file);
    qh_block_node_unref(create->data);
    g_free(create->filename);
    g_free(create->backing_name);
    g_free(create->backing_format);
    g_free(create->data_name);
    g_free(create);
}

static void create_clean(QhBlockJob *job)
{
    create_free(qh_block_job_data(job));
}

static const QhBlockJobOps create_ops = {
    .type = "create",
    .run = create_run,
    .clean = create_clean,
};

static gboolean start(QhBlockGraph *graph, const char *id, Create *create, GError **error)
{
    static const QhBlockJobOptions options = {.manual_dismiss = TRUE};
    QhBlockJob *job = qh_block_job_new(graph, id, &create_ops, &options, create, error);

    if (job == NULL) {
        create_free(create);
        return FALSE;
    }
    qh_block_job_start(job);
    return TRUE;
}

gboolean qh_block_create_file(QhBlockGraph *graph,
                              const char *id,
                              const char *filename,
                              uint64_t bytes,
                              gboolean allocate,
                              GError **error)
{
    Create *create = g_new0(Create, 1);

    create->fds = qh_host_fds(graph->host);
    create->filename = g_strdup(filename);
    create->bytes = MIN(bytes, INT64_MAX);
    create->full = allocate;
    return start(graph, id, create, error);
}

static QhBlockUser *writer(QhBlockNode *node, GError **error)
{
    return qh_block_user_new(node, "blockdev-create",
                             QH_BLOCK_USE_READ | QH_BLOCK_USE_WRITE | QH_BLOCK_USE_RESIZE,
                             QH_BLOCK_USE_READ, error);
}

gboolean qh_block_create_qcow2(
    QhBlockGraph *graph, const char *id, QhBlockNode *file, const QcCreate *image, GError **error)
{
    Create *create = g_new0(Create, 1);

    create->image = *image;
    create->image.backing_name = create->backing_name = g_strdup(image->backing_name);
    create->image.backing_format = create->backing_format = g_strdup(image->backing_format);
    create->image.data_name = create->data_name = g_strdup(image->data_name);
    create->file = qh_block_node_ref(file);
    create->data = image->data != NULL ? qh_block_node_ref(image->data) : NULL;
    create->file_user = writer(file, error);
    if (create->file_user != NULL && create->data != NULL) {
        create->data_user = writer(create->data, error);
    }
    if (create->file_user == NULL || (create->data != NULL && create->data_user == NULL)) {
        create_free(create);
        return FALSE;
    }
    return start(graph, id, create, error);
}
