/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree of the virt board. Names and properties: the bindings that Linux documents for
 * Arm CPUs, PSCI, the GICs, the architected timer, PMUv3, PrimeCell devices and gpio-keys.
 */
#include <string.h>

#include "modules/arm/virt.h"
#include "modules/support/board-tree.h"

#define PHANDLE_CLOCK  1u
#define PHANDLE_GIC    2u
#define PHANDLE_MSI    3u
#define PHANDLE_GPIO   4u
#define PHANDLE_CPU(n) (0x100u + (n))

/* First and last cell of an interrupt (bindings/interrupt-controller/arm,gic-v3.yaml) */
#define GIC_SPI    0u
#define GIC_PPI    1u
#define LEVEL_HIGH 4u

#define PSCI_SUSPEND 0xc4000001u
#define PSCI_OFF     0x84000002u
#define PSCI_ON      0xc4000003u
#define KEY_POWER    116u

static const ArmVirt *virt_of(const BoardTree *tree)
{
    return tree->owner;
}

/* Property interrupts of PPIs @numbers (16 .. 31). GICv2 wants to know which PEs have them. */
static void add_ppis(BoardTree *tree, const uint32_t *numbers, uint32_t n)
{
    const ArmVirt *virt = virt_of(tree);
    uint32_t flags = LEVEL_HIGH, cells[3 * 8];

    if (!virt->gic_v3) {
        flags |= ((1u << virt->n_cpus) - 1) << 8;
    }
    g_assert(n <= 8);
    for (uint32_t i = 0; i < n; i++) {
        cells[3 * i] = GIC_PPI;
        cells[3 * i + 1] = numbers[i] - 16;
        cells[3 * i + 2] = flags;
    }
    board_tree_cells(tree, "interrupts", cells, 3 * n);
}

/* bindings/timer/arm,arch_timer.yaml: secure, physical, virtual, that of EL2, and virtual of EL2 */
static void add_timer(BoardTree *tree)
{
    static const char *const compatible[] = {"arm,armv8-timer", "arm,armv7-timer", NULL};
    static const uint32_t ppis[] = {ARM_PPI_TIMER_PHYS_SECURE, ARM_PPI_TIMER_PHYS,
                                    ARM_PPI_TIMER_VIRT, ARM_PPI_TIMER_HYP, ARM_PPI_TIMER_HVIRT};
    const ArmVirt *virt = virt_of(tree);
    gboolean has_hvirt = virt->virtualization && arm_virt_cpu(virt, 0)->has_vhe;

    board_tree_begin(tree, "timer");
    board_tree_texts(tree, "compatible", compatible);
    board_tree_flag(tree, "always-on");
    add_ppis(tree, ppis, has_hvirt ? 5 : 4);
    board_tree_end(tree);
}

/* bindings/arm/cpus.yaml: "arm,cortex-a72"; what is no real core is "arm,armv8". */
static char *core_name(const ArmVirt *virt)
{
    const QhCpu *cpu = &arm_virt_cpu(virt, 0)->base;
    const char *model = arm_virt_model_name(cpu);

    return g_str_has_prefix(model, "cortex-") || g_str_has_prefix(model, "neoverse-")
               ? g_strdup_printf("arm,%s", model)
               : g_strdup("arm,armv8");
}

/* Which PEs are threads of a core, which cores of a socket. */
static void add_cpu_map(BoardTree *tree)
{
    const Board *board = tree->board;
    const QhMachineConfig *config = board->services->machine->config(board->machine);
    uint32_t threads = MAX(config->threads, 1), cores = MAX(config->cores, 1) * threads;
    uint32_t n = virt_of(tree)->n_cpus;

    board_tree_begin(tree, "cpu-map");
    for (uint32_t i = 0; i < n; i++) {
        if (i % cores == 0) {
            board_tree_begin(tree, "socket%u", i / cores);
            board_tree_begin(tree, "cluster0");
        }
        if (i % threads == 0) {
            board_tree_begin(tree, "core%u", i % cores / threads);
        }
        if (threads > 1) {
            board_tree_begin(tree, "thread%u", i % threads);
        }
        board_tree_cell(tree, "cpu", PHANDLE_CPU(i));
        if (threads > 1) {
            board_tree_end(tree);
        }
        if (i % threads == threads - 1 || i == n - 1) {
            board_tree_end(tree);
        }
        if (i % cores == cores - 1 || i == n - 1) {
            board_tree_end(tree);
            board_tree_end(tree);
        }
    }
    board_tree_end(tree);
}

