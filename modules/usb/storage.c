/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mass storage, bulk-only transport (USB MSC BOT 1.0): a command block, its data, its status, one
 * after the other. The SCSI unit behind it works in the guest's memory: a data packet is kept while
 * the unit moves what it names, and given back when the unit wants more than that.
 */
#include "modules/support/scsi-hba.h"
#include "modules/usb/classes.h"
#include "modules/usb/spec.h"
#include "modules/usb/usb.h"

#include <string.h>

#define IN_ENDPOINT  0x81u
#define OUT_ENDPOINT 0x02u
#define CBW_BYTES    31u
#define CBW_SIGN     0x43425355u /* 5.1 */
#define CSW_BYTES    13u
#define CSW_SIGN     0x53425355u /* 5.2 */
#define GET_MAX_LUN  USB_REQUEST(0xa1, 0xfe)
#define BOT_RESET    USB_REQUEST(0x21, 0xff)

/* bCSWStatus */
#define CSW_PASSED 0u
#define CSW_FAILED 1u
#define CSW_PHASE  2u

enum { MODE_COMMAND, MODE_DATA, MODE_STATUS, MODE_BROKEN };

typedef struct UsbStorage {
    QhDevice base;
    /* properties; those of the unit are handed to it */
    QhDrive *drive;
    char *serial;
    uint8_t removable, share_rw, write_cache, rerror, werror;
    int32_t bootindex;
    uint32_t logical_block_size, physical_block_size, min_io_size, opt_io_size;
    uint32_t discard_granularity;

    QhBus *bus;
    ScsiHba hba;
    QhInstance *unit;

    uint8_t mode;
    uint8_t in;     /* the data goes to the host */
    uint8_t status; /* of the CSW to come */
    uint32_t tag, bytes, residue;
    uint32_t sent; /* of the data phase, by the host */

    QhScsiRequest request;
    gboolean busy;    /* the unit has the request */
    gboolean waiting; /* the unit waits for memory */
    gboolean inside;  /* in packet: what is over is its return value */
    gboolean dropped; /* the request's end means nothing any more */
    QhUsbPacket *kept;
    gboolean cancelled; /* kept is to go as soon as the unit lets it */
    gboolean given;     /* the unit works in kept's memory */
    uint64_t given_at;  /* request.moved then */
    QhBlockVec *clipped;
} UsbStorage;

