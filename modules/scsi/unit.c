/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A unit as a device of the host: properties, its end of the block layer, unit attentions. */
#include "modules/scsi/task.h"

#define DEFAULT_CD_BYTES   2048u
#define DEFAULT_DISK_BYTES 512u

/* --- Unit attentions --- */

/* In the order in which they are told. What is told once covers all that came before (5.14). */
static const uint32_t attentions[] = {
    QH_SCSI_POWER_ON,           QH_SCSI_MEDIUM_CHANGED, QH_SCSI_CAPACITY_CHANGED,
    QH_SCSI_PARAMETERS_CHANGED, QH_SCSI_LUNS_CHANGED,   QH_SCSI_EJECT_REQUESTED,
};

static void scsi_unit_attention(QhScsiDevice *device, uint32_t code)
{
    ScsiUnit *unit = (ScsiUnit *)device;

    for (guint i = 0; i < G_N_ELEMENTS(attentions); i++) {
        if (attentions[i] == code) {
            unit->attentions |= 1u << i;
        }
    }
    if (code == QH_SCSI_POWER_ON) {
        unit->attentions = 1;
    }
}

uint32_t scsi_unit_take_attention(ScsiUnit *unit)
{
    if (unit->attentions == 0) {
        return 0;
    }
    guint first = (guint)__builtin_ctz(unit->attentions);

    unit->attentions &= ~(1u << first);
    return first < G_N_ELEMENTS(attentions) ? attentions[first] : 0;
}

/* The adapter may have a way to tell, too. */
static void changed(ScsiUnit *unit, uint32_t code)
{
    const QhScsiService *bus = unit->services->device->bus_service(unit->scsi.base.bus);

    scsi_unit_attention(&unit->scsi, code);
    if (bus != NULL && QH_HAS(bus, changed) && bus->changed != NULL) {
        bus->changed(&unit->scsi, code);
    }
}

/* --- The medium --- */

void scsi_unit_refresh(ScsiUnit *unit)
{
    gboolean open = unit->tray_open;

    unit->info.size = sizeof(QhBlockInfo);
    unit->services->block->info(unit->drive, &unit->info);
    unit->tray_open = (unit->info.flags & QH_BLOCK_INFO_TRAY_OPEN) != 0;
    if (unit->tray_open && !open) {
        unit->medium_event = 3; /* MMC-6 6.6.2.5: media removal */
    }
}

gboolean scsi_unit_has_medium(const ScsiUnit *unit)
{
    return (unit->info.flags & (QH_BLOCK_INFO_NO_MEDIUM | QH_BLOCK_INFO_TRAY_OPEN)) == 0;
}

uint64_t scsi_unit_blocks(const ScsiUnit *unit)
{
    return unit->info.bytes / unit->block_bytes;
}

void scsi_unit_set_write_cache(ScsiUnit *unit, gboolean on)
{
    unit->write_cache = on != FALSE;
    unit->services->block->set_write_cache(unit->drive, on);
}

static void on_resized(void *opaque)
{
    ScsiUnit *unit = opaque;

    scsi_unit_refresh(unit);
    changed(unit, QH_SCSI_CAPACITY_CHANGED);
}

static void on_medium_changed(void *opaque, gboolean in)
{
    ScsiUnit *unit = opaque;

    scsi_unit_refresh(unit);
    unit->eject_wanted = 0;
    unit->medium_event = in ? 2 : 3; /* new media, media removal */
    if (in) {
        changed(unit, QH_SCSI_MEDIUM_CHANGED);
    }
}

static void on_eject_request(void *opaque)
{
    ScsiUnit *unit = opaque;

    unit->eject_wanted = 1;
    changed(unit, QH_SCSI_EJECT_REQUESTED);
}

static const QhBlockHandlers removable_handlers = {
    .size = sizeof(QhBlockHandlers),
    .resized = on_resized,
    .medium_changed = on_medium_changed,
    .eject_request = on_eject_request,
};
static const QhBlockHandlers fixed_handlers = {
    .size = sizeof(QhBlockHandlers),
    .resized = on_resized,
};

/* --- Life --- */

static gboolean block_size_is_good(uint32_t bytes)
{
    return bytes == 0 || (bytes >= 512 && bytes <= 32768 && (bytes & (bytes - 1)) == 0);
}

static const char *check(const ScsiUnit *unit)
{
    if (unit->services->block == NULL) {
        return "this host has no disks";
    }
    if (unit->drive == NULL && !unit->is_cd) {
        return "drive property not set";
    }
    if (!block_size_is_good(unit->logical_block_bytes) ||
        !block_size_is_good(unit->physical_block_bytes)) {
        return "block sizes are powers of two from 512 to 32768";
    }
    if (unit->physical_block_bytes != 0 && unit->physical_block_bytes < unit->logical_block_bytes) {
        return "a physical block cannot be smaller than a logical one";
    }
    return NULL;
}

