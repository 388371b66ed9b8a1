/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A core file as gdb and crash read it (System V ABI, chapter 5; Linux, struct elf_prstatus): one
 * note with the registers of each CPU, then one segment for each run of RAM. The virtual address of
 * a segment is its physical one.
 */
#include "abi/target.h"
#include "core/dump/dump.h"
#include "core/machine/machine.h"
#include "core/vcpu/vcpu.h"

#include <elf.h>
#include <string.h>

#define MAX_RUNS        4096u
#define MAX_REGISTERS   4096u
#define STATUS_HEAD     112u /* of struct elf_prstatus before the registers, 64 bits */
#define STATUS_HEAD_32  72u
#define STATUS_PID      32u
#define STATUS_PID_32   24u
#define MACHINE_UNKNOWN 0u

static void add_run(GArray *runs, uint64_t first, uint64_t last, uint64_t begin, uint64_t end)
{
    QhDumpRun run = {MAX(first, begin), 0};

    last = MIN(last, end);
    if (run.address > last || runs->len >= MAX_RUNS) {
        return;
    }
    run.bytes = last - run.address + 1;
    if (runs->len > 0) {
        QhDumpRun *before = &g_array_index(runs, QhDumpRun, runs->len - 1);

        if (before->address + before->bytes == run.address) {
            before->bytes += run.bytes;
            return;
        }
    }
    g_array_append_val(runs, run);
}

static void find_runs(QhSpace *space, uint64_t begin, uint64_t length, GArray *runs)
{
    uint64_t end = length == 0 ? UINT64_MAX : begin + length - 1, at = 0;
    QhSection section;

    for (;;) {
        if (qh_space_find(space, at, &section) && section.ram != NULL) {
            add_run(runs, section.first, section.last, begin, end);
        }
        if (section.last == UINT64_MAX || section.last < at) {
            return;
        }
        at = section.last + 1;
    }
}

static void put_number(GByteArray *out, uint64_t value, guint bytes, gboolean big)
{
    for (guint i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * (big ? bytes - 1 - i : i));

        g_byte_array_append(out, &byte, 1);
    }
}

static void put_zeroes(GByteArray *out, guint bytes)
{
    guint at = out->len;

    g_byte_array_set_size(out, at + bytes);
    memset(out->data + at, 0, bytes);
}

/* NT_PRSTATUS of one CPU, whose "process" has its number plus one. */
static gboolean add_note(GByteArray *out, QhVcpu *vcpu, gboolean wide, gboolean big)
{
    const QhCpuOps *ops = qh_vcpu_cluster(vcpu)->cpu_ops;
    uint8_t registers[MAX_REGISTERS];

    if (!QH_HAS(ops, core_registers) || ops->core_registers == NULL) {
        return FALSE;
    }
    uint32_t bytes = ops->core_registers(qh_vcpu_state(vcpu), registers, sizeof(registers));
    guint head = wide ? STATUS_HEAD : STATUS_HEAD_32, pid = wide ? STATUS_PID : STATUS_PID_32;
    guint tail = wide ? 8 : 4;

    put_number(out, 5, 4, big); /* "CORE", its end, up to a multiple of four */
    put_number(out, head + bytes + tail, 4, big);
    put_number(out, NT_PRSTATUS, 4, big);
    g_byte_array_append(out, (const uint8_t *)"CORE\0\0\0", 8);
    put_zeroes(out, pid);
    put_number(out, qh_vcpu_index(vcpu) + 1, 4, big);
    put_zeroes(out, head - pid - 4);
    g_byte_array_append(out, registers, bytes);
    put_zeroes(out, tail);
    return TRUE;
}

static void put_header(GByteArray *out, const QhTargetOps *target, guint segments, gboolean big)
{
    uint8_t ident[EI_NIDENT] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64};
    uint32_t machine = QH_HAS(target, elf_machine) ? target->elf_machine : MACHINE_UNKNOWN;

    ident[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
    ident[EI_VERSION] = EV_CURRENT;
    g_byte_array_append(out, ident, sizeof(ident));
    put_number(out, ET_CORE, 2, big);
    put_number(out, machine, 2, big);
    put_number(out, EV_CURRENT, 4, big);
    put_number(out, 0, 8, big); /* e_entry */
    put_number(out, sizeof(Elf64_Ehdr), 8, big);
    put_number(out, 0, 8, big); /* e_shoff */
    put_number(out, 0, 4, big); /* e_flags */
    put_number(out, sizeof(Elf64_Ehdr), 2, big);
    put_number(out, sizeof(Elf64_Phdr), 2, big);
    put_number(out, segments, 2, big);
    put_zeroes(out, 6); /* no sections */
}

static void put_segment(
    GByteArray *out, uint32_t type, uint64_t offset, uint64_t address, uint64_t bytes, gboolean big)
{
    put_number(out, type, 4, big);
    put_number(out, type == PT_LOAD ? PF_R | PF_W | PF_X : 0, 4, big);
    put_number(out, offset, 8, big);
    put_number(out, address, 8, big);
    put_number(out, address, 8, big);
    put_number(out, bytes, 8, big);
    put_number(out, type == PT_LOAD ? bytes : 0, 8, big);
    put_number(out, type == PT_LOAD ? 0 : 4, 8, big);
}

GBytes *qh_dump_core_head(
    QhMachine *machine, uint64_t begin, uint64_t length, GArray *ret_runs, GError **error)
{
    g_autoptr(GByteArray) notes = g_byte_array_new();
    guint n = qh_machine_n_vcpus(machine);

    if (n == 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "the machine has no CPU");
        return NULL;
    }
    const QhTargetOps *target = qh_vcpu_cluster(qh_machine_vcpu(machine, 0))->target_ops;
    gboolean big = (target->flags & QH_TARGET_BIG_ENDIAN) != 0;
    for (guint i = 0; i < n; i++) {
        if (!add_note(notes, qh_machine_vcpu(machine, i), target->address_bits == 64, big)) {
            g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                        "target '%s' does not say what its registers look like in a core file",
                        target->name);
            return NULL;
        }
    }
    find_runs(qh_machine_system(machine), begin, length, ret_runs);
    if (ret_runs->len == 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "there is no memory at the addresses that were asked for");
        return NULL;
    }
    GByteArray *head = g_byte_array_new();
    uint64_t offset = sizeof(Elf64_Ehdr) + (uint64_t)(ret_runs->len + 1) * sizeof(Elf64_Phdr);
    put_header(head, target, ret_runs->len + 1, big);
    put_segment(head, PT_NOTE, offset, 0, notes->len, big);
    offset += notes->len;
    for (guint i = 0; i < ret_runs->len; i++) {
        const QhDumpRun *run = &g_array_index(ret_runs, QhDumpRun, i);

        put_segment(head, PT_LOAD, offset, run->address, run->bytes, big);
        offset += run->bytes;
    }
    g_byte_array_append(head, notes->data, notes->len);
    return g_byte_array_free_to_bytes(head);
}