static uint32_t get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put32(uint8_t *at, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static const QhUsbService *usb(const UsbStorage *storage)
{
    return usb_of(&storage->base);
}

/* --- The packet at hand --- */

/* It is over, with @status. */
static void give_back(UsbStorage *storage, uint32_t status)
{
    QhUsbPacket *packet = g_steal_pointer(&storage->kept);

    storage->given = FALSE;
    g_clear_pointer(&storage->clipped, g_free);
    if (packet == NULL) {
        return;
    }
    packet->status = storage->cancelled ? QH_USB_GONE : status;
    storage->cancelled = FALSE;
    if (!storage->inside) {
        usb(storage)->complete(&storage->base, packet);
    }
}

/* 5.2 */
static void put_status(UsbStorage *storage, QhUsbPacket *packet)
{
    uint8_t csw[CSW_BYTES];

    put32(csw, CSW_SIGN);
    put32(csw + 4, storage->tag);
    put32(csw + 8, storage->residue);
    csw[12] = storage->status;
    packet->done = usb(storage)->write(packet, 0, csw, sizeof(csw));
    storage->mode = MODE_COMMAND;
}

/* Name the packet's memory to the unit; no more than the command has left. */
static void give(UsbStorage *storage)
{
    QhScsiRequest *request = &storage->request;
    QhUsbPacket *packet = storage->kept;
    uint64_t left = request->bytes - request->moved, bytes = 0;
    uint32_t n = 0;

    storage->clipped = g_new(QhBlockVec, MAX(packet->n_vec, 1));
    for (uint32_t i = 0; i < packet->n_vec && bytes < left; i++) {
        QhBlockVec vec = packet->vec[i];

        vec.bytes = MIN(vec.bytes, left - bytes);
        bytes += vec.bytes;
        storage->clipped[n++] = vec;
    }
    request->vec = storage->clipped;
    request->n_vec = n;
    request->vec_bytes = bytes;
    storage->given = TRUE;
    storage->given_at = request->moved;
    storage->waiting = FALSE;
    scsi_hba_resume(&storage->hba, request);
}

/* 6.6, 6.7: all that the host said it would send is taken, whether the unit wants it or not. */
static void end_out(UsbStorage *storage, QhUsbPacket *packet)
{
    packet->done = packet->bytes;
    storage->sent += (uint32_t)MIN(packet->bytes, storage->bytes - storage->sent);
    if (storage->sent == storage->bytes) {
        storage->mode = MODE_STATUS;
    }
}

/* The unit has used up what it was given, and wants more. */
static void more(QhScsiRequest *request)
{
    UsbStorage *storage = request->opaque;

    storage->waiting = TRUE;
    if (storage->given) {
        if (storage->in == 0) {
            end_out(storage, storage->kept);
        } else {
            storage->kept->done = request->moved - storage->given_at;
        }
        give_back(storage, QH_USB_OK);
    } else if (storage->kept != NULL && storage->mode == MODE_DATA && !storage->inside) {
        give(storage);
    }
}

/* A packet of the data phase after the unit has moved all that it would: the way in is ended by a
 * short packet. */
static void finish_data(UsbStorage *storage, QhUsbPacket *packet)
{
    if (storage->in == 0) {
        end_out(storage, packet);
    } else {
        packet->done = 0;
        storage->mode = MODE_STATUS;
    }
}

/* The unit's last packet. A full one is not short, so that an empty one may have to follow. */
static void end_data(UsbStorage *storage, QhUsbPacket *packet)
{
    if (storage->in == 0) {
        end_out(storage, packet);
        return;
    }
    packet->done = storage->request.moved - storage->given_at;
    if (packet->done < packet->bytes || storage->residue == 0) {
        storage->mode = MODE_STATUS;
    }
}

static void done(QhScsiRequest *request)
{
    UsbStorage *storage = request->opaque;
    QhUsbPacket *packet = storage->kept;

    scsi_hba_finish(&storage->hba, request);
    storage->busy = storage->waiting = FALSE;
    if (storage->dropped) {
        storage->dropped = FALSE;
        if (packet != NULL) {
            give_back(storage, QH_USB_ERROR);
        }
        if (!storage->inside) {
            usb(storage)->wakeup(&storage->base, OUT_ENDPOINT);
        }
        return;
    }
    storage->residue = storage->bytes - (uint32_t)MIN(request->moved, storage->bytes);
    storage->status = request->response == QH_SCSI_OVERRUN ? CSW_PHASE
                      : request->response == QH_SCSI_DELIVERED && request->status == QH_SCSI_GOOD
                          ? CSW_PASSED
                          : CSW_FAILED;
    if (storage->mode == MODE_DATA && storage->given) {
        end_data(storage, packet);
        give_back(storage, QH_USB_OK);
    } else if (packet != NULL && !storage->inside) {
        if (storage->mode == MODE_DATA) {
            finish_data(storage, packet);
        } else {
            put_status(storage, packet);
        }
        give_back(storage, QH_USB_OK);
    }
}

/* --- Packets --- */

/* 5.1, 6.2: a valid and meaningful command block. */
static uint32_t command(UsbStorage *storage, const QhUsbPacket *packet)
{
    QhScsiRequest *request = &storage->request;
    uint8_t cbw[CBW_BYTES];

    if (packet->bytes != CBW_BYTES || usb(storage)->read(packet, 0, cbw, CBW_BYTES) < CBW_BYTES ||
        get32(cbw) != CBW_SIGN || cbw[13] != 0 || cbw[14] < 1 || cbw[14] > 16) {
        storage->mode = MODE_BROKEN;
        usb(storage)->halt(&storage->base, IN_ENDPOINT);
        return QH_USB_STALL;
    }
    storage->tag = get32(cbw + 4);
    storage->bytes = get32(cbw + 8);
    storage->in = (cbw[12] & 0x80) != 0;
    storage->mode = storage->bytes > 0 ? MODE_DATA : MODE_STATUS;
    storage->residue = storage->bytes;
    storage->sent = 0;
    *request = (QhScsiRequest){
        .size = sizeof(QhScsiRequest),
        .cdb_bytes = cbw[14],
        .direction = storage->bytes == 0 ? QH_SCSI_NO_DATA
                     : storage->in != 0  ? QH_SCSI_FROM_DEVICE
                                         : QH_SCSI_TO_DEVICE,
        .bytes = storage->bytes,
        .tag = storage->tag,
        .more = more,
        .done = done,
        .opaque = storage,
    };
    memcpy(request->cdb, cbw + 15, request->cdb_bytes);
    storage->busy = TRUE;
    storage->waiting = storage->dropped = FALSE;
    scsi_hba_execute(&storage->hba, (ScsiAddress){0}, request);
    return QH_USB_OK;
}

static uint32_t data(UsbStorage *storage, QhUsbPacket *packet)
{
    if (!storage->busy) {
        finish_data(storage, packet);
        return QH_USB_OK;
    }
    storage->kept = packet;
    if (storage->waiting) {
        give(storage);
    }
    return storage->kept != NULL ? QH_USB_ASYNC : packet->status;
}

static uint32_t take(UsbStorage *storage, QhUsbPacket *packet)
{
    gboolean in = packet->endpoint == IN_ENDPOINT;

    if (storage->kept != NULL || (storage->busy && storage->dropped)) {
        return QH_USB_NAK; /* one thing at a time; done tells when */
    }
    switch (storage->mode) {
    case MODE_COMMAND:
        if (in) {
            return QH_USB_STALL;
        }
        packet->done = packet->bytes;
        return command(storage, packet);
    case MODE_DATA:
        return in == (storage->in != 0) ? data(storage, packet) : QH_USB_STALL;
    case MODE_STATUS:
        if (!in || packet->bytes < CSW_BYTES) {
            return QH_USB_STALL;
        }
        if (storage->busy) {
            storage->kept = packet;
            return QH_USB_ASYNC;
        }
        put_status(storage, packet);
        return QH_USB_OK;
    default: /* 5.3.4: nothing but a reset recovery helps */
        return QH_USB_STALL;
    }
}

static uint32_t on_packet(QhDevice *device, QhUsbPacket *packet)
{
    UsbStorage *storage = (UsbStorage *)device;

    storage->inside = TRUE;
    uint32_t status = take(storage, packet);
    storage->inside = FALSE;
    return status;
}

static void cancel(QhDevice *device, QhUsbPacket *packet)
{
    UsbStorage *storage = (UsbStorage *)device;

    if (storage->kept != packet) {
        return;
    }
    storage->cancelled = TRUE;
    if (storage->given) {
        storage->dropped = TRUE; /* what follows is a reset recovery */
        storage->mode = MODE_BROKEN;
        scsi_hba_abort(&storage->hba, &storage->request);
    } else {
        give_back(storage, QH_USB_GONE);
    }
}

/* 3.1: ready for the next command; what is under way ends unheard. */
static void start_over(UsbStorage *storage)
{
    storage->mode = MODE_COMMAND;
    if (storage->kept != NULL && !storage->given) {
        give_back(storage, QH_USB_ERROR);
    }
    if (storage->busy && !storage->dropped) {
        storage->dropped = TRUE;
        scsi_hba_abort(&storage->hba, &storage->request);
    }
}

static void unhalted(QhDevice *device, uint8_t endpoint)
{
    UsbStorage *storage = (UsbStorage *)device;

    if (storage->mode == MODE_BROKEN) { /* until the reset the halt comes back */
        usb(storage)->halt(device, endpoint);
    }
}

static uint32_t control(QhDevice *device, const QhUsbSetup *setup, uint8_t *to, uint32_t *ret_bytes)
{
    switch (USB_REQUEST(setup->type, setup->request)) {
    case GET_MAX_LUN:
        if (setup->length < 1) {
            return QH_USB_STALL;
        }
        to[0] = 0;
        *ret_bytes = 1;
        return QH_USB_OK;
    case BOT_RESET:
        start_over((UsbStorage *)device);
        return QH_USB_OK;
    default:
        return QH_USB_STALL;
    }
}

/* --- The bus with the unit --- */

static UsbStorage *storage_of(QhDevice *parent)
{
    return (UsbStorage *)parent;
}

static gboolean bus_attach(QhDevice *parent, QhBus *bus, QhDevice *child, void *at, GError **error)
{
    (void)at;
    return scsi_hba_attach(&storage_of(parent)->hba, bus, child, error);
}

static void bus_plug(QhDevice *parent, QhBus *bus, QhDevice *child, void *at, gboolean hot)
{
    (void)bus;
    (void)at;
    scsi_hba_plug(&storage_of(parent)->hba, child, hot);
}

static void bus_detach(QhDevice *parent, QhBus *bus, QhDevice *child, void *at)
{
    (void)bus;
    (void)at;
    scsi_hba_detach(&storage_of(parent)->hba, child);
}

static char *bus_address(QhDevice *parent, QhBus *bus, QhDevice *child, const void *at)
{
    (void)parent;
    (void)bus;
    (void)at;
    return scsi_hba_address(child);
}

static char *bus_firmware_name(QhDevice *parent, QhBus *bus, QhDevice *child, const void *at)
{
    (void)parent;
    (void)bus;
    (void)at;
    return scsi_hba_firmware_name(child);
}

/* There is nobody to tell: the unit's attention waits for the next command. */
static void changed(QhScsiDevice *unit, uint32_t code)
{
    (void)unit;
    (void)code;
}

static const QhScsiService bus_service = {
    .size = sizeof(QhScsiService),
    .changed = changed,
};
static const QhBusOps bus_ops = {
    .size = sizeof(QhBusOps),
    .kind = QH_SCSI_BUS,
    .service = &bus_service,
    .attach = bus_attach,
    .plug = bus_plug,
    .detach = bus_detach,
    .address = bus_address,
    .firmware_name = bus_firmware_name,
};

/* --- Life --- */

static void reset(QhDevice *device, uint32_t kind)
{
    UsbStorage *storage = (UsbStorage *)device;

    (void)kind;
    start_over(storage);
    storage->tag = storage->bytes = storage->residue = 0;
    storage->in = storage->status = 0;
}

static gboolean set_number(UsbStorage *storage, const char *name, uint64_t value, GError **error)
{
    const QhDeviceService *service = usb_services(&storage->base)->device;
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

    return value == 0 || service->set(storage->unit, name, text, error);
}

/* What the user said of the disk goes to the unit. */
static gboolean set_unit(UsbStorage *storage, GError **error)
{
    static const char *const on_error[] = {"auto", "report", "ignore", "stop", "enospc"};
    static const char *const switches[] = {"auto", "on", "off"};
    const QhDeviceService *service = usb_services(&storage->base)->device;
    QhInstance *unit = storage->unit;
    const char *drive = usb_services(&storage->base)->block->name(storage->drive);
    g_autofree char *bootindex = g_strdup_printf("%d", storage->bootindex);

    return service->set(unit, "drive", drive, error) &&
           service->set(unit, "removable", storage->removable != 0 ? "on" : "off", error) &&
           service->set(unit, "share-rw", storage->share_rw != 0 ? "on" : "off", error) &&
           service->set(unit, "write-cache", switches[storage->write_cache % 3], error) &&
           service->set(unit, "rerror", on_error[storage->rerror % 5], error) &&
           service->set(unit, "werror", on_error[storage->werror % 5], error) &&
           service->set(unit, "bootindex", bootindex, error) &&
           set_number(storage, "logical_block_size", storage->logical_block_size, error) &&
           set_number(storage, "physical_block_size", storage->physical_block_size, error) &&
           set_number(storage, "min_io_size", storage->min_io_size, error) &&
           set_number(storage, "opt_io_size", storage->opt_io_size, error) &&
           set_number(storage, "discard_granularity", storage->discard_granularity, error) &&
           (storage->serial == NULL || service->set(unit, "serial", storage->serial, error));
}

static gboolean realize(QhDevice *device, GError **error)
{
    UsbStorage *storage = (UsbStorage *)device;
    const UsbServices *s = usb_services(device);

    scsi_hba_init(&storage->hba, s->device, storage, (ScsiAddress){0});
    if (s->block == NULL || storage->drive == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize USB storage '%s': %s",
                    device->id,
                    s->block == NULL ? "this host has no disks" : "property 'drive' is not set");
        return FALSE;
    }
    if (storage->serial != NULL) {
        usb_of(device)->set_serial(device, storage->serial);
    }
    storage->bus = s->device->bus_new(device, &bus_ops, NULL, error);
    if (storage->bus == NULL) {
        return FALSE;
    }
    storage->unit = s->device->create_on(device->machine, storage->bus, "scsi-hd", NULL, error);
    return storage->unit != NULL && set_unit(storage, error) &&
           s->device->realize(storage->unit, error);
}

