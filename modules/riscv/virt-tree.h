/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that write the board's device tree share. */
#ifndef RV_VIRT_TREE_H
#define RV_VIRT_TREE_H

#include "modules/riscv/virt.h"
#include "modules/support/board-tree.h"

/* phandles: hart N's interrupt controller is N + 1, hart N itself N + 65 */
#define RV_PHANDLE_INTC(hart) ((hart) + 1)
#define RV_PHANDLE_CPU(hart)  ((hart) + 65)
#define RV_PHANDLE_PLIC       200u /* or the APLIC of S, what devices interrupt */
#define RV_PHANDLE_TEST       201u
#define RV_PHANDLE_APLIC_M    202u
#define RV_PHANDLE_IMSIC_M    203u
#define RV_PHANDLE_IMSIC_S    204u

static inline const RvVirt *rv_tree_virt(const BoardTree *tree)
{
    return tree->owner;
}

/* interrupts-extended: @lines of every hart's own controller, in the order of contexts. */
void rv_tree_hart_lines(BoardTree *tree, const uint32_t *lines, uint32_t n_lines);

/* virt-aia.c: in place of the PLIC. */
void rv_tree_add_aia(BoardTree *tree);

#endif
