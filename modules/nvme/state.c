/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots. Registers are in the state table; here are the queues, what waits for room in them,
 * and the requests for events. Commands that a disk works on cannot be saved: in deterministic mode
 * there are none between two instructions. Memory is mapped again when all of the machine is
 * loaded.
 */
#include "modules/nvme/nvme.h"

#define IDS_MAX 2048u /* of queues: max_ioqpairs goes up to one less */

/* Which queues there are in what is streamed. */
typedef struct Found {
    uint8_t cq[IDS_MAX], sq[IDS_MAX];
} Found;

static void stream_events(Nvme *nvme, const Found *found, QhStateStream *stream)
{
    uint32_t n = (uint32_t)stream->number(stream, nvme->n_events);

    if (n > NVME_EVENTS_MAX || (n > 0 && !found->sq[0])) {
        stream->fail(stream, "more requests for events than there can be");
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint8_t command[SQE_BYTES] = {0};

        if (stream->mode == QH_STATE_SAVE) {
            memcpy(command, nvme->events[i]->command, sizeof(command));
        }
        stream->bytes(stream, command, sizeof(command));
        if (stream->mode == QH_STATE_LOAD) {
            nvme->events[i] = nvme_request_new(nvme->sqs[0]);
            memcpy(nvme->events[i]->command, command, sizeof(command));
        }
    }
    if (stream->mode == QH_STATE_LOAD) {
        nvme->n_events = n;
    }
}

static void stream_cq(Nvme *nvme, uint32_t id, QhStateStream *stream)
{
    NvmeCq none = {.size = 2}, *cq = nvme->cqs[id] != NULL ? nvme->cqs[id] : &none;
    uint64_t address = stream->number(stream, cq->address);
    uint32_t size = (uint32_t)stream->number(stream, cq->size);

    if (size < 2 || size > 4096) {
        stream->fail(stream, "a completion queue of a size that cannot be");
        return;
    }
    if (stream->mode == QH_STATE_LOAD) {
        cq = nvme->cqs[id] = nvme_cq_alloc(nvme, (uint16_t)id, address, size);
    } else if (stream->mode == QH_STATE_CHECK) {
        cq = &none;
    }
    stream->bytes(stream, &cq->head, sizeof(cq->head));
    stream->bytes(stream, &cq->tail, sizeof(cq->tail));
    stream->bytes(stream, &cq->phase, sizeof(cq->phase));
    stream->bytes(stream, &cq->vector, sizeof(cq->vector));
    stream->bytes(stream, &cq->irq_enabled, sizeof(cq->irq_enabled));
    stream->bytes(stream, &cq->wants_irq, sizeof(cq->wants_irq));
    if (stream->mode == QH_STATE_SAVE) {
        stream->mapped(stream, cq->entries, CQE_BYTES * (uint64_t)cq->size);
    }
}

static void stream_sq(Nvme *nvme, uint32_t id, const Found *found, QhStateStream *stream)
{
    NvmeCq no_cq = {0};
    NvmeSq none = {.size = 2, .cq = &no_cq}, *sq = nvme->sqs[id] != NULL ? nvme->sqs[id] : &none;
    uint64_t address = stream->number(stream, sq->address);
    uint32_t size = (uint32_t)stream->number(stream, sq->size);
    uint32_t cq = (uint32_t)stream->number(stream, sq->cq->id);

    if (size < 2 || size > 4096 || cq > nvme->max_queues || !found->cq[cq]) {
        stream->fail(stream, "a submission queue that cannot be");
        return;
    }
    if (stream->mode == QH_STATE_LOAD) {
        sq = nvme->sqs[id] = nvme_sq_alloc(nvme, (uint16_t)id, nvme->cqs[cq], address, size);
    } else if (stream->mode == QH_STATE_CHECK) {
        sq = &none;
    }
    stream->bytes(stream, &sq->head, sizeof(sq->head));
    stream->bytes(stream, &sq->tail, sizeof(sq->tail));
    stream->bytes(stream, &sq->in_later, sizeof(sq->in_later));
}

/* What has ended and finds no room in completion queue @id. */
static void stream_waiting(Nvme *nvme, uint32_t id, const Found *found, QhStateStream *stream)
{
    NvmeRequest none = {0}, *next = nvme->cqs[id] != NULL ? nvme->cqs[id]->waiting : NULL;

    if (stream->mode != QH_STATE_SAVE) {
        next = NULL;
    }
    while (stream->ok(stream) && stream->number(stream, next != NULL) != 0) {
        NvmeRequest *request = next != NULL ? next : &none;
        uint32_t sq = (uint32_t)stream->number(stream, next != NULL ? next->sq->id : 0);

        if (sq > nvme->max_queues || !found->sq[sq] || !found->cq[id]) {
            stream->fail(stream, "a completion of a queue that is not there");
            return;
        }
        next = next != NULL ? next->next : NULL;
        if (stream->mode == QH_STATE_LOAD) {
            request = nvme_request_new(nvme->sqs[sq]);
        }
        stream->bytes(stream, request->command, SQE_BYTES);
        stream->bytes(stream, &request->status, sizeof(request->status));
        stream->bytes(stream, &request->result, sizeof(request->result));
        if (stream->mode == QH_STATE_LOAD) {
            nvme_deactivate(request);
            nvme_cq_wait(nvme->cqs[id], request);
        }
    }
}

/* Commands in flight besides those that are saved. */
static uint32_t count_others(const Nvme *nvme)
{
    uint32_t n = nvme->in_flight - nvme->n_events;

    for (uint32_t i = 0; i <= nvme->max_queues; i++) {
        const NvmeRequest *request = nvme->cqs[i] != NULL ? nvme->cqs[i]->waiting : NULL;

        for (; request != NULL; request = request->next) {
            n--;
        }
    }
    return n;
}

