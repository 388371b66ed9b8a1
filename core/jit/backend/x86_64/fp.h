/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's floating-point status and compiled code.
 *
 * While compiled code runs, MXCSR masks all exceptions, rounds to nearest even, flushes nothing,
 * and its status bits are flags that the guest has raised besides those in QhCpu.fp_flags: no
 * operation has to move its flags. They are collected when somebody may look at fp_flags. C code
 * leaves any status bits, so whoever calls some from compiled code keeps MXCSR:
 *
 *   entering compiled code     qh_t1_fp_enter()
 *   having left it             qh_t1_fp_leave(cpu)
 *   around a cold function     csr = qh_t1_fp_save(); ...; qh_t1_fp_restore(csr)
 *   around a call of a helper  qh_t1_emit_fp_before_call, qh_t1_emit_fp_after_call
 *
 * A cold function adds the flags it raises to fp_flags itself.
 */
#ifndef QH_CORE_JIT_X86_64_FP_H
#define QH_CORE_JIT_X86_64_FP_H

#include "abi/cpu.h"
#include "core/jit/backend/x86_64/t1.h"

#include <xmmintrin.h>

/* All exceptions masked, no status bits (Intel SDM volume 1, 10.2.3). */
#define QH_T1_MXCSR        0x1f80u
#define QH_T1_MXCSR_STATUS 0x3fu

/* QH_FP_... by status bits of MXCSR. */
extern const uint8_t qh_t1_fp_flag_map[64];

static inline void qh_t1_fp_enter(void)
{
    _mm_setcsr(QH_T1_MXCSR);
}

static inline void qh_t1_fp_leave(QhCpu *cpu)
{
    cpu->fp_flags |= qh_t1_fp_flag_map[_mm_getcsr() & QH_T1_MXCSR_STATUS];
}

static inline uint32_t qh_t1_fp_save(void)
{
    return _mm_getcsr();
}

static inline void qh_t1_fp_restore(uint32_t csr)
{
    _mm_setcsr(csr);
}

/* Around the call of a helper with these QH_HELPER_... attributes. before may change rax, rcx and
 * the host's flags; after changes nothing. */
void qh_t1_emit_fp_before_call(QhT1 *t, uint32_t attrs);
void qh_t1_emit_fp_after_call(QhT1 *t);

#endif
