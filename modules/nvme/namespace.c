/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Namespaces: a controller's own, from its drive=, and devices nvme-ns on its bus. */
#include "modules/nvme/nvme.h"

/* --- Names --- */

/* 32 hexadecimal digits, dashes between them left out. */
static gboolean parse_id(const char *text, uint8_t ret[16])
{
    guint n = 0;

    for (; *text != '\0'; text++) {
        int digit = g_ascii_xdigit_value(*text);

        if (*text == '-') {
            continue;
        }
        if (digit < 0 || n == 32) {
            return FALSE;
        }
        ret[n / 2] = (uint8_t)(ret[n / 2] << 4 | digit);
        n++;
    }
    return n == 32;
}

/* Without a uuid= it follows from the serial number, so that it is the same each time. */
static void derive_uuid(NvmeNamespace *ns, const char *serial)
{
    g_autofree char *name = g_strdup_printf("nvme:%s:%u", serial, ns->nsid);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA1, name, -1);

    digest[32] = '\0';
    (void)parse_id(digest, ns->id_uuid);
    ns->id_uuid[6] = (ns->id_uuid[6] & 0x0f) | 0x50;
    ns->id_uuid[8] = (ns->id_uuid[8] & 0x3f) | 0x80;
}

static const char *set_names(NvmeNamespace *ns, const char *serial)
{
    if (ns->uuid == NULL || g_str_equal(ns->uuid, "auto")) {
        derive_uuid(ns, serial);
    } else if (!parse_id(ns->uuid, ns->id_uuid)) {
        return "property 'uuid' takes 32 hexadecimal digits";
    }
    if (ns->nguid != NULL && !parse_id(ns->nguid, ns->id_nguid)) {
        return "property 'nguid' takes 32 hexadecimal digits";
    }
    return NULL;
}

/* --- The disk --- */

uint64_t nvme_namespace_blocks(const NvmeNamespace *ns)
{
    return ns->info.bytes / ns->block_bytes;
}

NvmeNamespace *nvme_namespace(const Nvme *nvme, uint32_t nsid)
{
    return nsid >= 1 && nsid <= NVME_NAMESPACES_MAX ? nvme->namespaces[nsid] : NULL;
}

static void get_info(NvmeNamespace *ns)
{
    ns->info.size = sizeof(QhBlockInfo);
    ns->services->block->info(ns->drive, &ns->info);
}

static void on_resized(void *opaque)
{
    NvmeNamespace *ns = opaque;

    get_info(ns);
    if (ns->nvme != NULL) {
        nvme_namespace_changed(ns->nvme, ns->nsid);
    }
}

static const QhBlockHandlers handlers = {
    .size = sizeof(QhBlockHandlers),
    .resized = on_resized,
};

static gboolean block_size_is_good(uint32_t bytes)
{
    return bytes == 0 || (bytes >= 512 && bytes <= 32768 && (bytes & (bytes - 1)) == 0);
}

static const char *check(const NvmeNamespace *ns)
{
    if (ns->services->block == NULL) {
        return "this host has no disks";
    }
    if (ns->drive == NULL) {
        return "drive property not set";
    }
    if (!block_size_is_good(ns->logical_block_bytes) ||
        !block_size_is_good(ns->physical_block_bytes)) {
        return "block sizes are powers of two from 512 to 32768";
    }
    return NULL;
}

static void set_defaults(NvmeNamespace *ns)
{
    ns->block_bytes =
        ns->logical_block_bytes != 0 ? ns->logical_block_bytes : ns->info.logical_block_bytes;
    ns->physical_block_bytes =
        MAX(MAX(ns->physical_block_bytes, ns->info.physical_block_bytes), ns->block_bytes);
    if (ns->want_cache != 0) {
        ns->services->block->set_write_cache(ns->drive, ns->want_cache == 1);
        get_info(ns);
    }
}

