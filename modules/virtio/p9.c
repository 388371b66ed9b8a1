/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests are carried out by threads of a pool, because a disk of the host takes its time; neither
 * a CPU nor the main loop ever waits for one. What is done is given back by a timer of the virtual
 * clock, so nothing changes in the guest's memory's rings while the machine is stopped.
 */
#include "modules/virtio/p9.h"

#include <errno.h>

#define QUEUE_SIZE 128u
#define THREADS    8
#define TAG_MAX    (256u - 2u) /* of the mount tag, in the configuration */
#define F_TAG      0u
#define RLERROR    7u

typedef struct P9Job {
    VirtioChain chain;
    P9Request request; /* its in is ours */
    GSList *flushes;   /* VirtioChain: answered when this is done */
    uint8_t header[P9_HEADER];
} P9Job;

static VirtioP9 *p9_of(VirtioDevice *device)
{
    return (VirtioP9 *)device;
}

/* --- Answers --- */

static void answer(VirtioChain *chain, uint8_t type, const uint8_t *tag, uint32_t error)
{
    uint8_t reply[P9_HEADER + 4];
    uint32_t bytes = type == RLERROR ? sizeof(reply) : P9_HEADER;

    virtio_put32(reply, bytes);
    reply[4] = type;
    memcpy(reply + 5, tag, 2);
    virtio_put32(reply + P9_HEADER, error);
    virtio_queue_push(chain, virtio_chain_write(chain, 0, reply, bytes));
}

static void answer_flush(gpointer chain)
{
    answer(chain, P9_TFLUSH + 1, ((P9Job *)chain)->header + 5, 0);
}

static void finish(VirtioP9 *p9, P9Job *job)
{
    P9Request *request = &job->request;
    GSList *flushes = g_steal_pointer(&job->flushes);
    uint64_t written = 0;
    gpointer tag = GUINT_TO_POINTER(virtio_get16(job->header + 5));

    if (g_hash_table_lookup(p9->running, tag) == job) {
        g_hash_table_remove(p9->running, tag);
    }
    if (request->session == p9->session) { /* not of before a reset */
        written = virtio_chain_write(&job->chain, 0, request->out->data, request->out->len);
        if (written < request->out->len) {
            virtio_guest_error(&p9->virtio, "a request without room for its reply");
        }
        written += request->read;
    }
    g_clear_pointer(&request->out, g_byte_array_unref);
    g_free((gpointer)request->in);
    p9_session_unref(request->session);
    virtio_queue_push(&job->chain, written);
    g_slist_free_full(flushes, answer_flush);
}

static void on_done(void *opaque)
{
    VirtioP9 *p9 = opaque;
    P9Job *job;

    for (;;) {
        g_mutex_lock(&p9->lock);
        job = g_queue_pop_head(&p9->done);
        g_mutex_unlock(&p9->lock);
        if (job == NULL) {
            break;
        }
        finish(p9, job);
    }
    g_slist_free_full(g_steal_pointer(&p9->old), (GDestroyNotify)p9_session_unref);
    virtio_queue_flush(p9->virtio.queues[0]);
}

static void wake(VirtioP9 *p9)
{
    const VirtioServices *services = p9->virtio.services;

    services->timer->arm(p9->timer, services->timer->now(services->host, QH_CLOCK_VIRTUAL));
}

/* On a thread of the pool. */
static void work(gpointer data, gpointer user_data)
{
    P9Job *job = data;
    VirtioP9 *p9 = user_data;

    p9_serve(&job->request);
    g_mutex_lock(&p9->lock);
    g_queue_push_tail(&p9->done, job);
    g_mutex_unlock(&p9->lock);
    wake(p9);
}

/* --- Requests --- */

static void flush_tag(VirtioP9 *p9, VirtioChain *chain)
{
    uint8_t old[2] = {0};
    P9Job *running;

    (void)virtio_chain_read(chain, P9_HEADER, old, sizeof(old));
    running = g_hash_table_lookup(p9->running, GUINT_TO_POINTER(virtio_get16(old)));
    if (running != NULL) {
        running->flushes = g_slist_append(running->flushes, chain);
    } else {
        answer_flush(chain);
    }
}

static void start(VirtioP9 *p9, P9Job *job, uint32_t size)
{
    VirtioChain *chain = &job->chain;
    gpointer tag = GUINT_TO_POINTER(virtio_get16(job->header + 5));
    uint32_t bytes = job->header[4] == P9_TWRITE ? MIN(size, P9_WRITE) : size;
    uint8_t *in = g_try_malloc(bytes);

    if (in == NULL) {
        answer(chain, RLERROR, job->header + 5, ENOMEM);
        return;
    }
    (void)virtio_chain_read(chain, 0, in, bytes);
    memcpy(in, job->header, P9_HEADER); /* as it was when it was looked at */
    job->request = (P9Request){
        .session = p9_session_ref(p9->session),
        .in = in,
        .in_bytes = bytes,
        .data = chain->out,
        .n_data = chain->n_out,
        .data_bytes = size,
        .room = chain->in,
        .n_room = chain->n_in,
        .room_bytes = chain->in_bytes,
        .out = g_byte_array_new(),
    };
    if (!g_hash_table_contains(p9->running, tag)) {
        g_hash_table_insert(p9->running, tag, job);
    }
    g_thread_pool_push(p9->pool, job, NULL);
}

