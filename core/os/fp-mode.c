/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/os/fp-mode.h"
#include <fenv.h>

uint64_t qh_fp_mode(void)
{
#if defined(__x86_64__)
    /* Bits 0-5 of MXCSR are the sticky flags (Intel SDM 1, 10.2.3). */
    fenv_t env;

    fegetenv(&env);
    fesetenv(&env); /* reading the x87 environment masks its exceptions */
    return (uint64_t)(env.__mxcsr & ~0x3fu) << 16 | env.__control_word;
#elif defined(__aarch64__)
    uint64_t fpcr;

    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
#else
    return (uint64_t)fegetround();
#endif
}
