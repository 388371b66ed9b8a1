/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * T1, the compiler to x86-64. What its files share.
 *
 * A region is the code of some guest basic blocks of one page under one state key, with entries at
 * those of them that others jump to. Inside a region the hottest state slots and locals
 * ("variables") have a home, a host register, which is that of others at most in turn (homes.c);
 * control flow inside it keeps them there. The others live in memory. At any place of the code each
 * variable with a home is either not in its register, or in it, or in it and newer than memory
 * ("dirty").
 *
 * Values that are no slot live in the remaining registers ("temps") until their last use.
 *
 * A region is made for one virtual address of its page, or, when the page is mapped at several, for
 * any of them; then the address is hot.page, set where the region is entered.
 *
 * Registers: rbp is the CPU state (QhCpu *). rsp is aligned to 16. rax, rcx and rdx belong to the
 * record being compiled: no value outlives a record in them. xmm15 is the same for vector
 * registers. Everything else is a home or a temp. Direction flag clear. MXCSR: see fp.h.
 *
 * Whatever may need C code jumps to a cold stub behind the region. All go one way: `call cold`,
 * which saves every register, finds the stub's QhT1Cold, and calls its function with the saved
 * registers.
 */
#ifndef QH_CORE_JIT_X86_64_T1_H
#define QH_CORE_JIT_X86_64_T1_H

#include "core/jit/backend/x86_64/cold.h"
#include "core/jit/ir.h"

typedef struct QhJitCpu QhJitCpu;
typedef struct QhT1 QhT1;

/* What a region is made from. */
#define QH_T1_MAX_BLOCKS  64u
#define QH_T1_MAX_RECORDS 8192u
#define QH_T1_MAX_INSNS   1024u
#define QH_T1_MAX_ENTRIES 128u /* two a block: its start, and where its call returns to */

typedef struct QhT1Block {
    uint64_t pc;
    uint32_t first, n_records; /* in QhT1Source.records */
    uint32_t n_insns;
    uint32_t guest_bytes;
    gboolean entry; /* can be entered from outside */
} QhT1Block;

/* Records of all blocks in one array: operands that name records are indices into it. Blocks are
 * sorted by pc. */
typedef struct QhT1Source {
    const QhIrContext *context;
    QhIrRecord *records; /* the compiler may change them */
    uint32_t n_records;
    const QhT1Block *blocks;
    uint32_t n_blocks;
    uint64_t page; /* virtual address of the page */
    uint64_t state_key;
    uint32_t granule_bits;
    uint32_t flags;    /* QH_CODE_...: QH_CODE_ICOUNT counts instructions */
    gboolean anywhere; /* the code shall be good at any address of the page: hot.page has it */
    int32_t tlb[16];   /* per MMU index: bytes from the CPU state to the softmmu table */
    gboolean alone;    /* the machine has one vCPU: atomics need no lock prefix */
    uint32_t nan_rule; /* QhTargetOps.nan_rule */
    gboolean tininess_before_rounding;
} QhT1Source;

/* --- For the lowerers: compile one record (t->i) --- */

/* The pieces of QhT1 that they may touch. */
struct QhT1 {
    QhAsm a;
    const QhT1Source *source;
    const QhIrRecord *records;
    uint32_t i;              /* record being compiled */
    uint32_t insn;           /* number of its instruction in the region */
    uint32_t block;          /* its block */
    uint32_t features;       /* QH_T1_HAS_... */
    gboolean failed;         /* no way to compile this: the region is given up */
    struct QhT1Alloc *alloc; /* alloc.h */
};
#define QH_T1_HAS_BMI1   (1u << 0) /* andn tzcnt */
#define QH_T1_HAS_BMI2   (1u << 1) /* shlx shrx sarx rorx pdep pext mulx */
#define QH_T1_HAS_LZCNT  (1u << 2)
#define QH_T1_HAS_POPCNT (1u << 3)
#define QH_T1_HAS_MOVBE  (1u << 4)
#define QH_T1_HAS_SSE41  (1u << 5)
#define QH_T1_HAS_SSSE3  (1u << 6)
#define QH_T1_HAS_AVX    (1u << 7)
#define QH_T1_HAS_AVX2   (1u << 8)
#define QH_T1_HAS_FMA    (1u << 9)
#define QH_T1_HAS_PCLMUL (1u << 10)
#define QH_T1_HAS_SSE42  (1u << 11)
#define QH_T1_HAS_AES    (1u << 12)
#define QH_T1_HAS_SHA    (1u << 13)
/* Those of this host, less those in the environment variable QEMU_HOST_WITHOUT (for tests). */
uint32_t qh_t1_features(void);

/* Whether @value is a constant (i32: zero-extended), and whether it fits an imm32 that the
 * instruction sign-extends. */
gboolean qh_t1_const(const QhT1 *t, uint32_t value, uint64_t *ret_bits);
gboolean qh_t1_imm(const QhT1 *t, uint32_t value, int32_t *ret_imm);
/*
 * The operand in a register: i32 i64 b1 in a general one (upper half of an i32: anything; b1: 0 or
 * 1 in 32 bits), others in xmm. use_gpr and use_xmm want one class (an i64 that is in an xmm
 * register is moved, and so on). Constants are materialised. The register is not to be changed, and
 * stays as it is until the record is done.
 */
