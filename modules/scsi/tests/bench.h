/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An adapter of fakes around one unit: a disk in memory, and commands that end when they do. */
#ifndef SCSI_TESTS_BENCH_H
#define SCSI_TESTS_BENCH_H

#include "modules/scsi/unit.h"
#include "modules/support/scsi-hba.h"

#define BENCH_DISK_BYTES (1u << 20)

typedef struct Bench {
    ScsiUnit *unit;
    const QhDeviceOps *ops;
    ScsiContext context;
    ScsiHba hba;

    uint8_t *disk;
    uint64_t disk_bytes;
    gboolean read_only, no_medium, tray_open, locked, write_cache, thin;
    gboolean hold;      /* requests wait for bench_serve */
    GPtrArray *pending; /* QhBlockRequest */
    int fail;           /* errno of the next request */
    gboolean stop_on_error;
    guint n_flushes, n_discards, n_zeroes;
    uint64_t discarded; /* bytes */
    const QhBlockHandlers *handlers;
    void *opaque;

    uint32_t changed; /* what the adapter heard last */
} Bench;

/* A command; its data comes in pieces of @piece bytes if that is not 0. */
typedef struct Command {
    QhScsiRequest request;
    Bench *bench;
    uint8_t *data;
    uint64_t piece, given;
    QhBlockVec vec;
    guint n_done;
} Command;

Bench *bench_new(gboolean is_cd, void (*set_up)(Bench *bench));
void bench_free(Bench *bench);
void bench_serve(Bench *bench);

/* Start; @direction is QH_SCSI_..., the CDB is padded with zeroes. */
void command_start(Command *command,
                   Bench *bench,
                   const uint8_t *cdb,
                   uint32_t cdb_bytes,
                   uint32_t direction,
                   void *data,
                   uint64_t bytes,
                   uint64_t piece);
/* What became of it: sense key << 16 | code; 0: it went well; UINT32_MAX: it was not delivered. */
uint32_t command_result(const Command *command);

#endif
