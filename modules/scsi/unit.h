/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A logical unit: a disk (SBC-3) or a CD-ROM drive (MMC-6) on a SCSI bus (abi/scsi.h). Sections in
 * comments are of SPC-4 where nothing else is said.
 *
 * Each command in work is a ScsiTask. A command's handler either ends it (scsi_task_good, _fail,
 * _reply) or starts something that does: a transfer between disk and guest memory, a parameter list
 * from the guest, a request to the disk.
 */
#ifndef SCSI_UNIT_H
#define SCSI_UNIT_H

#include "abi/fw-cfg.h"
#include "modules/scsi/spec.h"

typedef struct ScsiServices {
    QhHost *host;
    const QhDeviceService *device;
    const QhBlockService *block;
    const QhFwService *firmware; /* NULL: this host has none */
} ScsiServices;

/* ctx of the offers */
typedef struct ScsiContext {
    ScsiServices services;
    gboolean is_cd;
} ScsiContext;

typedef struct ScsiTask ScsiTask;

typedef struct ScsiUnit {
    QhScsiDevice scsi;

    /* properties */
    QhDrive *drive;
    char *serial, *vendor, *product, *ver, *device_id;
    uint64_t wwn, port_wwn;
    uint32_t logical_block_bytes, physical_block_bytes; /* 0: the disk's own */
    uint32_t min_io_bytes, opt_io_bytes;
    uint32_t discard_granularity; /* UINT32_MAX: the disk's own */
    uint64_t max_unmap_bytes, max_io_bytes;
    uint16_t rotation_rate, port_index;
    uint8_t removable, share_rw, dpofua, want_cache, on_read, on_write;
    int32_t bootindex;

    const ScsiServices *services;
    gboolean is_cd, attached;
    QhBlockInfo info;
    uint32_t block_bytes; /* of a logical block */
    uint32_t attentions;  /* bits, by scsi_unit_attention's table */
    uint8_t write_cache;
    uint8_t prevent; /* medium removal is prevented */
    uint8_t tray_open, eject_wanted, medium_event;
    uint8_t has_sense, sense[QH_SCSI_SENSE_BYTES]; /* for a REQUEST SENSE, without autosense */
    ScsiTask *tasks;                               /* in work */
    ScsiTask *free;
} ScsiUnit;

struct ScsiTask {
    QhBlockRequest block;
    ScsiUnit *unit;
    QhScsiRequest *request;
    ScsiTask *next, *previous;
    uint64_t offset;                   /* on the disk, of the data phase's first byte */
    uint64_t bytes;                    /* of the data phase */
    uint32_t flags;                    /* QH_BLOCK_... of the transfer */
    uint8_t transfer;                  /* kind of the requests that it is made of */
    uint8_t at_disk;                   /* the disk has `block` */
    uint8_t retry;                     /* it failed and is tried again when the machine runs on */
    uint8_t given_up;                  /* QH_SCSI_ABORTED or _RESET: end when the disk is done */
    uint8_t *data;                     /* of its own, g_malloc'ed */
    uint64_t data_bytes;               /* of it in use */
    uint64_t position;                 /* how far a handler of several steps has come */
    QhBlockVec *vecs;                  /* of its own, kept for the next */
    uint32_t n_vecs;                   /* room */
    void (*on_memory)(ScsiTask *task); /* more has been answered */
    void (*on_disk)(ScsiTask *task);   /* the disk has served `block` */
};

/* A command: what must be so, and who serves it. */
#define NEEDS_MEDIUM  (1u << 0)
#define NEEDS_WRITING (1u << 1) /* of the medium */
#define ONLY_DISK     (1u << 2)
#define ONLY_CD       (1u << 3)
#define IGNORES_UA    (1u << 4) /* is served while a unit attention waits */
typedef struct ScsiCommand {
    uint8_t opcode;
    uint8_t flags;
    uint16_t reserved;
    void (*serve)(ScsiTask *task);
} ScsiCommand;

extern const ScsiCommand scsi_basic_commands[], scsi_disk_commands[], scsi_cd_commands[];
extern const uint32_t scsi_n_basic_commands, scsi_n_disk_commands, scsi_n_cd_commands;
extern const QhDeviceOps scsi_disk_ops, scsi_cd_ops;

static inline const uint8_t *scsi_task_cdb(const ScsiTask *task)
{
    return task->request->cdb;
}

/* The ends of a task; the caller must not touch it any more. */
void scsi_task_good(ScsiTask *task);
void scsi_task_fail(ScsiTask *task, uint8_t key, uint32_t code);
/* @bytes of @data, of which the guest takes @allocated. */
void scsi_task_reply(ScsiTask *task, const uint8_t *data, uint64_t bytes, uint64_t allocated);

/* Get @bytes from the guest into task->data, then call @then. FALSE: they are more than the guest
 * has, or than can be; the task has ended. */
void scsi_task_collect(ScsiTask *task, uint64_t bytes, void (*then)(ScsiTask *task));
/* Whether the data phase can be what the command says; FALSE: the task has ended. */
gboolean scsi_task_fits(ScsiTask *task, uint32_t direction, uint64_t bytes);
/* Move task->bytes between guest memory and the disk from task->offset on. */
void scsi_task_transfer(ScsiTask *task, uint32_t kind, uint32_t flags);
/* Ask the disk for @kind at @offset; @then follows when it went well. task->block.vec and n_vec are
 * the caller's. */
void scsi_task_submit(ScsiTask *task,
                      uint32_t kind,
                      uint32_t flags,
                      uint64_t offset,
                      uint64_t bytes,
                      void (*then)(ScsiTask *task));
/* Room for @n vectors in task->vecs. */
void scsi_task_need_vecs(ScsiTask *task, uint32_t n);

/* Bring unit->info up to date. */
void scsi_unit_refresh(ScsiUnit *unit);
gboolean scsi_unit_has_medium(const ScsiUnit *unit);
uint64_t scsi_unit_blocks(const ScsiUnit *unit);
/* The first that waits, and no longer does; 0: none. */
uint32_t scsi_unit_take_attention(ScsiUnit *unit);
void scsi_unit_set_write_cache(ScsiUnit *unit, gboolean on);

/* In their own files. */
void scsi_inquiry(ScsiTask *task);
void scsi_mode_sense(ScsiTask *task);
void scsi_mode_select(ScsiTask *task);

#endif
