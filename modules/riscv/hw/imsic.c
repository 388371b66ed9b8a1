/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One interrupt file of an IMSIC (RISC-V AIA 1.0, chapter 3): a page that takes messages, and the
 * registers that the hart reaches through its CSRs. The lowest identity has the highest priority.
 */
#include "hw.h"

#include <string.h>

#include "modules/riscv/aia.h"

#define PAGE_BYTES 0x1000u
#define SET_LE     0u /* seteipnum_le, seteipnum_be (AIA 3.6) */
#define SET_BE     4u

typedef struct Imsic {
    QhDevice base;
    uint32_t n_ids; /* property */
    RvImsicFile file;
} Imsic;

/* With the lock. */
static uint32_t first(const RvImsicFile *file)
{
    for (uint32_t word = 0; word < RV_IMSIC_WORDS; word++) {
        uint64_t ready = file->pending[word] & file->enabled[word];

        if (ready != 0) {
            uint32_t id = word * 64 + (uint32_t)__builtin_ctzll(ready);

            return file->threshold != 0 && id >= file->threshold ? 0 : id;
        }
    }
    return 0;
}

/* With the lock, so that the last level that is set is that of the last change. */
static void drive(RvImsicFile *file)
{
    gboolean high = file->delivery == 1 && first(file) != 0;

    if (file->line != NULL) {
        file->services->device->irq_set(file->line, high);
    }
}

uint32_t rv_imsic_top(RvImsicFile *file)
{
    uint32_t id;

    g_mutex_lock(&file->lock);
    id = first(file);
    g_mutex_unlock(&file->lock);
    return id;
}

static void set_pending(RvImsicFile *file, uint32_t id, gboolean on)
{
    uint64_t bit = UINT64_C(1) << id % 64;

    if (id == 0 || id > file->n_ids) {
        return;
    }
    g_mutex_lock(&file->lock);
    if (on) {
        file->pending[id / 64] |= bit;
    } else {
        file->pending[id / 64] &= ~bit;
    }
    drive(file);
    g_mutex_unlock(&file->lock);
}

void rv_imsic_claim(RvImsicFile *file, uint32_t id)
{
    set_pending(file, id, FALSE);
}

/* The word that eip or eie @select stands for; a hart of 64 bits has the even ones (AIA 3.8.3). */
static uint64_t *array_word(RvImsicFile *file, uint32_t select, uint32_t *ret_shift)
{
    uint32_t n = select & 0x3f;

    *ret_shift = n % 2 * 32;
    return select >= RV_ISELECT_EIE ? &file->enabled[n / 2] : &file->pending[n / 2];
}

uint64_t rv_imsic_read(RvImsicFile *file, uint32_t select, uint32_t xlen)
{
    uint64_t value = 0;
    uint32_t shift;

    g_mutex_lock(&file->lock);
    if (select == RV_ISELECT_DELIVERY) {
        value = file->delivery;
    } else if (select == RV_ISELECT_THRESHOLD) {
        value = file->threshold;
    } else if (select >= RV_ISELECT_EIP) {
        value = *array_word(file, select, &shift);
        value = xlen == 32 ? (uint32_t)(value >> shift) : value;
    }
    g_mutex_unlock(&file->lock);
    return value;
}

/* Bits of identities that exist, of word @n. */
static uint64_t existing(const RvImsicFile *file, uint32_t n)
{
    uint64_t below = file->n_ids + 1 - MIN((uint64_t)n * 64, file->n_ids + 1);
    uint64_t bits = below >= 64 ? UINT64_MAX : (UINT64_C(1) << below) - 1;

    return n == 0 ? bits & ~UINT64_C(1) : bits;
}

void rv_imsic_write(
    RvImsicFile *file, uint32_t select, uint32_t xlen, uint64_t value, uint64_t mask)
{
    uint32_t shift;

    g_mutex_lock(&file->lock);
    if (select == RV_ISELECT_DELIVERY) {
        file->delivery = value == 1; /* no delivery by an APLIC or PLIC instead */
    } else if (select == RV_ISELECT_THRESHOLD) {
        file->threshold = (uint32_t)MIN(value, file->n_ids);
    } else if (select >= RV_ISELECT_EIP) {
        uint64_t *word = array_word(file, select, &shift);

        if (xlen == 32) {
            value = (value & UINT32_MAX) << shift;
            mask = (mask & UINT32_MAX) << shift;
        }
        *word = ((*word & ~mask) | (value & mask)) & existing(file, (select & 0x3f) / 2);
    }
    drive(file);
    g_mutex_unlock(&file->lock);
}

void rv_imsic_connect(QhDevice *imsic, RvCpu *cpu, gboolean machine, QhIrq *line)
{
    RvImsicFile *file = &((Imsic *)imsic)->file;

    file->line = line;
    cpu->imsic[machine ? 1 : 0] = file;
}

static uint32_t
page_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)opaque, (void)offset, (void)width, (void)attrs;
    *ret_value = 0;
    return QH_BUS_OK;
}

static uint32_t
page_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Imsic *imsic = opaque;

    (void)width, (void)attrs;
    if (offset == SET_LE || offset == SET_BE) {
        uint32_t id = (uint32_t)value;

        set_pending(&imsic->file, offset == SET_LE ? id : GUINT32_SWAP_LE_BE(id), TRUE);
    }
    return QH_BUS_OK;
}

static const QhIoOps page_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 4,
    .read = page_read,
    .write = page_write,
};

static const QhWindow windows[] = {
    {.name = "imsic", .bytes = PAGE_BYTES, .ops = &page_ops},
};

static gboolean realize(QhDevice *device, GError **error)
{
    Imsic *imsic = (Imsic *)device;

    /* AIA 3.1: one less than a multiple of 64 */
    if (imsic->n_ids % 64 != 63) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s' (riscv.imsic): num-irqs has to be one less than a multiple of 64",
                    device->id);
        return FALSE;
    }
    imsic->file.n_ids = imsic->n_ids;
    imsic->file.services = device->ctx;
    g_mutex_init(&imsic->file.lock);
    return TRUE;
}

static void reset(QhDevice *device, uint32_t kind)
{
    RvImsicFile *file = &((Imsic *)device)->file;

    (void)kind;
    g_mutex_lock(&file->lock);
    file->delivery = file->threshold = 0;
    memset(file->pending, 0, sizeof(file->pending));
    memset(file->enabled, 0, sizeof(file->enabled));
    drive(file);
    g_mutex_unlock(&file->lock);
}

#define FIELD(member_, type_, count_)                                                              \
    {                                                                                              \
        .name = #member_, .offset = offsetof(Imsic, file.member_), .count = (count_),              \
        .type = (type_), .klass = QH_CLASS_CTRL,                                                   \
    }

static const QhStateField fields[] = {
    FIELD(delivery, QH_TYPE_I32, 1),
    FIELD(threshold, QH_TYPE_I32, 1),
    FIELD(pending, QH_TYPE_I64, RV_IMSIC_WORDS),
    FIELD(enabled, QH_TYPE_I64, RV_IMSIC_WORDS),
};

static const QhStateTable state = QH_STATE_TABLE(fields, 1);

static const QhProperty properties[] = {
    QH_PROPERTY("num-irqs",
                QH_PROPERTY_U32,
                offsetof(Imsic, n_ids),
                "255",
                63,
                RV_IMSIC_IDS_MAX,
                "the highest identity"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

const QhDeviceOps rv_imsic_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Imsic),
    .description = "RISC-V IMSIC, one interrupt file",
    .properties = &property_table,
    .state = &state,
    QH_WINDOWS(windows),
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .reset = reset,
};
