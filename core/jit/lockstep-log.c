/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from outside: devices and helpers. Recorded when compiled code runs, served from the
 * log when the interpreter does.
 */
#include "core/jit/backend/interp/helper-call.h"
#include "core/jit/lockstep-priv.h"

#include <string.h>

typedef struct Closure {
    QhLockstepOps *ops;
    uint32_t helper;
    ffi_closure *closure;
} Closure;

struct QhLockstepOps {
    QhTranslatorOps ops;
    const QhTranslatorOps *original;
    QhHelper *helpers;
    QhHelperCall *calls;
    Closure *closures;
};

/* The next event of the log, when it is one of @kind; else that is the difference. */
static const QhLockstepEvent *expect(QhLockstep *lockstep, uint32_t kind)
{
    static const char *const names[] = {"a call", "a device read", "a device write"};
    const QhLockstepEvent *event;

    if (lockstep->next_event >= lockstep->events->len) {
        qh_lockstep_differ(lockstep, "event %u: %s, only interpreted", lockstep->next_event,
                           names[kind]);
        return NULL;
    }
    event = &g_array_index(lockstep->events, QhLockstepEvent, lockstep->next_event);
    if (event->kind != kind) {
        qh_lockstep_differ(lockstep, "event %u: compiled %s, interpreted %s", lockstep->next_event,
                           names[event->kind], names[kind]);
        return NULL;
    }
    lockstep->next_event++;
    return event;
}

static gboolean same_access(QhLockstep *lockstep,
                            const QhLockstepEvent *event,
                            const void *io,
                            uint64_t offset,
                            uint32_t width)
{
    if (event->io != io || event->offset != offset || event->helper != width) {
        qh_lockstep_differ(lockstep,
                           "event %u: device access at 0x%" G_GINT64_MODIFIER
                           "x of %u bytes, interpreted at 0x%" G_GINT64_MODIFIER "x of %u",
                           lockstep->next_event - 1, event->offset, event->helper, offset, width);
        return FALSE;
    }
    return TRUE;
}

uint32_t qh_lockstep_io_read(QhJitCpu *jit,
                             QhIoWindow *io,
                             uint64_t offset,
                             uint32_t width,
                             gboolean be,
                             uint32_t attrs,
                             uint64_t *ret_value)
{
    QhLockstep *lockstep = jit->lockstep;
    QhLockstepEvent event = {.kind = QH_EVENT_READ, .helper = width, .io = io, .offset = offset};
    const QhLockstepEvent *logged;

    if (lockstep->phase == QH_LOCKSTEP_REPLAY) {
        logged = expect(lockstep, QH_EVENT_READ);
        if (logged == NULL || !same_access(lockstep, logged, io, offset, width)) {
            *ret_value = 0;
            return QH_BUS_OK;
        }
        *ret_value = logged->value[0];
        return logged->status;
    }
    event.status = qh_io_read(io, offset, width, be, attrs, ret_value);
    event.value[0] = event.status == QH_BUS_OK ? *ret_value : 0;
    if (lockstep->phase == QH_LOCKSTEP_RECORD && !lockstep->in_helper) {
        g_array_append_val(lockstep->events, event);
    }
    return event.status;
}

uint32_t qh_lockstep_io_write(QhJitCpu *jit,
                              QhIoWindow *io,
                              uint64_t offset,
                              uint32_t width,
                              gboolean be,
                              uint32_t attrs,
                              uint64_t value)
{
    QhLockstep *lockstep = jit->lockstep;
    QhLockstepEvent event = {
        .kind = QH_EVENT_WRITE, .helper = width, .io = io, .offset = offset, .value = {value, 0}
    };
    const QhLockstepEvent *logged;

    if (lockstep->phase == QH_LOCKSTEP_REPLAY) {
        logged = expect(lockstep, QH_EVENT_WRITE);
        if (logged == NULL || !same_access(lockstep, logged, io, offset, width)) {
            return QH_BUS_OK;
        }
        if (logged->value[0] != value) {
            qh_lockstep_differ(lockstep,
                               "event %u: device written 0x%" G_GINT64_MODIFIER
                               "x, interpreted 0x%" G_GINT64_MODIFIER "x",
                               lockstep->next_event - 1, logged->value[0], value);
        }
        return logged->status;
    }
    event.status = qh_io_write(io, offset, width, be, attrs, value);
    if (lockstep->phase == QH_LOCKSTEP_RECORD && !lockstep->in_helper) {
        g_array_append_val(lockstep->events, event);
    }
    return event.status;
}

