/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/scsi/tests/bench.h"

#include <errno.h>

/* The services find their bench by the one pointer that they get. */
static Bench *bench_of(QhDrive *block)
{
    return (Bench *)(void *)block;
}

static gboolean attach(QhDrive *block,
                       QhInstance *device,
                       uint32_t want,
                       const QhBlockHandlers *handlers,
                       void *opaque,
                       GError **error)
{
    (void)device;
    (void)want;
    (void)error;
    bench_of(block)->handlers = handlers;
    bench_of(block)->opaque = opaque;
    return TRUE;
}

static void serve_one(Bench *bench, QhBlockRequest *request)
{
    int error = bench->fail;

    bench->fail = 0;
    if (request->kind != QH_BLOCK_FLUSH && (request->offset > bench->disk_bytes ||
                                            request->bytes > bench->disk_bytes - request->offset)) {
        error = EINVAL;
    }
    uint8_t *at = bench->disk + (error == 0 ? request->offset : 0);
    for (uint32_t i = 0; i < request->n_vec && error == 0; i++) {
        if (request->kind == QH_BLOCK_READ) {
            memcpy(request->vec[i].base, at, request->vec[i].bytes);
        } else {
            memcpy(at, request->vec[i].base, request->vec[i].bytes);
        }
        at += request->vec[i].bytes;
    }
    if (error == 0 && request->kind == QH_BLOCK_WRITE_ZEROES) {
        memset(at, 0, request->bytes);
        bench->n_zeroes++;
    }
    bench->n_flushes += request->kind == QH_BLOCK_FLUSH;
    if (error == 0 && request->kind == QH_BLOCK_DISCARD) {
        bench->n_discards++;
        bench->discarded += request->bytes;
    }
    request->done(request, error);
}

static void submit(QhDrive *block, QhBlockRequest *request)
{
    Bench *bench = bench_of(block);

    if (bench->hold) {
        g_ptr_array_add(bench->pending, request);
    } else {
        serve_one(bench, request);
    }
}

void bench_serve(Bench *bench)
{
    while (bench->pending->len > 0) {
        serve_one(bench, g_ptr_array_steal_index(bench->pending, 0));
    }
}

static void detach(QhDrive *block)
{
    bench_serve(bench_of(block));
}

static void info(QhDrive *block, QhBlockInfo *ret)
{
    const Bench *bench = bench_of(block);

    *ret = (QhBlockInfo){
        .size = sizeof(QhBlockInfo),
        .logical_block_bytes = 512,
        .physical_block_bytes = 512,
        .bytes = bench->no_medium ? 0 : bench->disk_bytes,
        .discard_bytes = bench->thin ? 512 : 0,
        .flags = (bench->read_only ? QH_BLOCK_INFO_READ_ONLY : 0) |
                 (bench->write_cache ? QH_BLOCK_INFO_WRITE_CACHE : 0) |
                 (bench->no_medium ? QH_BLOCK_INFO_NO_MEDIUM : 0) |
                 (bench->tray_open ? QH_BLOCK_INFO_TRAY_OPEN : 0),
    };
}

static void set_write_cache(QhDrive *block, gboolean on)
{
    bench_of(block)->write_cache = on;
}

static gboolean report_error(QhDrive *block, uint32_t kind, int error)
{
    (void)kind;
    (void)error;
    return !bench_of(block)->stop_on_error;
}

static void set_tray(QhDrive *block, gboolean open)
{
    bench_of(block)->tray_open = open;
}

static void set_locked(QhDrive *block, gboolean locked)
{
    bench_of(block)->locked = locked;
}

static const char *no_serial(QhDrive *block)
{
    (void)block;
    return "";
}

static const char *name(const QhDrive *block)
{
    (void)block;
    return "d0";
}

static void set_errors(QhDrive *block, uint32_t on_read, uint32_t on_write)
{
    (void)block;
    (void)on_read;
    (void)on_write;
}

static const QhBlockService block_service = {
    .size = sizeof(QhBlockService),
    .attach = attach,
    .detach = detach,
    .info = info,
    .submit = submit,
    .set_write_cache = set_write_cache,
    .report_error = report_error,
    .set_tray = set_tray,
    .set_locked = set_locked,
    .serial = no_serial,
    .name = name,
    .set_errors = set_errors,
};

/* --- The bus --- */

static void on_changed(QhScsiDevice *unit, uint32_t code)
{
    Bench *bench = scsi_hba_adapter(unit);

    bench->changed = code;
}

static const QhScsiService bus_service = {
    .size = sizeof(QhScsiService),
    .changed = on_changed,
};

static const void *get_bus_service(QhBus *bus)
{
    (void)bus;
    return &bus_service;
}

static const char *bus_name(QhBus *bus)
{
    (void)bus;
    return "bus";
}

static const void *child_class(QhDevice *child)
{
    (void)child;
    return scsi_disk_ops.bus_class; /* both kinds have the same */
}

static const QhDeviceService device_service = {
    .size = sizeof(QhDeviceService),
    .bus_service = get_bus_service,
    .bus_name = bus_name,
    .child_class = child_class,
};

