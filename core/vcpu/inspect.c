/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people and debuggers see of a CPU: its registers, and memory by virtual address. */
#include "core/jit/ir.h"
#include "core/vcpu/vcpu.h"

#include <inttypes.h>
#include <string.h>

static gboolean translate(QhVcpu *vcpu, uint64_t address, uint64_t *ret_phys)
{
    const QhCpuOps *ops = qh_vcpu_cluster(vcpu)->cpu_ops;

    if (ops->debug_translate == NULL) {
        *ret_phys = address;
        return TRUE;
    }
    return ops->debug_translate(qh_vcpu_state(vcpu), address, ret_phys);
}

/* Page by page: @move does one part. */
static gboolean each_page(QhVcpu *vcpu,
                          uint64_t address,
                          char *buffer,
                          uint64_t length,
                          uint32_t (*move)(QhSpace *, uint64_t, char *, uint64_t))
{
    const uint64_t page = G_GUINT64_CONSTANT(1) << 8; /* no target has smaller ones */

    while (length > 0) {
        uint64_t part = MIN(length, page - (address & (page - 1))), phys;
        if (!translate(vcpu, address, &phys) ||
            move(qh_vcpu_cluster(vcpu)->space, phys, buffer, part) != QH_BUS_OK) {
            return FALSE;
        }
        address += part;
        buffer += part;
        length -= part;
    }
    return TRUE;
}

static uint32_t move_in(QhSpace *space, uint64_t phys, char *buffer, uint64_t length)
{
    return qh_mem_service.read(space, phys, buffer, length, QH_ATTR_DEBUG);
}

static uint32_t move_out(QhSpace *space, uint64_t phys, char *buffer, uint64_t length)
{
    return qh_mem_service.write(space, phys, buffer, length, QH_ATTR_DEBUG);
}

gboolean qh_vcpu_debug_read(QhVcpu *vcpu, uint64_t address, void *buffer, uint64_t length)
{
    return each_page(vcpu, address, buffer, length, move_in);
}

gboolean qh_vcpu_debug_write(QhVcpu *vcpu, uint64_t address, const void *buffer, uint64_t length)
{
    return each_page(vcpu, address, (char *)buffer, length, move_out);
}

static void print_element(GString *text, const char *at, uint32_t type)
{
    uint32_t bytes = qh_ir_type_bytes(type);
    uint64_t low = 0, high = 0;

    if (bytes == 16) {
        uint64_t half[2];
        memcpy(half, at, sizeof(half));
        low = half[G_BYTE_ORDER == G_BIG_ENDIAN];
        high = half[G_BYTE_ORDER == G_LITTLE_ENDIAN];
        g_string_append_printf(text, "%016" PRIx64 "%016" PRIx64, high, low);
        return;
    }
    memcpy((char *)&low + (G_BYTE_ORDER == G_BIG_ENDIAN ? 8 - bytes : 0), at, bytes);
    g_string_append_printf(text, "%0*" PRIx64, (int)bytes * 2, low);
}

char *qh_vcpu_describe(QhVcpu *vcpu)
{
    const QhCpuOps *ops = qh_vcpu_cluster(vcpu)->cpu_ops;
    QhCpu *cpu = qh_vcpu_state(vcpu);
    GString *text;
    uint32_t column = 0;

    if (ops->describe != NULL) {
        return ops->describe(cpu);
    }
    text = g_string_new(NULL);
    g_string_append_printf(text, "pc %016" PRIx64 " icount %" PRIu64 "%s\n", cpu->pc, cpu->icount,
                           cpu->halted ? " halted" : "");
    for (uint32_t i = 0; i < ops->state->n_fields; i++) {
        const QhStateField *field = qh_ir_slot(ops->state, i);
        uint32_t n = MAX(field->count, 1u), bytes = qh_ir_type_bytes(field->type);
        if ((field->flags & QH_STATE_HIDDEN) || bytes == 0) {
            continue;
        }
        for (uint32_t k = 0; k < n; k++) {
            g_string_append_printf(text, n > 1 ? "%s[%u] " : "%s ", field->name, k);
            print_element(text, (const char *)cpu + field->offset + (size_t)k * bytes, field->type);
            g_string_append_c(text, ++column % 4 == 0 ? '\n' : ' ');
        }
    }
    if (column % 4 != 0) {
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}
