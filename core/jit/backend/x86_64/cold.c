/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What compiled code cannot do itself comes here, with all its registers in memory. */
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/backend/x86_64/pending.h"
#include "core/jit/backend/x86_64/runtime.h"
#include "core/jit/code.h"
#include "core/jit/jit-cpu.h"

#include <string.h>

void qh_t1_sync(QhCpu *cpu, const QhT1Cold *cold, const QhT1Regs *regs)
{
    const QhT1Region *region = cold->region;

    for (uint32_t dirty = cold->dirty; dirty != 0; dirty &= dirty - 1) {
        const QhT1Home *home = &region->homes[__builtin_ctz(dirty)];
        const void *from = QH_IS_XMM(home->reg) ? (const void *)regs->xmm[home->reg - 16]
                                                : (const void *)&regs->gpr[home->reg];
        void *to = (char *)cpu + home->at;
        if (home->bytes == 8) { /* most; as one store */
            memcpy(to, from, 8);
        } else {
            memcpy(to, from, home->bytes);
        }
    }
    if (cold->flags != 0) {
        qh_t1_follow(cpu, &region->recipes[cold->flags - 1], cold->flags);
    }
    qh_t1_complete(cpu, region->lazy);
    cpu->pc =
        (region->anywhere ? qh_jit_of(cpu)->hot.page : region->page) + region->insns[cold->insn];
    if (region->flags & QH_CODE_ICOUNT) {
        cpu->icount += cold->count;
    }
}

void qh_t1_take_fp_flags(QhCpu *cpu)
{
    QhJitHot *hot = &qh_jit_of(cpu)->hot;

    cpu->fp_flags |= qh_t1_fp_flag_map[hot->mxcsr & QH_T1_MXCSR_STATUS];
    hot->mxcsr = QH_T1_MXCSR;
}

static void default_nans(uint32_t registers, QhT1Regs *regs)
{
    const uint64_t infinity = G_GUINT64_CONSTANT(0x7ff) << 53;

    for (; registers != 0; registers &= registers - 1) {
        uint64_t *value = regs->xmm[__builtin_ctz(registers)];
        if (*value << 1 > infinity) {
            *value = G_GUINT64_CONSTANT(0x7ff8000000000000);
        }
    }
}

/* The word behind the call is the distance from itself to the stub's QhT1Cold. What is counted
 * before a function that looks at icount is counted again at the end of the block. */
const void *qh_t1_cold_main(QhCpu *cpu, const uint8_t *at, QhT1Regs *regs)
{
    QhJitCpu *jit = qh_jit_of(cpu);
    uint64_t icount = cpu->icount;
    const QhT1Cold *cold;
    int32_t distance;
    uint32_t next;

    memcpy(&distance, at, sizeof(distance));
    cold = (const QhT1Cold *)(const void *)(at + distance);
    jit->code = NULL;
    jit->hot.region = (uint32_t)(uintptr_t)cold->region->code;
    jit->hot.calls = (uint64_t *)(void *)(regs + 1) + 2;
    qh_t1_take_fp_flags(cpu);
    default_nans(cold->nans, regs);
    next = cold->fn(cpu, cold, regs);
    jit->hot.calls = NULL;
    if (next == QH_T1_LEAVE) {
        return NULL;
    }
    cpu->icount = icount;
    if (next == QH_T1_RESUME) {
        for (uint32_t kept = cold->kept; kept != 0; kept &= kept - 1) {
            regs->gpr[__builtin_ctz(kept)] = 0;
        }
        jit->hot.turns = 0;
        memset(jit->hot.addends, 0, sizeof(jit->hot.addends));
    }
    return cold->region->code + (next == QH_T1_AGAIN ? cold->again : cold->resume);
}
