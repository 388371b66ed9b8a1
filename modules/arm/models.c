/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU models and -cpu properties, and the ID registers that follow from what a PE has (Arm D19.2).
 * The models have what the Technical Reference Manuals of those cores list, without AArch32;
 * features that this emulator does not have are not claimed.
 */
#include <string.h>

#include "modules/arm/system.h"
#include "modules/support/features.h"

typedef struct Feature {
    const char *name;
    uint32_t offset;
} Feature;

#define HAS(member) offsetof(ArmCpu, has_##member)
static const Feature features[] = {
#define ARM_FEATURE(member, name, architecture, description) {#member, HAS(member)},
#include "modules/arm/features.def"
#undef ARM_FEATURE
};

/* Lists are separated and enclosed by spaces. */
#define V80 " fp simd aes pmull sha1 sha256 crc32 "
#define V82                                                                                        \
    " fp simd aes pmull sha1 sha256 crc32 lse rdm lor pan vhe hpds hafdbs vmid16 uao pan2 dpb "    \
    "ras "                                                                                         \
    "fp16 hpds2 ttcnp xnx dotprod lrcpc ssbs csv2 csv3 tgran16 "

typedef struct Model {
    const char *name;
    const char *features; /* NULL: all but those that `without` names */
    const char *without;
    uint64_t midr;
    uint64_t ctr;
    uint8_t pa_bits;
    uint8_t l1i_ways, l1d_ways, l2_ways;
    uint32_t l1i_bytes, l1d_bytes, l2_bytes;
    uint32_t n_counters;
    uint64_t cntfrq_hz;
} Model;

/* MIDR_EL1 and CTR_EL0 by each core's manual (B2 or "System register summary"). CTR of max says
 * that caches are coherent (IDC, DIC), which they are here, so that guests skip their maintenance.
 */
static const Model models[] = {
    {"cortex-a53",  V80,  "",          0x410fd034, 0x84448004, 40, 2, 4, 16, 32 << 10, 32 << 10, 1 << 20,   6,
     62500000                                                                                                          },
    {"cortex-a55",  V82,  " csv2 ",    0x412fd050, 0x84448004, 40, 4, 4, 16, 32 << 10, 32 << 10, 1 << 20,
     6,                                                                                                        62500000},
    {"cortex-a57",  V80,  "",          0x411fd070, 0x8444c004, 44, 3, 2, 16, 48 << 10, 32 << 10, 2 << 20,   6,
     62500000                                                                                                          },
    {"cortex-a72",  V80,  "",          0x410fd083, 0x8444c004, 44, 3, 2, 16, 48 << 10, 32 << 10, 1 << 20,   6,
     62500000                                                                                                          },
    {"cortex-a76",  V82,  "",          0x414fd0b1, 0x8444c004, 40, 4, 4, 8,  64 << 10, 64 << 10, 512 << 10, 6,
     62500000                                                                                                          },
    {"neoverse-n1", V82,  "",          0x414fd0c1, 0x8444c004, 48, 4, 4, 8,  64 << 10, 64 << 10, 1 << 20,   6,
     62500000                                                                                                          },
    {"max",         NULL, " ecv fgt ", 0x000f0510, 0xb444c004, 48, 3, 2, 16, 48 << 10, 32 << 10, 2 << 20,   6,
     1000000000                                                                                                        },
};

#define NEEDS(a, b)                                                                                \
    {                                                                                              \
#a, #b, HAS(a), HAS(b), 0, 0                                                               \
    }

static const QhFeatureRule rules[] = {
    NEEDS(simd, fp),    NEEDS(fp16, simd),   NEEDS(aes, simd),      NEEDS(pmull, aes),
    NEEDS(sha1, simd),  NEEDS(sha256, sha1), NEEDS(sha512, sha256), NEEDS(sha3, sha512),
    NEEDS(sm3, simd),   NEEDS(sm4, sm3),     NEEDS(rdm, simd),      NEEDS(dotprod, simd),
    NEEDS(fhm, fp16),   NEEDS(fcma, simd),   NEEDS(jscvt, fp),      NEEDS(frintts, fp),
    NEEDS(i8mm, simd),  NEEDS(bf16, simd),   NEEDS(lrcpc2, lrcpc),  NEEDS(flagm2, flagm),
    NEEDS(pan2, pan),   NEEDS(hpds2, hpds),  NEEDS(dpb2, dpb),      NEEDS(tlbirange, tlbios),
    NEEDS(vmid16, vhe),
};

static const Model *find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
        if (strcmp(name, models[i].name) == 0) {
            return &models[i];
        }
    }
    return NULL;
}

static gboolean lists(const char *list, const char *name)
{
    g_autofree char *word = g_strdup_printf(" %s ", name);

    return strstr(list, word) != NULL;
}

