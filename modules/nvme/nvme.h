/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An NVM Express controller (revision 1.4; sections in comments are of it) and its namespaces. All
 * is called with the machine's device lock held, on any thread, unless it says [main].
 *
 * Queues lie in guest RAM, mapped as long as they exist. A command is copied out of its queue once
 * and becomes an NvmeRequest; the data that it names goes to the block layer as it is. Nothing of
 * the controller is freed while a request is in flight: deleting a queue and resetting the
 * controller wait for them, as the guest sees it, too.
 */
#ifndef NVME_NVME_H
#define NVME_NVME_H

#include "abi/block.h"
#include "abi/device.h"
#include "abi/fw-cfg.h"
#include "abi/pci.h"
#include "abi/services.h"
#include "modules/nvme/spec.h"

#define NVME_NAMESPACES_MAX 256u
#define NVME_EVENTS_MAX     4u /* requests for events that are held: AERL + 1 */
#define NVME_PENDING_MAX    16u
#define NVME_ERRORS_MAX     64u
#define NVME_MDTS           7u /* transfers up to 2^7 pages of 4 KiB */
#define NVME_TRANSFER_MAX   (4096u << NVME_MDTS)
#define NVME_QUEUE_ENTRIES  2048u /* most of a queue: CAP.MQES + 1 */
#define NVME_NS_BUS         "nvme-bus"

typedef struct Nvme Nvme;
typedef struct NvmeRequest NvmeRequest;
typedef struct NvmeCq NvmeCq;
typedef struct NvmeSq NvmeSq;

typedef struct NvmeServices {
    QhHost *host;
    const QhDeviceService *device;
    const QhTimerService *timer;
    const QhLogService *log;
    const QhBlockService *block; /* NULL: this host has none */
    const QhFwService *firmware; /* NULL: this host has none */
} NvmeServices;

/* A run of completions to the guest. */
struct NvmeCq {
    Nvme *nvme;
    uint16_t id, vector;
    uint32_t size, head, tail;
    uint8_t phase, irq_enabled;
    uint8_t wants_irq; /* posted since the last interrupt */
    uint8_t unread;    /* counted in Nvme.n_unread */
    uint32_t n_users;  /* submission queues that complete here */
    NvmeCq *next;      /* of Nvme.wanting */
    uint64_t address;
    uint8_t *entries;             /* mapped; NULL while a snapshot is loaded */
    NvmeRequest *waiting, **last; /* completions for which there is no room */
};

/* A run of commands from the guest. */
struct NvmeSq {
    Nvme *nvme;
    NvmeCq *cq;
    uint16_t id;
    uint8_t in_later; /* more commands than are served in one go */
    uint32_t size, head, tail;
    uint64_t address;
    uint8_t *entries;    /* mapped */
    uint32_t in_flight;  /* commands taken and not posted */
    NvmeRequest *free;   /* pool */
    NvmeRequest *active; /* those in flight */
    NvmeRequest *end;    /* a Delete I/O Submission Queue that waits for them */
};