gboolean nvme_namespace_open(NvmeNamespace *ns,
                             QhDevice *device,
                             const NvmeServices *services,
                             const char *serial,
                             GError **error)
{
    ns->device = device;
    ns->services = services;
    const char *why = check(ns);
    if (why == NULL) {
        why = set_names(ns, serial);
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize '%s': %s", device->id, why);
        return FALSE;
    }
    if (!services->block->attach(ns->drive, device->instance,
                                 ns->share_rw ? QH_BLOCK_WANT_SHARE : 0, &handlers, ns, error)) {
        return FALSE;
    }
    ns->attached = 1;
    services->block->set_errors(ns->drive, ns->on_read, ns->on_write);
    get_info(ns);
    if ((ns->info.flags & QH_BLOCK_INFO_NO_MEDIUM) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize '%s': the drive is empty",
                    device->id);
        return FALSE;
    }
    set_defaults(ns);
    return TRUE;
}

void nvme_namespace_close(NvmeNamespace *ns)
{
    if (ns->attached) {
        ns->attached = 0;
        ns->services->block->detach(ns->drive);
    }
}

/* --- The bus of a controller --- */

typedef struct NvmeNs {
    QhDevice base;
    NvmeNamespace ns;
    int32_t bootindex;
} NvmeNs;

static const char ns_class[] = NVME_NS_BUS;

static gboolean
bus_attach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    Nvme *nvme = (Nvme *)parent;
    NvmeNs *device = (NvmeNs *)child;
    const char *why = NULL;
    uint32_t nsid = 1;

    (void)data;
    if (nvme->services->device->child_class(child) != ns_class) {
        why = "its module is another";
    } else if (device->ns.nsid > NVME_NAMESPACES_MAX) {
        why = "nsid goes up to 256";
    } else if (device->ns.nsid != 0 && nvme->taken[device->ns.nsid]) {
        why = "its nsid is taken";
    }
    while (why == NULL && device->ns.nsid == 0) {
        if (nsid > NVME_NAMESPACES_MAX) {
            why = "it has all namespaces that there can be";
        } else if (!nvme->taken[nsid]) {
            device->ns.nsid = nsid;
        }
        nsid++;
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot attach '%s' to bus '%s': %s",
                    child->id, nvme->services->device->bus_name(bus), why);
        return FALSE;
    }
    nvme->taken[device->ns.nsid] = 1;
    return TRUE;
}

static void bus_plug(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, gboolean hot)
{
    Nvme *nvme = (Nvme *)parent;
    NvmeNamespace *ns = &((NvmeNs *)child)->ns;

    (void)bus;
    (void)data;
    nvme->namespaces[ns->nsid] = ns;
    ns->nvme = nvme;
    if (hot) {
        nvme_namespace_changed(nvme, ns->nsid);
    }
}

static void take_away(Nvme *nvme, NvmeNamespace *ns)
{
    if (ns->nvme != NULL) {
        nvme->namespaces[ns->nsid] = NULL;
        ns->nvme = NULL;
    }
}

/* The namespace is gone for the guest from here on; it is told, not asked. */
static gboolean
bus_unplug(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    Nvme *nvme = (Nvme *)parent;
    NvmeNamespace *ns = &((NvmeNs *)child)->ns;

    (void)bus;
    (void)data;
    (void)error;
    take_away(nvme, ns);
    nvme_namespace_changed(nvme, ns->nsid);
    nvme->services->device->unplug_done(child);
    return TRUE;
}

static void bus_detach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data)
{
    Nvme *nvme = (Nvme *)parent;
    NvmeNamespace *ns = &((NvmeNs *)child)->ns;

    (void)bus;
    (void)data;
    take_away(nvme, ns);
    nvme->taken[ns->nsid] = 0;
}

static char *bus_address(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data)
{
    (void)parent;
    (void)bus;
    (void)data;
    return g_strdup_printf("%u", ((const NvmeNs *)child)->ns.nsid);
}

static char *bus_firmware_name(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data)
{
    const NvmeNamespace *ns = &((const NvmeNs *)child)->ns;

    (void)parent;
    (void)bus;
    (void)data;
    return g_strdup_printf("namespace@%x,%" G_GINT64_MODIFIER "x", ns->nsid, ns->eui64);
}

static const QhBusOps bus_ops = {
    .size = sizeof(QhBusOps),
    .kind = NVME_NS_BUS,
    .attach = bus_attach,
    .plug = bus_plug,
    .unplug_request = bus_unplug,
    .detach = bus_detach,
    .address = bus_address,
    .firmware_name = bus_firmware_name,
};

