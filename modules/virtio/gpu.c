/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands are carried out in order while they are taken from the queue, so a fence (5.7.6.7) is
 * signalled by the response itself. A command that is wrong gets an error response and changes
 * nothing; only a broken ring breaks the device.
 */
#include "modules/virtio/gpu.h"

#define CONTROL_SIZE 256u
#define CURSOR_SIZE  16u
#define HEADER       24u
#define INFO_BYTES   (HEADER + VIRTIO_GPU_HEADS * 24u)
#define EDID_BYTES   1024u
#define EDID_REPLY   (HEADER + 8u + EDID_BYTES)
#define COMMAND_MAX  96u /* the longest, without the entries that follow some */
#define FLAG_FENCE   1u
#define MIN_SIDE     32u

enum { F_EDID = 1, F_BLOB = 3 };
enum { Q_CONTROL = 0, Q_CURSOR = 1 };
enum { C_EVENTS = 0, C_CLEAR = 4, C_SCANOUTS = 8, CONFIG_BYTES = 16, EVENT_DISPLAY = 1 };
enum { BLOB_GUEST = 1 };

/* 5.7.6.7: types of commands */
enum {
    GET_DISPLAY_INFO = 0x100,
    CREATE_2D,
    UNREF,
    SET_SCANOUT,
    FLUSH,
    TRANSFER,
    ATTACH_BACKING,
    DETACH_BACKING,
    GET_CAPSET_INFO,
    GET_CAPSET,
    GET_EDID,
    ASSIGN_UUID,
    CREATE_BLOB,
    SET_SCANOUT_BLOB,
    UPDATE_CURSOR = 0x300,
    MOVE_CURSOR,
};

/* One command being carried out. */
typedef struct Command {
    VirtioGpu *gpu;
    const VirtioChain *chain;
    uint8_t data[COMMAND_MAX]; /* header and arguments */
    uint32_t reply_bytes;
    uint8_t reply[EDID_REPLY];
} Command;

static VirtioGpu *gpu_of(VirtioDevice *device)
{
    return (VirtioGpu *)device;
}

/* Argument word @n behind the header. */
static uint32_t word(const Command *command, uint32_t n)
{
    return virtio_get32(command->data + HEADER + 4 * n);
}

static GpuRect rect_of(const Command *command)
{
    return (GpuRect){word(command, 0), word(command, 1), word(command, 2), word(command, 3)};
}

/* --- What is shown --- */

static const GpuResource *shown(const GpuHead *head)
{
    return head->resource != 0 ? gpu_resource_find(head->gpu, head->resource) : NULL;
}

/* Draw what of @dirty, in the picture's own coordinates, the head shows. */
static void draw(GpuHead *head, const GpuRect *dirty)
{
    const GpuResource *resource = shown(head);
    uint32_t x = MAX(dirty->x, head->rect.x), y = MAX(dirty->y, head->rect.y);
    uint64_t right = MIN((uint64_t)dirty->x + dirty->width, head->rect.x + head->rect.width);
    uint64_t bottom = MIN((uint64_t)dirty->y + dirty->height, head->rect.y + head->rect.height);

    if (resource == NULL || right <= x || bottom <= y) {
        return;
    }
    const GpuRect part = {x, y, (uint32_t)right - x, (uint32_t)bottom - y};

    gpu_resource_draw(head->gpu, resource, &head->image, &part, head->display, x - head->rect.x,
                      y - head->rect.y);
}

static void on_invalidate(void *opaque)
{
    GpuHead *head = opaque;

    draw(head, &head->rect);
}

static void blank(GpuHead *head)
{
    const VirtioServices *services = head->gpu->virtio.services;

    if (head->resource != 0) {
        head->resource = 0;
        head->rect = (GpuRect){0};
        (void)services->display->resize(head->display, 0, 0);
    }
}

static uint32_t
show(VirtioGpu *gpu, uint32_t n, uint32_t resource, const GpuRect *rect, const GpuImage *image)
{
    GpuHead *head = &gpu->heads[n];
    const QhDisplayService *service = gpu->virtio.services->display;
    gboolean same =
        head->resource != 0 && head->rect.width == rect->width && head->rect.height == rect->height;

    if (!same && !service->resize(head->display, rect->width, rect->height)) {
        return GPU_ERR_MEMORY;
    }
    head->resource = resource;
    head->rect = *rect;
    head->image = *image;
    draw(head, rect);
    return GPU_OK;
}

