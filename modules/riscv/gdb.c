/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers as gdb numbers them (GDB manual G.5.12 "RISC-V Features"): x and pc 0..32,
 * f 33..64, CSR N is 65 + N. A feature lists what the state table holds.
 */
#include <string.h>

#include "modules/riscv/cpu.h"
#include "modules/riscv/module.h"

#define VECTOR_FEATURE "org.gnu.gdb.riscv.vector"

#define X(n, name_, type_, bits_)                                                                  \
    {                                                                                              \
        .name = name_, .field = "x" #n, .type = type_, .bits = bits_, .number = n                  \
    }
#define F(n, name_)                                                                                \
    {                                                                                              \
        .name = name_, .field = "f" #n, .type = "ieee_double", .bits = 64, .number = 33 + n        \
    }
#define CSR(n, name_, bits_)                                                                       \
    {                                                                                              \
        .name = name_, .field = name_, .type = "int", .bits = bits_, .number = 65 + n              \
    }

#define CPU_REGISTERS(b)                                                                           \
    X(0, "zero", "int", b), X(1, "ra", "code_ptr", b), X(2, "sp", "data_ptr", b),                  \
        X(3, "gp", "data_ptr", b), X(4, "tp", "data_ptr", b), X(5, "t0", "int", b),                \
        X(6, "t1", "int", b), X(7, "t2", "int", b), X(8, "fp", "data_ptr", b),                     \
        X(9, "s1", "int", b), X(10, "a0", "int", b), X(11, "a1", "int", b), X(12, "a2", "int", b), \
        X(13, "a3", "int", b), X(14, "a4", "int", b), X(15, "a5", "int", b),                       \
        X(16, "a6", "int", b), X(17, "a7", "int", b), X(18, "s2", "int", b),                       \
        X(19, "s3", "int", b), X(20, "s4", "int", b), X(21, "s5", "int", b),                       \
        X(22, "s6", "int", b), X(23, "s7", "int", b), X(24, "s8", "int", b),                       \
        X(25, "s9", "int", b), X(26, "s10", "int", b), X(27, "s11", "int", b),                     \
        X(28, "t3", "int", b), X(29, "t4", "int", b), X(30, "t5", "int", b),                       \
        X(31, "t6", "int", b),                                                                     \
    {                                                                                              \
        .name = "pc", .field = "pc", .type = "code_ptr", .bits = b, .number = 32                   \
    }

#define CSR_REGISTERS(b)                                                                           \
    CSR(0x105, "stvec", b), CSR(0x106, "scounteren", b), CSR(0x140, "sscratch", b),                \
        CSR(0x141, "sepc", b), CSR(0x142, "scause", b), CSR(0x143, "stval", b),                    \
        CSR(0x180, "satp", b), CSR(0x300, "mstatus", b), CSR(0x301, "misa", b),                    \
        CSR(0x302, "medeleg", b), CSR(0x303, "mideleg", b), CSR(0x304, "mie", b),                  \
        CSR(0x305, "mtvec", b), CSR(0x306, "mcounteren", b), CSR(0x340, "mscratch", b),            \
        CSR(0x341, "mepc", b), CSR(0x342, "mcause", b), CSR(0x343, "mtval", b),                    \
        CSR(0x344, "mip", b), CSR(0x10a, "senvcfg", b), CSR(0x320, "mcountinhibit", 32)

/* The mode of the hart: 0 user, 1 supervisor, 3 machine. gdb has a number for it behind the CSRs.
 */
#define PRIV_NUMBER (65 + 4096)
static const QhGdbRegister virtual_registers[] = {
    {.name = "priv", .field = "priv", .type = "int", .bits = 32, .number = PRIV_NUMBER},
};

static const QhGdbRegister cpu_32[] = {CPU_REGISTERS(32)};
static const QhGdbRegister cpu_64[] = {CPU_REGISTERS(64)};
static const QhGdbRegister csr_32[] = {CSR_REGISTERS(32)};
static const QhGdbRegister csr_64[] = {CSR_REGISTERS(64)};
static const QhGdbRegister fpu[] = {
    F(0, "ft0"),   F(1, "ft1"),   F(2, "ft2"),          F(3, "ft3"),       F(4, "ft4"),
    F(5, "ft5"),   F(6, "ft6"),   F(7, "ft7"),          F(8, "fs0"),       F(9, "fs1"),
    F(10, "fa0"),  F(11, "fa1"),  F(12, "fa2"),         F(13, "fa3"),      F(14, "fa4"),
    F(15, "fa5"),  F(16, "fa6"),  F(17, "fa7"),         F(18, "fs2"),      F(19, "fs3"),
    F(20, "fs4"),  F(21, "fs5"),  F(22, "fs6"),         F(23, "fs7"),      F(24, "fs8"),
    F(25, "fs9"),  F(26, "fs10"), F(27, "fs11"),        F(28, "ft8"),      F(29, "ft9"),
    F(30, "ft10"), F(31, "ft11"), CSR(1, "fflags", 32), CSR(2, "frm", 32),
};

