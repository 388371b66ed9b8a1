/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI host bus adapter (5.6). A request's command is copied out of the ring, its data stays
 * where it is: the unit gets the chain's memory. The response lies before the data that the unit
 * writes, and is written last. Task management answers when the last of the commands that it ends
 * has let go of the guest's memory.
 */
#include "modules/virtio/scsi.h"

#define MOST_TARGET  255u
#define MOST_LUN     16383u
#define SENSE_BYTES  96u /* 5.6.4: defaults */
#define CDB_BYTES    32u
#define SETTING_MAX  4096u /* that the driver may set either to */
#define HEAD_BYTES   19u   /* of a request, before the CDB */
#define ANSWER_BYTES 12u   /* of a response, before the sense */
#define CONFIG_BYTES 36u
#define CONTROL_MAX  24u

/* 5.6.4: offsets in the configuration */
enum { C_NUM_QUEUES = 0, C_SEG_MAX = 4, C_MAX_SECTORS = 8, C_CMD_PER_LUN = 12 };
enum { C_EVENT_INFO = 16, C_SENSE_SIZE = 20, C_CDB_SIZE = 24, C_MAX_CHANNEL = 28 };
enum { C_MAX_TARGET = 30, C_MAX_LUN = 32 };

/* 5.6.6: responses */
enum { S_OK = 0, S_OVERRUN = 1, S_ABORTED = 2, S_BAD_TARGET = 3, S_RESET = 4, S_FAILURE = 9 };
enum { S_FUNCTION_COMPLETE = 0, S_SUCCEEDED = 10, S_REJECTED = 11, S_INCORRECT_LUN = 12 };

/* 5.6.6.2: control requests, task management functions */
enum { T_TMF = 0, T_AN_QUERY = 1, T_AN_SUBSCRIBE = 2 };
enum { TMF_ABORT_TASK = 0, TMF_ABORT_TASK_SET = 1, TMF_CLEAR_ACA = 2, TMF_CLEAR_TASK_SET = 3 };
enum { TMF_NEXUS_RESET = 4, TMF_UNIT_RESET = 5, TMF_QUERY_TASK = 6, TMF_QUERY_TASK_SET = 7 };

typedef struct Request {
    VirtioChain chain;
    QhScsiRequest scsi;
    GSList *waiting; /* Control: they answer when this has ended */
    uint32_t answer_bytes;
} Request;

typedef struct Control {
    VirtioChain chain;
    uint32_t n_waiting;
    uint8_t response;
    /* what it looks for */
    uint64_t tag;
    gboolean tagged, end;
    uint32_t n_found;
} Control;

static VirtioScsi *scsi_of(const VirtioChain *chain)
{
    return (VirtioScsi *)chain->queue->device;
}

static void push(VirtioChain *chain, uint64_t written)
{
    VirtioQueue *queue = chain->queue;
    VirtioScsi *scsi = scsi_of(chain);

    virtio_queue_push(chain, written);
    if (scsi->batch == 0) {
        virtio_queue_flush(queue);
    }
}

/* 5.6.6.1: a single-level LUN structure; FALSE: nothing that could be here. */
static gboolean get_lun(const uint8_t *at, ScsiAddress *ret)
{
    uint32_t format = at[2] & 0xc0;

    if (at[0] != 1 || (format != 0 && format != 0x40) || virtio_get32(at + 4) != 0) {
        return FALSE;
    }
    *ret =
        (ScsiAddress){.channel = 0, .target = at[1], .lun = (uint32_t)(at[2] & 0x3f) << 8 | at[3]};
    return TRUE;
}

/* --- Control --- */

static void finish_control(Control *control)
{
    virtio_chain_write(&control->chain, control->chain.in_bytes - 1, &control->response, 1);
    push(&control->chain, control->chain.in_bytes);
}

static void look_at(QhScsiRequest *scsi, void *opaque)
{
    Control *control = opaque;
    Request *request = scsi->opaque;

    if (control->tagged && scsi->tag != control->tag) {
        return;
    }
    control->n_found++;
    if (control->end) {
        request->waiting = g_slist_prepend(request->waiting, control);
        control->n_waiting++;
        scsi_hba_abort(&scsi_of(&control->chain)->hba, scsi);
    }
}

static void reset_target(VirtioScsi *scsi, Control *control, uint32_t target)
{
    for (guint i = 0; i < scsi->hba.plugged->len; i++) {
        QhScsiDevice *unit = g_ptr_array_index(scsi->hba.plugged, i);

        if ((uint32_t)unit->scsi_id == target) {
            scsi_hba_foreach(&scsi->hba, unit, look_at, control);
            scsi->virtio.services->device->reset(&unit->base, QH_RESET_WARM);
        }
    }
}