static void hide_cursor(GpuHead *head)
{
    const VirtioServices *services = head->gpu->virtio.services;

    if (head->cursor_resource != 0) {
        head->cursor_resource = 0;
        services->display->cursor(head->display, 0, 0, 0, 0, NULL);
    }
}

/* --- Commands --- */

static uint32_t do_display_info(Command *command)
{
    const VirtioGpu *gpu = command->gpu;

    for (uint32_t i = 0; i < gpu->max_outputs; i++) {
        const GpuHead *head = &gpu->heads[i];
        uint8_t *row = command->reply + HEADER + (size_t)i * 24;

        virtio_put32(row, head->x);
        virtio_put32(row + 4, head->y);
        virtio_put32(row + 8, head->width);
        virtio_put32(row + 12, head->height);
        virtio_put32(row + 16, head->enabled);
    }
    command->reply_bytes = INFO_BYTES;
    return GPU_OK_DISPLAY_INFO;
}

static uint32_t do_edid(Command *command)
{
    const VirtioGpu *gpu = command->gpu;
    uint32_t n = word(command, 0);

    if (!virtio_has(&gpu->virtio, F_EDID)) {
        return GPU_ERR_UNSPEC;
    }
    if (n >= gpu->max_outputs) {
        return GPU_ERR_PARAMETER;
    }
    const GpuHead *head = &gpu->heads[n];
    const QhEdid edid = {
        .size = sizeof(QhEdid),
        .width = head->width,
        .height = head->height,
        .width_mm = head->width_mm,
        .height_mm = head->height_mm,
        .refresh_mhz = head->refresh_mhz,
    };
    uint32_t bytes =
        gpu->virtio.services->display->edid(&edid, command->reply + HEADER + 8, EDID_BYTES);

    virtio_put32(command->reply + HEADER, MIN(bytes, EDID_BYTES));
    command->reply_bytes = EDID_REPLY;
    return GPU_OK_EDID;
}

static uint32_t do_create_2d(Command *command)
{
    return gpu_resource_create(command->gpu, word(command, 0), word(command, 1), word(command, 2),
                               word(command, 3));
}

/* 5.7.6.8: the host needs no pixels of its own, the guest's memory is drawn from. */
static uint32_t do_create_blob(Command *command)
{
    VirtioGpu *gpu = command->gpu;
    uint64_t bytes = virtio_get64(command->data + HEADER + 24);
    uint32_t id = word(command, 0), type;

    if (!virtio_has(&gpu->virtio, F_BLOB)) {
        return GPU_ERR_UNSPEC;
    }
    if (word(command, 1) != BLOB_GUEST) {
        return GPU_ERR_PARAMETER;
    }
    type = gpu_resource_create_blob(gpu, id, bytes);
    if (type == GPU_OK && word(command, 3) != 0) {
        GpuResource *resource = gpu_resource_find(gpu, id);

        type = gpu_resource_attach(gpu, resource, command->chain, HEADER + 32, word(command, 3));
        if (type != GPU_OK) {
            gpu_resource_unref(gpu, resource);
        }
    }
    return type;
}

static uint32_t do_unref(Command *command)
{
    VirtioGpu *gpu = command->gpu;
    GpuResource *resource = gpu_resource_find(gpu, word(command, 0));

    if (resource == NULL) {
        return GPU_ERR_RESOURCE;
    }
    for (uint32_t i = 0; i < gpu->max_outputs; i++) {
        if (gpu->heads[i].resource == resource->id) {
            blank(&gpu->heads[i]);
        }
    }
    gpu_resource_unref(gpu, resource);
    return GPU_OK;
}

static uint32_t do_scanout(Command *command)
{
    VirtioGpu *gpu = command->gpu;
    const GpuRect rect = rect_of(command);
    uint32_t n = word(command, 4), id = word(command, 5);
    const GpuResource *resource = gpu_resource_find(gpu, id);

    if (n >= gpu->max_outputs) {
        return GPU_ERR_SCANOUT;
    }
    if (id == 0) {
        blank(&gpu->heads[n]);
        return GPU_OK;
    }
    if (resource == NULL || resource->blob) {
        return GPU_ERR_RESOURCE;
    }
    if (!gpu_image_holds(&resource->image, &rect)) {
        return GPU_ERR_PARAMETER;
    }
    return show(gpu, n, id, &rect, &resource->image);
}

