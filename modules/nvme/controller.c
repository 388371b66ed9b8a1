/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller as a device on PCI: registers (3.1), start, stop and shutdown (7.6). A reset by
 * the guest shows as done (CSTS.RDY 0) when nothing is in flight any more; one of the machine at
 * once, and a start that comes before the rest has ended waits for it.
 */
#include "modules/nvme/nvme.h"

#define SERIAL_MAX  20u
#define QUEUES_MOST 2047u
#define VECTORS_MAX 2048u
#define PAGE        4096u
#define CAP_VALUE                                                                                  \
    ((NVME_QUEUE_ENTRIES - 1) | UINT64_C(1) << 16 /* CQR */ |                                      \
     UINT64_C(0x1e) << 24 /* TO: 15 s */ | UINT64_C(1) << 37 /* NVM command set */ |               \
     UINT64_C(4) << 52 /* MPSMAX: 64 KiB */)
#define VS_VALUE 0x00010400u

void nvme_guest_error(Nvme *nvme, const char *text)
{
    const QhLogService *log = nvme->services->log;

    if ((log->mask(nvme->services->host) & QH_LOG_GUEST_ERROR) != 0) {
        g_autofree char *line = g_strdup_printf("nvme '%s': %s", nvme->base.id, text);

        log->guest(nvme->services->host, QH_LOG_GUEST_ERROR, line);
    }
}

void nvme_fatal(Nvme *nvme, const char *text)
{
    nvme_guest_error(nvme, text);
    nvme->csts |= CSTS_CFS;
}

/* --- Start and stop --- */

static const char *start_queues(Nvme *nvme)
{
    uint32_t n_sq = (nvme->aqa & 0xfff) + 1, n_cq = (nvme->aqa >> 16 & 0xfff) + 1;
    uint32_t page_shift = nvme->cc >> 7 & 0xf;

    if (page_shift > 4 || (nvme->cc >> 4 & 7) != 0 || (nvme->cc >> 11 & 7) != 0) {
        return "started with a page size, command set or arbitration that is not there";
    }
    nvme->page_bytes = 4096u << page_shift;
    if (n_sq < 2 || n_cq < 2 || nvme->asq % nvme->page_bytes != 0 ||
        nvme->acq % nvme->page_bytes != 0) {
        return "started with admin queues that are too short or misaligned";
    }
    nvme->cqs[0] = nvme_cq_new(nvme, 0, nvme->acq, n_cq);
    if (nvme->cqs[0] == NULL) {
        return "the admin completion queue does not lie in RAM";
    }
    nvme->cqs[0]->irq_enabled = 1;
    nvme->sqs[0] = nvme_sq_new(nvme, 0, nvme->cqs[0], nvme->asq, n_sq);
    if (nvme->sqs[0] == NULL) {
        nvme_cq_free(g_steal_pointer(&nvme->cqs[0]));
        return "the admin submission queue does not lie in RAM";
    }
    return NULL;
}

static void start(Nvme *nvme)
{
    const char *why = start_queues(nvme);

    if (why != NULL) {
        nvme_fatal(nvme, why);
        return;
    }
    nvme->started = 1;
    nvme->csts = (nvme->csts & ~CSTS_CFS) | CSTS_RDY;
}

void nvme_idle(Nvme *nvme)
{
    nvme_free_queues(nvme);
    nvme->resetting = nvme->started = 0;
    nvme->csts = 0;
    nvme->n_pending = 0;
    nvme->masked_events = 0;
    memset(nvme->changed, 0, sizeof(nvme->changed));
    nvme_features_reset(nvme);
    if ((nvme->cc & CC_EN) != 0) {
        start(nvme);
    }
}

/* What the controller holds itself comes back at once, what the disks hold later. */
static void stop(Nvme *nvme)
{
    if (nvme->resetting) {
        return;
    }
    nvme->resetting = 1;
    nvme->in_flight++; /* so that nothing is freed under the loops */
    nvme_let_go(nvme);
    if (--nvme->in_flight == 0) {
        nvme_idle(nvme);
    }
}

/* --- Shutdown (7.6.2): what was written is on the media when it is complete. --- */

static void flushed(Nvme *nvme)
{
    if (nvme->flushing == 0 && (nvme->csts & CSTS_SHST) == CSTS_SHUTTING) {
        nvme->csts = (nvme->csts & ~CSTS_SHST) | CSTS_SHUT;
    }
}

static void on_flushed(QhBlockRequest *block, int error)
{
    NvmeNamespace *ns = block->opaque;
    Nvme *nvme = ns->flushing_for;

    (void)error;
    ns->flushing_for = NULL;
    nvme->flushing--;
    flushed(nvme);
}