static uint8_t manage(VirtioScsi *scsi, Control *control, uint32_t function, ScsiAddress at)
{
    QhScsiDevice *unit = scsi_hba_find(&scsi->hba, at);

    if (unit == NULL &&
        (function != TMF_NEXUS_RESET || !scsi_hba_has_target(&scsi->hba, 0, at.target))) {
        return scsi_hba_has_target(&scsi->hba, 0, at.target) ? S_INCORRECT_LUN : S_BAD_TARGET;
    }
    control->tagged = function == TMF_ABORT_TASK || function == TMF_QUERY_TASK;
    control->end = function != TMF_QUERY_TASK && function != TMF_QUERY_TASK_SET;
    switch (function) {
    case TMF_ABORT_TASK:
    case TMF_ABORT_TASK_SET:
    case TMF_CLEAR_TASK_SET:
        scsi_hba_foreach(&scsi->hba, unit, look_at, control);
        return S_FUNCTION_COMPLETE;
    case TMF_QUERY_TASK:
    case TMF_QUERY_TASK_SET:
        scsi_hba_foreach(&scsi->hba, unit, look_at, control);
        return control->n_found > 0 ? S_SUCCEEDED : S_FUNCTION_COMPLETE;
    case TMF_UNIT_RESET:
        scsi_hba_foreach(&scsi->hba, unit, look_at, control);
        scsi->virtio.services->device->reset(&unit->base, QH_RESET_WARM);
        return S_FUNCTION_COMPLETE;
    case TMF_NEXUS_RESET:
        reset_target(scsi, control, at.target);
        return S_FUNCTION_COMPLETE;
    default: /* TMF_CLEAR_ACA: there is never an auto contingent allegiance */
        return S_REJECTED;
    }
}

static gboolean take_control(VirtioChain *chain)
{
    Control *control = (Control *)chain;
    VirtioScsi *scsi = scsi_of(chain);
    uint8_t data[CONTROL_MAX] = {0};
    uint64_t bytes = virtio_chain_read(chain, 0, data, sizeof(data));
    uint32_t type = virtio_get32(data);
    uint64_t want_out = type == T_TMF ? 24 : 16, want_in = type == T_TMF ? 1 : 5;
    ScsiAddress at;

    if (bytes < 4 || (type <= T_AN_SUBSCRIBE && (bytes < want_out || chain->in_bytes < want_in))) {
        virtio_device_break(&scsi->virtio, "a control request is too short");
        virtio_queue_push(chain, 0);
        return TRUE;
    }
    control->n_found = 0;
    control->tag = virtio_get64(data + 16);
    control->n_waiting = 1; /* until all have been looked at */
    if (type == T_TMF) {
        virtio_chain_trim_in_tail(chain, chain->in_bytes - 1);
        control->response = get_lun(data + 8, &at)
                                ? manage(scsi, control, virtio_get32(data + 4), at)
                                : S_BAD_TARGET;
    } else if (type <= T_AN_SUBSCRIBE) { /* no asynchronous notifications, so none of them */
        static const uint8_t none[4];

        virtio_chain_trim_in_tail(chain, chain->in_bytes - 5);
        virtio_chain_write(chain, 0, none, sizeof(none));
        control->response = S_OK;
    } else {
        push(chain, 0);
        return TRUE;
    }
    if (--control->n_waiting == 0) {
        finish_control(control);
    }
    return TRUE;
}

/* --- Requests --- */

static void answer(Request *request, uint8_t response)
{
    VirtioChain *chain = &request->chain;
    const QhScsiRequest *scsi = &request->scsi;
    uint8_t data[ANSWER_BYTES + QH_SCSI_SENSE_BYTES] = {0};
    uint32_t sense = MIN(scsi->sense_bytes, request->answer_bytes - ANSWER_BYTES);

    if (response == S_OK) {
        virtio_put32(data, sense);
        virtio_put32(data + 4, (uint32_t)MIN(scsi->bytes - scsi->moved, UINT32_MAX));
        data[10] = scsi->status;
        memcpy(data + ANSWER_BYTES, scsi->sense, sense);
    }
    data[11] = response;
    /* all of the writable part again, of which the response is the head */
    chain->in = chain->maps + chain->n_out_maps;
    chain->n_in = chain->n_maps - chain->n_out_maps;
    virtio_chain_write(chain, 0, data, ANSWER_BYTES + sense);
    push(chain, request->answer_bytes + (scsi->direction == QH_SCSI_FROM_DEVICE ? scsi->moved : 0));
}

