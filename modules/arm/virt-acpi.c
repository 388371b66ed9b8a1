/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virt board as ACPI tells it (ACPI 6.5; Arm Base Boot Requirements 2.0, 8.4), for firmware
 * that hands tables on: EDK2. The same facts as in the device tree.
 */
#include "modules/arm/virt.h"
#include "modules/support/acpi.h"

#define GSI 32u /* of SPI 0 */

#define FADT_BYTES      276u
#define FADT_BOOT_ARCH  129u /* offsets: ARM_BOOT_ARCH, minor version, X_DSDT */
#define FADT_X_DSDT     140u
#define FADT_HW_REDUCED (1u << 20) /* flags */
#define FADT_POWER_KEY  (1u << 4)  /* it is a device, no fixed feature */
#define BOOT_PSCI       1u
#define BOOT_PSCI_HVC   2u
#define TIMER_ALWAYS_ON 4u

static void zeros_to(Acpi *acpi, uint32_t offset)
{
    acpi_zeros(acpi, offset - acpi_offset(acpi));
}

/* 5.2.9 */
static void add_fadt(Acpi *acpi, const ArmVirt *virt, uint32_t dsdt)
{
    acpi_begin(acpi, "FACP", 6, TRUE);
    zeros_to(acpi, 112);
    acpi_put(acpi, FADT_HW_REDUCED | FADT_POWER_KEY, 4);
    zeros_to(acpi, FADT_BOOT_ARCH);
    acpi_put(acpi, BOOT_PSCI | (virt->virtualization ? 0 : BOOT_PSCI_HVC), 2);
    acpi_put(acpi, 5, 1);
    zeros_to(acpi, FADT_X_DSDT);
    acpi_pointer(acpi, dsdt, 8);
    zeros_to(acpi, 268);
    acpi_bytes(acpi, "QEMU\0\0\0\0", 8); /* hypervisor vendor: what guests know */
    g_assert(acpi_offset(acpi) == FADT_BYTES);
    acpi_end(acpi);
}

/* 5.2.12.14, a PE with its CPU interface: revision 4 of the MADT. */
static void add_gicc(Acpi *acpi, const ArmVirt *virt, uint32_t pe)
{
    const ArmCpu *cpu = arm_virt_cpu(virt, pe);
    gboolean v2_el2 = !virt->gic_v3 && virt->virtualization;

    acpi_put(acpi, 11, 1);
    acpi_put(acpi, 80, 1);
    acpi_zeros(acpi, 2);
    acpi_put(acpi, pe, 4); /* number of the CPU interface, and of the processor */
    acpi_put(acpi, pe, 4);
    acpi_put(acpi, 1, 4); /* enabled */
    acpi_zeros(acpi, 4);
    acpi_put(acpi, cpu->pmu ? ARM_PPI_PMU : 0, 4);
    acpi_zeros(acpi, 8);
    acpi_put(acpi, virt->gic_v3 ? 0 : ARM_VIRT_GIC_CPU, 8);
    acpi_put(acpi, v2_el2 ? ARM_VIRT_GIC_VCPU : 0, 8);
    acpi_put(acpi, v2_el2 ? ARM_VIRT_GIC_HYP : 0, 8);
    acpi_put(acpi, virt->virtualization ? ARM_PPI_MAINTENANCE : 0, 4);
    acpi_zeros(acpi, 8); /* redistributor: its region says where */
    acpi_put(acpi, cpu->mpidr & 0xff00ffffff, 8);
    acpi_zeros(acpi, 4);
}

/* 5.2.12.16 and .17, .18: redistributors, ITS; v2m frame with its SPIs. */
static void add_gic_parts(Acpi *acpi, const ArmVirt *virt)
{
    if (!virt->gic_v3) {
        acpi_put(acpi, 13, 1);
        acpi_put(acpi, 24, 1);
        acpi_zeros(acpi, 6);
        acpi_put(acpi, ARM_VIRT_GIC_V2M, 8);
        acpi_put(acpi, 1, 4); /* count and base are given here */
        acpi_put(acpi, ARM_VIRT_N_V2M, 2);
        acpi_put(acpi, GSI + ARM_VIRT_V2M_IRQ, 2);
        return;
    }
    acpi_put(acpi, 14, 1);
    acpi_put(acpi, 16, 1);
    acpi_zeros(acpi, 2);
    acpi_put(acpi, ARM_VIRT_GIC_REDIST, 8);
    acpi_put(acpi, virt->n_cpus * ARM_VIRT_REDIST_BYTES, 4);
    if (arm_virt_has_its(virt)) {
        acpi_put(acpi, 15, 1);
        acpi_put(acpi, 20, 1);
        acpi_zeros(acpi, 6);
        acpi_put(acpi, ARM_VIRT_GIC_ITS, 8);
        acpi_zeros(acpi, 4);
    }
}

