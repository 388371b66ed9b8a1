/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/gdb/registers.h"

#include "abi/gdb.h"
#include "abi/target.h"
#include "core/gdb/text.h"
#include "core/jit/ir.h"
#include "core/jit/jit-cpu.h"
#include "core/vcpu/vcpu.h"

#include <string.h>

#define MAX_BYTES 256u

typedef struct Register {
    const QhGdbRegister *info;
    const QhStateField *field; /* NULL: located, or computed */
    uint32_t offset;           /* in the state, as are wide bytes of it */
    uint32_t wide;             /* 0: computed */
    uint32_t bytes;            /* what gdb sees */
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

/* Whether the target computes @info; *@ret has it then. */
static gboolean
is_computed(const QhGdbOps *ops, QhCpu *cpu, const QhGdbRegister *info, Register *ret)
{
    uint64_t value;

    ret->wide = 0;
    return QH_HAS(ops, write) && ops->read != NULL && ops->write != NULL &&
           (info->bits == 8 || info->bits == 16 || info->bits == 32 || info->bits == 64) &&
           ops->read(cpu, info->number, &value);
}

/* Find @info in the state of @cluster's CPUs. FALSE: they have no such register. */
static gboolean
find_place(const QhGdbOps *ops, const QhCluster *cluster, const QhGdbRegister *info, Register *ret)
{
    const QhStateField *field = find_field(cluster->cpu_ops->state, info->field);

    *ret = (Register){.info = info, .field = field, .bytes = info->bits / 8};
    if (field != NULL) {
        ret->offset = field->offset;
        ret->wide = qh_ir_type_bytes(field->type);
        return info->bits % 8 == 0 && ret->bytes <= sizeof(uint64_t) * 2;
    }
    if (info->field != NULL || cluster->vcpus->len == 0) {
        return FALSE;
    }
    QhCpu *cpu = qh_vcpu_state(cluster->vcpus->pdata[0]);

    if (ops->locate == NULL || !ops->locate(cpu, info->number, &ret->offset, &ret->wide)) {
        return is_computed(ops, cpu, info, ret);
    }
    ret->bytes = ret->wide;
    return ret->bytes >= 1 && ret->bytes <= MAX_BYTES && ret->offset >= sizeof(QhCpu) &&
           ret->offset <= cluster->cpu_ops->state_size - ret->bytes;
}

static void add_types(QhGdbRegisters *registers, const QhCluster *cluster, const char *feature)
{
    if (registers->ops->types != NULL && cluster->vcpus->len > 0) {
        g_autofree char *types =
            registers->ops->types(qh_vcpu_state(cluster->vcpus->pdata[0]), feature);
        g_string_append(registers->xml, types != NULL ? types : "");
    }
}

/* A register that the state does not have is left out, and so is a feature without any. */
static void add_feature(QhGdbRegisters *registers, const QhCluster *cluster, uint32_t which)
{
    const QhGdbFeature *feature = &registers->ops->features[which];
    guint before = registers->all->len;

    for (uint32_t i = 0; i < feature->n_registers; i++) {
        Register one;
        if (find_place(registers->ops, cluster, &feature->registers[i], &one)) {
            g_array_append_val(registers->all, one);
        }
    }
    if (which == 0) {
        registers->n_general = registers->all->len;
    }
    if (registers->all->len == before) {
        return;
    }
    g_string_append_printf(registers->xml, "<feature name=\"%s\">\n", feature->name);
    add_types(registers, cluster, feature->name);
    for (guint i = before; i < registers->all->len; i++) {
        const Register *one = &g_array_index(registers->all, Register, i);
        g_string_append_printf(
            registers->xml, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"/>\n",
            one->info->name, one->bytes * 8, one->info->type != NULL ? one->info->type : "int",
            one->info->number);
    }
    g_string_append(registers->xml, "</feature>\n");
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

static gboolean is_zero(const Register *one)
{
    return one->field != NULL && one->field->flags & QH_STATE_ZERO;
}

/* A located register is in the guest's order already. */
static void
read_one(const QhGdbRegisters *registers, const Register *one, QhVcpu *vcpu, GString *text)
{
    const char *state = (const char *)qh_vcpu_state(vcpu);
    uint8_t bytes[MAX_BYTES] = {0};

    if (one->wide == 0) {
        uint64_t value = 0;

        (void)registers->ops->read(qh_vcpu_state(vcpu), one->info->number, &value);
        value = GUINT64_TO_LE(value);
        memcpy(bytes, &value, one->bytes);
        guest_order(registers, bytes, one->bytes);
    } else if (!is_zero(one)) {
        memcpy(bytes, state + one->offset, one->wide);
    }
    if (one->field != NULL) {
        host_order(bytes, one->wide);
        guest_order(registers, bytes, one->bytes);
    }
    qh_gdb_append_bytes(text, bytes, one->bytes);
}

static gboolean
write_one(const QhGdbRegisters *registers, const Register *one, QhVcpu *vcpu, const char **at)
{
    char *state = (char *)qh_vcpu_state(vcpu);
    uint32_t wide = one->wide, n = one->bytes;
    uint8_t bytes[MAX_BYTES] = {0}, field[MAX_BYTES] = {0};

    if (!qh_gdb_read_bytes(at, bytes, n)) {
        return FALSE;
    }
    if (one->field == NULL && wide != 0) {
        memcpy(state + one->offset, bytes, n);
        return TRUE;
    }
    guest_order(registers, bytes, n);
    if (wide == 0) {
        uint64_t value = 0;

        memcpy(&value, bytes, n);
        registers->ops->write(qh_vcpu_state(vcpu), one->info->number, GUINT64_FROM_LE(value));
        return TRUE;
    }
    if (is_zero(one)) {
        return TRUE;
    }
    /* narrower than its field: the rest stays, but general registers are kept sign-extended */
    memcpy(field, state + one->offset, wide);
    host_order(field, wide);
    if (one->field->klass == QH_CLASS_GPR && n < wide) {
        memset(field, bytes[n - 1] & 0x80 ? 0xff : 0, wide);
    }
    memcpy(field, bytes, MIN(n, wide));
    host_order(field, wide);
    if (one->field->klass == QH_CLASS_PC && memcmp(state + one->offset, field, wide) != 0) {
        qh_vcpu_state(vcpu)->halted = 0; /* it waited in the instruction where it was */
    }
    memcpy(state + one->offset, field, wide);
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
    if (one->wide == 0 || (one->field != NULL && (one->field->klass == QH_CLASS_CTRL ||
                                                  one->field->klass == QH_CLASS_FP))) {
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
