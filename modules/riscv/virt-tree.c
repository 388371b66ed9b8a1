/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree of the virt board. Node and property names: the bindings that Linux documents for
 * RISC-V harts, the CLINT, ACLINT, PLIC, ns16550a and syscon-poweroff.
 */
#include "modules/riscv/virt-tree.h"

#include "modules/riscv/isa.h"

void rv_tree_hart_lines(BoardTree *tree, const uint32_t *lines, uint32_t n_lines)
{
    g_autoptr(GArray) cells = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (uint32_t hart = 0; hart < rv_tree_virt(tree)->n_harts; hart++) {
        for (uint32_t i = 0; i < n_lines; i++) {
            uint32_t pair[2] = {RV_PHANDLE_INTC(hart), lines[i]};
            g_array_append_vals(cells, pair, 2);
        }
    }
    board_tree_cells(tree, "interrupts-extended", (const uint32_t *)cells->data, cells->len);
}

static void add_hart(BoardTree *tree, uint32_t hart)
{
    const TargetServices *services = rv_virt_services(rv_tree_virt(tree));
    QhCpu *cpu = services->machine->cpu(tree->board->machine, hart);
    g_autofree char *isa = rv_isa_string(cpu);
    g_auto(GStrv) extensions = rv_isa_extensions(cpu);

    board_tree_begin(tree, "cpu@%x", hart);
    board_tree_cell(tree, "phandle", RV_PHANDLE_CPU(hart));
    board_tree_text(tree, "device_type", "cpu");
    board_tree_cell(tree, "reg", hart);
    board_tree_text(tree, "status", "okay");
    board_tree_text(tree, "compatible", "riscv");
    board_tree_text(tree, "riscv,isa", isa);
    board_tree_text(tree, "riscv,isa-base", rv_isa_base(cpu));
    board_tree_texts(tree, "riscv,isa-extensions", (const char *const *)extensions);
    board_tree_text(tree, "mmu-type", rv_isa_mmu_type(cpu));
    if (rv_isa_cbom_bytes(cpu) != 0) {
        board_tree_cell(tree, "riscv,cbom-block-size", rv_isa_cbom_bytes(cpu));
    }
    if (rv_isa_cbop_bytes(cpu) != 0) {
        board_tree_cell(tree, "riscv,cbop-block-size", rv_isa_cbop_bytes(cpu));
    }
    if (rv_isa_cboz_bytes(cpu) != 0) {
        board_tree_cell(tree, "riscv,cboz-block-size", rv_isa_cboz_bytes(cpu));
    }
    board_tree_begin(tree, "interrupt-controller");
    board_tree_cell(tree, "#interrupt-cells", 1);
    board_tree_flag(tree, "interrupt-controller");
    board_tree_text(tree, "compatible", "riscv,cpu-intc");
    board_tree_cell(tree, "phandle", RV_PHANDLE_INTC(hart));
    board_tree_end(tree);
    board_tree_end(tree);
}

static void add_cpus(BoardTree *tree)
{
    const TargetServices *services = rv_virt_services(rv_tree_virt(tree));
    QhCpu *first = services->machine->cpu(tree->board->machine, 0);

    board_tree_begin(tree, "cpus");
    board_tree_cell(tree, "#address-cells", 1);
    board_tree_cell(tree, "#size-cells", 0);
    board_tree_cell(tree, "timebase-frequency", (uint32_t)rv_isa_timebase_hz(first));
    for (uint32_t hart = 0; hart < rv_tree_virt(tree)->n_harts; hart++) {
        add_hart(tree, hart);
    }
    board_tree_begin(tree, "cpu-map");
    board_tree_begin(tree, "cluster0");
    for (uint32_t hart = 0; hart < rv_tree_virt(tree)->n_harts; hart++) {
        board_tree_begin(tree, "core%u", hart);
        board_tree_cell(tree, "cpu", RV_PHANDLE_CPU(hart));
        board_tree_end(tree);
    }
    board_tree_end(tree);
    board_tree_end(tree);
    board_tree_end(tree);
}

static void add_clint(BoardTree *tree)
{
    static const char *const compatible[] = {"sifive,clint0", "riscv,clint0", NULL};
    static const uint32_t lines[] = {RV_IRQ_MSI, RV_IRQ_MTI};

    board_tree_begin(tree, "clint@%x", RV_VIRT_CLINT);
    board_tree_texts(tree, "compatible", compatible);
    board_tree_reg(tree, RV_VIRT_CLINT, RV_VIRT_CLINT_BYTES);
    rv_tree_hart_lines(tree, lines, G_N_ELEMENTS(lines));
    board_tree_end(tree);
}

static void add_swi(BoardTree *tree, const char *kind, uint64_t address, uint32_t line)
{
    g_autofree char *compatible = g_strdup_printf("riscv,aclint-%s", kind);

    board_tree_begin(tree, "%s@%" G_GINT64_MODIFIER "x", kind, address);
    board_tree_text(tree, "compatible", compatible);
    board_tree_reg(tree, address, 0x4000);
    board_tree_cell(tree, "#interrupt-cells", 0);
    board_tree_flag(tree, "interrupt-controller");
    rv_tree_hart_lines(tree, &line, 1);
    board_tree_end(tree);
}

