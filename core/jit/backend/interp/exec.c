/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's loop: each handler ends by jumping to the next one's address, which is in the
 * code itself. What is common stays here, short and without calls; everything else is a function.
 */
#include "core/jit/backend/interp/helper-call.h"
#include "core/jit/code.h"
#include "core/jit/engine-priv.h"
#include "core/jit/jit-cpu.h"

#include <string.h>

typedef uint64_t __attribute__((may_alias, aligned(4))) Cell64;
typedef uint32_t __attribute__((may_alias)) Cell32;
typedef struct {
    uint64_t half[2];
} __attribute__((may_alias, aligned(4))) Cell128;

/* In memory, aligned there: one access where the host has that. */
typedef uint64_t Wide __attribute__((vector_size(16), may_alias));
typedef uint64_t WideCell __attribute__((vector_size(16), may_alias, aligned(4)));

#define R64(at)   (*(Cell64 *)(base + (ptrdiff_t)(at)*4))
#define R32(at)   (*(Cell32 *)(base + (ptrdiff_t)(at)*4))
#define R128(at)  (*(Cell128 *)(base + (ptrdiff_t)(at)*4))
#define WIDE(at)  (*(WideCell *)(base + (ptrdiff_t)(at)*4))
#define S64(at)   ((int64_t)R64(at))
#define S32(at)   ((int32_t)R32(at))
#define SEXT(x)   ((uint64_t)(int64_t)(int32_t)(uint32_t)(x))
#define IMM       ((int64_t)ip->imm)
#define LIKELY(x) __builtin_expect(!!(x), 1)

/* pc and icount as they are before instruction @insn of @code, which runs at @pc. */
static void sync_to(QhJitCpu *jit, QhCode *code, uint64_t pc, uint32_t insn)
{
    QhCpu *cpu = qh_jit_state(jit);

    jit->code = code;
    cpu->pc = pc + code->insns[insn];
    cpu->icount += insn;
}

/* The slow ways. TRUE: go on; FALSE: leave, cpu->unwind is set and icount is exact. */
__attribute__((noinline)) static gboolean
slow_load(QhCpu *cpu, QhCode *code, uint64_t pc, const QhT0Op *ip, uint64_t address)
{
    QhJitCpu *jit = qh_jit_of(cpu);
    char *base = (char *)cpu;
    uint64_t value[2] = {0};

    sync_to(jit, code, pc, ip[1].insn);
    if (!qh_softmmu_load(jit, address, ip[1].mem.memop, value)) {
        return FALSE;
    }
    cpu->icount -= ip[1].insn;
    switch (qh_ir_type_bytes(ip[1].type)) {
    case 4:
        R32(ip->d) = (uint32_t)value[0];
        break;
    case 8:
        R64(ip->d) = value[0];
        break;
    default:
        R128(ip->d) = (Cell128){
            {value[0], value[1]}
        };
        break;
    }
    return TRUE;
}

__attribute__((noinline)) static gboolean
slow_store(QhCpu *cpu, QhCode *code, uint64_t pc, const QhT0Op *ip, uint64_t address)
{
    QhJitCpu *jit = qh_jit_of(cpu);
    char *base = (char *)cpu;
    uint32_t bytes = qh_ir_type_bytes(ip[1].type);
    uint64_t value[2] = {0};

    value[0] = bytes == 4 ? R32(ip->d) : R64(ip->d);
    if (bytes == 16) {
        value[1] = R128(ip->d).half[1];
    }
    sync_to(jit, code, pc, ip[1].insn);
    if (!qh_softmmu_store(jit, address, ip[1].mem.memop, value)) {
        return FALSE;
    }
    cpu->icount -= ip[1].insn;
    return TRUE;
}

__attribute__((noinline)) static gboolean
slow_rmw(QhCpu *cpu, QhCode *code, uint64_t pc, const QhT0Op *ip)
{
    QhJitCpu *jit = qh_jit_of(cpu);
    char *base = (char *)cpu;
    gboolean narrow = ip[1].type == QH_TYPE_I32;
    uint64_t old = 0, value = narrow ? R32(ip->b) : R64(ip->b);

    sync_to(jit, code, pc, ip[1].insn);
    if (!qh_softmmu_rmw(jit, R64(ip->a), ip[1].mem.memop, ip[1].flags, value, &old)) {
        return FALSE;
    }
    cpu->icount -= ip[1].insn;
    if (narrow) {
        R32(ip->d) = (uint32_t)old;
    } else {
        R64(ip->d) = old;
    }
    return TRUE;
}

