/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/gdb/registers.h"

#include "abi/gdb.h"
#include "abi/target.h"
#include "core/gdb/text.h"
#include "core/jit/ir.h"
#include "core/jit/jit-cpu.h"
#include "core/vcpu/vcpu.h"

#include <string.h>

#define MAX_BYTES 16u

typedef struct Register {
    const QhGdbRegister *info;
    const QhStateField *field;
} Register;

struct QhGdbRegisters {
    QhSlotRef slot;
    const QhGdbOps *ops; /* NULL: there are none */
    gboolean big_endian;
    GArray *all;        /* Register, by number */
    uint32_t n_general; /* of the first feature */
    GString *xml;
};

static const QhStateField *find_field(const QhStateTable *table, const char *name)
{
    for (uint32_t i = 0; name != NULL && i < table->n_fields; i++) {
        const QhStateField *field = qh_ir_slot(table, i);
        if (g_str_equal(field->name, name) && field->count <= 1 &&
            qh_ir_type_bytes(field->type) != 0) {
            return field;
        }
    }
    return NULL;
}

static gint by_number(gconstpointer a, gconstpointer b)
{
    uint32_t left = ((const Register *)a)->info->number,
             right = ((const Register *)b)->info->number;

    return left < right ? -1 : left > right;
}

/* A register whose field the state table does not have is left out. */
static void add_feature(QhGdbRegisters *registers, const QhCluster *cluster, uint32_t which)
{
    const QhGdbFeature *feature = &registers->ops->features[which];

    g_string_append_printf(registers->xml, "<feature name=\"%s\">\n", feature->name);
    for (uint32_t i = 0; i < feature->n_registers; i++) {
        const QhGdbRegister *info = &feature->registers[i];
        Register one = {info, find_field(cluster->cpu_ops->state, info->field)};
        if (one.field == NULL || info->bits % 8 != 0 || info->bits / 8 > MAX_BYTES) {
            continue;
        }
        g_array_append_val(registers->all, one);
        g_string_append_printf(
            registers->xml, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"/>\n",
            info->name, info->bits, info->type != NULL ? info->type : "int", info->number);
    }
    g_string_append(registers->xml, "</feature>\n");
    if (which == 0) {
        registers->n_general = registers->all->len;
    }
}

QhGdbRegisters *qh_gdb_registers_new(QhCluster *cluster)
{
    QhGdbRegisters *registers = g_new0(QhGdbRegisters, 1);
    QhRegistry *registry = qh_host_registry(qh_machine_host(cluster->machine));

    registers->all = g_array_new(FALSE, FALSE, sizeof(Register));
    registers->big_endian = (cluster->target_ops->flags & QH_TARGET_BIG_ENDIAN) != 0;
    if (!qh_registry_acquire(registry, "gdb", cluster->target, &registers->slot, NULL)) {
        memset(&registers->slot, 0, sizeof(registers->slot));
        return registers;
    }
    registers->ops = registers->slot.ops;
    registers->xml = g_string_new("<?xml version=\"1.0\"?>\n"
                                  "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                                  "<target version=\"1.0\">\n");
    if (registers->ops->architecture != NULL) {
        g_string_append_printf(registers->xml, "<architecture>%s</architecture>\n",
                               registers->ops->architecture);
    }
    for (uint32_t i = 0; i < registers->ops->n_features; i++) {
        add_feature(registers, cluster, i);
    }
    g_string_append(registers->xml, "</target>\n");
    g_array_sort(registers->all, by_number);
    return registers;
}

void qh_gdb_registers_free(QhGdbRegisters *registers)
{
    if (registers == NULL) {
        return;
    }
    if (registers->ops != NULL) {
        qh_slot_release(&registers->slot);
        g_string_free(registers->xml, TRUE);
    }
    g_array_unref(registers->all);
    g_free(registers);
}

gboolean qh_gdb_registers_watch_before(const QhGdbRegisters *registers)
{
    return registers->ops != NULL && (registers->ops->flags & QH_GDB_WATCH_BEFORE) != 0;
}

const char *qh_gdb_registers_xml(const QhGdbRegisters *registers)
{
    return registers->xml != NULL ? registers->xml->str : NULL;
}

static const Register *find(const QhGdbRegisters *registers, uint64_t number)
{
    for (guint i = 0; i < registers->all->len; i++) {
        const Register *one = &g_array_index(registers->all, Register, i);
        if (one->info->number == number) {
            return one;
        }
    }
    return NULL;
}

