/* SPDX-License-Identifier: MIT */
/*
 * Slot "object/NAME", interface "qh.object": a kind of object that users make with -object and
 * object-add for other things to use: sources of randomness, memory, secrets; and service
 * "qh.object" for who uses them. What an object can do is a table of methods with a name of its own
 * (QH_RNG_INTERFACE below).
 */
#ifndef QH_ABI_OBJECT_H
#define QH_ABI_OBJECT_H

#include "abi/property.h"

#define QH_OBJECT_INTERFACE "qh.object"

/* A property of type QH_PROPERTY_OBJECT holds one; it stays as long as the property's owner. */
typedef struct QhObject QhObject;

/* The first member of every object's state; keeps its size for the life of a major version. */
typedef struct QhObjectHead {
    void *ctx; /* ctx of the slot's offer */
    QhHost *host;
    QhObject *object;
    const char *id;
    uint64_t reserved[4];
} QhObjectHead;

typedef struct QhObjectOps {
    uint32_t size;
    uint32_t state_size; /* bytes, begins with a QhObjectHead; zeroed by the host */
    const char *description;
    const QhPropertyTable *properties;
    const char *interface; /* what it can do: "qh.rng"; NULL: nothing that others call */
    const void *methods;   /* the table of that interface; begins with its size */
    /* Mandatory: properties are set; check them and get ready. [main] */
    gboolean (*complete)(QhObjectHead *object, GError **error);
    /* Optional: undo complete, also one that failed. [main] */
    void (*release)(QhObjectHead *object);
} QhObjectOps;

typedef struct QhObjectService {
    uint32_t size;
    uint32_t reserved;
    /* The methods of @object if its interface is @interface, *@ret_state to call them with; NULL
     * with @error when it is something else. [main] */
    const void *(*methods)(QhObject *object,
                           const char *interface,
                           QhObjectHead **ret_state,
                           GError **error);
} QhObjectService;

/* Randomness. */
#define QH_RNG_INTERFACE "qh.rng"
typedef struct QhRngMethods {
    uint32_t size;
    uint32_t reserved;
    /* Up to @bytes random bytes, how many were there; 0: none now, ask again later. Never blocks.
     * [device] */
    uint32_t (*read)(QhObjectHead *object, uint8_t *ret_data, uint32_t bytes);
} QhRngMethods;

/* A folder of the host for a guest. */
#define QH_FSDEV_INTERFACE "qh.fsdev"
/* QhFsdev.security: owners and modes are those of the host's files; the same, but owners that
 * cannot be set do not matter; kept in extended attributes; kept in a file beside. */
#define QH_FSDEV_PASSTHROUGH  0u
#define QH_FSDEV_NONE         1u
#define QH_FSDEV_MAPPED_XATTR 2u
#define QH_FSDEV_MAPPED_FILE  3u
/* QhFsdev.flags */
#define QH_FSDEV_READ_ONLY (1u << 0)
#define QH_FSDEV_WRITE_OUT (1u << 1) /* what is written is on its way to the disk at once */
typedef struct QhFsdev {
    uint32_t size;
    int32_t root; /* O_PATH descriptor of the folder; the object's */
    uint32_t security, flags;
    uint32_t file_mode, folder_mode; /* of new files on the host, when mapped */
} QhFsdev;
typedef struct QhFsdevMethods {
    uint32_t size;
    uint32_t reserved;
    /* What the user said; lives as long as the object. [any] */
    const QhFsdev *(*fsdev)(QhObjectHead *object);
} QhFsdevMethods;

#endif