/* The binding of the timer lists mtime first, then mtimecmp (bindings/timer/riscv,aclint-mtimer).
 */
static void add_aclint(BoardTree *tree)
{
    static const uint32_t line = RV_IRQ_MTI;
    const uint64_t timer = RV_VIRT_CLINT + 0x4000;
    const uint64_t reg[4] = {timer + 0x7ff8, 8, timer, 0x7ff8};

    add_swi(tree, "mswi", RV_VIRT_CLINT, RV_IRQ_MSI);
    board_tree_begin(tree, "mtimer@%" G_GINT64_MODIFIER "x", timer);
    board_tree_text(tree, "compatible", "riscv,aclint-mtimer");
    board_tree_wide(tree, "reg", reg, 4);
    rv_tree_hart_lines(tree, &line, 1);
    board_tree_end(tree);
    add_swi(tree, "sswi", RV_VIRT_SSWI, RV_IRQ_SSI);
}

static void add_plic(BoardTree *tree)
{
    static const char *const compatible[] = {"sifive,plic-1.0.0", "riscv,plic0", NULL};
    static const uint32_t lines[] = {RV_IRQ_MEI, RV_IRQ_SEI};

    board_tree_begin(tree, "plic@%x", RV_VIRT_PLIC);
    board_tree_cell(tree, "phandle", RV_PHANDLE_PLIC);
    board_tree_texts(tree, "compatible", compatible);
    board_tree_cell(tree, "#address-cells", 0);
    board_tree_cell(tree, "#interrupt-cells", 1);
    board_tree_flag(tree, "interrupt-controller");
    rv_tree_hart_lines(tree, lines, G_N_ELEMENTS(lines));
    board_tree_reg(tree, RV_VIRT_PLIC, RV_VIRT_PLIC_BYTES);
    board_tree_cell(tree, "riscv,ndev", RV_VIRT_PLIC_SOURCES - 1);
    board_tree_end(tree);
}

static void add_soc(BoardTree *tree)
{
    static const char *const test[] = {"sifive,test1", "sifive,test0", "syscon", NULL};
    static const char *const uart[] = {"ns16550a", NULL};
    static const char *const rtc[] = {"google,goldfish-rtc", NULL};

    board_tree_begin(tree, "soc");
    board_tree_cell(tree, "#address-cells", 2);
    board_tree_cell(tree, "#size-cells", 2);
    board_tree_text(tree, "compatible", "simple-bus");
    board_tree_flag(tree, "ranges");
    if (rv_tree_virt(tree)->aclint) {
        add_aclint(tree);
    } else {
        add_clint(tree);
    }
    if (rv_tree_virt(tree)->aia == RV_VIRT_AIA_NONE) {
        add_plic(tree);
    } else {
        rv_tree_add_aia(tree);
    }
    board_tree_device(tree, "serial", uart, RV_VIRT_UART, 0x100, RV_VIRT_UART_IRQ);
    board_tree_cell(tree, "clock-frequency", RV_VIRT_UART_HZ);
    board_tree_end(tree);
    board_tree_device(tree, "rtc", rtc, RV_VIRT_RTC, 0x1000, RV_VIRT_RTC_IRQ);
    board_tree_end(tree);
    board_tree_begin(tree, "test@%x", RV_VIRT_TEST);
    board_tree_cell(tree, "phandle", RV_PHANDLE_TEST);
    board_tree_texts(tree, "compatible", test);
    board_tree_reg(tree, RV_VIRT_TEST, 0x1000);
    board_tree_end(tree);
    board_tree_io(tree);
    board_tree_end(tree);
}

/* Power off and reset by a word in the test finisher (bindings/power/reset/syscon-*.yaml). */
static void add_power(BoardTree *tree, const char *name, const char *compatible, uint32_t value)
{
    board_tree_begin(tree, "%s", name);
    board_tree_text(tree, "compatible", compatible);
    board_tree_cell(tree, "regmap", RV_PHANDLE_TEST);
    board_tree_cell(tree, "offset", 0);
    board_tree_cell(tree, "value", value);
    board_tree_end(tree);
}

uint8_t *rv_virt_device_tree(RvVirt *virt, uint32_t *ret_bytes, GError **error)
{
    BoardTree tree = {
        .board = &virt->board,
        .owner = virt,
        .interrupt =
            {
                        .phandle = RV_PHANDLE_PLIC,
                        .n_cells = virt->aia == RV_VIRT_AIA_NONE ? 1 : 2,
                        .cells = {0, BOARD_TREE_LEVEL_HIGH},
                        },
        .msi_parent = virt->aia == RV_VIRT_AIA_IMSIC ? RV_PHANDLE_IMSIC_S : 0,
    };

    board_tree_start(&tree);
    board_tree_text(&tree, "compatible", "riscv-virtio");
    board_tree_text(&tree, "model", "riscv-virtio,qemu");
    board_tree_begin_chosen(&tree, "/soc/serial@10000000");
    board_tree_end(&tree);
    board_tree_memory(&tree);
    add_cpus(&tree);
    add_soc(&tree);
    add_power(&tree, "poweroff", "syscon-poweroff", 0x5555);
    add_power(&tree, "reboot", "syscon-reboot", 0x7777);
    return board_tree_finish(&tree, ret_bytes, error);
}