void arm_config_defaults(ArmCpu *cpu, const char *name)
{
    const Model *model = find(name);

    g_assert(model != NULL);
    for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
        gboolean has = model->features == NULL || lists(model->features, features[i].name);
        ((uint8_t *)cpu)[features[i].offset] =
            has && !lists(model->without, features[i].name) ? QH_FEATURE_BY_MODEL : QH_FEATURE_OFF;
    }
    cpu->pmu = 1;
    cpu->pauth_impdef = 1; /* programs sign each return address: it has to be fast */
    cpu->n_breakpoints = 6;
    cpu->n_watchpoints = 4;
    cpu->n_counters = (uint8_t)model->n_counters;
    cpu->pa_bits = model->pa_bits;
    cpu->dcz_log2 = 4; /* 64 bytes */
    cpu->cntfrq_hz = model->cntfrq_hz;
    cpu->id.midr = model->midr;
    cpu->id.ctr = model->ctr;
}

/* CCSIDR_EL1 without FEAT_CCIDX: sets, ways and log2 of the line's words (lines of 64 bytes). */
static uint64_t cache(uint32_t bytes, uint32_t ways)
{
    return (uint64_t)(bytes / (64 * ways) - 1) << 13 | (uint64_t)(ways - 1) << 3 | 2;
}

/* With FEAT_CCIDX. */
static uint64_t wide_cache(uint32_t bytes, uint32_t ways)
{
    return (uint64_t)(bytes / (64 * ways) - 1) << 32 | (uint64_t)(ways - 1) << 3 | 2;
}

static void set_caches(ArmCpu *cpu, const Model *model)
{
    uint64_t (*make)(uint32_t, uint32_t) = cpu->has_ccidx ? wide_cache : cache;

    cpu->id.ccsidr[0] = make(model->l1d_bytes, model->l1d_ways);
    cpu->id.ccsidr[1] = make(model->l1i_bytes, model->l1i_ways);
    cpu->id.ccsidr[2] = make(model->l2_bytes, model->l2_ways);
    /* CLIDR_EL1: separate caches at level 1, a unified one at level 2; LoUU, LoC, LoUIS */
    cpu->id.clidr = cpu->id.ctr & UINT64_C(1) << 29 ? 0x02000023 : 0x0a200023;
}

static uint64_t at(uint64_t value, uint32_t bit)
{
    return value << bit;
}

/* ID_AA64PFR0, 1. FP and AdvSIMD: 15 is none, 1 with FP16. EL0, EL1: A64 only. */
static void set_features(ArmCpu *cpu)
{
    uint64_t fp = !cpu->has_fp ? 15 : cpu->has_fp16, simd = !cpu->has_simd ? 15 : cpu->has_fp16;

    cpu->id.pfr0 = 1 | at(1, 4) | at(cpu->has_el2, 8) | at(cpu->has_el3, 12) | at(fp, 16) |
                   at(simd, 20) | at(cpu->has_ras, 28) | at(cpu->has_dit, 48) |
                   at(cpu->has_csv2, 56) | at(cpu->has_csv3, 60);
    cpu->id.pfr1 = cpu->has_bti | at(cpu->has_ssbs ? 2 : 0, 4);
}

/* ID_AA64ISAR0, 1: instructions. */
static void set_instructions(ArmCpu *cpu)
{
    uint64_t pauth = cpu->has_pauth;

    cpu->id.isar0 = at(cpu->has_aes + (cpu->has_aes && cpu->has_pmull), 4) | at(cpu->has_sha1, 8) |
                    at(cpu->has_sha256 + cpu->has_sha512, 12) | at(cpu->has_crc32, 16) |
                    at(cpu->has_lse ? 2 : 0, 20) | at(cpu->has_rdm, 28) | at(cpu->has_sha3, 32) |
                    at(cpu->has_sm3, 36) | at(cpu->has_sm4, 40) | at(cpu->has_dotprod, 44) |
                    at(cpu->has_fhm, 48) | at(cpu->has_flagm + cpu->has_flagm2, 52) |
                    at(cpu->has_tlbios + cpu->has_tlbirange, 56) | at(cpu->has_rng, 60);
    cpu->id.isar1 = at(cpu->has_dpb + cpu->has_dpb2, 0) | at(cpu->pauth_impdef ? 0 : pauth, 4) |
                    at(cpu->pauth_impdef ? pauth : 0, 8) | at(cpu->has_jscvt, 12) |
                    at(cpu->has_fcma, 16) | at(cpu->has_lrcpc + cpu->has_lrcpc2, 20) |
                    at(cpu->pauth_impdef ? 0 : pauth, 24) | at(cpu->pauth_impdef ? pauth : 0, 28) |
                    at(cpu->has_frintts, 32) | at(cpu->has_sb, 36) | at(cpu->has_specres, 40) |
                    at(cpu->has_bf16, 44) | at(cpu->has_i8mm, 52);
}

