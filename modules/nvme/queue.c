/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues (4.1), interrupts (7.5) and doorbell buffers (5.7). A completion queue that is full keeps
 * what has ended in a list; its submission queues take as many commands as they have entries, so
 * the list is bounded.
 */
#include "modules/nvme/nvme.h"

/* --- Doorbell buffers --- */

static uint8_t *map_page(Nvme *nvme, uint64_t address)
{
    uint64_t bytes = nvme->page_bytes;
    uint8_t *at = nvme->pci->dma_map(&nvme->base, address, &bytes, TRUE);

    if (at != NULL && bytes < nvme->page_bytes) {
        nvme->pci->dma_unmap(&nvme->base, at, bytes, 0);
        at = NULL;
    }
    return at;
}

static void unmap_page(Nvme *nvme, uint8_t **at, gboolean written)
{
    if (*at != NULL) {
        nvme->pci->dma_unmap(&nvme->base, *at, nvme->page_bytes, written ? nvme->page_bytes : 0);
        *at = NULL;
    }
}

void nvme_shadow_stop(Nvme *nvme)
{
    unmap_page(nvme, &nvme->shadow, FALSE);
    unmap_page(nvme, &nvme->event_index, TRUE);
    nvme->shadow_address = nvme->event_address = 0;
}

gboolean nvme_shadow_start(Nvme *nvme, uint64_t doorbells, uint64_t event_index)
{
    nvme_shadow_stop(nvme);
    nvme->shadow = map_page(nvme, doorbells);
    nvme->event_index = map_page(nvme, event_index);
    if (nvme->shadow == NULL || nvme->event_index == NULL) {
        nvme_shadow_stop(nvme);
        return FALSE;
    }
    nvme->shadow_address = doorbells;
    nvme->event_address = event_index;
    return TRUE;
}

/* Queue @id's doorbell in @page, of a completion queue if @completion; NULL: only the register. */
static uint32_t *shadow_of(const Nvme *nvme, uint8_t *page, uint32_t id, gboolean completion)
{
    uint32_t offset = (2 * id + (completion ? 1 : 0)) * 4;

    return page == NULL || id == 0 || offset >= nvme->page_bytes
               ? NULL
               : (uint32_t *)(void *)(page + offset);
}

static uint32_t load(const uint32_t *at)
{
    return GUINT32_FROM_LE(__atomic_load_n(at, __ATOMIC_ACQUIRE));
}

static void store(uint32_t *at, uint32_t value)
{
    __atomic_store_n(at, GUINT32_TO_LE(value), __ATOMIC_SEQ_CST);
}

/* --- Completions --- */

void nvme_update_line(Nvme *nvme)
{
    gboolean intx = nvme->pci->interrupt_mode(&nvme->base) == QH_PCI_INTX;

    nvme->pci->set_irq(&nvme->base, intx && nvme->n_unread > 0 && (nvme->intms & 1) == 0);
}

void nvme_cq_note_unread(NvmeCq *cq)
{
    uint8_t unread = cq->irq_enabled && cq->head != cq->tail;

    if (unread != cq->unread) {
        cq->unread = unread;
        cq->nvme->n_unread += unread ? 1u : (uint32_t)-1;
        nvme_update_line(cq->nvme);
    }
}

static void interrupt(NvmeCq *cq)
{
    Nvme *nvme = cq->nvme;
    uint32_t mode = nvme->pci->interrupt_mode(&nvme->base);

    nvme_cq_note_unread(cq);
    if (!cq->irq_enabled || mode == QH_PCI_INTX) {
        cq->wants_irq = 0;
    } else if (mode == QH_PCI_MSIX || cq->vector >= 32 || (nvme->intms >> cq->vector & 1) == 0) {
        cq->wants_irq = 0;
        nvme->pci->notify(&nvme->base, cq->vector);
    }
}

void nvme_unmask(Nvme *nvme)
{
    for (uint32_t i = 0; i <= nvme->max_queues; i++) {
        if (nvme->cqs[i] != NULL && nvme->cqs[i]->wants_irq) {
            interrupt(nvme->cqs[i]);
        }
    }
    nvme_update_line(nvme);
}

void nvme_batch_begin(Nvme *nvme)
{
    nvme->batch++;
}

void nvme_batch_end(Nvme *nvme)
{
    if (--nvme->batch > 0) {
        return;
    }
    for (NvmeCq *cq; (cq = nvme->wanting) != NULL;) {
        nvme->wanting = cq->next;
        cq->next = NULL;
        interrupt(cq);
    }
}

