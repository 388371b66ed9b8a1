/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device tree that is being written, front to back. */
#ifndef RV_VIRT_TREE_H
#define RV_VIRT_TREE_H

#include "modules/riscv/virt.h"

/* phandles: hart N's interrupt controller is N + 1, hart N itself N + 65 */
#define RV_PHANDLE_INTC(hart) ((hart) + 1)
#define RV_PHANDLE_CPU(hart)  ((hart) + 65)
#define RV_PHANDLE_PLIC       200u /* or the APLIC of S, what devices interrupt */
#define RV_PHANDLE_TEST       201u
#define RV_PHANDLE_APLIC_M    202u
#define RV_PHANDLE_IMSIC_M    203u
#define RV_PHANDLE_IMSIC_S    204u

#define RV_TREE_LEVEL_HIGH 4u /* second cell of an APLIC's interrupt */

/* After the first failure every call does nothing. */
typedef struct RvTree {
    RvVirt *virt;
    void *blob;
    int status; /* libfdt's; 0 while all is well */
} RvTree;

void rv_tree_begin(RvTree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);
void rv_tree_end(RvTree *tree);
void rv_tree_bytes(RvTree *tree, const char *name, const void *data, uint32_t length);
void rv_tree_text(RvTree *tree, const char *name, const char *value);
void rv_tree_cell(RvTree *tree, const char *name, uint32_t value);
void rv_tree_texts(RvTree *tree, const char *name, const char *const *list); /* NULL ends it */
/* interrupts-extended: @lines of every hart's own controller, in the order of contexts. */
void rv_tree_hart_lines(RvTree *tree, const uint32_t *lines, uint32_t n_lines);
void rv_tree_flag(RvTree *tree, const char *name);
void rv_tree_reg(RvTree *tree, uint64_t address, uint64_t size);

/* virt-aia.c: in place of the PLIC. */
void rv_tree_add_aia(RvTree *tree);
/* virt-tree-io.c: PCI host, virtio-mmio slots, flash, fw_cfg; in the node of the soc. */
void rv_tree_add_io(RvTree *tree);

#endif