static uint32_t do_scanout_blob(Command *command)
{
    VirtioGpu *gpu = command->gpu;
    const GpuRect rect = rect_of(command);
    uint32_t n = word(command, 4), id = word(command, 5);
    const GpuResource *resource = gpu_resource_find(gpu, id);
    GpuImage image = {
        .width = word(command, 6),
        .height = word(command, 7),
        .stride = word(command, 10),
        .offset = word(command, 14),
    };

    if (!virtio_has(&gpu->virtio, F_BLOB)) {
        return GPU_ERR_UNSPEC;
    }
    if (n >= gpu->max_outputs) {
        return GPU_ERR_SCANOUT;
    }
    if (id == 0) {
        blank(&gpu->heads[n]);
        return GPU_OK;
    }
    if (resource == NULL || !resource->blob) {
        return GPU_ERR_RESOURCE;
    }
    if (image.width > QH_DISPLAY_MAX_SIDE || image.height > QH_DISPLAY_MAX_SIDE ||
        !gpu_format(word(command, 8), &image.format) || !gpu_image_holds(&image, &rect) ||
        !gpu_image_fits(resource, &image)) {
        return GPU_ERR_PARAMETER;
    }
    return show(gpu, n, id, &rect, &image);
}

static uint32_t do_flush(Command *command)
{
    VirtioGpu *gpu = command->gpu;
    const GpuRect rect = rect_of(command);
    const GpuResource *resource = gpu_resource_find(gpu, word(command, 4));

    if (resource == NULL) {
        return GPU_ERR_RESOURCE;
    }
    if (!resource->blob && !gpu_image_holds(&resource->image, &rect)) {
        return GPU_ERR_PARAMETER;
    }
    for (uint32_t i = 0; i < gpu->max_outputs; i++) {
        if (gpu->heads[i].resource == resource->id) {
            draw(&gpu->heads[i], &rect);
        }
    }
    return GPU_OK;
}

static uint32_t do_transfer(Command *command)
{
    const GpuRect rect = rect_of(command);
    GpuResource *resource = gpu_resource_find(command->gpu, word(command, 6));

    return resource == NULL
               ? (uint32_t)GPU_ERR_RESOURCE
               : gpu_resource_transfer(resource, &rect, virtio_get64(command->data + HEADER + 16));
}

static uint32_t do_attach(Command *command)
{
    GpuResource *resource = gpu_resource_find(command->gpu, word(command, 0));

    return resource == NULL ? (uint32_t)GPU_ERR_RESOURCE
                            : gpu_resource_attach(command->gpu, resource, command->chain,
                                                  HEADER + 8, word(command, 1));
}

static uint32_t do_detach(Command *command)
{
    GpuResource *resource = gpu_resource_find(command->gpu, word(command, 0));

    if (resource == NULL || resource->n_backing == 0) {
        return GPU_ERR_RESOURCE;
    }
    gpu_resource_detach(command->gpu, resource);
    return GPU_OK;
}

static gboolean show_cursor(GpuHead *head, uint32_t id)
{
    const GpuResource *resource = gpu_resource_find(head->gpu, id);
    uint32_t argb[VIRTIO_GPU_CURSOR * VIRTIO_GPU_CURSOR];

    if (resource == NULL || !gpu_resource_cursor(resource, argb)) {
        return FALSE;
    }
    head->cursor_resource = id;
    head->gpu->virtio.services->display->cursor(head->display, VIRTIO_GPU_CURSOR, VIRTIO_GPU_CURSOR,
                                                head->hot_x, head->hot_y, argb);
    return TRUE;
}

static void place_cursor(GpuHead *head)
{
    head->gpu->virtio.services->display->cursor_move(head->display, head->cursor_x, head->cursor_y,
                                                     head->cursor_resource != 0);
}

