/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host of fakes for one controller, RAM and a disk; and a driver's half of it. */
#ifndef NVME_TESTS_BENCH_H
#define NVME_TESTS_BENCH_H

#include "modules/nvme/nvme.h"

#define RAM_AT     UINT64_C(0x80000000)
#define RAM_BYTES  (1u << 20)
#define SPLIT_AT   (RAM_AT + 0x90000) /* host memory is not in one run here */
#define DISK_BYTES (1u << 20)

/* Where the driver puts things. */
#define ADMIN_SQ (RAM_AT + 0x1000)
#define ADMIN_CQ (RAM_AT + 0x2000)
#define IO_SQ    (RAM_AT + 0x3000)
#define IO_CQ    (RAM_AT + 0x4000)
#define LISTS    (RAM_AT + 0x10000)
#define DATA     (RAM_AT + 0x80000) /* the split lies inside */

#define ADMIN_SIZE 16u
#define IO_SIZE    8u

typedef struct Side {
    uint32_t tail, head;
    uint8_t phase;
} Side;

typedef struct Bench {
    Nvme *nvme;
    NvmeServices services;
    uint8_t *ram, *above; /* up to the split, from there on */
    int32_t n_maps;
    gboolean master, line;
    uint32_t mode, n_sent, n_guest_errors;
    void (*later)(void *opaque);
    gboolean armed;

    uint8_t *disk;
    const QhBlockHandlers *handlers;
    void *handlers_opaque;
    gboolean hold, stop_on_error, read_only;
    GPtrArray *pending;
    int fail;
    guint n_flushes, n_discards, n_zeroes;

    Side admin, io;
    uint16_t cid;
    uint32_t result; /* dword 0 of the last completion */
} Bench;

Bench *bench_new(void);
void bench_free(Bench *bench);
void bench_serve(Bench *bench);
void *bench_at(Bench *bench, uint64_t address);

uint32_t bench_read(Bench *bench, uint32_t offset);
void bench_write(Bench *bench, uint32_t offset, uint64_t value, uint32_t bytes);
/* Enable with admin queues; with I/O queue pair 1 besides. */
void bench_start(Bench *bench);
void bench_start_io(Bench *bench);
void bench_stop(Bench *bench);

/* A command, all zeroes but for what the caller sets. */
typedef struct Entry {
    uint8_t bytes[SQE_BYTES];
} Entry;
Entry entry(uint8_t opcode, uint32_t nsid, uint64_t prp1, uint64_t prp2);
/* A read, write or the like of @blocks from @lba on. */
Entry transfer(uint8_t opcode, uint64_t lba, uint32_t blocks, uint64_t prp1, uint64_t prp2);
/* Put it into the queue and ring; returns its id. */
uint16_t bench_submit(Bench *bench, const Entry *entry, gboolean io);
/* The next completion's status, -1: there is none; its head is told to the controller. */
int bench_take(Bench *bench, gboolean io);
/* Both, and what the disk held back is served between them. */
int bench_run(Bench *bench, const Entry *entry, gboolean io);

#endif
