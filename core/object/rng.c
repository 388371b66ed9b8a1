/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of randomness: a file of the host system, or the host's own. */
#include "core/fd/fds.h"
#include "core/machine/machine.h"
#include "core/object/object-priv.h"

#include <errno.h>
#include <fcntl.h>

typedef struct Rng {
    QhObjectHead base;
    char *filename;
    int fd;
} Rng;

static gboolean random_complete(QhObjectHead *object, GError **error)
{
    Rng *rng = (Rng *)object;

    rng->fd = qh_fds_open(qh_host_fds(object->host), rng->filename,
                          O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    if (rng->fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot open '%s': %s", rng->filename,
                    g_strerror(errno));
        rng->fd = -1;
        return FALSE;
    }
    return TRUE;
}

static void random_release(QhObjectHead *object)
{
    Rng *rng = (Rng *)object;

    if (rng->fd > 0) { /* 0: complete was not called */
        qh_fds_close(qh_host_fds(object->host), rng->fd);
    }
}

static uint32_t random_read(QhObjectHead *object, uint8_t *ret_data, uint32_t bytes)
{
    ssize_t n = read(((Rng *)object)->fd, ret_data, bytes);

    return n > 0 ? (uint32_t)n : 0;
}

static gboolean builtin_complete(QhObjectHead *object, GError **error)
{
    (void)object;
    (void)error;
    return TRUE;
}

/* Through the machine's service, so that -seed holds for it, too. */
static uint32_t builtin_read(QhObjectHead *object, uint8_t *ret_data, uint32_t bytes)
{
    qh_machine_service.random(object->host, ret_data, bytes);
    return bytes;
}

static const QhRngMethods random_methods = {
    .size = sizeof(QhRngMethods),
    .read = random_read,
};
static const QhRngMethods builtin_methods = {
    .size = sizeof(QhRngMethods),
    .read = builtin_read,
};

static const QhProperty rows[] = {
    QH_PROPERTY("filename",
                QH_PROPERTY_STRING,
                offsetof(Rng, filename),
                "/dev/urandom",
                0,
                0,
                "where the bytes come from"),
};
static const QhPropertyTable properties = QH_OBJECT_PROPERTIES(rows);

const QhObjectOps qh_object_rng_random = {
    .size = sizeof(QhObjectOps),
    .state_size = sizeof(Rng),
    .description = "randomness from a file",
    .properties = &properties,
    .interface = QH_RNG_INTERFACE,
    .methods = &random_methods,
    .complete = random_complete,
    .release = random_release,
};

const QhObjectOps qh_object_rng_builtin = {
    .size = sizeof(QhObjectOps),
    .state_size = sizeof(QhObjectHead),
    .description = "randomness of the host's own",
    .interface = QH_RNG_INTERFACE,
    .methods = &builtin_methods,
    .complete = builtin_complete,
};
