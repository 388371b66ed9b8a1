/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resources (5.7.6.8). A 2D resource has pixels on the host, which transfers fill from the guest's
 * memory; a blob is the guest's memory itself. Everything that a resource costs the host, also the
 * list of its pieces of memory, is charged against max_hostmem, so a driver cannot make it grow
 * without bounds.
 */
#include "modules/virtio/gpu.h"

#define PIXEL_BYTES   4u
#define ENTRY_BYTES   16u
#define ENTRIES_MAX   16384u /* of one resource: 64 MiB in single pages */
#define ENTRIES_PIECE 64u

GpuResource *gpu_resource_find(const VirtioGpu *gpu, uint32_t id)
{
    return g_hash_table_lookup(gpu->resources, GUINT_TO_POINTER(id));
}

/* The standard's names give the bytes in memory, ours the components of a little-endian word. */
gboolean gpu_format(uint32_t number, uint32_t *ret_format)
{
    static const struct {
        uint8_t number, format;
    } formats[] = {
        {1,   QH_PIXEL_A8R8G8B8},
        {2,   QH_PIXEL_X8R8G8B8},
        {3,   QH_PIXEL_B8G8R8A8},
        {4,   QH_PIXEL_B8G8R8X8},
        {67,  QH_PIXEL_A8B8G8R8},
        {68,  QH_PIXEL_R8G8B8X8},
        {121, QH_PIXEL_R8G8B8A8},
        {134, QH_PIXEL_X8B8G8R8},
    };

    for (uint32_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].number == number) {
            *ret_format = formats[i].format;
            return TRUE;
        }
    }
    return FALSE;
}

/* --- Life --- */

static gboolean charge(VirtioGpu *gpu, GpuResource *resource, uint64_t bytes)
{
    if (bytes > gpu->max_hostmem || gpu->hostmem > gpu->max_hostmem - bytes) {
        return FALSE;
    }
    gpu->hostmem += bytes;
    resource->charge += bytes;
    return TRUE;
}

static void discharge(VirtioGpu *gpu, GpuResource *resource, uint64_t bytes)
{
    gpu->hostmem -= bytes;
    resource->charge -= bytes;
}

static uint32_t
add_resource(VirtioGpu *gpu, uint32_t id, uint64_t pixel_bytes, GpuResource **ret_resource)
{
    if (id == 0 || gpu_resource_find(gpu, id) != NULL) {
        return GPU_ERR_RESOURCE;
    }
    GpuResource *resource = g_new0(GpuResource, 1);

    resource->id = id;
    if (!charge(gpu, resource, pixel_bytes + sizeof(GpuResource)) ||
        (pixel_bytes != 0 && (resource->pixels = g_try_malloc0(pixel_bytes)) == NULL)) {
        gpu->hostmem -= resource->charge;
        g_free(resource);
        return GPU_ERR_MEMORY;
    }
    g_hash_table_insert(gpu->resources, GUINT_TO_POINTER(id), resource);
    *ret_resource = resource;
    return GPU_OK;
}

uint32_t
gpu_resource_create(VirtioGpu *gpu, uint32_t id, uint32_t number, uint32_t width, uint32_t height)
{
    GpuResource *resource;
    uint32_t format, type;

    if (width == 0 || height == 0 || width > QH_DISPLAY_MAX_SIDE || height > QH_DISPLAY_MAX_SIDE ||
        !gpu_format(number, &format)) {
        return GPU_ERR_PARAMETER;
    }
    type = add_resource(gpu, id, (uint64_t)width * height * PIXEL_BYTES, &resource);
    if (type == GPU_OK) {
        resource->image = (GpuImage){format, width, height, width * PIXEL_BYTES, 0};
    }
    return type;
}

uint32_t gpu_resource_create_blob(VirtioGpu *gpu, uint32_t id, uint64_t bytes)
{
    GpuResource *resource;
    uint32_t type = add_resource(gpu, id, 0, &resource);

    if (type == GPU_OK) {
        resource->blob = TRUE;
        resource->blob_size = bytes;
    }
    return type;
}

static void drop_backing(VirtioGpu *gpu, GpuResource *resource)
{
    for (uint32_t i = 0; i < resource->n_backing; i++) {
        const GpuSpan *span = &resource->backing[i];

        if (span->base != NULL) {
            virtio_device_unmap(&gpu->virtio, span->base, span->bytes, 0);
        }
    }
    g_clear_pointer(&resource->backing, g_free);
    resource->n_backing = 0;
    resource->backing_bytes = 0;
}

static void resource_free(VirtioGpu *gpu, GpuResource *resource)
{
    drop_backing(gpu, resource);
    gpu->hostmem -= resource->charge;
    g_free(resource->pixels);
    g_free(resource);
}

void gpu_resource_unref(VirtioGpu *gpu, GpuResource *resource)
{
    g_hash_table_remove(gpu->resources, GUINT_TO_POINTER(resource->id));
    resource_free(gpu, resource);
}

