/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every model of a CPU: made, reset, saved and loaded, and asked for addresses. What a snapshot
 * holds must be all there is: a CPU that was loaded is the one that was saved.
 */
#include "abi/target.h"
#include "core/machine/machine.h"
#include "core/modcheck/bench.h"
#include "core/modcheck/check.h"
#include "core/modcheck/state.h"
#include "core/vcpu/vcpu.h"
#include <string.h>

#define ADDRESSES 2000u

static void stream_cpu(QhStream *stream, void *data)
{
    qh_vcpu_stream(data, stream);
}

static void loaded_cpu(void *data)
{
    qh_vcpu_loaded(data);
}

static void check_reset(QhTrial *trial, const char *model, QhVcpu *vcpu)
{
    const QhStateSubject subject = {
        .stream = stream_cpu, .loaded = loaded_cpu, .data = vcpu, .table = NULL};

    qh_trial_doing(trial, "a reset of model '%s'", model);
    qh_vcpu_reset(vcpu);
    g_autoptr(GByteArray) first = qh_state_save(&subject, NULL);
    qh_vcpu_reset(vcpu);
    g_autoptr(GByteArray) second = qh_state_save(&subject, NULL);
    if (first != NULL && second != NULL && !qh_state_same(first, second)) {
        qh_trial_problem(trial, "two resets of model '%s' leave different states", model);
    }
    qh_trial_doing(trial, "saving and loading model '%s'", model);
    qh_state_check_round(trial, &subject, model);
}

/* Any address, in each regime: an answer that fits the question, or a refusal. */
static void check_addresses(QhTrial *trial, QhBench *bench, QhVcpu *vcpu)
{
    const QhCluster *cluster = qh_vcpu_cluster(vcpu);
    const QhCpuOps *ops = cluster->cpu_ops;
    const QhTargetOps *target = cluster->target_ops;

    for (guint i = 0; i < ADDRESSES && !qh_trial_is_full(trial); i++) {
        uint64_t address = qh_bench_random(bench) >> (qh_bench_random(bench) & 63);
        uint32_t access = i % 3, index = (uint32_t)(qh_bench_random(bench) % target->n_mmu_indices);
        QhTranslation found = {.size = sizeof(found)};
        QhMemFault fault = {.size = sizeof(fault), .access = access, .mmu_index = index};
        static const uint32_t needed[] = {QH_PROT_READ, QH_PROT_WRITE, QH_PROT_EXEC};

        address = target->address_bits < 64 ? (uint32_t)address : address;
        qh_trial_doing(trial, "translate of address 0x%" G_GINT64_MODIFIER "x", address);
        if (ops->translate(qh_vcpu_state(vcpu), address, access, index, &found, &fault) &&
            ((found.prot & needed[access]) == 0 || found.page_bits > 63)) {
            qh_trial_problem(trial,
                             "translate answers for address 0x%" G_GINT64_MODIFIER
                             "x with prot %u and page_bits %u, asked for access %u",
                             address, found.prot, found.page_bits, access);
            return;
        }
    }
}

/* The low bits of the state key lead the host to the code. */
static gboolean check_key(QhTrial *trial, QhVcpu *vcpu, const char *when)
{
    const QhTargetOps *target = qh_vcpu_cluster(vcpu)->target_ops;
    uint32_t index = qh_vcpu_state(vcpu)->state_key & 15;

    if (index >= target->n_mmu_indices) {
        qh_trial_problem(trial, "after %s its state key names mmu index %u, it has %u", when, index,
                         target->n_mmu_indices);
        return FALSE;
    }
    return TRUE;
}