static void get_cell(const char *base, int16_t at, uint32_t type, uint64_t ret[2])
{
    ret[0] = type == QH_TYPE_I32 ? *(const Cell32 *)(base + (ptrdiff_t)at * 4)
                                 : *(const Cell64 *)(base + (ptrdiff_t)at * 4);
    ret[1] = type == QH_TYPE_I128 ? ((const Cell128 *)(base + (ptrdiff_t)at * 4))->half[1] : 0;
}

__attribute__((noinline)) static gboolean
slow_cas(QhCpu *cpu, QhCode *code, uint64_t pc, const QhT0Op *ip)
{
    QhJitCpu *jit = qh_jit_of(cpu);
    char *base = (char *)cpu;
    uint64_t old[2] = {0}, desired[2], expected[2];

    get_cell(base, ip->b, ip[1].type, desired);
    get_cell(base, ip->c, ip[1].type, expected);
    sync_to(jit, code, pc, ip[1].insn);
    if (!qh_softmmu_cas(jit, R64(ip->a), ip[1].mem.memop, expected, desired, old)) {
        return FALSE;
    }
    cpu->icount -= ip[1].insn;
    if (ip[1].type == QH_TYPE_I32) {
        R32(ip->d) = (uint32_t)old[0];
    } else if (ip[1].type == QH_TYPE_I64) {
        R64(ip->d) = old[0];
    } else {
        R128(ip->d) = (Cell128){
            {old[0], old[1]}
        };
    }
    return TRUE;
}

__attribute__((noinline)) static void call_any(QhCpu *cpu, const QhT0Op *ip, void *ret)
{
    const int16_t *at = (const int16_t *)&ip[2];
    const void *values[8];

    for (int i = 0; i < ip->b; i++) {
        values[i] = (char *)cpu + (ptrdiff_t)at[i] * 4;
    }
    qh_helper_call(ip[3].go, ip[1].helper, cpu, values, (uint32_t)ip->b, ret, (uint32_t)ip->c);
}

/* Where pc leads, if that was found out before and still holds. */
static inline QhCode *jump(QhJitCpu *jit, uint64_t pc)
{
    const QhJumpEntry *entry = qh_jit_jump(jit, pc);

    if (LIKELY(entry->pc == pc && entry->id == jit->hot.jump_id) && !entry->code->invalid) {
        return entry->code;
    }
    return NULL;
}

#define NEXT(n)                                                                                    \
    do {                                                                                           \
        ip += (n);                                                                                 \
        goto * ip->go;                                                                             \
    } while (0)
#define OP(name) L_##name:

/* d = a op b in each of its forms */
#define ARITH(name, op)                                                                            \
    OP(name##64) R64(ip->d) = R64(ip->a) op R64(ip->b);                                            \
    NEXT(1);                                                                                       \
    OP(name##32) R32(ip->d) = R32(ip->a) op R32(ip->b);                                            \
    NEXT(1);
#define ARITH_I(name, op)                                                                          \
    OP(name##64i) R64(ip->d) = R64(ip->a) op(uint64_t) IMM;                                        \
    NEXT(1);                                                                                       \
    OP(name##32i) R32(ip->d) = R32(ip->a) op(uint32_t) IMM;                                        \
    NEXT(1);
#define ARITH_W(name, op)                                                                          \
    OP(name##w) R64(ip->d) = SEXT(R32(ip->a) op R32(ip->b));                                       \
    NEXT(1);
#define ARITH_WI(name, op)                                                                         \
    OP(name##wi) R64(ip->d) = SEXT(R32(ip->a) op(uint32_t) IMM);                                   \
    NEXT(1);
#define SHIFT(name, op, r64, r32)                                                                  \
    OP(name##64) R64(ip->d) = (uint64_t)(r64(ip->a) op(R64(ip->b) & 63));                          \
    NEXT(1);                                                                                       \
    OP(name##64i) R64(ip->d) = (uint64_t)(r64(ip->a) op(ip->imm & 63));                            \
    NEXT(1);                                                                                       \
    OP(name##32) R32(ip->d) = (uint32_t)(r32(ip->a) op(R32(ip->b) & 31));                          \
    NEXT(1);                                                                                       \
    OP(name##32i) R32(ip->d) = (uint32_t)(r32(ip->a) op(ip->imm & 31));                            \
    NEXT(1);                                                                                       \
    OP(name##w) R64(ip->d) = SEXT(r32(ip->a) op(R32(ip->b) & 31));                                 \
    NEXT(1);                                                                                       \
    OP(name##wi) R64(ip->d) = SEXT(r32(ip->a) op(ip->imm & 31));                                   \
    NEXT(1);
#define COND(name, op, r64, r32, c64, c32)                                                         \
    OP(name##64) R64(ip->d) = r64(ip->a) op r64(ip->b);                                            \
    NEXT(1);                                                                                       \
    OP(name##32) R64(ip->d) = r32(ip->a) op r32(ip->b);                                            \
    NEXT(1);                                                                                       \
    OP(name##64i) R64(ip->d) = r64(ip->a) op(c64) IMM;                                             \
    NEXT(1);                                                                                       \
    OP(b##name##64) NEXT(r64(ip->a) op r64(ip->d) ? ip->imm : 1);                                  \
    OP(b##name##32) NEXT(r32(ip->a) op r32(ip->d) ? ip->imm : 1);                                  \
    OP(b##name##64i) NEXT(r64(ip->a) op(c64) ip->d ? ip->imm : 1);                                 \
    OP(b##name##32i) NEXT(r32(ip->a) op(c32) ip->d ? ip->imm : 1);
#define COND_I(name, op, r64, c64)                                                                 \
    OP(name##64i) R64(ip->d) = r64(ip->a) op(c64) IMM;                                             \
    NEXT(1);

/* All operands are read before a slot is written, since they may lie in one. */
#define SETFLAGS(name, first, second, third)                                                       \
    OP(name)                                                                                       \
    {                                                                                              \
        uint64_t a = (first), b = (second), c = (third);                                           \
        R32(ip[1].slot[0]) = ip[1].extra;                                                          \
        R64(ip[1].slot[1]) = a;                                                                    \
        R64(ip[1].slot[2]) = b;                                                                    \
        R64(ip[1].slot[3]) = c;                                                                    \
        NEXT(2);                                                                                   \
    }

#define ENTRY(address)                                                                             \
    ((const QhTlbEntry *)(base + ip[1].mem.tlb + ((address) >> shift & entry_mask)))
#define LOAD(name, type, value, bytes)                                                             \
    OP(name)                                                                                       \
    {                                                                                              \
        uint64_t address = R64(ip->a) + (uint64_t)IMM;                                             \
        const QhTlbEntry *entry = ENTRY(address);                                                  \
        if (LIKELY((address & (page_mask | ((bytes)-1))) == entry->tag[QH_ACCESS_READ])) {         \
            type got = *(const volatile type *)(address + entry->addend);                          \
            value;                                                                                 \
            NEXT(2);                                                                               \
        }                                                                                          \
        goto load_slowly;                                                                          \
    }
#define STORE(name, type, from, bytes)                                                             \
    OP(name)                                                                                       \
    {                                                                                              \
        uint64_t address = R64(ip->a) + (uint64_t)IMM;                                             \
        const QhTlbEntry *entry = ENTRY(address);                                                  \
        if (LIKELY((address & (page_mask | ((bytes)-1))) == entry->tag[QH_ACCESS_WRITE])) {        \
            *(volatile type *)(address + entry->addend) = (type)from(ip->d);                       \
            NEXT(2);                                                                               \
        }                                                                                          \
        goto store_slowly;                                                                         \
    }

#define ARG(i) R64(at[i])
#define CALL(n, params, ...)                                                                       \
    OP(call##n)                                                                                    \
    {                                                                                              \
        const int16_t *at = (const int16_t *)&ip[2];                                               \
        uint64_t got;                                                                              \
        (void)at;                                                                                  \
        if (ip->a != 0) {                                                                          \
            sync_to(jit, code, pc, ip[1].insn);                                                    \
        }                                                                                          \
        got = ((uint64_t(*) params)ip[1].helper)(cpu, ##__VA_ARGS__);                              \
        if (ip->a != 0) {                                                                          \
            if (cpu->unwind) {                                                                     \
                return QH_LEFT_UNWIND;                                                             \
            }                                                                                      \
            cpu->icount -= ip[1].insn;                                                             \
        }                                                                                          \
        result = got;                                                                              \
        goto call_done;                                                                            \
    }

typedef uint64_t W;

/* The table of handlers, for qh_t0_link, when @jit is NULL. */
static uint32_t run(QhJitCpu *jit, QhCode *code, const void *const **ret_handlers)
{
#define QH_T0(name) [QH_T0_##name] = &&L_##name,
    static const void *const handlers[QH_T0_N] = {
#include "core/jit/backend/interp/t0-ops.def"
    };
#undef QH_T0
    const QhT0Op *ip;
    QhCpu *cpu;
    char *base;
    uint64_t pc, page_mask, result;
    const uint64_t entry_mask = (uint64_t)(QH_TLB_ENTRIES - 1) * sizeof(QhTlbEntry);
    uint32_t shift;

    if (jit == NULL) {
        *ret_handlers = handlers;
        return 0;
    }
    cpu = qh_jit_state(jit);
    pc = cpu->pc;
    base = (char *)cpu;
    page_mask = ~jit->mmu.granule_mask;
    shift = jit->mmu.granule_bits - 5; /* log2 of an entry's size */
    _Static_assert(sizeof(QhTlbEntry) == 32, "shift depends on it");
    ip = code->ops;
    goto * ip->go;

    /* clang-format off */
    ARITH(add, +)
    ARITH_I(add, +)
    ARITH_W(add, +)
    ARITH_WI(add, +)
    ARITH(sub, -)
    ARITH_W(sub, -)
    ARITH(mul, *)
    ARITH_I(mul, *)
    ARITH_W(mul, *)
    ARITH_WI(mul, *)
    ARITH(and, &)
    ARITH_I(and, &)
    ARITH(or, |)
    ARITH_I(or, |)
    ARITH(xor, ^)
    ARITH_I(xor, ^)
    SHIFT(shl, <<, R64, R32)
    SHIFT(shr, >>, R64, R32)
    SHIFT(sar, >>, S64, S32)
    COND(eq, ==, R64, R32, uint64_t, uint32_t)
    COND(ne, !=, R64, R32, uint64_t, uint32_t)
    COND(lt, <, S64, S32, int64_t, int32_t)
    COND(ge, >=, S64, S32, int64_t, int32_t)
    COND(ltu, <, R64, R32, uint64_t, uint32_t)
    COND(geu, >=, R64, R32, uint64_t, uint32_t)
    COND_I(le, <=, S64, int64_t)
    COND_I(gt, >, S64, int64_t)
    COND_I(leu, <=, R64, uint64_t)
    COND_I(gtu, >, R64, uint64_t)
    /* clang-format on */

    OP(bnz) NEXT(R64(ip->a) ? ip->imm : 1);
    OP(bz) NEXT(R64(ip->a) ? 1 : ip->imm);
    OP(br) NEXT(ip->imm);
    OP(br_poll)
    if (LIKELY(!__atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED))) {
        NEXT(ip->imm);
    }
    sync_to(jit, code, pc, ip[1].insn);
    return QH_LEFT_POLL;

    OP(mov32) R32(ip->d) = R32(ip->a);
    NEXT(1);
    OP(mov64) R64(ip->d) = R64(ip->a);
    NEXT(1);
    OP(mov128) R128(ip->d) = R128(ip->a);
    NEXT(1);
    OP(const_pc) R64(ip->d) = pc + ip[1].word;
    NEXT(2);
    OP(const64) R64(ip->d) = ip[1].word;
    NEXT(2);
    OP(consti) R64(ip->d) = (uint64_t)IMM;
    NEXT(1);
    OP(const32) R32(ip->d) = (uint32_t)ip->imm;
    NEXT(1);
    OP(const128)
    R128(ip->d) = (Cell128){
        {ip[1].word, ip[1].target}
    };
    NEXT(2);
    OP(select32) R32(ip->d) = R64(ip->a) ? R32(ip->b) : R32(ip->c);
    NEXT(1);
    OP(select64) R64(ip->d) = R64(ip->a) ? R64(ip->b) : R64(ip->c);
    NEXT(1);
    OP(select128) R128(ip->d) = R64(ip->a) ? R128(ip->b) : R128(ip->c);
    NEXT(1);
    OP(ext8s) R64(ip->d) = (uint64_t)(int64_t)(int8_t)R32(ip->a);
    NEXT(1);
    OP(ext16s) R64(ip->d) = (uint64_t)(int64_t)(int16_t)R32(ip->a);
    NEXT(1);
    OP(ext32s) R64(ip->d) = SEXT(R32(ip->a));
    NEXT(1);
    OP(ext8u) R64(ip->d) = (uint8_t)R32(ip->a);
    NEXT(1);
    OP(ext16u) R64(ip->d) = (uint16_t)R32(ip->a);
    NEXT(1);
    OP(ext32u) R64(ip->d) = R32(ip->a);
    NEXT(1);
    OP(extractu) R64(ip->d) = R64(ip->a) << ip->b >> ip->c;
    NEXT(1);
    OP(extracts) R64(ip->d) = (uint64_t)((int64_t)(R64(ip->a) << ip->b) >> ip->c);
    NEXT(1);
    OP(andn64) R64(ip->d) = R64(ip->a) & ~R64(ip->b);
    NEXT(1);
    OP(not64) R64(ip->d) = ~R64(ip->a);
    NEXT(1);

    SETFLAGS(setflags64, R64(ip->a), R64(ip->b), R64(ip->d))
    SETFLAGS(setflags64i, R64(ip->a), (uint64_t)IMM, R64(ip->d))
    SETFLAGS(setflags32, R32(ip->a), R32(ip->b), R32(ip->d))
    SETFLAGS(setflags32i, R32(ip->a), (uint32_t)IMM, R32(ip->d))
    SETFLAGS(cmpflags64, R64(ip->a), R64(ip->b), a - b)
    SETFLAGS(cmpflags64i, R64(ip->a), (uint64_t)IMM, a - b)
    SETFLAGS(cmpflags32, R32(ip->a), R32(ip->b), (uint32_t)(a - b))
    SETFLAGS(cmpflags32i, R32(ip->a), (uint32_t)IMM, (uint32_t)(a - b))

    LOAD(ld8u, uint8_t, R64(ip->d) = got, 1)
    LOAD(ld8s, int8_t, R64(ip->d) = (uint64_t)(int64_t)got, 1)
    LOAD(ld16u, uint16_t, R64(ip->d) = got, 2)
    LOAD(ld16s, int16_t, R64(ip->d) = (uint64_t)(int64_t)got, 2)
    LOAD(ld32u, uint32_t, R64(ip->d) = got, 4)
    LOAD(ld32s, int32_t, R64(ip->d) = (uint64_t)(int64_t)got, 4)
    LOAD(ld64, uint64_t, R64(ip->d) = got, 8)
    LOAD(ldw8u, uint8_t, R32(ip->d) = got, 1)
    LOAD(ldw8s, int8_t, R32(ip->d) = (uint32_t)(int32_t)got, 1)
    LOAD(ldw16u, uint16_t, R32(ip->d) = got, 2)
    LOAD(ldw16s, int16_t, R32(ip->d) = (uint32_t)(int32_t)got, 2)
    LOAD(ldw32, uint32_t, R32(ip->d) = got, 4)
    LOAD(ld128, Wide, WIDE(ip->d) = got, 16)
    STORE(st8, uint8_t, R32, 1)
    STORE(st16, uint16_t, R32, 2)
    STORE(st32, uint32_t, R32, 4)
    STORE(st64, uint64_t, R64, 8)
    STORE(st128, Wide, WIDE, 16)

    OP(ld_any)
load_slowly:
    if (slow_load(cpu, code, pc, ip, R64(ip->a) + (uint64_t)IMM)) {
        NEXT(2);
    }
    return QH_LEFT_UNWIND;
    OP(st_any)
store_slowly:
    if (slow_store(cpu, code, pc, ip, R64(ip->a) + (uint64_t)IMM)) {
        NEXT(2);
    }
    return QH_LEFT_UNWIND;
    OP(rmw)
    if (slow_rmw(cpu, code, pc, ip)) {
        NEXT(2);
    }
    return QH_LEFT_UNWIND;
    OP(cas)
    if (slow_cas(cpu, code, pc, ip)) {
        NEXT(2);
    }
    return QH_LEFT_UNWIND;
    OP(fence)
    if (ip->imm & QH_FENCE_WR) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    } else {
        __atomic_thread_fence(__ATOMIC_ACQ_REL);
    }
    NEXT(1);

    CALL(0, (QhCpu *))
    CALL(1, (QhCpu *, W), ARG(0))
    CALL(2, (QhCpu *, W, W), ARG(0), ARG(1))
    CALL(3, (QhCpu *, W, W, W), ARG(0), ARG(1), ARG(2))
    CALL(4, (QhCpu *, W, W, W, W), ARG(0), ARG(1), ARG(2), ARG(3))
    CALL(5, (QhCpu *, W, W, W, W, W), ARG(0), ARG(1), ARG(2), ARG(3), ARG(4))
    CALL(6, (QhCpu *, W, W, W, W, W, W), ARG(0), ARG(1), ARG(2), ARG(3), ARG(4), ARG(5))
call_done:
    if (ip->c == 8) {
        R64(ip->d) = ip[1].type == QH_TYPE_B1 ? (uint32_t)result : result;
    } else if (ip->c == 4) {
        R32(ip->d) = (uint32_t)result;
    }
    NEXT(4);
    OP(call_any)
    {
        uint64_t got[2];
        if (ip->a != 0) {
            sync_to(jit, code, pc, ip[1].insn);
        }
        call_any(cpu, ip, got);
        if (ip->a != 0) {
            if (cpu->unwind) {
                return QH_LEFT_UNWIND;
            }
            cpu->icount -= ip[1].insn;
        }
        memcpy(&R64(ip->d), got, (size_t)ip->c);
        NEXT(4);
    }
    OP(fn)
    ip[1].fn(cpu, ip);
    NEXT(2);

    OP(icount)
    cpu->icount += (uint64_t)IMM;
    NEXT(1);
    OP(exit_near_back)
    if (__atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED)) {
        cpu->icount += (uint64_t)IMM;
        cpu->pc = pc + ip[1].word;
        return QH_LEFT_POLL;
    }
    OP(exit_near)
    {
        QhCode *to = (QhCode *)(uintptr_t)__atomic_load_n(&ip[1].target, __ATOMIC_ACQUIRE);
        cpu->icount += (uint64_t)IMM;
        pc += ip[1].word;
        if (LIKELY(to != NULL) && LIKELY(!to->invalid) && LIKELY(!qh_code_is_hot(to))) {
            code = to;
            ip = code->ops;
            goto * ip->go;
        }
        cpu->pc = pc;
        jit->link = (uint64_t *)&ip[1].target;
        return QH_LEFT_NEXT;
    }
    OP(exit_far)
    result = pc + ip[1].word;
    goto indirect;
    OP(exit_value)
    result = R64(ip->a);
indirect:
    cpu->icount += (uint64_t)IMM;
    if (LIKELY(!__atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED))) {
        QhCode *to = jump(jit, result);
        if (LIKELY(to != NULL) && LIKELY(!qh_code_is_hot(to))) {
            code = to;
            pc = result;
            ip = code->ops;
            goto * ip->go;
        }
        cpu->pc = result;
        return QH_LEFT_NEXT;
    }
    cpu->pc = result;
    return QH_LEFT_POLL;
    OP(exit_state)
    cpu->icount += (uint64_t)IMM;
    cpu->pc = pc + ip[1].word;
    return QH_LEFT_STATE;
    OP(exit_vstate)
    cpu->icount += (uint64_t)IMM;
    cpu->pc = R64(ip->a);
    return QH_LEFT_STATE;
    OP(exit_cpu)
    cpu->icount += (uint64_t)IMM;
    return QH_LEFT_STATE;
    OP(raise)
    result = R64(ip->a);
    sync_to(jit, code, pc, ip[1].insn);
    jit->cpu_ops->raise(cpu, ip[1].extra, result);
    cpu->unwind = 1;
    return QH_LEFT_UNWIND;
}

uint32_t qh_t0_run(QhJitCpu *jit, QhCode *code)
{
    return run(jit, code, NULL);
}

uint32_t qh_t0_units(uint32_t op)
{
    switch (op) {
    case QH_T0_br_poll:
    case QH_T0_const_pc:
    case QH_T0_const64:
    case QH_T0_const128:
    case QH_T0_fn:
    case QH_T0_exit_near:
    case QH_T0_exit_near_back:
    case QH_T0_exit_far:
    case QH_T0_exit_state:
    case QH_T0_raise:
        return 2;
    default:
        return op >= QH_T0_call0 && op <= QH_T0_call_any   ? 4
               : op >= QH_T0_setflags64 && op <= QH_T0_cas ? 2
                                                           : 1;
    }
}

uint16_t qh_t0_link(QhT0Op *ops, uint32_t n_ops)
{
    const void *const *handlers;
    uint16_t links = 0;

    run(NULL, NULL, &handlers);
    for (uint32_t i = 0; i < n_ops;) {
        uint32_t op = (uint32_t)ops[i].word;
        ops[i].word = 0;
        ops[i].go = handlers[op];
        if (op == QH_T0_exit_near || op == QH_T0_exit_near_back) {
            ops[i].d = (int16_t)links; /* these have no operands */
            links = (uint16_t)(i + 1);
        }
        i += qh_t0_units(op);
    }
    return links;
}

void qh_t0_unlink(QhT0Op *ops, uint16_t links)
{
    for (; links != 0; links = (uint16_t)ops[links - 1].d) {
        ops[links].target = 0; /* of the second unit */
    }
}
