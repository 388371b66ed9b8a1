/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies of the commands balloon and query-balloon: there is one balloon for all of the guest. */
#include "modules/virtio/balloon.h"

#include "qapi/qapi-types-balloon.h"

/* The balloon, with the device lock held; NULL with @error, and without. */
static VirtioBalloon *lock_balloon(void *ctx, GError **error)
{
    const VirtioShared *shared = ctx;
    VirtioBalloon *balloon = shared->balloon;

    if (balloon == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_NOT_ACTIVE,
                            "No balloon device has been activated");
        return NULL;
    }
    shared->services.device->lock(balloon->virtio.base.machine);
    return balloon;
}

static void unlock_balloon(VirtioBalloon *balloon)
{
    balloon->virtio.services->device->unlock(balloon->virtio.base.machine);
}

static gboolean query(void *ctx, const void *args, void *result, GError **error)
{
    VirtioBalloon *balloon = lock_balloon(ctx, error);
    QhQmpBalloonInfo *info = result;

    (void)args;
    if (balloon == NULL) {
        return FALSE;
    }
    info->actual = (int64_t)virtio_balloon_actual(balloon);
    unlock_balloon(balloon);
    return TRUE;
}

static gboolean set(void *ctx, const void *args, void *result, GError **error)
{
    const QhQmpBalloonArgs *wanted = args;
    VirtioBalloon *balloon = lock_balloon(ctx, error);

    (void)result;
    if (balloon == NULL) {
        return FALSE;
    }
    if (wanted->value > 0) {
        balloon->target = (uint64_t)wanted->value;
        virtio_config_changed(&balloon->virtio);
    } else {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Parameter 'target' expects a size");
    }
    unlock_balloon(balloon);
    return wanted->value > 0;
}

const QhCommandOps virtio_query_balloon_ops = {
    .size = sizeof(QhCommandOps),
    .run = query,
    .digest = QH_COMMAND_QUERY_BALLOON_DIGEST,
};

const QhCommandOps virtio_balloon_ops = {
    .size = sizeof(QhCommandOps),
    .run = set,
    .digest = QH_COMMAND_BALLOON_DIGEST,
};
