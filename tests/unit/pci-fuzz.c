/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest without sense: random accesses to configuration space and to whatever is mapped, with
 * devices that come and go meanwhile. Each seed is one machine; a failure names it. The count is
 * fixed, QEMU_HOST_FUZZ_RUNS makes it larger.
 */
#include "core/loop/timers.h"
#include "tests/unit/pci-fixture.h"

#include <stdlib.h>

#define SEEDS    20u
#define ACCESSES 4000u

/* Buses are numbered, so that the depths are reached at all. */
static void number(PciFixture *f)
{
    cfg_write(f, 0, 1 << 3, PCI_PRIMARY_BUS, 4, 0x030100);
    cfg_write(f, 1, 0, PCI_PRIMARY_BUS, 4, 0x030201);
    cfg_write(f, 2, 0, PCI_PRIMARY_BUS, 4, 0x030302);
    cfg_write(f, 0, 2 << 3, PCI_PRIMARY_BUS, 4, 0x040400);
}

static void build(PciFixture *f)
{
    add(f, "{\"driver\": \"pcie-root-port\", \"id\": \"p\", \"addr\": \"1\"}");
    add(f, "{\"driver\": \"x3130-upstream\", \"id\": \"u\", \"bus\": \"p\"}");
    add(f, "{\"driver\": \"xio3130-downstream\", \"id\": \"d\", \"bus\": \"u\"}");
    add(f, "{\"driver\": \"edu\", \"id\": \"e\", \"bus\": \"d\", \"dma_mask\": "
           "\"0xffffffffffffffff\"}");
    add(f, "{\"driver\": \"pcie-root-port\", \"id\": \"q\", \"addr\": \"2\"}");
    add(f, "{\"driver\": \"card\", \"id\": \"c\", \"bus\": \"q\"}");
    add(f, "{\"driver\": \"edu\", \"addr\": \"4\"}");
}

/* Values that mean something are met more often than chance would. */
static uint32_t value(GRand *random)
{
    static const uint32_t likely[] = {
        0,       0xffffffff, 7,    0x0547, MMIO, MMIO + 0x100000, PIO,      0x8000,  1, FAKE_RAM_AT,
        0x40000, 0x40fff,    4096, 0x40,   ECAM, 0xc000,          0x040400, 0x030100};

    if (g_rand_boolean(random)) {
        return likely[(guint)g_rand_int_range(random, 0, G_N_ELEMENTS(likely))];
    }
    return g_rand_int(random);
}

static void access_memory(PciFixture *f, GRand *random, uint64_t address, uint32_t width)
{
    uint64_t data = value(random) | (uint64_t)value(random) << 32;

    if (g_rand_boolean(random)) {
        (void)qh_space_write(f->space, address, &data, width, 0);
    } else {
        (void)qh_space_read(f->space, address, &data, width, 0);
    }
}

static void access_config(PciFixture *f, GRand *random, uint32_t width)
{
    static const uint32_t where[][2] = {
        {0, 1 << 3},
        {1, 0     },
        {2, 0     },
        {3, 0     },
        {0, 2 << 3},
        {4, 0     },
        {0, 4 << 3},
        {0, 0     },
    };
    const uint32_t *at = where[(guint)g_rand_int_range(random, 0, G_N_ELEMENTS(where))];
    uint32_t offset = (uint32_t)g_rand_int_range(random, 0, g_rand_boolean(random) ? 0xb0 : 0x1000);

    access_memory(f, random, ECAM + (at[0] << 20 | at[1] << 12 | (offset & ~(width - 1))), width);
}

static void one(PciFixture *f, GRand *random)
{
    uint32_t width = 1u << g_rand_int_range(random, 0, 4);

    switch (g_rand_int_range(random, 0, 8)) {
    case 0:
    case 1:
    case 2:
    case 3:
        access_config(f, random, width);
        break;
    case 4:
    case 5:
        access_memory(f, random, MMIO + (value(random) & 0x3fffff & ~(width - 1)), width);
        break;
    case 6:
        access_memory(f, random, PIO + (value(random) & 0xffff & ~(width - 1)), width);
        break;
    default:
        access_memory(f, random, MMIO + (value(random) & 0x9f & ~(width - 1)), width);
    }
}

/* The user's part: take out and put back. */
static void swap(PciFixture *f, GRand *random)
{
    const char *id = g_rand_boolean(random) ? "e" : "c";

    if (card_of(f, id) != NULL) {
        (void)qh_machine_remove_device(f->machine, id, NULL);
    } else {
        (void)try_add(f,
                      id[0] == 'e' ? "{\"driver\": \"edu\", \"id\": \"e\", \"bus\": \"d\"}"
                                   : "{\"driver\": \"card\", \"id\": \"c\", \"bus\": \"q\"}",
                      NULL);
    }
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

static void run(guint32 seed)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    PciFixture fixture = {0};
    PciFixture *f = &fixture;

    pci_set_up(f, NULL);
    build(f);
    if (seed % 2 == 0) {
        qh_machine_start(f->machine);
    }
    qh_timers_start_virtual(qh_host_timers(f->host));
    for (guint i = 0; i < ACCESSES; i++) {
        if (i % 200 == 0) {
            number(f);
            swap(f, random);
        }
        one(f, random);
    }
    qh_timers_stop_virtual(qh_host_timers(f->host));
    qh_machine_stop(f->machine);
    /* after a reset everything is as it was: no line is high, and the bus answers */
    g_assert_true(qh_machine_reset(f->machine, QH_RESET_COLD, NULL));
    settle();
    g_assert_cmphex(cfg_read(f, 0, 4 << 3, 0, 4), ==, 0x11e81234);
    g_assert_cmphex(f->lines, ==, 0);
    pci_tear_down(f, NULL);
}

static void test_random(void)
{
    const char *more = g_getenv("QEMU_HOST_FUZZ_RUNS");
    guint seeds = more != NULL ? (guint)strtoul(more, NULL, 10) : SEEDS;

    for (guint32 seed = 1; seed <= seeds; seed++) {
        g_test_message("seed %u", seed);
        run(seed);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/fuzz", test_random);
    return g_test_run();
}