/* Faults that a device or an odd address makes, in the state that a reset leaves. */
static void check_faults(QhTrial *trial, QhVcpu *vcpu)
{
    const QhCpuOps *ops = qh_vcpu_cluster(vcpu)->cpu_ops;
    QhCpu *cpu = qh_vcpu_state(vcpu);

    for (uint32_t i = 0; i < 6; i++) {
        const QhMemFault fault = {.size = sizeof(fault),
                                  .kind = i < 3 ? QH_FAULT_ALIGN : QH_FAULT_BUS,
                                  .access = i % 3,
                                  .mmu_index = cpu->state_key & 15,
                                  .address = 0x1001,
                                  .phys = 0x1001};

        qh_vcpu_reset(vcpu);
        cpu->unwind = 0;
        qh_trial_doing(trial, "mem_fault of kind %u, access %u", fault.kind, fault.access);
        ops->mem_fault(cpu, &fault);
        if (cpu->unwind == 0) {
            qh_trial_problem(trial,
                             "mem_fault of kind %u, access %u enters no exception: unwind is "
                             "not set",
                             fault.kind, fault.access);
            return;
        }
        if (!check_key(trial, vcpu, "a fault")) {
            return;
        }
    }
    qh_vcpu_reset(vcpu);
    cpu->unwind = 0;
}

/* What people and debuggers see. */
static void check_looks(QhTrial *trial, QhVcpu *vcpu)
{
    const QhCpuOps *ops = qh_vcpu_cluster(vcpu)->cpu_ops;
    uint8_t buffer[4096 + 8];

    qh_trial_doing(trial, "describe");
    g_autofree char *text = qh_vcpu_describe(vcpu);
    if (text == NULL || !g_utf8_validate(text, -1, NULL)) {
        qh_trial_problem(trial, "describe gives no text");
    }
    for (uint32_t room = 0; room <= 4096 && ops->core_registers != NULL;
         room = room == 0 ? 16 : room * 16) {
        qh_trial_doing(trial, "core_registers with room for %u bytes", room);
        memset(buffer, 0xa5, sizeof(buffer));
        uint32_t bytes = ops->core_registers(qh_vcpu_state(vcpu), buffer, room);
        gboolean over = FALSE;
        for (uint32_t i = 0; i < 8; i++) {
            over = over || buffer[room + i] != 0xa5;
        }
        if (bytes > room || over) {
            qh_trial_problem(trial, "core_registers writes %u bytes where there is room for %u",
                             bytes, room);
            return;
        }
    }
}

typedef struct Model {
    const char *name; /* NULL: the default */
    gboolean first;
} Model;

static gboolean try_model(QhTrial *trial, void *data)
{
    const Model *model = data;
    const char *shown = model->name != NULL ? model->name : "default";
    g_autoptr(GError) error = NULL;
    QhBench bench;

    gboolean good = qh_bench_open(&bench, trial, &error);
    qh_trial_doing(trial, "making model '%s'", shown);
    good = good && qh_bench_bare(&bench, trial->name, model->name, &error);
    if (!good) {
        qh_trial_problem(trial, "model '%s' cannot be made: %s", shown, error->message);
    } else if (model->first) {
        QhVcpu *vcpu = qh_machine_vcpu(bench.machine, 0);

        check_reset(trial, shown, vcpu);
        (void)check_key(trial, vcpu, "a reset");
        check_addresses(trial, &bench, vcpu);
        check_faults(trial, vcpu);
        check_looks(trial, vcpu);
    }
    qh_bench_close(&bench);
    return good;
}

void qh_trial_cpu(QhTrial *trial)
{
    g_autoptr(GError) error = NULL;
    QhBench bench;
    gboolean open = qh_bench_open(&bench, trial, &error);
    g_autoptr(GPtrArray) names = open ? qh_bench_models(&bench, trial->name, &error) : NULL;

    qh_bench_close(&bench);
    if (names == NULL) {
        qh_trial_problem(trial, "%s", error->message);
        return;
    }
    for (guint i = 0; i < names->len && !qh_trial_is_full(trial); i++) {
        Model model = {g_ptr_array_index(names, i), TRUE};

        if (!try_model(trial, &model)) {
            return;
        }
    }
    Model plain = {NULL, FALSE};
    if (!qh_trial_is_full(trial)) {
        qh_bench_rounds(trial, "making a CPU", try_model, &plain);
    }
}
