/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * T0, the interpreter. Validated records are lowered once into threaded code: units of 16 bytes,
 * one to four for an operation, whose operands are distances from the CPU state. Values live in
 * the frame before the state, slots in the state itself, so reading a slot or writing one costs
 * no operation of its own.
 */
#ifndef QH_CORE_JIT_BACKEND_INTERP_T0_H
#define QH_CORE_JIT_BACKEND_INTERP_T0_H

#include "core/jit/ir.h"

typedef struct QhJitCpu QhJitCpu;
typedef struct QhT0Op QhT0Op;
struct QhCode;

/* d, a, b, c: in units of 4 bytes from the CPU state, negative in the frame. Addresses of code are
 * distances from the block's pc, so that one block serves all addresses its page is mapped at. */
struct QhT0Op {
    union {
        const void *go; /* where the handler is; before qh_t0_link the operation's number */
        int16_t slot[4];
        uint64_t word;
        struct {
            int32_t tlb; /* bytes from the CPU state to the softmmu table */
            uint32_t memop;
        } mem;
        void (*fn)(QhCpu *cpu, const QhT0Op *op);
        void (*helper)(void);
    };
    union {
        struct {
            int16_t d, a;
            union {
                struct {
                    int16_t b, c;
                };
                int32_t imm;
            };
        };
        struct {
            uint16_t insn; /* number of the instruction in the block */
            uint8_t type;  /* QH_TYPE_... */
            uint8_t flags;
            uint32_t extra;
        };
        uint64_t target; /* an exit's link: struct QhCode * */
    };
};
_Static_assert(sizeof(QhT0Op) == 16, "units are 16 bytes");

/* Numbers of the operations. */
#define QH_T0(name) QH_T0_##name,
enum {
#include "core/jit/backend/interp/t0-ops.def"
    QH_T0_N
};
#undef QH_T0

/* What a block must know besides its records. */
typedef struct QhT0Source {
    const QhIrContext *context;
    const QhIrRecord *records;
    uint32_t n_records;
    uint64_t pc;
    uint32_t n_insns;
    uint32_t granule_bits;
    gboolean plain;  /* one operation a record, nothing merged: for comparison in tests */
    gboolean chains; /* exits to the same page may remember where they lead */
    gboolean leaves; /* all exits leave, none looks for the code it leads to */
    const struct QhHelperCall *calls; /* by helper */
    int32_t tlb[16];                  /* per MMU index: QhT0Op.mem.tlb */
} QhT0Source;

typedef struct QhT0Lower QhT0Lower;
QhT0Lower *qh_t0_lower_new(void);
void qh_t0_lower_free(QhT0Lower *lower);
/*
 * Lower the records; FALSE when there is no room (the block must be made shorter). The result is
 * valid until the next call: *@ret_n_ops units and the offset of each instruction.
 */
gboolean qh_t0_lower(QhT0Lower *lower,
                     const QhT0Source *source,
                     const QhT0Op **ret_ops,
                     uint32_t *ret_n_ops,
                     const uint16_t **ret_insns);

/* How many instructions were lowered last: offsets in *@ret_insns, at least one. */
uint32_t qh_t0_lower_n_insns(const QhT0Lower *lower);

/* Why translated code was left. cpu->pc and icount are exact. */
#define QH_LEFT_NEXT   0u /* go on at pc; jit->link may want to know the code there */
#define QH_LEFT_STATE  1u /* go on at pc after a look at state key and interrupts */
#define QH_LEFT_POLL   2u /* exit_request was seen */
#define QH_LEFT_UNWIND 3u /* cpu->unwind is set: an exception, or jit->retry */

/* @code is what cpu->pc leads to. */
uint32_t qh_t0_run(QhJitCpu *jit, struct QhCode *code);

/* Replace operation numbers by addresses of handlers. Returns where the exits are that remember the
 * block they lead to, for qh_t0_unlink; 0: there are none. */
uint16_t qh_t0_link(QhT0Op *ops, uint32_t n_ops);
/* Let those exits forget; no CPU runs the block. */
void qh_t0_unlink(QhT0Op *ops, uint16_t links);
/* Units of an operation, by number. */
#define QH_T0_MAX_UNITS 4u
uint32_t qh_t0_units(uint32_t op);

/* Functions behind QH_T0_FN; NULL when the record is not among them. */
typedef void (*QhT0Fn)(QhCpu *cpu, const QhT0Op *op);
QhT0Fn qh_t0_int_fn(const QhIrRecord *record);
QhT0Fn qh_t0_fp_fn(const QhIrRecord *record, uint32_t from_type);
QhT0Fn qh_t0_vec_fn(const QhIrRecord *record, uint32_t from_type);
QhT0Fn qh_t0_vfp_fn(uint32_t op);                 /* vfadd .. vfnarrow */
void qh_t0_vaes(QhCpu *cpu, const QhT0Op *op);    /* fn-aes.c */
void qh_t0_vsha256(QhCpu *cpu, const QhT0Op *op); /* fn-sha.c */
void qh_t0_vsha256_msg(QhCpu *cpu, const QhT0Op *op);
QhT0Fn qh_t0_fp_flags_fn(uint32_t op);
QhT0Fn qh_t0_flag_fn(const QhIrRecord *record);
/* The bit that QH_CC_BITS has for QH_FLAG_... @flag. */
uint32_t qh_t0_flag_bit(uint32_t flag);

#endif