static void on_done(QhScsiRequest *scsi)
{
    static const uint8_t responses[] = {
        [QH_SCSI_DELIVERED] = S_OK, [QH_SCSI_OVERRUN] = S_OVERRUN,    [QH_SCSI_ABORTED] = S_ABORTED,
        [QH_SCSI_RESET] = S_RESET,  [QH_SCSI_NO_UNIT] = S_BAD_TARGET,
    };
    Request *request = scsi->opaque;
    GSList *waiting = g_steal_pointer(&request->waiting);

    scsi_hba_finish(&scsi_of(&request->chain)->hba, scsi);
    answer(request,
           scsi->response < G_N_ELEMENTS(responses) ? responses[scsi->response] : S_FAILURE);
    for (GSList *at = waiting; at != NULL; at = at->next) {
        Control *control = at->data;

        if (--control->n_waiting == 0) {
            finish_control(control);
        }
    }
    g_slist_free(waiting);
}

static void fill_in(Request *request, const uint8_t *head)
{
    QhScsiRequest *scsi = &request->scsi;
    VirtioChain *chain = &request->chain;

    G_STATIC_ASSERT(sizeof(QhBlockVec) == sizeof(VirtioSpan));
    scsi->size = sizeof(QhScsiRequest);
    scsi->flags = QH_SCSI_AUTOSENSE;
    scsi->cdb_bytes = MIN(scsi_of(chain)->cdb_size, QH_SCSI_CDB_BYTES);
    scsi->attribute = head[16] <= QH_SCSI_ACA ? head[16] : QH_SCSI_SIMPLE;
    scsi->tag = virtio_get64(head + 8);
    scsi->done = on_done;
    scsi->opaque = request;
    scsi->moved = 0;
    scsi->sense_bytes = 0;
    if (chain->out_bytes > 0) {
        scsi->direction = QH_SCSI_TO_DEVICE;
        scsi->vec = (const QhBlockVec *)(const void *)chain->out;
        scsi->n_vec = chain->n_out;
        scsi->bytes = chain->out_bytes;
    } else {
        scsi->direction = chain->in_bytes > 0 ? QH_SCSI_FROM_DEVICE : QH_SCSI_NO_DATA;
        scsi->vec = (const QhBlockVec *)(const void *)chain->in;
        scsi->n_vec = chain->n_in;
        scsi->bytes = chain->in_bytes;
    }
    scsi->vec_bytes = scsi->bytes;
}

static gboolean take_request(VirtioChain *chain)
{
    Request *request = (Request *)chain;
    VirtioScsi *scsi = scsi_of(chain);
    uint8_t head[HEAD_BYTES];
    uint64_t head_bytes = HEAD_BYTES + (uint64_t)scsi->cdb_size;
    ScsiAddress at;

    request->answer_bytes = ANSWER_BYTES + scsi->sense_size;
    if (chain->out_bytes < head_bytes || chain->in_bytes < request->answer_bytes) {
        virtio_device_break(&scsi->virtio, "a request without a header or a response");
        virtio_queue_push(chain, 0);
        return TRUE;
    }
    virtio_chain_read(chain, 0, head, sizeof(head));
    memset(request->scsi.cdb, 0, sizeof(request->scsi.cdb));
    virtio_chain_read(chain, HEAD_BYTES, request->scsi.cdb, MIN(scsi->cdb_size, QH_SCSI_CDB_BYTES));
    virtio_chain_trim_out(chain, head_bytes);
    virtio_chain_trim_in(chain, request->answer_bytes);
    fill_in(request, head);
    if (chain->out_bytes > 0 && chain->in_bytes > 0) { /* F_INOUT is not there */
        answer(request, S_FAILURE);
    } else if (!get_lun(head, &at)) {
        answer(request, S_BAD_TARGET);
    } else {
        scsi_hba_execute(&scsi->hba, at, &request->scsi);
    }
    return TRUE;
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    VirtioScsi *scsi = (VirtioScsi *)device;

    if (queue->index == SCSI_EVENT_QUEUE) {
        virtio_scsi_event_kick(scsi);
        return;
    }
    scsi->batch++;
    virtio_queue_run(queue, queue->index == SCSI_CONTROL_QUEUE ? take_control : take_request);
    scsi->batch--;
    if (queue->index == SCSI_CONTROL_QUEUE) { /* what it has ended sits in other queues */
        for (uint32_t i = 0; i < device->n_queues; i++) {
            virtio_queue_flush(device->queues[i]);
        }
    }
}

/* --- The device --- */