/* 5.7.6.9: scanout, x, y, padding, resource, hot x, hot y */
static uint32_t do_cursor(Command *command)
{
    VirtioGpu *gpu = command->gpu;
    uint32_t n = word(command, 0), id = word(command, 4);

    if (n >= gpu->max_outputs) {
        return GPU_ERR_SCANOUT;
    }
    GpuHead *head = &gpu->heads[n];

    if (virtio_get32(command->data) == UPDATE_CURSOR && id == 0) {
        hide_cursor(head);
    } else if (virtio_get32(command->data) == UPDATE_CURSOR) {
        head->hot_x = MIN(word(command, 5), VIRTIO_GPU_CURSOR - 1);
        head->hot_y = MIN(word(command, 6), VIRTIO_GPU_CURSOR - 1);
        if (!show_cursor(head, id)) {
            return GPU_ERR_RESOURCE;
        }
    }
    head->cursor_x = (int32_t)word(command, 1);
    head->cursor_y = (int32_t)word(command, 2);
    place_cursor(head);
    return GPU_OK;
}

/* --- Queues --- */

static const struct {
    uint16_t type;
    uint8_t bytes; /* at least */
    uint8_t queue;
    uint32_t (*run)(Command *command);
} commands[] = {
    {GET_DISPLAY_INFO, HEADER,      Q_CONTROL, do_display_info},
    {CREATE_2D,        HEADER + 16, Q_CONTROL, do_create_2d   },
    {UNREF,            HEADER + 8,  Q_CONTROL, do_unref       },
    {SET_SCANOUT,      HEADER + 24, Q_CONTROL, do_scanout     },
    {FLUSH,            HEADER + 24, Q_CONTROL, do_flush       },
    {TRANSFER,         HEADER + 32, Q_CONTROL, do_transfer    },
    {ATTACH_BACKING,   HEADER + 8,  Q_CONTROL, do_attach      },
    {DETACH_BACKING,   HEADER + 8,  Q_CONTROL, do_detach      },
    {GET_EDID,         HEADER + 8,  Q_CONTROL, do_edid        },
    {CREATE_BLOB,      HEADER + 32, Q_CONTROL, do_create_blob },
    {SET_SCANOUT_BLOB, HEADER + 72, Q_CONTROL, do_scanout_blob},
    {UPDATE_CURSOR,    HEADER + 32, Q_CURSOR,  do_cursor      },
    {MOVE_CURSOR,      HEADER + 32, Q_CURSOR,  do_cursor      },
};

static uint32_t run_command(Command *command, uint64_t bytes, uint32_t queue)
{
    uint32_t type = virtio_get32(command->data);

    for (uint32_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].type == type && commands[i].queue == queue) {
            return bytes >= commands[i].bytes ? commands[i].run(command)
                                              : (uint32_t)GPU_ERR_PARAMETER;
        }
    }
    return GPU_ERR_UNSPEC;
}

static gboolean take(VirtioChain *chain)
{
    VirtioDevice *device = chain->queue->device;
    Command command;
    uint64_t bytes = virtio_chain_read(chain, 0, command.data, sizeof(command.data));
    uint32_t type;

    if (bytes < HEADER) {
        virtio_guest_error(device, "a command without a header");
        virtio_queue_push(chain, 0);
        return TRUE;
    }
    command.gpu = gpu_of(device);
    command.chain = chain;
    command.reply_bytes = HEADER;
    memset(command.data + bytes, 0, sizeof(command.data) - bytes);
    memset(command.reply, 0, sizeof(command.reply));
    type = run_command(&command, bytes, chain->queue->index);
    if (type >= GPU_ERR_UNSPEC) {
        virtio_guest_error(device, "a command that cannot be carried out");
        command.reply_bytes = HEADER;
    }
    virtio_put32(command.reply, type);
    if ((virtio_get32(command.data + 4) & FLAG_FENCE) != 0) {
        memcpy(command.reply + 4, command.data + 4, HEADER - 4);
        virtio_put32(command.reply + 4, FLAG_FENCE);
    }
    virtio_queue_push(chain, virtio_chain_write(chain, 0, command.reply, command.reply_bytes));
    return TRUE;
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    (void)device;
    virtio_queue_run(queue, take);
}

/* --- Wishes and configuration --- */

