/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers and tables of an ITS: gicv3-its.h. */
#include "gicv3-its.h"

#include <string.h>

#define ITS_BYTES 0x20000u

#define GITS_CTLR       0x0000u
#define GITS_TYPER      0x0008u
#define GITS_CBASER     0x0080u
#define GITS_CWRITER    0x0088u
#define GITS_CREADR     0x0090u
#define GITS_BASER0     0x0100u
#define GITS_BASER1     0x0108u
#define GITS_ID         0xffd0u
#define GITS_TRANSLATER 0x10040u

#define CTLR_ENABLED   1u
#define CTLR_QUIESCENT (1u << 31)
#define IIDR           0x0000043bu

/* Physical LPIs; entries of 8 bytes; event, device and collection numbers of 16 bits; PEs by their
 * number (PTA 0); all collections in memory (12.19.12). */
#define TYPER_VALUE                                                                                \
    (UINT64_C(1) | UINT64_C(7) << 4 | UINT64_C(15) << 8 | UINT64_C(15) << 13 |                     \
     UINT64_C(15) << 32 | UINT64_C(1) << 36)

/* GITS_BASER (12.19.1) */
#define BASER_VALID       (UINT64_C(1) << 63)
#define BASER_INDIRECT    (UINT64_C(1) << 62)
#define BASER_WRITABLE    UINT64_C(0xf8e0ffffffffffff)
#define BASER_ENTRY       (UINT64_C(7) << 48)
#define BASER_DEVICES     (UINT64_C(1) << 56 | BASER_ENTRY)
#define BASER_COLLECTIONS (UINT64_C(4) << 56 | BASER_ENTRY)
#define ADDRESS_48        UINT64_C(0x0000fffffffff000)
#define ADDRESS_52        UINT64_C(0x000ffffffffff000)

#define CBASER_BITS  UINT64_C(0xb8effffffffffcff)
#define CWRITER_BITS UINT64_C(0xfffe0)

#define DTE_ITT    UINT64_C(0x000fffffffffff00)
#define ENTRY_SIZE 8u

static gboolean read_entry(Its *its, uint64_t address, uint64_t *ret_entry)
{
    const QhMemService *mem = gicv3_services(its->gic)->mem;
    uint64_t entry;

    if (mem->dma_read(its->base.instance, mem->system(its->base.machine), address, &entry,
                      sizeof(entry)) != QH_BUS_OK) {
        return FALSE;
    }
    *ret_entry = GUINT64_FROM_LE(entry);
    return TRUE;
}

static gboolean write_entry(Its *its, uint64_t address, uint64_t entry)
{
    const QhMemService *mem = gicv3_services(its->gic)->mem;

    entry = GUINT64_TO_LE(entry);
    return mem->dma_write(its->base.instance, mem->system(its->base.machine), address, &entry,
                          sizeof(entry)) == QH_BUS_OK;
}

/* Address of entry @n of the table of @baser, flat or of two levels (5.2.1). */
static gboolean table_entry(Its *its, uint64_t baser, uint32_t n, uint64_t *ret_address)
{
    uint64_t page = UINT64_C(4096) << MIN(2 * (baser >> 8 & 3), 4);
    uint64_t entries = ((baser & 0xff) + 1) * page / ENTRY_SIZE;
    uint64_t base = baser & ADDRESS_48 & -page;
    uint64_t level1;

    if (page == 0x10000) {
        base |= (baser >> 12 & 0xf) << 48;
    }
    if (!(baser & BASER_VALID)) {
        return FALSE;
    }
    if (!(baser & BASER_INDIRECT)) {
        *ret_address = base + (uint64_t)n * ENTRY_SIZE;
        return n < entries;
    }
    if (n / (page / ENTRY_SIZE) >= entries ||
        !read_entry(its, base + n / (page / ENTRY_SIZE) * ENTRY_SIZE, &level1) ||
        !(level1 & ITS_ENTRY_VALID)) {
        return FALSE;
    }
    *ret_address = (level1 & ADDRESS_52 & -page) + n % (page / ENTRY_SIZE) * ENTRY_SIZE;
    return TRUE;
}

