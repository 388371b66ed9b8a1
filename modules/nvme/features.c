/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Get and Set Features (5.9, 5.21). None can be saved. */
#include "modules/nvme/nvme.h"

enum {
    FEATURE_ARBITRATION = 0x01,
    FEATURE_POWER = 0x02,
    FEATURE_TEMPERATURE = 0x04,
    FEATURE_RECOVERY = 0x05,
    FEATURE_WRITE_CACHE = 0x06,
    FEATURE_QUEUES = 0x07,
    FEATURE_COALESCING = 0x08,
    FEATURE_VECTOR = 0x09,
    FEATURE_ATOMICITY = 0x0a,
    FEATURE_EVENTS = 0x0b,
    FEATURE_TIMESTAMP = 0x0e,
};
enum { SELECT_CURRENT, SELECT_DEFAULT, SELECT_SAVED, SELECT_SUPPORTED };

#define SAVE            0x80000000u
#define TEMPERATURE     343u /* warning, in kelvin */
#define EVENTS_KNOWN    0x0000011fu
#define TIMESTAMP_BYTES 8u
#define TIMESTAMP_MASK  ((UINT64_C(1) << 48) - 1)

void nvme_features_reset(Nvme *nvme)
{
    nvme->features = (NvmeFeatures){.temperature_over = TEMPERATURE};
}