static gboolean take(VirtioChain *chain)
{
    VirtioP9 *p9 = p9_of(chain->queue->device);
    P9Job *job = (P9Job *)chain;
    uint32_t size;

    job->flushes = NULL;
    if (virtio_chain_read(chain, 0, job->header, P9_HEADER) != P9_HEADER) {
        virtio_guest_error(&p9->virtio, "a message without a header");
        virtio_queue_push(chain, 0);
        return TRUE;
    }
    size = virtio_get32(job->header);
    if (size < P9_HEADER || size > chain->out_bytes || size > p9_session_msize(p9->session)) {
        virtio_guest_error(&p9->virtio, "a message of a size that cannot be");
        answer(chain, RLERROR, job->header + 5, EBADMSG);
    } else if (job->header[4] == P9_TFLUSH) {
        flush_tag(p9, chain);
    } else {
        start(p9, job, size);
    }
    return TRUE;
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    (void)device;
    virtio_queue_run(queue, take);
}

/* --- Configuration, life --- */

static void read_config(VirtioDevice *device, uint8_t *config)
{
    const char *tag = p9_of(device)->mount_tag;

    virtio_put16(config, (uint32_t)strlen(tag));
    memcpy(config + 2, tag, strlen(tag));
}

static void reset(VirtioDevice *device)
{
    VirtioP9 *p9 = p9_of(device);

    g_hash_table_remove_all(p9->running);
    if (p9_session_in_use(p9->session)) {
        p9->old = g_slist_prepend(p9->old, p9->session);
        wake(p9);
    } else {
        p9_session_unref(p9->session);
    }
    p9->session = p9_session_new(&p9->folder);
}

/* What a guest has open on the host cannot be put into a file. */
static void stream_state(VirtioDevice *device, QhStateStream *stream)
{
    if (stream->mode == QH_STATE_SAVE && p9_session_in_use(p9_of(device)->session)) {
        stream->fail(stream, "the guest has mounted a folder of the host");
    }
}

static gboolean find_folder(VirtioP9 *p9, GError **error)
{
    const QhObjectService *service = p9->virtio.services->object;
    const char *id = p9->virtio.base.id;
    QhObjectHead *object;
    gsize tag = p9->mount_tag != NULL ? strlen(p9->mount_tag) : 0;

    if (p9->fsdev == NULL || service == NULL || tag == 0 || tag > TAG_MAX) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot realize '%s': property '%s' is missing or too long", id,
                    p9->fsdev == NULL ? "fsdev" : "mount_tag");
        return FALSE;
    }
    const QhFsdevMethods *methods = service->methods(p9->fsdev, QH_FSDEV_INTERFACE, &object, error);

    if (methods == NULL) {
        return FALSE;
    }
    const QhFsdev *fsdev = methods->fsdev(object);

    p9->folder = (P9Folder){
        .root = fsdev->root,
        .security = fsdev->security,
        .read_only = (fsdev->flags & QH_FSDEV_READ_ONLY) != 0,
        .write_out = (fsdev->flags & QH_FSDEV_WRITE_OUT) != 0,
        .file_mode = fsdev->file_mode,
        .folder_mode = fsdev->folder_mode,
    };
    p9_folder_init(&p9->folder);
    return TRUE;
}

static gboolean realize(VirtioDevice *device, GError **error)
{
    VirtioP9 *p9 = p9_of(device);
    const VirtioServices *services = device->services;

    if (!find_folder(p9, error)) {
        return FALSE;
    }
    /* threads of its own, made now: a CPU's thread, which hands out the work, may not make any */
    p9->pool = g_thread_pool_new(work, p9, THREADS, TRUE, error);
    if (p9->pool == NULL) {
        return FALSE;
    }
    p9->session = p9_session_new(&p9->folder);
    p9->running = g_hash_table_new(NULL, NULL);
    g_mutex_init(&p9->lock);
    g_queue_init(&p9->done);
    p9->timer = services->timer->timer_new(services->host, QH_CLOCK_VIRTUAL, on_done, p9);
    virtio_queue_add(device, QUEUE_SIZE, sizeof(P9Job));
    device->offered = VIRTIO_BIT(F_TAG);
    device->config_bytes = 2 + (uint32_t)strlen(p9->mount_tag);
    return TRUE;
}

/* The threads are waited for: they have guest memory in their hands. */
static void unrealize(VirtioDevice *device)
{
    VirtioP9 *p9 = p9_of(device);

    if (p9->pool == NULL) {
        return;
    }
    g_thread_pool_free(g_steal_pointer(&p9->pool), FALSE, TRUE);
    on_done(p9);
    device->services->timer->timer_free(p9->timer);
    g_clear_pointer(&p9->running, g_hash_table_unref);
    g_clear_pointer(&p9->session, p9_session_unref);
    g_mutex_clear(&p9->lock);
}

const VirtioFunction virtio_9p = {
    .name = "9p",
    .device_id = VIRTIO_ID_9P,
    .transitional_id = 0x1009,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .read_config = read_config,
    .kick = kick,
    .stream = stream_state,
};