QhReg qh_t1_use(QhT1 *t, uint32_t value);
QhReg qh_t1_use_any(QhT1 *t, uint32_t value); /* of whichever class it happens to be in */
QhReg qh_t1_use_gpr(QhT1 *t, uint32_t value);
QhReg qh_t1_use_xmm(QhT1 *t, uint32_t value);
/* The operand for the rm part of an instruction of its width (i32: 4 bytes, xmm types: their size):
 * a register of the type's class, or where it lies in memory. */
QhRm qh_t1_rm(QhT1 *t, uint32_t value);
/* The same, for a general-register instruction / for an xmm instruction, whatever the type. */
QhRm qh_t1_rm_gpr(QhT1 *t, uint32_t value);
QhRm qh_t1_rm_xmm(QhT1 *t, uint32_t value);

/*
 * Where the record's value goes, once all operands are fetched by the functions above. def: differs
 * from all of their registers. def_late: may be one of them (the instruction writes it last).
 * def_copy: a register that already holds @value (moved there if need be) and may be changed; it
 * differs from the other operands' registers.
 */
QhReg qh_t1_def(QhT1 *t);
QhReg qh_t1_def_any(QhT1 *t); /* an xmm register for an i64 that goes into a vector variable */
QhReg qh_t1_def_late(QhT1 *t);
QhReg qh_t1_def_copy(QhT1 *t, uint32_t value);
/* The value is the same bits as @value (mov, bits2f, trunc ...): no code if that can be helped. */
void qh_t1_def_same(QhT1 *t, uint32_t value);

/* The address operand of a load or store: base register and displacement (QH_NO_REG: a constant).
 */
QhReg qh_t1_address(QhT1 *t, uint32_t value, int64_t *ret_disp);

/* A free register until the record is done, besides rax, rcx, rdx and xmm15. */
QhReg qh_t1_temp_gpr(QhT1 *t);
QhReg qh_t1_temp_xmm(QhT1 *t);

/* A value that is only a condition of the brc that follows: nothing is emitted for the compare; the
 * flow lowerer asks qh_t1_condition, which emits it and returns the host condition. */
gboolean qh_t1_fused(const QhT1 *t, uint32_t value);

/*
 * A cold stub. jcc (or jmp) goes to it; resume marks where it comes back to, again where it tries
 * again. State as it is at the first jump.
 */
QhT1Cold *qh_t1_cold(QhT1 *t, QhT1ColdFn fn);
void qh_t1_cold_jcc(QhT1 *t, QhT1Cold *cold, uint32_t cc);
void qh_t1_cold_jmp(QhT1 *t, QhT1Cold *cold);
void qh_t1_cold_resume(QhT1 *t, QhT1Cold *cold);
void qh_t1_cold_again(QhT1 *t, QhT1Cold *cold);

/* Before the code calls C or lets somebody look at the state: slots of these classes (bits
 * 1 << QH_CLASS_...) are written to memory; those the callee changes are no longer in registers. */
void qh_t1_write_back(QhT1 *t, uint32_t classes);
void qh_t1_forget(QhT1 *t, uint32_t classes);
/* Everything that a C function may clobber (rsi rdi r8-r11, all xmm) is saved: homes are written
 * back and no longer there, temps go to the frame. */
void qh_t1_clobber_caller_saved(QhT1 *t);

/* --- The lowerers. Each compiles record t->i; t->failed when it cannot. --- */
void qh_t1_lower_int(QhT1 *t, const QhIrRecord *record);    /* lower-int.c: 0x020 .. 0x060, cmp */
uint32_t qh_t1_condition(QhT1 *t, uint32_t compare);        /* lower-int.c: emit cmp/fcmp/flag
                                                               record @compare; QH_IF_... */
void qh_t1_lower_flags(QhT1 *t, const QhIrRecord *record);  /* lower-flags.c: setflags flag cc2 */
void qh_t1_lower_memory(QhT1 *t, const QhIrRecord *record); /* lower-memory.c: ld .. prefetch */
void qh_t1_lower_fp(QhT1 *t, const QhIrRecord *record);     /* lower-fp.c: fadd .. fp_flags_set */
uint32_t qh_t1_fp_condition(QhT1 *t, uint32_t compare);     /* lower-fp.c: of an fcmp */
void qh_t1_lower_vector(QhT1 *t, const QhIrRecord *record); /* lower-vector.c */
void qh_t1_lower_call(QhT1 *t, const QhIrRecord *record);   /* lower-call.c */
void qh_t1_lower_state(QhT1 *t, const QhIrRecord *record);  /* lower-call.c: ld_state st_state */
/* Told when code behind a label, a call or a store to the state begins: what they remember of
 * earlier records (a checked page, the rounding mode in MXCSR) no longer holds. */
void qh_t1_memory_forget(QhT1 *t);
void qh_t1_fp_forget(QhT1 *t);

/* Passes over the records before code is made, a file each. */
void qh_t1_fold(QhT1Source *source);       /* pass-fold.c: constants */
void qh_t1_dead_flags(QhT1Source *source); /* pass-flags.c: setflags that nobody reads */
/* Whether slot @slot, or these bytes of the CPU state, share memory with a lazy slot. */
gboolean qh_t1_is_lazy(const QhT1Source *source, uint32_t slot);
gboolean qh_t1_is_lazy_at(const QhT1Source *source, uint32_t at, uint32_t bytes);

#endif
