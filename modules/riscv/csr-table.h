/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that rows of csr.def name: rv_csr_needs_NEEDS, rv_csr_read_READ,
 * rv_csr_write_WRITE.
 * @mask of a write: the bits that the instruction touches; the others of @value are the old ones.
 */
#ifndef RV_CSR_TABLE_H
#define RV_CSR_TABLE_H

#include "modules/riscv/csr.h"

#define RV_CSR(number, name, needs, member, mask, section)                                         \
    gboolean rv_csr_needs_##needs(const RvCpu *cpu, uint32_t csr, uint32_t priv);
#define RV_CSR_FN(first, last, name, needs, read, write, flags, section)                           \
    gboolean rv_csr_needs_##needs(const RvCpu *cpu, uint32_t csr, uint32_t priv);                  \
    uint64_t rv_csr_read_##read(RvCpu *cpu, uint32_t number);                                      \
    void rv_csr_write_##write(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask);
#include "modules/riscv/csr.def"
#undef RV_CSR
#undef RV_CSR_FN

#endif
