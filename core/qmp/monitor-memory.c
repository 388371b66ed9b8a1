/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x, xp and print: numbers and memory in the formats that people know from debuggers. */
#include "abi/memory.h"
#include "abi/target.h"
#include "core/machine/machine.h"
#include "core/qmp/monitor.h"
#include "core/qmp/stopped.h"
#include "core/vcpu/vcpu.h"
#include <string.h>

#define MAX_COUNT 4096

typedef struct Format {
    uint32_t count;
    char letter;    /* x d u o c */
    uint32_t width; /* bytes */
} Format;

/* "4xw" and parts of it. */
static gboolean parse_format(const char *text, Format *ret)
{
    char *end = NULL;

    *ret = (Format){1, 'x', 4};
    if (text == NULL) {
        return TRUE;
    }
    guint64 count = g_ascii_strtoull(text, &end, 10);
    if (end != text) {
        ret->count = (uint32_t)MIN(count, MAX_COUNT);
    }
    for (; *end != '\0'; end++) {
        static const char sizes[] = "bhwg";
        const char *size = strchr(sizes, *end);
        if (size != NULL) {
            ret->width = 1u << (size - sizes);
        } else if (strchr("xduoc", *end) != NULL) {
            ret->letter = *end;
            ret->width = *end == 'c' ? 1 : ret->width;
        } else {
            return FALSE;
        }
    }
    return TRUE;
}

/* A number, or several with + - * between them, from left to right. */
static gboolean evaluate(const char *text, uint64_t *ret)
{
    char operation = '+';
    uint64_t value = 0;

    for (;;) {
        char *end;
        text += strspn(text, " ");
        uint64_t operand = g_ascii_strtoull(text, &end, 0);
        if (end == text || *text == '-' || *text == '+') {
            return FALSE;
        }
        value = operation == '+'   ? value + operand
                : operation == '-' ? value - operand
                                   : value * operand;
        text = end + strspn(end, " ");
        if (*text == '\0') {
            *ret = value;
            return TRUE;
        }
        if (strchr("+-*", *text) == NULL) {
            return FALSE;
        }
        operation = *text++;
    }
}

static void append_value(GString *out, const Format *format, uint64_t value)
{
    uint32_t bits = format->width * 8;
    int64_t extended = (int64_t)(value << (64 - bits)) >> (64 - bits);

    switch (format->letter) {
    case 'd':
        g_string_append_printf(out, " %" G_GINT64_FORMAT, extended);
        break;
    case 'u':
        g_string_append_printf(out, " %" G_GUINT64_FORMAT, value);
        break;
    case 'o':
        g_string_append_printf(out, " 0%" G_GINT64_MODIFIER "o", value);
        break;
    case 'c':
        g_string_append_printf(out, value >= 0x20 && value < 0x7F ? " '%c'" : " '\\x%02x'",
                               (int)value);
        break;
    default:
        g_string_append_printf(out, " 0x%0*" G_GINT64_MODIFIER "x", (int)format->width * 2, value);
        break;
    }
}

void qh_monitor_print(const QhMonitorCall *call)
{
    Format format;
    uint64_t value;

    if (!parse_format(call->format, &format)) {
        g_string_append_printf(call->out, "bad format: '%.32s'\n", call->format);
        return;
    }
    if (!evaluate(call->args, &value)) {
        g_string_append_printf(call->out, "bad expression: '%.64s'\n", call->args);
        return;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    if (format.letter == 'x') {
        g_string_append_printf(text, " 0x%" G_GINT64_MODIFIER "x", value);
    } else {
        format.width = 8;
        append_value(text, &format, value);
    }
    g_string_append_printf(call->out, "%s\n", text->str + 1);
}

/* Values follow the target's byte order. */
static gboolean is_big_endian(QhVcpu *vcpu)
{
    return vcpu != NULL && (qh_vcpu_cluster(vcpu)->target_ops->flags & QH_TARGET_BIG_ENDIAN) != 0;
}

static uint64_t load(const uint8_t *bytes, uint32_t width, gboolean big_endian)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < width; i++) {
        value = value << 8 | bytes[big_endian ? i : width - 1 - i];
    }
    return value;
}

static gboolean
read_memory(QhMachine *machine, QhVcpu *vcpu, uint64_t address, uint8_t *buffer, uint32_t width)
{
    if (vcpu != NULL) {
        return qh_vcpu_debug_read(vcpu, address, buffer, width);
    }
    return qh_mem_service.read(qh_machine_system(machine), address, buffer, width, QH_ATTR_DEBUG) ==
           QH_BUS_OK;
}

static void examine(const QhMonitorCall *call, gboolean is_physical)
{
    QhMachine *machine = qh_host_machine(call->host);
    QhVcpu *vcpu = machine != NULL && call->cpu_index < qh_machine_n_vcpus(machine)
                       ? qh_machine_vcpu(machine, call->cpu_index)
                       : NULL;
    Format format;
    uint64_t address;

    if (machine == NULL || (vcpu == NULL && !is_physical)) {
        g_string_append(call->out, machine == NULL ? "No machine\n" : "No CPU available\n");
        return;
    }
    if (!parse_format(call->format, &format)) {
        g_string_append_printf(call->out, "bad format: '%.32s'\n", call->format);
        return;
    }
    if (!evaluate(call->args, &address)) {
        g_string_append_printf(call->out, "bad address: '%.64s'\n", call->args);
        return;
    }
    gboolean big_endian = is_big_endian(vcpu);
    uint32_t in_line = format.letter == 'c' ? 8 : MAX(16 / format.width, 1);
    gboolean resume = qh_stopped_begin(call->host);
    for (uint32_t i = 0; i < format.count; i++, address += format.width) {
        uint8_t buffer[8];
        if (!read_memory(machine, is_physical ? NULL : vcpu, address, buffer, format.width)) {
            g_string_append_printf(call->out,
                                   "%sCannot access memory at 0x%" G_GINT64_MODIFIER "x\n",
                                   i % in_line != 0 ? "\n" : "", address);
            qh_stopped_end(call->host, resume);
            return;
        }
        if (i % in_line == 0) {
            g_string_append_printf(call->out, "%s%016" G_GINT64_MODIFIER "x:", i > 0 ? "\n" : "",
                                   address);
        }
        append_value(call->out, &format, load(buffer, format.width, big_endian));
    }
    g_string_append_c(call->out, '\n');
    qh_stopped_end(call->host, resume);
}

void qh_monitor_examine(const QhMonitorCall *call)
{
    examine(call, FALSE);
}

void qh_monitor_examine_physical(const QhMonitorCall *call)
{
    examine(call, TRUE);
}
