/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a hart, and what translated code may assume about it.
 *
 * Width. riscv32 and riscv64 share this state; XLEN is chosen when code is translated, from
 * RV_KEY_64 of the state key. With XLEN 32:
 *   - x registers hold the 32-bit value sign-extended, as the *W instructions of RV64 leave it;
 *   - addresses (pc, the address of an access) are zero-extended from 32 bits;
 *   - a CSR of XLEN bits holds its value zero-extended; the CSR helpers return it sign-extended and
 *     ignore the upper half of what is written.
 */
#ifndef RV_CPU_H
#define RV_CPU_H

#include "abi/cpu.h"
#include "modules/riscv/services.h"

#define RV_VLEN_MAX 1024u
#define RV_V_WORDS  (32u * RV_VLEN_MAX / 64u)

typedef struct RvCpu {
    QhCpu base; /* fp_flags are the fflags: same bits (Unpriv. F, "fcsr") */
    uint64_t x[32];
    uint64_t f[32]; /* FLEN = 64; narrower values are NaN-boxed (Unpriv. D, "NaN Boxing") */

    /*
     * The vector registers, packed: vN begins at byte N * vlen / 8, so that a group of registers is
     * one array of elements. Guest byte order, which is the host's.
     */
    uint64_t v[RV_V_WORDS] __attribute__((aligned(64)));
    uint64_t vl, vtype, vstart; /* vtype: vill is bit 63 for both widths */
    uint32_t vxrm, vxsat;

    /* What lr left behind: the virtual address and the value read there, sign-extended. */
    uint64_t reserved_address; /* RV_NO_RESERVATION when there is none */
    uint64_t reserved_value;

    uint32_t priv;    /* RV_PRIV_... */
    uint32_t frm;     /* 0 .. 7 as written */
    uint64_t mstatus; /* RV64 layout for both widths; SD is computed on read */
    uint64_t misa, medeleg, mideleg, mie;
    uint64_t mip; /* SSIP, STIP, SEIP as software or an edge set them; atomic. Input lines are in
                     base.irq_lines */
    uint64_t mtvec, mscratch, mepc, mcause, mtval, mtval2, mtinst;
    uint64_t mcounteren, mcountinhibit, menvcfg, mseccfg;
    uint64_t stvec, sscratch, sepc, scause, stval, scounteren, senvcfg, satp;
    uint64_t irq_pending;                /* mip & mie when last looked; see rv_irq_update */
    uint64_t stimecmp;                   /* atomic: the timer reads it */
    uint64_t mcycle_base, minstret_base; /* added to icount; while inhibited the value itself */
    uint64_t mstateen[4];
    uint32_t miselect, siselect;
    uint32_t topei[2];            /* as last read by S, M */
    struct RvImsicFile *imsic[2]; /* aia.h, of S and M; NULL: none; fixed */
    uint64_t time_offset;         /* rv_time.h; atomic */
    uint64_t pmpaddr[64];
    uint8_t pmpcfg[64];

    /* Properties: what this hart has; fixed after realize. */
#define RV_EXT(member, name, base, description) uint8_t ext_##member;
#include "modules/riscv/extensions.def"
#undef RV_EXT
    uint8_t sv32, sv39, sv48, sv57;              /* address translation modes */
    uint8_t mmu, pmp;                            /* off: no translation modes, no PMP entries */
    uint8_t n_pmp;                               /* PMP entries, 0 .. 64 */
    uint8_t short_isa;                           /* the ISA string names single letters only */
    uint16_t cbom_bytes, cbop_bytes, cboz_bytes; /* cache blocks: powers of two, 16 .. 4096 */
    uint16_t vlen, elen;                         /* bits; elen is what the extensions allow */
    uint32_t mvendorid;
    uint64_t marchid, mimpid;
    uint64_t timebase_hz;
    uint64_t resetvec; /* pc after a reset, unless the board sets another */

    uint32_t mxlen;          /* from RvTarget */
    struct RvSystem *system; /* system.h: what is derived from the rest, and timers */
} RvCpu;

#define RV_NO_RESERVATION UINT64_MAX

/* RV_SLOT_X0 ...: numbers of the rows of cpu-state.def, which are the state slots of the IR. */
#define RV_STATE(id, name, member, count, type, klass, flags, hot) RV_SLOT_##id,
enum {
#include "modules/riscv/cpu-state.def"
    RV_N_SLOTS
};
#undef RV_STATE
#define RV_SLOT_X(n) (RV_SLOT_X0 + (n))
#define RV_SLOT_F(n) (RV_SLOT_F0 + (n))

/* Privilege modes (Priv. 1.2). */
#define RV_PRIV_U 0u
#define RV_PRIV_S 1u
#define RV_PRIV_M 3u

/*
 * MMU indices: what mstatus decides about an access. Data accesses use the index of the mode that
 * MPRV selects. SUM has an index of its own because kernels toggle it around each copy from user
 * space; so has MXR because firmware does.
 */