gboolean nvme_bus_new(Nvme *nvme, GError **error)
{
    nvme->bus = nvme->services->device->bus_new(&nvme->base, &bus_ops, NULL, error);
    return nvme->bus != NULL;
}

/* --- nvme-ns --- */

static gboolean realize(QhDevice *device, GError **error)
{
    NvmeNs *self = (NvmeNs *)device;
    const NvmeServices *services = device->ctx;
    Nvme *nvme = (Nvme *)services->device->bus_parent(device->bus);

    return nvme_namespace_open(&self->ns, device, services, nvme->serial, error) &&
           (services->firmware == NULL ||
            services->firmware->boot_device(device, self->bootindex, NULL, error));
}

/* Commands that wait for another try go with it. */
static void unrealize(QhDevice *device)
{
    NvmeNs *self = (NvmeNs *)device;
    const NvmeServices *services = device->ctx;

    nvme_namespace_close(&self->ns);
    if (device->bus != NULL) {
        nvme_forget((Nvme *)services->device->bus_parent(device->bus), &self->ns);
    }
}

static void reset(QhDevice *device, uint32_t kind)
{
    (void)device;
    (void)kind;
}

static void state_loaded(QhDevice *device)
{
    get_info(&((NvmeNs *)device)->ns);
}

#define ROW(name_, type_, member_, default_, description_)                                         \
    QH_PROPERTY(name_, QH_PROPERTY_##type_, offsetof(NvmeNs, member_), default_, 0, 0, description_)
static const QhProperty properties[] = {
    ROW("drive", BLOCK, ns.drive, NULL, "what is on the namespace"),
    ROW("nsid", U32, ns.nsid, "0", "number; 0: the next free one"),
    ROW("uuid", STRING, ns.uuid, NULL, "UUID; auto: from serial number and nsid"),
    ROW("nguid", STRING, ns.nguid, NULL, "globally unique identifier, 32 digits"),
    ROW("eui64", U64, ns.eui64, "0", "extended unique identifier; 0: none"),
    ROW("logical_block_size", U32, ns.logical_block_bytes, "0", "bytes; 0: the disk's own"),
    ROW("physical_block_size", U32, ns.physical_block_bytes, "0", "bytes; 0: the disk's own"),
    ROW("discard_granularity",
        U32,
        ns.discard_granularity,
        "4294967295",
        "bytes that discards should be multiples of; 4294967295: 4096"),
    ROW("write-cache",
        ONOFFAUTO,
        ns.want_cache,
        "auto",
        "writes last only after a flush; auto: as the disk has it"),
    ROW("share-rw", BOOL, ns.share_rw, "off", "others may write to the disk as well"),
    {.name = "rerror",
                                                                                    .description = "what to do when a read fails; auto: as the drive says",
                                                                                    .default_text = "auto",
                                                                                    .type = QH_PROPERTY_ENUM,
                                                                                    .offset = offsetof(NvmeNs, ns.on_read),
                                                                                    .values = QH_BLOCK_ON_ERROR_NAMES},
    {.name = "werror",
                                                                                    .description = "what to do when a write fails; auto: as the drive says",
                                                                                    .default_text = "auto",
                                                                                    .type = QH_PROPERTY_ENUM,
                                                                                    .offset = offsetof(NvmeNs, ns.on_write),
                                                                                    .values = QH_BLOCK_ON_ERROR_NAMES},
    QH_PROPERTY("bootindex",
                QH_PROPERTY_I32,
                offsetof(NvmeNs, bootindex),
                "-1",
                (uint64_t)INT64_C(-1),
                INT32_MAX,
                "place in the order of booting; -1: none"),
};
#undef ROW
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);
static const QhStateTable state_table = {
    .size = sizeof(QhStateTable),
    .field_size = sizeof(QhStateField),
};

const QhDeviceOps nvme_ns_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(NvmeNs),
    .description = "Namespace of an NVM Express controller",
    .bus = NVME_NS_BUS,
    .properties = &table,
    .state = &state_table,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .bus_class = ns_class,
    .state_loaded = state_loaded,
};