static void add_cpus(BoardTree *tree)
{
    const ArmVirt *virt = virt_of(tree);
    g_autofree char *core = core_name(virt);

    board_tree_begin(tree, "cpus");
    board_tree_cell(tree, "#address-cells", 1);
    board_tree_cell(tree, "#size-cells", 0);
    for (uint32_t i = 0; i < virt->n_cpus; i++) {
        uint32_t affinity = (uint32_t)arm_virt_cpu(virt, i)->mpidr & 0xffffff;

        board_tree_begin(tree, "cpu@%x", affinity);
        board_tree_cell(tree, "phandle", PHANDLE_CPU(i));
        board_tree_text(tree, "device_type", "cpu");
        board_tree_text(tree, "compatible", core);
        board_tree_cell(tree, "reg", affinity);
        if (virt->n_cpus > 1) {
            board_tree_text(tree, "enable-method", "psci");
        }
        board_tree_end(tree);
    }
    add_cpu_map(tree);
    board_tree_end(tree);
}

static void add_pmu(BoardTree *tree)
{
    static const uint32_t ppi = ARM_PPI_PMU;

    if (arm_virt_cpu(virt_of(tree), 0)->pmu) {
        board_tree_begin(tree, "pmu");
        board_tree_text(tree, "compatible", "arm,armv8-pmuv3");
        add_ppis(tree, &ppi, 1);
        board_tree_end(tree);
    }
}

static void add_psci(BoardTree *tree)
{
    static const char *const compatible[] = {"arm,psci-1.0", "arm,psci-0.2", "arm,psci", NULL};

    board_tree_begin(tree, "psci");
    board_tree_texts(tree, "compatible", compatible);
    board_tree_text(tree, "method", virt_of(tree)->virtualization ? "smc" : "hvc");
    board_tree_cell(tree, "cpu_suspend", PSCI_SUSPEND);
    board_tree_cell(tree, "cpu_off", PSCI_OFF);
    board_tree_cell(tree, "cpu_on", PSCI_ON);
    board_tree_end(tree);
}

static void add_msi(BoardTree *tree, const char *name, const char *compatible, uint64_t at)
{
    gboolean its = arm_virt_has_its(virt_of(tree));

    board_tree_begin(tree, "%s@%" G_GINT64_MODIFIER "x", name, at);
    board_tree_text(tree, "compatible", compatible);
    board_tree_flag(tree, "msi-controller");
    if (its) {
        board_tree_cell(tree, "#msi-cells", 1);
    }
    board_tree_reg(tree, at, its ? ARM_VIRT_GIC_ITS_BYTES : 0x1000);
    board_tree_cell(tree, "phandle", PHANDLE_MSI);
    board_tree_end(tree);
}

