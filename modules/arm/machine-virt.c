/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board "virt": up to 64 PEs, RAM at 1 GiB, a GIC, a PL011, a clock, a power button, and the
 * places for PCI Express and virtio. PEs but the first are off until PSCI turns them on. virt.h
 * says what is where.
 */
#include <string.h>

#include "modules/arm/hw/hw.h"
#include "modules/arm/module.h"
#include "modules/arm/virt.h"

static gboolean refuse(const char *option, const char *why, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "machine 'virt': %s: %s", option, why);
    return FALSE;
}

/* What the options ask for together; those that this board does not have are said so. */
static gboolean check_options(ArmVirt *virt, GError **error)
{
    if (virt->secure) {
        return refuse("secure=on", "there is no EL3", error);
    }
    if (virt->ras) {
        return refuse("ras=on", "errors of the hardware are not modelled", error);
    }
    if (virt->mte) {
        return refuse("mte=on", "memory has no tags", error);
    }
    virt->gic_v3 = virt->gic_version == ARM_VIRT_GIC_AUTO ? virt->n_cpus > ARM_GICV2_MAX_CPUS
                                                          : virt->gic_version != ARM_VIRT_GIC_2;
    if (!virt->gic_v3 && virt->n_cpus > ARM_GICV2_MAX_CPUS) {
        return refuse("gic-version=2", "serves 8 CPUs at most; gic-version=3 has room for more",
                      error);
    }
    return TRUE;
}

/* PEs of a cluster share Aff1; GICv3 sends an interrupt to 16 of them at once. */
static uint64_t affinity(const ArmVirt *virt, uint32_t index)
{
    uint32_t cluster = virt->gic_v3 ? ARM_VIRT_CLUSTER : ARM_VIRT_CLUSTER_V2;

    return (uint64_t)(index / cluster) << 8 | index % cluster;
}

/* The PEs exist already, so what depends on the board is added to what the model has. */
static gboolean create_cpus(ArmVirt *virt, GError **error)
{
    const TargetServices *services = arm_virt_services(virt);

    if (services->machine->cpus_create(virt->base.machine, virt->base.target, virt->n_cpus,
                                       virt->board.space, error) == NULL) {
        return FALSE;
    }
    for (uint32_t i = 0; i < virt->n_cpus; i++) {
        ArmCpu *cpu = arm_virt_cpu(virt, i);

        cpu->machine = virt->base.machine;
        cpu->mpidr = affinity(virt, i);
        cpu->start_powered_off = i != 0;
        cpu->psci_conduit = virt->virtualization ? ARM_PSCI_SMC : ARM_PSCI_HVC;
        if (virt->virtualization) {
            cpu->has_el2 = 1;
            cpu->id.pfr0 |= UINT64_C(1) << 8; /* ID_AA64PFR0_EL1.EL2 */
        }
    }
    return TRUE;
}

/* ECAM and the window for PCI above RAM, as far as the PEs' addresses reach. */
static void place_high(const ArmVirt *virt, BoardMap *map)
{
    uint64_t limit = UINT64_C(1) << arm_virt_cpu(virt, 0)->pa_bits;
    uint64_t end = map->ram + map->ram_bytes, gib = UINT64_C(1) << 30;
    uint64_t high = MAX(ARM_VIRT_HIGH, (end + gib - 1) & ~(gib - 1));
    uint64_t mmio =
        (high + ARM_VIRT_HIGH_ECAM_AT + ARM_VIRT_HIGH_ECAM_BYTES + ARM_VIRT_HIGH_MMIO_BYTES - 1) &
        ~(ARM_VIRT_HIGH_MMIO_BYTES - 1);

    if (virt->highmem && virt->highmem_ecam &&
        high + ARM_VIRT_HIGH_ECAM_AT + ARM_VIRT_HIGH_ECAM_BYTES <= limit) {
        map->pcie.ecam = high + ARM_VIRT_HIGH_ECAM_AT;
        map->pcie.ecam_bytes = ARM_VIRT_HIGH_ECAM_BYTES;
    }
    if (virt->highmem && virt->highmem_mmio && mmio + ARM_VIRT_HIGH_MMIO_BYTES <= limit) {
        map->pcie.high = mmio;
        map->pcie.high_bytes = ARM_VIRT_HIGH_MMIO_BYTES;
    }
}

