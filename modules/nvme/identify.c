/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identify (5.15): the controller, its namespaces, and what lists there are of them. */
#include "modules/nvme/nvme.h"

#define PAGE_BYTES 4096u

enum {
    CNS_NAMESPACE = 0x00,
    CNS_CONTROLLER = 0x01,
    CNS_ACTIVE_LIST = 0x02,
    CNS_DESCRIPTORS = 0x03,
    CNS_ALLOCATED_LIST = 0x10,
    CNS_ALLOCATED = 0x11,
    CNS_CONTROLLERS_OF = 0x12,
    CNS_CONTROLLERS = 0x13,
};

static void put_text(uint8_t *at, const char *text, size_t bytes)
{
    memset(at, ' ', bytes);
    memcpy(at, text, MIN(strlen(text), bytes));
}

/* Figure 247 */
static void put_controller(const Nvme *nvme, uint8_t *page)
{
    put16(page, 0x1b36);
    put16(page + 2, 0x1af4);
    put_text(page + 4, nvme->serial, 20);
    put_text(page + 24, "QEMU NVMe Ctrl", 40);
    put_text(page + 64, "1.0", 8);
    page[72] = 6; /* recommended arbitration burst */
    page[77] = nvme->mdts;
    put32(page + 80, 0x00010400);
    put32(page + 92, 1u << 8);  /* namespace attribute notices */
    page[111] = 1;              /* an I/O controller */
    put16(page + 256, 1u << 8); /* doorbell buffers */
    page[258] = 3;              /* aborts at a time, less one */
    page[259] = NVME_EVENTS_MAX - 1;
    page[260] = 1 << 1 | 1;      /* one slot of firmware, which cannot be written */
    page[261] = 1 << 1 | 1 << 2; /* log pages: effects, pieces */
    page[262] = NVME_ERRORS_MAX - 1;
    put16(page + 266, 343); /* warning and critical temperature, in kelvin */
    put16(page + 268, 373);
    page[512] = 0x66; /* entries of queues are 64 and 16 bytes */
    page[513] = 0x44;
    put32(page + 516, NVME_NAMESPACES_MAX);
    /* compare, dataset management, write zeroes, select of features, timestamp */
    put16(page + 520, 1u << 0 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6);
    page[525] = 1 | 3 << 1;           /* a volatile write cache; a flush may name all namespaces */
    put32(page + 536, 1u | 1u << 18); /* SGLs of any alignment, longer than need be */
    g_snprintf((char *)page + 768, 256, "nqn.2019-08.org.qemu:%s", nvme->serial);
    put16(page + 2048, 2500); /* power state 0: 25 W */
}

static uint8_t log2_of(uint32_t bytes)
{
    return (uint8_t)__builtin_ctz(bytes);
}

/* Figure 245 */
static void put_namespace(const NvmeNamespace *ns, uint8_t *page)
{
    uint64_t blocks = nvme_namespace_blocks(ns);
    uint32_t granule = ns->discard_granularity != UINT32_MAX ? ns->discard_granularity : 4096;
    uint32_t preferred = MAX(ns->physical_block_bytes / ns->block_bytes, 1);

    put64(page, blocks);
    put64(page + 8, blocks);
    put64(page + 16, blocks);
    page[24] = 1u << 4; /* what is preferred for reads and writes is below */
    page[33] = 1u << 3; /* write zeroes may give up space */
    put16(page + 64, preferred - 1);
    put16(page + 66, preferred - 1);
    put16(page + 68, MIN(MAX(granule / ns->block_bytes, 1) - 1, UINT16_MAX));
    put16(page + 70, MIN(MAX(granule / ns->block_bytes, 1) - 1, UINT16_MAX));
    page[99] = (ns->info.flags & QH_BLOCK_INFO_READ_ONLY) != 0;
    memcpy(page + 104, ns->id_nguid, 16);
    put64(page + 120, GUINT64_SWAP_LE_BE(ns->eui64));
    page[128 + 2] = log2_of(ns->block_bytes);
}

