/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileged state of a hart: member `sys` of RvCpu. CSRs are kept zero-extended in 64 bits on
 * RV32, too, and a register that RV32 splits in two halves is one member.
 */
#ifndef QH_RISCV_SYS_H
#define QH_RISCV_SYS_H

#include "abi/cpu.h"
#include "abi/services.h"

/* Privilege levels (Priv. 1.2). */
#define RV_PRIV_U 0u
#define RV_PRIV_S 1u
#define RV_PRIV_M 3u

/*
 * MMU indices: everything a data access depends on besides satp and the PMP, so that a change of
 * privilege, MPRV, SUM or MXR flushes nothing. Fetches use U, S or M. With MPRV the index is that
 * of MPP; M has no MXR variant because it does not translate.
 */
#define RV_MMU_U     0u
#define RV_MMU_S     1u
#define RV_MMU_S_SUM 2u
#define RV_MMU_M     3u
#define RV_MMU_MXR   4u /* added to U, S, S_SUM */
#define RV_MMU_COUNT 7u

/*
 * state_key, computed by rv_update_key alone.
 * Bits 0-3: MMU index of fetches (the host's rule); 4-7: of loads and stores; 8-9: privilege;
 * 10-11: mstatus.FS; 12-14: frm; 15-16: mstatus.VS; 17: misa.C off; 18: mstatus.TVM, TSR and TW
 * need no bit, because their instructions are helpers.
 */
#define RV_KEY_FETCH_INDEX(key) ((uint32_t)((key) & 15u))
#define RV_KEY_DATA_INDEX(key)  ((uint32_t)((key) >> 4 & 15u))
#define RV_KEY_PRIV(key)        ((uint32_t)((key) >> 8 & 3u))
#define RV_KEY_FS(key)          ((uint32_t)((key) >> 10 & 3u)) /* 0: F and D raise; 3: dirty */
#define RV_KEY_FRM(key)         ((uint32_t)((key) >> 12 & 7u)) /* 5 .. 7 are reserved: dyn raises */
#define RV_KEY_VS(key)          ((uint32_t)((key) >> 15 & 3u))
#define RV_KEY_NO_C(key)        ((uint32_t)((key) >> 17 & 1u))

#define RV_PMP_MAX 64u

/* A run of physical addresses that one PMP entry decides. */
typedef struct RvPmpSpan {
    uint64_t last;  /* inclusive; it starts after its predecessor's */
    uint32_t entry; /* RV_PMP_MAX: none matches */
    uint32_t reserved;
} RvPmpSpan;

typedef struct RvSys {
    uint32_t priv; /* RV_PRIV_... */
    uint32_t frm;  /* fcsr.frm as written, 0 .. 7; fflags are QhCpu.fp_flags */
    uint64_t mstatus, misa, medeleg, mideleg, mie;
    uint64_t mip; /* bits that software or an edge set: SSIP, STIP, SEIP; atomic */
    uint64_t mtvec, mscratch, mepc, mcause, mtval, menvcfg, mseccfg, mcounteren, mcountinhibit;
    uint64_t stvec, sscratch, sepc, scause, stval, senvcfg, scounteren, satp;
    uint64_t stimecmp;    /* atomic: the timer's thread reads it */
    uint64_t time_offset; /* atomic */
    uint64_t mcycle, minstret; /* added to icount; the value itself while inhibited */
    uint64_t mstateen[4], sstateen[4];
    uint64_t mhpmcounter[29], mhpmevent[29];
    uint64_t seed;
    uint64_t pmpaddr[RV_PMP_MAX];
    uint8_t pmpcfg[RV_PMP_MAX];
    RvPmpSpan spans[2 * RV_PMP_MAX + 1]; /* derived from the two above */
    uint32_t n_spans;
    uint32_t last_span; /* where the last look-up ended */
    QhTimer *stimer;
} RvSys;

/* Exception codes (Priv. table 14), also the causes of raise records. */
#define RV_EXC_FETCH_MISALIGNED 0u
#define RV_EXC_FETCH_ACCESS     1u
#define RV_EXC_ILLEGAL          2u
#define RV_EXC_BREAKPOINT       3u
#define RV_EXC_LOAD_MISALIGNED  4u
#define RV_EXC_LOAD_ACCESS      5u
#define RV_EXC_STORE_MISALIGNED 6u
#define RV_EXC_STORE_ACCESS     7u
#define RV_EXC_ECALL            8u /* from U; + privilege */
#define RV_EXC_FETCH_PAGE       12u
#define RV_EXC_LOAD_PAGE        13u
#define RV_EXC_STORE_PAGE       15u

#endif