/* gdb numbers them behind the CSRs and priv. */
#define V0_NUMBER (PRIV_NUMBER + 1)
#define V(n)                                                                                       \
    {                                                                                              \
        .name = "v" #n, .type = "riscv_vector", .number = V0_NUMBER + n                            \
    }
static const QhGdbRegister vectors[] = {
    V(0),  V(1),  V(2),  V(3),  V(4),  V(5),  V(6),  V(7),  V(8),  V(9),  V(10),
    V(11), V(12), V(13), V(14), V(15), V(16), V(17), V(18), V(19), V(20), V(21),
    V(22), V(23), V(24), V(25), V(26), V(27), V(28), V(29), V(30), V(31),
};

static gboolean locate(QhCpu *base, uint32_t number, uint32_t *ret_offset, uint32_t *ret_bytes)
{
    const RvCpu *cpu = rv_cpu(base);

    if (!cpu->ext_zve32x || number - V0_NUMBER >= 32) {
        return FALSE;
    }
    *ret_bytes = cpu->vlen / 8u;
    *ret_offset = (uint32_t)offsetof(RvCpu, v) + (number - V0_NUMBER) * *ret_bytes;
    return TRUE;
}

/* A vector register as elements of each width. */
static char *types(QhCpu *base, const char *feature)
{
    static const struct {
        const char *name, *type;
        uint32_t bits;
    } views[] = {
        {"quads",  "uint128", 128},
        {"longs",  "uint64",  64 },
        {"words",  "uint32",  32 },
        {"shorts", "uint16",  16 },
        {"bytes",  "uint8",   8  },
    };
    GString *text;

    if (strcmp(feature, VECTOR_FEATURE) != 0) {
        return NULL;
    }
    text = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(views); i++) {
        g_string_append_printf(text, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>\n",
                               views[i].name, views[i].type, rv_cpu(base)->vlen / views[i].bits);
    }
    g_string_append(text, "<union id=\"riscv_vector\">\n");
    for (guint i = 0; i < G_N_ELEMENTS(views); i++) {
        g_string_append_printf(text, "<field name=\"%s\" type=\"%s\"/>\n", views[i].name,
                               views[i].name);
    }
    g_string_append(text, "</union>\n");
    return g_string_free(text, FALSE);
}

#define FEATURE(name_, registers_)                                                                 \
    {                                                                                              \
        .name = name_, .registers = registers_, .n_registers = G_N_ELEMENTS(registers_),           \
        .register_size = sizeof(QhGdbRegister)                                                     \
    }

static const QhGdbFeature features_32[] = {
    FEATURE("org.gnu.gdb.riscv.cpu", cpu_32),
    FEATURE("org.gnu.gdb.riscv.fpu", fpu),
    FEATURE("org.gnu.gdb.riscv.csr", csr_32),
    FEATURE("org.gnu.gdb.riscv.virtual", virtual_registers),
    FEATURE(VECTOR_FEATURE, vectors),
};
static const QhGdbFeature features_64[] = {
    FEATURE("org.gnu.gdb.riscv.cpu", cpu_64),
    FEATURE("org.gnu.gdb.riscv.fpu", fpu),
    FEATURE("org.gnu.gdb.riscv.csr", csr_64),
    FEATURE("org.gnu.gdb.riscv.virtual", virtual_registers),
    FEATURE(VECTOR_FEATURE, vectors),
};

/* c.ebreak: a breakpoint fits on any instruction. */
#define BREAKPOINT_BYTES 2u

const QhGdbOps rv32_gdb_ops = {
    .size = sizeof(QhGdbOps),
    .n_features = G_N_ELEMENTS(features_32),
    .architecture = "riscv:rv32",
    .features = features_32,
    .feature_size = sizeof(QhGdbFeature),
    .breakpoint_bytes = BREAKPOINT_BYTES,
    .flags = QH_GDB_WATCH_BEFORE,
    .locate = locate,
    .types = types,
};

const QhGdbOps rv64_gdb_ops = {
    .size = sizeof(QhGdbOps),
    .n_features = G_N_ELEMENTS(features_64),
    .architecture = "riscv:rv64",
    .features = features_64,
    .feature_size = sizeof(QhGdbFeature),
    .breakpoint_bytes = BREAKPOINT_BYTES,
    .flags = QH_GDB_WATCH_BEFORE,
    .locate = locate,
    .types = types,
};
