/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree of the virt board, written front to back with libfdt. Node and property names:
 * Devicetree Specification 0.4, and the bindings that Linux documents for RISC-V harts, the CLINT,
 * ACLINT, PLIC, ns16550a and syscon-poweroff.
 */
#include "modules/riscv/virt-tree.h"

#include <libfdt.h>
#include <string.h>

#include "modules/riscv/isa.h"

#define TREE_BYTES 65536u

void rv_tree_begin(RvTree *tree, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *name = g_strdup_vprintf(format, args);
    va_end(args);

    if (tree->status == 0) {
        tree->status = fdt_begin_node(tree->blob, name);
    }
}

void rv_tree_end(RvTree *tree)
{
    if (tree->status == 0) {
        tree->status = fdt_end_node(tree->blob);
    }
}

void rv_tree_bytes(RvTree *tree, const char *name, const void *data, uint32_t length)
{
    if (tree->status == 0) {
        tree->status = fdt_property(tree->blob, name, data, (int)length);
    }
}

void rv_tree_text(RvTree *tree, const char *name, const char *value)
{
    rv_tree_bytes(tree, name, value, (uint32_t)strlen(value) + 1);
}

void rv_tree_cell(RvTree *tree, const char *name, uint32_t value)
{
    if (tree->status == 0) {
        tree->status = fdt_property_u32(tree->blob, name, value);
    }
}

void rv_tree_flag(RvTree *tree, const char *name)
{
    rv_tree_bytes(tree, name, NULL, 0);
}

static void wide(RvTree *tree, const char *name, uint64_t value)
{
    if (tree->status == 0) {
        tree->status = fdt_property_u64(tree->blob, name, value);
    }
}

void rv_tree_reg(RvTree *tree, uint64_t address, uint64_t size)
{
    uint64_t cells[2] = {GUINT64_TO_BE(address), GUINT64_TO_BE(size)};

    rv_tree_bytes(tree, "reg", cells, sizeof(cells));
}

/* A list of strings, each with its NUL. */
void rv_tree_texts(RvTree *tree, const char *name, const char *const *list)
{
    g_autoptr(GByteArray) all = g_byte_array_new();

    for (uint32_t i = 0; list[i] != NULL; i++) {
        g_byte_array_append(all, (const guint8 *)list[i], (guint)strlen(list[i]) + 1);
    }
    rv_tree_bytes(tree, name, all->data, all->len);
}

void rv_tree_hart_lines(RvTree *tree, const uint32_t *lines, uint32_t n_lines)
{
    g_autoptr(GArray) cells = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (uint32_t hart = 0; hart < tree->virt->n_harts; hart++) {
        for (uint32_t i = 0; i < n_lines; i++) {
            uint32_t pair[2] = {GUINT32_TO_BE(RV_PHANDLE_INTC(hart)), GUINT32_TO_BE(lines[i])};
            g_array_append_vals(cells, pair, 2);
        }
    }
    rv_tree_bytes(tree, "interrupts-extended", cells->data, cells->len * (guint)sizeof(uint32_t));
}

static void add_hart(RvTree *tree, uint32_t hart)
{
    const RvServices *services = rv_virt_services(tree->virt);
    QhCpu *cpu = services->machine->cpu(tree->virt->base.machine, hart);
    g_autofree char *isa = rv_isa_string(cpu);
    g_auto(GStrv) extensions = rv_isa_extensions(cpu);

    rv_tree_begin(tree, "cpu@%x", hart);
    rv_tree_cell(tree, "phandle", RV_PHANDLE_CPU(hart));
    rv_tree_text(tree, "device_type", "cpu");
    rv_tree_cell(tree, "reg", hart);
    rv_tree_text(tree, "status", "okay");
    rv_tree_text(tree, "compatible", "riscv");
    rv_tree_text(tree, "riscv,isa", isa);
    rv_tree_text(tree, "riscv,isa-base", rv_isa_base(cpu));
    rv_tree_texts(tree, "riscv,isa-extensions", (const char *const *)extensions);
    rv_tree_text(tree, "mmu-type", rv_isa_mmu_type(cpu));
    if (rv_isa_cbom_bytes(cpu) != 0) {
        rv_tree_cell(tree, "riscv,cbom-block-size", rv_isa_cbom_bytes(cpu));
    }
    if (rv_isa_cbop_bytes(cpu) != 0) {
        rv_tree_cell(tree, "riscv,cbop-block-size", rv_isa_cbop_bytes(cpu));
    }
    if (rv_isa_cboz_bytes(cpu) != 0) {
        rv_tree_cell(tree, "riscv,cboz-block-size", rv_isa_cboz_bytes(cpu));
    }
    rv_tree_begin(tree, "interrupt-controller");
    rv_tree_cell(tree, "#interrupt-cells", 1);
    rv_tree_flag(tree, "interrupt-controller");
    rv_tree_text(tree, "compatible", "riscv,cpu-intc");
    rv_tree_cell(tree, "phandle", RV_PHANDLE_INTC(hart));
    rv_tree_end(tree);
    rv_tree_end(tree);
}

