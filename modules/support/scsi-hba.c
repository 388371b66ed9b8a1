/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/support/scsi-hba.h"

#include <string.h>

/* Operation codes that the bus answers itself (SPC-4 6.1). */
#define REQUEST_SENSE 0x03
#define INQUIRY       0x12
#define REPORT_LUNS   0xa0

#define ILLEGAL_REQUEST 0x5
#define NO_SUCH_LUN     QH_SCSI_CODE(0x25, 0x00)
#define INVALID_FIELD   QH_SCSI_CODE(0x24, 0x00)

/* QhScsiRequest.links and .reserved, which are the bus's */
enum { NEXT, PREVIOUS };
enum { UNIT };

/* An answer of the bus's own: QhScsiRequest.task while UNIT is 0. */
typedef struct Answer {
    uint64_t bytes;
    uint8_t data[];
} Answer;

static QhScsiRequest *next_of(const QhScsiRequest *request)
{
    return request->links[NEXT];
}

static void link_in(ScsiHba *hba, QhScsiRequest *request)
{
    QhScsiRequest *head = &hba->in_flight, *last = head->links[PREVIOUS];

    request->links[NEXT] = head;
    request->links[PREVIOUS] = last;
    last->links[NEXT] = request;
    head->links[PREVIOUS] = request;
    hba->n_in_flight++;
}

void scsi_hba_init(ScsiHba *hba, const QhDeviceService *device, void *adapter, ScsiAddress most)
{
    hba->device = device;
    hba->adapter = adapter;
    hba->most = most;
    hba->units = g_ptr_array_new();
    hba->plugged = g_ptr_array_new();
    hba->in_flight.links[NEXT] = hba->in_flight.links[PREVIOUS] = &hba->in_flight;
    hba->n_in_flight = 0;
}

void scsi_hba_clear(ScsiHba *hba)
{
    g_clear_pointer(&hba->units, g_ptr_array_unref);
    g_clear_pointer(&hba->plugged, g_ptr_array_unref);
}

/* --- Addresses --- */

ScsiAddress scsi_hba_place(const QhScsiDevice *unit)
{
    return (ScsiAddress){unit->channel, (uint32_t)unit->scsi_id, (uint32_t)unit->lun};
}

static QhScsiDevice *find_in(const GPtrArray *units, ScsiAddress at)
{
    for (guint i = 0; i < units->len; i++) {
        QhScsiDevice *unit = g_ptr_array_index(units, i);

        if ((uint32_t)unit->lun == at.lun && (uint32_t)unit->scsi_id == at.target &&
            unit->channel == at.channel) {
            return unit;
        }
    }
    return NULL;
}

QhScsiDevice *scsi_hba_find(ScsiHba *hba, ScsiAddress at)
{
    return find_in(hba->plugged, at);
}

