/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interfaces that this host serves: for each its table, its methods, and what must hold. To add
 * an interface, add a row at the foot. To append a method to a table, add it to the methods here
 * and leave first_bytes alone.
 */
#include "abi/block-driver.h"
#include "abi/chardev.h"
#include "abi/command.h"
#include "abi/gdb.h"
#include "abi/machine.h"
#include "abi/net.h"
#include "abi/object.h"
#include "abi/screen.h"
#include "abi/target.h"
#include "abi/translator.h"
#include "core/module/interface-priv.h"
#include <string.h>

#define STATE_MAX (16u << 20) /* bytes of one CPU's, board's or device's state */

/* Offset just past @member: the size of a table that ends with it. */
#define UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))

static gboolean check_state_size(const QhSlot *slot, uint32_t bytes, size_t head, GError **error)
{
    return (bytes >= head && bytes <= STATE_MAX) ||
           qh_slot_bad(slot, error, "its state has %u bytes, between %zu and %u expected", bytes,
                       head, STATE_MAX);
}

static uint32_t property_bytes(uint32_t type)
{
    static const uint8_t bytes[] = {
        [QH_PROPERTY_BOOL] = 1,
        [QH_PROPERTY_U8] = 1,
        [QH_PROPERTY_U16] = 2,
        [QH_PROPERTY_U32] = 4,
        [QH_PROPERTY_U64] = 8,
        [QH_PROPERTY_SIZE] = 8,
        [QH_PROPERTY_STRING] = sizeof(char *),
        [QH_PROPERTY_CHARDEV] = sizeof(QhChar *),
        [QH_PROPERTY_ONOFFAUTO] = 1,
        [QH_PROPERTY_BLOCK] = sizeof(void *),
        [QH_PROPERTY_NETDEV] = sizeof(void *),
        [QH_PROPERTY_OBJECT] = sizeof(void *),
        [QH_PROPERTY_MAC] = 6,
        [QH_PROPERTY_ENUM] = 1,
        [QH_PROPERTY_I32] = 4,
    };

    return type < G_N_ELEMENTS(bytes) ? bytes[type] : 0;
}

static gboolean check_property(const QhSlot *slot,
                               const QhProperty *property,
                               uint32_t state_size,
                               size_t head,
                               GError **error)
{
    uint32_t bytes = property_bytes(property->type);

    if (!qh_slot_check_text(slot, property->name, FALSE, "a property's name", error) ||
        !qh_slot_check_text(slot, property->description, TRUE, "a property's description", error) ||
        !qh_slot_check_text(slot, property->default_text, TRUE, "a property's default", error)) {
        return FALSE;
    }
    if (bytes == 0) {
        return qh_slot_bad(slot, error, "property '%s' has the unknown type %u", property->name,
                           property->type);
    }
    if (property->offset < head || property->offset > state_size ||
        bytes > state_size - property->offset ||
        (property->type != QH_PROPERTY_MAC && property->offset % bytes != 0)) {
        return qh_slot_bad(slot, error, "property '%s' lies outside the state", property->name);
    }
    if (!qh_slot_check_text(slot, property->values, property->type != QH_PROPERTY_ENUM,
                            "the values of a property", error)) {
        return FALSE;
    }
    gboolean ordered = property->type == QH_PROPERTY_I32
                           ? (int64_t)property->min <= (int64_t)property->max
                           : property->min <= property->max;
    return ordered ||
           qh_slot_bad(slot, error, "property '%s' has no value in its range", property->name);
}

static gboolean
unique(const QhSlot *slot, GHashTable *names, const char *name, const char *what, GError **error)
{
    return g_hash_table_add(names, (gpointer)name) ||
           qh_slot_bad(slot, error, "%s '%s' stands there twice", what, name);
}

