/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program as text, to be read by people and again by this program. */
#include "program.h"

#include <stdio.h>
#include <string.h>

/* The named numbers of a program. */
static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
    {"rules",     offsetof(FzProgram, rules)    },
    {"contained", offsetof(FzProgram, contained)},
    {"cold",      offsetof(FzProgram, cold)     },
    {"kicks",     offsetof(FzProgram, kicks)    },
    {"blocks",    offsetof(FzProgram, n_blocks) },
    {"vector",    offsetof(FzProgram, vector)   },
    {"fp_flags",  offsetof(FzProgram, fp_flags) },
};

char *fz_to_text(const FzProgram *program, const QhIrContext *context)
{
    GString *text =
        g_string_new("# a random IR program; run it with: fuzz-ir-diff --replay FILE\n");

    g_string_append_printf(text,
                           "seed %" G_GUINT64_FORMAT "\nindex %" G_GUINT64_FORMAT
                           "\nram %" G_GUINT64_FORMAT "\n",
                           program->seed, program->index, program->ram_seed);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        uint32_t value;
        memcpy(&value, (const char *)program + numbers[i].offset, 4);
        g_string_append_printf(text, "%s %u\n", numbers[i].name, value);
    }
    for (size_t i = 0; i < sizeof(program->state); i += 8) {
        uint64_t word = 0;
        memcpy(&word, program->state + i, MIN(8, sizeof(program->state) - i));
        if (word != 0) {
            g_string_append_printf(text, "state %zu %" G_GINT64_MODIFIER "x\n", i, word);
        }
    }
    for (uint32_t i = 0; i < program->n_blocks; i++) {
        const FzBlock *block = &program->block[i];
        g_autofree char *dump = qh_ir_dump(context, block->records, block->n);
        g_auto(GStrv) lines = g_strsplit(dump, "\n", -1);
        g_string_append_printf(text, "block %u 0x%" G_GINT64_MODIFIER "x\n", i, fz_block_pc(i));
        for (uint32_t k = 0; k < block->n && lines[k] != NULL; k++) {
            const QhIrRecord *r = &block->records[k];
            g_string_append_printf(text, "r %x %u %u %u %u %u %u ;%s\n", r->op, r->type, r->flags,
                                   r->a, r->b, r->c, block->keep[k], lines[k]);
        }
    }
    return g_string_free(text, FALSE);
}

static gboolean take_record(FzProgram *program, uint32_t which, const char *line)
{
    uint32_t op, type, flags, a, b, c, keep;
    FzBlock *block = &program->block[which];

    if (sscanf(line, "r %x %u %u %u %u %u %u", &op, &type, &flags, &a, &b, &c, &keep) != 7 ||
        block->n == FZ_RECORDS || (op == QH_IR_insn_start && block->n_insns == FZ_INSNS) ||
        qh_ir_op_info(op) == NULL) {
        return FALSE;
    }
    if (op == QH_IR_insn_start) {
        block->insn_at[block->n_insns++] = (uint16_t)block->n;
    }
    block->keep[block->n] = (uint8_t)keep;
    block->records[block->n++] = (QhIrRecord){(uint16_t)op, (uint8_t)type, (uint8_t)flags, a, b, c};
    block->insn_at[block->n_insns] = (uint16_t)block->n;
    return TRUE;
}

static gboolean take_number(FzProgram *program, const char *name, uint64_t value)
{
    if (strcmp(name, "seed") == 0) {
        program->seed = value;
    } else if (strcmp(name, "index") == 0) {
        program->index = value;
    } else if (strcmp(name, "ram") == 0) {
        program->ram_seed = value;
    } else {
        for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
            if (strcmp(name, numbers[i].name) == 0) {
                uint32_t word = (uint32_t)value;
                memcpy((char *)program + numbers[i].offset, &word, 4);
                return TRUE;
            }
        }
        return FALSE;
    }
    return TRUE;
}

static gboolean take_line(FzProgram *program, const char *line, uint32_t *which)
{
    char name[16];
    guint64 value;
    size_t at;

    if (line[0] == '#' || line[0] == '\0') {
        return TRUE;
    }
    if (sscanf(line, "state %zu %" G_GINT64_MODIFIER "x", &at, &value) == 2) {
        if (at >= sizeof(program->state)) {
            return FALSE;
        }
        memcpy(program->state + at, &value, MIN(8, sizeof(program->state) - at));
        return TRUE;
    }
    if (sscanf(line, "block %u", which) == 1) {
        return *which < FZ_BLOCKS;
    }
    if (line[0] == 'r' && line[1] == ' ') {
        return *which < FZ_BLOCKS && take_record(program, *which, line);
    }
    return sscanf(line, "%15s %" G_GUINT64_FORMAT, name, &value) == 2 &&
           take_number(program, name, value);
}

gboolean fz_from_text(FzProgram *program, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    uint32_t which = FZ_BLOCKS;

    memset(program, 0, sizeof(*program));
    for (uint32_t i = 0; lines[i] != NULL; i++) {
        if (!take_line(program, lines[i], &which)) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "line %u: '%s'", i + 1, lines[i]);
            return FALSE;
        }
    }
    if (program->n_blocks == 0 || program->n_blocks > FZ_BLOCKS ||
        program->vector >= program->n_blocks || program->rules >= FZ_N_RULES) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "%u blocks, vector %u, rules %u",
                    program->n_blocks, program->vector, program->rules);
        return FALSE;
    }
    return TRUE;
}