gboolean scsi_hba_has_target(const ScsiHba *hba, uint32_t channel, uint32_t target)
{
    for (guint i = 0; i < hba->plugged->len; i++) {
        const QhScsiDevice *unit = g_ptr_array_index(hba->plugged, i);

        if ((uint32_t)unit->scsi_id == target && unit->channel == channel) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A place with what @unit leaves open: a target of its own before a further unit of one. */
static gboolean find_place(const ScsiHba *hba, const QhScsiDevice *unit, ScsiAddress *ret)
{
    uint32_t first_lun = unit->lun < 0 ? 0 : (uint32_t)unit->lun;
    uint32_t last_lun = unit->lun < 0 ? hba->most.lun : first_lun;
    uint32_t first_target = unit->scsi_id < 0 ? 0 : (uint32_t)unit->scsi_id;
    uint32_t last_target = unit->scsi_id < 0 ? hba->most.target : first_target;

    for (uint32_t lun = first_lun; lun <= last_lun; lun++) {
        for (uint32_t target = first_target; target <= last_target; target++) {
            *ret = (ScsiAddress){unit->channel, target, lun};
            if (find_in(hba->units, *ret) == NULL) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

static const char *check_place(const ScsiHba *hba, const QhScsiDevice *unit)
{
    if (unit->channel > hba->most.channel) {
        return "channel";
    }
    if (unit->scsi_id > (int64_t)hba->most.target) {
        return "scsi-id";
    }
    return unit->lun > (int64_t)hba->most.lun ? "lun" : NULL;
}

gboolean scsi_hba_attach(ScsiHba *hba, QhBus *bus, QhDevice *child, GError **error)
{
    QhScsiDevice *unit = (QhScsiDevice *)child;
    const char *bad = check_place(hba, unit);
    const char *name = hba->device->bus_name(bus);
    ScsiAddress at;

    if (bad != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot attach '%s' to bus '%s': %s is more than the adapter can have (channel "
                    "%u, scsi-id %u, lun %u)",
                    child->id, name, bad, hba->most.channel, hba->most.target, hba->most.lun);
        return FALSE;
    }
    if (!find_place(hba, unit, &at)) {
        gboolean one = unit->scsi_id >= 0 && unit->lun >= 0;

        g_set_error(error, QH_ERROR, one ? QH_ERROR_INVALID : QH_ERROR_BUSY,
                    one ? "cannot attach '%s' to bus '%s': channel %u, scsi-id %d, lun %d is taken"
                        : "cannot attach '%s' to bus '%s': it is full (channel %u, scsi-id %d, lun "
                          "%d)",
                    child->id, name, unit->channel, unit->scsi_id, unit->lun);
        return FALSE;
    }
    unit->scsi_id = (int32_t)at.target;
    unit->lun = (int32_t)at.lun;
    unit->adapter = hba;
    g_ptr_array_add(hba->units, unit);
    return TRUE;
}

static const QhScsiClass *class_of(const ScsiHba *hba, QhScsiDevice *unit)
{
    return hba->device->child_class(&unit->base);
}

/* SPC-4 6.33: the initiator learns from the units that it knows. */
static void tell_neighbours(ScsiHba *hba, const QhScsiDevice *unit)
{
    for (guint i = 0; i < hba->plugged->len; i++) {
        QhScsiDevice *other = g_ptr_array_index(hba->plugged, i);

        if (other != unit && other->scsi_id == unit->scsi_id && other->channel == unit->channel) {
            class_of(hba, other)->attention(other, QH_SCSI_LUNS_CHANGED);
        }
    }
}

void scsi_hba_plug(ScsiHba *hba, QhDevice *child, gboolean hot)
{
    QhScsiDevice *unit = (QhScsiDevice *)child;

    g_ptr_array_add(hba->plugged, unit);
    if (hot) {
        tell_neighbours(hba, unit);
    }
}

void scsi_hba_unplug(ScsiHba *hba, QhDevice *child, gboolean hot)
{
    QhScsiDevice *unit = (QhScsiDevice *)child;

    if (g_ptr_array_remove(hba->plugged, unit) && hot) {
        tell_neighbours(hba, unit);
    }
}

void scsi_hba_detach(ScsiHba *hba, QhDevice *child)
{
    if (hba->units != NULL) {
        g_ptr_array_remove(hba->plugged, child);
        g_ptr_array_remove(hba->units, child);
    }
}

char *scsi_hba_address(const QhDevice *child)
{
    const QhScsiDevice *unit = (const QhScsiDevice *)child;

    return g_strdup_printf("%u:%d:%d", unit->channel, unit->scsi_id, unit->lun);
}

char *scsi_hba_firmware_name(const QhDevice *child)
{
    const QhScsiDevice *unit = (const QhScsiDevice *)child;

    return g_strdup_printf("channel@%x/disk@%x,%x", unit->channel, (uint32_t)unit->scsi_id,
                           (uint32_t)unit->lun);
}

void *scsi_hba_adapter(const QhScsiDevice *unit)
{
    const ScsiHba *hba = unit->adapter;

    return hba->adapter;
}

/* --- Answers --- */

void scsi_sense_put(uint8_t sense[QH_SCSI_SENSE_BYTES], uint8_t key, uint32_t code)
{
    memset(sense, 0, QH_SCSI_SENSE_BYTES);
    sense[0] = 0x70; /* current error */
    sense[2] = key;
    sense[7] = QH_SCSI_SENSE_BYTES - 8;
    sense[12] = (uint8_t)(code >> 8);
    sense[13] = (uint8_t)code;
}

void scsi_request_fail(QhScsiRequest *request, uint8_t key, uint32_t code)
{
    scsi_sense_put(request->sense, key, code);
    request->sense_bytes = QH_SCSI_SENSE_BYTES;
    request->status = QH_SCSI_CHECK_CONDITION;
    request->response = QH_SCSI_DELIVERED;
    request->done(request);
}

gboolean scsi_request_move(QhScsiRequest *request, uint8_t *data, uint64_t bytes)
{
    gboolean in = request->direction == QH_SCSI_FROM_DEVICE;

    for (uint32_t i = 0; i < request->n_vec && request->moved < bytes; i++) {
        uint64_t part = MIN(request->vec[i].bytes, bytes - request->moved);

        if (in) {
            memcpy(request->vec[i].base, data + request->moved, part);
        } else {
            memcpy(data + request->moved, request->vec[i].base, part);
        }
        request->moved += part;
    }
    if (request->moved >= bytes || request->more == NULL) {
        return TRUE;
    }
    request->vec = NULL;
    request->n_vec = 0;
    request->vec_bytes = 0;
    request->more(request);
    return FALSE;
}

static void end(QhScsiRequest *request)
{
    g_free(g_steal_pointer(&request->task));
    request->status = QH_SCSI_GOOD;
    request->response = QH_SCSI_DELIVERED;
    request->done(request);
}

/* @data, of @bytes, of which the initiator wants at most @allocated. */
static void answer(QhScsiRequest *request, const uint8_t *data, uint64_t bytes, uint64_t allocated)
{
    if (allocated > 0 &&
        (request->direction != QH_SCSI_FROM_DEVICE || request->bytes < allocated)) {
        request->response = QH_SCSI_OVERRUN;
        request->done(request);
        return;
    }
    bytes = MIN(bytes, allocated);
    Answer *own = g_malloc(sizeof(Answer) + bytes);

    own->bytes = bytes;
    memcpy(own->data, data, bytes);
    request->task = own;
    if (scsi_request_move(request, own->data, bytes)) {
        end(request);
    }
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

/* SAM-5 4.7.7: peripheral device addressing up to 255, flat space addressing above. */
static void put_lun(GByteArray *list, uint32_t lun)
{
    const uint8_t entry[8] = {lun < 256 ? 0 : (uint8_t)(0x40 | lun >> 8), (uint8_t)lun};

    g_byte_array_append(list, entry, sizeof(entry));
}

/* SPC-4 6.33; logical unit 0 is always named, since that is where one asks. */
static void report_luns(ScsiHba *hba, ScsiAddress at, QhScsiRequest *request)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    static const uint8_t header[8];
    uint32_t allocated = get32(request->cdb + 6);

    if (request->cdb[2] > 2 || allocated < 16) {
        scsi_request_fail(request, ILLEGAL_REQUEST, INVALID_FIELD);
        return;
    }
    g_byte_array_append(list, header, sizeof(header));
    if (request->cdb[2] != 1) { /* 1: well known units, of which there are none */
        put_lun(list, 0);
        for (guint i = 0; i < hba->plugged->len; i++) {
            const QhScsiDevice *unit = g_ptr_array_index(hba->plugged, i);

            if (unit->lun != 0 && (uint32_t)unit->scsi_id == at.target &&
                unit->channel == at.channel) {
                put_lun(list, (uint32_t)unit->lun);
            }
        }
    }
    uint32_t bytes = list->len - (uint32_t)sizeof(header);
    list->data[0] = (uint8_t)(bytes >> 24);
    list->data[1] = (uint8_t)(bytes >> 16);
    list->data[2] = (uint8_t)(bytes >> 8);
    list->data[3] = (uint8_t)bytes;
    answer(request, list->data, list->len, allocated);
}

/* SPC-4 6.6.1 and 6.39: what a target says of a unit that it does not have. */
static void absent(QhScsiRequest *request)
{
    uint8_t inquiry[36] = {0x7f, 0, 5, 2, sizeof(inquiry) - 5};
    uint8_t sense[QH_SCSI_SENSE_BYTES];

    switch (request->cdb[0]) {
    case INQUIRY:
        if (request->cdb[1] != 0 || request->cdb[2] != 0) {
            break;
        }
        answer(request, inquiry, sizeof(inquiry), get16(request->cdb + 3));
        return;
    case REQUEST_SENSE:
        scsi_sense_put(sense, ILLEGAL_REQUEST, NO_SUCH_LUN);
        answer(request, sense, sizeof(sense), request->cdb[4]);
        return;
    default:
        break;
    }
    scsi_request_fail(request, ILLEGAL_REQUEST, NO_SUCH_LUN);
}

/* --- Requests --- */

QhScsiDevice *scsi_hba_unit(const QhScsiRequest *request)
{
    return (QhScsiDevice *)(uintptr_t)request->reserved[UNIT];
}

void scsi_hba_execute(ScsiHba *hba, ScsiAddress at, QhScsiRequest *request)
{
    QhScsiDevice *unit = scsi_hba_find(hba, at);

    request->moved = 0;
    request->sense_bytes = 0;
    request->status = QH_SCSI_GOOD;
    request->response = QH_SCSI_DELIVERED;
    request->task = NULL;
    request->reserved[UNIT] = (uintptr_t)unit;
    link_in(hba, request);
    if (unit == NULL && !scsi_hba_has_target(hba, at.channel, at.target)) {
        request->response = QH_SCSI_NO_UNIT;
        request->done(request);
    } else if (request->cdb[0] == REPORT_LUNS) {
        request->reserved[UNIT] = 0;
        report_luns(hba, at, request);
    } else if (unit == NULL) {
        absent(request);
    } else {
        class_of(hba, unit)->execute(unit, request);
    }
}

void scsi_hba_resume(ScsiHba *hba, QhScsiRequest *request)
{
    QhScsiDevice *unit = scsi_hba_unit(request);
    Answer *own = request->task;

    if (unit != NULL) {
        class_of(hba, unit)->resume(unit, request);
    } else if (scsi_request_move(request, own->data, own->bytes)) {
        end(request);
    }
}

void scsi_hba_finish(ScsiHba *hba, QhScsiRequest *request)
{
    QhScsiRequest *next = request->links[NEXT], *previous = request->links[PREVIOUS];

    previous->links[NEXT] = next;
    next->links[PREVIOUS] = previous;
    request->links[NEXT] = request->links[PREVIOUS] = NULL;
    hba->n_in_flight--;
}

void scsi_hba_abort(ScsiHba *hba, QhScsiRequest *request)
{
    QhScsiDevice *unit = scsi_hba_unit(request);

    if (unit != NULL) {
        class_of(hba, unit)->abort(unit, request);
        return;
    }
    g_free(g_steal_pointer(&request->task));
    request->response = QH_SCSI_ABORTED;
    request->done(request);
}

void scsi_hba_foreach(ScsiHba *hba,
                      const QhScsiDevice *unit,
                      void (*fn)(QhScsiRequest *request, void *opaque),
                      void *opaque)
{
    QhScsiRequest *request = next_of(&hba->in_flight), *next;

    for (; request != &hba->in_flight; request = next) {
        next = next_of(request);
        if (unit == NULL || scsi_hba_unit(request) == unit) {
            fn(request, opaque);
        }
    }
}
