/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A namespace: a disk, as a controller shows it. [device] unless it says [main]. */
#ifndef NVME_NAMESPACE_H
#define NVME_NAMESPACE_H

#include "abi/block.h"
#include "abi/device.h"
#include "abi/fw-cfg.h"
#include "abi/services.h"

#define NVME_NAMESPACES_MAX 256u
#define NVME_NS_BUS         "nvme-bus"

typedef struct Nvme Nvme;

typedef struct NvmeServices {
    QhHost *host;
    const QhDeviceService *device;
    const QhTimerService *timer;
    const QhLogService *log;
    const QhBlockService *block; /* NULL: this host has none */
    const QhFwService *firmware; /* NULL: this host has none */
} NvmeServices;

/* What is on a namespace; a part of a controller, or of an nvme-ns. */
typedef struct NvmeNamespace {
    QhDrive *drive;
    uint32_t nsid;
    uint32_t logical_block_bytes, physical_block_bytes; /* 0: the disk's own */
    uint32_t discard_granularity;                       /* UINT32_MAX: the disk's own */
    uint64_t eui64;
    char *uuid, *nguid;
    uint8_t share_rw, on_read, on_write, want_cache;

    Nvme *nvme; /* NULL: not attached to one */
    QhDevice *device;
    const NvmeServices *services;
    QhBlockInfo info;
    uint32_t block_bytes;
    uint8_t attached, id_uuid[16], id_nguid[16];
    QhBlockRequest flush; /* of a shutdown */
    Nvme *flushing_for;   /* NULL: none is under way */
} NvmeNamespace;

extern const QhDeviceOps nvme_ns_ops;

/* Become the device of its drive. FALSE with @error. [main] */
gboolean nvme_namespace_open(NvmeNamespace *ns,
                             QhDevice *device,
                             const NvmeServices *services,
                             const char *serial,
                             GError **error);
void nvme_namespace_close(NvmeNamespace *ns);
uint64_t nvme_namespace_blocks(const NvmeNamespace *ns);
/* The one that @nsid names; NULL: there is none. */
NvmeNamespace *nvme_namespace(const Nvme *nvme, uint32_t nsid);
gboolean nvme_bus_new(Nvme *nvme, GError **error);

#endif