static void on_wish(void *opaque, const QhDisplayWish *wish)
{
    GpuHead *head = opaque;
    VirtioGpu *gpu = head->gpu;
    /* the first is the console, which a guest should not lose when nobody looks */
    uint32_t enabled = wish->enabled != 0 || head == &gpu->heads[0];
    uint32_t width =
        wish->width != 0 ? CLAMP(wish->width, MIN_SIDE, QH_DISPLAY_MAX_SIDE) : head->width;
    uint32_t height =
        wish->height != 0 ? CLAMP(wish->height, MIN_SIDE, QH_DISPLAY_MAX_SIDE) : head->height;

    if (enabled == head->enabled && width == head->width && height == head->height &&
        wish->x == head->x && wish->y == head->y) {
        return;
    }
    head->enabled = enabled;
    head->width = width;
    head->height = height;
    head->x = wish->x;
    head->y = wish->y;
    head->width_mm = wish->width_mm;
    head->height_mm = wish->height_mm;
    head->refresh_mhz = wish->refresh_mhz;
    gpu->events |= EVENT_DISPLAY;
    virtio_config_changed(&gpu->virtio);
}

static void read_config(VirtioDevice *device, uint8_t *config)
{
    virtio_put32(config + C_EVENTS, gpu_of(device)->events);
    virtio_put32(config + C_SCANOUTS, gpu_of(device)->max_outputs);
}

static void
write_config(VirtioDevice *device, const uint8_t *config, uint32_t offset, uint32_t bytes)
{
    if (offset <= C_CLEAR && offset + bytes > C_CLEAR) {
        gpu_of(device)->events &= ~virtio_get32(config + C_CLEAR);
    }
}

void gpu_show_again(GpuHead *head)
{
    const QhDisplayService *service = head->gpu->virtio.services->display;
    uint32_t resource = head->resource, cursor = head->cursor_resource;

    head->resource = 0;
    if (resource == 0 || show(head->gpu, (uint32_t)(head - head->gpu->heads), resource, &head->rect,
                              &head->image) != GPU_OK) {
        (void)service->resize(head->display, 0, 0);
    }
    head->cursor_resource = 0;
    if (cursor == 0 || !show_cursor(head, cursor)) {
        service->cursor(head->display, 0, 0, 0, 0, NULL);
    }
    place_cursor(head);
}

/* --- Life --- */

static void reset(VirtioDevice *device)
{
    VirtioGpu *gpu = gpu_of(device);

    for (uint32_t i = 0; i < gpu->max_outputs; i++) {
        blank(&gpu->heads[i]);
        hide_cursor(&gpu->heads[i]);
    }
    gpu_resource_free_all(gpu);
    gpu->events = 0;
}

static const QhDisplayOps display_ops = {
    .size = sizeof(QhDisplayOps),
    .invalidate = on_invalidate,
    .wish = on_wish,
};

static gboolean add_heads(VirtioGpu *gpu, GError **error)
{
    VirtioDevice *device = &gpu->virtio;

    for (uint32_t i = 0; i < gpu->max_outputs; i++) {
        GpuHead *head = &gpu->heads[i];

        head->gpu = gpu;
        head->enabled = i == 0;
        head->width = gpu->xres;
        head->height = gpu->yres;
        head->display =
            device->services->display->display_new(&device->base, i, &display_ops, head, error);
        if (head->display == NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean realize(VirtioDevice *device, GError **error)
{
    VirtioGpu *gpu = gpu_of(device);

    if (device->services->display == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "cannot realize '%s': this host has no displays", device->base.id);
        return FALSE;
    }
    gpu->resources = g_hash_table_new(NULL, NULL);
    virtio_queue_add(device, CONTROL_SIZE, sizeof(VirtioChain));
    virtio_queue_add(device, CURSOR_SIZE, sizeof(VirtioChain));
    device->offered = gpu->edid ? VIRTIO_BIT(F_EDID) : 0;
    device->offered |= gpu->blob ? VIRTIO_BIT(F_BLOB) : 0;
    device->config_bytes = CONFIG_BYTES;
    return add_heads(gpu, error);
}

static void unrealize(VirtioDevice *device)
{
    VirtioGpu *gpu = gpu_of(device);

    if (gpu->resources == NULL) {
        return;
    }
    gpu_resource_free_all(gpu);
    g_clear_pointer(&gpu->resources, g_hash_table_unref);
    for (uint32_t i = 0; i < gpu->max_outputs; i++) {
        device->services->display->display_free(g_steal_pointer(&gpu->heads[i].display));
    }
}

const VirtioFunction virtio_gpu = {
    .name = "gpu",
    .device_id = VIRTIO_ID_GPU,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .read_config = read_config,
    .write_config = write_config,
    .kick = kick,
    .stream = gpu_stream,
    .loaded = gpu_loaded,
};
