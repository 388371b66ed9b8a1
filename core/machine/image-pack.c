/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot images are needed again at a reset only, which may never come, and a kernel is tens of MiB.
 * So when the guest has run for a while a thread packs them, and what was kept is freed. Their
 * files are no place to read them from: somebody may have written over them.
 */
#include "core/machine/machine-priv.h"

#include "core/os/memory.h"
#include "core/sandbox/sandbox.h"

#include <zstd.h>

#define LEAST_BYTES ((uint64_t)16 << 10)
/* The fast end: a third of a kernel at hundreds of MiB a second. */
#define LEVEL 1
/* Between looks whether it is done. */
#define LOOK_MS 200u

/* One image that is being packed; the thread reads @image and writes what is here. */
typedef struct Job {
    const QhImage *image;
    uint8_t *packed;
    size_t room, bytes; /* bytes: 0: it did not work */
} Job;

struct QhImagePacker {
    GArray *jobs; /* Job */
    GThread *thread;
    gint done; /* atomic */
    GSource *source;
};

static gpointer pack_all(gpointer data)
{
    QhImagePacker *packer = data;
    ZSTD_CCtx *context;

    qh_sandbox_enter(QH_SANDBOX_IO);
    context = ZSTD_createCCtx();
    for (guint i = 0; context != NULL && i < packer->jobs->len; i++) {
        Job *job = &g_array_index(packer->jobs, Job, i);
        size_t bytes = ZSTD_compressCCtx(context, job->packed, job->room, job->image->data,
                                         job->image->bytes, LEVEL);

        job->bytes = ZSTD_isError(bytes) ? 0 : bytes;
    }
    ZSTD_freeCCtx(context);
    g_atomic_int_set(&packer->done, 1);
    return NULL;
}

static void begin(QhMachine *machine, QhImagePacker *packer)
{
    for (guint i = 0; i < machine->images->len; i++) {
        Job job = {.image = g_ptr_array_index(machine->images, i)};

        if (job.image->data == NULL || job.image->bytes < LEAST_BYTES) {
            continue;
        }
        job.room = job.image->bytes / 4 * 3; /* or it is not worth it */
        job.packed = g_try_malloc(job.room);
        if (job.packed != NULL) {
            g_array_append_val(packer->jobs, job);
        }
    }
    if (packer->jobs->len > 0) {
        packer->thread = g_thread_try_new("images", pack_all, packer, NULL);
    }
}

/* What was packed takes the place of what was kept. */
static void settle(QhImagePacker *packer)
{
    g_clear_pointer(&packer->thread, g_thread_join);
    for (guint i = 0; i < packer->jobs->len; i++) {
        Job *job = &g_array_index(packer->jobs, Job, i);
        QhImage *image = (QhImage *)job->image;

        if (job->bytes != 0) {
            image->packed = g_realloc(g_steal_pointer(&job->packed), job->bytes);
            image->packed_bytes = job->bytes;
            g_clear_pointer(&image->data, g_free);
        }
        g_clear_pointer(&job->packed, g_free);
    }
    g_array_set_size(packer->jobs, 0);
}

static gboolean on_time(gpointer data);

static void set_timer(QhMachine *machine, QhImagePacker *packer, guint ms)
{
    if (packer->source != NULL) {
        g_source_destroy(packer->source);
        g_source_unref(packer->source);
    }
    packer->source = g_timeout_source_new(ms);
    g_source_set_callback(packer->source, on_time, machine, NULL);
    g_source_attach(packer->source, qh_host_context(machine->host));
}

static gboolean on_time(gpointer data)
{
    QhMachine *machine = data;
    QhImagePacker *packer = machine->packer;

    if (packer->thread == NULL) {
        begin(machine, packer);
        if (packer->thread != NULL) {
            set_timer(machine, packer, LOOK_MS);
            return G_SOURCE_REMOVE;
        }
    } else if (g_atomic_int_get(&packer->done)) {
        settle(packer);
        qh_os_memory_trim(); /* a block that is not at the end of the heap would stay */
    }
    if (packer->thread == NULL) {
        settle(packer); /* also when there was no thread to be had */
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

void qh_machine_pack_images(QhMachine *machine, guint pause_ms)
{
    QhImagePacker *packer;

    if (machine->packer != NULL || machine->host == NULL) {
        return;
    }
    packer = g_new0(QhImagePacker, 1);
    packer->jobs = g_array_new(FALSE, FALSE, sizeof(Job));
    machine->packer = packer;
    set_timer(machine, packer, pause_ms);
}

void qh_image_packer_free(QhImagePacker *packer)
{
    if (packer != NULL) {
        g_source_destroy(packer->source);
        g_source_unref(packer->source);
        settle(packer);
        g_array_unref(packer->jobs);
        g_free(packer);
    }
}

gboolean qh_image_write(const QhImage *image)
{
    size_t room = ZSTD_DStreamOutSize();
    ZSTD_inBuffer in = {image->packed, image->packed_bytes, 0};
    uint64_t done = 0;

    if (image->data != NULL) {
        return qh_space_write_rom(image->space, image->address, image->data, image->bytes) ==
               QH_BUS_OK;
    }
    g_autofree uint8_t *part = g_malloc(room);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    gboolean good = context != NULL;
    while (good && done < image->bytes) {
        ZSTD_outBuffer out = {part, room, 0};

        good = !ZSTD_isError(ZSTD_decompressStream(context, &out, &in)) && out.pos > 0 &&
               out.pos <= image->bytes - done &&
               qh_space_write_rom(image->space, image->address + done, part, out.pos) == QH_BUS_OK;
        done += out.pos;
    }
    ZSTD_freeDCtx(context);
    return good;
}
