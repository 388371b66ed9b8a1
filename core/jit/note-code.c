/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a compiler has made, for people: -d out_asm, and perf. */
#include "core/host/log.h"
#include "core/jit/engine-priv.h"
#include "core/jit/perf.h"

#define LINE_BYTES 16u

/* No disassembler is built in; objdump -b binary reads bytes. */
static void log_code(QhLog *log, const uint8_t *code, uint64_t bytes, uint64_t pc)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(
        text, "code for pc 0x%" G_GINT64_MODIFIER "x, %" G_GUINT64_FORMAT " bytes\n", pc, bytes);
    for (uint64_t i = 0; i < bytes; i++) {
        if (i % LINE_BYTES == 0) {
            g_string_append_printf(text,
                                   "0x%" G_GINT64_MODIFIER "x:", (guint64)(uintptr_t)(code + i));
        }
        g_string_append_printf(text, " %02x%s", code[i],
                               i % LINE_BYTES == LINE_BYTES - 1 || i + 1 == bytes ? "\n" : "");
    }
    qh_log_text(log, QH_LOG_OUT_ASM, text->str);
}

void qh_engine_note_code(QhEngine *engine, const void *code, uint64_t bytes, uint64_t pc)
{
    QhHost *host = qh_machine_host(engine->cluster->machine);
    QhPerf *perf = host != NULL ? qh_host_perf(host) : NULL;

    if (host != NULL && (qh_log_mask(qh_host_log(host)) & QH_LOG_OUT_ASM) &&
        qh_log_in_filter(qh_host_log(host), pc)) {
        log_code(qh_host_log(host), code, bytes, pc);
    }
    if (perf != NULL) {
        qh_perf_note(perf, code, bytes, pc, engine->cluster->target);
    }
}
