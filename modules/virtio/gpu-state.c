/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots. Pixels are saved as they are, the guest's memory by its addresses; it is mapped again
 * when the whole machine has been loaded. What is loaded is held to the same limits as what a
 * driver asks for.
 */
#include "modules/virtio/gpu.h"

/* Numbers of one resource. */
typedef struct Saved {
    uint64_t id, blob, blob_size, format, width, height, n_entries, n_backing;
} Saved;

static int by_id(gconstpointer a, gconstpointer b)
{
    uint32_t one = GPOINTER_TO_UINT(a), other = GPOINTER_TO_UINT(b);

    return (one > other) - (one < other);
}

static uint64_t pixel_bytes(const Saved *saved)
{
    return saved->blob ? 0 : saved->width * saved->height * 4;
}

static uint64_t cost(const Saved *saved)
{
    return sizeof(GpuResource) + pixel_bytes(saved) +
           (saved->n_entries != 0 ? gpu_list_bytes((uint32_t)saved->n_entries) : 0);
}

static gboolean is_good(const Saved *saved, uint64_t left)
{
    return saved->id != 0 && saved->id <= UINT32_MAX && saved->format < QH_PIXEL_R8G8B8 &&
           saved->width <= QH_DISPLAY_MAX_SIDE && saved->height <= QH_DISPLAY_MAX_SIDE &&
           (saved->blob != 0 || (saved->width != 0 && saved->height != 0)) &&
           saved->n_entries <= 1u << 20 && saved->n_backing <= 2 * saved->n_entries &&
           cost(saved) <= left;
}

static void stream_saved(QhStateStream *stream, Saved *saved)
{
    uint64_t *numbers = (uint64_t *)saved;

    for (uint32_t i = 0; i < sizeof(*saved) / sizeof(*numbers); i++) {
        numbers[i] = stream->number(stream, numbers[i]);
    }
}

static Saved describe(const GpuResource *resource)
{
    return (Saved){
        .id = resource->id,
        .blob = resource->blob,
        .blob_size = resource->blob_size,
        .format = resource->image.format,
        .width = resource->image.width,
        .height = resource->image.height,
        .n_entries = resource->n_backing != 0 ? resource->n_entries : 0,
        .n_backing = resource->n_backing,
    };
}

static GpuResource *make(VirtioGpu *gpu, const Saved *saved)
{
    GpuResource *resource = g_new0(GpuResource, 1);

    resource->id = (uint32_t)saved->id;
    resource->blob = saved->blob != 0;
    resource->blob_size = saved->blob_size;
    resource->charge = cost(saved);
    gpu->hostmem += resource->charge;
    if (!resource->blob) {
        resource->image = (GpuImage){(uint32_t)saved->format, (uint32_t)saved->width,
                                     (uint32_t)saved->height, (uint32_t)saved->width * 4, 0};
        resource->pixels = g_malloc0(pixel_bytes(saved));
    }
    resource->n_entries = (uint32_t)saved->n_entries;
    resource->n_backing = (uint32_t)saved->n_backing;
    resource->backing =
        saved->n_entries != 0 ? g_malloc0(gpu_list_bytes(resource->n_entries)) : NULL;
    g_hash_table_replace(gpu->resources, GUINT_TO_POINTER(resource->id), resource);
    return resource;
}

/* One resource; @resource is the one to save, NULL otherwise. */
static void
stream_resource(VirtioGpu *gpu, QhStateStream *stream, GpuResource *resource, uint64_t *left)
{
    Saved saved = {0};

    if (resource != NULL) {
        saved = describe(resource);
    }
    stream_saved(stream, &saved);
    if (!stream->ok(stream)) {
        return;
    }
    if (stream->mode != QH_STATE_SAVE && !is_good(&saved, *left)) {
        stream->fail(stream, "a picture that cannot be");
        return;
    }
    *left -= MIN(*left, cost(&saved));
    if (stream->mode == QH_STATE_LOAD && gpu_resource_find(gpu, (uint32_t)saved.id) == NULL) {
        resource = make(gpu, &saved);
    }
    stream->bytes(stream, resource != NULL ? resource->pixels : NULL, pixel_bytes(&saved));
    for (uint64_t i = 0; i < saved.n_backing && stream->ok(stream); i++) {
        GpuSpan *span = resource != NULL ? &resource->backing[i] : NULL;
        uint64_t address = stream->number(stream, span != NULL ? span->address : 0);
        uint64_t bytes = stream->number(stream, span != NULL ? span->bytes : 0);

        if (bytes == 0 || bytes > UINT32_MAX) {
            stream->fail(stream, "a picture in memory that cannot be");
        } else if (stream->mode == QH_STATE_LOAD && span != NULL) {
            *span = (GpuSpan){address, resource->backing_bytes, bytes, NULL};
            resource->backing_bytes += bytes;
        }
    }
}

