/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/devices/devices.h"

#include "core/device/bus.h"
#include "core/loop/timers.h"
#include "core/net/net.h"
#include "core/snapshot/snapshot.h"

#include <string.h>

/* virt's windows of PCI */
#define ECAM 0x30000000u
#define MMIO 0x40000000u
#define HIGH 0x400000000u
#define PIO  0x03000000u

uint32_t fuzz_below(Fuzz *fuzz, uint32_t n)
{
    return (uint32_t)(fuzz_word(fuzz) >> 11) % n;
}

/* xorshift64*, so that a run is the same with every libc. */
uint64_t fuzz_word(Fuzz *fuzz)
{
    fuzz->state ^= fuzz->state >> 12;
    fuzz->state ^= fuzz->state << 25;
    fuzz->state ^= fuzz->state >> 27;
    return fuzz->state * UINT64_C(2685821657736338717);
}

uint64_t fuzz_address(Fuzz *fuzz)
{
    switch (fuzz_below(fuzz, 10)) {
    case 0:
        return fuzz_word(fuzz);
    case 1:
        return RAM_AT + RAM_BYTES - fuzz_below(fuzz, 5000);
    case 2:
        return fuzz->n_ranges > 0 ? fuzz->ranges[fuzz_below(fuzz, fuzz->n_ranges)].at : 0;
    case 3:
        return RINGS_AT + fuzz_below(fuzz, 4 * RING_BYTES);
    case 4:
        return TABLES_AT + fuzz_below(fuzz, 0x1000);
    default:
        return DATA_AT + (fuzz_below(fuzz, DATA_BYTES) & ~63u);
    }
}

uint64_t fuzz_value(Fuzz *fuzz)
{
    switch (fuzz_below(fuzz, 8)) {
    case 0:
        return fuzz_word(fuzz);
    case 1:
        return fuzz_address(fuzz);
    case 2:
        return UINT64_MAX >> fuzz_below(fuzz, 64);
    case 3:
        return fuzz_below(fuzz, 0x10000);
    case 4:
        return UINT64_C(1) << fuzz_below(fuzz, 64);
    default:
        return fuzz_below(fuzz, 40);
    }
}

static gboolean in_ram(uint64_t address)
{
    return address - RAM_AT < RAM_BYTES;
}

uint64_t guest_read(Fuzz *fuzz, uint64_t address, uint32_t width)
{
    uint64_t value = 0;

    fuzz->accesses += !in_ram(address);
    (void)qh_space_read(fuzz->space, address, &value, width, 0);
    return GUINT64_FROM_LE(value);
}

void guest_write(Fuzz *fuzz, uint64_t address, uint32_t width, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    fuzz->accesses += !in_ram(address);
    (void)qh_space_write(fuzz->space, address, &value, width, 0);
}

uint32_t guest_config(Fuzz *fuzz, uint32_t devfn, uint32_t offset, uint32_t width)
{
    return (uint32_t)guest_read(fuzz, ECAM + ((uint64_t)devfn << 12 | offset), width);
}

void guest_set_config(Fuzz *fuzz, uint32_t devfn, uint32_t offset, uint32_t width, uint32_t value)
{
    guest_write(fuzz, ECAM + ((uint64_t)devfn << 12 | offset), width, value);
}

static void add_range(Fuzz *fuzz, uint64_t at, uint64_t bytes)
{
    if (fuzz->n_ranges < RANGES_MAX && bytes > 0) {
        fuzz->ranges[fuzz->n_ranges++] = (Range){at, bytes};
    }
}

/* PCI 6.2.5.1: what a register of all ones reads as tells the size. */
static uint32_t set_bar(Fuzz *fuzz, uint32_t devfn, uint32_t n)
{
    uint32_t offset = 0x10 + 4 * n;

    guest_set_config(fuzz, devfn, offset, 4, UINT32_MAX);
    uint32_t mask = guest_config(fuzz, devfn, offset, 4);
    gboolean io = (mask & 1) != 0, wide = !io && (mask & 6) == 4;
    uint64_t bytes = io ? (uint16_t) ~(mask & ~3u) + 1u : (uint64_t)(uint32_t) ~(mask & ~15u) + 1;
    uint64_t *next = io ? &fuzz->next_io : &fuzz->next_memory;
    if (mask == 0 || bytes > (64u << 20)) {
        return 1;
    }
    *next = (*next + bytes - 1) & ~(bytes - 1);
    guest_set_config(fuzz, devfn, offset, 4, (uint32_t)*next);
    if (wide) {
        guest_set_config(fuzz, devfn, offset + 4, 4, 0);
    }
    add_range(fuzz, io ? PIO + *next : *next, bytes);
    *next += bytes;
    return wide ? 2 : 1;
}

