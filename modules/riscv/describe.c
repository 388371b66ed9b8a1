/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of `info registers`, in the order and with the names that RISC-V people know. */
#include <inttypes.h>

#include "modules/riscv/system.h"

/* Shown after pc; what the hart does not have is left out. */
static const uint16_t shown[] = {
    0xf14, 0x300, 0x310, 0x344, 0x304, 0x303, 0x302, 0x305, 0x105, 0x341, 0x141,
    0x342, 0x142, 0x343, 0x143, 0x340, 0x140, 0x180, 0x30a, 0x306, 0x106, 0x14d,
};

static const char *const x_names[32] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

static const char *const f_names[32] = {
    "ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1",  "fa0",
    "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4",  "fs5",
    "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
};

static void line(GString *text, const RvCpu *cpu, const char *name, uint64_t value)
{
    if (cpu->mxlen == 32) {
        value = (uint32_t)value;
    }
    g_string_append_printf(text, " %-10s %0*" PRIx64 "\n", name, (int)cpu->mxlen / 4, value);
}

/* Four registers a line. */
static void
bank(GString *text, const char *const names[32], char letter, const uint64_t *values, uint32_t bits)
{
    for (int i = 0; i < 32; i++) {
        uint64_t value = bits == 32 ? (uint32_t)values[i] : values[i];
        g_autofree char *name = g_strdup_printf("%c%d/%s", letter, i, names[i]);

        g_string_append_printf(text, " %-8s %0*" PRIx64 "%s", name, (int)bits / 4, value,
                               i % 4 == 3 ? "\n" : "");
    }
}

/* A register a line, its last element first. */
static void vectors(GString *text, const RvCpu *cpu)
{
    uint32_t words = cpu->vlen / 64u;

    g_string_append_printf(text, " %-10s %" PRIu64 "\n", "vl", cpu->vl);
    line(text, cpu, "vtype",
         cpu->vtype & RV_VTYPE_VILL ? UINT64_C(1) << (cpu->mxlen - 1) : cpu->vtype);
    g_string_append_printf(text, " %-10s %" PRIu64 "\n", "vstart", cpu->vstart);
    g_string_append_printf(text, " %-10s %x\n", "vcsr", cpu->vxrm << 1 | cpu->vxsat);
    for (uint32_t i = 0; i < 32; i++) {
        g_autofree char *name = g_strdup_printf("v%u", i);

        g_string_append_printf(text, " %-8s ", name);
        for (uint32_t k = words; k-- > 0;) {
            g_string_append_printf(text, "%016" PRIx64, cpu->v[i * words + k]);
        }
        g_string_append_c(text, '\n');
    }
}

char *rv_cpu_describe(RvCpu *cpu)
{
    GString *text = g_string_new(NULL);

    line(text, cpu, "pc", cpu->base.pc);
    g_string_append_printf(text, " %-10s %c\n", "mode", "US?M"[cpu->priv & 3]);
    for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
        uint64_t value;
        if (rv_csr_peek(cpu, shown[i], &value)) {
            line(text, cpu, rv_csr_name(shown[i]), value);
        }
    }
    bank(text, x_names, 'x', cpu->x, cpu->mxlen);
    if (cpu->ext_f) {
        g_string_append_printf(text, " %-10s %x\n", "fcsr",
                               cpu->frm << 5 | (cpu->base.fp_flags & 0x1f));
        bank(text, f_names, 'f', cpu->f, 64);
    }
    if (cpu->ext_zve32x) {
        vectors(text, cpu);
    }
    return g_string_free(text, FALSE);
}
