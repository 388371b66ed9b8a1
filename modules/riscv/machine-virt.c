/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board "virt": up to 32 harts, RAM at 2 GiB, ACLINT, PLIC, one ns16550, a clock and the test
 * finisher. The tables below say what is where and which line leads where; create only walks them.
 */
#include "modules/riscv/virt.h"

#include "modules/riscv/hw/hw.h"

/* A device that is mapped at a fixed place, with properties as text. */
typedef struct Row {
    const char *klass;
    const char *id;
    uint64_t address;
    uint32_t irq; /* PLIC source of its line out; 0: its lines lead to the harts */
    const char *properties[4][2];
} Row;

static const Row rows[] = {
    {"riscv.sifive.test", "test", RV_VIRT_TEST, 0,               {{NULL, NULL}}},
    {"goldfish_rtc",      "rtc",  RV_VIRT_RTC,  RV_VIRT_RTC_IRQ, {{NULL, NULL}}},
};

/* Lead line out I of @device to input @line of hart I, for all harts. */
static void connect_harts(RvVirt *virt, QhInstance *device, uint32_t line)
{
    const TargetServices *services = rv_virt_services(virt);

    for (uint32_t i = 0; i < virt->n_harts; i++) {
        services->device->connect(device, i,
                                  services->device->cpu_irq(virt->base.machine, i, line));
    }
}

/* MSWI and MTIMER, in the places of a CLINT; SSWI with aclint=on. */
static gboolean create_aclint(RvVirt *virt, GError **error)
{
    g_autofree char *harts = g_strdup_printf("%u", virt->n_harts);
    const char *const swi[][2] = {
        {"num-harts", harts},
        {NULL,        NULL }
    };
    const char *const sswi[][2] = {
        {"num-harts", harts},
        {"sswi",      "on" },
        {NULL,        NULL }
    };
    QhInstance *device =
        board_device(&virt->board, "riscv.aclint.swi", "mswi", swi, RV_VIRT_CLINT, error);

    if (device == NULL) {
        return FALSE;
    }
    connect_harts(virt, device, RV_IRQ_MSI);

    device = board_device(&virt->board, "riscv.aclint.mtimer", "mtimer", swi,
                          RV_VIRT_CLINT + 0x4000, error);
    if (device == NULL) {
        return FALSE;
    }
    connect_harts(virt, device, RV_IRQ_MTI);

    if (virt->aclint) {
        device = board_device(&virt->board, "riscv.aclint.swi", "sswi", sswi, RV_VIRT_SSWI, error);
        if (device == NULL) {
            return FALSE;
        }
        connect_harts(virt, device, RV_IRQ_SSI);
    }
    return TRUE;
}

/* Context 2 N is machine mode of hart N, context 2 N + 1 its supervisor mode. */
static QhInstance *create_plic(RvVirt *virt, GError **error)
{
    const TargetServices *services = rv_virt_services(virt);
    g_autofree char *contexts = g_strdup_printf("%u", 2 * virt->n_harts);
    g_autofree char *bytes = g_strdup_printf("%u", RV_VIRT_PLIC_BYTES);
    g_autofree char *sources = g_strdup_printf("%u", RV_VIRT_PLIC_SOURCES);
    const char *const properties[][2] = {
        {"num-sources",   sources },
        {"num-contexts",  contexts},
        {"aperture-size", bytes   },
        {NULL,            NULL    }
    };
    QhInstance *plic =
        board_device(&virt->board, "riscv.sifive.plic", "plic", properties, RV_VIRT_PLIC, error);

    for (uint32_t i = 0; plic != NULL && i < virt->n_harts; i++) {
        services->device->connect(plic, 2 * i,
                                  services->device->cpu_irq(virt->base.machine, i, RV_IRQ_MEI));
        services->device->connect(plic, 2 * i + 1,
                                  services->device->cpu_irq(virt->base.machine, i, RV_IRQ_SEI));
    }
    return plic;
}

static gboolean create_memory(RvVirt *virt, GError **error)
{
    const TargetServices *services = rv_virt_services(virt);
    QhMachine *machine = virt->base.machine;
    QhSpace *space = services->mem->system(machine);
    QhRam *mrom = services->mem->ram_new(machine, "mrom", RV_VIRT_MROM_BYTES, error);

    if (mrom == NULL || !services->mem->map_ram(space, RV_VIRT_MROM, RV_VIRT_MROM_BYTES, mrom, 0,
                                                QH_MAP_READONLY, 0, error)) {
        return FALSE;
    }
    /* Sv32 reaches 34 bits of physical addresses, but a 32-bit kernel only what it can map. */
    if (virt->xlen == 32 && virt->board.map.ram_bytes > G_GUINT64_CONSTANT(0x80000000)) {
        g_set_error(
            error, QH_ERROR, QH_ERROR_INVALID,
            "machine 'virt': a 32-bit hart reaches at most 2 GiB of RAM, not %" G_GUINT64_FORMAT
            " MiB",
            virt->board.map.ram_bytes >> 20);
        return FALSE;
    }
    virt->ram =
        services->mem->ram_new(machine, "riscv_virt_board.ram", virt->board.map.ram_bytes, error);
    return virt->ram != NULL &&
           services->mem->map_ram(space, RV_VIRT_RAM, virt->board.map.ram_bytes, virt->ram, 0, 0, 0,
                                  error);
}

/* Behind RAM, at a multiple of its size; a 32-bit hart has a fixed place in its 34 bits. */
static void place_high_window(const RvVirt *virt, BoardMap *map)
{
    uint64_t end = map->ram + map->ram_bytes;

    if (virt->xlen == 32) {
        map->pcie.high_bytes = UINT64_C(4) << 30;
        map->pcie.high = UINT64_C(0x300000000);
        return;
    }
    map->pcie.high_bytes = UINT64_C(16) << 30;
    map->pcie.high = (end + map->pcie.high_bytes - 1) & ~(map->pcie.high_bytes - 1);
}