/* What is on a namespace; a part of a controller, or of an nvme-ns. */
typedef struct NvmeNamespace {
    QhBlock *drive;
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

struct NvmeRequest {
    QhBlockRequest block;
    NvmeSq *sq;
    NvmeRequest *next, *previous; /* of a pool, of active, of waiting */
    NvmeNamespace *ns;
    uint8_t command[SQE_BYTES];
    uint16_t status;
    uint8_t write;   /* the device writes the memory that is mapped */
    uint8_t retry;   /* failed; tried again when the machine runs on */
    uint8_t at_disk; /* the block layer has `block` */
    uint8_t aborted;
    uint32_t result; /* dword 0 of the completion */
    uint32_t n_vecs, room;
    QhBlockVec *vecs; /* mapped guest memory */
    uint64_t bytes;   /* of it */
    uint8_t *data;    /* of the request's own, g_malloc'ed */
    uint32_t position;
    void (*then)(NvmeRequest *request); /* the disk has served `block` */
};

/* An entry of the error log (5.14.1.1). */
typedef struct NvmeError {
    uint64_t count, lba;
    uint32_t nsid;
    uint16_t sqid, cid, status, reserved;
} NvmeError;

typedef struct NvmeFeatures {
    uint32_t arbitration, temperature_over, temperature_under, recovery, coalescing, atomicity;
    uint32_t events;
    int64_t timestamp_offset; /* added to the clock, in ms */
    uint8_t timestamp_set;
} NvmeFeatures;

struct Nvme {
    QhDevice base;

    /* properties */
    NvmeNamespace own; /* drive= of the controller itself: namespace 1 */
    char *serial;
    uint32_t max_queues, n_vectors;
    uint8_t mdts;
    int32_t bootindex;

    const NvmeServices *services;
    const QhPciService *pci;
    QhBus *bus;
    QhTimer *later;
    NvmeNamespace *namespaces[NVME_NAMESPACES_MAX + 1];
    uint8_t taken[NVME_NAMESPACES_MAX + 1]; /* nsids that somebody has */
    NvmeSq **sqs;                           /* max_queues + 1 of each; 0: the admin queues */
    NvmeCq **cqs;

    uint32_t cc, csts, aqa, intms;
    uint64_t asq, acq;
    uint32_t page_bytes;
    uint32_t in_flight; /* requests, of all queues */
    uint32_t batch;     /* inside a doorbell: interrupts are sent at its end */
    uint32_t n_unread;  /* completion queues that INTx stands for */
    NvmeCq *wanting;    /* those that get an interrupt at the end of the batch */
    uint8_t resetting;  /* waits for what is in flight */
    uint8_t flushing;   /* flushes of a shutdown that are under way */
    uint8_t started;

    /* Doorbell buffers (5.7): the guest keeps doorbells in memory, and rings when they pass what
     * the controller has put into the other page. NULL: there are none. */
    uint64_t shadow_address, event_address;
    uint8_t *shadow, *event_index;

    NvmeFeatures features;
    NvmeRequest *events[NVME_EVENTS_MAX];
    uint32_t n_events, pending[NVME_PENDING_MAX], n_pending;
    uint8_t masked_events; /* types that wait for their log page to be read */
    uint32_t changed[(NVME_NAMESPACES_MAX + 32) / 32];
    NvmeError errors[NVME_ERRORS_MAX];
    uint64_t n_errors, units_read, units_written, n_reads, n_writes;
};

/* --- queue.c --- */
NvmeSq *nvme_sq_new(Nvme *nvme, uint16_t id, NvmeCq *cq, uint64_t address, uint32_t size);
NvmeCq *nvme_cq_new(Nvme *nvme, uint16_t id, uint64_t address, uint32_t size);
void nvme_sq_free(NvmeSq *sq);
void nvme_cq_free(NvmeCq *cq);
/* The two halves of _new, for snapshots: without memory, then with it. */
NvmeSq *nvme_sq_alloc(Nvme *nvme, uint16_t id, NvmeCq *cq, uint64_t address, uint32_t size);
NvmeCq *nvme_cq_alloc(Nvme *nvme, uint16_t id, uint64_t address, uint32_t size);
gboolean nvme_sq_map(NvmeSq *sq);
gboolean nvme_cq_map(NvmeCq *cq);
/* A command of @sq that has been taken. */
NvmeRequest *nvme_request_new(NvmeSq *sq);
void nvme_deactivate(NvmeRequest *request); /* it is not among the active ones any more */
/* Whether the line has to be up because of @cq may have changed. */
void nvme_cq_note_unread(NvmeCq *cq);
/* @request has ended and waits for room in its completion queue. */
void nvme_cq_wait(NvmeCq *cq, NvmeRequest *request);
/* Forget the completions that wait for room. */
void nvme_cq_drop(NvmeCq *cq);
/* What is held besides disks' requests goes, and the queues with it, when nothing is in flight. */
void nvme_let_go(Nvme *nvme);
void nvme_free_queues(Nvme *nvme);
/* Serve what the guest has put into @sq. */
void nvme_sq_run(NvmeSq *sq);
/* The guest has taken completions off: up to @head. */
void nvme_cq_take(NvmeCq *cq, uint32_t head);
/* End @request, whose memory is let go of. */
void nvme_complete(NvmeRequest *request, uint32_t status);
void nvme_update_line(Nvme *nvme);
/* Between these no interrupt is sent. */
void nvme_batch_begin(Nvme *nvme);
void nvme_batch_end(Nvme *nvme);
/* Use the two pages of doorbell buffers. FALSE: they are not in RAM. */
gboolean nvme_shadow_start(Nvme *nvme, uint64_t doorbells, uint64_t event_index);
void nvme_shadow_stop(Nvme *nvme);
/* Interrupts that were held back while INTMS masked them. */
void nvme_unmask(Nvme *nvme);
/* Work on queues that had more than was served in one go. */
void nvme_run_later(void *nvme);
/* Try again, or give up, what failed; of @only, or (NULL) of all queues. */
void nvme_retry(Nvme *nvme, const NvmeSq *only, gboolean again);
/* @ns is going: give up what failed on it and waits. */
void nvme_forget(Nvme *nvme, const NvmeNamespace *ns);

/* --- dma.c: where a command's data is (4.3, 4.4). A status. --- */
uint32_t nvme_map(NvmeRequest *request, uint64_t bytes, gboolean write);
void nvme_unmap(NvmeRequest *request);
/* Copy between what is mapped and @data. */
void nvme_copy(NvmeRequest *request, void *data, uint64_t bytes, gboolean to_guest);
/* A page of an answer, of which the guest wants @bytes: maps, copies; a status. */
uint32_t nvme_reply(NvmeRequest *request, const void *data, uint64_t bytes);

/* --- controller.c --- */
extern const QhDeviceOps nvme_ops;
void nvme_fatal(Nvme *nvme, const char *text);
void nvme_guest_error(Nvme *nvme, const char *text);
/* While it resets: the last request in flight has ended. */
void nvme_idle(Nvme *nvme);
/* state.c */
void nvme_stream(QhDevice *device, QhStateStream *stream);
void nvme_loaded(QhDevice *device);

/* --- Commands. Each ends its request some time. --- */
void nvme_admin(NvmeRequest *request);
void nvme_io(NvmeRequest *request);
void nvme_identify(NvmeRequest *request);
void nvme_get_log_page(NvmeRequest *request);
void nvme_set_features(NvmeRequest *request);
void nvme_get_features(NvmeRequest *request);
void nvme_features_reset(Nvme *nvme);
/* Ask the disk; @then follows when it went well. request->block.vec and n_vec are the caller's. */
void nvme_submit(NvmeRequest *request,
                 uint32_t kind,
                 uint32_t flags,
                 uint64_t offset,
                 uint64_t bytes,
                 void (*then)(NvmeRequest *request));

/* --- log.c: events (5.2) --- */
void nvme_event(Nvme *nvme, uint32_t event);
void nvme_async_event(NvmeRequest *request);
void nvme_note_error(NvmeRequest *request);
void nvme_namespace_changed(Nvme *nvme, uint32_t nsid);

/* --- namespace.c --- */
extern const QhDeviceOps nvme_ns_ops;
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
