/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Admin commands (5): queues, aborts; the others are told apart here. */
#include "modules/nvme/nvme.h"

#define CREATE_PC  1u /* physically contiguous; CAP.CQR says that nothing else is there */
#define CREATE_IEN 2u

static void create_cq(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;
    const uint8_t *command = request->command;
    uint32_t id = get16(command + 40), size = get16(command + 42) + 1u;
    uint32_t flags = get32(command + 44), vector = flags >> 16;
    uint64_t address = get64(command + 24);

    if (id == 0 || id > nvme->max_queues || nvme->cqs[id] != NULL) {
        nvme_complete(request, NVME_INVALID_QUEUE);
    } else if (size < 2 || size > NVME_QUEUE_ENTRIES) {
        nvme_complete(request, NVME_INVALID_QUEUE_SIZE);
    } else if ((flags & CREATE_PC) == 0 || (nvme->cc >> 20 & 0xf) != 4) {
        nvme_complete(request, NVME_INVALID_FIELD);
    } else if (address % nvme->page_bytes != 0) {
        nvme_complete(request, NVME_INVALID_PRP_OFFSET);
    } else if (vector >= nvme->n_vectors && vector != 0) {
        nvme_complete(request, NVME_INVALID_VECTOR);
    } else if ((nvme->cqs[id] = nvme_cq_new(nvme, (uint16_t)id, address, size)) == NULL) {
        nvme_complete(request, NVME_TRANSFER_ERROR | NVME_DNR);
    } else {
        nvme->cqs[id]->irq_enabled = (flags & CREATE_IEN) != 0;
        nvme->cqs[id]->vector = (uint16_t)vector;
        nvme_complete(request, NVME_SUCCESS);
    }
}

static void create_sq(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;
    const uint8_t *command = request->command;
    uint32_t id = get16(command + 40), size = get16(command + 42) + 1u;
    uint32_t flags = get32(command + 44), cq = flags >> 16;
    uint64_t address = get64(command + 24);

    if (cq == 0 || cq > nvme->max_queues || nvme->cqs[cq] == NULL) {
        nvme_complete(request, NVME_INVALID_CQ);
    } else if (id == 0 || id > nvme->max_queues || nvme->sqs[id] != NULL) {
        nvme_complete(request, NVME_INVALID_QUEUE);
    } else if (size < 2 || size > NVME_QUEUE_ENTRIES) {
        nvme_complete(request, NVME_INVALID_QUEUE_SIZE);
    } else if ((flags & CREATE_PC) == 0 || (nvme->cc >> 16 & 0xf) != 6) {
        nvme_complete(request, NVME_INVALID_FIELD);
    } else if (address % nvme->page_bytes != 0) {
        nvme_complete(request, NVME_INVALID_PRP_OFFSET);
    } else if ((nvme->sqs[id] = nvme_sq_new(nvme, (uint16_t)id, nvme->cqs[cq], address, size)) ==
               NULL) {
        nvme_complete(request, NVME_TRANSFER_ERROR | NVME_DNR);
    } else {
        nvme_complete(request, NVME_SUCCESS);
    }
}

/* 5.6: it ends when all commands of the queue have. */
static void delete_sq(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;
    uint32_t id = get16(request->command + 40);
    NvmeSq *sq = id <= nvme->max_queues ? nvme->sqs[id] : NULL;

    if (id == 0 || sq == NULL || sq->end != NULL) {
        nvme_complete(request, NVME_INVALID_QUEUE);
    } else if (sq->in_flight > 0) {
        sq->end = request;
        nvme_retry(nvme, sq, FALSE);
    } else {
        nvme->sqs[id] = NULL;
        nvme_sq_free(sq);
        nvme_complete(request, NVME_SUCCESS);
    }
}

static void delete_cq(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;
    uint32_t id = get16(request->command + 40);
    NvmeCq *cq = id <= nvme->max_queues ? nvme->cqs[id] : NULL;

    if (id == 0 || cq == NULL) {
        nvme_complete(request, NVME_INVALID_QUEUE);
    } else if (cq->n_users > 0) {
        nvme_complete(request, NVME_QUEUE_IN_USE);
    } else {
        nvme->cqs[id] = NULL;
        nvme_cq_free(cq);
        nvme_complete(request, NVME_SUCCESS);
    }
}

/* 5.1: what the disk works on is not given up; dword 0 says whether it was. */
static void abort_command(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;
    uint32_t id = get16(request->command + 40), cid = get16(request->command + 42);
    NvmeSq *sq = id <= nvme->max_queues ? nvme->sqs[id] : NULL;
    NvmeRequest *found = sq != NULL ? sq->active : NULL;

    while (found != NULL && (found == request || get16(found->command + 2) != cid)) {
        found = found->next;
    }
    request->result = 1;
    if (found != NULL && found->retry) {
        request->result = 0;
        found->retry = 0;
        nvme_complete(found, NVME_ABORTED);
    }
    nvme_complete(request, sq != NULL ? NVME_SUCCESS : NVME_INVALID_FIELD);
}

static void doorbell_buffer(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;
    uint64_t doorbells = get64(request->command + 24), events = get64(request->command + 32);

    if (doorbells % nvme->page_bytes != 0 || events % nvme->page_bytes != 0) {
        nvme_complete(request, NVME_INVALID_FIELD);
    } else {
        nvme_complete(request, nvme_shadow_start(nvme, doorbells, events)
                                   ? NVME_SUCCESS
                                   : NVME_TRANSFER_ERROR | NVME_DNR);
    }
}

static const struct {
    uint8_t opcode;
    void (*serve)(NvmeRequest *request);
} commands[] = {
    {ADMIN_DELETE_SQ,       delete_sq        },
    {ADMIN_CREATE_SQ,       create_sq        },
    {ADMIN_GET_LOG_PAGE,    nvme_get_log_page},
    {ADMIN_DELETE_CQ,       delete_cq        },
    {ADMIN_CREATE_CQ,       create_cq        },
    {ADMIN_IDENTIFY,        nvme_identify    },
    {ADMIN_ABORT,           abort_command    },
    {ADMIN_SET_FEATURES,    nvme_set_features},
    {ADMIN_GET_FEATURES,    nvme_get_features},
    {ADMIN_ASYNC_EVENT,     nvme_async_event },
    {ADMIN_DOORBELL_BUFFER, doorbell_buffer  },
};

void nvme_admin(NvmeRequest *request)
{
    if ((request->command[1] & 3) != 0) { /* fused */
        nvme_complete(request, NVME_INVALID_FIELD);
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].opcode == request->command[0]) {
            commands[i].serve(request);
            return;
        }
    }
    nvme_complete(request, NVME_INVALID_OPCODE);
}