/* Bits of the bytes that are different. */
static uint64_t changed_bytes(uint64_t a, uint64_t b)
{
    uint64_t mask = 0;

    for (uint32_t i = 0; i < 64; i += 8) {
        mask |= (a ^ b) >> i & 0xff ? UINT64_C(0xff) << i : 0;
    }
    return mask;
}

/* Host words are noted by their own members: halted, unwind, fp_flags. */
static uint64_t visible_bytes(uint32_t offset, uint64_t mask)
{
    uint64_t low = UINT32_MAX;

    if (offset < offsetof(QhCpu, pc) || offset == offsetof(QhCpu, irq_lines)) {
        return 0;
    }
    return offset == offsetof(QhCpu, exit_request) ? mask & ~low : mask;
}
_Static_assert(offsetof(QhCpu, exit_request) % 8 == 0, "it is the low half on this host");

static void record_deltas(QhLockstep *lockstep, QhLockstepEvent *event)
{
    const uint8_t *now = (const uint8_t *)qh_jit_state(lockstep->jit);
    uint32_t end = lockstep->jit->cpu_ops->state_size & ~7u;

    event->first_delta = lockstep->deltas->len;
    for (uint32_t at = 0; at < end; at += 8) {
        QhLockstepDelta delta = {.offset = at};
        uint64_t old;
        memcpy(&old, lockstep->helper_before + at, 8);
        memcpy(&delta.value, now + at, 8);
        if (old != delta.value) {
            delta.mask = visible_bytes(at, changed_bytes(old, delta.value));
            g_array_append_val(lockstep->deltas, delta);
        }
    }
    event->n_deltas = lockstep->deltas->len - event->first_delta;
    event->n_ranges = lockstep->ranges->len - event->first_range;
    for (uint32_t i = 0; i < event->n_ranges; i++) {
        QhLockstepRange *range =
            &g_array_index(lockstep->ranges, QhLockstepRange, event->first_range + i);
        range->data = lockstep->data->len;
        g_byte_array_append(lockstep->data, range->ram->host + range->offset, range->bytes);
    }
}

static void apply_deltas(QhLockstep *lockstep, const QhLockstepEvent *event)
{
    QhJitCpu *jit = lockstep->jit;
    uint8_t *state = (uint8_t *)qh_jit_state(jit);

    for (uint32_t i = 0; i < event->n_deltas; i++) {
        const QhLockstepDelta *delta =
            &g_array_index(lockstep->deltas, QhLockstepDelta, event->first_delta + i);
        uint64_t word;
        memcpy(&word, state + delta->offset, 8);
        word = (word & ~delta->mask) | (delta->value & delta->mask);
        memcpy(state + delta->offset, &word, 8);
    }
    for (uint32_t i = 0; i < event->n_ranges; i++) {
        QhLockstepRange *range =
            &g_array_index(lockstep->ranges, QhLockstepRange, event->first_range + i);
        qh_lockstep_before_write(jit, range->ram, range->offset, range->bytes);
        qh_ram_note_write(range->ram, range->offset, range->bytes);
        memcpy(range->ram->host + range->offset, lockstep->data->data + range->data, range->bytes);
    }
}

static uint32_t bytes_of(uint32_t type)
{
    return type == QH_TYPE_B1 || type == QH_TYPE_I8 || type == QH_TYPE_I16 ? 4
                                                                           : qh_ir_type_bytes(type);
}

static void get_args(const QhHelper *helper, void **values, uint64_t (*ret_args)[2])
{
    for (uint32_t i = 0; i < helper->n_args; i++) {
        memcpy(ret_args[i], values[1 + i], bytes_of(helper->args[i]));
    }
}

static void replay_call(
    QhLockstep *lockstep, uint32_t number, const QhHelper *helper, void **values, uint64_t *ret)
{
    const QhLockstepEvent *event = expect(lockstep, QH_EVENT_HELPER);
    uint64_t args[8][2] = {{0}};

    ret[0] = ret[1] = 0;
    if (event == NULL) {
        return;
    }
    get_args(helper, values, args);
    if (event->helper != number) {
        qh_lockstep_differ(lockstep, "event %u: compiled calls helper %u, interpreted %s",
                           lockstep->next_event - 1, event->helper, helper->name);
        return;
    }
    for (uint32_t i = 0; i < helper->n_args; i++) {
        if (memcmp(args[i], event->args[i], 16) != 0) {
            qh_lockstep_differ(lockstep,
                               "event %u: argument %u of helper %s: compiled 0x%" G_GINT64_MODIFIER
                               "x, interpreted 0x%" G_GINT64_MODIFIER "x",
                               lockstep->next_event - 1, i, helper->name, event->args[i][0],
                               args[i][0]);
        }
    }
    memcpy(ret, event->value, 16);
    apply_deltas(lockstep, event);
}

