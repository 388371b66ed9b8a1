/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pointer authentication: the cipher against its publication's vector, and what becomes of
 * pointers. */
#include "modules/arm/helper.h"
#include "modules/arm/pauth.h"
#include "modules/arm/system.h"

/* What the helper that traps would call; nothing here has EL2. */
void arm_cpu_raise(ArmCpu *cpu, uint32_t level, uint64_t esr, uint64_t far)
{
    (void)cpu;
    (void)level;
    (void)esr;
    (void)far;
    g_assert_not_reached();
}

#define TBI0  (UINT64_C(1) << 37)
#define TBI1  (UINT64_C(1) << 38)
#define TBID0 (UINT64_C(1) << 51)

/* Linux at EL0: 48 bits, all keys on. */
static void set_up(ArmCpu *cpu, gconstpointer data)
{
    memset(cpu, 0, sizeof(*cpu));
    cpu->pauth_impdef = GPOINTER_TO_INT(data) == 1;
    cpu->has_pauth = 1;
    cpu->tcr[1] = 16 | 16 << 16;
    cpu->sctlr[1] = 1u << 31 | 1u << 30 | 1u << 27 | 1u << 13;
    for (uint32_t i = 0; i < 10; i++) {
        cpu->key[i / 2][i % 2] = UINT64_C(0xd6e8feb86659fd93) * (i + 1);
    }
}

static void tear_down(ArmCpu *cpu, gconstpointer data)
{
    (void)cpu;
    (void)data;
}

/* Avanzi, "The QARMA Block Cipher Family", test vectors: 64 bits, sigma 2, r = 5. */
static void test_cipher(void)
{
    g_assert_cmphex(arm_qarma5(UINT64_C(0xfb623599da6e8127), UINT64_C(0x477d469dec0b8762),
                               UINT64_C(0x84be85ce9804e94b), UINT64_C(0xec2802d4e0a488e9)),
                    ==, UINT64_C(0xc003b93999b33765));
}

static const uint64_t pointers[] = {
    0, 0x1000, 0x0000ffff12345678, 0xffff800000001000, 0xffffffffffffffff,
};

/* Signed and authenticated with the same key and modifier a pointer is what it was, with others it
 * is not; bit 55 stays. */
static void test_round_trip(ArmCpu *cpu, gconstpointer data)
{
    uint32_t same = 0;

    (void)data;
    for (uint32_t i = 0; i < G_N_ELEMENTS(pointers) * 4; i++) {
        uint64_t pointer = pointers[i / 4];
        uint32_t what = i % 4;
        uint64_t code = arm_pauth(cpu, pointer, 0x1234, what);

        g_assert_cmphex((code ^ pointer) & UINT64_C(0x0080ffffffffffff), ==, 0);
        g_assert_cmphex(arm_pauth(cpu, code, 0x1234, what | ARM_PAUTH_AUTH), ==, pointer);
        uint64_t wrong = arm_pauth(cpu, code, 0x1235, what | ARM_PAUTH_AUTH);
        same += wrong == pointer;
        if (wrong != pointer) { /* the error code: 1 for A, 2 for B, in bits 62-61 */
            uint64_t error = what & ARM_PAUTH_B ? 2 : 1;
            g_assert_cmphex((wrong >> 61 & 3), ==, error);
            g_assert_cmphex((wrong ^ pointer) & ~(UINT64_C(3) << 61), ==, 0);
        }
        g_assert_cmphex(arm_helper_pauth_strip(&cpu->base, code, 0), ==, pointer);
    }
    g_assert_cmpuint(same, <=, 1);
}

static void test_tags(ArmCpu *cpu, gconstpointer data)
{
    const uint64_t pointer = UINT64_C(0xab00123456789abc);
    uint64_t code;

    (void)data;
    cpu->tcr[1] |= TBI0 | TBI1;
    code = arm_pauth(cpu, pointer, 7, ARM_PAUTH_DATA);
    g_assert_cmphex(code >> 55, ==, pointer >> 55);
    g_assert_cmphex(arm_pauth(cpu, code, 7, ARM_PAUTH_DATA | ARM_PAUTH_AUTH), ==, pointer);
    code = arm_pauth(cpu, pointer, 7, ARM_PAUTH_DATA);
    code = arm_pauth(cpu, code ^ UINT64_C(1) << 50, 7, ARM_PAUTH_DATA | ARM_PAUTH_AUTH);
    g_assert_cmphex(code >> 53 & 3, ==, 1);
    /* TBID: instruction addresses have no tags */
    cpu->tcr[1] |= TBID0;
    g_assert_cmphex(arm_helper_pauth_strip(&cpu->base, pointer, 0), ==, pointer & ~(0xffull << 56));
    g_assert_cmphex(arm_helper_pauth_strip(&cpu->base, pointer, 1), ==, pointer);
}

/* A pointer that is none is signed with a code that will not do. */
static void test_bad_pointer(ArmCpu *cpu, gconstpointer data)
{
    const uint64_t pointer = UINT64_C(0x0001000000001000);
    uint64_t code = arm_pauth(cpu, pointer, 3, 0);

    (void)data;
    g_assert_cmphex(arm_pauth(cpu, code, 3, ARM_PAUTH_AUTH), !=, pointer);
    g_assert_cmphex(arm_pauth(cpu, code, 3, ARM_PAUTH_AUTH) >> 61 & 3, ==, 1);
}

static void test_switches(ArmCpu *cpu, gconstpointer data)
{
    (void)data;
    cpu->sctlr[1] = 1u << 30; /* key IB */
    g_assert_cmphex(arm_pauth(cpu, 0x1000, 1, 0), ==, 0x1000);
    g_assert_cmphex(arm_pauth(cpu, 0x1000, 1, ARM_PAUTH_B), !=, 0x1000);
    g_assert_cmphex(arm_pauth(cpu, 0x1000, 1, ARM_PAUTH_DATA), ==, 0x1000);
    g_assert_cmphex(arm_helper_pauth_generic(&cpu->base, 5, 6), !=, 0);
    g_assert_cmphex((uint32_t)arm_helper_pauth_generic(&cpu->base, 5, 6), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cipher", test_cipher);
#define CASE(name, how)                                                                            \
    g_test_add("/" #how "/" #name, ArmCpu, GINT_TO_POINTER(how), set_up, test_##name, tear_down)
    CASE(round_trip, 0);
    CASE(tags, 0);
    CASE(bad_pointer, 0);
    CASE(switches, 0);
    CASE(round_trip, 1);
    CASE(tags, 1);
    CASE(bad_pointer, 1);
    CASE(switches, 1);
#undef CASE
    return g_test_run();
}
