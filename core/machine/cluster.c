/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cluster: the CPUs of one target, its slots and its engine. */
#include "abi/target.h"
#include "abi/translator.h"
#include "core/jit/engine.h"
#include "core/machine/machine-priv.h"
#include "core/vcpu/vcpu.h"

#include <string.h>

static void vcpu_free(void *vcpu)
{
    qh_vcpu_free(vcpu);
}

static gboolean acquire_slots(QhCluster *cluster, GError **error)
{
    QhRegistry *registry = qh_host_registry(cluster->machine->host);

    if (!qh_registry_acquire(registry, "target", cluster->target, &cluster->target_slot, error) ||
        !qh_registry_acquire(registry, "cpu", cluster->target, &cluster->cpu_slot, error) ||
        !qh_registry_acquire(registry, "translator", cluster->target, &cluster->translator_slot,
                             error)) {
        return FALSE;
    }
    cluster->target_ops = cluster->target_slot.ops;
    cluster->cpu_ops = cluster->cpu_slot.ops;
    cluster->translator_ops = cluster->translator_slot.ops;
    return TRUE;
}

/* -cpu and the board's default speak of the target that the machine is for; a cluster of another
 * one beside it has that target's own. */
static gboolean is_main(const QhCluster *cluster)
{
    return cluster->machine->target == NULL ||
           strcmp(cluster->machine->target, cluster->target) == 0;
}

/* What the user asked for, else what the board has, else what the target has. */
static const char *cpu_model(const QhCluster *cluster)
{
    const QhMachine *machine = cluster->machine;

    if (is_main(cluster) && machine->config.cpu_model != NULL) {
        return machine->config.cpu_model;
    }
    if (is_main(cluster) && machine->ops != NULL && machine->ops->default_cpu != NULL) {
        return machine->ops->default_cpu;
    }
    return cluster->target_ops->default_cpu;
}

static gboolean create_cpus(QhCluster *cluster, uint32_t n, GError **error)
{
    QhMachine *machine = cluster->machine;

    cluster->engine = qh_engine_new(cluster, error);
    if (cluster->engine == NULL) {
        return FALSE;
    }
    for (uint32_t i = 0; i < n; i++) {
        QhVcpu *vcpu =
            qh_vcpu_new(cluster, machine->vcpus->len, cpu_model(cluster),
                        is_main(cluster) ? machine->options->cpu_properties : NULL, error);
        if (vcpu == NULL) {
            return FALSE;
        }
        g_ptr_array_add(cluster->vcpus, vcpu);
        g_ptr_array_add(machine->vcpus, vcpu);
    }
    return TRUE;
}

QhCluster *
qh_cluster_new(QhMachine *machine, const char *target, uint32_t n, QhSpace *space, GError **error)
{
    QhCluster *cluster = g_new0(QhCluster, 1);

    cluster->machine = machine;
    cluster->target = g_strdup(target);
    cluster->space = space;
    cluster->vcpus = g_ptr_array_new_with_free_func(vcpu_free);
    g_ptr_array_add(machine->clusters, cluster);
    if (!acquire_slots(cluster, error) || !create_cpus(cluster, n, error)) {
        return NULL; /* the machine frees what there is */
    }
    return cluster;
}

void qh_cluster_free(QhCluster *cluster)
{
    g_ptr_array_unref(cluster->vcpus);
    qh_engine_free(cluster->engine);
    if (cluster->translator_slot.ops != NULL) {
        qh_slot_release(&cluster->translator_slot);
    }
    if (cluster->cpu_slot.ops != NULL) {
        qh_slot_release(&cluster->cpu_slot);
    }
    if (cluster->target_slot.ops != NULL) {
        qh_slot_release(&cluster->target_slot);
    }
    g_free(cluster->target);
    g_free(cluster);
}
