/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The printers that the decode tables name, in the form that binutils uses without aliases. */
#include "modules/riscv/disas.h"

#include "modules/riscv/csr.h"
#include "modules/riscv/decode.h"

/* Names of the calling convention (RISC-V ELF psABI, "Register Convention"). */
void rv_put_x(GString *text, uint64_t pc, int64_t value)
{
    static const char names[32][5] = {"zero", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                      "s0",   "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                      "a6",   "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                      "s8",   "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

    (void)pc;
    g_string_append(text, names[value & 31]);
}

void rv_put_f(GString *text, uint64_t pc, int64_t value)
{
    static const char names[32][5] = {"ft0", "ft1", "ft2",  "ft3",  "ft4", "ft5", "ft6",  "ft7",
                                      "fs0", "fs1", "fa0",  "fa1",  "fa2", "fa3", "fa4",  "fa5",
                                      "fa6", "fa7", "fs2",  "fs3",  "fs4", "fs5", "fs6",  "fs7",
                                      "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};

    (void)pc;
    g_string_append(text, names[value & 31]);
}

void rv_put_dec(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_printf(text, "%" G_GINT64_FORMAT, value);
}

void rv_put_hex(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_printf(text, "0x%" G_GINT64_MODIFIER "x", (uint64_t)value);
}

/* The low bit of @pc, which no pc has, says that addresses have 32 bits. */
void rv_put_pc(GString *text, uint64_t pc, int64_t value)
{
    uint64_t target = (pc & ~1ull) + (uint64_t)value;

    g_string_append_printf(text, "%" G_GINT64_MODIFIER "x", pc & 1 ? (uint32_t)target : target);
}

/* The immediate of lui and auipc as it is written in assembly: bits 31..12. */
void rv_put_upper(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_printf(text, "0x%x", (uint32_t)value >> 12);
}

void rv_put_csr(GString *text, uint64_t pc, int64_t value)
{
    const char *name = rv_csr_name((uint32_t)value);

    (void)pc;
    if (name != NULL) {
        g_string_append(text, name);
    } else {
        g_string_append_printf(text, "0x%x", (uint32_t)value);
    }
}

/* A static rounding mode; the dynamic one goes without saying. */
void rv_put_rm(GString *text, uint64_t pc, int64_t value)
{
    static const char names[8][12] = {",rne", ",rtz",     ",rdn",     ",rup",
                                      ",rmm", ",unknown", ",unknown", ""};

    (void)pc;
    g_string_append(text, names[value & 7]);
}

void rv_put_order(GString *text, uint64_t pc, int64_t value)
{
    static const char names[4][6] = {"", ".rl", ".aq", ".aqrl"};

    (void)pc;
    g_string_append(text, names[value & 3]);
}

void rv_put_fence(GString *text, uint64_t pc, int64_t value)
{
    static const char letters[] = "iorw";

    (void)pc;
    if (value == 0) {
        g_string_append(text, "unknown");
    }
    for (uint32_t i = 0; i < 4; i++) {
        if (value & (8 >> i)) {
            g_string_append_c(text, letters[i]);
        }
    }
}

void rv_put_v(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    g_string_append_printf(text, "v%u", (uint32_t)value & 31);
}

void rv_put_vm(GString *text, uint64_t pc, int64_t value)
{
    (void)pc;
    if (value == 0) {
        g_string_append(text, ",v0.t");
    }
}

/* The immediate of vsetvli (Unpriv. V, 31.6.1); a number if it is reserved. */
void rv_put_vtype(GString *text, uint64_t pc, int64_t value)
{
    static const char lmul[8][4] = {"m1", "m2", "m4", "m8", "", "mf8", "mf4", "mf2"};

    (void)pc;
    if (value >> 8 != 0 || (value & 7) == 4 || (value >> 3 & 7) > 3) {
        g_string_append_printf(text, "%u", (uint32_t)value);
        return;
    }
    g_string_append_printf(text, "e%u,%s,%s,%s", 8u << (value >> 3 & 3), lmul[value & 7],
                           value & 0x40 ? "ta" : "tu", value & 0x80 ? "ma" : "mu");
}

/* The constants of fli (Unpriv. Zfa, table of immediates). */
void rv_put_fli(GString *text, uint64_t pc, int64_t value)
{
    static const char *const names[32] = {"-1",
                                          "min",
                                          "1.52587890625e-05",
                                          "3.0517578125e-05",
                                          "0.00390625",
                                          "0.0078125",
                                          "0.0625",
                                          "0.125",
                                          "0.25",
                                          "0.3125",
                                          "0.375",
                                          "0.4375",
                                          "0.5",
                                          "0.625",
                                          "0.75",
                                          "0.875",
                                          "1",
                                          "1.25",
                                          "1.5",
                                          "1.75",
                                          "2",
                                          "2.5",
                                          "3",
                                          "4",
                                          "8",
                                          "16",
                                          "128",
                                          "256",
                                          "32768",
                                          "65536",
                                          "inf",
                                          "nan"};

    (void)pc;
    g_string_append(text, names[value & 31]);
}

char *rv_disassemble(void *ctx,
                     uint64_t pc,
                     uint64_t state_key,
                     const uint8_t *code,
                     uint32_t bytes,
                     uint32_t *ret_bytes)
{
    uint64_t have = ~0ull & ~(state_key & RV_KEY_64 ? RV_HAVE(rv32) : RV_HAVE(rv64));
    g_autoptr(GString) text = g_string_new(NULL);

    (void)ctx;
    pc = (pc & ~1ull) | !(state_key & RV_KEY_64);
    if (bytes < 2) {
        *ret_bytes = bytes;
        return g_strdup_printf(".byte\t0x%02x", code[0]);
    }
    uint32_t insn = code[0] | (uint32_t)code[1] << 8;
    if ((insn & 3) != 3 || bytes < 4) {
        *ret_bytes = 2;
        if ((insn & 3) == 3 || !rv_print_insn16(text, pc, (uint16_t)insn, have)) {
            g_string_printf(text, ".half\t0x%04x", insn);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
    }
    insn |= (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
    *ret_bytes = 4;
    if (!rv_print_insn32(text, pc, insn, have)) {
        g_string_printf(text, ".word\t0x%08x", insn);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
