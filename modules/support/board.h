/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boards of all targets do alike: devices at fixed places with a line to one interrupt
 * controller, and the parts that come from modules of their own (PCI Express, flash, fw_cfg, slots
 * for virtio devices). A board without such a part still boots, and who asks for a device on it is
 * told that there is none.
 *
 * A Board is a member of the board's state. The board fills in map, and controller once there is
 * one; everything here is [main], in the machine's create.
 */
#ifndef SUPPORT_BOARD_H
#define SUPPORT_BOARD_H

#include "modules/support/target-services.h"

#define BOARD_N_FLASH    2u
#define BOARD_PCIE_LINES 4u /* INTA .. INTD */

/* Windows of a PCI host. PCI memory addresses are physical ones, port 0 is the first of pio. */
typedef struct BoardPcie {
    uint64_t ecam, ecam_bytes;
    uint64_t mmio, mmio_bytes; /* below 4 GiB */
    uint64_t high, high_bytes; /* prefetchable and 64 bits wide; bytes 0: there is none */
    uint64_t pio, pio_bytes;
    uint32_t irq; /* the first of BOARD_PCIE_LINES inputs of the controller */
} BoardPcie;

/* Where things are. Numbers of interrupts are inputs of the controller. */
typedef struct BoardMap {
    uint64_t ram, ram_bytes;
    BoardPcie pcie;
    uint64_t fw_cfg, fw_cfg_bytes;
    uint64_t flash, flash_bytes; /* of the first bank, the second follows; of each */
    uint64_t virtio, virtio_bytes;
    uint32_t n_virtio, virtio_irq; /* slots, and the interrupt of the first */
} BoardMap;

typedef struct Board {
    const TargetServices *services;
    QhMachine *machine;
    QhSpace *space; /* what the CPUs see */
    BoardMap map;
    QhInstance *controller;
    /* What there is */
    uint32_t n_virtio;
    gboolean has_pcie, has_fw_cfg, has_flash;
    gboolean flash_filled;           /* the first bank holds a program */
    char *flash_node[BOARD_N_FLASH]; /* properties: what is in the banks; NULL: -drive says */
    /* board-load.h */
    uint64_t initrd, initrd_end; /* physical; both 0 without one */
    uint8_t *device_tree;        /* as handed to the guest; g_malloc'ed */
    uint32_t device_tree_bytes;
    uint32_t reserved;
} Board;

/* At the head of create; properties have been set by then. @services outlives the board. */
void board_init(Board *board, QhMachine *machine, const TargetServices *services);
/* In destroy. */
void board_clear(Board *board);

/* A device of class @klass at @address, its properties set from @properties up to a NULL name (NULL
 * for none). NULL with @error. */
QhInstance *board_device(Board *board,
                         const char *klass,
                         const char *id,
                         const char *const properties[][2],
                         uint64_t address,
                         GError **error);
/* The same without a place and not realized, from a module that may be missing: TRUE, with
 * *@ret_device NULL, when nobody offers @klass. */
gboolean board_optional(
    Board *board, const char *klass, const char *id, QhInstance **ret_device, GError **error);
/* Set property @name to @value in decimal. */
gboolean board_set_number(
    Board *board, QhInstance *device, const char *name, uint64_t value, GError **error);
/* Lead output @line of @device to input @irq of the controller. */
void board_connect(Board *board, QhInstance *device, uint32_t line, uint32_t irq);

/* A serial port of class @klass on the backend of -serial @n. */
gboolean board_create_serial(
    Board *board, const char *klass, uint32_t n, uint64_t address, uint32_t irq, GError **error);
/* The parts that map has a place for, each left out when there is no module for it. */
gboolean board_create_virtio(Board *board, GError **error);
gboolean board_create_fw_cfg(Board *board, GError **error);
gboolean board_create_flash(Board *board, GError **error);
gboolean board_create_pcie(Board *board, GError **error);

/* For QhMachineOps.device_tree: a copy, which the caller g_frees. */
void *board_device_tree(const Board *board, uint32_t *ret_bytes, GError **error);

/* Rows of the board's property table: the content of flash bank N, for a state of type @type with
 * a Board in @member. */
#define BOARD_FLASH_PROPERTIES(type, member)                                                       \
    QH_PROPERTY("pflash0", QH_PROPERTY_STRING, offsetof(type, member.flash_node[0]), NULL, 0, 0,   \
                "node of the first bank of flash"),                                                \
        QH_PROPERTY("pflash1", QH_PROPERTY_STRING, offsetof(type, member.flash_node[1]), NULL, 0,  \
                    0, "node of the second bank of flash")

#endif