void gpu_resource_free_all(VirtioGpu *gpu)
{
    GHashTableIter iter;
    gpointer resource;

    g_hash_table_iter_init(&iter, gpu->resources);
    while (g_hash_table_iter_next(&iter, NULL, &resource)) {
        g_hash_table_iter_remove(&iter);
        resource_free(gpu, resource);
    }
}

/* --- Backing --- */

/* Map one entry; it may lie in several pieces of the host's memory. */
static gboolean
add_entry(VirtioGpu *gpu, GpuResource *resource, uint32_t room, uint64_t address, uint64_t bytes)
{
    while (bytes > 0) {
        uint64_t got = bytes;
        uint8_t *base = resource->n_backing < room
                            ? virtio_device_map(&gpu->virtio, address, &got, FALSE)
                            : NULL;

        if (base == NULL) {
            return FALSE;
        }
        resource->backing[resource->n_backing++] =
            (GpuSpan){address, resource->backing_bytes, got, base};
        resource->backing_bytes += got;
        address += got;
        bytes -= got;
    }
    return TRUE;
}

static gboolean add_entries(
    VirtioGpu *gpu, GpuResource *resource, const VirtioChain *chain, uint64_t at, uint32_t n)
{
    uint8_t piece[ENTRIES_PIECE * ENTRY_BYTES];
    uint32_t room = 2 * n;

    for (uint32_t done = 0; done < n;) {
        uint32_t some = MIN(n - done, ENTRIES_PIECE);
        uint64_t bytes = (uint64_t)some * ENTRY_BYTES;

        if (virtio_chain_read(chain, at + (uint64_t)done * ENTRY_BYTES, piece, bytes) != bytes) {
            return FALSE;
        }
        for (uint32_t i = 0; i < some; i++) {
            const uint8_t *entry = piece + i * ENTRY_BYTES;
            uint32_t length = virtio_get32(entry + 8);

            if (length == 0 || !add_entry(gpu, resource, room, virtio_get64(entry), length)) {
                return FALSE;
            }
        }
        done += some;
    }
    return TRUE;
}

uint64_t gpu_list_bytes(uint32_t n)
{
    return (uint64_t)2 * n * sizeof(GpuSpan);
}

uint32_t gpu_resource_attach(
    VirtioGpu *gpu, GpuResource *resource, const VirtioChain *chain, uint64_t at, uint32_t n)
{
    uint64_t charged = resource->charge;

    if (n == 0 || n > ENTRIES_MAX || resource->n_backing != 0) {
        return GPU_ERR_PARAMETER;
    }
    if (!charge(gpu, resource, gpu_list_bytes(n))) {
        return GPU_ERR_MEMORY;
    }
    resource->backing = g_try_malloc(gpu_list_bytes(n));
    if (resource->backing == NULL) {
        discharge(gpu, resource, resource->charge - charged);
        return GPU_ERR_MEMORY;
    }
    resource->n_entries = n;
    if (!add_entries(gpu, resource, chain, at, n)) {
        drop_backing(gpu, resource);
        discharge(gpu, resource, resource->charge - charged);
        return GPU_ERR_PARAMETER;
    }
    return GPU_OK;
}

void gpu_resource_detach(VirtioGpu *gpu, GpuResource *resource)
{
    uint64_t pixels = (uint64_t)resource->image.stride * resource->image.height;

    drop_backing(gpu, resource);
    discharge(gpu, resource, resource->charge - pixels - sizeof(GpuResource));
}

