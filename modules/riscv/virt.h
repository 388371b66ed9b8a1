/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board "virt": its memory map, its state, and what its files share. */
#ifndef RV_VIRT_H
#define RV_VIRT_H

#include "modules/riscv/cpu.h"
#include "modules/support/board.h"

/* Where things are: the addresses that Linux, OpenSBI and U-Boot expect of this board. */
#define RV_VIRT_MROM         0x1000u /* what firmware finds in a2 */
#define RV_VIRT_MROM_BYTES   0xf000u
#define RV_VIRT_TEST         0x100000u
#define RV_VIRT_RTC          0x101000u
#define RV_VIRT_CLINT        0x2000000u /* MSWI, and MTIMER at +0x4000 */
#define RV_VIRT_CLINT_BYTES  0x10000u
#define RV_VIRT_SSWI         0x2f00000u
#define RV_VIRT_PLIC         0xc000000u
#define RV_VIRT_APLIC_M      0xc000000u /* in place of the PLIC */
#define RV_VIRT_APLIC_S      0xd000000u
#define RV_VIRT_IMSIC_M      0x24000000u
#define RV_VIRT_IMSIC_S      0x28000000u
#define RV_VIRT_PLIC_BYTES   0x600000u
#define RV_VIRT_UART         0x10000000u
#define RV_VIRT_VIRTIO       0x10001000u /* transports, 0x1000 bytes apart */
#define RV_VIRT_FW_CFG       0x10100000u
#define RV_VIRT_FW_CFG_BYTES 0x18u
#define RV_VIRT_PCIE_PIO     0x3000000u
#define RV_VIRT_FLASH        0x20000000u
#define RV_VIRT_FLASH_BYTES  0x2000000u /* of each of two banks */
#define RV_VIRT_PCIE_ECAM    0x30000000u
#define RV_VIRT_PCIE_MMIO    0x40000000u
#define RV_VIRT_RAM          0x80000000u

#define RV_VIRT_PCIE_PIO_BYTES  0x10000u
#define RV_VIRT_PCIE_ECAM_BYTES 0x10000000u
#define RV_VIRT_PCIE_MMIO_BYTES 0x40000000u

#define RV_VIRT_N_VIRTIO 8u

/* Interrupt sources of the PLIC */
#define RV_VIRT_VIRTIO_IRQ    1u /* of the first transport */
#define RV_VIRT_UART_IRQ      10u
#define RV_VIRT_RTC_IRQ       11u
#define RV_VIRT_PCIE_IRQ      32u /* to 35 */
#define RV_VIRT_PLIC_SOURCES  96u
#define RV_VIRT_APLIC_SOURCES 96u /* without 0 */

/* property aia */
#define RV_VIRT_AIA_NONE  0u
#define RV_VIRT_AIA_APLIC 1u
#define RV_VIRT_AIA_IMSIC 2u

#define RV_VIRT_TIMEBASE_HZ 10000000u
#define RV_VIRT_UART_HZ     3686400u

/* What reset puts into pc and the argument registers of every hart. */
typedef struct RvEntry {
    uint64_t pc;
    uint64_t device_tree; /* a1 */
    uint64_t info;        /* a2; 0 for none */
} RvEntry;

typedef struct RvVirt {
    QhBoard base;
    Board board;
    uint8_t aclint;      /* property: ACLINT nodes and SSWI instead of a CLINT */
    uint8_t aia;         /* property: RV_VIRT_AIA_... */
    uint32_t aia_guests; /* property: interrupt files for guests of a hart; room only */
    uint32_t guest_bits; /* log2 of the pages that each hart has for S */
    uint32_t xlen;
    uint32_t n_harts;
    QhRam *ram;
    RvEntry entry;
} RvVirt;

static inline const TargetServices *rv_virt_services(const RvVirt *virt)
{
    return virt->base.ctx;
}

/* Load what -bios, -kernel, -initrd and -dtb name, make the device tree, set entry. [main] */
gboolean rv_virt_load(RvVirt *virt, GError **error);

/* Make the device tree of the board, g_malloc'ed; initrd must be known. NULL with @error. [main] */
uint8_t *rv_virt_device_tree(RvVirt *virt, uint32_t *ret_bytes, GError **error);

/* virt-aia.c: what aia= asks for in place of a PLIC. NULL with @error. [main] */
QhInstance *rv_virt_create_aia(RvVirt *virt, GError **error);

extern const QhMachineOps rv_virt_machine;

#endif