static void want_interrupt(NvmeCq *cq)
{
    Nvme *nvme = cq->nvme;

    if (nvme->batch == 0) {
        cq->wants_irq = 1;
        interrupt(cq);
    } else if (!cq->wants_irq) {
        cq->wants_irq = 1;
        cq->next = nvme->wanting;
        nvme->wanting = cq;
    }
}

static uint32_t after(uint32_t index, uint32_t size)
{
    return index + 1 == size ? 0 : index + 1;
}

/* Whether there is room for an entry. With doorbell buffers the guest rings for a completion queue
 * only when it passes where it was asked to: at the next entry that it takes, while something waits
 * for room or a line has to go down. So this comes after each change of head and tail. */
static gboolean has_room(NvmeCq *cq)
{
    Nvme *nvme = cq->nvme;
    uint32_t *shadow = shadow_of(nvme, nvme->shadow, cq->id, TRUE);
    uint32_t *event = shadow_of(nvme, nvme->event_index, cq->id, TRUE);

    if (shadow != NULL && event != NULL) {
        gboolean intx = nvme->pci->interrupt_mode(&nvme->base) == QH_PCI_INTX;

        for (guint again = 0; again < 2; again++) {
            gboolean ring = intx || after(cq->tail, cq->size) == cq->head;

            store(event, ring ? cq->head : cq->head - 1);
            uint32_t head = load(shadow);
            again += head == cq->head;
            cq->head = head < cq->size ? head : cq->head;
        }
    }
    return after(cq->tail, cq->size) != cq->head;
}

/* 4.6: the phase tag makes an entry valid, so its dword is written last. */
static void put_entry(NvmeCq *cq, const NvmeRequest *request)
{
    uint8_t *at = cq->entries + CQE_BYTES * (uint64_t)cq->tail;
    uint32_t status = (uint32_t)request->status << 1 | cq->phase;

    put32(at, request->result);
    put32(at + 4, 0);
    put32(at + 8, request->sq->head | (uint32_t)request->sq->id << 16);
    __atomic_store_n((uint32_t *)(void *)(at + 12),
                     GUINT32_TO_LE(status << 16 | get16(request->command + 2)), __ATOMIC_RELEASE);
    cq->tail = after(cq->tail, cq->size);
    if (cq->tail == 0) {
        cq->phase ^= 1;
    }
}

/* Go on with @sq on the main thread. */
static void run_soon(NvmeSq *sq)
{
    const NvmeServices *services = sq->nvme->services;

    sq->in_later = 1;
    services->timer->arm(sq->nvme->later, services->timer->now(services->host, QH_CLOCK_VIRTUAL));
}

/* @request goes back to its pool, and what waited for that goes on. */
static void release(NvmeRequest *request)
{
    NvmeSq *sq = request->sq;
    Nvme *nvme = sq->nvme;

    *request =
        (NvmeRequest){.sq = sq, .vecs = request->vecs, .room = request->room, .next = sq->free};
    sq->free = request;
    sq->in_flight--;
    nvme->in_flight--;
    if (nvme->resetting) {
        if (nvme->in_flight == 0) {
            nvme_idle(nvme);
        }
    } else if (sq->end != NULL && sq->in_flight == 0) {
        NvmeRequest *end = sq->end;

        nvme->sqs[sq->id] = NULL;
        nvme_sq_free(sq);
        nvme_complete(end, NVME_SUCCESS);
    } else if (sq->head != sq->tail && !sq->in_later) {
        run_soon(sq);
    }
}

void nvme_cq_wait(NvmeCq *cq, NvmeRequest *request)
{
    request->next = NULL;
    *(cq->waiting != NULL ? cq->last : &cq->waiting) = request;
    cq->last = &request->next;
}

void nvme_cq_drop(NvmeCq *cq)
{
    while (cq->waiting != NULL) {
        NvmeRequest *request = cq->waiting;

        cq->waiting = request->next;
        release(request);
    }
}

/* Not among the active ones any more. */
void nvme_deactivate(NvmeRequest *request)
{
    *(request->previous != NULL ? &request->previous->next : &request->sq->active) = request->next;
    if (request->next != NULL) {
        request->next->previous = request->previous;
    }
}

void nvme_complete(NvmeRequest *request, uint32_t status)
{
    NvmeCq *cq = request->sq->cq;
    Nvme *nvme = cq->nvme;

    nvme_unmap(request);
    g_clear_pointer(&request->data, g_free);
    request->status = (uint16_t)status;
    nvme_deactivate(request);
    if (status != NVME_SUCCESS && !nvme->resetting) {
        nvme_note_error(request);
    }
    if (nvme->resetting) {
        release(request);
    } else if (cq->waiting != NULL || !has_room(cq)) {
        nvme_cq_wait(cq, request);
        (void)has_room(cq); /* the guest has to ring */
    } else {
        put_entry(cq, request);
        want_interrupt(cq);
        release(request);
    }
}