static void set_up_function(Fuzz *fuzz, uint32_t devfn)
{
    uint32_t bridge = guest_config(fuzz, devfn, 0x0e, 1) & 0x7f;

    for (uint32_t n = 0; n < (bridge == 1 ? 2u : 6u);) {
        n += set_bar(fuzz, devfn, n);
    }
    guest_set_config(fuzz, devfn, 0x04, 2, 0x0507);
    if (fuzz->n_functions < G_N_ELEMENTS(fuzz->functions)) {
        fuzz->functions[fuzz->n_functions++] = devfn;
    }
}

/* Where @instance is on bus 0; FALSE: it is not there. */
static gboolean on_pci(const QhInstance *instance, uint32_t *ret_devfn)
{
    g_autofree char *address = NULL;
    char *rest;

    if (instance->bus == NULL || !g_str_equal(qh_bus_name(instance->bus), "pcie.0")) {
        return FALSE;
    }
    address = qh_instance_address(instance);
    uint32_t slot = (uint32_t)g_ascii_strtoull(address, &rest, 16);
    *ret_devfn = slot << 3 | (uint32_t)g_ascii_strtoull(rest + 1, NULL, 16);
    return TRUE;
}

static void add_windows(QhInstance *instance, void *data)
{
    for (guint i = 0; i < instance->placed->len; i++) {
        const QhPlaced *placed = &g_array_index(instance->placed, QhPlaced, i);

        add_range(data, placed->address, placed->bytes);
    }
}

/* Registers of the subject, and of what it is attached to; of all there is when it has none. */
void guest_set_up(Fuzz *fuzz)
{
    fuzz->n_ranges = fuzz->n_functions = 0;
    fuzz->next_memory = MMIO + 0x100000;
    fuzz->next_io = 0x1000;
    for (const QhInstance *at = fuzz->subject; at != NULL;
         at = at->bus != NULL ? at->bus->parent : NULL) {
        uint32_t devfn;

        if (on_pci(at, &devfn)) {
            set_up_function(fuzz, devfn);
            break;
        }
        add_windows((QhInstance *)at, fuzz);
    }
    if (fuzz->n_ranges == 0 && fuzz->n_functions == 0) {
        qh_machine_foreach_device(fuzz->machine, add_windows, fuzz);
    }
    protocol_find(fuzz);
    virtio_find(fuzz);
    virtio_set_up(fuzz);
}

static void registers(Fuzz *fuzz)
{
    if (fuzz->n_ranges == 0) {
        return;
    }
    const Range *range = &fuzz->ranges[fuzz_below(fuzz, fuzz->n_ranges)];
    static const uint32_t spans[] = {0x40, 0x100, 0x1000, UINT32_MAX};
    uint32_t span = (uint32_t)MIN(range->bytes, spans[fuzz_below(fuzz, 4)]);
    uint32_t width = fuzz_below(fuzz, 3) == 0 ? 1u << fuzz_below(fuzz, 4) : 4;
    uint64_t at = range->at + fuzz_below(fuzz, span);

    if (fuzz_below(fuzz, 8) == 0) {
        at = range->at + (fuzz_below(fuzz, (uint32_t)MIN(range->bytes, 1u << 24)) & ~0xfffu);
    }
    at = fuzz_below(fuzz, 16) == 0 ? at : at & ~(uint64_t)(width - 1);
    if (fuzz_below(fuzz, 3) == 0) {
        (void)guest_read(fuzz, at, width);
    } else {
        guest_write(fuzz, at, width, fuzz_value(fuzz));
    }
}