static gboolean attach(ScsiUnit *unit, GError **error)
{
    const QhBlockService *block = unit->services->block;
    gboolean removable = unit->is_cd || unit->removable;

    if (unit->drive == NULL) {
        unit->drive = block->empty(unit->services->host);
    }
    if (!block->attach(unit->drive, unit->scsi.base.instance,
                       unit->share_rw ? QH_BLOCK_WANT_SHARE : 0,
                       removable ? &removable_handlers : &fixed_handlers, unit, error)) {
        return FALSE;
    }
    unit->attached = TRUE;
    block->set_errors(unit->drive, unit->on_read, unit->on_write);
    scsi_unit_refresh(unit);
    if (!removable && (unit->info.flags & QH_BLOCK_INFO_NO_MEDIUM) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot realize '%s': the drive is empty, and it is no removable disk",
                    unit->scsi.base.id);
        return FALSE;
    }
    return TRUE;
}

static void set_defaults(ScsiUnit *unit)
{
    if (unit->logical_block_bytes == 0) {
        unit->logical_block_bytes = unit->is_cd
                                        ? DEFAULT_CD_BYTES
                                        : MAX(unit->info.logical_block_bytes, DEFAULT_DISK_BYTES);
    }
    unit->block_bytes = unit->logical_block_bytes;
    unit->physical_block_bytes =
        MAX(MAX(unit->physical_block_bytes, unit->info.physical_block_bytes), unit->block_bytes);
    unit->write_cache = (unit->info.flags & QH_BLOCK_INFO_WRITE_CACHE) != 0;
    if (unit->want_cache != 0) {
        scsi_unit_set_write_cache(unit, unit->want_cache == 1);
    }
}

/* The firmware's boot order; a host without firmware items has none. */
static gboolean set_boot_index(ScsiUnit *unit, GError **error)
{
    const QhFwService *firmware = unit->services->firmware;

    return firmware == NULL ||
           firmware->boot_device(&unit->scsi.base, unit->bootindex, NULL, error);
}

static gboolean realize(QhDevice *device, GError **error)
{
    ScsiUnit *unit = (ScsiUnit *)device;
    const ScsiContext *context = device->ctx;

    unit->services = &context->services;
    unit->is_cd = context->is_cd;
    const char *why = check(unit);
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize '%s': %s", device->id, why);
        return FALSE;
    }
    if (!attach(unit, error) || !set_boot_index(unit, error)) {
        return FALSE;
    }
    set_defaults(unit);
    unit->attentions = 1;
    return TRUE;
}

static void unrealize(QhDevice *device)
{
    ScsiUnit *unit = (ScsiUnit *)device;

    scsi_tasks_give_up(unit, QH_SCSI_RESET);
    if (unit->attached) {
        unit->services->block->detach(unit->drive);
        unit->attached = FALSE;
    }
    scsi_tasks_free(unit);
}

static void reset(QhDevice *device, uint32_t kind)
{
    ScsiUnit *unit = (ScsiUnit *)device;

    (void)kind;
    scsi_tasks_give_up(unit, QH_SCSI_RESET);
    unit->has_sense = unit->eject_wanted = unit->medium_event = 0;
    if (unit->prevent) {
        unit->prevent = 0;
        unit->services->block->set_locked(unit->drive, FALSE);
    }
    scsi_unit_refresh(unit);
    if (kind == QH_RESET_COLD && unit->tray_open) {
        unit->services->block->set_tray(unit->drive, FALSE);
        scsi_unit_refresh(unit);
        unit->medium_event = 0;
    }
    scsi_unit_attention(&unit->scsi, QH_SCSI_POWER_ON);
}

static void run_state(QhDevice *device, gboolean running)
{
    if (running) {
        scsi_tasks_retry((ScsiUnit *)device);
    }
}

/* The medium is not part of a snapshot, but its lock and the cache's mode are. */
static void state_loaded(QhDevice *device)
{
    ScsiUnit *unit = (ScsiUnit *)device;

    unit->services->block->set_locked(unit->drive, unit->prevent);
    unit->services->block->set_write_cache(unit->drive, unit->write_cache);
    scsi_unit_refresh(unit);
}

/* --- Tables --- */

#define ROW(name_, type_, member_, default_, description_)                                         \
    QH_PROPERTY(name_, QH_PROPERTY_##type_, offsetof(ScsiUnit, member_), default_, 0, 0,           \
                description_)
#define BOUNDED(name_, type_, member_, default_, min_, max_, description_)                         \
    QH_PROPERTY(name_, QH_PROPERTY_##type_, offsetof(ScsiUnit, member_), default_,                 \
                (uint64_t)(min_), (uint64_t)(max_), description_)
#define ON_ERROR(name_, member_, description_)                                                     \
    {                                                                                              \
        .name = name_, .description = description_, .default_text = "auto",                        \
        .type = QH_PROPERTY_ENUM, .offset = offsetof(ScsiUnit, member_),                           \
        .values = QH_BLOCK_ON_ERROR_NAMES                                                          \
    }