gboolean its_read_device(Its *its, uint32_t device, uint64_t *ret_entry)
{
    uint64_t address;

    return device >> ITS_DEVICE_BITS == 0 && table_entry(its, its->devices, device, &address) &&
           read_entry(its, address, ret_entry);
}

gboolean its_write_device(Its *its, uint32_t device, uint64_t entry)
{
    uint64_t address;

    return device >> ITS_DEVICE_BITS == 0 && table_entry(its, its->devices, device, &address) &&
           write_entry(its, address, entry);
}

gboolean its_read_collection(Its *its, uint32_t collection, uint64_t *ret_entry)
{
    uint64_t address;

    return table_entry(its, its->collections, collection, &address) &&
           read_entry(its, address, ret_entry);
}

gboolean its_write_collection(Its *its, uint32_t collection, uint64_t entry)
{
    uint64_t address;

    return table_entry(its, its->collections, collection, &address) &&
           write_entry(its, address, entry);
}

static gboolean event_address(Its *its, uint32_t device, uint32_t event, uint64_t *ret_address)
{
    uint64_t entry;

    if (!its_read_device(its, device, &entry) || !(entry & ITS_ENTRY_VALID) ||
        (uint64_t)event >> ((entry & 0x1f) + 1) != 0) {
        return FALSE;
    }
    *ret_address = (entry & DTE_ITT) + (uint64_t)event * ENTRY_SIZE;
    return TRUE;
}

gboolean its_read_event(Its *its, uint32_t device, uint32_t event, uint64_t *ret_entry)
{
    uint64_t address;

    return event_address(its, device, event, &address) && read_entry(its, address, ret_entry);
}

gboolean its_write_event(Its *its, uint32_t device, uint32_t event, uint64_t entry)
{
    uint64_t address;

    return event_address(its, device, event, &address) && write_entry(its, address, entry);
}

ArmGicCpu *its_collection_cpu(Its *its, uint32_t collection)
{
    uint64_t entry;

    if (!its_read_collection(its, collection, &entry) || !(entry & ITS_ENTRY_VALID) ||
        (entry & 0xffff) >= its->gic->n_cpus) {
        return NULL;
    }
    return &its->gic->cpu[entry & 0xffff];
}

void its_forget(Its *its)
{
    if (++its->generation == 0) {
        memset(its->cache, 0, sizeof(its->cache));
        its->generation = 1;
    }
}

const ItsTranslation *its_translate(Its *its, uint32_t device, uint32_t event)
{
    ItsTranslation *found = &its->cache[(device * 31 + event) % ITS_N_CACHED];
    uint64_t entry;

    if (found->valid == its->generation && found->device == device && found->event == event) {
        return found;
    }
    if (!its_read_event(its, device, event, &entry) || !(entry & ITS_ENTRY_VALID)) {
        return NULL;
    }
    found->valid = 0;
    found->device = device;
    found->event = event;
    found->lpi = (uint32_t)entry;
    found->cpu = its_collection_cpu(its, (uint32_t)(entry >> 32) & 0xffff);
    if (found->cpu == NULL) {
        return NULL;
    }
    found->valid = its->generation;
    return found;
}

void arm_gicv3_its_connect(QhDevice *its, QhDevice *gic)
{
    ((Its *)its)->gic = (Gicv3 *)gic;
}

/* A device's message (12.19.11). */
static void take_message(Its *its, uint32_t device, uint32_t event)
{
    const ItsTranslation *to;

    if (its->gic == NULL || !(its->ctlr & CTLR_ENABLED)) {
        return;
    }
    to = its_translate(its, device, event);
    if (to != NULL) {
        gicv3_lpi_set(to->cpu, to->lpi, TRUE);
    }
}

static uint64_t *register_at(Its *its, uint32_t offset)
{
    switch (offset & ~7u) {
    case GITS_CBASER:
        return &its->cbaser;
    case GITS_CWRITER:
        return &its->cwriter;
    case GITS_CREADR:
        return &its->creadr;
    case GITS_BASER0:
        return &its->devices;
    case GITS_BASER1:
        return &its->collections;
    default:
        return NULL;
    }
}