static void make_map(RvVirt *virt, uint64_t ram_bytes)
{
    BoardMap *map = &virt->board.map;

    *map = (BoardMap){
        .ram = RV_VIRT_RAM,
        .ram_bytes = ram_bytes,
        .pcie =
            {
                   .ecam = RV_VIRT_PCIE_ECAM,
                   .ecam_bytes = RV_VIRT_PCIE_ECAM_BYTES,
                   .mmio = RV_VIRT_PCIE_MMIO,
                   .mmio_bytes = RV_VIRT_PCIE_MMIO_BYTES,
                   .pio = RV_VIRT_PCIE_PIO,
                   .pio_bytes = RV_VIRT_PCIE_PIO_BYTES,
                   .irq = RV_VIRT_PCIE_IRQ,
                   },
        .fw_cfg = RV_VIRT_FW_CFG,
        .fw_cfg_bytes = RV_VIRT_FW_CFG_BYTES,
        .flash = RV_VIRT_FLASH,
        .flash_bytes = RV_VIRT_FLASH_BYTES,
        .virtio = RV_VIRT_VIRTIO,
        .virtio_bytes = 0x1000,
        .n_virtio = RV_VIRT_N_VIRTIO,
        .virtio_irq = RV_VIRT_VIRTIO_IRQ,
    };
    place_high_window(virt, map);
}

static gboolean create_devices(RvVirt *virt, GError **error)
{
    Board *board = &virt->board;

    board->controller =
        virt->aia == RV_VIRT_AIA_NONE ? create_plic(virt, error) : rv_virt_create_aia(virt, error);
    if (board->controller == NULL ||
        !board_create_serial(board, "ns16550", 0, RV_VIRT_UART, RV_VIRT_UART_IRQ, error) ||
        !board_create_virtio(board, error) || !board_create_fw_cfg(board, error) ||
        !board_create_flash(board, error) || !board_create_pcie(board, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        QhInstance *device = board_device(board, rows[i].klass, rows[i].id, rows[i].properties,
                                          rows[i].address, error);
        if (device == NULL) {
            return FALSE;
        }
        if (rows[i].irq != 0) {
            board_connect(board, device, 0, rows[i].irq);
        }
    }
    return TRUE;
}

static gboolean create(QhMachine *machine, void *state, GError **error)
{
    RvVirt *virt = state;
    const TargetServices *services = rv_virt_services(virt);
    const QhMachineConfig *config = services->machine->config(machine);

    board_init(&virt->board, machine, services);
    virt->xlen = g_str_has_suffix(virt->base.target, "32") ? 32 : 64;
    virt->n_harts = config->n_cpus;
    make_map(virt, config->ram_bytes);
    if (services->machine->cpus_create(machine, virt->base.target, virt->n_harts, virt->board.space,
                                       error) == NULL) {
        return FALSE;
    }
    return create_memory(virt, error) && create_aclint(virt, error) &&
           create_devices(virt, error) && rv_virt_load(virt, error);
}

static void destroy(QhMachine *machine, void *state)
{
    RvVirt *virt = state;

    (void)machine;
    board_clear(&virt->board);
}

/* Each hart starts in the firmware (or the bare program) with its number and the device tree. */
static gboolean reset(QhMachine *machine, void *state, uint32_t kind, GError **error)
{
    RvVirt *virt = state;
    const TargetServices *services = rv_virt_services(virt);

    (void)kind;
    (void)error;
    for (uint32_t i = 0; i < virt->n_harts; i++) {
        QhCpu *cpu = services->machine->cpu(machine, i);
        RvCpu *hart = rv_cpu(cpu);
        cpu->pc = virt->entry.pc;
        hart->x[10] = i;
        hart->x[11] =
            virt->xlen == 32 ? (uint64_t)(int32_t)virt->entry.device_tree : virt->entry.device_tree;
        hart->x[12] = virt->entry.info;
    }
    return TRUE;
}

static void *device_tree(QhMachine *machine, void *state, uint32_t *ret_bytes, GError **error)
{
    (void)machine;
    return board_device_tree(&((RvVirt *)state)->board, ret_bytes, error);
}

static const QhProperty properties[] = {
    QH_PROPERTY("aclint",
                QH_PROPERTY_BOOL,
                offsetof(RvVirt, aclint),
                "off",
                0,
                0,
                "ACLINT with supervisor software interrupts instead of a CLINT"),
    {
       .name = "aia",
       .type = QH_PROPERTY_ENUM,
       .offset = offsetof(RvVirt, aia),
       .default_text = "none",
       .values = "none|aplic|aplic-imsic",
       .description = "interrupt controllers of the advanced interrupt architecture",
       },
    QH_PROPERTY("aia-guests",
                QH_PROPERTY_U32,
                offsetof(RvVirt, aia_guests),
                "0",
                0,
                7,
                "room for interrupt files of guests"),
    BOARD_FLASH_PROPERTIES(RvVirt, board),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

const QhMachineOps rv_virt_machine = {
    .size = sizeof(QhMachineOps),
    .state_size = sizeof(RvVirt),
    .description = "RISC-V VirtIO board",
    .max_cpus = RV_MAX_HARTS,
    .default_cpus = 1,
    .default_ram_bytes = 128u << 20,
    .default_ram_id = "riscv_virt_board.ram",
    .properties = &property_table,
    .create = create,
    .destroy = destroy,
    .reset = reset,
    .device_tree = device_tree,
};