static void shut_down(Nvme *nvme)
{
    if ((nvme->csts & CSTS_SHST) != 0) {
        return;
    }
    nvme->csts |= CSTS_SHUTTING;
    nvme->flushing++;
    for (uint32_t i = 1; i <= NVME_NAMESPACES_MAX; i++) {
        NvmeNamespace *ns = nvme->namespaces[i];

        if (ns != NULL && ns->flushing_for == NULL) {
            ns->flushing_for = nvme;
            nvme->flushing++;
            ns->flush = (QhBlockRequest){
                .size = sizeof(QhBlockRequest),
                .kind = QH_BLOCK_FLUSH,
                .done = on_flushed,
                .opaque = ns,
            };
            nvme->services->block->submit(ns->drive, &ns->flush);
        }
    }
    nvme->flushing--;
    flushed(nvme);
}

/* --- Registers --- */

static void write_cc(Nvme *nvme, uint32_t value)
{
    uint32_t changed = nvme->cc ^ value;

    nvme->cc = value;
    if ((changed & CC_EN) != 0 && (value & CC_EN) == 0) {
        stop(nvme);
        return;
    }
    if ((changed & CC_EN) != 0 && !nvme->resetting) {
        start(nvme);
    }
    if ((value >> 14 & 3) != 0) {
        shut_down(nvme);
    } else if ((changed >> 14 & 3) != 0) {
        nvme->csts &= ~CSTS_SHST;
    }
}

static void write_doorbell(Nvme *nvme, uint32_t offset, uint32_t value)
{
    uint32_t index = (offset - REG_DOORBELLS) / 4, id = index / 2;

    if (!nvme->started || nvme->resetting || (nvme->csts & CSTS_CFS) != 0) {
        nvme_guest_error(nvme, "a doorbell while the controller is not ready");
    } else if (id > nvme->max_queues ||
               (index % 2 ? (void *)nvme->cqs[id] : nvme->sqs[id]) == NULL) {
        nvme_guest_error(nvme, "the doorbell of a queue that is not there");
        nvme_event(nvme, NVME_EVENT_BAD_DOORBELL);
    } else if (value >= (index % 2 ? nvme->cqs[id]->size : nvme->sqs[id]->size)) {
        nvme_guest_error(nvme, "a doorbell beyond the end of its queue");
        nvme_event(nvme, NVME_EVENT_BAD_VALUE);
    } else if (index % 2) {
        nvme_cq_take(nvme->cqs[id], value);
    } else {
        nvme->sqs[id]->tail = value;
        nvme_sq_run(nvme->sqs[id]);
    }
}

static void write_register(Nvme *nvme, uint32_t offset, uint32_t value)
{
    gboolean idle = (nvme->cc & CC_EN) == 0;

    switch (offset) {
    case REG_INTMS:
        nvme->intms |= value;
        nvme_update_line(nvme);
        break;
    case REG_INTMC:
        nvme->intms &= ~value;
        nvme_unmask(nvme);
        break;
    case REG_CC:
        write_cc(nvme, value);
        break;
    case REG_AQA:
        nvme->aqa = idle ? value & 0x0fff0fff : nvme->aqa;
        break;
    case REG_ASQ:
        nvme->asq = idle ? (nvme->asq >> 32 << 32) | (value & ~0xfffu) : nvme->asq;
        break;
    case REG_ASQ + 4:
        nvme->asq = idle ? (nvme->asq & UINT32_MAX) | (uint64_t)value << 32 : nvme->asq;
        break;
    case REG_ACQ:
        nvme->acq = idle ? (nvme->acq >> 32 << 32) | (value & ~0xfffu) : nvme->acq;
        break;
    case REG_ACQ + 4:
        nvme->acq = idle ? (nvme->acq & UINT32_MAX) | (uint64_t)value << 32 : nvme->acq;
        break;
    default:
        nvme_guest_error(nvme, "a write to a register that is not there, or read-only");
    }
}

static uint32_t
window_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Nvme *nvme = opaque;

    (void)attrs;
    if (width < 4 || offset % 4 != 0) {
        nvme_guest_error(nvme, "a write of an odd size or to an odd address");
    } else if (offset >= REG_DOORBELLS) {
        write_doorbell(nvme, (uint32_t)offset, (uint32_t)value);
    } else {
        write_register(nvme, (uint32_t)offset, (uint32_t)value);
        if (width == 8) {
            write_register(nvme, (uint32_t)offset + 4, (uint32_t)(value >> 32));
        }
    }
    return QH_BUS_OK;
}