/* Between the order of the host, in a field of the state, and little-endian. */
static void host_order(uint8_t *bytes, uint32_t n)
{
    for (uint32_t i = 0; G_BYTE_ORDER == G_BIG_ENDIAN && i < n / 2; i++) {
        uint8_t other = bytes[i];
        bytes[i] = bytes[n - 1 - i];
        bytes[n - 1 - i] = other;
    }
}

static void guest_order(const QhGdbRegisters *registers, uint8_t *bytes, uint32_t n)
{
    for (uint32_t i = 0; registers->big_endian && i < n / 2; i++) {
        uint8_t other = bytes[i];
        bytes[i] = bytes[n - 1 - i];
        bytes[n - 1 - i] = other;
    }
}

static void
read_one(const QhGdbRegisters *registers, const Register *one, QhVcpu *vcpu, GString *text)
{
    const char *state = (const char *)qh_vcpu_state(vcpu);
    uint32_t wide = qh_ir_type_bytes(one->field->type), n = one->info->bits / 8;
    uint8_t bytes[MAX_BYTES] = {0};

    if (!(one->field->flags & QH_STATE_ZERO)) {
        memcpy(bytes, state + one->field->offset, wide);
    }
    host_order(bytes, wide);
    guest_order(registers, bytes, n);
    qh_gdb_append_bytes(text, bytes, n);
}

static gboolean
write_one(const QhGdbRegisters *registers, const Register *one, QhVcpu *vcpu, const char **at)
{
    char *state = (char *)qh_vcpu_state(vcpu);
    uint32_t wide = qh_ir_type_bytes(one->field->type), n = one->info->bits / 8;
    uint8_t bytes[MAX_BYTES] = {0}, field[MAX_BYTES] = {0};

    if (!qh_gdb_read_bytes(at, bytes, n)) {
        return FALSE;
    }
    guest_order(registers, bytes, n);
    if (one->field->flags & QH_STATE_ZERO) {
        return TRUE;
    }
    /* narrower than its field: the rest stays, but general registers are kept sign-extended */
    memcpy(field, state + one->field->offset, wide);
    host_order(field, wide);
    if (one->field->klass == QH_CLASS_GPR && n < wide) {
        memset(field, bytes[n - 1] & 0x80 ? 0xff : 0, wide);
    }
    memcpy(field, bytes, MIN(n, wide));
    host_order(field, wide);
    memcpy(state + one->field->offset, field, wide);
    return TRUE;
}

/* Control registers say how memory is seen, and more that is kept elsewhere, too. */
static void settle(QhVcpu *vcpu)
{
    const QhCpuOps *ops = qh_vcpu_cluster(vcpu)->cpu_ops;
    QhCpu *cpu = qh_vcpu_state(vcpu);

    if (ops->state_written != NULL) {
        ops->state_written(cpu);
    }
    qh_softmmu_flush(qh_jit_of(cpu), UINT32_MAX);
}

gboolean
qh_gdb_register_read(const QhGdbRegisters *registers, QhVcpu *vcpu, uint64_t number, GString *text)
{
    const Register *one = find(registers, number);

    if (one != NULL) {
        read_one(registers, one, vcpu, text);
    }
    return one != NULL;
}

void qh_gdb_registers_read_all(const QhGdbRegisters *registers, QhVcpu *vcpu, GString *text)
{
    for (uint32_t i = 0; i < registers->n_general; i++) {
        read_one(registers, &g_array_index(registers->all, Register, i), vcpu, text);
    }
}

gboolean qh_gdb_register_write(const QhGdbRegisters *registers,
                               QhVcpu *vcpu,
                               uint64_t number,
                               const char **at)
{
    const Register *one = find(registers, number);

    if (one == NULL || !write_one(registers, one, vcpu, at)) {
        return FALSE;
    }
    if (one->field->klass == QH_CLASS_CTRL || one->field->klass == QH_CLASS_FP) {
        settle(vcpu);
    }
    return TRUE;
}

gboolean qh_gdb_registers_write_all(const QhGdbRegisters *registers, QhVcpu *vcpu, const char **at)
{
    for (uint32_t i = 0; i < registers->n_general; i++) {
        if (!write_one(registers, &g_array_index(registers->all, Register, i), vcpu, at)) {
            return FALSE;
        }
    }
    settle(vcpu);
    return TRUE;
}
