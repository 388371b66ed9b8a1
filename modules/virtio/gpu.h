/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GPU device (5.7), two-dimensional: gpu.c is the device, gpu-resource.c the pixels,
 * gpu-state.c its snapshots. */
#ifndef VIRTIO_GPU_H
#define VIRTIO_GPU_H

#include "modules/virtio/virtio.h"

#define VIRTIO_GPU_HEADS  16u
#define VIRTIO_GPU_CURSOR 64u /* 5.7.6.9: the side of the pointer's picture */

/* 5.7.6.7: types of responses */
enum {
    GPU_OK = 0x1100,
    GPU_OK_DISPLAY_INFO = 0x1101,
    GPU_OK_EDID = 0x1104,
    GPU_ERR_UNSPEC = 0x1200,
    GPU_ERR_MEMORY = 0x1201,
    GPU_ERR_SCANOUT = 0x1202,
    GPU_ERR_RESOURCE = 0x1203,
    GPU_ERR_PARAMETER = 0x1205,
};

typedef struct GpuRect {
    uint32_t x, y, width, height;
} GpuRect;

/* A picture in memory: of a resource as a whole, or of a blob as a scanout describes it. */
typedef struct GpuImage {
    uint32_t format; /* QH_PIXEL_... */
    uint32_t width, height, stride;
    uint64_t offset;
} GpuImage;

/* A run of the guest's memory, mapped. */
typedef struct GpuSpan {
    uint64_t address;
    uint64_t start; /* bytes of the spans before it */
    uint64_t bytes;
    uint8_t *base;
} GpuSpan;

typedef struct GpuResource {
    uint32_t id;
    gboolean blob; /* its pixels are the backing itself */
    uint64_t blob_size;
    GpuImage image;  /* not of a blob */
    uint8_t *pixels; /* the host's copy; NULL: a blob */
    GpuSpan *backing;
    uint32_t n_backing, n_entries; /* pieces; entries that the driver gave */
    uint64_t backing_bytes;
    uint64_t charge; /* against max_hostmem */
} GpuResource;

typedef struct GpuHead {
    QhDisplay *display;
    struct VirtioGpu *gpu;
    /* what a client wishes */
    uint32_t enabled, width, height, x, y, width_mm, height_mm, refresh_mhz;
    /* what the driver shows; resource 0: nothing */
    uint32_t resource;
    GpuRect rect;
    GpuImage image;
    /* the pointer */
    uint32_t cursor_resource, hot_x, hot_y;
    int32_t cursor_x, cursor_y;
} GpuHead;

typedef struct VirtioGpu {
    VirtioDevice virtio;
    /* properties */
    uint32_t max_outputs, xres, yres;
    uint64_t max_hostmem;
    uint8_t edid, blob;

    GHashTable *resources; /* GpuResource by id */
    uint64_t hostmem;      /* charged now */
    uint32_t events;
    GpuHead heads[VIRTIO_GPU_HEADS];
} VirtioGpu;

extern const VirtioFunction virtio_gpu;

/* --- gpu-resource.c; what returns uint32_t gives the type of the response --- */

GpuResource *gpu_resource_find(const VirtioGpu *gpu, uint32_t id);
/* QH_PIXEL_... of a format of 5.7.6.8; FALSE: there is none of that number. */
gboolean gpu_format(uint32_t number, uint32_t *ret_format);
uint32_t
gpu_resource_create(VirtioGpu *gpu, uint32_t id, uint32_t format, uint32_t width, uint32_t height);
uint32_t gpu_resource_create_blob(VirtioGpu *gpu, uint32_t id, uint64_t bytes);
/* Map @n entries, which stand in @chain at @at, as backing. */
uint32_t gpu_resource_attach(
    VirtioGpu *gpu, GpuResource *resource, const VirtioChain *chain, uint64_t at, uint32_t n);
void gpu_resource_detach(VirtioGpu *gpu, GpuResource *resource);
/* Frees it; nothing shows it any more. */
void gpu_resource_unref(VirtioGpu *gpu, GpuResource *resource);
void gpu_resource_free_all(VirtioGpu *gpu);
/* Copy @rect from the backing, where it begins at @offset. */
uint32_t gpu_resource_transfer(GpuResource *resource, const GpuRect *rect, uint64_t offset);
/* Show @rect of @image, which the caller has checked, at @x, @y of @display. */
void gpu_resource_draw(const VirtioGpu *gpu,
                       const GpuResource *resource,
                       const GpuImage *image,
                       const GpuRect *rect,
                       QhDisplay *display,
                       uint32_t x,
                       uint32_t y);
/* Whether @rect has pixels and lies in @image, and @image in @resource. */
gboolean gpu_image_holds(const GpuImage *image, const GpuRect *rect);
gboolean gpu_image_fits(const GpuResource *resource, const GpuImage *image);
/* The pointer's picture, A8R8G8B8; FALSE: it is not one. */
gboolean gpu_resource_cursor(const GpuResource *resource, uint32_t *ret_argb);
/* What is charged for the list of @n entries of a backing. */
uint64_t gpu_list_bytes(uint32_t n);

/* --- Of gpu.c and gpu-state.c --- */

void gpu_stream(VirtioDevice *device, QhStateStream *stream);
void gpu_loaded(VirtioDevice *device);
/* Show what the head's members say: screen and pointer. */
void gpu_show_again(GpuHead *head);

#endif