static uint32_t
window_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const Nvme *nvme = opaque;
    uint8_t registers[REG_ACQ + 16] = {0};

    (void)attrs;
    put64(registers + REG_CAP, CAP_VALUE);
    put32(registers + REG_VS, VS_VALUE);
    put32(registers + REG_INTMS, nvme->intms);
    put32(registers + REG_INTMC, nvme->intms);
    put32(registers + REG_CC, nvme->cc);
    put32(registers + REG_CSTS, nvme->csts);
    put32(registers + REG_AQA, nvme->aqa);
    put64(registers + REG_ASQ, nvme->asq);
    put64(registers + REG_ACQ, nvme->acq);
    *ret_value = offset <= REG_ACQ + 8 ? get64(registers + offset) : 0;
    if (width < 8) {
        *ret_value &= (UINT64_C(1) << 8 * width) - 1;
    }
    return QH_BUS_OK;
}

static void config_written(QhDevice *device, uint32_t offset, uint32_t width)
{
    (void)offset;
    (void)width;
    nvme_update_line((Nvme *)device); /* MSI on: the line goes down */
}

/* --- Life --- */

static const char *check(const Nvme *nvme)
{
    if (nvme->serial == NULL || nvme->serial[0] == '\0') {
        return "serial property not set";
    }
    if (strlen(nvme->serial) > SERIAL_MAX) {
        return "a serial number has up to 20 characters";
    }
    return NULL;
}

static gboolean add_bars(Nvme *nvme, GError **error)
{
    uint32_t doorbells = REG_DOORBELLS + 8 * (nvme->max_queues + 1);
    uint32_t table = (doorbells + PAGE - 1) / PAGE * PAGE;
    uint32_t pba = table + (16 * nvme->n_vectors + PAGE - 1) / PAGE * PAGE;
    uint64_t bytes = 2 * PAGE;

    while (bytes < pba + (nvme->n_vectors + 63) / 64 * 8) {
        bytes *= 2;
    }
    nvme->services->device->window_set_bytes(&nvme->base, 0, bytes);
    return nvme->pci->bar(&nvme->base, 0, 0, QH_PCI_BAR_64, 0, error) &&
           nvme->pci->msix(&nvme->base, nvme->n_vectors, 0, table, pba, error) &&
           nvme->pci->msi(&nvme->base, MIN(nvme->n_vectors, 32), error);
}

/* drive= of the controller makes namespace 1. */
static gboolean open_own(Nvme *nvme, GError **error)
{
    if (nvme->own.drive == NULL) {
        return TRUE;
    }
    nvme->own.nsid = 1;
    if (!nvme_namespace_open(&nvme->own, &nvme->base, nvme->services, nvme->serial, error)) {
        return FALSE;
    }
    nvme->own.nvme = nvme;
    nvme->namespaces[1] = &nvme->own;
    nvme->taken[1] = 1;
    return nvme->services->firmware == NULL ||
           nvme->services->firmware->boot_device(&nvme->base, nvme->bootindex, "/namespace@1,0",
                                                 error);
}

static gboolean realize(QhDevice *device, GError **error)
{
    Nvme *nvme = (Nvme *)device;

    nvme->services = device->ctx;
    nvme->pci = nvme->services->device->bus_service(device->bus);
    const char *why = check(nvme);
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize '%s': %s", device->id, why);
        return FALSE;
    }
    nvme->sqs = g_new0(NvmeSq *, nvme->max_queues + 1);
    nvme->cqs = g_new0(NvmeCq *, nvme->max_queues + 1);
    nvme->later = nvme->services->timer->timer_new(nvme->services->host, QH_CLOCK_VIRTUAL,
                                                   nvme_run_later, nvme);
    nvme->page_bytes = PAGE;
    nvme_features_reset(nvme);
    return add_bars(nvme, error) && open_own(nvme, error) && nvme_bus_new(nvme, error);
}

static void unrealize(QhDevice *device)
{
    Nvme *nvme = (Nvme *)device;

    if (nvme->sqs == NULL) {
        return;
    }
    nvme->cc = 0;
    stop(nvme);
    nvme_namespace_close(&nvme->own);
    nvme->services->timer->timer_free(nvme->later);
    g_clear_pointer(&nvme->sqs, g_free);
    g_clear_pointer(&nvme->cqs, g_free);
}