static void add_madt(Acpi *acpi, const ArmVirt *virt)
{
    acpi_begin(acpi, "APIC", 4, TRUE);
    acpi_zeros(acpi, 8);
    acpi_put(acpi, 12, 1); /* 5.2.12.15, distributor */
    acpi_put(acpi, 24, 1);
    acpi_zeros(acpi, 6);
    acpi_put(acpi, ARM_VIRT_GIC_DIST, 8);
    acpi_zeros(acpi, 4);
    acpi_put(acpi, virt->gic_v3 ? 3 : 2, 1);
    acpi_zeros(acpi, 3);
    for (uint32_t pe = 0; pe < virt->n_cpus; pe++) {
        add_gicc(acpi, virt, pe);
    }
    add_gic_parts(acpi, virt);
    acpi_end(acpi);
}

/* 5.2.25: interrupts of the timers, level and active high; no frames in memory. */
static void add_gtdt(Acpi *acpi, const ArmVirt *virt)
{
    static const uint32_t ppis[] = {ARM_PPI_TIMER_PHYS_SECURE, ARM_PPI_TIMER_PHYS,
                                    ARM_PPI_TIMER_VIRT, ARM_PPI_TIMER_HYP};

    acpi_begin(acpi, "GTDT", 3, TRUE);
    acpi_put(acpi, UINT64_MAX, 8);
    acpi_zeros(acpi, 4);
    for (guint i = 0; i < G_N_ELEMENTS(ppis); i++) {
        acpi_put(acpi, ppis[i], 4);
        acpi_put(acpi, TIMER_ALWAYS_ON, 4);
    }
    acpi_put(acpi, UINT64_MAX, 8);
    acpi_zeros(acpi, 8);
    acpi_put(acpi, virt->virtualization ? ARM_PPI_TIMER_HVIRT : 0, 4);
    acpi_put(acpi, virt->virtualization ? TIMER_ALWAYS_ON : 0, 4);
    acpi_end(acpi);
}

/* Microsoft, "Serial Port Console Redirection Table", revision 2 */
static void add_spcr(Acpi *acpi)
{
    acpi_begin(acpi, "SPCR", 2, TRUE);
    acpi_put(acpi, 3, 1); /* PL011 */
    acpi_zeros(acpi, 3);
    acpi_memory(acpi, ARM_VIRT_UART);
    acpi_put(acpi, 8, 1); /* interrupt by GSI */
    acpi_put(acpi, 0, 1);
    acpi_put(acpi, GSI + ARM_VIRT_UART_IRQ, 4);
    acpi_put(acpi, 7, 1); /* 115200, no parity, one stop bit, no flow control, VT100 */
    acpi_put(acpi, 0, 1);
    acpi_put(acpi, 1, 1);
    acpi_put(acpi, 0, 1);
    acpi_put(acpi, 0, 1);
    acpi_put(acpi, 0, 1);
    acpi_put(acpi, 0xffffffff, 4); /* no PCI device */
    acpi_zeros(acpi, 12);
    acpi_end(acpi);
}

