/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of the control and status registers, and access to them by number. */
#ifndef RV_CSR_H
#define RV_CSR_H

#include "modules/riscv/cpu.h"

/* mstatus in the layout of RV64 (Priv. 3.1.6) */
#define RV_MSTATUS_SIE    (UINT64_C(1) << 1)
#define RV_MSTATUS_MIE    (UINT64_C(1) << 3)
#define RV_MSTATUS_SPIE   (UINT64_C(1) << 5)
#define RV_MSTATUS_MPIE   (UINT64_C(1) << 7)
#define RV_MSTATUS_SPP    (UINT64_C(1) << 8)
#define RV_MSTATUS_VS     (UINT64_C(3) << 9)
#define RV_MSTATUS_MPP    (UINT64_C(3) << 11)
#define RV_MSTATUS_FS     (UINT64_C(3) << 13)
#define RV_MSTATUS_XS     (UINT64_C(3) << 15)
#define RV_MSTATUS_MPRV   (UINT64_C(1) << 17)
#define RV_MSTATUS_SUM    (UINT64_C(1) << 18)
#define RV_MSTATUS_MXR    (UINT64_C(1) << 19)
#define RV_MSTATUS_TVM    (UINT64_C(1) << 20)
#define RV_MSTATUS_TW     (UINT64_C(1) << 21)
#define RV_MSTATUS_TSR    (UINT64_C(1) << 22)
#define RV_MSTATUS_UXL    (UINT64_C(3) << 32)
#define RV_MSTATUS_UXL_64 (UINT64_C(2) << 32)
#define RV_MSTATUS_SXL_64 (UINT64_C(2) << 34)
#define RV_MPP_SHIFT      11

/* What S sees of mstatus, SD aside, and what it may write (Priv. 12.1.1). */
#define RV_SSTATUS_FIELDS                                                                          \
    (RV_MSTATUS_SIE | RV_MSTATUS_SPIE | RV_MSTATUS_SPP | RV_MSTATUS_VS | RV_MSTATUS_FS |           \
     RV_MSTATUS_XS | RV_MSTATUS_SUM | RV_MSTATUS_MXR | RV_MSTATUS_UXL)
static inline uint64_t rv_sstatus_writable(const RvCpu *cpu)
{
    return RV_MSTATUS_SIE | RV_MSTATUS_SPIE | RV_MSTATUS_SPP | RV_MSTATUS_SUM | RV_MSTATUS_MXR |
           (cpu->ext_f ? RV_MSTATUS_FS : 0) | (cpu->ext_zve32x ? RV_MSTATUS_VS : 0);
}

/* menvcfg and senvcfg (Priv. 3.1.18, 12.1.10) */
#define RV_ENVCFG_FIOM  (UINT64_C(1) << 0)
#define RV_ENVCFG_CBIE  (UINT64_C(3) << 4)
#define RV_ENVCFG_CBCFE (UINT64_C(1) << 6)
#define RV_ENVCFG_CBZE  (UINT64_C(1) << 7)
#define RV_ENVCFG_ADUE  (UINT64_C(1) << 61)
#define RV_ENVCFG_PBMTE (UINT64_C(1) << 62)
#define RV_ENVCFG_STCE  (UINT64_C(1) << 63)

/* mcounteren, scounteren, mcountinhibit */
#define RV_COUNTER_CY (1u << 0)
#define RV_COUNTER_TM (1u << 1)
#define RV_COUNTER_IR (1u << 2)

/* mseccfg (Zkr 4.1) and mstateen0 (Smstateen) */
#define RV_MSECCFG_USEED   (UINT64_C(1) << 8)
#define RV_MSECCFG_SSEED   (UINT64_C(1) << 9)
#define RV_STATEEN0_IMSIC  (UINT64_C(1) << 58)
#define RV_STATEEN0_AIA    (UINT64_C(1) << 59)
#define RV_STATEEN0_SELECT (UINT64_C(1) << 60)
#define RV_STATEEN0_ENVCFG (UINT64_C(1) << 62)
#define RV_STATEEN_SE      (UINT64_C(1) << 63)

/* satp.MODE (Priv. 12.1.11); Sv32's is 1 in the one bit RV32 has */
#define RV_SATP_BARE 0u
#define RV_SATP_SV32 1u
#define RV_SATP_SV39 8u
#define RV_SATP_SV48 9u
#define RV_SATP_SV57 10u

/* How an instruction touches a CSR. */
#define RV_CSR_READ  1u
#define RV_CSR_WRITE 2u

/*
 * Read CSR @number as instruction of the current privilege; FALSE when that is illegal. *@ret_value
 * is zero-extended from XLEN. [vcpu]
 */
gboolean rv_csr_read(RvCpu *cpu, uint32_t number, uint64_t *ret_value);

/*
 * Write the bits of @mask to CSR @number; with @ret_old not NULL return the value before, and do
 * what a read does. FALSE when that is illegal; then nothing has changed. [vcpu]
 */
gboolean
rv_csr_write(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask, uint64_t *ret_old);

/* The value of CSR @number without any check or side effect, for people and debuggers; FALSE when
 * the hart has no such CSR. [vcpu, stopped] */
gboolean rv_csr_peek(RvCpu *cpu, uint32_t number, uint64_t *ret_value);

/* Manual's name of CSR @number, NULL when there is none. [any] */
const char *rv_csr_name(uint32_t number);

#endif