static void add_cpus(RvTree *tree)
{
    const RvServices *services = rv_virt_services(tree->virt);
    QhCpu *first = services->machine->cpu(tree->virt->base.machine, 0);

    rv_tree_begin(tree, "cpus");
    rv_tree_cell(tree, "#address-cells", 1);
    rv_tree_cell(tree, "#size-cells", 0);
    rv_tree_cell(tree, "timebase-frequency", (uint32_t)rv_isa_timebase_hz(first));
    for (uint32_t hart = 0; hart < tree->virt->n_harts; hart++) {
        add_hart(tree, hart);
    }
    rv_tree_begin(tree, "cpu-map");
    rv_tree_begin(tree, "cluster0");
    for (uint32_t hart = 0; hart < tree->virt->n_harts; hart++) {
        rv_tree_begin(tree, "core%u", hart);
        rv_tree_cell(tree, "cpu", RV_PHANDLE_CPU(hart));
        rv_tree_end(tree);
    }
    rv_tree_end(tree);
    rv_tree_end(tree);
    rv_tree_end(tree);
}

static void add_clint(RvTree *tree)
{
    static const char *const compatible[] = {"sifive,clint0", "riscv,clint0", NULL};
    static const uint32_t lines[] = {RV_IRQ_MSI, RV_IRQ_MTI};

    rv_tree_begin(tree, "clint@%x", RV_VIRT_CLINT);
    rv_tree_texts(tree, "compatible", compatible);
    rv_tree_reg(tree, RV_VIRT_CLINT, RV_VIRT_CLINT_BYTES);
    rv_tree_hart_lines(tree, lines, G_N_ELEMENTS(lines));
    rv_tree_end(tree);
}

static void add_swi(RvTree *tree, const char *kind, uint64_t address, uint32_t line)
{
    g_autofree char *compatible = g_strdup_printf("riscv,aclint-%s", kind);

    rv_tree_begin(tree, "%s@%" G_GINT64_MODIFIER "x", kind, address);
    rv_tree_text(tree, "compatible", compatible);
    rv_tree_reg(tree, address, 0x4000);
    rv_tree_cell(tree, "#interrupt-cells", 0);
    rv_tree_flag(tree, "interrupt-controller");
    rv_tree_hart_lines(tree, &line, 1);
    rv_tree_end(tree);
}

/* The binding of the timer lists mtime first, then mtimecmp (bindings/timer/riscv,aclint-mtimer).
 */
static void add_aclint(RvTree *tree)
{
    static const uint32_t line = RV_IRQ_MTI;
    const uint64_t timer = RV_VIRT_CLINT + 0x4000;
    const uint64_t cells[4] = {GUINT64_TO_BE(timer + 0x7ff8), GUINT64_TO_BE(8),
                               GUINT64_TO_BE(timer), GUINT64_TO_BE(0x7ff8)};

    add_swi(tree, "mswi", RV_VIRT_CLINT, RV_IRQ_MSI);
    rv_tree_begin(tree, "mtimer@%" G_GINT64_MODIFIER "x", timer);
    rv_tree_text(tree, "compatible", "riscv,aclint-mtimer");
    rv_tree_bytes(tree, "reg", cells, sizeof(cells));
    rv_tree_hart_lines(tree, &line, 1);
    rv_tree_end(tree);
    add_swi(tree, "sswi", RV_VIRT_SSWI, RV_IRQ_SSI);
}

static void add_plic(RvTree *tree)
{
    static const char *const compatible[] = {"sifive,plic-1.0.0", "riscv,plic0", NULL};
    static const uint32_t lines[] = {RV_IRQ_MEI, RV_IRQ_SEI};

    rv_tree_begin(tree, "plic@%x", RV_VIRT_PLIC);
    rv_tree_cell(tree, "phandle", RV_PHANDLE_PLIC);
    rv_tree_texts(tree, "compatible", compatible);
    rv_tree_cell(tree, "#address-cells", 0);
    rv_tree_cell(tree, "#interrupt-cells", 1);
    rv_tree_flag(tree, "interrupt-controller");
    rv_tree_hart_lines(tree, lines, G_N_ELEMENTS(lines));
    rv_tree_reg(tree, RV_VIRT_PLIC, RV_VIRT_PLIC_BYTES);
    rv_tree_cell(tree, "riscv,ndev", RV_VIRT_PLIC_SOURCES - 1);
    rv_tree_end(tree);
}

static void add_device(RvTree *tree,
                       const char *name,
                       const char *compatible,
                       uint64_t address,
                       uint64_t size,
                       uint32_t irq)
{
    rv_tree_begin(tree, "%s@%" G_GINT64_MODIFIER "x", name, address);
    rv_tree_text(tree, "compatible", compatible);
    rv_tree_reg(tree, address, size);
    rv_tree_cell(tree, "interrupt-parent", RV_PHANDLE_PLIC);
    if (tree->virt->aia == RV_VIRT_AIA_NONE) {
        rv_tree_cell(tree, "interrupts", irq);
    } else {
        const uint32_t cells[2] = {GUINT32_TO_BE(irq), GUINT32_TO_BE(RV_TREE_LEVEL_HIGH)};

        rv_tree_bytes(tree, "interrupts", cells, sizeof(cells));
    }
    if (address == RV_VIRT_UART) {
        rv_tree_cell(tree, "clock-frequency", RV_VIRT_UART_HZ);
    }
    rv_tree_end(tree);
}