static void reset(QhDevice *device, uint32_t kind)
{
    Nvme *nvme = (Nvme *)device;

    (void)kind;
    nvme->cc = nvme->aqa = nvme->intms = 0;
    nvme->asq = nvme->acq = 0;
    stop(nvme);
    nvme->csts = 0;
    memset(nvme->errors, 0, sizeof(nvme->errors));
    nvme->n_errors = 0;
}

static void run_state(QhDevice *device, gboolean running)
{
    if (running) {
        nvme_retry((Nvme *)device, NULL, TRUE);
    }
}

#define ROW(name_, type_, member_, default_, min_, max_, description_)                             \
    QH_PROPERTY(name_, QH_PROPERTY_##type_, offsetof(Nvme, member_), default_, min_, max_,         \
                description_)
static const QhProperty properties[] = {
    ROW("drive", BLOCK, own.drive, NULL, 0, 0, "what is on namespace 1; otherwise add nvme-ns"),
    ROW("serial",
        STRING,
        serial,
        NULL,
        0,
        0,
        "serial number, up to 20 characters; has to be given"),
    ROW("max_ioqpairs", U32, max_queues, "64", 1, QUEUES_MOST, "pairs of I/O queues"),
    ROW("msix_qsize", U32, n_vectors, "65", 1, VECTORS_MAX, "MSI-X vectors"),
    ROW("mdts", U8, mdts, "7", 0, 16, "transfers have up to 4096 << mdts bytes; 0: no limit"),
    ROW("uuid", STRING, own.uuid, NULL, 0, 0, "UUID of namespace 1; auto: from the serial number"),
    ROW("nguid", STRING, own.nguid, NULL, 0, 0, "globally unique identifier of namespace 1"),
    ROW("eui64", U64, own.eui64, "0", 0, 0, "extended unique identifier of namespace 1; 0: none"),
    ROW("logical_block_size", U32, own.logical_block_bytes, "0", 0, 0, "bytes; 0: the disk's own"),
    ROW("physical_block_size",
        U32,
        own.physical_block_bytes,
        "0",
        0,
        0,
        "bytes; 0: the disk's own"),
    ROW("discard_granularity",
        U32,
        own.discard_granularity,
        "4294967295",
        0,
        0,
        "bytes that discards should be multiples of; 4294967295: 4096"),
    ROW("write-cache",
        ONOFFAUTO,
        own.want_cache,
        "auto",
        0,
        0,
        "writes last only after a flush; auto: as the disk has it"),
    ROW("share-rw", BOOL, own.share_rw, "off", 0, 0, "others may write to the disk as well"),
    {.name = "rerror",
                                                                                           .description = "what to do when a read fails; auto: as the drive says",
                                                                                           .default_text = "auto",
                                                                                           .type = QH_PROPERTY_ENUM,
                                                                                           .offset = offsetof(Nvme, own.on_read),
                                                                                           .values = QH_BLOCK_ON_ERROR_NAMES},
    {.name = "werror",
                                                                                           .description = "what to do when a write fails; auto: as the drive says",
                                                                                           .default_text = "auto",
                                                                                           .type = QH_PROPERTY_ENUM,
                                                                                           .offset = offsetof(Nvme, own.on_write),
                                                                                           .values = QH_BLOCK_ON_ERROR_NAMES},
    ROW("bootindex",
        I32,
        bootindex,
        "-1",
        (uint64_t)INT64_C(-1),
        INT32_MAX,
        "place in the order of booting; -1: none"),
};
#undef ROW
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

#define FIELD(member_, type_) QH_STATE_FIELD(Nvme, member_, type_, 1)
static const QhStateField fields[] = {
    FIELD(cc, I32),    FIELD(csts, I32), FIELD(aqa, I32),
    FIELD(intms, I32), FIELD(asq, I64),  FIELD(acq, I64),
};
#undef FIELD
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

static const QhIoOps io_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 8,
    .read = window_read,
    .write = window_write,
};
static const QhWindow windows[] = {
    {.name = "nvme", .bytes = 0, .ops = &io_ops},
};
static const QhPciClass pci_class = {
    .size = sizeof(QhPciClass),
    .flags = QH_PCI_EXPRESS | QH_PCI_FLR,
    .vendor = 0x1b36,
    .device = 0x0010,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x010802,
    .revision = 2,
    .interrupt_pin = 1,
    .config_written = config_written,
};

const QhDeviceOps nvme_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Nvme),
    .description = "NVM Express controller",
    .bus = QH_PCI_BUS,
    .properties = &table,
    .state = &state_table,
    QH_WINDOWS(windows),
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .bus_class = &pci_class,
    .run_state = run_state,
    .state_loaded = nvme_loaded,
    .stream = nvme_stream,
};