static gboolean write_cache(const Nvme *nvme)
{
    for (uint32_t i = 1; i <= NVME_NAMESPACES_MAX; i++) {
        if (nvme->namespaces[i] != NULL &&
            (nvme->namespaces[i]->info.flags & QH_BLOCK_INFO_WRITE_CACHE) != 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static void set_write_cache(Nvme *nvme, gboolean on)
{
    for (uint32_t i = 1; i <= NVME_NAMESPACES_MAX; i++) {
        NvmeNamespace *ns = nvme->namespaces[i];

        if (ns != NULL) {
            ns->services->block->set_write_cache(ns->drive, on);
            ns->info.size = sizeof(ns->info);
            ns->services->block->info(ns->drive, &ns->info);
        }
    }
}

/* 5.21.1.14: milliseconds since 1970, or since the controller's reset */
static uint32_t get_timestamp(NvmeRequest *request)
{
    const Nvme *nvme = request->sq->nvme;
    int64_t now = nvme->services->timer->now(nvme->services->host, QH_CLOCK_VIRTUAL) / 1000000;
    uint8_t data[TIMESTAMP_BYTES];

    put64(data, (uint64_t)(now + nvme->features.timestamp_offset) & TIMESTAMP_MASK);
    data[6] = nvme->features.timestamp_set ? 2 : 0; /* set by the host */
    return nvme_reply(request, data, sizeof(data));
}

static uint32_t set_timestamp(NvmeRequest *request)
{
    Nvme *nvme = request->sq->nvme;
    int64_t now = nvme->services->timer->now(nvme->services->host, QH_CLOCK_VIRTUAL) / 1000000;
    uint8_t data[TIMESTAMP_BYTES] = {0};
    uint32_t status = nvme_map(request, sizeof(data), FALSE);

    if (status == NVME_SUCCESS) {
        nvme_copy(request, data, sizeof(data), FALSE);
        nvme->features.timestamp_offset = (int64_t)(get64(data) & TIMESTAMP_MASK) - now;
        nvme->features.timestamp_set = 1;
    }
    return status;
}

/* The value of feature @id for @dword, FALSE: there is no such. */
static gboolean
value_of(const Nvme *nvme, uint32_t id, uint32_t dword, gboolean initial, uint32_t *ret)
{
    NvmeFeatures defaults = {.temperature_over = TEMPERATURE};
    const NvmeFeatures *features = initial ? &defaults : &nvme->features;

    switch (id) {
    case FEATURE_ARBITRATION:
        *ret = features->arbitration;
        return TRUE;
    case FEATURE_POWER: /* the one power state there is */
        *ret = 0;
        return TRUE;
    case FEATURE_TEMPERATURE: /* 5.21.1.4: over or under, of the composite temperature only */
        *ret = (dword >> 16 & 0xf) != 0 ? 0
               : (dword >> 20 & 3) == 0 ? features->temperature_over
                                        : features->temperature_under;
        return TRUE;
    case FEATURE_RECOVERY:
        *ret = features->recovery;
        return TRUE;
    case FEATURE_WRITE_CACHE:
        *ret = initial || write_cache(nvme);
        return TRUE;
    case FEATURE_QUEUES:
        *ret = (nvme->max_queues - 1) << 16 | (nvme->max_queues - 1);
        return TRUE;
    case FEATURE_COALESCING:
        *ret = features->coalescing;
        return TRUE;
    case FEATURE_VECTOR: /* no vector is coalesced */
        *ret = (dword & 0xffff) | 1u << 16;
        return TRUE;
    case FEATURE_ATOMICITY:
        *ret = features->atomicity;
        return TRUE;
    case FEATURE_EVENTS:
        *ret = features->events;
        return TRUE;
    default:
        return FALSE;
    }
}

void nvme_get_features(NvmeRequest *request)
{
    const Nvme *nvme = request->sq->nvme;
    const uint8_t *command = request->command;
    uint32_t id = command[40], select = command[41] & 7, dword = get32(command + 44);
    uint32_t status = NVME_SUCCESS;

    if (select > SELECT_SUPPORTED) {
        status = NVME_INVALID_FIELD;
    } else if (id == FEATURE_VECTOR && (dword & 0xffff) >= MAX(nvme->n_vectors, 1)) {
        status = NVME_INVALID_FIELD;
    } else if (select == SELECT_SUPPORTED && id == FEATURE_TIMESTAMP) {
        request->result = 4; /* changeable */
    } else if (id == FEATURE_TIMESTAMP) {
        status = get_timestamp(request);
    } else if (!value_of(nvme, id, dword, select != SELECT_CURRENT, &request->result)) {
        status = NVME_INVALID_FIELD;
    } else if (select == SELECT_SUPPORTED) {
        request->result = 4 | (id == FEATURE_RECOVERY ? 2 : 0); /* changeable, of namespaces */
    }
    nvme_complete(request, status);
}

static uint32_t set_temperature(Nvme *nvme, uint32_t dword)
{
    uint32_t kind = dword >> 20 & 3, sensor = dword >> 16 & 0xf;

    if (kind > 1 || (sensor > 8 && sensor != 0xf)) {
        return NVME_INVALID_FIELD;
    }
    if (sensor == 0 || sensor == 0xf) {
        *(kind == 0 ? &nvme->features.temperature_over : &nvme->features.temperature_under) =
            dword & 0xffff;
    }
    return NVME_SUCCESS;
}

static uint32_t set(NvmeRequest *request, uint32_t id, uint32_t dword)
{
    Nvme *nvme = request->sq->nvme;

    switch (id) {
    case FEATURE_ARBITRATION:
        nvme->features.arbitration = dword;
        return NVME_SUCCESS;
    case FEATURE_POWER:
        return (dword & 0x1f) == 0 ? NVME_SUCCESS : NVME_INVALID_FIELD;
    case FEATURE_TEMPERATURE:
        return set_temperature(nvme, dword);
    case FEATURE_RECOVERY:
        nvme->features.recovery = dword & 0xffff;
        return NVME_SUCCESS;
    case FEATURE_WRITE_CACHE:
        set_write_cache(nvme, (dword & 1) != 0);
        return NVME_SUCCESS;
    case FEATURE_QUEUES:
        if ((dword & 0xffff) == 0xffff || dword >> 16 == 0xffff) {
            return NVME_INVALID_FIELD;
        }
        request->result = (nvme->max_queues - 1) << 16 | (nvme->max_queues - 1);
        return NVME_SUCCESS;
    case FEATURE_COALESCING: /* accepted; batches of completions share an interrupt as it is */
        nvme->features.coalescing = dword & 0xffff;
        return NVME_SUCCESS;
    case FEATURE_VECTOR:
        return (dword & 0xffff) < MAX(nvme->n_vectors, 1) ? NVME_SUCCESS : NVME_INVALID_FIELD;
    case FEATURE_ATOMICITY:
        nvme->features.atomicity = dword & 1;
        return NVME_SUCCESS;
    case FEATURE_EVENTS:
        nvme->features.events = dword & EVENTS_KNOWN;
        return NVME_SUCCESS;
    case FEATURE_TIMESTAMP:
        return set_timestamp(request);
    default:
        return NVME_INVALID_FIELD;
    }
}

void nvme_set_features(NvmeRequest *request)
{
    uint32_t id = request->command[40];

    nvme_complete(request, (get32(request->command + 40) & SAVE) != 0
                               ? NVME_NOT_SAVEABLE
                               : set(request, id, get32(request->command + 44)));
}
