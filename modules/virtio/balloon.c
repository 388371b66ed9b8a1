/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver puts numbers of pages into the inflate queue: the host gives up the memory behind
 * them, and they read as zero when the guest takes them back. With free page reporting it does the
 * same for pages that are free at the moment.
 */
#include "modules/virtio/balloon.h"

#include <sys/mman.h>

#define PAGE_BYTES  4096u
#define PAGE_SHIFT  12u
#define QUEUE_SIZE  128u
#define REPORT_SIZE 32u
#define STAT_BYTES  10u
#define PIECE       64u /* page numbers read at a time */
#define NS_PER_S    G_GINT64_CONSTANT(1000000000)

enum { F_MUST_TELL = 0, F_STATS = 1, F_DEFLATE_ON_OOM = 2, F_PAGE_POISON = 4, F_REPORTING = 5 };
enum { Q_INFLATE = 0, Q_DEFLATE = 1 };
enum { C_NUM_PAGES = 0, C_ACTUAL = 4, C_POISON = 12, CONFIG_BYTES = 16 };

static VirtioBalloon *balloon_of(VirtioDevice *device)
{
    return (VirtioBalloon *)device;
}

/* Guest RAM is a shared file of memory: a hole in it gives the memory back. What is no such file
 * keeps it, which does no harm. */
