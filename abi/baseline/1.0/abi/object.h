/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_OBJECT_H
#define QH_ABI_OBJECT_H

#include "abi/property.h"

#define QH_OBJECT_INTERFACE "qh.object"

typedef struct QhObject QhObject;

typedef struct QhObjectHead {
    void *ctx;
    QhHost *host;
    QhObject *object;
    const char *id;
    uint64_t reserved[4];
} QhObjectHead;

typedef struct QhObjectOps {
    uint32_t size;
    uint32_t state_size;
    const char *description;
    const QhPropertyTable *properties;
    const char *interface;
    const void *methods;

    gboolean (*complete)(QhObjectHead *object, GError **error);

    void (*release)(QhObjectHead *object);
} QhObjectOps;

typedef struct QhObjectService {
    uint32_t size;
    uint32_t reserved;

    const void *(*methods)(QhObject *object,
                           const char *interface,
                           QhObjectHead **ret_state,
                           GError **error);
} QhObjectService;

#define QH_RNG_INTERFACE "qh.rng"
typedef struct QhRngMethods {
    uint32_t size;
    uint32_t reserved;

    uint32_t (*read)(QhObjectHead *object, uint8_t *ret_data, uint32_t bytes);
} QhRngMethods;

#define QH_FSDEV_INTERFACE "qh.fsdev"

#define QH_FSDEV_PASSTHROUGH  0u
#define QH_FSDEV_NONE         1u
#define QH_FSDEV_MAPPED_XATTR 2u
#define QH_FSDEV_MAPPED_FILE  3u

#define QH_FSDEV_READ_ONLY (1u << 0)
#define QH_FSDEV_WRITE_OUT (1u << 1)
typedef struct QhFsdev {
    uint32_t size;
    int32_t root;
    uint32_t security, flags;
    uint32_t file_mode, folder_mode;
} QhFsdev;
typedef struct QhFsdevMethods {
    uint32_t size;
    uint32_t reserved;

    const QhFsdev *(*fsdev)(QhObjectHead *object);
} QhFsdevMethods;

#endif