void nvme_cq_take(NvmeCq *cq, uint32_t head)
{
    Nvme *nvme = cq->nvme;

    cq->head = head;
    (void)has_room(cq);
    nvme_batch_begin(nvme);
    nvme_cq_note_unread(cq);
    while (cq->waiting != NULL && has_room(cq)) {
        NvmeRequest *request = cq->waiting;

        cq->waiting = request->next;
        put_entry(cq, request);
        want_interrupt(cq);
        release(request);
    }
    nvme_batch_end(nvme);
}

/* --- Commands --- */

NvmeRequest *nvme_request_new(NvmeSq *sq)
{
    NvmeRequest *request = sq->free;

    if (request != NULL) {
        sq->free = request->next;
    } else {
        request = g_new0(NvmeRequest, 1);
        request->sq = sq;
    }
    request->previous = NULL;
    request->next = sq->active;
    if (sq->active != NULL) {
        sq->active->previous = request;
    }
    sq->active = request;
    sq->in_flight++;
    sq->nvme->in_flight++;
    return request;
}

/* The doorbell in memory, if there is one; what cannot be is not looked at. */
static void look_at_tail(NvmeSq *sq)
{
    uint32_t *shadow = shadow_of(sq->nvme, sq->nvme->shadow, sq->id, FALSE);
    uint32_t tail = shadow != NULL ? load(shadow) : sq->tail;

    if (tail < sq->size) {
        sq->tail = tail;
    }
}

/* Ask to be rung at the next command; TRUE: there is one already. */
static gboolean ask_for_ring(NvmeSq *sq)
{
    uint32_t *event = shadow_of(sq->nvme, sq->nvme->event_index, sq->id, FALSE);

    if (event == NULL) {
        return FALSE;
    }
    store(event, sq->tail);
    look_at_tail(sq);
    return sq->head != sq->tail;
}

void nvme_sq_run(NvmeSq *sq)
{
    Nvme *nvme = sq->nvme;
    uint32_t left = sq->size;

    look_at_tail(sq);
    nvme_batch_begin(nvme);
    do {
        while (sq->head != sq->tail && left > 0 && sq->in_flight < sq->size && sq->end == NULL) {
            NvmeRequest *request = nvme_request_new(sq);

            memcpy(request->command, sq->entries + SQE_BYTES * (uint64_t)sq->head, SQE_BYTES);
            sq->head = after(sq->head, sq->size);
            left--;
            (sq->id == 0 ? nvme_admin : nvme_io)(request);
        }
    } while (ask_for_ring(sq) && left > 0 && sq->in_flight < sq->size && sq->end == NULL);
    if (sq->head != sq->tail && sq->in_flight < sq->size && !sq->in_later && sq->end == NULL) {
        run_soon(sq);
    }
    nvme_batch_end(nvme);
}

void nvme_run_later(void *opaque)
{
    Nvme *nvme = opaque;

    for (uint32_t i = 0; i <= nvme->max_queues && !nvme->resetting; i++) {
        NvmeSq *sq = nvme->sqs[i];

        if (sq != NULL && sq->in_later) {
            sq->in_later = 0;
            nvme_sq_run(sq);
        }
    }
}

/* Those that failed and wait, of queue @only and namespace @ns, if given. */
static GPtrArray *waiting(Nvme *nvme, const NvmeSq *only, const NvmeNamespace *ns)
{
    GPtrArray *found = g_ptr_array_new();

    for (uint32_t i = 0; i <= nvme->max_queues; i++) {
        NvmeSq *sq = only == NULL || only == nvme->sqs[i] ? nvme->sqs[i] : NULL;
        NvmeRequest *request = sq != NULL ? sq->active : NULL;

        for (; request != NULL; request = request->next) {
            if (request->retry && (ns == NULL || request->ns == ns)) {
                g_ptr_array_add(found, request);
            }
        }
    }
    return found;
}

void nvme_retry(Nvme *nvme, const NvmeSq *only, gboolean again)
{
    g_autoptr(GPtrArray) found = waiting(nvme, only, NULL);

    for (guint i = 0; i < found->len; i++) {
        NvmeRequest *request = g_ptr_array_index(found, i);

        request->retry = 0;
        if (again) {
            request->at_disk = 1;
            nvme->services->block->submit(request->ns->drive, &request->block);
        } else {
            nvme_complete(request, NVME_ABORTED);
        }
    }
}

void nvme_forget(Nvme *nvme, const NvmeNamespace *ns)
{
    g_autoptr(GPtrArray) found = waiting(nvme, NULL, ns);

    for (guint i = 0; i < found->len; i++) {
        nvme_complete(g_ptr_array_index(found, i), NVME_INVALID_NAMESPACE);
    }
}