/* A drive has those up to N_OF_CD. */
#define N_OF_CD 21u
static const QhProperty properties[] = {
    ROW("drive", BLOCK, drive, NULL, "what is on the medium"),
    BOUNDED("channel", U32, scsi.channel, "0", 0, 255, "channel of the adapter"),
    BOUNDED("scsi-id", I32, scsi.scsi_id, "-1", -1, 65535, "target; -1: the next free one"),
    BOUNDED("lun", I32, scsi.lun, "-1", -1, 16383, "unit of the target; -1: the next free one"),
    ROW("serial", STRING, serial, NULL, "serial number"),
    ROW("vendor", STRING, vendor, NULL, "up to 8 characters"),
    ROW("product", STRING, product, NULL, "up to 16 characters"),
    ROW("ver", STRING, ver, NULL, "up to 4 characters: product revision"),
    ROW("device_id", STRING, device_id, NULL, "name in page 83; otherwise the serial number"),
    ROW("wwn", U64, wwn, "0", "world wide name; 0: none"),
    ROW("port_wwn", U64, port_wwn, "0", "world wide name of the port; 0: none"),
    ROW("port_index", U16, port_index, "0", "number of the port; 0: none"),
    BOUNDED("bootindex",
            I32,
            bootindex,
            "-1",
            -1,
            INT32_MAX,
            "place in the order of booting; -1: none"),
    ROW("logical_block_size", U32, logical_block_bytes, "0", "bytes; 0: 512, of a CD 2048"),
    ROW("physical_block_size", U32, physical_block_bytes, "0", "bytes; 0: the logical one's"),
    ROW("write-cache",
        ONOFFAUTO,
        want_cache,
        "auto",
        "writes last only after a flush; auto: as the disk has it"),
    ON_ERROR("rerror", on_read, "what to do when a read fails; auto: as the drive says"),
    ON_ERROR("werror", on_write, "what to do when a write fails; auto: as the drive says"),
    ROW("min_io_size", U32, min_io_bytes, "0", "bytes: requests should be multiples of it"),
    ROW("opt_io_size", U32, opt_io_bytes, "0", "bytes: requests of that size are best"),
    ROW("share-rw", BOOL, share_rw, "off", "others may write to the disk as well"),
    ROW("removable", BOOL, removable, "off", "the medium can be taken out"),
    ROW("dpofua", BOOL, dpofua, "on", "single writes can go through the cache"),
    ROW("rotation_rate",
        U16,
        rotation_rate,
        "0",
        "turns a minute; 1: it does not turn; 0: unknown"),
    ROW("discard_granularity",
        U32,
        discard_granularity,
        "4294967295",
        "bytes that discards should be multiples of; 4294967295: 4096"),
    ROW("max_unmap_size", U64, max_unmap_bytes, "1073741824", "bytes of one UNMAP or WRITE SAME"),
    ROW("max_io_size", U64, max_io_bytes, "2147483647", "bytes of one transfer"),
};
#undef ROW
#undef BOUNDED
#undef ON_ERROR

static const QhPropertyTable disk_table = QH_PROPERTY_TABLE(properties);
static const QhPropertyTable cd_table = {
    .size = sizeof(QhPropertyTable),
    .property_size = sizeof(QhProperty),
    .n_properties = N_OF_CD,
    .properties = properties,
};

#define FIELD(member_, type_, count_) QH_STATE_FIELD(ScsiUnit, member_, type_, count_)
static const QhStateField fields[] = {
    FIELD(attentions, I32, 1),
    FIELD(write_cache, I8, 1),
    FIELD(prevent, I8, 1),
    FIELD(eject_wanted, I8, 1),
    FIELD(medium_event, I8, 1),
    FIELD(has_sense, I8, 1),
    FIELD(sense, I8, QH_SCSI_SENSE_BYTES),
};
#undef FIELD
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

static const QhScsiClass unit_class = {
    .size = sizeof(QhScsiClass),
    .execute = scsi_unit_execute,
    .resume = scsi_unit_resume,
    .abort = scsi_unit_abort,
    .attention = scsi_unit_attention,
};

const QhDeviceOps scsi_disk_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(ScsiUnit),
    .description = "SCSI disk",
    .bus = QH_SCSI_BUS,
    .properties = &disk_table,
    .state = &state_table,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .bus_class = &unit_class,
    .run_state = run_state,
    .state_loaded = state_loaded,
};

const QhDeviceOps scsi_cd_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(ScsiUnit),
    .description = "SCSI CD-ROM drive",
    .bus = QH_SCSI_BUS,
    .properties = &cd_table,
    .state = &state_table,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .bus_class = &unit_class,
    .run_state = run_state,
    .state_loaded = state_loaded,
};