/* The span that holds @offset of the backing, which is inside. */
static const GpuSpan *find_span(const GpuResource *resource, uint64_t offset)
{
    uint32_t low = 0, high = resource->n_backing;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (resource->backing[middle].start <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &resource->backing[low];
}

/* Copy out of the backing; what lies behind its end is left out. */
static void read_backing(const GpuResource *resource, uint64_t offset, uint8_t *to, uint64_t bytes)
{
    if (offset >= resource->backing_bytes) {
        return;
    }
    bytes = MIN(bytes, resource->backing_bytes - offset);
    for (const GpuSpan *span = find_span(resource, offset); bytes > 0; span++) {
        uint64_t skip = offset - span->start, part = MIN(bytes, span->bytes - skip);

        memcpy(to, span->base + skip, part);
        to += part;
        offset += part;
        bytes -= part;
    }
}

/* --- Pixels --- */

gboolean gpu_image_holds(const GpuImage *image, const GpuRect *rect)
{
    return rect->width != 0 && rect->height != 0 && rect->x <= image->width &&
           rect->width <= image->width - rect->x && rect->y <= image->height &&
           rect->height <= image->height - rect->y;
}

gboolean gpu_image_fits(const GpuResource *resource, const GpuImage *image)
{
    uint64_t row = (uint64_t)image->width * PIXEL_BYTES;
    uint64_t bytes = (uint64_t)(image->height - 1) * image->stride + row; /* below 2^47 */

    return image->stride >= row && bytes <= resource->backing_bytes &&
           image->offset <= resource->backing_bytes - bytes;
}

uint32_t gpu_resource_transfer(GpuResource *resource, const GpuRect *rect, uint64_t offset)
{
    const GpuImage *image = &resource->image;
    uint64_t row = (uint64_t)rect->width * PIXEL_BYTES;
    uint8_t *to;

    if (resource->blob) {
        return GPU_OK; /* it is the guest's memory */
    }
    if (resource->n_backing == 0 || !gpu_image_holds(image, rect) ||
        offset > resource->backing_bytes) {
        return GPU_ERR_PARAMETER;
    }
    to = resource->pixels + (uint64_t)rect->y * image->stride + (uint64_t)rect->x * PIXEL_BYTES;
    if (row == image->stride) {
        read_backing(resource, offset, to, row * rect->height);
        return GPU_OK;
    }
    for (uint32_t y = 0; y < rect->height; y++) {
        read_backing(resource, offset + (uint64_t)y * image->stride,
                     to + (uint64_t)y * image->stride, row);
    }
    return GPU_OK;
}

/* Rows of a blob that follow each other in one span are drawn at once; a row that crosses spans is
 * put together first. */
static void draw_blob(const GpuResource *resource,
                      const GpuImage *image,
                      const GpuRect *rect,
                      QhDisplay *display,
                      const QhDisplayService *service,
                      uint32_t x,
                      uint32_t y)
{
    uint64_t row = (uint64_t)rect->width * PIXEL_BYTES;
    g_autofree uint8_t *joined = NULL;

    for (uint32_t done = 0; done < rect->height;) {
        uint64_t at = image->offset + ((uint64_t)rect->y + done) * image->stride +
                      (uint64_t)rect->x * PIXEL_BYTES;
        const GpuSpan *span = find_span(resource, at);
        uint64_t left = span->bytes - (at - span->start);
        const uint8_t *from = span->base + (at - span->start);
        uint64_t rows = left >= row ? (left - row) / image->stride + 1 : 1;

        if (left < row) {
            joined = joined != NULL ? joined : g_malloc(row);
            read_backing(resource, at, joined, row);
            from = joined;
        }
        rows = MIN(rows, rect->height - done);
        service->draw(display, x, y + done, rect->width, (uint32_t)rows, from, image->stride,
                      image->format);
        done += (uint32_t)rows;
    }
}

void gpu_resource_draw(const VirtioGpu *gpu,
                       const GpuResource *resource,
                       const GpuImage *image,
                       const GpuRect *rect,
                       QhDisplay *display,
                       uint32_t x,
                       uint32_t y)
{
    const QhDisplayService *service = gpu->virtio.services->display;

    if (!resource->blob) {
        service->draw(display, x, y, rect->width, rect->height,
                      resource->pixels + (uint64_t)rect->y * image->stride +
                          (uint64_t)rect->x * PIXEL_BYTES,
                      image->stride, image->format);
    } else if (gpu_image_fits(resource, image)) { /* its backing may have gone since */
        draw_blob(resource, image, rect, display, service, x, y);
    }
}

/* --- The pointer --- */

/* One pixel as A8R8G8B8; what has no alpha is opaque. */
static uint32_t as_argb(uint32_t word, uint32_t format)
{
    switch (format) {
    case QH_PIXEL_A8R8G8B8:
        return word;
    case QH_PIXEL_X8R8G8B8:
        return word | 0xff000000u;
    case QH_PIXEL_B8G8R8A8:
        return GUINT32_SWAP_LE_BE(word);
    case QH_PIXEL_B8G8R8X8:
        return GUINT32_SWAP_LE_BE(word) | 0xff000000u;
    case QH_PIXEL_R8G8B8A8:
        return word >> 8 | word << 24;
    case QH_PIXEL_R8G8B8X8:
        return word >> 8 | 0xff000000u;
    default: /* A8B8G8R8, X8B8G8R8 */
        word = (word & 0xff00ff00u) | (word & 0xff) << 16 | (word >> 16 & 0xff);
        return format == QH_PIXEL_X8B8G8R8 ? word | 0xff000000u : word;
    }
}

gboolean gpu_resource_cursor(const GpuResource *resource, uint32_t *ret_argb)
{
    const uint32_t n = VIRTIO_GPU_CURSOR * VIRTIO_GPU_CURSOR;
    uint32_t format = resource->blob ? QH_PIXEL_A8R8G8B8 : resource->image.format;

    if (resource->blob && resource->backing_bytes >= n * PIXEL_BYTES) {
        read_backing(resource, 0, (uint8_t *)ret_argb, n * PIXEL_BYTES);
    } else if (!resource->blob && resource->image.width == VIRTIO_GPU_CURSOR &&
               resource->image.height == VIRTIO_GPU_CURSOR) {
        memcpy(ret_argb, resource->pixels, n * PIXEL_BYTES);
    } else {
        return FALSE;
    }
    for (uint32_t i = 0; i < n; i++) {
        ret_argb[i] = as_argb(GUINT32_FROM_LE(ret_argb[i]), format);
    }
    return TRUE;
}
