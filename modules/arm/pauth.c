/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pointer authentication: Arm D8.10, J1.1 "AddPAC", "Auth", "Strip". The code goes into the bits of
 * a pointer that translation does not look at; bit 55 stays, because it picks the half of the
 * address space. FEAT_PAuth alone: a wrong code does not fault, it makes the pointer invalid.
 */
#include "modules/arm/pauth.h"
#include "modules/arm/helper.h"
#include "modules/arm/regs.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

#define EC_PAUTH 0x09u

/* How pointers look to the level that runs. */
typedef struct Layout {
    uint32_t bottom; /* lowest bit of the code */
    gboolean tagged; /* the top byte is not part of it */
} Layout;

/* Whether the top byte of pointers into half @upper is ignored. */
static gboolean is_tagged(const ArmCpu *cpu, gboolean upper, gboolean data)
{
    uint32_t regime = arm_regime_level(cpu);
    uint64_t tcr = cpu->tcr[regime];

    if (arm_has_two_halves(cpu, regime)) {
        return (tcr >> (37 + upper) & 1) && (data || !(tcr >> (51 + upper) & 1));
    }
    return (tcr >> 20 & 1) && (data || !(tcr >> 29 & 1));
}

/* Bits 63 to 64 - TxSZ are no address. */
static Layout layout_of(const ArmCpu *cpu, gboolean upper, gboolean data)
{
    uint32_t regime = arm_regime_level(cpu);
    gboolean two = arm_has_two_halves(cpu, regime);
    uint32_t size = cpu->tcr[regime] >> (two && upper ? 16 : 0) & 63;
    gboolean large =
        two && upper ? (cpu->tcr[regime] >> 30 & 3) == 3 : (cpu->tcr[regime] >> 14 & 3) == 1;

    size = CLAMP(size, large && cpu->has_lva ? 12u : 16u, cpu->has_ttst ? 48u : 39u);
    return (Layout){64 - size, is_tagged(cpu, upper, data)};
}

static uint64_t ones(uint32_t from, uint32_t to) /* bits from .. to - 1 */
{
    return (to == 64 ? 0 : UINT64_C(1) << to) - (UINT64_C(1) << from);
}

/* The bits that a code may take. */
static uint64_t field(const Layout *layout)
{
    uint64_t bits = ones(layout->bottom, 55);

    return layout->tagged ? bits : bits | ones(56, 64);
}

/* The bits above the address all like @upper, but for a tag. */
static uint64_t extend(uint64_t pointer, const Layout *layout, gboolean upper)
{
    uint64_t bits = ones(layout->bottom, layout->tagged ? 56 : 64);

    return upper ? pointer | bits : pointer & ~bits;
}

/* Not Arm's algorithm but one that the host does in no time (ID_AA64ISAR1_EL1.API): products of 128
 * bits folded, twice. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t compute(const ArmCpu *cpu, uint64_t data, uint64_t modifier, const uint64_t key[2])
{
    if (!cpu->pauth_impdef) {
        return arm_qarma5(data, modifier, key[1], key[0]);
    }
    uint64_t first = fold(data ^ key[0] ^ UINT64_C(0x9e3779b97f4a7c15),
                          modifier ^ key[1] ^ UINT64_C(0xd1b54a32d192ed03));
    return fold(first ^ key[1], data + UINT64_C(0x8cb92ba72f3d8dd7)) ^ modifier;
}

static uint64_t
sign(const ArmCpu *cpu, uint64_t pointer, uint64_t modifier, const uint64_t key[2], gboolean data)
{
    gboolean two = arm_has_two_halves(cpu, arm_regime_level(cpu));
    gboolean low_bit =
        two ? is_tagged(cpu, 0, data) || is_tagged(cpu, 1, data) : is_tagged(cpu, 0, data);
    gboolean upper = pointer >> (low_bit ? 55 : 63) & 1;
    Layout layout = layout_of(cpu, upper, data);
    uint64_t whole = extend(pointer, &layout, upper), bits = field(&layout);
    uint64_t code = compute(cpu, whole, modifier, key);

    if (pointer != extend(pointer, &layout, 0) && pointer != extend(pointer, &layout, 1)) {
        code ^= UINT64_C(1) << (layout.tagged ? 54 : 62); /* it was no valid pointer */
    }
    return (whole & ~bits) | (code & bits);
}

static uint64_t authenticate(
    const ArmCpu *cpu, uint64_t pointer, uint64_t modifier, const uint64_t key[2], uint32_t what)
{
    gboolean upper = pointer >> 55 & 1;
    Layout layout = layout_of(cpu, upper, (what & ARM_PAUTH_DATA) != 0);
    uint64_t whole = extend(pointer, &layout, upper);
    uint32_t at = layout.tagged ? 53 : 61;
    uint64_t error = what & ARM_PAUTH_B ? 2 : 1;

    if (((compute(cpu, whole, modifier, key) ^ pointer) & field(&layout)) == 0) {
        return whole;
    }
    return (whole & ~(UINT64_C(3) << at)) | error << at;
}

/* SCTLR.EnIA, EnIB, EnDA, EnDB: by the low bits of @what. */
static gboolean is_enabled(const ArmCpu *cpu, uint32_t what)
{
    static const uint8_t enables[4] = {31, 30, 27, 13};

    return cpu->sctlr[arm_regime_level(cpu)] >> enables[what & 3] & 1;
}

uint64_t arm_pauth(const ArmCpu *cpu, uint64_t pointer, uint64_t modifier, uint32_t what)
{
    const uint64_t *key = cpu->key[what & 3];

    if (!is_enabled(cpu, what)) {
        return pointer;
    }
    return what & ARM_PAUTH_AUTH ? authenticate(cpu, pointer, modifier, key, what)
                                 : sign(cpu, pointer, modifier, key, (what & ARM_PAUTH_DATA) != 0);
}

uint64_t arm_helper_pauth(QhCpu *cpu, uint64_t pointer, uint64_t modifier, uint32_t what)
{
    return arm_pauth(arm_cpu(cpu), pointer, modifier, what);
}

uint64_t arm_helper_pauth_strip(QhCpu *cpu, uint64_t pointer, uint32_t data)
{
    gboolean upper = pointer >> 55 & 1;
    Layout layout = layout_of(arm_cpu(cpu), upper, data != 0);

    return extend(pointer, &layout, upper);
}

uint64_t arm_helper_pauth_generic(QhCpu *cpu, uint64_t data, uint64_t modifier)
{
    const ArmCpu *arm = arm_cpu(cpu);

    return compute(arm, data, modifier, arm->key[4]) & ~UINT64_C(0xffffffff);
}

/* HCR_EL2.API = 0 keeps EL1, and EL0 under it, from using keys that are switched on (@what of
 * arm_pauth; 8: the generic key, which has no switch). */
void arm_helper_pauth_check(QhCpu *cpu, uint32_t what)
{
    ArmCpu *arm = arm_cpu(cpu);
    uint64_t hcr = arm_hcr(arm), host = ARM_HCR_TGE | ARM_HCR_E2H;

    if (!(hcr & ARM_HCR_API) && !(arm->el == 0 && (hcr & host) == host) &&
        (what == 8 || is_enabled(arm, what))) {
        arm_cpu_raise(arm, 2, (uint64_t)EC_PAUTH << 26 | UINT64_C(1) << 25, 0);
    }
}
