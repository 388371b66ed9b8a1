/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board "virt": its memory map, its state, and what its files share. The map, interrupts and
 * names of nodes are those of QEMU's board of that name, which Linux, EDK2 and U-Boot know.
 */
#ifndef ARM_VIRT_H
#define ARM_VIRT_H

#include "modules/arm/gic.h"
#include "modules/arm/system.h"
#include "modules/support/board.h"

#define ARM_VIRT_FLASH           0u
#define ARM_VIRT_FLASH_BYTES     0x4000000u /* of each of two banks */
#define ARM_VIRT_GIC_DIST        0x8000000u
#define ARM_VIRT_GIC_DIST_BYTES  0x10000u
#define ARM_VIRT_GIC_CPU         0x8010000u
#define ARM_VIRT_GIC_V2M         0x8020000u
#define ARM_VIRT_GIC_HYP         0x8030000u
#define ARM_VIRT_GIC_VCPU        0x8040000u
#define ARM_VIRT_GIC_ITS         0x8080000u
#define ARM_VIRT_GIC_ITS_BYTES   0x20000u
#define ARM_VIRT_GIC_REDIST      0x80a0000u
#define ARM_VIRT_REDIST_BYTES    0x20000u /* of each PE */
#define ARM_VIRT_REDIST_ROOM     0xf60000u
#define ARM_VIRT_UART            0x9000000u
#define ARM_VIRT_RTC             0x9010000u
#define ARM_VIRT_FW_CFG          0x9020000u
#define ARM_VIRT_FW_CFG_BYTES    0x18u
#define ARM_VIRT_GPIO            0x9030000u
#define ARM_VIRT_VIRTIO          0xa000000u /* transports */
#define ARM_VIRT_VIRTIO_BYTES    0x200u
#define ARM_VIRT_PCIE_MMIO       0x10000000u
#define ARM_VIRT_PCIE_MMIO_BYTES 0x2eff0000u
#define ARM_VIRT_PCIE_PIO        0x3eff0000u
#define ARM_VIRT_PCIE_PIO_BYTES  0x10000u
#define ARM_VIRT_PCIE_ECAM       0x3f000000u /* without highmem */
#define ARM_VIRT_PCIE_ECAM_BYTES 0x1000000u
#define ARM_VIRT_RAM             0x40000000u

/* Above RAM, at least here: redistributors (not needed by 64 PEs), ECAM, a window for PCI. */
#define ARM_VIRT_HIGH            UINT64_C(0x4000000000)
#define ARM_VIRT_HIGH_ECAM_AT    UINT64_C(0x10000000)
#define ARM_VIRT_HIGH_ECAM_BYTES UINT64_C(0x10000000)
#define ARM_VIRT_HIGH_MMIO_BYTES UINT64_C(0x8000000000)
#define ARM_VIRT_LOW_END         UINT64_C(0x100000000) /* of RAM without highmem */

/* SPIs, which are inputs of the GIC. */
#define ARM_VIRT_UART_IRQ   1u
#define ARM_VIRT_RTC_IRQ    2u
#define ARM_VIRT_PCIE_IRQ   3u /* to 6 */
#define ARM_VIRT_GPIO_IRQ   7u
#define ARM_VIRT_VIRTIO_IRQ 16u /* to 47 */
#define ARM_VIRT_V2M_IRQ    48u
#define ARM_VIRT_N_V2M      64u
#define ARM_VIRT_N_SPIS     256u
#define ARM_VIRT_N_VIRTIO   32u
#define ARM_VIRT_MAX_CPUS   64u
#define ARM_VIRT_CLUSTER    16u /* PEs of a cluster with GICv3: Aff0 is below 16 */
#define ARM_VIRT_CLUSTER_V2 8u
#define ARM_VIRT_POWER_PIN  3u /* of the PL061: the power button */
#define ARM_VIRT_DEVICE_HZ  24000000u

/* property gic-version */
#define ARM_VIRT_GIC_AUTO 0u
#define ARM_VIRT_GIC_2    1u
#define ARM_VIRT_GIC_3    2u
#define ARM_VIRT_GIC_MAX  3u

typedef struct ArmVirt {
    QhBoard base;
    Board board;
    uint8_t gic_version; /* properties from here; ARM_VIRT_GIC_... */
    uint8_t its, virtualization, secure, highmem, highmem_ecam, highmem_mmio, ras, mte, acpi;
    uint8_t iommu;
    uint8_t gic_v3; /* what gic_version came down to */
    uint32_t n_cpus;
    QhRam *ram;
    QhInstance *gpio_key;
    uint64_t entry_pc, entry_x0; /* of the first PE */
} ArmVirt;

static inline const TargetServices *arm_virt_services(const ArmVirt *virt)
{
    return virt->base.ctx;
}

static inline ArmCpu *arm_virt_cpu(const ArmVirt *virt, uint32_t index)
{
    return arm_cpu(arm_virt_services(virt)->machine->cpu(virt->base.machine, index));
}

/* Name of the CPU model. */
static inline const char *arm_virt_model_name(const QhCpu *cpu)
{
    return arm64_cpu_models[cpu->model].name;
}

static inline gboolean arm_virt_has_its(const ArmVirt *virt)
{
    return virt->gic_v3 && virt->its;
}

/* virt-gic.c: interrupt controllers with their lines to the PEs, and what MSIs need. [main] */
gboolean arm_virt_create_gic(ArmVirt *virt, GError **error);

/* virt-boot.c: load what -bios, -kernel, -initrd and -dtb name, set the entry. [main] */
gboolean arm_virt_load(ArmVirt *virt, GError **error);

/* virt-tree.c: the device tree, g_malloc'ed; initrd must be known. NULL with @error. [main] */
uint8_t *arm_virt_device_tree(ArmVirt *virt, uint32_t *ret_bytes, GError **error);

/* virt-acpi.c: ACPI tables for the firmware, unless acpi=off. [main] */
gboolean arm_virt_add_acpi(ArmVirt *virt, GError **error);

#endif