static void config_space(Fuzz *fuzz)
{
    if (fuzz->n_functions == 0) {
        registers(fuzz);
        return;
    }
    uint32_t devfn = fuzz->functions[fuzz_below(fuzz, fuzz->n_functions)];
    uint32_t width = 1u << fuzz_below(fuzz, 3);
    uint32_t offset = fuzz_below(fuzz, fuzz_below(fuzz, 4) == 0 ? 0x1000 : 0x100) & ~(width - 1);

    if (fuzz_below(fuzz, 2) == 0) {
        (void)guest_config(fuzz, devfn, offset, width);
    } else {
        guest_set_config(fuzz, devfn, offset, width, (uint32_t)fuzz_value(fuzz));
    }
    if (fuzz_below(fuzz, 4) != 0) { /* a device that is off is dull */
        guest_set_config(fuzz, devfn, 0x04, 2, 0x0507);
    }
}

static void scribble(Fuzz *fuzz)
{
    uint64_t at = fuzz_below(fuzz, 4) == 0 ? RINGS_AT + (fuzz_below(fuzz, 4 * RING_BYTES) & ~7u)
                                           : DATA_AT + (fuzz_below(fuzz, DATA_BYTES - 64) & ~63u);
    uint32_t words = 1 + fuzz_below(fuzz, 8);

    for (uint32_t i = 0; i < words; i++) {
        guest_write(fuzz, at + 8 * i, 8, fuzz_value(fuzz) | fuzz_value(fuzz) << 32);
    }
}

static void let_time_pass(Fuzz *fuzz)
{
    fuzz->now_ns += (int64_t)(fuzz_word(fuzz) >> (fuzz_below(fuzz, 24) + 30));
    qh_machine_lock(fuzz->machine);
    qh_timers_run_virtual(qh_host_timers(fuzz->host));
    qh_machine_unlock(fuzz->machine);
    for (guint i = 0; i < 8 && g_main_context_iteration(qh_host_context(fuzz->host), FALSE); i++) {
    }
}

static void outside(Fuzz *fuzz)
{
    uint8_t frame[2000];
    const QhNetVec vec = {frame, 1 + fuzz_below(fuzz, sizeof(frame))};
    QhNetHeader header = {0};

    for (guint i = 0; i < 64; i += 8) {
        const uint64_t word = fuzz_word(fuzz);
        memcpy(frame + i, &word, sizeof(word));
    }
    memset(frame, fuzz_below(fuzz, 2) ? 0xff : 0x52, 6);
    qh_machine_lock(fuzz->machine);
    (void)qh_net_service.send(fuzz->wire, 0, &header, &vec, 1);
    qh_machine_unlock(fuzz->machine);
}

/* What was saved can be loaded, at any later time. */
static void save_and_load(Fuzz *fuzz)
{
    g_autoptr(GError) error = NULL;

    qh_machine_lock(fuzz->machine);
    g_autoptr(GBytes) first = qh_snapshot_save(fuzz->machine, NULL);
    qh_machine_unlock(fuzz->machine);
    if (first == NULL) {
        return; /* a class that cannot be saved */
    }
    for (uint32_t i = fuzz_below(fuzz, 4); i > 0; i--) {
        registers(fuzz);
    }
    qh_machine_lock(fuzz->machine);
    if (!qh_snapshot_load(fuzz->machine, first, &error)) {
        g_error("%s: a snapshot cannot be loaded: %s", fuzz->class, error->message);
    }
    g_autoptr(GBytes) second = qh_snapshot_save(fuzz->machine, &error);
    qh_machine_unlock(fuzz->machine);
    if (second == NULL) {
        g_error("%s: it cannot be saved again: %s", fuzz->class, error->message);
    }
}

void guest_step(Fuzz *fuzz)
{
    for (uint32_t burst = 1 + fuzz_below(fuzz, 16); burst > 0; burst--) {
        switch (fuzz_below(fuzz, 16)) {
        case 0:
            config_space(fuzz);
            break;
        case 1:
        case 2:
            scribble(fuzz);
            break;
        case 3:
            let_time_pass(fuzz);
            break;
        case 4:
            outside(fuzz);
            break;
        case 5:
        case 6:
        case 7:
            registers(fuzz);
            break;
        default:
            virtio_step(fuzz);
            protocol_step(fuzz);
        }
    }
    if (fuzz_below(fuzz, 64) == 0) {
        save_and_load(fuzz);
    }
    if (fuzz_below(fuzz, 48) == 0) {
        guest_set_up(fuzz);
    }
}
