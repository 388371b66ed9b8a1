/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Object "throttle-group": limits that several disks share; and filter "throttle", which keeps to
 * them. A request waits on the thread that does it.
 */
#include "core/block/block-priv.h"
#include "core/block/buckets.h"
#include "core/object/object-priv.h"

#include <errno.h>

typedef struct Group {
    QhObjectHead head;
    QhBlockLimits limits; /* properties */
    GMutex lock;          /* of what follows */
    QhBlockBuckets buckets;
} Group;

static gboolean group_complete(QhObjectHead *object, GError **error)
{
    Group *group = (Group *)object;

    g_mutex_init(&group->lock);
    if (!qh_block_limits_check(&group->limits, error)) {
        return FALSE;
    }
    qh_block_buckets_init(&group->buckets, &group->limits, g_get_monotonic_time() * 1000);
    return TRUE;
}

static void group_release(QhObjectHead *object)
{
    g_mutex_clear(&((Group *)object)->lock);
}

static void group_admit(void *object, uint32_t kind, uint64_t bytes)
{
    Group *group = object;
    int64_t wait;

    g_mutex_lock(&group->lock);
    while ((wait = qh_block_buckets_wait(&group->buckets, kind, g_get_monotonic_time() * 1000)) >
           0) {
        g_mutex_unlock(&group->lock);
        g_usleep((gulong)CLAMP(wait / 1000, 50, 100000));
        g_mutex_lock(&group->lock);
    }
    qh_block_buckets_pour(&group->buckets, kind, bytes);
    g_mutex_unlock(&group->lock);
}

#define ROW(name, member)                                                                          \
    QH_PROPERTY("x-" name, QH_PROPERTY_U64, offsetof(Group, limits.member), NULL, 0, 0,            \
                "requests or bytes a second; -max in a burst, -max-length its seconds"),           \
        QH_PROPERTY("limits." name, QH_PROPERTY_U64, offsetof(Group, limits.member), NULL, 0, 0,   \
                    "the same")
static const QhProperty rows[] = {
    ROW("bps-total", bps[0]),
    ROW("bps-read", bps[1]),
    ROW("bps-write", bps[2]),
    ROW("iops-total", iops[0]),
    ROW("iops-read", iops[1]),
    ROW("iops-write", iops[2]),
    ROW("bps-total-max", bps_max[0]),
    ROW("bps-read-max", bps_max[1]),
    ROW("bps-write-max", bps_max[2]),
    ROW("iops-total-max", iops_max[0]),
    ROW("iops-read-max", iops_max[1]),
    ROW("iops-write-max", iops_max[2]),
    ROW("bps-total-max-length", bps_seconds[0]),
    ROW("bps-read-max-length", bps_seconds[1]),
    ROW("bps-write-max-length", bps_seconds[2]),
    ROW("iops-total-max-length", iops_seconds[0]),
    ROW("iops-read-max-length", iops_seconds[1]),
    ROW("iops-write-max-length", iops_seconds[2]),
    ROW("iops-size", iops_size),
};
static const QhPropertyTable group_properties = QH_OBJECT_PROPERTIES(rows);
static const QhThrottleMethods methods = {
    .size = sizeof(QhThrottleMethods),
    .admit = group_admit,
};
const QhObjectOps qh_object_throttle_group = {
    .size = sizeof(QhObjectOps),
    .state_size = sizeof(Group),
    .description = "limits that several disks share",
    .properties = &group_properties,
    .interface = QH_THROTTLE_INTERFACE,
    .methods = &methods,
    .complete = group_complete,
    .release = group_release,
};

typedef struct Throttle {
    QhBlockDriver driver;
    QhObject *group; /* property */
    const QhThrottleMethods *methods;
    QhObjectHead *state;
} Throttle;

static QhBlockNode *file_of(QhBlockDriver *driver)
{
    return qh_block_node_child(driver->node, "file");
}

static gboolean throttle_open(QhBlockDriver *driver, GError **error)
{
    Throttle *throttle = (Throttle *)driver;

    if (throttle->group == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Parameter 'throttle-group' is missing");
        return FALSE;
    }
    throttle->methods =
        qh_object_methods(throttle->group, QH_THROTTLE_INTERFACE, &throttle->state, error);
    driver->discard_bytes = file_of(driver)->state->discard_bytes;
    driver->max_transfer_bytes = file_of(driver)->state->max_transfer_bytes;
    return throttle->methods != NULL;
}

static void throttle_close(QhBlockDriver *driver)
{
    (void)driver;
}

static void admit(QhBlockDriver *driver, uint32_t kind, uint64_t bytes)
{
    const Throttle *throttle = (Throttle *)driver;

    throttle->methods->admit(throttle->state, kind, bytes);
}

static uint64_t throttle_length(QhBlockDriver *driver)
{
    return qh_block_length(file_of(driver));
}

static int throttle_read(QhBlockDriver *driver,
                         uint64_t offset,
                         uint64_t bytes,
                         const QhBlockVec *vec,
                         uint32_t n_vec,
                         uint32_t flags)
{
    if (flags & QH_BLOCK_NO_WAIT) {
        return EAGAIN;
    }
    admit(driver, QH_BLOCK_READ, bytes);
    return qh_block_readv(file_of(driver), offset, bytes, vec, n_vec, flags);
}

static int throttle_write(QhBlockDriver *driver,
                          uint64_t offset,
                          uint64_t bytes,
                          const QhBlockVec *vec,
                          uint32_t n_vec,
                          uint32_t flags)
{
    admit(driver, QH_BLOCK_WRITE, bytes);
    return qh_block_writev(file_of(driver), offset, bytes, vec, n_vec, flags);
}

static int throttle_flush(QhBlockDriver *driver)
{
    return qh_block_flush(file_of(driver));
}

static int throttle_discard(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    admit(driver, QH_BLOCK_DISCARD, bytes);
    return qh_block_discard(file_of(driver), offset, bytes);
}

static int throttle_zero(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    admit(driver, QH_BLOCK_WRITE_ZEROES, bytes);
    return qh_block_zero(file_of(driver), offset, bytes, flags);
}

static int
throttle_status(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    return qh_block_status(file_of(driver), offset, bytes, ret);
}

static gboolean throttle_truncate(QhBlockDriver *driver, uint64_t bytes, GError **error)
{
    return qh_block_truncate(file_of(driver), bytes, error);
}

static const QhProperty properties[] = {
    QH_PROPERTY(
        "throttle-group", QH_PROPERTY_OBJECT, offsetof(Throttle, group), NULL, 0, 0, "the limits"),
};
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

const QhBlockDriverOps qh_block_throttle = {
    .size = sizeof(QhBlockDriverOps),
    .state_size = sizeof(Throttle),
    .kind = QH_BLOCK_FILTER,
    .flags = QH_BLOCK_DRIVER_PASS,
    .description = "keeps to the limits of a throttle-group",
    .properties = &table,
    .children = "file",
    .open = throttle_open,
    .close = throttle_close,
    .length = throttle_length,
    .read = throttle_read,
    .write = throttle_write,
    .flush = throttle_flush,
    .discard = throttle_discard,
    .write_zeroes = throttle_zero,
    .status = throttle_status,
    .truncate = throttle_truncate,
};