static void
real_call(const QhHelperCall *call, const QhHelper *helper, void **values, uint64_t *ret)
{
    union {
        ffi_arg word;
        uint64_t pair[2];
    } result = {.pair = {0}};

    ffi_call((ffi_cif *)&call->cif, helper->fn, &result, values);
    memcpy(ret, &result, 16);
}

/* What compiled or interpreted code calls instead of the helper. */
static void on_call(ffi_cif *cif, void *ret, void **values, void *data)
{
    const Closure *closure = data;
    const QhHelper *helper = qh_ir_helper(closure->ops->original, closure->helper);
    const QhHelperCall *call = &closure->ops->calls[closure->helper];
    QhCpu *cpu = *(QhCpu **)values[0];
    QhLockstep *lockstep = qh_jit_of(cpu)->lockstep;
    QhLockstepEvent event = {.kind = QH_EVENT_HELPER, .helper = closure->helper};
    uint64_t result[2] = {0};

    if (lockstep->phase == QH_LOCKSTEP_REPLAY) {
        replay_call(lockstep, closure->helper, helper, values, result);
    } else if (lockstep->phase == QH_LOCKSTEP_RECORD) {
        get_args(helper, values, event.args);
        event.first_range = lockstep->ranges->len;
        memcpy(lockstep->helper_before, cpu, lockstep->jit->cpu_ops->state_size);
        lockstep->in_helper = TRUE;
        real_call(call, helper, values, result);
        lockstep->in_helper = FALSE;
        memcpy(event.value, result, 16);
        record_deltas(lockstep, &event);
        g_array_append_val(lockstep->events, event);
    } else {
        real_call(call, helper, values, result);
    }
    if (helper->ret != QH_TYPE_NONE) {
        memcpy(ret, result, MAX(cif->rtype->size, sizeof(ffi_arg)));
    }
}

/* Pure helpers are called as they are. */
static gboolean make_closure(QhLockstepOps *ops, uint32_t i, GError **error)
{
    QhHelper *helper = &ops->helpers[i];
    Closure *closure = &ops->closures[i];
    void *code = NULL;

    *helper = *qh_ir_helper(ops->original, i);
    if (helper->attrs & QH_HELPER_PURE) {
        return TRUE;
    }
    *closure = (Closure){ops, i, ffi_closure_alloc(sizeof(ffi_closure), &code)};
    if (closure->closure == NULL || ffi_prep_closure_loc(closure->closure, &ops->calls[i].cif,
                                                         on_call, closure, code) != FFI_OK) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "lockstep: no closure for helper %s on this system", helper->name);
        return FALSE;
    }
    memcpy(&helper->fn, &code, sizeof(code));
    return TRUE;
}

QhLockstepOps *qh_lockstep_ops_new(const QhTranslatorOps *original, GError **error)
{
    QhLockstepOps *ops = g_new0(QhLockstepOps, 1);

    ops->ops = *original;
    ops->original = original;
    ops->helpers = g_new0(QhHelper, original->n_helpers + 1u);
    ops->closures = g_new0(Closure, original->n_helpers + 1u);
    ops->calls = qh_helper_calls_new(original, error);
    ops->ops.helpers = ops->helpers;
    ops->ops.helper_size = sizeof(QhHelper);
    for (uint32_t i = 0; ops->calls != NULL && i < original->n_helpers; i++) {
        if (!make_closure(ops, i, error)) {
            qh_lockstep_ops_free(ops);
            return NULL;
        }
    }
    if (ops->calls == NULL) {
        qh_lockstep_ops_free(ops);
        return NULL;
    }
    return ops;
}

const QhTranslatorOps *qh_lockstep_ops(const QhLockstepOps *ops)
{
    return &ops->ops;
}

void qh_lockstep_ops_free(QhLockstepOps *ops)
{
    if (ops == NULL) {
        return;
    }
    for (uint32_t i = 0; i < ops->original->n_helpers; i++) {
        if (ops->closures[i].closure != NULL) {
            ffi_closure_free(ops->closures[i].closure);
        }
    }
    g_free(ops->helpers);
    g_free(ops->closures);
    g_free(ops->calls);
    g_free(ops);
}