static void read_config(VirtioDevice *device, uint8_t *config)
{
    const VirtioScsi *scsi = (VirtioScsi *)device;

    virtio_put32(config + C_NUM_QUEUES, scsi->num_queues);
    virtio_put32(config + C_SEG_MAX, scsi->seg_max_adjust ? scsi->queue_size - 2u : 128 - 2);
    virtio_put32(config + C_MAX_SECTORS, scsi->max_sectors);
    virtio_put32(config + C_CMD_PER_LUN, scsi->cmd_per_lun);
    virtio_put32(config + C_EVENT_INFO, 16);
    virtio_put32(config + C_SENSE_SIZE, scsi->sense_size);
    virtio_put32(config + C_CDB_SIZE, scsi->cdb_size);
    virtio_put16(config + C_MAX_TARGET, MOST_TARGET);
    virtio_put32(config + C_MAX_LUN, MOST_LUN);
}

static void
write_config(VirtioDevice *device, const uint8_t *config, uint32_t offset, uint32_t bytes)
{
    VirtioScsi *scsi = (VirtioScsi *)device;
    uint32_t sense = virtio_get32(config + C_SENSE_SIZE), cdb = virtio_get32(config + C_CDB_SIZE);

    (void)offset;
    (void)bytes;
    if (sense > SETTING_MAX || cdb > SETTING_MAX || cdb == 0) {
        virtio_device_break(device, "a size of sense data or commands that cannot be");
        return;
    }
    scsi->sense_size = sense;
    scsi->cdb_size = cdb;
}

static const char *check(const VirtioScsi *scsi)
{
    if (scsi->queue_size < 4 || scsi->queue_size > VIRTIO_QUEUE_MAX ||
        (scsi->queue_size & (scsi->queue_size - 1)) != 0) {
        return "property 'virtqueue_size' takes a power of two from 4 to 1024";
    }
    return scsi->max_sectors == 0 ? "property 'max_sectors' is 0" : NULL;
}

static gboolean realize(VirtioDevice *device, GError **error)
{
    VirtioScsi *scsi = (VirtioScsi *)device;
    const char *why = check(scsi);

    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize SCSI adapter '%s': %s",
                    device->base.id, why);
        return FALSE;
    }
    scsi_hba_init(&scsi->hba, device->services->device, scsi,
                  (ScsiAddress){.channel = 0, .target = MOST_TARGET, .lun = MOST_LUN});
    scsi->num_queues = MAX(scsi->num_queues, 1);
    virtio_queue_add(device, scsi->queue_size, sizeof(Control));
    virtio_queue_add(device, scsi->queue_size, sizeof(VirtioChain));
    for (uint32_t i = 0; i < scsi->num_queues; i++) {
        virtio_queue_add(device, scsi->queue_size, sizeof(Request));
    }
    device->offered = (scsi->hotplug ? VIRTIO_BIT(F_SCSI_HOTPLUG) : 0) |
                      (scsi->param_change ? VIRTIO_BIT(F_SCSI_CHANGE) : 0);
    device->config_bytes = CONFIG_BYTES;
    scsi->sense_size = SENSE_BYTES;
    scsi->cdb_size = CDB_BYTES;
    return virtio_scsi_bus_new(scsi, error);
}

static void unrealize(VirtioDevice *device)
{
    scsi_hba_clear(&((VirtioScsi *)device)->hba);
}

static void give_up(QhScsiRequest *scsi, void *opaque)
{
    scsi_hba_abort(opaque, scsi);
}

/* 5.6.4.2: what the driver set goes back to its defaults; units forget their commands. */
static void reset(VirtioDevice *device)
{
    VirtioScsi *scsi = (VirtioScsi *)device;

    scsi_hba_foreach(&scsi->hba, NULL, give_up, &scsi->hba);
    for (guint i = 0; i < scsi->hba.plugged->len; i++) {
        QhScsiDevice *unit = g_ptr_array_index(scsi->hba.plugged, i);

        device->services->device->reset(&unit->base, QH_RESET_WARM);
    }
    scsi->sense_size = SENSE_BYTES;
    scsi->cdb_size = CDB_BYTES;
    scsi->events_missed = 0;
}

/* Commands in flight are counted, and refused, as those of all functions. */
static void stream_state(VirtioDevice *device, QhStateStream *stream)
{
    VirtioScsi *scsi = (VirtioScsi *)device;

    stream->bytes(stream, &scsi->sense_size, sizeof(scsi->sense_size));
    stream->bytes(stream, &scsi->cdb_size, sizeof(scsi->cdb_size));
    stream->bytes(stream, &scsi->events_missed, sizeof(scsi->events_missed));
}

const VirtioFunction virtio_scsi = {
    .name = "scsi",
    .device_id = VIRTIO_ID_SCSI,
    .transitional_id = 0x1004,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .read_config = read_config,
    .write_config = write_config,
    .kick = kick,
    .stream = stream_state,
};