static void add_gic(BoardTree *tree)
{
    static const uint32_t maintenance = ARM_PPI_MAINTENANCE;
    const ArmVirt *virt = virt_of(tree);
    const uint64_t v2[] = {ARM_VIRT_GIC_DIST, 0x10000, ARM_VIRT_GIC_CPU,  0x10000,
                           ARM_VIRT_GIC_HYP,  0x10000, ARM_VIRT_GIC_VCPU, 0x10000};
    const uint64_t v3[] = {ARM_VIRT_GIC_DIST, ARM_VIRT_GIC_DIST_BYTES, ARM_VIRT_GIC_REDIST,
                           (uint64_t)virt->n_cpus * ARM_VIRT_REDIST_BYTES};

    board_tree_begin(tree, "intc@%x", ARM_VIRT_GIC_DIST);
    board_tree_cell(tree, "phandle", PHANDLE_GIC);
    board_tree_text(tree, "compatible", virt->gic_v3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    board_tree_cell(tree, "#interrupt-cells", 3);
    board_tree_flag(tree, "interrupt-controller");
    board_tree_cell(tree, "#address-cells", 2);
    board_tree_cell(tree, "#size-cells", 2);
    board_tree_flag(tree, "ranges");
    if (virt->gic_v3) {
        board_tree_cell(tree, "#redistributor-regions", 1);
        board_tree_wide(tree, "reg", v3, G_N_ELEMENTS(v3));
    } else {
        board_tree_wide(tree, "reg", v2, virt->virtualization ? G_N_ELEMENTS(v2) : 4);
    }
    if (virt->virtualization) {
        add_ppis(tree, &maintenance, 1);
    }
    if (arm_virt_has_its(virt)) {
        add_msi(tree, "its", "arm,gic-v3-its", ARM_VIRT_GIC_ITS);
    } else if (!virt->gic_v3) {
        add_msi(tree, "v2m", "arm,gic-v2m-frame", ARM_VIRT_GIC_V2M);
    }
    board_tree_end(tree);
}

/* A PrimeCell device, left open; @clocks: names of its clocks, which all are the one there is. */
static void begin_primecell(
    BoardTree *tree, const char *name, uint64_t address, uint32_t irq, const char *const *clocks)
{
    static const uint32_t clock[2] = {PHANDLE_CLOCK, PHANDLE_CLOCK};
    g_autofree char *part = g_strdup_printf("arm,%s", name);
    const char *const compatible[] = {part, "arm,primecell", NULL};

    board_tree_device(tree, name, compatible, address, 0x1000, irq);
    board_tree_cells(tree, "clocks", clock, g_strv_length((char **)clocks));
    board_tree_texts(tree, "clock-names", clocks);
}

static void add_devices(BoardTree *tree)
{
    static const char *const uart[] = {"uartclk", "apb_pclk", NULL};
    static const char *const bus[] = {"apb_pclk", NULL};
    static const uint32_t power[3] = {PHANDLE_GPIO, ARM_VIRT_POWER_PIN, 0};

    board_tree_begin(tree, "apb-pclk");
    board_tree_text(tree, "compatible", "fixed-clock");
    board_tree_cell(tree, "#clock-cells", 0);
    board_tree_cell(tree, "clock-frequency", ARM_VIRT_DEVICE_HZ);
    board_tree_text(tree, "clock-output-names", "clk24mhz");
    board_tree_cell(tree, "phandle", PHANDLE_CLOCK);
    board_tree_end(tree);
    begin_primecell(tree, "pl011", ARM_VIRT_UART, ARM_VIRT_UART_IRQ, uart);
    board_tree_end(tree);
    begin_primecell(tree, "pl031", ARM_VIRT_RTC, ARM_VIRT_RTC_IRQ, bus);
    board_tree_end(tree);
    begin_primecell(tree, "pl061", ARM_VIRT_GPIO, ARM_VIRT_GPIO_IRQ, bus);
    board_tree_cell(tree, "#gpio-cells", 2);
    board_tree_flag(tree, "gpio-controller");
    board_tree_cell(tree, "#interrupt-cells", 2);
    board_tree_flag(tree, "interrupt-controller");
    board_tree_cell(tree, "#address-cells", 0);
    board_tree_cell(tree, "phandle", PHANDLE_GPIO);
    board_tree_end(tree);
    board_tree_begin(tree, "gpio-keys");
    board_tree_text(tree, "compatible", "gpio-keys");
    board_tree_begin(tree, "poweroff");
    board_tree_text(tree, "label", "GPIO Key Poweroff");
    board_tree_cell(tree, "linux,code", KEY_POWER);
    board_tree_cells(tree, "gpios", power, G_N_ELEMENTS(power));
    board_tree_end(tree);
    board_tree_end(tree);
}

uint8_t *arm_virt_device_tree(ArmVirt *virt, uint32_t *ret_bytes, GError **error)
{
    BoardTree tree = {
        .board = &virt->board,
        .owner = virt,
        .interrupt =
            {
                        .phandle = PHANDLE_GIC,
                        .address_cells = 2,
                        .n_cells = 3,
                        .number = 1,
                        .cells = {GIC_SPI, 0, LEVEL_HIGH},
                        },
        .msi_parent = virt->gic_v3 ? 0 : PHANDLE_MSI,
        .msi_map = arm_virt_has_its(virt) ? PHANDLE_MSI : 0,
    };

    board_tree_start(&tree);
    board_tree_text(&tree, "compatible", "linux,dummy-virt");
    board_tree_text(&tree, "model", "linux,dummy-virt");
    board_tree_cell(&tree, "interrupt-parent", PHANDLE_GIC);
    board_tree_begin_chosen(&tree, "/pl011@9000000");
    board_tree_random(&tree, "kaslr-seed", 8);
    board_tree_end(&tree);
    board_tree_begin(&tree, "aliases");
    board_tree_text(&tree, "serial0", "/pl011@9000000");
    board_tree_end(&tree);
    board_tree_memory(&tree);
    add_cpus(&tree);
    add_psci(&tree);
    add_timer(&tree);
    add_pmu(&tree);
    add_gic(&tree);
    add_devices(&tree);
    board_tree_io(&tree);
    return board_tree_finish(&tree, ret_bytes, error);
}