static void stream_controller(Nvme *nvme, QhStateStream *stream)
{
    stream->bytes(stream, &nvme->page_bytes, sizeof(nvme->page_bytes));
    stream->bytes(stream, &nvme->started, sizeof(nvme->started));
    stream->bytes(stream, &nvme->shadow_address, sizeof(nvme->shadow_address));
    stream->bytes(stream, &nvme->event_address, sizeof(nvme->event_address));
    stream->bytes(stream, &nvme->features, sizeof(nvme->features));
    stream->bytes(stream, nvme->pending, sizeof(nvme->pending));
    stream->bytes(stream, &nvme->n_pending, sizeof(nvme->n_pending));
    stream->bytes(stream, &nvme->masked_events, sizeof(nvme->masked_events));
    stream->bytes(stream, nvme->changed, sizeof(nvme->changed));
    stream->bytes(stream, nvme->errors, sizeof(nvme->errors));
    stream->bytes(stream, &nvme->n_errors, sizeof(nvme->n_errors));
    stream->bytes(stream, &nvme->units_read, sizeof(nvme->units_read));
    stream->bytes(stream, &nvme->units_written, sizeof(nvme->units_written));
    stream->bytes(stream, &nvme->n_reads, sizeof(nvme->n_reads));
    stream->bytes(stream, &nvme->n_writes, sizeof(nvme->n_writes));
    if (stream->mode == QH_STATE_SAVE && nvme->event_index != NULL) {
        stream->mapped(stream, nvme->event_index, nvme->page_bytes);
    }
}

/* What was mapped is let go of, not unmapped: that would say that it was written. */
static void forget(Nvme *nvme)
{
    nvme->resetting = 1;
    nvme->in_flight++;
    nvme_let_go(nvme);
    nvme->in_flight--;
    for (uint32_t i = 0; i <= nvme->max_queues; i++) {
        if (nvme->sqs[i] != NULL) {
            nvme->sqs[i]->entries = NULL;
        }
        if (nvme->cqs[i] != NULL) {
            nvme->cqs[i]->entries = NULL;
            nvme->cqs[i]->irq_enabled = 0;
        }
    }
    nvme->shadow = nvme->event_index = NULL;
    nvme->n_unread = 0;
    nvme->resetting = 0;
}

static void stream_queues(Nvme *nvme, QhStateStream *stream)
{
    Found found = {0};

    for (uint32_t i = 0; i <= nvme->max_queues && stream->ok(stream); i++) {
        found.cq[i] = stream->number(stream, nvme->cqs[i] != NULL) != 0;
        if (found.cq[i]) {
            stream_cq(nvme, i, stream);
        }
    }
    for (uint32_t i = 0; i <= nvme->max_queues && stream->ok(stream); i++) {
        found.sq[i] = stream->number(stream, nvme->sqs[i] != NULL) != 0;
        if (found.sq[i]) {
            stream_sq(nvme, i, &found, stream);
        }
    }
    for (uint32_t i = 0; i <= nvme->max_queues && stream->ok(stream); i++) {
        stream_waiting(nvme, i, &found, stream);
    }
    stream_events(nvme, &found, stream);
}

void nvme_stream(QhDevice *device, QhStateStream *stream)
{
    Nvme *nvme = (Nvme *)device;

    if (count_others(nvme) > 0 || nvme->resetting || nvme->flushing > 0) {
        stream->fail(stream, "requests are under way");
        return;
    }
    stream->same(stream, nvme->max_queues, "the number of queues");
    if (stream->mode == QH_STATE_LOAD) {
        forget(nvme);
        nvme_free_queues(nvme);
    }
    stream_controller(nvme, stream);
    stream_queues(nvme, stream);
}

/* What a queue's registers say must fit it. */
static gboolean makes_sense(const Nvme *nvme, uint32_t i)
{
    const NvmeCq *cq = nvme->cqs[i];
    const NvmeSq *sq = nvme->sqs[i];

    return (cq == NULL || (cq->head < cq->size && cq->tail < cq->size)) &&
           (sq == NULL || (sq->head < sq->size && sq->tail < sq->size));
}

void nvme_loaded(QhDevice *device)
{
    Nvme *nvme = (Nvme *)device;
    gboolean ok = nvme->n_pending <= NVME_PENDING_MAX && nvme->page_bytes >= 4096 &&
                  nvme->page_bytes <= 65536 && (nvme->page_bytes & (nvme->page_bytes - 1)) == 0;

    nvme->n_pending = MIN(nvme->n_pending, NVME_PENDING_MAX);

    for (uint32_t i = 0; i <= nvme->max_queues; i++) {
        ok = ok && makes_sense(nvme, i) && (nvme->cqs[i] == NULL || nvme_cq_map(nvme->cqs[i])) &&
             (nvme->sqs[i] == NULL || nvme_sq_map(nvme->sqs[i]));
        if (nvme->cqs[i] != NULL) {
            nvme_cq_note_unread(nvme->cqs[i]);
        }
    }
    if (nvme->shadow_address != 0 || nvme->event_address != 0) {
        ok = nvme_shadow_start(nvme, nvme->shadow_address, nvme->event_address) && ok;
    }
    if (!ok) {
        nvme_fatal(nvme, "the memory of a queue is gone");
    }
    if (nvme->own.attached) {
        nvme->own.info.size = sizeof(nvme->own.info);
        nvme->services->block->info(nvme->own.drive, &nvme->own.info);
    }
}
