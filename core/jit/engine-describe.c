/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an engine keeps, for people: `info jit`. */
#include "core/jit/engine-priv.h"

#define MIB(bytes) ((double)(bytes) / (1 << 20))

static void describe_interpreter(QhEngine *engine, GString *out)
{
    QhCodeStats stats;

    g_mutex_lock(&engine->lock);
    qh_code_stats(engine->store, &stats);
    g_mutex_unlock(&engine->lock);
    g_string_append_printf(out,
                           "interpreter: %" G_GUINT64_FORMAT
                           " blocks, %.1f MiB of %.1f MiB mapped\n"
                           "  made %" G_GUINT64_FORMAT ", invalidated %" G_GUINT64_FORMAT
                           ", trimmed %" G_GUINT64_FORMAT " in %" G_GUINT64_FORMAT
                           " turns, all dropped %" G_GUINT64_FORMAT " times\n",
                           stats.n_kept, MIB(stats.bytes), MIB(stats.chunk_bytes), stats.n_blocks,
                           stats.n_invalidated, stats.n_trimmed, stats.n_trims, stats.n_drops);
}

static void describe_compiler(QhEngine *engine, GString *out)
{
    QhTierStats stats;

    if (engine->tier == NULL) {
        g_string_append(out, "compiler: none\n");
        return;
    }
    qh_tier_stats(engine->tier, &stats);
    g_string_append_printf(
        out,
        "compiler: %" G_GUINT64_FORMAT " regions of %" G_GUINT64_FORMAT " blocks made in %.1f ms\n"
        "  code made %.1f MiB, in use %.1f MiB; invalidated %" G_GUINT64_FORMAT
        ", chunks retired %" G_GUINT64_FORMAT "\n",
        stats.n_regions, stats.n_blocks, (double)stats.compile_ns / 1e6, MIB(stats.code_bytes),
        MIB(stats.used_bytes), stats.n_invalidated, stats.n_retired);
}

char *qh_engine_describe(QhEngine *engine)
{
    GString *out = g_string_new(NULL);

    describe_interpreter(engine, out);
    describe_compiler(engine, out);
    return g_string_free(out, FALSE);
}
