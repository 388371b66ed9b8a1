/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's processor has beyond x86-64 of 2003 (Intel SDM volume 2, CPUID; AMD APM volume 3,
 * appendix D). */
#include "core/jit/backend/x86_64/t1.h"

#include <cpuid.h>

typedef struct Feature {
    const char *name;
    uint32_t bit;       /* QH_T1_HAS_... */
    uint32_t leaf, reg; /* reg: 0 eax .. 3 edx */
    uint32_t number;
    uint32_t needs_ymm; /* only if the kernel saves the ymm registers */
} Feature;

static const Feature features[] = {
    {"bmi1",   QH_T1_HAS_BMI1,   7,          1, 3,  0},
    {"bmi2",   QH_T1_HAS_BMI2,   7,          1, 8,  0},
    {"lzcnt",  QH_T1_HAS_LZCNT,  0x80000001, 2, 5,  0},
    {"popcnt", QH_T1_HAS_POPCNT, 1,          2, 23, 0},
    {"movbe",  QH_T1_HAS_MOVBE,  1,          2, 22, 0},
    {"sse4.1", QH_T1_HAS_SSE41,  1,          2, 19, 0},
    {"sse4.2", QH_T1_HAS_SSE42,  1,          2, 20, 0},
    {"ssse3",  QH_T1_HAS_SSSE3,  1,          2, 9,  0},
    {"avx",    QH_T1_HAS_AVX,    1,          2, 28, 1},
    {"avx2",   QH_T1_HAS_AVX2,   7,          1, 5,  1},
    {"fma",    QH_T1_HAS_FMA,    1,          2, 12, 1},
    {"pclmul", QH_T1_HAS_PCLMUL, 1,          2, 1,  0},
    {"aes",    QH_T1_HAS_AES,    1,          2, 25, 0},
    {"sha",    QH_T1_HAS_SHA,    7,          1, 29, 0},
};

/* XCR0 says which registers the kernel saves (SDM volume 1, 13.3); bit 27 of leaf 1, whether it may
 * be asked. */
static gboolean kernel_saves_ymm(void)
{
    uint32_t a = 0, b, c = 0, d;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) {
        return FALSE;
    }
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & 6) == 6;
}

static gboolean listed(char **names, const char *name)
{
    return names != NULL && g_strv_contains((const char *const *)names, name);
}

uint32_t qh_t1_features(void)
{
    const char *list = g_getenv("QEMU_HOST_WITHOUT");
    g_auto(GStrv) without = list != NULL ? g_strsplit(list, ",", -1) : NULL;
    gboolean ymm = kernel_saves_ymm();
    uint32_t found = 0;

    for (uint32_t i = 0; i < G_N_ELEMENTS(features); i++) {
        const Feature *feature = &features[i];
        uint32_t regs[4] = {0};
        if (__get_cpuid_count(feature->leaf, 0, &regs[0], &regs[1], &regs[2], &regs[3]) &&
            (regs[feature->reg] >> feature->number & 1) && (ymm || !feature->needs_ymm) &&
            !listed(without, feature->name)) {
            found |= feature->bit;
        }
    }
    /* later ones presume the earlier */
    if (!(found & QH_T1_HAS_AVX)) {
        found &= ~(QH_T1_HAS_AVX2 | QH_T1_HAS_FMA);
    }
    return found;
}