/* Microsoft, "Debug Port Table 2": one port, the same UART. */
static void add_dbg2(Acpi *acpi)
{
    static const char name[] = "\\_SB.COM0";
    const uint32_t head = 22, gas = 12, size = 4;

    acpi_begin(acpi, "DBG2", 0, TRUE);
    acpi_put(acpi, 44, 4);
    acpi_put(acpi, 1, 4);
    acpi_put(acpi, 0, 1);
    acpi_put(acpi, head + gas + size + sizeof(name), 2);
    acpi_put(acpi, 1, 1);
    acpi_put(acpi, sizeof(name), 2);
    acpi_put(acpi, head + gas + size, 2);
    acpi_zeros(acpi, 4);
    acpi_put(acpi, 0x8000, 2); /* serial, PL011 */
    acpi_put(acpi, 3, 2);
    acpi_zeros(acpi, 2);
    acpi_put(acpi, head, 2);
    acpi_put(acpi, head + gas, 2);
    acpi_memory(acpi, ARM_VIRT_UART);
    acpi_put(acpi, 0x1000, 4);
    acpi_bytes(acpi, name, sizeof(name));
    acpi_end(acpi);
}

/* 5.2.30.1: a node of the hierarchy of processors. Its offset in the table, for its children. */
static uint32_t add_node(Acpi *acpi, uint32_t flags, uint32_t parent, uint32_t id)
{
    uint32_t offset = acpi_offset(acpi);

    acpi_put(acpi, 0, 1);
    acpi_put(acpi, 20, 1);
    acpi_zeros(acpi, 2);
    acpi_put(acpi, flags, 4);
    acpi_put(acpi, parent, 4);
    acpi_put(acpi, id, 4);
    acpi_zeros(acpi, 4);
    return offset;
}

#define NODE_PACKAGE 0x01u
#define NODE_HAS_ID  0x02u
#define NODE_THREAD  0x04u
#define NODE_LEAF    0x08u

static void add_pptt(Acpi *acpi, const ArmVirt *virt)
{
    const QhMachineConfig *config = arm_virt_services(virt)->machine->config(virt->base.machine);
    uint32_t threads = MAX(config->threads, 1), cores = MAX(config->cores, 1) * threads;
    uint32_t package = 0, core = 0;

    acpi_begin(acpi, "PPTT", 2, TRUE);
    for (uint32_t pe = 0; pe < virt->n_cpus; pe++) {
        if (pe % cores == 0) {
            package = add_node(acpi, NODE_PACKAGE, 0, pe / cores);
        }
        if (threads == 1) {
            add_node(acpi, NODE_HAS_ID | NODE_LEAF, package, pe);
            continue;
        }
        if (pe % threads == 0) {
            core = add_node(acpi, 0, package, pe % cores / threads);
        }
        add_node(acpi, NODE_HAS_ID | NODE_THREAD | NODE_LEAF, core, pe);
    }
    acpi_end(acpi);
}

/* Arm DEN 0049, "IO Remapping Table": the PCI host's requester IDs are the ITS's device IDs. */
static void add_iort(Acpi *acpi, const ArmVirt *virt)
{
    const uint32_t its = 48, mapping = 36;

    if (!arm_virt_has_its(virt) || !virt->board.has_pcie) {
        return;
    }
    acpi_begin(acpi, "IORT", 3, TRUE);
    acpi_put(acpi, 2, 4); /* nodes, and the first one's place */
    acpi_put(acpi, its, 4);
    acpi_zeros(acpi, 4);
    acpi_put(acpi, 0, 1); /* ITS group: revision, identifier, no mappings, one ITS, its number */
    acpi_put(acpi, 24, 2);
    acpi_put(acpi, 1, 1);
    acpi_zeros(acpi, 12);
    acpi_put(acpi, 1, 4);
    acpi_zeros(acpi, 4);
    acpi_put(acpi, 2, 1); /* root complex */
    acpi_put(acpi, mapping + 20, 2);
    acpi_put(acpi, 3, 1);
    acpi_put(acpi, 1, 4);
    acpi_put(acpi, 1, 4);
    acpi_put(acpi, mapping, 4);
    acpi_put(acpi, 1, 4); /* coherent; CPM and DACS */
    acpi_put(acpi, UINT64_C(3) << 24, 4);
    acpi_zeros(acpi, 8); /* no ATS, segment 0 */
    acpi_put(acpi, 64, 1);
    acpi_zeros(acpi, 3);
    acpi_put(acpi, 0, 4); /* IDs from 0, 0xffff + 1 of them, to 0 of the group */
    acpi_put(acpi, 0xffff, 4);
    acpi_put(acpi, 0, 4);
    acpi_put(acpi, its, 4);
    acpi_put(acpi, 0, 4);
    acpi_end(acpi);
}

