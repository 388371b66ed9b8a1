/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virt board with aia=aplic or aia=aplic-imsic: an APLIC in place of the PLIC, and an IMSIC for
 * each hart; creation, and their device tree nodes (bindings/interrupt-controller/riscv,aplic.yaml
 * and riscv,imsics.yaml).
 */
#include "modules/riscv/aia.h"
#include "modules/riscv/virt-tree.h"

#define N_IDS 255u

/* The interrupt file of @hart for M or S, in the page that is @hart's; all pages of a mode follow
 * each other, 2^guest_bits apart. */
static gboolean create_imsic(RvVirt *virt, uint32_t hart, gboolean machine, GError **error)
{
    const TargetServices *services = rv_virt_services(virt);
    g_autofree char *id = g_strdup_printf("imsic-%c%u", machine ? 'm' : 's', hart);
    uint64_t address = machine ? RV_VIRT_IMSIC_M + 0x1000u * hart
                               : RV_VIRT_IMSIC_S + ((uint64_t)0x1000 << virt->guest_bits) * hart;
    QhMachine *board = virt->base.machine;
    QhInstance *device = services->device->create(board, "riscv.imsic", id, error);
    RvCpu *cpu = rv_cpu(services->machine->cpu(board, hart));

    if (device == NULL || !board_set_number(&virt->board, device, "num-irqs", N_IDS, error) ||
        !services->device->realize(device, error) ||
        !services->device->map(device, 0, services->mem->system(board), address, error)) {
        return FALSE;
    }
    rv_imsic_connect(services->device->state(device), cpu, machine,
                     services->device->cpu_irq(board, hart, machine ? RV_IRQ_MEI : RV_IRQ_SEI));
    return TRUE;
}

QhInstance *rv_virt_create_aia(RvVirt *virt, GError **error)
{
    const TargetServices *services = rv_virt_services(virt);
    QhMachine *board = virt->base.machine;
    QhInstance *aplic = services->device->create(board, "riscv.aplic", "aplic", error);
    gboolean messages = virt->aia == RV_VIRT_AIA_IMSIC;

    while (virt->guest_bits < 3 && (1u << virt->guest_bits) < virt->aia_guests + 1) {
        virt->guest_bits++;
    }
    for (uint32_t hart = 0; hart < virt->n_harts; hart++) {
        RvCpu *cpu = rv_cpu(services->machine->cpu(board, hart));

        cpu->ext_smaia = 1;
        cpu->ext_ssaia = 1;
        if (messages &&
            (!create_imsic(virt, hart, TRUE, error) || !create_imsic(virt, hart, FALSE, error))) {
            return NULL;
        }
    }
    if (aplic == NULL ||
        !board_set_number(&virt->board, aplic, "num-harts", virt->n_harts, error) ||
        !board_set_number(&virt->board, aplic, "num-sources", RV_VIRT_APLIC_SOURCES + 1, error) ||
        !services->device->set(aplic, "msimode", messages ? "on" : "off", error) ||
        !services->device->realize(aplic, error) ||
        !services->device->map(aplic, 0, services->mem->system(board), RV_VIRT_APLIC_M, error) ||
        !services->device->map(aplic, 1, services->mem->system(board), RV_VIRT_APLIC_S, error)) {
        return NULL;
    }
    for (uint32_t hart = 0; !messages && hart < virt->n_harts; hart++) {
        services->device->connect(aplic, 2 * hart,
                                  services->device->cpu_irq(board, hart, RV_IRQ_MEI));
        services->device->connect(aplic, 2 * hart + 1,
                                  services->device->cpu_irq(board, hart, RV_IRQ_SEI));
    }
    return aplic;
}

static void add_imsics(BoardTree *tree, gboolean machine)
{
    const RvVirt *virt = rv_tree_virt(tree);
    static const char *const compatible[] = {"qemu,imsics", "riscv,imsics", NULL};
    const uint32_t line = machine ? RV_IRQ_MEI : RV_IRQ_SEI;
    uint64_t address = machine ? RV_VIRT_IMSIC_M : RV_VIRT_IMSIC_S;
    uint32_t guest_bits = machine ? 0 : virt->guest_bits;

    board_tree_begin(tree, "interrupt-controller@%" G_GINT64_MODIFIER "x", address);
    board_tree_cell(tree, "phandle", machine ? RV_PHANDLE_IMSIC_M : RV_PHANDLE_IMSIC_S);
    board_tree_texts(tree, "compatible", compatible);
    board_tree_cell(tree, "#interrupt-cells", 0);
    board_tree_flag(tree, "interrupt-controller");
    board_tree_flag(tree, "msi-controller");
    board_tree_cell(tree, "#msi-cells", 0);
    rv_tree_hart_lines(tree, &line, 1);
    board_tree_reg(tree, address, ((uint64_t)virt->n_harts << guest_bits) * 0x1000);
    board_tree_cell(tree, "riscv,num-ids", N_IDS);
    if (guest_bits != 0) {
        board_tree_cell(tree, "riscv,guest-index-bits", guest_bits);
    }
    board_tree_end(tree);
}

static void add_domain(BoardTree *tree, gboolean machine)
{
    static const char *const compatible[] = {"qemu,aplic", "riscv,aplic", NULL};
    const uint32_t line = machine ? RV_IRQ_MEI : RV_IRQ_SEI;
    uint64_t address = machine ? RV_VIRT_APLIC_M : RV_VIRT_APLIC_S;

    board_tree_begin(tree, "interrupt-controller@%" G_GINT64_MODIFIER "x", address);
    board_tree_cell(tree, "phandle", machine ? RV_PHANDLE_APLIC_M : RV_PHANDLE_PLIC);
    board_tree_texts(tree, "compatible", compatible);
    board_tree_cell(tree, "#address-cells", 0);
    board_tree_cell(tree, "#interrupt-cells", 2);
    board_tree_flag(tree, "interrupt-controller");
    if (rv_tree_virt(tree)->aia == RV_VIRT_AIA_IMSIC) {
        board_tree_cell(tree, "msi-parent", machine ? RV_PHANDLE_IMSIC_M : RV_PHANDLE_IMSIC_S);
    } else {
        rv_tree_hart_lines(tree, &line, 1);
    }
    board_tree_reg(tree, address, 0x8000);
    board_tree_cell(tree, "riscv,num-sources", RV_VIRT_APLIC_SOURCES);
    if (machine) {
        const uint32_t cells[3] = {RV_PHANDLE_PLIC, 1, RV_VIRT_APLIC_SOURCES};

        board_tree_cell(tree, "riscv,children", RV_PHANDLE_PLIC);
        board_tree_cells(tree, "riscv,delegation", cells, 3);
        board_tree_cells(tree, "riscv,delegate", cells, 3); /* its first name */
    }
    board_tree_end(tree);
}

void rv_tree_add_aia(BoardTree *tree)
{
    if (rv_tree_virt(tree)->aia == RV_VIRT_AIA_IMSIC) {
        add_imsics(tree, TRUE);
        add_imsics(tree, FALSE);
    }
    add_domain(tree, TRUE);
    add_domain(tree, FALSE);
}