/* --- Making and freeing --- */

static uint8_t *map_queue(Nvme *nvme, uint64_t address, uint64_t bytes, gboolean write)
{
    uint64_t got = bytes;
    uint8_t *at = nvme->pci->dma_map(&nvme->base, address, &got, write);

    if (at != NULL && got < bytes) {
        nvme->pci->dma_unmap(&nvme->base, at, got, 0);
        at = NULL;
    }
    return at;
}

NvmeCq *nvme_cq_alloc(Nvme *nvme, uint16_t id, uint64_t address, uint32_t size)
{
    NvmeCq *cq = g_new0(NvmeCq, 1);

    cq->nvme = nvme;
    cq->id = id;
    cq->size = size;
    cq->address = address;
    cq->phase = 1;
    return cq;
}

gboolean nvme_cq_map(NvmeCq *cq)
{
    cq->entries = map_queue(cq->nvme, cq->address, CQE_BYTES * (uint64_t)cq->size, TRUE);
    return cq->entries != NULL;
}

NvmeCq *nvme_cq_new(Nvme *nvme, uint16_t id, uint64_t address, uint32_t size)
{
    NvmeCq *cq = nvme_cq_alloc(nvme, id, address, size);

    if (!nvme_cq_map(cq)) {
        nvme_cq_free(cq);
        return NULL;
    }
    return cq;
}

void nvme_cq_free(NvmeCq *cq)
{
    Nvme *nvme;

    if (cq == NULL) {
        return;
    }
    nvme = cq->nvme;
    for (NvmeCq **at = &nvme->wanting; *at != NULL; at = &(*at)->next) {
        if (*at == cq) {
            *at = cq->next;
            break;
        }
    }
    cq->irq_enabled = 0;
    nvme_cq_note_unread(cq);
    if (cq->entries != NULL) {
        uint64_t bytes = CQE_BYTES * (uint64_t)cq->size;

        nvme->pci->dma_unmap(&nvme->base, cq->entries, bytes, bytes);
    }
    g_free(cq);
}

NvmeSq *nvme_sq_alloc(Nvme *nvme, uint16_t id, NvmeCq *cq, uint64_t address, uint32_t size)
{
    NvmeSq *sq = g_new0(NvmeSq, 1);

    sq->nvme = nvme;
    sq->cq = cq;
    sq->id = id;
    sq->size = size;
    sq->address = address;
    cq->n_users++;
    return sq;
}

gboolean nvme_sq_map(NvmeSq *sq)
{
    sq->entries = map_queue(sq->nvme, sq->address, SQE_BYTES * (uint64_t)sq->size, FALSE);
    return sq->entries != NULL;
}

NvmeSq *nvme_sq_new(Nvme *nvme, uint16_t id, NvmeCq *cq, uint64_t address, uint32_t size)
{
    NvmeSq *sq = nvme_sq_alloc(nvme, id, cq, address, size);

    if (!nvme_sq_map(sq)) {
        nvme_sq_free(sq);
        return NULL;
    }
    return sq;
}

void nvme_sq_free(NvmeSq *sq)
{
    if (sq == NULL) {
        return;
    }
    for (NvmeRequest *request = sq->free; request != NULL; request = sq->free) {
        sq->free = request->next;
        g_free(request->vecs);
        g_free(request);
    }
    sq->cq->n_users--;
    if (sq->entries != NULL) {
        sq->nvme->pci->dma_unmap(&sq->nvme->base, sq->entries, SQE_BYTES * (uint64_t)sq->size, 0);
    }
    g_free(sq);
}

void nvme_free_queues(Nvme *nvme)
{
    for (uint32_t i = 0; i <= nvme->max_queues; i++) {
        nvme_sq_free(g_steal_pointer(&nvme->sqs[i]));
    }
    for (uint32_t i = 0; i <= nvme->max_queues; i++) {
        nvme_cq_free(g_steal_pointer(&nvme->cqs[i]));
    }
    nvme_shadow_stop(nvme);
    nvme_update_line(nvme);
}

void nvme_let_go(Nvme *nvme)
{
    while (nvme->n_events > 0) {
        nvme_complete(nvme->events[--nvme->n_events], NVME_ABORTED);
    }
    nvme_retry(nvme, NULL, FALSE);
    for (uint32_t i = 0; i <= nvme->max_queues; i++) {
        if (nvme->sqs[i] != NULL && nvme->sqs[i]->end != NULL) {
            nvme_complete(g_steal_pointer(&nvme->sqs[i]->end), NVME_ABORTED);
        }
        if (nvme->cqs[i] != NULL) {
            nvme_cq_drop(nvme->cqs[i]);
        }
    }
}