static void stream_head(GpuHead *head, QhStateStream *stream)
{
    GpuHead loaded = *head;

    stream->bytes(stream, &loaded.enabled,
                  sizeof(GpuHead) - offsetof(GpuHead, enabled)); /* numbers only */
    if (stream->mode == QH_STATE_LOAD) {
        *head = loaded;
        head->hot_x = MIN(head->hot_x, VIRTIO_GPU_CURSOR - 1);
        head->hot_y = MIN(head->hot_y, VIRTIO_GPU_CURSOR - 1);
    }
}

void gpu_stream(VirtioDevice *device, QhStateStream *stream)
{
    VirtioGpu *gpu = (VirtioGpu *)device;
    g_autoptr(GList) ids = g_list_sort(g_hash_table_get_keys(gpu->resources), by_id);
    uint64_t n = stream->number(stream, g_list_length(ids)), left = gpu->max_hostmem;
    const GList *next = ids;

    if (stream->mode == QH_STATE_LOAD) {
        gpu_resource_free_all(gpu);
    }
    for (uint64_t i = 0; i < n && stream->ok(stream); i++) {
        GpuResource *resource = NULL;

        if (stream->mode == QH_STATE_SAVE) {
            resource = gpu_resource_find(gpu, GPOINTER_TO_UINT(next->data));
            next = next->next;
        }
        stream_resource(gpu, stream, resource, &left);
    }
    stream->same(stream, gpu->max_outputs, "the number of screens");
    stream->bytes(stream, &gpu->events, sizeof(gpu->events));
    for (uint32_t i = 0; i < gpu->max_outputs; i++) {
        stream_head(&gpu->heads[i], stream);
    }
}

static void map_again(VirtioGpu *gpu, GpuResource *resource)
{
    for (uint32_t i = 0; i < resource->n_backing; i++) {
        GpuSpan *span = &resource->backing[i];
        uint64_t got = span->bytes;

        span->base = virtio_device_map(&gpu->virtio, span->address, &got, FALSE);
        if (span->base != NULL && got < span->bytes) {
            virtio_device_unmap(&gpu->virtio, g_steal_pointer(&span->base), got, 0);
        }
        if (span->base == NULL) {
            virtio_guest_error(&gpu->virtio, "the memory of a picture is gone");
            gpu_resource_detach(gpu, resource);
        }
    }
}

/* Whether what a head shows is there; a file can say anything. */
static gboolean can_show(const VirtioGpu *gpu, const GpuHead *head)
{
    const GpuResource *resource = gpu_resource_find(gpu, head->resource);
    const GpuImage *image = &head->image;

    if (resource == NULL || image->width > QH_DISPLAY_MAX_SIDE ||
        image->height > QH_DISPLAY_MAX_SIDE || image->format >= QH_PIXEL_R8G8B8 ||
        !gpu_image_holds(image, &head->rect)) {
        return FALSE;
    }
    return resource->blob ? gpu_image_fits(resource, image)
                          : memcmp(image, &resource->image, sizeof(*image)) == 0;
}

void gpu_loaded(VirtioDevice *device)
{
    VirtioGpu *gpu = (VirtioGpu *)device;
    GHashTableIter iter;
    gpointer resource;

    g_hash_table_iter_init(&iter, gpu->resources);
    while (g_hash_table_iter_next(&iter, NULL, &resource)) {
        map_again(gpu, resource);
    }
    for (uint32_t i = 0; i < gpu->max_outputs; i++) {
        if (!can_show(gpu, &gpu->heads[i])) {
            gpu->heads[i].resource = 0;
        }
        gpu_show_again(&gpu->heads[i]);
    }
}
