/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt files of the incoming message-signalled interrupt controller (RISC-V AIA 1.0, chapter
 * 3): where a hart's registers (csr-aia.c) and the pages that messages are written to (hw/imsic.c)
 * meet. A file has a lock of its own, since a hart claims without the device lock.
 */
#ifndef RV_AIA_H
#define RV_AIA_H

#include "modules/riscv/cpu.h"

#define RV_IMSIC_IDS_MAX 2047u
#define RV_IMSIC_WORDS   32u

/* What siselect and miselect lead to (AIA 2.1, 3.8). */
#define RV_ISELECT_IPRIO     0x30u
#define RV_ISELECT_DELIVERY  0x70u
#define RV_ISELECT_THRESHOLD 0x72u
#define RV_ISELECT_EIP       0x80u
#define RV_ISELECT_EIE       0xc0u
#define RV_ISELECT_LAST      0xffu

typedef struct RvImsicFile {
    GMutex lock;
    const TargetServices *services;
    QhIrq *line; /* the hart's external interrupt of the file's mode */
    uint32_t n_ids;
    uint32_t delivery, threshold;
    uint64_t pending[RV_IMSIC_WORDS], enabled[RV_IMSIC_WORDS];
} RvImsicFile;

/* The interrupt to be taken first, 0 for none (AIA 3.9). [any] */
uint32_t rv_imsic_top(RvImsicFile *file);
/* Identity @id is no longer pending. [any] */
void rv_imsic_claim(RvImsicFile *file, uint32_t id);
/* The register that @select leads to, of @xlen bits; write changes the bits of @mask. [any] */
uint64_t rv_imsic_read(RvImsicFile *file, uint32_t select, uint32_t xlen);
void rv_imsic_write(
    RvImsicFile *file, uint32_t select, uint32_t xlen, uint64_t value, uint64_t mask);

/* Give hart @cpu the file of @imsic, a device of class "riscv.imsic", for M or S. [main] */
void rv_imsic_connect(QhDevice *imsic, RvCpu *cpu, gboolean machine, QhIrq *line);

#endif