/* Namespaces above @nsid. */
static void put_list(const Nvme *nvme, uint32_t nsid, uint8_t *page)
{
    uint32_t n = 0;

    for (uint32_t i = MIN(nsid, NVME_NAMESPACES_MAX) + 1; i <= NVME_NAMESPACES_MAX; i++) {
        if (nvme->namespaces[i] != NULL) {
            put32(page + 4 * (uint64_t)n++, i);
        }
    }
}

static gboolean is_set(const uint8_t id[16])
{
    static const uint8_t none[16];

    return memcmp(id, none, sizeof(none)) != 0;
}

static uint8_t *put_id(uint8_t *at, uint8_t type, const void *id, uint8_t bytes)
{
    at[0] = type;
    at[1] = bytes;
    memcpy(at + 4, id, bytes);
    return at + 4 + bytes;
}

/* Figure 246 */
static void put_descriptors(const NvmeNamespace *ns, uint8_t *at)
{
    uint64_t eui64 = GUINT64_TO_BE(ns->eui64);

    if (eui64 != 0) {
        at = put_id(at, 1, &eui64, 8);
    }
    if (is_set(ns->id_nguid)) {
        at = put_id(at, 2, ns->id_nguid, 16);
    }
    put_id(at, 3, ns->id_uuid, 16);
}

/* Of one namespace; one that could be and is not reads as zeroes. */
static uint32_t of_namespace(const Nvme *nvme, uint32_t cns, uint32_t nsid, uint8_t *page)
{
    const NvmeNamespace *ns = nvme_namespace(nvme, nsid);

    if (nsid == NVME_ALL_NAMESPACES && cns == CNS_NAMESPACE) { /* what all have in common */
        page[128 + 2] = 9;
        return NVME_SUCCESS;
    }
    if (nsid == 0 || nsid > NVME_NAMESPACES_MAX) {
        return NVME_INVALID_NAMESPACE;
    }
    if (ns == NULL) {
        return cns == CNS_DESCRIPTORS ? NVME_INVALID_NAMESPACE : NVME_SUCCESS;
    }
    if (cns == CNS_DESCRIPTORS) {
        put_descriptors(ns, page);
    } else {
        put_namespace(ns, page);
    }
    return NVME_SUCCESS;
}

static uint32_t fill(const Nvme *nvme, const uint8_t *command, uint8_t *page)
{
    uint32_t nsid = get32(command + 4), cns = command[40];

    switch (cns) {
    case CNS_CONTROLLER:
        put_controller(nvme, page);
        return NVME_SUCCESS;
    case CNS_NAMESPACE:
    case CNS_DESCRIPTORS:
    case CNS_ALLOCATED:
        return of_namespace(nvme, cns, nsid, page);
    case CNS_ACTIVE_LIST:
    case CNS_ALLOCATED_LIST:
        if (nsid >= NVME_ALL_NAMESPACES - 1) {
            return NVME_INVALID_NAMESPACE;
        }
        put_list(nvme, nsid, page);
        return NVME_SUCCESS;
    case CNS_CONTROLLERS_OF:
    case CNS_CONTROLLERS: /* there is one, number 0 */
        if (cns == CNS_CONTROLLERS_OF && nvme_namespace(nvme, nsid) == NULL) {
            return NVME_INVALID_NAMESPACE;
        }
        put16(page, get16(command + 42) == 0);
        return NVME_SUCCESS;
    default:
        return NVME_INVALID_FIELD;
    }
}

void nvme_identify(NvmeRequest *request)
{
    uint8_t page[PAGE_BYTES] = {0};
    uint32_t status = fill(request->sq->nvme, request->command, page);

    if (status == NVME_SUCCESS) {
        status = nvme_reply(request, page, sizeof(page));
    }
    nvme_complete(request, status);
}