#define RV_MMU_U     0u
#define RV_MMU_S     1u
#define RV_MMU_S_SUM 2u
#define RV_MMU_M     3u
#define RV_MMU_MXR   4u /* added to one of the above; loads from execute-only pages succeed */
#define RV_N_MMU     7u /* M does not translate and needs no MXR variant */

/*
 * QhCpu.state_key. Kept by rv_cpu_update_key (cpu.c) after any change of mode, mstatus, frm, misa.
 */
#define RV_KEY_FETCH_SHIFT 0u         /* bits 0-3: MMU index of fetches: RV_MMU_U, _S or _M */
#define RV_KEY_DATA_SHIFT  4u         /* bits 4-7: MMU index of loads and stores */
#define RV_KEY_PRIV_SHIFT  8u         /* bits 8-9 */
#define RV_KEY_64          (1u << 10) /* XLEN of the current mode is 64 */
#define RV_KEY_FS          (1u << 11) /* mstatus.FS is not Off */
#define RV_KEY_FS_DIRTY    (1u << 12) /* mstatus.FS is Dirty */
#define RV_KEY_FRM_SHIFT   13u        /* bits 13-15: frm, 5..7 are reserved modes */
#define RV_KEY_C           (1u << 16) /* misa.C: 16-bit instructions exist, IALIGN = 16 */
#define RV_KEY_BE          (1u << 17) /* reserved for big-endian data, which no model has */
#define RV_KEY_VS          (1u << 18) /* mstatus.VS is not Off */
#define RV_KEY_VS_DIRTY    (1u << 19) /* mstatus.VS is Dirty */
/* With RV_KEY_VS only, so that a kernel, which runs without, has one translation. Bits 20-25: vlmul
 * and vsew of vtype; vta and vma decide nothing, because agnostic elements are left alone. */
#define RV_KEY_VTYPE_SHIFT 20u
#define RV_KEY_VTYPE       (0x3fu << RV_KEY_VTYPE_SHIFT)
#define RV_KEY_VILL        (1u << 26) /* vtype.vill; then bits 20-25 are 0 */

/* Exception causes (Priv. 3.1.15, table "mcause values"); interrupts have the top bit of XLEN. */
#define RV_CAUSE_FETCH_MISALIGNED 0u
#define RV_CAUSE_FETCH_ACCESS     1u
#define RV_CAUSE_ILLEGAL          2u /* payload: the instruction's bits */
#define RV_CAUSE_BREAKPOINT       3u /* payload: pc */
#define RV_CAUSE_LOAD_MISALIGNED  4u
#define RV_CAUSE_LOAD_ACCESS      5u
#define RV_CAUSE_STORE_MISALIGNED 6u /* also AMO and SC */
#define RV_CAUSE_STORE_ACCESS     7u
#define RV_CAUSE_ECALL_U          8u /* + privilege */
#define RV_CAUSE_FETCH_PAGE       12u
#define RV_CAUSE_LOAD_PAGE        13u
#define RV_CAUSE_STORE_PAGE       15u

/* Input lines of a hart, bits of base.irq_lines: as the bits of mip (Priv. 3.1.9). */
#define RV_IRQ_SSI 1u
#define RV_IRQ_MSI 3u
#define RV_IRQ_STI 5u
#define RV_IRQ_MTI 7u
#define RV_IRQ_SEI 9u
#define RV_IRQ_MEI 11u
#define RV_N_IRQ   12u

static inline RvCpu *rv_cpu(QhCpu *cpu)
{
    return (RvCpu *)cpu;
}

static inline const RvTarget *rv_target(const QhCpu *cpu)
{
    return (const RvTarget *)cpu->ctx;
}

/* Fields of vtype (Unpriv. V, 31.3.4). */
#define RV_VTYPE_VILL       (UINT64_C(1) << 63)
#define RV_VTYPE_LMUL_MASK  7u
#define RV_VTYPE_SEW_SHIFT  3u
#define RV_VTYPE_VALID_BITS 0xffu

/* The bits of the state key that follow from @vtype. */
static inline uint32_t rv_key_of_vtype(uint64_t vtype)
{
    return vtype & RV_VTYPE_VILL ? RV_KEY_VILL : (uint32_t)(vtype & 0x3f) << RV_KEY_VTYPE_SHIFT;
}

/* Recompute base.state_key from the rest of the state. The caller ends the block. [vcpu] */
void rv_cpu_update_key(RvCpu *cpu);

/*
 * Enter exception @cause with @tval at base.pc: delegation, xepc, xcause, xtval, xstatus, vector,
 * state key; sets base.unwind. For helpers and QhCpuOps.raise (trap.c). [vcpu]
 */
void rv_cpu_raise(RvCpu *cpu, uint32_t cause, uint64_t tval);

#endif
