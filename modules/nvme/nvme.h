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

#include "abi/pci.h"
#include "modules/nvme/queue.h"

#define NVME_EVENTS_MAX  4u /* requests for events that are held: AERL + 1 */
#define NVME_PENDING_MAX 16u
#define NVME_ERRORS_MAX  64u

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

#endif