gboolean qh_slot_take_properties(QhSlot *slot,
                                 const QhPropertyTable **properties,
                                 uint32_t state_size,
                                 size_t head,
                                 GError **error)
{
    if (!qh_slot_take_struct(slot, (const void **)properties, sizeof(QhPropertyTable),
                             UP_TO(QhPropertyTable, properties), "its property table", error)) {
        return FALSE;
    }
    if (*properties == NULL) {
        return TRUE;
    }
    QhPropertyTable *table = (QhPropertyTable *)*properties;
    if (!qh_slot_take_array(slot, (const void **)&table->properties, table->n_properties,
                            &table->property_size, sizeof(QhProperty), UP_TO(QhProperty, max),
                            "its property table", error)) {
        return FALSE;
    }
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t i = 0; i < table->n_properties; i++) {
        const QhProperty *property = &table->properties[i];
        if (!check_property(slot, property, state_size, head, error) ||
            !unique(slot, names, property->name, "property", error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
check_field(const QhSlot *slot, const QhStateField *field, uint32_t state_size, GError **error)
{
    static const uint8_t type_bytes[] = {
        [QH_TYPE_I8] = 1,    [QH_TYPE_I16] = 2,   [QH_TYPE_I32] = 4, [QH_TYPE_I64] = 8,
        [QH_TYPE_I128] = 16, [QH_TYPE_F32] = 4,   [QH_TYPE_F64] = 8, [QH_TYPE_F128] = 16,
        [QH_TYPE_V64] = 8,   [QH_TYPE_V128] = 16,
    };
    uint64_t bytes = field->type < G_N_ELEMENTS(type_bytes) ? type_bytes[field->type] : 0;

    if (!qh_slot_check_text(slot, field->name, FALSE, "a state field's name", error)) {
        return FALSE;
    }
    if (bytes == 0 || field->klass > QH_CLASS_PC) {
        return qh_slot_bad(slot, error, "state field '%s' has the unknown type %u or class %u",
                           field->name, field->type, field->klass);
    }
    return field->offset + bytes * MAX(field->count, 1) <= state_size ||
           qh_slot_bad(slot, error, "state field '%s' lies outside the state of %u bytes",
                       field->name, state_size);
}

gboolean
qh_slot_take_state(QhSlot *slot, const QhStateTable **state, uint32_t state_size, GError **error)
{
    if (!qh_slot_take_struct(slot, (const void **)state, sizeof(QhStateTable),
                             UP_TO(QhStateTable, fields), "its state table", error)) {
        return FALSE;
    }
    if (*state == NULL) {
        return TRUE;
    }
    QhStateTable *table = (QhStateTable *)*state;
    if (!qh_slot_take_array(slot, (const void **)&table->fields, table->n_fields,
                            &table->field_size, sizeof(QhStateField), UP_TO(QhStateField, since),
                            "its state table", error)) {
        return FALSE;
    }
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t i = 0; i < table->n_fields; i++) {
        if (!check_field(slot, &table->fields[i], state_size, error) ||
            !unique(slot, names, table->fields[i].name, "state field", error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_target(QhSlot *slot, void *table, GError **error)
{
    const QhTargetOps *ops = table;

    if (!qh_slot_check_text(slot, ops->name, FALSE, "its name", error) ||
        !qh_slot_check_text(slot, ops->description, TRUE, "its description", error) ||
        !qh_slot_check_text(slot, ops->default_machine, TRUE, "its default machine", error) ||
        !qh_slot_check_text(slot, ops->default_cpu, TRUE, "its default CPU", error)) {
        return FALSE;
    }
    if (strcmp(ops->name, slot->name) != 0) {
        return qh_slot_bad(slot, error, "its table is of target '%s'", ops->name);
    }
    if ((ops->address_bits != 32 && ops->address_bits != 64) || ops->page_bits < 8 ||
        ops->page_bits > 16 || ops->n_mmu_indices < 1 || ops->n_mmu_indices > 16 ||
        ops->insn_alignment == 0 || ops->insn_alignment > 16 || ops->nan_rule > QH_NAN_S390) {
        return qh_slot_bad(slot, error,
                           "address_bits %u, page_bits %u, n_mmu_indices %u, insn_alignment %u or "
                           "nan_rule %u is out of range",
                           ops->address_bits, ops->page_bits, ops->n_mmu_indices,
                           ops->insn_alignment, ops->nan_rule);
    }
    return TRUE;
}

static gboolean check_cpu(QhSlot *slot, void *table, GError **error)
{
    QhCpuOps *ops = table;

    if (!check_state_size(slot, ops->state_size, sizeof(QhCpu), error) ||
        !qh_slot_take_state(slot, &ops->state, ops->state_size, error) ||
        !qh_slot_take_properties(slot, &ops->properties, ops->state_size, sizeof(QhCpu), error) ||
        !qh_slot_take_array(slot, (const void **)&ops->models, ops->n_models, &ops->model_size,
                            sizeof(QhCpuModel), UP_TO(QhCpuModel, reserved), "its model table",
                            error)) {
        return FALSE;
    }
    if (ops->n_models == 0 || ops->n_irq_lines > 64) {
        return qh_slot_bad(slot, error, "it has %u models and %u interrupt lines", ops->n_models,
                           ops->n_irq_lines);
    }
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t i = 0; i < ops->n_models; i++) {
        const QhCpuModel *model = &ops->models[i];
        if (!qh_slot_check_text(slot, model->name, FALSE, "a model's name", error) ||
            !qh_slot_check_text(slot, model->description, TRUE, "a model's description", error) ||
            !unique(slot, names, model->name, "model", error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The types that QhHelper can pass. */
static gboolean is_passed(uint32_t type)
{
    return type >= QH_TYPE_B1 && type <= QH_TYPE_V128 && type != QH_TYPE_F128 &&
           type != QH_TYPE_V64;
}

static gboolean check_helper(const QhSlot *slot, const QhHelper *helper, GError **error)
{
    gboolean good = helper->ret == QH_TYPE_NONE || is_passed(helper->ret);

    if (!qh_slot_check_text(slot, helper->name, FALSE, "a helper's name", error) ||
        !qh_slot_check_code(slot, (const void *)(uintptr_t)helper->fn, TRUE, helper->name, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < MIN(helper->n_args, G_N_ELEMENTS(helper->args)); i++) {
        good = good && is_passed(helper->args[i]);
    }
    return (good && helper->n_args <= G_N_ELEMENTS(helper->args)) ||
           qh_slot_bad(slot, error, "the signature of helper '%s' is not one that IR can call",
                       helper->name);
}

static gboolean check_translator(QhSlot *slot, void *table, GError **error)
{
    QhTranslatorOps *ops = table;

    if (!qh_slot_take_array(slot, (const void **)&ops->helpers, ops->n_helpers, &ops->helper_size,
                            sizeof(QhHelper), UP_TO(QhHelper, reserved), "its helper table",
                            error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < ops->n_helpers; i++) {
        if (!check_helper(slot, &ops->helpers[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_machine(QhSlot *slot, void *table, GError **error)
{
    QhMachineOps *ops = table;

    if (!qh_slot_check_text(slot, ops->description, TRUE, "its description", error) ||
        !qh_slot_check_text(slot, ops->default_cpu, TRUE, "its default CPU", error) ||
        !qh_slot_check_text(slot, ops->default_ram_id, TRUE, "the name of its RAM", error) ||
        !check_state_size(slot, ops->state_size, sizeof(QhBoard), error) ||
        !qh_slot_take_properties(slot, &ops->properties, ops->state_size, sizeof(QhBoard), error)) {
        return FALSE;
    }
    return (ops->max_cpus >= 1 && ops->max_cpus <= 4096 && ops->default_cpus >= 1 &&
            ops->default_cpus <= ops->max_cpus) ||
           qh_slot_bad(slot, error, "it has %u CPUs of at most %u", ops->default_cpus,
                       ops->max_cpus);
}

static gboolean check_io(QhSlot *slot, const QhIoOps **table, GError **error)
{
    static const QhMethod methods[] = {
        {"read",  offsetof(QhIoOps, read),  TRUE},
        {"write", offsetof(QhIoOps, write), TRUE},
    };

    if (*table == NULL) {
        return qh_slot_bad(slot, error, "a window has no operations");
    }
    if (!qh_slot_take_struct(slot, (const void **)table, sizeof(QhIoOps), UP_TO(QhIoOps, write),
                             "the operations of a window", error)) {
        return FALSE;
    }
    const QhIoOps *ops = *table;
    if (ops->min_size == 0 || ops->max_size > 8 || ops->min_size > ops->max_size ||
        (ops->min_size & (ops->min_size - 1)) != 0 || (ops->max_size & (ops->max_size - 1)) != 0) {
        return qh_slot_bad(slot, error, "a window takes accesses of %u to %u bytes", ops->min_size,
                           ops->max_size);
    }
    return qh_slot_check_methods(slot, ops, methods, G_N_ELEMENTS(methods), "window ", error);
}

static gboolean check_device(QhSlot *slot, void *table, GError **error)
{
    QhDeviceOps *ops = table;

    if (!qh_slot_check_text(slot, ops->description, TRUE, "its description", error) ||
        !qh_slot_check_text(slot, ops->bus, TRUE, "its bus", error) ||
        !check_state_size(slot, ops->state_size, sizeof(QhDevice), error) ||
        !qh_slot_take_properties(slot, &ops->properties, ops->state_size, sizeof(QhDevice),
                                 error) ||
        !qh_slot_take_state(slot, &ops->state, ops->state_size, error) ||
        !qh_slot_take_array(slot, (const void **)&ops->windows, ops->n_windows, &ops->window_size,
                            sizeof(QhWindow), UP_TO(QhWindow, ops), "its window table", error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < ops->n_windows; i++) {
        QhWindow *window = (QhWindow *)&ops->windows[i];
        if (!qh_slot_check_text(slot, window->name, TRUE, "a window's name", error) ||
            !check_io(slot, &window->ops, error)) {
            return FALSE;
        }
    }
    return ops->n_irq_in == 0 || ops->irq_in != NULL ||
           qh_slot_bad(slot, error, "mandatory method 'irq_in' is missing");
}

static gboolean check_gdb(QhSlot *slot, void *table, GError **error)
{
    QhGdbOps *ops = table;

    if (!qh_slot_check_text(slot, ops->architecture, FALSE, "its architecture", error) ||
        !qh_slot_take_array(slot, (const void **)&ops->features, ops->n_features,
                            &ops->feature_size, sizeof(QhGdbFeature),
                            UP_TO(QhGdbFeature, register_size), "its feature table", error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < ops->n_features; i++) {
        QhGdbFeature *feature = (QhGdbFeature *)&ops->features[i];
        if (!qh_slot_check_text(slot, feature->name, FALSE, "a feature's name", error) ||
            !qh_slot_take_array(slot, (const void **)&feature->registers, feature->n_registers,
                                &feature->register_size, sizeof(QhGdbRegister),
                                UP_TO(QhGdbRegister, number), "a register table", error)) {
            return FALSE;
        }
        for (uint32_t r = 0; r < feature->n_registers; r++) {
            const QhGdbRegister *reg = &feature->registers[r];
            if (!qh_slot_check_text(slot, reg->name, FALSE, "a register's name", error) ||
                !qh_slot_check_text(slot, reg->field, TRUE, "a register's field", error) ||
                !qh_slot_check_text(slot, reg->type, TRUE, "a register's type", error)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

static gboolean check_command(QhSlot *slot, void *table, GError **error)
{
    const QhCommandOps *ops = table;

    return qh_slot_check_text(slot, ops->digest, FALSE, "the digest of its types", error);
}

static gboolean check_chardev(QhSlot *slot, void *table, GError **error)
{
    const QhChardevOps *ops = table;

    return qh_slot_check_text(slot, ops->description, TRUE, "its description", error) &&
           check_state_size(slot, ops->state_size, 0, error);
}

static gboolean check_block(QhSlot *slot, void *table, GError **error)
{
    QhBlockDriverOps *ops = table;

    if (!qh_slot_check_text(slot, ops->description, TRUE, "its description", error) ||
        !qh_slot_check_text(slot, ops->children, TRUE, "the roles of its children", error) ||
        !check_state_size(slot, ops->state_size, sizeof(QhBlockDriver), error) ||
        !qh_slot_take_properties(slot, &ops->properties, ops->state_size, sizeof(QhBlockDriver),
                                 error)) {
        return FALSE;
    }
    return ops->kind <= QH_BLOCK_FILTER ||
           qh_slot_bad(slot, error, "it is of the unknown kind %u", ops->kind);
}

static gboolean check_netdev(QhSlot *slot, void *table, GError **error)
{
    const QhNetdevOps *ops = table;

    return qh_slot_check_text(slot, ops->description, TRUE, "its description", error) &&
           check_state_size(slot, ops->state_size, 0, error);
}

static gboolean check_screen_client(QhSlot *slot, void *table, GError **error)
{
    const QhScreenClientOps *ops = table;

    return qh_slot_check_text(slot, ops->description, TRUE, "its description", error) &&
           check_state_size(slot, ops->state_size, 0, error);
}

static gboolean check_object(QhSlot *slot, void *table, GError **error)
{
    QhObjectOps *ops = table;

    return qh_slot_check_text(slot, ops->description, TRUE, "its description", error) &&
           qh_slot_check_text(slot, ops->interface, TRUE, "its interface", error) &&
           check_state_size(slot, ops->state_size, sizeof(QhObjectHead), error) &&
           qh_slot_take_properties(slot, &ops->properties, ops->state_size, sizeof(QhObjectHead),
                                   error);
}

static const QhStateField *find_field(const QhCpuOps *cpu, const char *name)
{
    for (uint32_t i = 0; cpu->state != NULL && i < cpu->state->n_fields; i++) {
        if (strcmp(cpu->state->fields[i].name, name) == 0) {
            return &cpu->state->fields[i];
        }
    }
    return NULL;
}

static gboolean check_lazy_flags(const QhSlot *translator, const QhCpuOps *cpu, GError **error)
{
    const QhTranslatorOps *ops = translator->ops;
    uint32_t n_fields = cpu->state != NULL ? cpu->state->n_fields : 0;

    for (guint i = 0; ops->lazy_flags != 0 && i < G_N_ELEMENTS(ops->lazy_slots); i++) {
        uint32_t slot = ops->lazy_slots[i];
        uint32_t type = i == 0 ? QH_TYPE_I32 : QH_TYPE_I64;
        if (slot >= n_fields || cpu->state->fields[slot].type != type) {
            return qh_slot_bad(translator, error, "lazy flag slot %u is no state field of its type",
                               slot);
        }
    }
    return TRUE;
}

gboolean qh_slots_check_target(const QhSlot *cpu,
                               const QhSlot *translator,
                               const QhSlot *gdb,
                               GError **error)
{
    const QhGdbOps *ops = gdb != NULL ? gdb->ops : NULL;

    if (!check_lazy_flags(translator, cpu->ops, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; ops != NULL && i < ops->n_features; i++) {
        for (uint32_t r = 0; r < ops->features[i].n_registers; r++) {
            const char *field = ops->features[i].registers[r].field;
            if (field != NULL && find_field(cpu->ops, field) == NULL) {
                return qh_slot_bad(gdb, error, "register field '%s' is not in the state table",
                                   field);
            }
        }
    }
    return TRUE;
}

static const QhMethod cpu_methods[] = {
    {"model_defaults",  offsetof(QhCpuOps, model_defaults),  TRUE },
    {"realize",         offsetof(QhCpuOps, realize),         TRUE },
    {"unrealize",       offsetof(QhCpuOps, unrealize),       FALSE},
    {"reset",           offsetof(QhCpuOps, reset),           TRUE },
    {"take_interrupt",  offsetof(QhCpuOps, take_interrupt),  TRUE },
    {"has_work",        offsetof(QhCpuOps, has_work),        TRUE },
    {"translate",       offsetof(QhCpuOps, translate),       TRUE },
    {"mem_fault",       offsetof(QhCpuOps, mem_fault),       TRUE },
    {"raise",           offsetof(QhCpuOps, raise),           TRUE },
    {"debug_translate", offsetof(QhCpuOps, debug_translate), FALSE},
    {"describe",        offsetof(QhCpuOps, describe),        FALSE},
    {"irq_changed",     offsetof(QhCpuOps, irq_changed),     FALSE},
    {"state_written",   offsetof(QhCpuOps, state_written),   FALSE},
};
static const QhMethod translator_methods[] = {
    {"translate",   offsetof(QhTranslatorOps, translate),   TRUE },
    {"disassemble", offsetof(QhTranslatorOps, disassemble), FALSE},
};
static const QhMethod machine_methods[] = {
    {"create",       offsetof(QhMachineOps, create),       TRUE },
    {"destroy",      offsetof(QhMachineOps, destroy),      FALSE},
    {"reset",        offsetof(QhMachineOps, reset),        TRUE },
    {"power_button", offsetof(QhMachineOps, power_button), FALSE},
    {"nmi",          offsetof(QhMachineOps, nmi),          FALSE},
    {"device_tree",  offsetof(QhMachineOps, device_tree),  FALSE},
};
static const QhMethod device_methods[] = {
    {"realize",          offsetof(QhDeviceOps, realize),          TRUE },
    {"unrealize",        offsetof(QhDeviceOps, unrealize),        FALSE},
    {"reset",            offsetof(QhDeviceOps, reset),            TRUE },
    {"irq_in",           offsetof(QhDeviceOps, irq_in),           FALSE},
    {"run_state",        offsetof(QhDeviceOps, run_state),        FALSE},
    {"property_changed", offsetof(QhDeviceOps, property_changed), FALSE},
    {"state_loaded",     offsetof(QhDeviceOps, state_loaded),     FALSE},
    {"stream",           offsetof(QhDeviceOps, stream),           FALSE},
};
static const QhMethod command_methods[] = {
    {"run", offsetof(QhCommandOps, run), TRUE},
};
static const QhMethod chardev_methods[] = {
    {"open",         offsetof(QhChardevOps, open),         TRUE },
    {"close",        offsetof(QhChardevOps, close),        TRUE },
    {"write",        offsetof(QhChardevOps, write),        TRUE },
    {"accept_input", offsetof(QhChardevOps, accept_input), FALSE},
};
static const QhMethod netdev_methods[] = {
    {"open",     offsetof(QhNetdevOps, open),     TRUE },
    {"close",    offsetof(QhNetdevOps, close),    TRUE },
    {"send",     offsetof(QhNetdevOps, send),     TRUE },
    {"resume",   offsetof(QhNetdevOps, resume),   FALSE},
    {"describe", offsetof(QhNetdevOps, describe), FALSE},
    {"command",  offsetof(QhNetdevOps, command),  FALSE},
};
static const QhMethod block_methods[] = {
    {"open",         offsetof(QhBlockDriverOps, open),         TRUE },
    {"close",        offsetof(QhBlockDriverOps, close),        TRUE },
    {"length",       offsetof(QhBlockDriverOps, length),       TRUE },
    {"read",         offsetof(QhBlockDriverOps, read),         TRUE },
    {"write",        offsetof(QhBlockDriverOps, write),        FALSE},
    {"flush",        offsetof(QhBlockDriverOps, flush),        FALSE},
    {"discard",      offsetof(QhBlockDriverOps, discard),      FALSE},
    {"write_zeroes", offsetof(QhBlockDriverOps, write_zeroes), FALSE},
    {"status",       offsetof(QhBlockDriverOps, status),       FALSE},
    {"truncate",     offsetof(QhBlockDriverOps, truncate),     FALSE},
    {"set_access",   offsetof(QhBlockDriverOps, set_access),   FALSE},
    {"reopen",       offsetof(QhBlockDriverOps, reopen),       FALSE},
    {"info",         offsetof(QhBlockDriverOps, info),         FALSE},
};
static const QhMethod screen_client_methods[] = {
    {"open",    offsetof(QhScreenClientOps, open),    TRUE },
    {"close",   offsetof(QhScreenClientOps, close),   TRUE },
    {"info",    offsetof(QhScreenClientOps, info),    FALSE},
    {"command", offsetof(QhScreenClientOps, command), FALSE},
};
static const QhMethod object_methods[] = {
    {"complete", offsetof(QhObjectOps, complete), TRUE },
    {"release",  offsetof(QhObjectOps, release),  FALSE},
};

const QhInterface qh_interfaces[] = {
    {"target",     QH_TARGET_INTERFACE,        1, 0, sizeof(QhTargetOps),
     UP_TO(QhTargetOps,                                                                             tininess_before_rounding), NULL,                  0,                                   check_target },
    {"cpu",        QH_CPU_INTERFACE,           1, 0, sizeof(QhCpuOps),          UP_TO(QhCpuOps,     irq_changed),              cpu_methods,
     G_N_ELEMENTS(cpu_methods),                                                                                                                                                            check_cpu    },
    {"translator", QH_TRANSLATOR_INTERFACE,    1, 0, sizeof(QhTranslatorOps),
     UP_TO(QhTranslatorOps,                                                                         disassemble),              translator_methods,    G_N_ELEMENTS(translator_methods),
     check_translator                                                                                                                                                                                   },
    {"machine",    QH_MACHINE_INTERFACE,       1, 0, sizeof(QhMachineOps),      UP_TO(QhMachineOps, device_tree),
     machine_methods,                                                                                                                                 G_N_ELEMENTS(machine_methods),       check_machine},
    {"device",     QH_DEVICE_INTERFACE,        1, 1, sizeof(QhDeviceOps),       UP_TO(QhDeviceOps,  irq_in),
     device_methods,                                                                                                                                  G_N_ELEMENTS(device_methods),        check_device },
    {"gdb",        QH_GDB_INTERFACE,           1, 0, sizeof(QhGdbOps),          UP_TO(QhGdbOps,     breakpoint_bytes),         NULL,                  0,
     check_gdb                                                                                                                                                                                          },
    {"command",    QH_COMMAND_INTERFACE,       1, 0, sizeof(QhCommandOps),      UP_TO(QhCommandOps, digest),
     command_methods,                                                                                                                                 G_N_ELEMENTS(command_methods),       check_command},
    {"chardev",    QH_CHARDEV_INTERFACE,       1, 0, sizeof(QhChardevOps),      UP_TO(QhChardevOps, accept_input),
     chardev_methods,                                                                                                                                 G_N_ELEMENTS(chardev_methods),       check_chardev},
    {"block",      QH_BLOCK_DRIVER_INTERFACE,  1, 0, sizeof(QhBlockDriverOps),
     UP_TO(QhBlockDriverOps,                                                                        info),                     block_methods,         G_N_ELEMENTS(block_methods),         check_block  },
    {"netdev",     QH_NETDEV_INTERFACE,        1, 0, sizeof(QhNetdevOps),       UP_TO(QhNetdevOps,  command),
     netdev_methods,                                                                                                                                  G_N_ELEMENTS(netdev_methods),        check_netdev },
    {"object",     QH_OBJECT_INTERFACE,        1, 0, sizeof(QhObjectOps),       UP_TO(QhObjectOps,  release),
     object_methods,                                                                                                                                  G_N_ELEMENTS(object_methods),        check_object },
    {"display",    QH_SCREEN_CLIENT_INTERFACE, 1, 0, sizeof(QhScreenClientOps),
     UP_TO(QhScreenClientOps,                                                                       command),                  screen_client_methods, G_N_ELEMENTS(screen_client_methods),
     check_screen_client                                                                                                                                                                                },
};
const guint qh_n_interfaces = G_N_ELEMENTS(qh_interfaces);