static void add_soc(RvTree *tree)
{
    static const char *const test[] = {"sifive,test1", "sifive,test0", "syscon", NULL};

    rv_tree_begin(tree, "soc");
    rv_tree_cell(tree, "#address-cells", 2);
    rv_tree_cell(tree, "#size-cells", 2);
    rv_tree_text(tree, "compatible", "simple-bus");
    rv_tree_flag(tree, "ranges");
    if (tree->virt->aclint) {
        add_aclint(tree);
    } else {
        add_clint(tree);
    }
    if (tree->virt->aia == RV_VIRT_AIA_NONE) {
        add_plic(tree);
    } else {
        rv_tree_add_aia(tree);
    }
    add_device(tree, "serial", "ns16550a", RV_VIRT_UART, 0x100, RV_VIRT_UART_IRQ);
    for (uint32_t i = 0; i < tree->virt->n_virtio; i++) {
        add_device(tree, "virtio_mmio", "virtio,mmio", RV_VIRT_VIRTIO + 0x1000 * i, 0x1000,
                   RV_VIRT_VIRTIO_IRQ + i);
    }
    add_device(tree, "rtc", "google,goldfish-rtc", RV_VIRT_RTC, 0x1000, RV_VIRT_RTC_IRQ);
    rv_tree_begin(tree, "test@%x", RV_VIRT_TEST);
    rv_tree_cell(tree, "phandle", RV_PHANDLE_TEST);
    rv_tree_texts(tree, "compatible", test);
    rv_tree_reg(tree, RV_VIRT_TEST, 0x1000);
    rv_tree_end(tree);
    rv_tree_add_io(tree);
    rv_tree_end(tree);
}

/* Power off and reset by a word in the test finisher (bindings/power/reset/syscon-*.yaml). */
static void add_power(RvTree *tree, const char *name, const char *compatible, uint32_t value)
{
    rv_tree_begin(tree, "%s", name);
    rv_tree_text(tree, "compatible", compatible);
    rv_tree_cell(tree, "regmap", RV_PHANDLE_TEST);
    rv_tree_cell(tree, "offset", 0);
    rv_tree_cell(tree, "value", value);
    rv_tree_end(tree);
}

static void add_chosen(RvTree *tree, const QhMachineConfig *config)
{
    const RvServices *services = rv_virt_services(tree->virt);
    uint32_t seed[8];

    if (QH_HAS(services->machine, random)) {
        services->machine->random(services->host, seed, sizeof(seed));
    } else {
        for (uint32_t i = 0; i < G_N_ELEMENTS(seed); i++) {
            seed[i] = g_random_int();
        }
    }
    rv_tree_begin(tree, "chosen");
    if (config->append != NULL) {
        rv_tree_text(tree, "bootargs", config->append);
    }
    if (tree->virt->initrd_end != 0) {
        wide(tree, "linux,initrd-start", tree->virt->initrd);
        wide(tree, "linux,initrd-end", tree->virt->initrd_end);
    }
    rv_tree_text(tree, "stdout-path", "/soc/serial@10000000");
    rv_tree_bytes(tree, "rng-seed", seed, sizeof(seed));
    rv_tree_end(tree);
}

uint8_t *rv_virt_device_tree(RvVirt *virt, uint32_t *ret_bytes, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
    g_autofree void *blob = g_malloc0(TREE_BYTES);
    RvTree tree = {.virt = virt, .blob = blob};

    tree.status = fdt_create(blob, TREE_BYTES);
    if (tree.status == 0) {
        tree.status = fdt_finish_reservemap(blob);
    }
    rv_tree_begin(&tree, "%s", "");
    rv_tree_cell(&tree, "#address-cells", 2);
    rv_tree_cell(&tree, "#size-cells", 2);
    rv_tree_text(&tree, "compatible", "riscv-virtio");
    rv_tree_text(&tree, "model", "riscv-virtio,qemu");
    add_chosen(&tree, services->machine->config(virt->base.machine));
    rv_tree_begin(&tree, "memory@%x", RV_VIRT_RAM);
    rv_tree_text(&tree, "device_type", "memory");
    rv_tree_reg(&tree, RV_VIRT_RAM, virt->ram_bytes);
    rv_tree_end(&tree);
    add_cpus(&tree);
    add_soc(&tree);
    add_power(&tree, "poweroff", "syscon-poweroff", 0x5555);
    add_power(&tree, "reboot", "syscon-reboot", 0x7777);
    rv_tree_end(&tree);
    if (tree.status == 0) {
        tree.status = fdt_finish(blob);
    }
    if (tree.status != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot make the device tree: %s",
                    fdt_strerror(tree.status));
        return NULL;
    }
    *ret_bytes = fdt_totalsize(blob);
    return g_memdup2(blob, fdt_totalsize(blob));
}
