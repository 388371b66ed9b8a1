/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device tree (Devicetree Specification 0.4) that is being written, front to back, and the nodes
 * that all boards have. After the first failure every call does nothing; board_tree_finish tells.
 */
#ifndef SUPPORT_BOARD_TREE_H
#define SUPPORT_BOARD_TREE_H

#include "modules/support/board.h"

#define BOARD_TREE_LEVEL_HIGH 4u /* last cell of an interrupt, where there is one for its kind */

/* How an interrupt of the controller is written: n_cells cells, the number being cell @number. */
typedef struct BoardInterrupt {
    uint32_t phandle;       /* of the controller */
    uint32_t address_cells; /* its #address-cells */
    uint32_t n_cells, number;
    uint32_t cells[3]; /* what the other cells hold */
} BoardInterrupt;

typedef struct BoardTree {
    Board *board;
    void *owner; /* the caller's own */
    BoardInterrupt interrupt;
    uint32_t msi_parent; /* phandle of what takes the PCI host's MSIs; 0: nothing */
    uint32_t msi_map;    /* the same, for what wants to know the device, by requester ID */
    void *blob;
    int status; /* libfdt's; 0 while all is well */
} BoardTree;

/* Start with the root node open, after its #address-cells and #size-cells, 2 each. The members
 * above blob are the caller's. */
void board_tree_start(BoardTree *tree);
/* Close the root node. The finished tree, which the caller g_frees; NULL with @error. */
uint8_t *board_tree_finish(BoardTree *tree, uint32_t *ret_bytes, GError **error);

void board_tree_begin(BoardTree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);
void board_tree_end(BoardTree *tree);
void board_tree_bytes(BoardTree *tree, const char *name, const void *data, uint32_t length);
void board_tree_text(BoardTree *tree, const char *name, const char *value);
void board_tree_texts(BoardTree *tree, const char *name, const char *const *list); /* NULL ends */
void board_tree_flag(BoardTree *tree, const char *name);
void board_tree_cell(BoardTree *tree, const char *name, uint32_t value);
void board_tree_cells(BoardTree *tree, const char *name, const uint32_t *cells, uint32_t n);
/* Two cells for each number, as addresses and sizes are written. */
void board_tree_wide(BoardTree *tree, const char *name, const uint64_t *values, uint32_t n);
void board_tree_reg(BoardTree *tree, uint64_t address, uint64_t bytes);
/* Property interrupts: inputs @irq ... of the controller. */
void board_tree_interrupts(BoardTree *tree, uint32_t irq, uint32_t n);

/* Open the node of a device with one register window and, if @irq is not BOARD_NO_IRQ, a line. */
#define BOARD_NO_IRQ UINT32_MAX
void board_tree_device(BoardTree *tree,
                       const char *name,
                       const char *const *compatible,
                       uint64_t address,
                       uint64_t bytes,
                       uint32_t irq);

/* Nodes: chosen, left open for more, with the console at @stdout_path; memory. */
void board_tree_begin_chosen(BoardTree *tree, const char *stdout_path);
void board_tree_memory(BoardTree *tree);
/* Random bytes for the guest, the same on each run when the user wants that. */
void board_tree_random(BoardTree *tree, const char *name, uint32_t bytes);

/* board-tree-io.c: the nodes of what board_create_... has made: virtio slots, fw_cfg, flash, the
 * PCI host. */
void board_tree_io(BoardTree *tree);

#endif