static void give_up(void *base, uint64_t bytes)
{
    uintptr_t from = ((uintptr_t)base + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
    uintptr_t to = ((uintptr_t)base + bytes) & ~(uintptr_t)(PAGE_BYTES - 1);

    if (to > from) {
        (void)madvise((void *)from, to - from, MADV_REMOVE);
    }
}

/* A run of pages that follow each other. */
typedef struct PageRun {
    uint64_t address, bytes;
} PageRun;

static void give_up_run(VirtioDevice *device, PageRun *run)
{
    while (run->bytes > 0) {
        uint64_t got = run->bytes;
        void *base = virtio_device_map(device, run->address, &got, TRUE);

        if (base == NULL) {
            virtio_guest_error(device, "a page for the balloon is not RAM");
            break;
        }
        give_up(base, got);
        virtio_device_unmap(device, base, got, got);
        run->address += got;
        run->bytes -= got;
    }
    run->bytes = 0;
}

static gboolean take_inflate(VirtioChain *chain)
{
    VirtioDevice *device = chain->queue->device;
    uint8_t piece[PIECE * 4];
    PageRun run = {0, 0};
    uint64_t at = 0, got;

    while ((got = virtio_chain_read(chain, at, piece, sizeof(piece)) / 4) > 0) {
        for (uint64_t i = 0; i < got; i++) {
            uint64_t address = (uint64_t)virtio_get32(piece + 4 * i) << PAGE_SHIFT;

            if (run.bytes != 0 && address == run.address + run.bytes) {
                run.bytes += PAGE_BYTES;
                continue;
            }
            give_up_run(device, &run);
            run = (PageRun){address, PAGE_BYTES};
        }
        at += 4 * got;
    }
    give_up_run(device, &run);
    virtio_queue_push(chain, 0);
    return TRUE;
}

/* The memory is there as soon as the guest touches it. */
static gboolean take_deflate(VirtioChain *chain)
{
    virtio_queue_push(chain, 0);
    return TRUE;
}

/* 5.5.6.7: the parts are the free pages; they may lose their contents, unless poison must stay. */
static gboolean take_report(VirtioChain *chain)
{
    VirtioBalloon *balloon = balloon_of(chain->queue->device);
    gboolean keep = virtio_has(&balloon->virtio, F_PAGE_POISON) && balloon->poison != 0;

    for (uint32_t i = 0; i < chain->n_in && !keep; i++) {
        give_up(chain->in[i].base, chain->in[i].bytes);
    }
    virtio_queue_push(chain, keep ? 0 : chain->in_bytes);
    return TRUE;
}

/* --- Statistics --- */

static void arm(VirtioBalloon *balloon)
{
    const VirtioServices *services = balloon->virtio.services;

    if (balloon->polling_s != 0) {
        services->timer->arm(balloon->timer,
                             services->timer->now(services->host, QH_CLOCK_VIRTUAL) +
                                 balloon->polling_s * NS_PER_S);
    } else {
        services->timer->disarm(balloon->timer);
    }
}

/* 5.5.6.3: giving the buffer back asks for new figures. */
static void on_poll(void *opaque)
{
    VirtioBalloon *balloon = opaque;

    if (balloon->stats_chain != NULL) {
        virtio_queue_push(g_steal_pointer(&balloon->stats_chain), 0);
        virtio_queue_flush(balloon->stats_queue);
    } else {
        arm(balloon);
    }
}

static gboolean take_stats(VirtioChain *chain)
{
    VirtioBalloon *balloon = balloon_of(chain->queue->device);
    uint8_t row[STAT_BYTES];

    for (uint64_t at = 0; virtio_chain_read(chain, at, row, sizeof(row)) == sizeof(row) &&
                          at < VIRTIO_BALLOON_STATS * STAT_BYTES;
         at += STAT_BYTES) {
        uint32_t tag = virtio_get16(row);

        if (tag < VIRTIO_BALLOON_STATS) {
            balloon->stats[tag] = virtio_get64(row + 2);
        }
    }
    if (balloon->stats_chain != NULL) {
        virtio_queue_push(g_steal_pointer(&balloon->stats_chain), 0);
    }
    balloon->stats_at_s = g_get_real_time() / G_USEC_PER_SEC;
    balloon->stats_chain = chain;
    arm(balloon);
    return TRUE;
}

/* The figures by the names that management layers know; all ones is "not known" (5.5.6.4). */
static char *show(VirtioDevice *device, const char *name)
{
    static const char *const names[VIRTIO_BALLOON_STATS] = {
        "swap-in",      "swap-out",     "major-faults",     "minor-faults",
        "free-memory",  "total-memory", "available-memory", "disk-caches",
        "htlb-pgalloc", "htlb-pgfail",  "oom-kills",        "alloc-stalls",
        "async-scans",  "direct-scans", "async-reclaims",   "direct-reclaims",
    };
    const VirtioBalloon *balloon = balloon_of(device);

    if (name == NULL) {
        return g_strdup("guest-stats");
    }
    if (!g_str_equal(name, "guest-stats")) {
        return NULL;
    }
    GString *text = g_string_new("{\"stats\": {");
    for (guint i = 0; i < VIRTIO_BALLOON_STATS; i++) {
        g_string_append_printf(text, "%s\"stat-%s\": %" G_GUINT64_FORMAT, i > 0 ? ", " : "",
                               names[i], balloon->stats[i]);
    }
    g_string_append_printf(text, "}, \"last-update\": %" G_GINT64_FORMAT "}", balloon->stats_at_s);
    return g_string_free(text, FALSE);
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    VirtioBalloon *balloon = balloon_of(device);

    if (queue->index == Q_INFLATE) {
        virtio_queue_run(queue, take_inflate);
    } else if (queue->index == Q_DEFLATE) {
        virtio_queue_run(queue, take_deflate);
    } else if (queue == balloon->stats_queue) {
        virtio_queue_run(queue, take_stats);
    } else if (queue == balloon->reporting_queue) {
        virtio_queue_run(queue, take_report);
    }
}

/* --- Configuration --- */

static uint32_t wanted_pages(const VirtioBalloon *balloon)
{
    if (balloon->target == 0 || balloon->target >= balloon->ram_bytes) {
        return 0;
    }
    return (uint32_t)((balloon->ram_bytes - balloon->target) >> PAGE_SHIFT);
}

uint64_t virtio_balloon_actual(const VirtioBalloon *balloon)
{
    return balloon->ram_bytes - ((uint64_t)balloon->actual << PAGE_SHIFT);
}

static void read_config(VirtioDevice *device, uint8_t *config)
{
    const VirtioBalloon *balloon = balloon_of(device);

    virtio_put32(config + C_NUM_PAGES, wanted_pages(balloon));
    virtio_put32(config + C_ACTUAL, balloon->actual);
    virtio_put32(config + C_POISON, balloon->poison);
}

static void
write_config(VirtioDevice *device, const uint8_t *config, uint32_t offset, uint32_t bytes)
{
    VirtioBalloon *balloon = balloon_of(device);
    uint32_t actual = virtio_get32(config + C_ACTUAL);
    uint64_t most = balloon->ram_bytes >> PAGE_SHIFT;

    (void)bytes;
    if (offset >= C_POISON) {
        balloon->poison = virtio_get32(config + C_POISON);
    } else if (offset >= C_ACTUAL && actual != balloon->actual) {
        balloon->actual = (uint32_t)MIN(actual, most);
        g_autofree char *json =
            g_strdup_printf("{\"actual\": %" G_GUINT64_FORMAT "}", virtio_balloon_actual(balloon));
        /* a host whose schema has no such event does without */
        (void)device->services->event->emit(device->services->host, "BALLOON_CHANGE", json, NULL);
    }
}

static void reset(VirtioDevice *device)
{
    VirtioBalloon *balloon = balloon_of(device);

    if (balloon->stats_chain != NULL) {
        virtio_queue_push(g_steal_pointer(&balloon->stats_chain), 0);
    }
    balloon->actual = 0;
    balloon->poison = 0;
    memset(balloon->stats, 0xff, sizeof(balloon->stats));
}

static gboolean property_changed(VirtioDevice *device, const char *property, GError **error)
{
    VirtioBalloon *balloon = balloon_of(device);

    if (g_str_equal(property, "target")) {
        virtio_config_changed(device);
        return TRUE;
    }
    if (g_str_equal(property, "guest-stats-polling-interval")) {
        arm(balloon);
        return TRUE;
    }
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                "property '%s' of '%s' cannot be changed any more", property, device->base.id);
    return FALSE;
}

