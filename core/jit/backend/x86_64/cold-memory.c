/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses that compiled code could not do itself. When the second level of the tables knows the
 * page, the access is simply tried again; that is most of the cases.
 */
#include "core/jit/backend/x86_64/access.h"
#include "core/jit/jit-cpu.h"

static uint64_t address_of(const QhT1Cold *cold, const QhT1Regs *regs)
{
    uint64_t base = cold->a == QH_NO_REG ? 0 : regs->gpr[cold->a];

    return base + (uint64_t)cold->imm;
}

static void get(const QhT1Regs *regs, QhReg reg, uint64_t word, uint64_t ret[2])
{
    ret[0] = reg == QH_NO_REG ? word : QH_IS_XMM(reg) ? regs->xmm[reg & 15][0] : regs->gpr[reg];
    ret[1] = reg != QH_NO_REG && QH_IS_XMM(reg) ? regs->xmm[reg & 15][1] : 0;
}

static void put(QhT1Regs *regs, QhReg reg, const uint64_t value[2])
{
    if (QH_IS_XMM(reg)) {
        regs->xmm[reg & 15][0] = value[0];
        regs->xmm[reg & 15][1] = value[1];
    } else {
        regs->gpr[reg] = value[0];
    }
}

/* Whether the check of a plain access will succeed now. */
static gboolean refill(QhCpu *cpu, const QhT1Cold *cold, const QhT1Regs *regs, uint32_t access)
{
    uint32_t bytes = 1u << (cold->x & QH_MEM_SIZE_MASK);
    uint64_t address = address_of(cold, regs);

    if ((cold->x & QH_MEM_SIZE_MASK) == QH_MEM_128 ||
        ((cold->x & QH_MEM_ALIGN_MASK) == QH_MEM_ALIGN && (address & (bytes - 1)) != 0)) {
        return FALSE;
    }
    return qh_softmmu_refill(qh_jit_of(cpu), address, bytes, access, QH_MEM_INDEX_OF(cold->x));
}

uint32_t qh_t1_cold_load(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    uint64_t value[2] = {0};

    if (refill(cpu, cold, regs, cold->x & QH_MEM_AS_WRITE ? QH_ACCESS_WRITE : QH_ACCESS_READ)) {
        return QH_T1_AGAIN;
    }
    qh_t1_sync(cpu, cold, regs);
    if (!qh_softmmu_load(qh_jit_of(cpu), address_of(cold, regs), cold->x, value)) {
        return QH_T1_LEAVE;
    }
    put(regs, cold->d, value);
    return QH_T1_RESUME;
}

uint32_t qh_t1_cold_store(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    uint64_t value[2];

    if (refill(cpu, cold, regs, QH_ACCESS_WRITE)) {
        return QH_T1_AGAIN;
    }
    get(regs, cold->b, cold->word, value);
    qh_t1_sync(cpu, cold, regs);
    if (!qh_softmmu_store(qh_jit_of(cpu), address_of(cold, regs), cold->x, value)) {
        return QH_T1_LEAVE;
    }
    return QH_T1_RESUME;
}

uint32_t qh_t1_cold_rmw(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    uint64_t value[2], old[2] = {0};

    get(regs, cold->b, cold->word, value);
    if ((cold->y & 0xff) == QH_TYPE_I32) {
        value[0] = (uint32_t)value[0];
    }
    qh_t1_sync(cpu, cold, regs);
    if (!qh_softmmu_rmw(qh_jit_of(cpu), address_of(cold, regs), cold->x, cold->y >> 8, value[0],
                        &old[0])) {
        return QH_T1_LEAVE;
    }
    put(regs, cold->d, old);
    return QH_T1_RESUME;
}

uint32_t qh_t1_cold_cas(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    uint64_t desired[2], expected[2], old[2] = {0};

    get(regs, cold->b, cold->word, desired);
    get(regs, cold->c, 0, expected);
    if (cold->y == QH_TYPE_I32) {
        desired[0] = (uint32_t)desired[0];
        expected[0] = (uint32_t)expected[0];
    }
    qh_t1_sync(cpu, cold, regs);
    if (!qh_softmmu_cas(qh_jit_of(cpu), address_of(cold, regs), cold->x, expected, desired, old)) {
        return QH_T1_LEAVE;
    }
    put(regs, cold->d, old);
    return QH_T1_RESUME;
}