Bench *bench_new(gboolean is_cd, void (*set_up)(Bench *bench))
{
    Bench *bench = g_new0(Bench, 1);
    g_autoptr(GError) error = NULL;

    bench->disk_bytes = BENCH_DISK_BYTES;
    bench->disk = g_malloc(BENCH_DISK_BYTES);
    for (uint32_t i = 0; i < BENCH_DISK_BYTES; i++) {
        bench->disk[i] = (uint8_t)(i / 512 * 7 + i);
    }
    bench->write_cache = bench->thin = TRUE;
    bench->pending = g_ptr_array_new();
    bench->context = (ScsiContext){
        .services = {.device = &device_service, .block = &block_service},
        .is_cd = is_cd,
    };
    bench->ops = is_cd ? &scsi_cd_ops : &scsi_disk_ops;
    bench->unit = g_malloc0(bench->ops->state_size);
    bench->unit->scsi.base.ctx = &bench->context;
    bench->unit->scsi.base.id = "unit";
    bench->unit->scsi.scsi_id = bench->unit->scsi.lun = -1;
    bench->unit->drive = (QhDrive *)(void *)bench;
    bench->unit->discard_granularity = UINT32_MAX;
    bench->unit->max_unmap_bytes = 1u << 30;
    bench->unit->dpofua = 1;
    if (set_up != NULL) {
        set_up(bench);
    }
    scsi_hba_init(&bench->hba, &device_service, bench, (ScsiAddress){0, 7, 300});
    g_assert_true(scsi_hba_attach(&bench->hba, NULL, &bench->unit->scsi.base, &error));
    if (!bench->ops->realize(&bench->unit->scsi.base, &error)) {
        g_error("%s", error->message);
    }
    bench->ops->reset(&bench->unit->scsi.base, QH_RESET_COLD);
    scsi_hba_plug(&bench->hba, &bench->unit->scsi.base, FALSE);
    return bench;
}

void bench_free(Bench *bench)
{
    scsi_hba_unplug(&bench->hba, &bench->unit->scsi.base, FALSE);
    scsi_hba_detach(&bench->hba, &bench->unit->scsi.base);
    bench->ops->unrealize(&bench->unit->scsi.base);
    g_assert_cmpuint(bench->hba.n_in_flight, ==, 0);
    scsi_hba_clear(&bench->hba);
    g_ptr_array_unref(bench->pending);
    g_free(bench->unit);
    g_free(bench->disk);
    g_free(bench);
}

/* --- Commands --- */

static void on_done(QhScsiRequest *request)
{
    Command *command = request->opaque;

    scsi_hba_finish(&command->bench->hba, request);
    command->n_done++;
    g_assert_cmpuint(command->n_done, ==, 1);
    g_assert_cmpuint(request->moved, <=, request->bytes);
}

static void give(Command *command)
{
    QhScsiRequest *request = &command->request;
    uint64_t bytes = MIN(command->piece, request->bytes - command->given);

    command->vec = (QhBlockVec){command->data + command->given, bytes};
    request->vec = &command->vec;
    request->n_vec = bytes > 0;
    request->vec_bytes = bytes;
    command->given += bytes;
}

static void on_more(QhScsiRequest *request)
{
    Command *command = request->opaque;

    g_assert_cmpuint(command->given, <, request->bytes);
    g_assert_cmpuint(command->given, ==, request->moved);
    give(command);
    scsi_hba_resume(&command->bench->hba, request);
}

void command_start(Command *command,
                   Bench *bench,
                   const uint8_t *cdb,
                   uint32_t cdb_bytes,
                   uint32_t direction,
                   void *data,
                   uint64_t bytes,
                   uint64_t piece)
{
    *command = (Command){.bench = bench, .data = data, .piece = piece != 0 ? piece : bytes};
    QhScsiRequest *request = &command->request;

    request->size = sizeof(QhScsiRequest);
    request->flags = QH_SCSI_AUTOSENSE;
    memcpy(request->cdb, cdb, cdb_bytes);
    request->cdb_bytes = cdb_bytes;
    request->direction = bytes > 0 ? direction : QH_SCSI_NO_DATA;
    request->bytes = bytes;
    request->more = piece != 0 ? on_more : NULL;
    request->done = on_done;
    request->opaque = command;
    if (piece == 0) {
        give(command);
    }
    scsi_hba_execute(&bench->hba, scsi_hba_place(&bench->unit->scsi), request);
}

uint32_t command_result(const Command *command)
{
    const QhScsiRequest *request = &command->request;

    g_assert_cmpuint(command->n_done, ==, 1);
    if (request->response != QH_SCSI_DELIVERED) {
        return UINT32_MAX;
    }
    if (request->status == QH_SCSI_GOOD) {
        return 0;
    }
    g_assert_cmpuint(request->status, ==, QH_SCSI_CHECK_CONDITION);
    return (uint32_t)request->sense[2] << 16 | (uint32_t)request->sense[12] << 8 |
           request->sense[13];
}