/* --- Life --- */

static gboolean realize(VirtioDevice *device, GError **error)
{
    VirtioBalloon *balloon = balloon_of(device);
    const VirtioServices *services = device->services;
    VirtioShared *shared = ((const VirtioContext *)device->base.ctx)->shared;

    if (shared->balloon != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot realize '%s': there is a balloon already", device->base.id);
        return FALSE;
    }
    balloon->ram_bytes = services->machine->config(device->base.machine)->ram_bytes;
    virtio_queue_add(device, QUEUE_SIZE, sizeof(VirtioChain));
    virtio_queue_add(device, QUEUE_SIZE, sizeof(VirtioChain));
    balloon->stats_queue = virtio_queue_add(device, QUEUE_SIZE, sizeof(VirtioChain));
    device->offered = VIRTIO_BIT(F_STATS);
    device->offered |= balloon->deflate_on_oom ? VIRTIO_BIT(F_DEFLATE_ON_OOM) : 0;
    device->offered |= balloon->page_poison ? VIRTIO_BIT(F_PAGE_POISON) : 0;
    if (balloon->free_page_reporting) {
        balloon->reporting_queue = virtio_queue_add(device, REPORT_SIZE, sizeof(VirtioChain));
        device->offered |= VIRTIO_BIT(F_REPORTING);
    }
    device->config_bytes = CONFIG_BYTES;
    balloon->timer = services->timer->timer_new(services->host, QH_CLOCK_VIRTUAL, on_poll, balloon);
    shared->balloon = balloon;
    return TRUE;
}

static void unrealize(VirtioDevice *device)
{
    VirtioShared *shared = ((const VirtioContext *)device->base.ctx)->shared;

    reset(device);
    device->services->timer->timer_free(balloon_of(device)->timer);
    if (shared->balloon == balloon_of(device)) {
        shared->balloon = NULL;
    }
}

static void stream_state(VirtioDevice *device, QhStateStream *stream)
{
    VirtioBalloon *balloon = balloon_of(device);

    stream->bytes(stream, &balloon->actual, sizeof(balloon->actual));
    stream->bytes(stream, &balloon->poison, sizeof(balloon->poison));
    stream->bytes(stream, balloon->stats, sizeof(balloon->stats));
    virtio_chain_stream(device, stream, &balloon->stats_chain);
}

const VirtioFunction virtio_balloon = {
    .name = "balloon",
    .device_id = VIRTIO_ID_BALLOON,
    .transitional_id = 0x1002,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .read_config = read_config,
    .write_config = write_config,
    .kick = kick,
    .property_changed = property_changed,
    .show = show,
    .stream = stream_state,
};
