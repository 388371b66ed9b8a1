/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hot plug of a PCI Express slot with a guest that follows the rules, one that changes its mind,
 * one that is not there, and one that turns the power off unasked.
 */
#include "modules/pci/express.h"
#include "tests/unit/pci-fixture.h"

#include <string.h>

#define PORT       (1u << 3)
#define EVERYTHING 0x103fu /* all events, and the hot-plug interrupt */

static uint32_t express(PciFixture *f)
{
    return cfg_find(f, 0, PORT, PCI_CAP_EXPRESS);
}

static uint32_t status(PciFixture *f)
{
    return cfg_read(f, 0, PORT, express(f) + EXP_SLOT_STATUS, 2);
}

static uint32_t link_active(PciFixture *f)
{
    return cfg_read(f, 0, PORT, express(f) + EXP_LINK_STATUS, 2) & EXP_LINK_STATUS_ACTIVE;
}

static void command(PciFixture *f, uint32_t control)
{
    cfg_write(f, 0, PORT, express(f) + EXP_SLOT_CONTROL, 2, control);
}

static void acknowledge(PciFixture *f)
{
    cfg_write(f, 0, PORT, express(f) + EXP_SLOT_STATUS, 2, EXP_SLOT_STATUS_BITS);
}

static void boot(PciFixture *f)
{
    cfg_write(f, 0, PORT, PCI_PRIMARY_BUS, 4, 0x010100);
    cfg_write(f, 0, PORT, PCI_MEMORY_BASE, 4, (MMIO + 0xf00000) | MMIO >> 16);
    cfg_write(f, 0, PORT, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    qh_machine_start(f->machine);
}

/* What a guest does when it is told of a card. */
static void turn_on(PciFixture *f)
{
    acknowledge(f);
    command(f, EVERYTHING | EXP_SLOT_POWER_IS_ON);
    acknowledge(f);
}

static void expect_event(const char *text)
{
    g_autofree char *events = fake_events();

    if (strstr(events, text) == NULL) {
        g_error("'%s' is not in '%s'", text, events);
    }
}

static void add_port(PciFixture *f)
{
    add(f, "{\"driver\": \"pcie-root-port\", \"id\": \"p\", \"addr\": \"1\", \"slot\": 9}");
}

static void test_capability(PciFixture *f, gconstpointer data)
{
    (void)data;
    add_port(f);
    uint32_t at = express(f);

    g_assert_cmphex(cfg_read(f, 0, PORT, at + EXP_FLAGS, 2), ==, 0x142);
    g_assert_cmphex(cfg_read(f, 0, PORT, at + EXP_SLOT_CAP, 4), ==, 9u << 19 | 0x5b);
    g_assert_cmphex(cfg_read(f, 0, PORT, at + EXP_LINK_CAP, 4) & EXP_LINK_CAP_ACTIVE_REPORTING, !=,
                    0);
    g_assert_cmphex(status(f), ==, 0);
    g_assert_cmphex(cfg_read(f, 0, PORT, at + EXP_SLOT_CONTROL, 2), ==, 0x7c0);
    command(f, 0xffff);
    g_assert_cmphex(cfg_read(f, 0, PORT, at + EXP_SLOT_CONTROL, 2), ==, 0x17ff);
    g_assert_cmphex(status(f), ==, EXP_SLOT_COMMAND_DONE);
    g_assert_cmphex(f->lines, ==, 1u << 1);
    acknowledge(f);
    g_assert_cmphex(status(f), ==, 0);
    g_assert_cmphex(f->lines, ==, 0);
}

static void test_cold(PciFixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    add_port(f);
    add(f, "{\"driver\": \"edu\", \"id\": \"e\", \"bus\": \"p\"}");
    g_assert_cmphex(status(f), ==, EXP_SLOT_PRESENT);
    g_assert_cmphex(link_active(f), !=, 0);
    cfg_write(f, 0, PORT, PCI_PRIMARY_BUS, 4, 0x010100);
    g_assert_cmphex(cfg_read(f, 1, 0, 0, 4), ==, 0x11e81234);
    /* before the guest has run nobody needs to be asked */
    g_assert_true(qh_machine_remove_device(f->machine, "e", &error));
    settle();
    expect_event("DEVICE_DELETED{\"device\": \"e\"");
    g_assert_cmphex(cfg_read(f, 1, 0, 0, 4), ==, 0xffffffff);
    g_assert_cmphex(link_active(f), ==, 0);
    acknowledge(f);
}

static void test_rounds(PciFixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    add_port(f);
    add_fails(f, "{\"driver\": \"edu\", \"bus\": \"p\", \"addr\": \"0.1x\"}", "not an address");
    boot(f);
    add_fails(f, "{\"driver\": \"edu\", \"bus\": \"pcie.0\"}", "does not support hotplugging");
    command(f, EVERYTHING | EXP_SLOT_POWER_OFF | EXP_SLOT_POWER_IS_OFF);
    acknowledge(f);
    for (guint i = 0; i < 50; i++) {
        add(f, i % 2 == 0 ? "{\"driver\": \"card\", \"id\": \"e\", \"bus\": \"p\"}"
                          : "{\"driver\": \"card\", \"id\": \"e\"}");
        g_assert_cmphex(status(f), ==, EXP_SLOT_PRESENT | EXP_SLOT_PRESENCE_CHANGED);
        g_assert_cmphex(f->lines, ==, 1u << 1);
        g_assert_cmphex(cfg_read(f, 1, 0, 0, 4), ==, 0xffffffff); /* no power yet */
        turn_on(f);
        g_assert_cmphex(f->lines, ==, 0);
        g_assert_cmphex(link_active(f), !=, 0);
        g_assert_cmphex(cfg_read(f, 1, 0, 0, 4), ==, 0x56781234);
        cfg_write(f, 1, 0, PCI_BAR0 + 4, 4, MMIO + 0x1000);
        cfg_write(f, 1, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
        g_assert_cmphex(mem_read(f, MMIO + 0x100c), ==, 1);

        g_assert_true(qh_machine_remove_device(f->machine, "e", &error));
        g_assert_cmphex(status(f), ==, EXP_SLOT_PRESENT | EXP_SLOT_BUTTON);
        g_assert_false(qh_machine_remove_device(f->machine, "e", NULL));
        acknowledge(f);
        command(f, EVERYTHING | EXP_SLOT_POWER_BLINKS);
        settle();
        g_assert_nonnull(card_of(f, "e"));
        command(f, EVERYTHING | EXP_SLOT_POWER_BLINKS | EXP_SLOT_POWER_OFF);
        uint32_t value;
        g_assert_cmpuint(mem_try(f, MMIO + 0x100c, &value), !=, QH_BUS_OK);
        settle();
        g_assert_null(card_of(f, "e"));
        expect_event("DEVICE_DELETED{\"device\": \"e\", \"path\": \"/machine/peripheral/e\"}");
        g_assert_cmphex(status(f) & EXP_SLOT_PRESENT, ==, 0);
        command(f, EVERYTHING | EXP_SLOT_POWER_OFF | EXP_SLOT_POWER_IS_OFF);
        acknowledge(f);
    }
    qh_machine_stop(f->machine);
}

/* The guest turns the blinking light on again: it keeps the card. */
static void test_refused(PciFixture *f, gconstpointer data)
{
    (void)data;
    add_port(f);
    add(f, "{\"driver\": \"edu\", \"id\": \"e\", \"bus\": \"p\"}");
    boot(f);
    g_assert_true(qh_machine_remove_device(f->machine, "e", NULL));
    command(f, EVERYTHING | EXP_SLOT_POWER_BLINKS);
    command(f, EVERYTHING | EXP_SLOT_POWER_IS_ON);
    expect_event("DEVICE_UNPLUG_GUEST_ERROR{\"device\": \"e\"");
    settle();
    g_assert_nonnull(card_of(f, "e"));
    g_assert_true(qh_machine_remove_device(f->machine, "e", NULL)); /* it may be asked again */
    /* and a reset takes the card out for good */
    qh_machine_stop(f->machine);
    g_assert_true(qh_machine_reset(f->machine, QH_RESET_WARM, NULL));
    settle();
    g_assert_null(card_of(f, "e"));
    acknowledge(f);
}

static void test_power(PciFixture *f, gconstpointer data)
{
    (void)data;
    add_port(f);
    add(f, "{\"driver\": \"card\", \"id\": \"c\", \"bus\": \"p\"}");
    boot(f);
    guint resets = card_of(f, "c")->n_resets;
    cfg_write(f, 1, 0, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    command(f, EXP_SLOT_POWER_OFF);
    g_assert_cmphex(cfg_read(f, 1, 0, 0, 4), ==, 0xffffffff);
    g_assert_cmphex(link_active(f), ==, 0);
    command(f, 0);
    g_assert_cmphex(link_active(f), !=, 0);
    g_assert_cmphex(cfg_read(f, 1, 0, PCI_COMMAND, 2), ==, 0);
    g_assert_cmpuint(card_of(f, "c")->n_resets, ==, resets + 1);
    qh_machine_stop(f->machine);
}

/* Functions of one slot come together, with number 0, and go together. */
static void test_functions(PciFixture *f, gconstpointer data)
{
    (void)data;
    add_port(f);
    boot(f);
    add(f, "{\"driver\": \"edu\", \"id\": \"b\", \"bus\": \"p\", \"addr\": \"0.1\"}");
    g_assert_cmphex(status(f), ==, 0);
    add(f, "{\"driver\": \"edu\", \"id\": \"a\", \"bus\": \"p\", \"addr\": \"0\", "
           "\"multifunction\": true}");
    /* this guest has no driver for slots: there is power already */
    g_assert_cmphex(status(f), ==,
                    EXP_SLOT_PRESENT | EXP_SLOT_PRESENCE_CHANGED | EXP_SLOT_LINK_CHANGED);
    g_assert_cmphex(cfg_read(f, 1, 1, 0, 4), ==, 0x11e81234);
    add_fails(f, "{\"driver\": \"edu\", \"bus\": \"p\", \"addr\": \"0.2\"}",
              "function 0 is plugged");
    turn_on(f);
    g_assert_cmphex(cfg_read(f, 1, 1, 0, 4), ==, 0x11e81234);
    g_assert_true(qh_machine_remove_device(f->machine, "b", NULL));
    command(f, EVERYTHING | EXP_SLOT_POWER_OFF);
    settle();
    g_assert_null(card_of(f, "a"));
    g_assert_null(card_of(f, "b"));
    acknowledge(f);
    qh_machine_stop(f->machine);
}

static void test_disabled(PciFixture *f, gconstpointer data)
{
    (void)data;
    add(f, "{\"driver\": \"pcie-root-port\", \"id\": \"p\", \"addr\": \"1\", \"hotplug\": false}");
    add(f, "{\"driver\": \"edu\", \"id\": \"e\", \"bus\": \"p\"}");
    boot(f);
    g_assert_cmphex(cfg_read(f, 0, PORT, express(f) + EXP_SLOT_CAP, 4), ==, 0);
    g_assert_cmphex(cfg_read(f, 1, 0, 0, 4), ==, 0x11e81234);
    g_assert_false(qh_machine_remove_device(f->machine, "e", NULL));
    qh_machine_stop(f->machine);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(PciFixture *f, gconstpointer data);
    } tests[] = {
        {"/pci/hotplug/capability", test_capability},
        {"/pci/hotplug/cold",       test_cold      },
        {"/pci/hotplug/rounds",     test_rounds    },
        {"/pci/hotplug/refused",    test_refused   },
        {"/pci/hotplug/power",      test_power     },
        {"/pci/hotplug/functions",  test_functions },
        {"/pci/hotplug/disabled",   test_disabled  },
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, PciFixture, NULL, pci_set_up, tests[i].fn, pci_tear_down);
    }
    return g_test_run();
}