static void make_map(ArmVirt *virt, uint64_t ram_bytes)
{
    BoardMap *map = &virt->board.map;

    *map = (BoardMap){
        .ram = ARM_VIRT_RAM,
        .ram_bytes = ram_bytes,
        .pcie =
            {
                   .ecam = ARM_VIRT_PCIE_ECAM,
                   .ecam_bytes = ARM_VIRT_PCIE_ECAM_BYTES,
                   .mmio = ARM_VIRT_PCIE_MMIO,
                   .mmio_bytes = ARM_VIRT_PCIE_MMIO_BYTES,
                   .pio = ARM_VIRT_PCIE_PIO,
                   .pio_bytes = ARM_VIRT_PCIE_PIO_BYTES,
                   .irq = ARM_VIRT_PCIE_IRQ,
                   },
        .fw_cfg = ARM_VIRT_FW_CFG,
        .fw_cfg_bytes = ARM_VIRT_FW_CFG_BYTES,
        .flash = ARM_VIRT_FLASH,
        .flash_bytes = ARM_VIRT_FLASH_BYTES,
        .virtio = ARM_VIRT_VIRTIO,
        .virtio_bytes = ARM_VIRT_VIRTIO_BYTES,
        .n_virtio = ARM_VIRT_N_VIRTIO,
        .virtio_irq = ARM_VIRT_VIRTIO_IRQ,
    };
    place_high(virt, map);
}

static gboolean create_memory(ArmVirt *virt, GError **error)
{
    const TargetServices *services = arm_virt_services(virt);
    const BoardMap *map = &virt->board.map;
    uint32_t pa_bits = arm_virt_cpu(virt, 0)->pa_bits;
    uint64_t limit = virt->highmem ? UINT64_C(1) << pa_bits : ARM_VIRT_LOW_END;

    if (map->ram_bytes > limit - map->ram) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "machine 'virt': there is room for %" G_GUINT64_FORMAT
                    " MiB of RAM %s, not for %" G_GUINT64_FORMAT,
                    (limit - map->ram) >> 20,
                    virt->highmem ? "with the addresses of this CPU" : "with highmem=off",
                    map->ram_bytes >> 20);
        return FALSE;
    }
    virt->ram = services->mem->ram_new(virt->base.machine, "mach-virt.ram", map->ram_bytes, error);
    return virt->ram != NULL && services->mem->map_ram(virt->board.space, map->ram, map->ram_bytes,
                                                       virt->ram, 0, 0, 0, error);
}

/* A PL061, and a key at one of its pins. */
static gboolean create_power_button(ArmVirt *virt, GError **error)
{
    const QhDeviceService *service = arm_virt_services(virt)->device;
    Board *board = &virt->board;
    QhInstance *gpio = board_device(board, "pl061", "gpio", NULL, ARM_VIRT_GPIO, error);

    if (gpio == NULL) {
        return FALSE;
    }
    board_connect(board, gpio, 0, ARM_VIRT_GPIO_IRQ);
    virt->gpio_key = service->create(virt->base.machine, "gpio-key", "power-button", error);
    if (virt->gpio_key == NULL || !service->realize(virt->gpio_key, error)) {
        return FALSE;
    }
    service->connect(virt->gpio_key, 0, service->irq_in(gpio, ARM_VIRT_POWER_PIN));
    return TRUE;
}

static gboolean create_devices(ArmVirt *virt, GError **error)
{
    Board *board = &virt->board;
    QhInstance *rtc;

    if (!arm_virt_create_gic(virt, error) ||
        !board_create_serial(board, "pl011", 0, ARM_VIRT_UART, ARM_VIRT_UART_IRQ, error)) {
        return FALSE;
    }
    rtc = board_device(board, "pl031", "rtc", NULL, ARM_VIRT_RTC, error);
    if (rtc == NULL) {
        return FALSE;
    }
    board_connect(board, rtc, 0, ARM_VIRT_RTC_IRQ);
    return create_power_button(virt, error) && board_create_virtio(board, error) &&
           board_create_fw_cfg(board, error) && board_create_flash(board, error) &&
           board_create_pcie(board, error);
}

