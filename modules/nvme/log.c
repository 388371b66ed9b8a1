/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asynchronous events (5.2) and log pages (5.14). An event of a type is told once; then its type is
 * quiet until its log page has been read.
 */
#include "modules/nvme/nvme.h"

#define KELVIN_NOW 323u
#define NOTICE     2u

/* --- Events --- */

static void tell(Nvme *nvme)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < nvme->n_pending; i++) {
        uint32_t event = nvme->pending[i], type = event & 7;

        if (nvme->n_events == 0 || (nvme->masked_events & 1u << type) != 0) {
            nvme->pending[kept++] = event;
            continue;
        }
        NvmeRequest *request = nvme->events[--nvme->n_events];

        nvme->masked_events |= (uint8_t)(1u << type);
        request->result = event;
        nvme_complete(request, NVME_SUCCESS);
    }
    nvme->n_pending = kept;
}

void nvme_event(Nvme *nvme, uint32_t event)
{
    for (uint32_t i = 0; i < nvme->n_pending; i++) {
        if (nvme->pending[i] == event) {
            return;
        }
    }
    if (nvme->n_pending < NVME_PENDING_MAX) {
        nvme->pending[nvme->n_pending++] = event;
        tell(nvme);
    }
}

void nvme_async_event(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;

    if (nvme->n_events == NVME_EVENTS_MAX) {
        nvme_complete(request, NVME_TOO_MANY_EVENTS);
        return;
    }
    nvme->events[nvme->n_events++] = request;
    tell(nvme);
}

void nvme_namespace_changed(Nvme *nvme, uint32_t nsid)
{
    nvme->changed[nsid / 32] |= 1u << nsid % 32;
    if ((nvme->features.events & 1u << 8) != 0) {
        nvme_event(nvme, NVME_EVENT_NAMESPACES);
    }
}

void nvme_note_error(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;
    NvmeError *error = &nvme->errors[nvme->n_errors % NVME_ERRORS_MAX];

    *error = (NvmeError){
        .count = ++nvme->n_errors,
        .lba = request->sq->id != 0 ? get64(request->command + 40) : 0,
        .nsid = get32(request->command + 4),
        .sqid = request->sq->id,
        .cid = get16(request->command + 2),
        .status = request->status,
    };
}

/* --- Pages --- */

/* Figure 198: the newest first */
static uint32_t put_errors(Nvme *nvme, uint8_t *page)
{
    for (uint64_t i = 0; i < MIN(nvme->n_errors, NVME_ERRORS_MAX); i++) {
        const NvmeError *error = &nvme->errors[(nvme->n_errors - 1 - i) % NVME_ERRORS_MAX];
        uint8_t *at = page + 64 * i;

        put64(at, error->count);
        put16(at + 8, error->sqid);
        put16(at + 10, error->cid);
        put16(at + 12, (uint32_t)error->status << 1);
        put16(at + 14, UINT16_MAX); /* no place in the command in particular */
        put64(at + 16, error->lba);
        put32(at + 24, error->nsid);
    }
    return 64 * NVME_ERRORS_MAX;
}

/* Figure 199: units are 1000 times 512 bytes, rounded up */
static uint32_t put_health(Nvme *nvme, uint8_t *page)
{
    put16(page + 1, KELVIN_NOW);
    page[3] = 100; /* spare that is left, and when it would be little, in percent */
    page[4] = 10;
    put64(page + 32, (nvme->units_read + 511999) / 512000);
    put64(page + 48, (nvme->units_written + 511999) / 512000);
    put64(page + 64, nvme->n_reads);
    put64(page + 80, nvme->n_writes);
    put64(page + 112, 1); /* power cycles */
    put64(page + 176, nvme->n_errors);
    return 512;
}

/* Figure 200 */
static uint32_t put_firmware(Nvme *nvme, uint8_t *page)
{
    (void)nvme;
    page[0] = 1;
    memcpy(page + 8, "1.0     ", 8);
    return 512;
}

static uint32_t put_changed(Nvme *nvme, uint8_t *page)
{
    uint32_t n = 0;

    for (uint32_t nsid = 1; nsid <= NVME_NAMESPACES_MAX; nsid++) {
        if ((nvme->changed[nsid / 32] & 1u << nsid % 32) != 0) {
            put32(page + 4 * (uint64_t)n++, nsid);
        }
    }
    return 4096;
}

/* Figure 203: which commands there are, and which change what is on a namespace */
static uint32_t put_effects(Nvme *nvme, uint8_t *page)
{
    static const uint8_t admin[] = {ADMIN_DELETE_SQ,   ADMIN_CREATE_SQ,      ADMIN_GET_LOG_PAGE,
                                    ADMIN_DELETE_CQ,   ADMIN_CREATE_CQ,      ADMIN_IDENTIFY,
                                    ADMIN_ABORT,       ADMIN_SET_FEATURES,   ADMIN_GET_FEATURES,
                                    ADMIN_ASYNC_EVENT, ADMIN_DOORBELL_BUFFER};

    (void)nvme;
    for (guint i = 0; i < G_N_ELEMENTS(admin); i++) {
        put32(page + 4 * (uint64_t)admin[i], 1);
    }
    put32(page + 1024 + 4 * NVM_FLUSH, 3);
    put32(page + 1024 + 4 * NVM_WRITE, 3);
    put32(page + 1024 + 4 * NVM_READ, 1);
    put32(page + 1024 + 4 * NVM_COMPARE, 1);
    put32(page + 1024 + 4 * NVM_WRITE_ZEROES, 3);
    put32(page + 1024 + 4 * NVM_DATASET_MANAGEMENT, 3);
    return 4096;
}

static const struct {
    uint8_t number;
    uint8_t event; /* type that is told again when the page has been read; 0xff: none */
    uint32_t (*put)(Nvme *nvme, uint8_t *page);
} pages[] = {
    {LOG_ERRORS,   0,      put_errors  },
    {LOG_HEALTH,   1,      put_health  },
    {LOG_FIRMWARE, 0xff,   put_firmware},
    {LOG_CHANGED,  NOTICE, put_changed },
    {LOG_EFFECTS,  0xff,   put_effects },
};

static void page_was_read(Nvme *nvme, guint n)
{
    if (pages[n].number == LOG_CHANGED) {
        memset(nvme->changed, 0, sizeof(nvme->changed));
    }
    if (pages[n].event != 0xff) {
        nvme->masked_events &= (uint8_t) ~(1u << pages[n].event);
        tell(nvme);
    }
}

void nvme_get_log_page(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;
    const uint8_t *command = request->command;
    uint64_t bytes = ((uint64_t)(get16(command + 44)) << 16 | get16(command + 42)) * 4 + 4;
    uint64_t offset = get64(command + 48);
    uint8_t page[4096] = {0};
    uint32_t status = NVME_INVALID_LOG_PAGE;
    gboolean retain = (command[41] & 0x80) != 0;
    guint n = 0;

    while (n < G_N_ELEMENTS(pages) && pages[n].number != command[40]) {
        n++;
    }
    if (n < G_N_ELEMENTS(pages)) {
        uint32_t there = pages[n].put(nvme, page);

        status = offset % 4 != 0 || offset > there
                     ? NVME_INVALID_FIELD
                     : nvme_reply(request, page + offset, MIN(bytes, there - offset));
    }
    nvme_complete(request, status);
    if (status == NVME_SUCCESS && !retain) {
        page_was_read(nvme, n);
    }
}
