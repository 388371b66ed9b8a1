/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of `info registers`: general registers, PSTATE spelled out, what exceptions left, vectors.
 */
#include <inttypes.h>

#include "modules/arm/system.h"

/* Three a line; @last ends it. */
static void value(GString *text, const char *name, uint64_t bits, gboolean last)
{
    g_string_append_printf(text, " %-9s %016" PRIx64 "%s", name, bits, last ? "\n" : "");
}

static void general(GString *text, const ArmCpu *cpu)
{
    value(text, "pc", cpu->base.pc, FALSE);
    value(text, "sp", cpu->sp, FALSE);
    value(text, "x0", cpu->x[0], TRUE);
    for (uint32_t i = 1; i < 31; i++) {
        char name[8];

        g_snprintf(name, sizeof(name), "x%u", i);
        value(text, name, cpu->x[i], i % 3 == 0);
    }
}

/* "-ZC-" as the flags stand, "DAIF" as masks are set, and the level with its stack pointer. */
static void pstate(GString *text, const ArmCpu *cpu)
{
    static const char flags[] = "NZCV", masks[] = "DAIF";
    uint32_t nzcv = arm_nzcv(cpu);

    g_string_append_printf(text, " %-9s %08" PRIx64 " ", "pstate", arm_spsr_now(cpu));
    for (uint32_t i = 0; i < 4; i++) {
        g_string_append_c(text, nzcv >> (3 - i) & 1 ? flags[i] : '-');
    }
    g_string_append_c(text, ' ');
    for (uint32_t i = 0; i < 4; i++) {
        g_string_append_c(text, cpu->daif >> (3 - i) & 1 ? masks[i] : '-');
    }
    g_string_append_printf(text, " EL%u%c%s%s%s%s", cpu->el, cpu->spsel ? 'h' : 't',
                           cpu->pan ? " PAN" : "", cpu->uao ? " UAO" : "", cpu->ss ? " SS" : "",
                           cpu->il ? " IL" : "");
    g_string_append(text, cpu->powered_off ? " (off)\n" : cpu->base.halted ? " (halted)\n" : "\n");
}

/* What belongs to a level that exists. */
static void level(GString *text, const ArmCpu *cpu, uint32_t el)
{
    const struct {
        const char *name;
        uint64_t bits;
    } rows[] = {
        {"ELR",   cpu->elr[el]  },
        {"SPSR",  cpu->spsr[el] },
        {"ESR",   cpu->esr[el]  },
        {"FAR",   cpu->far[el]  },
        {"VBAR",  cpu->vbar[el] },
        {"SCTLR", cpu->sctlr[el]},
        {"TCR",   cpu->tcr[el]  },
        {"TTBR0", cpu->ttbr0[el]},
        {"TTBR1", cpu->ttbr1[el]},
    };

    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char name[16];

        g_snprintf(name, sizeof(name), "%s_EL%u", rows[i].name, el);
        value(text, name, rows[i].bits, i % 3 == 2);
    }
}

static void vectors(GString *text, const ArmCpu *cpu)
{
    g_string_append_printf(text, " %-9s %08x %-9s %08" PRIx64 "\n", "fpcr", cpu->fpcr, "fpsr",
                           arm_fpsr(cpu));
    for (uint32_t i = 0; i < 32; i++) {
        char name[8];

        g_snprintf(name, sizeof(name), "v%u", i);
        g_string_append_printf(text, " %-4s %016" PRIx64 "%016" PRIx64 "%s", name,
                               (uint64_t)(cpu->v[i] >> 64), (uint64_t)cpu->v[i],
                               i % 2 == 1 ? "\n" : "");
    }
}

char *arm_cpu_describe(ArmCpu *cpu)
{
    GString *text = g_string_new(NULL);

    general(text, cpu);
    pstate(text, cpu);
    level(text, cpu, 1);
    if (cpu->has_el2) {
        level(text, cpu, 2);
        value(text, "HCR_EL2", cpu->hcr, FALSE);
        value(text, "VTTBR_EL2", cpu->vttbr, FALSE);
        value(text, "HPFAR_EL2", cpu->hpfar, TRUE);
    }
    if (cpu->has_fp) {
        vectors(text, cpu);
    }
    return g_string_free(text, FALSE);
}