/* _HID as Arm (Arm DEN 0057) and Linux give them; @irq: BOARD_NO_IRQ for none. */
static void begin_device(Aml *aml, const char *name, const char *hid, uint32_t uid)
{
    aml_begin_device(aml, name);
    aml_name_string(aml, "_HID", hid);
    aml_name_integer(aml, "_UID", uid);
}

static void add_resources(Aml *aml, uint32_t address, uint32_t bytes, const uint32_t *irq)
{
    aml_begin_resources(aml, "_CRS");
    aml_memory32(aml, address, bytes);
    if (irq != NULL) {
        aml_interrupt(aml, GSI + *irq);
    }
    aml_end_resources(aml);
}

/* The key's pin is an event of the GPIO controller: _E03 tells the button (5.6.5.3). */
static void add_power_button(Aml *aml)
{
    static const uint32_t irq = ARM_VIRT_GPIO_IRQ;

    begin_device(aml, "GPO0", "ARMH0061", 0);
    add_resources(aml, ARM_VIRT_GPIO, 0x1000, &irq);
    aml_begin_resources(aml, "_AEI");
    aml_gpio_interrupt(aml, ARM_VIRT_POWER_PIN, "GPO0");
    aml_end_resources(aml);
    aml_begin_method(aml, "_E03", 0);
    aml_byte(aml, 0x86); /* Notify (\_SB.PWRB, 0x80) */
    aml_path(aml, "\\_SB.PWRB");
    aml_integer(aml, 0x80);
    aml_end(aml);
    aml_end(aml);
    aml_begin_device(aml, "PWRB");
    aml_name(aml, "_HID");
    aml_eisa(aml, "PNP0C0C");
    aml_name_integer(aml, "_UID", 0);
    aml_end(aml);
}

static void fill_dsdt(Aml *aml, const ArmVirt *virt)
{
    static const uint32_t uart = ARM_VIRT_UART_IRQ;

    aml_begin_scope(aml, "\\_SB");
    for (uint32_t pe = 0; pe < virt->n_cpus; pe++) {
        g_autofree char *name = g_strdup_printf("C%03X", pe);

        begin_device(aml, name, "ACPI0007", pe);
        aml_end(aml);
    }
    begin_device(aml, "COM0", "ARMH0011", 0);
    add_resources(aml, ARM_VIRT_UART, 0x1000, &uart);
    aml_end(aml);
    for (uint32_t n = 0; virt->board.has_flash && n < BOARD_N_FLASH; n++) {
        g_autofree char *name = g_strdup_printf("FLS%u", n);

        begin_device(aml, name, "LNRO0015", n);
        add_resources(aml, ARM_VIRT_FLASH + n * ARM_VIRT_FLASH_BYTES, ARM_VIRT_FLASH_BYTES, NULL);
        aml_end(aml);
    }
    add_power_button(aml);
    acpi_dsdt_fw_cfg(aml, &virt->board);
    acpi_dsdt_virtio(aml, &virt->board, GSI);
    acpi_dsdt_pcie(aml, &virt->board, GSI);
    aml_end(aml);
}

gboolean arm_virt_add_acpi(ArmVirt *virt, GError **error)
{
    Acpi acpi;
    Aml aml;
    uint32_t dsdt;
    gboolean ok;

    if (!virt->acpi) {
        return TRUE;
    }
    acpi_init(&acpi);
    aml_init(&aml);
    fill_dsdt(&aml, virt);
    dsdt = acpi_begin(&acpi, "DSDT", 2, FALSE);
    acpi_bytes(&acpi, aml.code->data, aml.code->len);
    acpi_end(&acpi);
    add_fadt(&acpi, virt, dsdt);
    add_madt(&acpi, virt);
    add_pptt(&acpi, virt);
    add_gtdt(&acpi, virt);
    acpi_add_mcfg(&acpi, &virt->board);
    add_spcr(&acpi);
    add_dbg2(&acpi);
    add_iort(&acpi, virt);
    ok = acpi_publish(&acpi, &virt->board, error);
    acpi_clear(&acpi);
    g_byte_array_unref(aml.code);
    return ok;
}