static uint64_t pa_range(uint32_t bits)
{
    static const uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 52};
    uint64_t range = 0;

    while (range + 1 < G_N_ELEMENTS(sizes) && sizes[range + 1] <= bits) {
        range++;
    }
    return range;
}

/* ID_AA64MMFR0, 1, 2: memory. 4 and 64 KiB pages are always there, at stage 2 as at stage 1. */
static void set_memory(ArmCpu *cpu)
{
    cpu->id.mmfr0 = pa_range(cpu->pa_bits) | at(2, 4) | at(cpu->has_tgran16, 20) |
                    at(cpu->has_fgt, 56) | at(cpu->has_ecv, 60);
    cpu->id.mmfr1 = (cpu->has_hafdbs ? 2 : 0) | at(cpu->has_vmid16 ? 2 : 0, 4) |
                    at(cpu->has_vhe, 8) | at(cpu->has_hpds + cpu->has_hpds2, 12) |
                    at(cpu->has_lor, 16) | at(cpu->has_pan + cpu->has_pan2, 20) |
                    at(cpu->has_xnx, 28);
    cpu->id.mmfr2 = cpu->has_ttcnp | at(cpu->has_uao, 4) | at(cpu->has_lva, 16) |
                    at(cpu->has_ccidx, 20) | at(cpu->has_ttst, 28) | at(cpu->has_lse2, 32) |
                    at(cpu->has_idst, 36) | at(cpu->has_s2fwb, 40) | at(cpu->has_bbm ? 2 : 0, 52) |
                    at(cpu->has_e0pd, 60);
}

/* ID_AA64DFR0: debug architecture 8.0 (6), with VHE (7), 8.2 (8); PMUv3 (1), for 8.1 (4). */
static void set_debug(ArmCpu *cpu)
{
    uint64_t version = cpu->has_uao ? 8 : cpu->has_vhe ? 7 : 6;
    uint64_t pmu = !cpu->pmu ? 0 : cpu->has_vhe ? 4 : 1;

    cpu->id.dfr0 = version | at(pmu, 8) | at(cpu->n_breakpoints - 1u, 12) |
                   at(cpu->n_watchpoints - 1u, 20) | at(1, 28);
}

gboolean arm_config_finish(ArmCpu *cpu, const char *name, GError **error)
{
    g_autofree ArmCpu *defaults = g_new0(ArmCpu, 1);

    arm_config_defaults(defaults, name);
    if (!qh_features_settle(cpu, defaults, 64, rules, G_N_ELEMENTS(rules), error)) {
        return FALSE;
    }
    if (cpu->cntfrq_hz == 0 || cpu->cntfrq_hz > UINT32_MAX) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "CPU property cntfrq=%" G_GUINT64_FORMAT " is not from 1 to %u", cpu->cntfrq_hz,
                    UINT32_MAX);
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
        uint8_t *flag = (uint8_t *)cpu + features[i].offset;
        *flag = *flag != QH_FEATURE_OFF;
    }
    if (cpu->has_lpa) {
        cpu->pa_bits = 52;
    }
    set_caches(cpu, find(name));
    set_features(cpu);
    set_instructions(cpu);
    set_memory(cpu);
    set_debug(cpu);
    return TRUE;
}

static const QhProperty properties[] = {
#define ARM_FEATURE(member, name, architecture, description)                                       \
    QH_PROPERTY(#member, QH_PROPERTY_BOOL, HAS(member), NULL, 0, 0, description),
#include "modules/arm/features.def"
#undef ARM_FEATURE
    QH_PROPERTY("pmu", QH_PROPERTY_BOOL, offsetof(ArmCpu, pmu), NULL, 0, 0, "performance monitors"),
    QH_PROPERTY("pauth-impdef",
                QH_PROPERTY_BOOL,
                offsetof(ArmCpu, pauth_impdef),
                NULL,
                0,
                0,
                "pointer authentication with a hash of our own, which is fast"),
    QH_PROPERTY(
        "cntfrq", QH_PROPERTY_U64, offsetof(ArmCpu, cntfrq_hz), NULL, 0, 0, "timer ticks a second"),
    QH_PROPERTY("rvbar", QH_PROPERTY_U64, offsetof(ArmCpu, rvbar), NULL, 0, 0, "pc after a reset"),
};

const QhPropertyTable arm_cpu_properties = QH_PROPERTY_TABLE(properties);

const QhCpuModel arm64_cpu_models[ARM64_N_MODELS] = {
    {.name = "cortex-a53",  .description = "Arm Cortex-A53"             },
    {.name = "cortex-a55",  .description = "Arm Cortex-A55"             },
    {.name = "cortex-a57",  .description = "Arm Cortex-A57"             },
    {.name = "cortex-a72",  .description = "Arm Cortex-A72"             },
    {.name = "cortex-a76",  .description = "Arm Cortex-A76"             },
    {.name = "neoverse-n1", .description = "Arm Neoverse N1"            },
    {.name = "max",         .description = "Every feature that there is"},
};