/* The aligned double word that @offset lies in. */
static uint64_t read_double(Its *its, uint32_t offset)
{
    const uint64_t *reg = register_at(its, offset);

    if (reg != NULL) {
        return *reg;
    }
    switch (offset & ~7u) {
    case GITS_CTLR:
        return its->ctlr | (its->ctlr & CTLR_ENABLED ? 0 : CTLR_QUIESCENT) | (uint64_t)IIDR << 32;
    case GITS_TYPER:
        return TYPER_VALUE;
    default:
        return offset >= GITS_ID && offset < GITS_ID + 0x30
                   ? gicv3_id_register(offset & ~7u) | (uint64_t)gicv3_id_register(offset | 4) << 32
                   : 0;
    }
}

static uint32_t
its_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)attrs;
    *ret_value =
        read_double(opaque, (uint32_t)offset) >> offset % 8 * 8 & UINT64_MAX >> (64 - 8 * width);
    return QH_BUS_OK;
}

/* Table and queue registers are fixed while the ITS is enabled (12.19.1, 12.19.2). */
static void write_double(Its *its, uint32_t offset, uint64_t value)
{
    gboolean fixed = (its->ctlr & CTLR_ENABLED) != 0;

    switch (offset & ~7u) {
    case GITS_CBASER:
        if (!fixed) {
            its->cbaser = value & CBASER_BITS;
            its->creadr = its->cwriter = 0;
        }
        break;
    case GITS_CWRITER:
        its->cwriter = value & CWRITER_BITS;
        its_run_commands(its);
        break;
    case GITS_BASER0:
        its->devices = fixed ? its->devices : (value & BASER_WRITABLE) | BASER_DEVICES;
        its_forget(its);
        break;
    case GITS_BASER1:
        its->collections = fixed ? its->collections : (value & BASER_WRITABLE) | BASER_COLLECTIONS;
        its_forget(its);
        break;
    default:
        break;
    }
}

static uint32_t its_write(void *opaque, uint64_t at, uint32_t width, uint32_t attrs, uint64_t value)
{
    Its *its = opaque;
    uint32_t offset = (uint32_t)at;
    const uint64_t *reg = register_at(its, offset);

    if (offset == GITS_TRANSLATER && width <= 4) {
        take_message(its, attrs >> 16, (uint32_t)value);
    } else if (offset == GITS_CTLR && width == 4) {
        its->ctlr = (uint32_t)value & CTLR_ENABLED;
        its_forget(its);
        its_run_commands(its);
    } else if (reg != NULL && width >= 4) {
        uint32_t shift = offset % 8 * 8;
        uint64_t written = UINT64_MAX >> (64 - 8 * width) << shift;

        write_double(its, offset, (*reg & ~written) | (value << shift & written));
    }
    return QH_BUS_OK;
}

static const QhIoOps its_io = {
    .size = sizeof(QhIoOps),
    .min_size = 2,
    .max_size = 8,
    .read = its_read,
    .write = its_write,
};

static gboolean realize(QhDevice *device, GError **error)
{
    (void)error;
    ((Its *)device)->generation = 1;
    return TRUE;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Its *its = (Its *)device;

    (void)kind;
    its->ctlr = 0;
    its->cbaser = its->cwriter = its->creadr = 0;
    its->devices = BASER_DEVICES;
    its->collections = BASER_COLLECTIONS;
    its_forget(its);
}

static void state_loaded(QhDevice *device)
{
    its_forget((Its *)device);
}

#define FIELD(member_, type_) QH_STATE_FIELD(Its, member_, type_, 1)
static const QhStateField fields[] = {
    FIELD(ctlr, I32),   FIELD(cbaser, I64),  FIELD(cwriter, I64),
    FIELD(creadr, I64), FIELD(devices, I64), FIELD(collections, I64),
};

static const QhStateTable state = QH_STATE_TABLE(fields, 1);

static const QhWindow windows[] = {
    {"gicv3_its", ITS_BYTES, &its_io},
};

const QhDeviceOps arm_gicv3_its_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Its),
    .description = "Interrupt translation service of a GICv3",
    .state = &state,
    QH_WINDOWS(windows),
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .reset = reset,
    .state_loaded = state_loaded,
};