static gboolean create(QhMachine *machine, void *state, GError **error)
{
    ArmVirt *virt = state;
    const TargetServices *services = arm_virt_services(virt);
    const QhMachineConfig *config = services->machine->config(machine);

    board_init(&virt->board, machine, services);
    virt->n_cpus = config->n_cpus;
    if (!check_options(virt, error) || !create_cpus(virt, error)) {
        return FALSE;
    }
    make_map(virt, config->ram_bytes);
    return create_memory(virt, error) && create_devices(virt, error) &&
           arm_virt_load(virt, error) && arm_virt_add_acpi(virt, error);
}

static void destroy(QhMachine *machine, void *state)
{
    ArmVirt *virt = state;

    (void)machine;
    board_clear(&virt->board);
}

/* The first PE starts in the program, with the device tree in x0 (Linux, booting.rst); the others
 * wait for PSCI. */
static gboolean reset(QhMachine *machine, void *state, uint32_t kind, GError **error)
{
    const ArmVirt *virt = state;
    const TargetServices *services = arm_virt_services(virt);

    (void)machine;
    (void)kind;
    (void)error;
    for (uint32_t i = 0; i < virt->n_cpus; i++) {
        ArmCpu *cpu = arm_virt_cpu(virt, i);

        if (i == 0) {
            cpu->base.pc = virt->entry_pc;
            cpu->x[0] = virt->entry_x0;
        }
        services->cpu->power(&cpu->base, !cpu->start_powered_off);
    }
    return TRUE;
}

static void power_button(QhMachine *machine, void *state)
{
    const ArmVirt *virt = state;

    (void)machine;
    arm_gpio_key_press(arm_virt_services(virt)->device->state(virt->gpio_key));
}

static void *device_tree(QhMachine *machine, void *state, uint32_t *ret_bytes, GError **error)
{
    (void)machine;
    return board_device_tree(&((ArmVirt *)state)->board, ret_bytes, error);
}

#define SWITCH(name, member, on, text)                                                             \
    QH_PROPERTY(name, QH_PROPERTY_BOOL, offsetof(ArmVirt, member), on, 0, 0, text)

static const QhProperty properties[] = {
    {
     .name = "gic-version",
     .type = QH_PROPERTY_ENUM,
     .offset = offsetof(ArmVirt, gic_version),
     .default_text = "auto",
     .values = "auto|2|3|max",
     .description = "version of the interrupt controller; auto: 2 for up to 8 CPUs",
     },
    SWITCH("its", its, "on", "a GICv3 has an interrupt translation service"),
    SWITCH("virtualization", virtualization, "off", "the CPUs have EL2"),
    SWITCH("secure", secure, "off", "the CPUs have EL3"),
    SWITCH("highmem", highmem, "on", "RAM and PCI windows above 4 GiB"),
    SWITCH("highmem-ecam", highmem_ecam, "on", "256 PCI buses, above RAM"),
    SWITCH("highmem-mmio", highmem_mmio, "on", "a PCI window above RAM"),
    SWITCH("acpi", acpi, "on", "ACPI tables for the firmware"),
    SWITCH("ras", ras, "off", "memory errors are reported to the guest"),
    SWITCH("mte", mte, "off", "memory tagging"),
    {
     .name = "iommu",
     .type = QH_PROPERTY_ENUM,
     .offset = offsetof(ArmVirt,            iommu),
     .default_text = "none",
     .values = "none",
     .description = "what stands between devices and RAM",
     },
    BOARD_FLASH_PROPERTIES(ArmVirt, board),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

const QhMachineOps arm_virt_machine = {
    .size = sizeof(QhMachineOps),
    .state_size = sizeof(ArmVirt),
    .description = "QEMU-compatible Arm virtual machine",
    .max_cpus = ARM_VIRT_MAX_CPUS,
    .default_cpus = 1,
    .default_ram_bytes = 128u << 20,
    .default_ram_id = "mach-virt.ram",
    .properties = &property_table,
    .create = create,
    .destroy = destroy,
    .reset = reset,
    .power_button = power_button,
    .device_tree = device_tree,
};
