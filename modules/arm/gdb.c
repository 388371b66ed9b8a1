/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers as gdb numbers them (GDB manual G.5.1 "AArch64 Features"): x0 to x30, sp, pc and
 * cpsr are 0 to 33, v0 to v31 34 to 65, fpsr and fpcr 66 and 67. cpsr is PSTATE in the form of
 * SPSR_ELx; it and fpsr are computed, since flags are evaluated late here.
 */
#include <string.h>

#include "modules/arm/module.h"
#include "modules/arm/system.h"

#define CORE_FEATURE  "org.gnu.gdb.aarch64.core"
#define FPU_FEATURE   "org.gnu.gdb.aarch64.fpu"
#define PAUTH_FEATURE "org.gnu.gdb.aarch64.pauth"

#define CPSR_NUMBER 33u
#define V0_NUMBER   34u
#define FPSR_NUMBER 66u
/* Bits of a pointer that hold its authentication code: of data and code below, data and code in
 * the upper half. */
#define PAUTH_NUMBER 68u
#define N_PAUTH      4u

#define X(n)                                                                                       \
    {                                                                                              \
        .name = "x" #n, .field = "x" #n, .type = "int", .bits = 64, .number = n                    \
    }
#define V(n)                                                                                       \
    {                                                                                              \
        .name = "v" #n, .field = "v" #n, .type = "aarch64v", .bits = 128, .number = V0_NUMBER + n  \
    }
#define PAUTH(n, name_)                                                                            \
    {                                                                                              \
        .name = name_, .type = "int", .bits = 64, .number = PAUTH_NUMBER + n                       \
    }

static const QhGdbRegister core[] = {
    X(0),
    X(1),
    X(2),
    X(3),
    X(4),
    X(5),
    X(6),
    X(7),
    X(8),
    X(9),
    X(10),
    X(11),
    X(12),
    X(13),
    X(14),
    X(15),
    X(16),
    X(17),
    X(18),
    X(19),
    X(20),
    X(21),
    X(22),
    X(23),
    X(24),
    X(25),
    X(26),
    X(27),
    X(28),
    X(29),
    X(30),
    {.name = "sp",  .field = "sp", .type = "data_ptr", .bits = 64,                .number = 31},
    {.name = "pc",             .field = "pc",               .type = "code_ptr",        .bits = 64, .number = 32},
    {.name = "cpsr", .type = "cpsr_flags",              .bits = 32,                   .number = CPSR_NUMBER                       },
};

static const QhGdbRegister fpu[] = {
    V(0),
    V(1),
    V(2),
    V(3),
    V(4),
    V(5),
    V(6),
    V(7),
    V(8),
    V(9),
    V(10),
    V(11),
    V(12),
    V(13),
    V(14),
    V(15),
    V(16),
    V(17),
    V(18),
    V(19),
    V(20),
    V(21),
    V(22),
    V(23),
    V(24),
    V(25),
    V(26),
    V(27),
    V(28),
    V(29),
    V(30),
    V(31),
    {.name = "fpsr",   .type = "int", .bits = 32, .number = FPSR_NUMBER    },
    { .name = "fpcr", .field = "FPCR", .type = "int", .bits = 32, .number = FPSR_NUMBER + 1},
};

static const QhGdbRegister pauth[] = {
    PAUTH(0, "pauth_dmask"),
    PAUTH(1, "pauth_cmask"),
    PAUTH(2, "pauth_dmask_high"),
    PAUTH(3, "pauth_cmask_high"),
};

/* Of the upper half all bits above the address count, of the lower half those below bit 55, where a
 * tag may lie (Arm D8.8). */
static uint64_t pauth_mask(const ArmCpu *cpu, gboolean high)
{
    uint32_t size = (uint32_t)(cpu->tcr[1] >> (high ? 16 : 0)) & 0x3f;
    uint64_t above = UINT64_MAX << (64 - CLAMP(size, 12, 39));

    return high ? above : above & ((UINT64_C(1) << 55) - 1);
}

static gboolean read_computed(QhCpu *base, uint32_t number, uint64_t *ret_value)
{
    const ArmCpu *cpu = arm_cpu(base);

    if (number == CPSR_NUMBER) {
        *ret_value = arm_spsr_now(cpu);
    } else if (number == FPSR_NUMBER) {
        *ret_value = arm_fpsr(cpu);
    } else if (number - PAUTH_NUMBER < N_PAUTH && cpu->has_pauth) {
        *ret_value = pauth_mask(cpu, number - PAUTH_NUMBER >= 2);
    } else {
        return FALSE;
    }
    return TRUE;
}

/* Of PSTATE the flags and masks can be set; another level or stack pointer would need more than a
 * debugger knows. */
static void write_computed(QhCpu *base, uint32_t number, uint64_t value)
{
    ArmCpu *cpu = arm_cpu(base);

    if (number == CPSR_NUMBER) {
        arm_set_nzcv(cpu, (uint32_t)(value >> 28) & 15);
        cpu->daif = (uint32_t)(value >> 6) & 15;
        cpu->pan = cpu->has_pan && (value >> 22 & 1);
        cpu->uao = cpu->has_uao && (value >> 23 & 1);
    } else if (number == FPSR_NUMBER) {
        arm_set_fpsr(cpu, value);
    }
}