static void unrealize(QhDevice *device)
{
    UsbStorage *storage = (UsbStorage *)device;

    g_clear_pointer(&storage->clipped, g_free);
    scsi_hba_clear(&storage->hba);
}

/* A command of the unit's that is under way lives in no table. */
static void stream(QhDevice *device, QhStateStream *out)
{
    const UsbStorage *storage = (const UsbStorage *)device;

    if (out->mode == QH_STATE_SAVE && (storage->busy || storage->kept != NULL)) {
        out->fail(out, "a command of USB storage is under way");
    }
}

static void state_loaded(QhDevice *device)
{
    UsbStorage *storage = (UsbStorage *)device;

    if (storage->busy && !storage->dropped) { /* of another time: what becomes of it is nothing */
        storage->dropped = TRUE;
        scsi_hba_abort(&storage->hba, &storage->request);
    }
    storage->mode = MIN(storage->mode, MODE_BROKEN);
    storage->residue = MIN(storage->residue, storage->bytes);
    storage->sent = MIN(storage->sent, storage->bytes);
}

#define OPTION(name_, type_, member_, default_, text_)                                             \
    QH_PROPERTY(name_, QH_PROPERTY_##type_, offsetof(UsbStorage, member_), default_, 0, 0, text_)
#define ON_ERROR(name_, member_, text_)                                                            \
    {                                                                                              \
        .name = (name_), .description = (text_), .default_text = "auto", .type = QH_PROPERTY_ENUM, \
        .offset = offsetof(UsbStorage, member_), .values = QH_BLOCK_ON_ERROR_NAMES,                \
    }
static const QhProperty properties[] = {
    OPTION("drive", BLOCK, drive, NULL, "what is on the medium"),
    OPTION("serial", STRING, serial, NULL, "serial number"),
    OPTION("removable", BOOL, removable, "off", "the medium can be taken out"),
    OPTION("share-rw", BOOL, share_rw, "off", "others may write to the disk as well"),
    OPTION("write-cache", ONOFFAUTO, write_cache, "auto", "writes last only after a flush"),
    ON_ERROR("rerror", rerror, "what to do when a read fails"),
    ON_ERROR("werror", werror, "what to do when a write fails"),
    OPTION("bootindex", I32, bootindex, "-1", "place in the order of booting; -1: none"),
    OPTION("logical_block_size", U32, logical_block_size, "0", "bytes; 0: 512"),
    OPTION("physical_block_size", U32, physical_block_size, "0", "bytes; 0: the logical one's"),
    OPTION("min_io_size", U32, min_io_size, "0", "bytes: requests should be multiples of it"),
    OPTION("opt_io_size", U32, opt_io_size, "0", "bytes: requests of that size are best"),
    OPTION("discard_granularity",
           U32,
           discard_granularity,
           "0",
           "bytes that discards should be multiples of; 0: as the unit has it"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define FIELD(member, bits) QH_STATE_FIELD(UsbStorage, member, I##bits, 1)
static const QhStateField fields[] = {
    FIELD(mode, 8),   FIELD(in, 8),       FIELD(status, 8), FIELD(tag, 32),
    FIELD(bytes, 32), FIELD(residue, 32), FIELD(sent, 32),
};
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

#define BULK(address_, bytes_, burst_)                                                             \
    {                                                                                              \
        .address = (address_), .attributes = USB_BULK, .max_packet = (bytes_),                     \
        .max_burst = (burst_)                                                                      \
    }
static const QhUsbEndpoint endpoints[3][2] = {
    {BULK(IN_ENDPOINT, 64,   0),  BULK(OUT_ENDPOINT, 64,   0) },
    {BULK(IN_ENDPOINT, 512,  0),  BULK(OUT_ENDPOINT, 512,  0) },
    {BULK(IN_ENDPOINT, 1024, 15), BULK(OUT_ENDPOINT, 1024, 15)},
};
#define INTERFACE(n)                                                                               \
    {                                                                                              \
        .klass = USB_CLASS_STORAGE, .subclass = 6, .protocol = 0x50, .n_endpoints = 2,             \
        .endpoints = endpoints[n]                                                                  \
    }
static const QhUsbInterface interfaces[3] = {INTERFACE(0), INTERFACE(1), INTERFACE(2)};
#define DESCRIPTION(n, packet_0)                                                                   \
    {                                                                                              \
        .size = sizeof(QhUsbDescription), .max_packet_0 = (packet_0),                              \
        .attributes = USB_ATTRIBUTE_SELF_POWERED, .n_interfaces = 1, .interfaces = &interfaces[n]  \
    }
static const QhUsbDescription descriptions[3] = {DESCRIPTION(0, 64), DESCRIPTION(1, 64),
                                                 DESCRIPTION(2, 9)};
static const QhUsbClass usb_class = {
    .size = sizeof(QhUsbClass),
    .vendor = 0x46f4,
    .product = 0x0001,
    .manufacturer = "QEMU",
    .product_name = "QEMU USB HARDDRIVE",
    .serial = "1",
    .speeds = {[QH_USB_FULL] = &descriptions[0],
               [QH_USB_HIGH] = &descriptions[1],
               [QH_USB_SUPER] = &descriptions[2]},
    .control = control,
    .packet = on_packet,
    .cancel = cancel,
    .unhalted = unhalted,
};

const QhDeviceOps usb_storage_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(UsbStorage),
    .description = "USB disk",
    .bus = QH_USB_BUS,
    .properties = &property_table,
    .state = &state_table,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .bus_class = &usb_class,
    .state_loaded = state_loaded,
    .stream = stream,
};
