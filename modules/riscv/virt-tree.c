/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree of the virt board, written front to back with libfdt. Node and property names:
 * Devicetree Specification 0.4, and the bindings that Linux documents for RISC-V harts, the CLINT,
 * ACLINT, PLIC, ns16550a and syscon-poweroff.
 */
#include "modules/riscv/virt.h"

#include <libfdt.h>
#include <string.h>

#include "modules/riscv/isa.h"

#define TREE_BYTES 65536u

/* phandles: hart N's interrupt controller is N + 1, hart N itself N + 65 */
#define PHANDLE_INTC(hart) ((hart) + 1)
#define PHANDLE_CPU(hart)  ((hart) + 65)
#define PHANDLE_PLIC       200u
#define PHANDLE_TEST       201u

/* A tree that is being written. After the first failure every call does nothing. */
typedef struct Tree {
    RvVirt *virt;
    void *blob;
    int status; /* libfdt's; 0 while all is well */
} Tree;

static void begin(Tree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void begin(Tree *tree, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *name = g_strdup_vprintf(format, args);
    va_end(args);

    if (tree->status == 0) {
        tree->status = fdt_begin_node(tree->blob, name);
    }
}

static void end(Tree *tree)
{
    if (tree->status == 0) {
        tree->status = fdt_end_node(tree->blob);
    }
}

static void bytes(Tree *tree, const char *name, const void *data, uint32_t length)
{
    if (tree->status == 0) {
        tree->status = fdt_property(tree->blob, name, data, (int)length);
    }
}

static void text(Tree *tree, const char *name, const char *value)
{
    bytes(tree, name, value, (uint32_t)strlen(value) + 1);
}

static void cell(Tree *tree, const char *name, uint32_t value)
{
    if (tree->status == 0) {
        tree->status = fdt_property_u32(tree->blob, name, value);
    }
}

static void flag(Tree *tree, const char *name)
{
    bytes(tree, name, NULL, 0);
}

static void wide(Tree *tree, const char *name, uint64_t value)
{
    if (tree->status == 0) {
        tree->status = fdt_property_u64(tree->blob, name, value);
    }
}

static void reg(Tree *tree, uint64_t address, uint64_t size)
{
    uint64_t cells[2] = {GUINT64_TO_BE(address), GUINT64_TO_BE(size)};

    bytes(tree, "reg", cells, sizeof(cells));
}

/* A list of strings, each with its NUL. */
static void texts(Tree *tree, const char *name, const char *const *list)
{
    g_autoptr(GByteArray) all = g_byte_array_new();

    for (uint32_t i = 0; list[i] != NULL; i++) {
        g_byte_array_append(all, (const guint8 *)list[i], (guint)strlen(list[i]) + 1);
    }
    bytes(tree, name, all->data, all->len);
}

/* interrupts-extended: the same lines of every hart's own controller, in the order of contexts. */
static void hart_lines(Tree *tree, const uint32_t *lines, uint32_t n_lines)
{
    g_autoptr(GArray) cells = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (uint32_t hart = 0; hart < tree->virt->n_harts; hart++) {
        for (uint32_t i = 0; i < n_lines; i++) {
            uint32_t pair[2] = {GUINT32_TO_BE(PHANDLE_INTC(hart)), GUINT32_TO_BE(lines[i])};
            g_array_append_vals(cells, pair, 2);
        }
    }
    bytes(tree, "interrupts-extended", cells->data, cells->len * (guint)sizeof(uint32_t));
}

static void add_hart(Tree *tree, uint32_t hart)
{
    const RvServices *services = rv_virt_services(tree->virt);
    QhCpu *cpu = services->machine->cpu(tree->virt->base.machine, hart);
    g_autofree char *isa = rv_isa_string(cpu);
    g_auto(GStrv) extensions = rv_isa_extensions(cpu);

    begin(tree, "cpu@%x", hart);
    cell(tree, "phandle", PHANDLE_CPU(hart));
    text(tree, "device_type", "cpu");
    cell(tree, "reg", hart);
    text(tree, "status", "okay");
    text(tree, "compatible", "riscv");
    text(tree, "riscv,isa", isa);
    text(tree, "riscv,isa-base", rv_isa_base(cpu));
    texts(tree, "riscv,isa-extensions", (const char *const *)extensions);
    text(tree, "mmu-type", rv_isa_mmu_type(cpu));
    if (rv_isa_cbom_bytes(cpu) != 0) {
        cell(tree, "riscv,cbom-block-size", rv_isa_cbom_bytes(cpu));
    }
    if (rv_isa_cbop_bytes(cpu) != 0) {
        cell(tree, "riscv,cbop-block-size", rv_isa_cbop_bytes(cpu));
    }
    if (rv_isa_cboz_bytes(cpu) != 0) {
        cell(tree, "riscv,cboz-block-size", rv_isa_cboz_bytes(cpu));
    }
    begin(tree, "interrupt-controller");
    cell(tree, "#interrupt-cells", 1);
    flag(tree, "interrupt-controller");
    text(tree, "compatible", "riscv,cpu-intc");
    cell(tree, "phandle", PHANDLE_INTC(hart));
    end(tree);
    end(tree);
}

static void add_cpus(Tree *tree)
{
    const RvServices *services = rv_virt_services(tree->virt);
    QhCpu *first = services->machine->cpu(tree->virt->base.machine, 0);

    begin(tree, "cpus");
    cell(tree, "#address-cells", 1);
    cell(tree, "#size-cells", 0);
    cell(tree, "timebase-frequency", (uint32_t)rv_isa_timebase_hz(first));
    for (uint32_t hart = 0; hart < tree->virt->n_harts; hart++) {
        add_hart(tree, hart);
    }
    begin(tree, "cpu-map");
    begin(tree, "cluster0");
    for (uint32_t hart = 0; hart < tree->virt->n_harts; hart++) {
        begin(tree, "core%u", hart);
        cell(tree, "cpu", PHANDLE_CPU(hart));
        end(tree);
    }
    end(tree);
    end(tree);
    end(tree);
}

static void add_clint(Tree *tree)
{
    static const char *const compatible[] = {"sifive,clint0", "riscv,clint0", NULL};
    static const uint32_t lines[] = {RV_IRQ_MSI, RV_IRQ_MTI};

    begin(tree, "clint@%x", RV_VIRT_CLINT);
    texts(tree, "compatible", compatible);
    reg(tree, RV_VIRT_CLINT, RV_VIRT_CLINT_BYTES);
    hart_lines(tree, lines, G_N_ELEMENTS(lines));
    end(tree);
}

static void add_swi(Tree *tree, const char *kind, uint64_t address, uint32_t line)
{
    g_autofree char *compatible = g_strdup_printf("riscv,aclint-%s", kind);

    begin(tree, "%s@%" G_GINT64_MODIFIER "x", kind, address);
    text(tree, "compatible", compatible);
    reg(tree, address, 0x4000);
    cell(tree, "#interrupt-cells", 0);
    flag(tree, "interrupt-controller");
    hart_lines(tree, &line, 1);
    end(tree);
}

/* The binding of the timer lists mtime first, then mtimecmp (bindings/timer/riscv,aclint-mtimer).
 */
static void add_aclint(Tree *tree)
{
    static const uint32_t line = RV_IRQ_MTI;
    const uint64_t timer = RV_VIRT_CLINT + 0x4000;
    const uint64_t cells[4] = {GUINT64_TO_BE(timer + 0x7ff8), GUINT64_TO_BE(8),
                               GUINT64_TO_BE(timer), GUINT64_TO_BE(0x7ff8)};

    add_swi(tree, "mswi", RV_VIRT_CLINT, RV_IRQ_MSI);
    begin(tree, "mtimer@%" G_GINT64_MODIFIER "x", timer);
    text(tree, "compatible", "riscv,aclint-mtimer");
    bytes(tree, "reg", cells, sizeof(cells));
    hart_lines(tree, &line, 1);
    end(tree);
    add_swi(tree, "sswi", RV_VIRT_SSWI, RV_IRQ_SSI);
}

static void add_plic(Tree *tree)
{
    static const char *const compatible[] = {"sifive,plic-1.0.0", "riscv,plic0", NULL};
    static const uint32_t lines[] = {RV_IRQ_MEI, RV_IRQ_SEI};

    begin(tree, "plic@%x", RV_VIRT_PLIC);
    cell(tree, "phandle", PHANDLE_PLIC);
    texts(tree, "compatible", compatible);
    cell(tree, "#address-cells", 0);
    cell(tree, "#interrupt-cells", 1);
    flag(tree, "interrupt-controller");
    hart_lines(tree, lines, G_N_ELEMENTS(lines));
    reg(tree, RV_VIRT_PLIC, RV_VIRT_PLIC_BYTES);
    cell(tree, "riscv,ndev", RV_VIRT_PLIC_SOURCES - 1);
    end(tree);
}

static void add_device(Tree *tree,
                       const char *name,
                       const char *compatible,
                       uint64_t address,
                       uint64_t size,
                       uint32_t irq)
{
    begin(tree, "%s@%" G_GINT64_MODIFIER "x", name, address);
    text(tree, "compatible", compatible);
    reg(tree, address, size);
    cell(tree, "interrupt-parent", PHANDLE_PLIC);
    cell(tree, "interrupts", irq);
    if (address == RV_VIRT_UART) {
        cell(tree, "clock-frequency", RV_VIRT_UART_HZ);
    }
    end(tree);
}

static void add_soc(Tree *tree)
{
    static const char *const test[] = {"sifive,test1", "sifive,test0", "syscon", NULL};

    begin(tree, "soc");
    cell(tree, "#address-cells", 2);
    cell(tree, "#size-cells", 2);
    text(tree, "compatible", "simple-bus");
    flag(tree, "ranges");
    if (tree->virt->aclint) {
        add_aclint(tree);
    } else {
        add_clint(tree);
    }
    add_plic(tree);
    add_device(tree, "serial", "ns16550a", RV_VIRT_UART, 0x100, RV_VIRT_UART_IRQ);
    for (uint32_t i = 0; i < tree->virt->n_virtio; i++) {
        add_device(tree, "virtio_mmio", "virtio,mmio", RV_VIRT_VIRTIO + 0x1000 * i, 0x1000,
                   RV_VIRT_VIRTIO_IRQ + i);
    }
    add_device(tree, "rtc", "google,goldfish-rtc", RV_VIRT_RTC, 0x1000, RV_VIRT_RTC_IRQ);
    begin(tree, "test@%x", RV_VIRT_TEST);
    cell(tree, "phandle", PHANDLE_TEST);
    texts(tree, "compatible", test);
    reg(tree, RV_VIRT_TEST, 0x1000);
    end(tree);
    end(tree);
}

/* Power off and reset by a word in the test finisher (bindings/power/reset/syscon-*.yaml). */
static void add_power(Tree *tree, const char *name, const char *compatible, uint32_t value)
{
    begin(tree, "%s", name);
    text(tree, "compatible", compatible);
    cell(tree, "regmap", PHANDLE_TEST);
    cell(tree, "offset", 0);
    cell(tree, "value", value);
    end(tree);
}

static void add_chosen(Tree *tree, const QhMachineConfig *config)
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
    begin(tree, "chosen");
    if (config->append != NULL) {
        text(tree, "bootargs", config->append);
    }
    if (tree->virt->initrd_end != 0) {
        wide(tree, "linux,initrd-start", tree->virt->initrd);
        wide(tree, "linux,initrd-end", tree->virt->initrd_end);
    }
    text(tree, "stdout-path", "/soc/serial@10000000");
    bytes(tree, "rng-seed", seed, sizeof(seed));
    end(tree);
}

uint8_t *rv_virt_device_tree(RvVirt *virt, uint32_t *ret_bytes, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
    g_autofree void *blob = g_malloc0(TREE_BYTES);
    Tree tree = {.virt = virt, .blob = blob};

    tree.status = fdt_create(blob, TREE_BYTES);
    if (tree.status == 0) {
        tree.status = fdt_finish_reservemap(blob);
    }
    begin(&tree, "%s", "");
    cell(&tree, "#address-cells", 2);
    cell(&tree, "#size-cells", 2);
    text(&tree, "compatible", "riscv-virtio");
    text(&tree, "model", "riscv-virtio,qemu");
    add_chosen(&tree, services->machine->config(virt->base.machine));
    begin(&tree, "memory@%x", RV_VIRT_RAM);
    text(&tree, "device_type", "memory");
    reg(&tree, RV_VIRT_RAM, virt->ram_bytes);
    end(&tree);
    add_cpus(&tree);
    add_soc(&tree);
    add_power(&tree, "poweroff", "syscon-poweroff", 0x5555);
    add_power(&tree, "reboot", "syscon-reboot", 0x7777);
    end(&tree);
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