static const char core_types[] =
    "<flags id=\"cpsr_flags\" size=\"4\">\n"
    "<field name=\"SP\" start=\"0\" end=\"0\"/><field name=\"EL\" start=\"2\" end=\"3\"/>\n"
    "<field name=\"nRW\" start=\"4\" end=\"4\"/><field name=\"F\" start=\"6\" end=\"6\"/>\n"
    "<field name=\"I\" start=\"7\" end=\"7\"/><field name=\"A\" start=\"8\" end=\"8\"/>\n"
    "<field name=\"D\" start=\"9\" end=\"9\"/><field name=\"BTYPE\" start=\"10\" end=\"11\"/>\n"
    "<field name=\"SSBS\" start=\"12\" end=\"12\"/><field name=\"IL\" start=\"20\" end=\"20\"/>\n"
    "<field name=\"SS\" start=\"21\" end=\"21\"/><field name=\"PAN\" start=\"22\" end=\"22\"/>\n"
    "<field name=\"UAO\" start=\"23\" end=\"23\"/><field name=\"DIT\" start=\"24\" end=\"24\"/>\n"
    "<field name=\"TCO\" start=\"25\" end=\"25\"/><field name=\"V\" start=\"28\" end=\"28\"/>\n"
    "<field name=\"C\" start=\"29\" end=\"29\"/><field name=\"Z\" start=\"30\" end=\"30\"/>\n"
    "<field name=\"N\" start=\"31\" end=\"31\"/>\n"
    "</flags>\n";

/* Views of a V register: of each width its elements as numbers, without and with a sign. */
static char *fpu_types(void)
{
    static const struct {
        const char *letter, *name, *type;
        uint32_t count;
    } views[] = {
        {"d", "f", "ieee_double", 2 },
        {"d", "u", "uint64",      2 },
        {"d", "s", "int64",       2 },
        {"s", "f", "ieee_single", 4 },
        {"s", "u", "uint32",      4 },
        {"s", "s", "int32",       4 },
        {"h", "f", "ieee_half",   8 },
        {"h", "u", "uint16",      8 },
        {"h", "s", "int16",       8 },
        {"b", "u", "uint8",       16},
        {"b", "s", "int8",        16},
        {"q", "u", "uint128",     1 },
        {"q", "s", "int128",      1 },
    };
    GString *text = g_string_new(NULL);
    GString *whole = g_string_new("<union id=\"aarch64v\">\n");

    for (guint i = 0; i < G_N_ELEMENTS(views); i++) {
        g_string_append_printf(text, "<vector id=\"v%s%s\" type=\"%s\" count=\"%u\"/>\n",
                               views[i].letter, views[i].name, views[i].type, views[i].count);
    }
    for (guint i = 0; i < G_N_ELEMENTS(views); i++) {
        const char *letter = views[i].letter;
        gboolean first = i == 0 || strcmp(views[i - 1].letter, letter) != 0;
        gboolean last = i + 1 == G_N_ELEMENTS(views) || strcmp(views[i + 1].letter, letter) != 0;

        if (first) {
            g_string_append_printf(text, "<union id=\"vn%s\">\n", letter);
            g_string_append_printf(whole, "<field name=\"%s\" type=\"vn%s\"/>\n", letter, letter);
        }
        g_string_append_printf(text, "<field name=\"%s\" type=\"v%s%s\"/>\n", views[i].name, letter,
                               views[i].name);
        g_string_append(text, last ? "</union>\n" : "");
    }
    g_string_append(text, whole->str);
    g_string_append(text, "</union>\n");
    g_string_free(whole, TRUE);
    return g_string_free(text, FALSE);
}

static char *types(QhCpu *cpu, const char *feature)
{
    (void)cpu;
    if (strcmp(feature, CORE_FEATURE) == 0) {
        return g_strdup(core_types);
    }
    return strcmp(feature, FPU_FEATURE) == 0 ? fpu_types() : NULL;
}

#define FEATURE(name_, registers_)                                                                 \
    {                                                                                              \
        .name = name_, .registers = registers_, .n_registers = G_N_ELEMENTS(registers_),           \
        .register_size = sizeof(QhGdbRegister)                                                     \
    }

static const QhGdbFeature features[] = {
    FEATURE(CORE_FEATURE, core),
    FEATURE(FPU_FEATURE, fpu),
    FEATURE(PAUTH_FEATURE, pauth),
};

const QhGdbOps arm64_gdb_ops = {
    .size = sizeof(QhGdbOps),
    .n_features = G_N_ELEMENTS(features),
    .architecture = "aarch64",
    .features = features,
    .feature_size = sizeof(QhGdbFeature),
    .breakpoint_bytes = 4,
    .flags = QH_GDB_WATCH_BEFORE,
    .types = types,
    .read = read_computed,
    .write = write_computed,
};
