/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host of fakes for one virtio device on a virtio-mmio: RAM, a line, timers that the test fires,
 * a disk, a network, a character device. The module's own tables are used as the host would.
 */
#ifndef VIRTIO_TESTS_BENCH_H
#define VIRTIO_TESTS_BENCH_H

#include "abi/module.h"
#include "modules/virtio/virtio.h"

#define BENCH_RAM_AT     0x80000000u
#define BENCH_RAM_BYTES  (1u << 20)
#define BENCH_SPLIT_AT   (BENCH_RAM_AT + 0x90000u) /* host memory is not in one run here */
#define BENCH_DISK_BYTES (64u << 10)

typedef struct BenchTimer {
    void (*fn)(void *);
    void *opaque;
    int64_t expire_ns; /* -1: not armed */
} BenchTimer;

typedef struct Bench {
    QhDevice *mmio, *device;
    const QhDeviceOps *mmio_ops, *ops;
    const QhBusOps *bus_ops, *child_bus_ops; /* of the transport, of the device */
    gboolean irq;
    const void *unit_class; /* of what sits on the device's own bus */
    guint n_maps, n_guest_errors, n_irqs, n_resets;
    uint8_t *ram;
    GPtrArray *timers; /* BenchTimer */
    int64_t now_ns;

    /* disk */
    uint8_t disk[BENCH_DISK_BYTES];
    const QhBlockHandlers *block_handlers;
    void *block_opaque;
    GPtrArray *pending; /* QhBlockRequest: what was submitted; empty when served at once */
    gboolean hold;      /* requests wait for bench_serve */
    gboolean read_only, write_cache;
    gboolean stop_on_error;
    int fail; /* errno of the next request */
    uint64_t disk_bytes;

    /* network */
    const QhNetHandlers *net_handlers;
    void *net_opaque;
    GByteArray *sent;   /* frames one behind the other */
    QhNetHeader header; /* of the last */
    guint n_sent;
    gboolean net_full;
    uint32_t offloads;

    /* characters */
    const QhCharHandlers *chr_handlers;
    void *chr_opaque;
    GString *written;
    uint32_t chr_room;

    GString *events;

    struct BenchPci *pci; /* of bench_new_pci */
} Bench;

/* A device of @class with @properties: "name", "value", ..., NULL; references are "set". */
Bench *bench_new(const char *class, gboolean legacy, const char *const *properties);
/* The same up to realize, which must fail. */
GError *bench_refuse(const char *class, const char *const *properties);
void bench_free(Bench *bench);
/* Serve what the disk holds back. */
void bench_serve(Bench *bench);
/* Fire each timer that is due at @now_ns. */
void bench_advance(Bench *bench, int64_t by_ns);
void bench_reset(Bench *bench);

uint32_t bench_read(Bench *bench, uint32_t offset);
void bench_write(Bench *bench, uint32_t offset, uint32_t value);
uint64_t bench_config(Bench *bench, uint32_t offset, uint32_t bytes);
void bench_set_config(Bench *bench, uint32_t offset, uint32_t bytes, uint64_t value);
/* Host pointer to guest @address. */
void *bench_at(Bench *bench, uint64_t address);

/* A device of a PCI class, realized or not (@error). Its windows are reached by bench_io_...; what
 * the bus was asked for is in pci. */
typedef struct BenchPci {
    uint8_t config[4096], writable[4096];
    uint32_t next_capability;
    uint32_t bar_window[7], bar_flags[7]; /* window + 1; 0: none */
    uint32_t n_vectors, mode;
    uint32_t sent[16]; /* messages by vector */
    gboolean line, express, master;
    uint64_t legacy_bytes, modern_bytes;
} BenchPci;
Bench *bench_new_pci(const char *class,
                     gboolean express,
                     const char *const *properties,
                     BenchPci *pci,
                     GError **error);
uint32_t bench_io_read(Bench *bench, uint32_t window, uint32_t offset, uint32_t bytes);
void bench_io_write(Bench *bench, uint32_t window, uint32_t offset, uint32_t bytes, uint32_t value);

/* Names of the classes "virtio-X-device". */
GPtrArray *bench_classes(void);

#endif
