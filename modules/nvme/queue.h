/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues and commands. A command is copied out of its queue once and becomes an NvmeRequest; the
 * data that it names goes to the block layer as it is.
 */
#ifndef NVME_QUEUE_H
#define NVME_QUEUE_H

#include "modules/nvme/namespace.h"
#include "modules/nvme/spec.h"

#define NVME_QUEUE_ENTRIES 2048u /* most of a queue: CAP.MQES + 1 */

typedef struct NvmeRequest NvmeRequest;
typedef struct NvmeCq NvmeCq;
typedef struct NvmeSq NvmeSq;

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

#endif
