/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xHCI controller from the guest's side: a small driver that enumerates, moves data, stops and
 * resets endpoints; and one that breaks every rule it can think of. After each of its misdeeds the
 * controller, reset, has to serve the good one again.
 */
#include "modules/usb/spec.h"
#include "tests/unit/usb-fixture.h"

#include <string.h>

#define CASES 200u

/* --- The good driver --- */

static void test_enumerate(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    g_assert_cmphex(guest_reg(&g, 0) & 0xff, ==, 0x40);
    g_assert_cmphex(guest_reg(&g, 4), ==, 64 | 16 << 8 | 8u << 24);
    g_assert_cmphex(guest_reg(&g, 0x440) & (PORT_CONNECTED | PORT_ENABLED | PORT_CONNECT_CHANGE),
                    ==, PORT_CONNECTED | PORT_CONNECT_CHANGE);
    guest_enumerate(&g);
    g_assert_cmphex(guest_reg(&g, 0x440) & (PORT_SPEED | PORT_ENABLED), ==,
                    3u << PORT_SPEED_SHIFT | PORT_ENABLED);
    g_assert_cmpuint(f->lines, !=, 0);
    guest_set(&g, 0x1020, 3);
    g_assert_cmpuint(f->lines, ==, 0);
    /* what a device refuses is a stall, and the next request works */
    g_assert_cmpuint(guest_request(&g, UINT64_C(0x00ff00000f000680), DATA, 255), ==, CC_STALL);
    g_assert_cmpuint(guest_command(&g, 0, 0, TRB_RESET_ENDPOINT << 10 | 1u << 16 | 1u << 24).code,
                     ==, CC_SUCCESS);
    g_assert_cmpuint(guest_command(&g, (CONTROL + 16 * g.place[1]) | 1, 0,
                                   TRB_SET_DEQUEUE << 10 | 1u << 16 | 1u << 24)
                         .code,
                     ==, CC_SUCCESS);
    g_assert_cmpuint(guest_request(&g, GET_DEVICE_DESCRIPTOR, DATA, 18), ==, CC_SUCCESS);
    g_assert_cmpuint(guest_command(&g, 0, 0, TRB_DISABLE_SLOT << 10 | 1u << 24).code, ==,
                     CC_SUCCESS);
    g_assert_cmpuint(guest_command(&g, 0, 0, TRB_DISABLE_SLOT << 10 | 1u << 24).code, ==,
                     CC_SLOT_DISABLED);
}

static void test_bulk(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};
    char text[32] = {0};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    guest_enumerate(&g);
    /* three pieces, the last across a page; a short packet in the second */
    the_sink->moves = 14;
    guest_enqueue(&g, IN_DCI, DATA + 0x10, 4, TRB_NORMAL << 10 | TRB_CHAIN);
    guest_enqueue(&g, IN_DCI, DATA + 0x20, 20, TRB_NORMAL << 10 | TRB_CHAIN | TRB_ON_SHORT);
    guest_enqueue(&g, IN_DCI, DATA + 0xffe, 8, TRB_NORMAL << 10 | TRB_IOC);
    guest_ring(&g, IN_DCI);
    guest_expect(&g, CC_SHORT, 10, BULK_IN + 16);
    guest_no_event(&g);
    guest_get(&g, DATA + 0x20, text, 10);
    g_assert_cmpstr(text, ==, "quick brow");
    /* event data: the sum of what came */
    the_sink->moves = UINT64_MAX;
    guest_enqueue(&g, IN_DCI, DATA, 7, TRB_NORMAL << 10 | TRB_CHAIN);
    guest_enqueue(&g, IN_DCI, 0x123456789, 0, TRB_EVENT_DATA << 10 | TRB_IOC);
    guest_ring(&g, IN_DCI);
    guest_expect(&g, CC_SUCCESS, 7, 0x123456789);
    /* immediate data on the way out */
    guest_enqueue(&g, OUT_DCI, UINT64_C(0x0000000064636261), 4,
                  TRB_NORMAL << 10 | TRB_IMMEDIATE | TRB_IOC);
    guest_ring(&g, OUT_DCI);
    guest_expect(&g, CC_SUCCESS, 0, BULK_OUT);
    g_assert_cmpmem(the_sink->last, 4, "abcd", 4);
    /* a link that turns the cycle, and a no-op behind it */
    guest_put_words(&g, BULK_OUT + 16, BULK_OUT + 0x200, 0, 0, TRB_LINK << 10 | TRB_TOGGLE | 1);
    guest_put_words(&g, BULK_OUT + 0x200, 0, 0, 0, TRB_NO_OP << 10 | TRB_IOC);
    guest_put_words(&g, BULK_OUT + 0x210, 0, 0, 0, 1);
    guest_ring(&g, OUT_DCI);
    guest_expect(&g, CC_SUCCESS, 0, BULK_OUT + 0x200);
}

static void test_nak_and_stall(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    guest_enumerate(&g);
    the_sink->answer = QH_USB_NAK;
    guest_enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    guest_ring(&g, IN_DCI);
    guest_no_event(&g);
    the_sink->answer = QH_USB_OK;
    sink_usb()->wakeup(&the_sink->base, 0x81);
    guest_expect(&g, CC_SUCCESS, 0, BULK_IN);

    the_sink->answer = QH_USB_STALL;
    guest_enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10);
    guest_ring(&g, IN_DCI);
    guest_expect(&g, CC_STALL, 5, BULK_IN + 16);
    the_sink->answer = QH_USB_OK;
    guest_ring(&g, IN_DCI); /* halted: nothing happens */
    guest_no_event(&g);
    g_assert_cmpuint(
        guest_command(&g, BULK_IN | 1, 0, TRB_SET_DEQUEUE << 10 | IN_DCI << 16 | 1u << 24).code, ==,
        CC_CONTEXT_STATE);
    g_assert_cmpuint(
        guest_command(&g, 0, 0, TRB_RESET_ENDPOINT << 10 | IN_DCI << 16 | 1u << 24).code, ==,
        CC_SUCCESS);
    guest_ring(&g, IN_DCI); /* the function is halted, too */
    guest_expect(&g, CC_STALL, 5, BULK_IN + 16);
    g_assert_cmpuint(guest_request(&g, CLEAR_HALT_IN, 0, 0), ==, CC_SUCCESS);
    g_assert_cmpuint(
        guest_command(&g, 0, 0, TRB_RESET_ENDPOINT << 10 | IN_DCI << 16 | 1u << 24).code, ==,
        CC_SUCCESS);
    g_assert_cmpuint(
        guest_command(&g, (BULK_IN + 32) | 1, 0, TRB_SET_DEQUEUE << 10 | IN_DCI << 16 | 1u << 24)
            .code,
        ==, CC_SUCCESS);
    guest_enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    guest_ring(&g, IN_DCI);
    guest_expect(&g, CC_SUCCESS, 0, BULK_IN + 32);
}

static void test_kept(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    guest_enumerate(&g);
    the_sink->answer = QH_USB_ASYNC;
    guest_enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    guest_enqueue(&g, IN_DCI, DATA, 6, TRB_NORMAL << 10 | TRB_IOC);
    guest_ring(&g, IN_DCI);
    guest_ring(&g, IN_DCI);
    g_assert_cmpuint(the_sink->n_packets, ==, 1);
    sink_let_go(QH_USB_OK, 5);
    guest_expect(&g, CC_SUCCESS, 0, BULK_IN);
    g_assert_cmpuint(the_sink->n_packets, ==, 2);
    /* stopped while it is under way; let go of later */
    g_assert_cmpuint(
        guest_command(&g, 0, 0, TRB_STOP_ENDPOINT << 10 | IN_DCI << 16 | 1u << 24).code, ==,
        CC_STOPPED);
    g_assert_cmpuint(guest_wait_event(&g).code, ==, CC_SUCCESS);
    g_assert_cmpuint(the_sink->n_cancelled, ==, 1);
    QhUsbPacket *old = g_steal_pointer(&the_sink->kept);
    guest_ring(&g, IN_DCI); /* the same TD, again, while the first is still in somebody's hands */
    g_assert_cmpuint(the_sink->n_packets, ==, 3);
    QhUsbPacket *new = g_steal_pointer(&the_sink->kept);
    the_sink->kept = old;
    sink_let_go(QH_USB_GONE, 0);
    guest_no_event(&g);
    the_sink->kept = new;
    sink_let_go(QH_USB_OK, 6);
    guest_expect(&g, CC_SUCCESS, 0, BULK_IN + 16);

    /* pulled while a packet is kept */
    guest_enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    guest_ring(&g, IN_DCI);
    g_assert_true(qh_machine_remove_device(f->machine, "s", NULL));
    guest_expect(&g, CC_TRANSACTION, 5, BULK_IN + 32);
    sink_let_go(QH_USB_GONE, 0);
    settle();
    g_assert_null(the_sink);
    g_assert_cmphex(guest_reg(&g, 0x440) & (PORT_CONNECTED | PORT_CONNECT_CHANGE), ==,
                    PORT_CONNECT_CHANGE);
    g_assert_cmpuint(guest_request(&g, GET_DEVICE_DESCRIPTOR, DATA, 18), ==, CC_TRANSACTION);
}

/* The machine is reset while a packet is kept, which is let go of afterwards. */
static void test_reset(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    guest_enumerate(&g);
    the_sink->answer = QH_USB_ASYNC;
    guest_enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    guest_ring(&g, IN_DCI);
    qh_machine_stop(f->machine);
    g_assert_true(qh_machine_reset(f->machine, QH_RESET_WARM, NULL));
    g_assert_cmpuint(the_sink->n_cancelled, ==, 1);
    g_assert_cmpuint(f->lines, ==, 0);
    qh_machine_start(f->machine);
    sink_let_go(QH_USB_GONE, 0);
    cfg_write(f, 0, XHCI_DEVFN, PCI_BAR0, 4, BAR);
    cfg_write(f, 0, XHCI_DEVFN, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    g_assert_cmphex(guest_reg(&g, 0x40), ==, 0);
    g_assert_cmphex(guest_reg(&g, 0x44) & (STS_HALTED | STS_ERROR | STS_EVENT), ==, STS_HALTED);
    g_assert_cmphex(guest_reg(&g, 0x440) & (PORT_CONNECTED | PORT_ENABLED), ==, PORT_CONNECTED);
    guest_enumerate(&g);
}

/* What comes while the guest looks at other events is told of when it has said that it is done. */
static void test_busy(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};
    uint32_t words[4];

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    guest_enumerate(&g);
    guest_set(&g, 0x1020, 3);
    g_assert_cmpuint(f->lines, ==, 0);
    guest_enqueue(&g, OUT_DCI, DATA, 1, TRB_NORMAL << 10 | TRB_IOC);
    guest_ring(&g, OUT_DCI);
    g_assert_cmpuint(f->lines, !=, 0);
    guest_set(&g, 0x1020, 3); /* its handler has begun */
    guest_enqueue(&g, OUT_DCI, DATA, 1, TRB_NORMAL << 10 | TRB_IOC);
    guest_ring(&g, OUT_DCI);
    g_assert_cmpuint(f->lines, ==, 0);
    guest_get(&g, EVENTS + 16 * g.event, words, sizeof(words));
    g_assert_cmpuint(words[3] & 1, ==, g.event_cycle);
    g.event++;
    guest_set(&g, 0x1038, (EVENTS + 16 * g.event) | 8);
    guest_set(&g, 0x103c, 0);
    g_assert_cmpuint(f->lines, !=, 0);
    guest_set(&g, 0x1020, 3);
    g_assert_cmpuint(guest_wait_event(&g).type, ==, TRB_EVENT_TRANSFER);
    g_assert_cmpuint(f->lines, ==, 0);
    /* interrupts that are enabled late come late */
    guest_set(&g, 0x1020, 1);
    guest_enqueue(&g, OUT_DCI, DATA, 1, TRB_NORMAL << 10 | TRB_IOC);
    guest_ring(&g, OUT_DCI);
    g_assert_cmpuint(f->lines, ==, 0);
    guest_set(&g, 0x1020, 2);
    g_assert_cmpuint(f->lines, !=, 0);
    guest_set(&g, 0x1020, 3);
}

/* A guest that does not take its events: nothing is lost, nothing is begun. */
static void test_full_ring(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};
    guint n = 0;

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    guest_enumerate(&g);
    for (guint i = 0; i < 100; i++) {
        guest_enqueue(&g, OUT_DCI, DATA, 1, TRB_NORMAL << 10 | TRB_IOC);
    }
    guest_ring(&g, OUT_DCI);
    g_assert_cmpuint(the_sink->n_packets, <, TRBS);
    for (Event event = guest_wait_event(&g); event.type != 0; event = guest_wait_event(&g)) {
        g_assert_cmphex(event.pointer, ==, BULK_OUT + 16 * n++);
        g_assert_cmpuint(event.code, ==, CC_SUCCESS);
    }
    g_assert_cmpuint(n, ==, 100);
}

static void test_hub(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add_fails(f, "{\"driver\": \"sink\", \"port\": \"1.1\"}", "does not exist");
    add_fails(f, "{\"driver\": \"sink\", \"port\": \"9\"}", "does not exist");
    add_fails(f, "{\"driver\": \"sink\", \"port\": \"1x\"}", "does not exist");
    add(f, "{\"driver\": \"usb-hub\", \"id\": \"h\", \"port\": \"1\", \"ports\": 3}");
    add_fails(f, "{\"driver\": \"sink\", \"port\": \"1\"}", "in use");
    add_fails(f, "{\"driver\": \"usb-hub\", \"port\": \"2\", \"ports\": 16}", "ports");
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1.3\"}");
    guest_start(&g);
    /* nobody at 1.2, and the one at 1.3 is found by its route */
    g_assert_cmpuint(guest_address(&g, 2).code, ==, CC_TRANSACTION);
    guest_start(&g);
    g_assert_cmpuint(guest_address(&g, 3).code, ==, CC_SUCCESS);
    g_assert_cmpuint(guest_request(&g, GET_DEVICE_DESCRIPTOR, DATA, 18), ==, CC_SUCCESS);
    g_autofree char *address = qh_instance_address(qh_instance_at_path(f->machine, "s"));
    g_assert_cmpstr(address, ==, "1.3");
    g_assert_true(qh_machine_remove_device(f->machine, "h", NULL));
    settle();
    g_assert_null(the_sink);
    g_assert_null(qh_instance_at_path(f->machine, "h"));
    for (guint i = 0; i < 4; i++) {
        add(f, "{\"driver\": \"usb-kbd\"}");
    }
    add_fails(f, "{\"driver\": \"usb-kbd\"}", "no port is free");
}

/* --- The bad driver --- */

/* Data that is not in memory: the TD is refused, and nothing was written. */
static void test_own_registers(PciFixture *f, gconstpointer data)
{
    static const uint64_t places[] = {BAR + 0x40,     BAR + 0x2000,     ECAM, PIO, 0x1000,
                                      UINT64_MAX - 3, UINT64_C(1) << 63};
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        guest_enumerate(&g);
        guint before = the_sink->n_packets;
        guest_enqueue(&g, IN_DCI, places[i], 8, TRB_NORMAL << 10 | TRB_IOC);
        guest_ring(&g, IN_DCI);
        g_assert_cmpuint(guest_wait_event(&g).code, ==, CC_TRB);
        g_assert_cmpuint(the_sink->n_packets, ==, before);
        g_assert_cmphex(guest_reg(&g, 0x44) & STS_HALTED, ==, 0);
        g_assert_cmpuint(guest_command(&g, (BULK_IN + 16) | 1, 0,
                                       TRB_SET_DEQUEUE << 10 | IN_DCI << 16 | 1u << 24)
                             .code,
                         ==, CC_SUCCESS);
    }
}

static uint64_t random_place(GRand *rand)
{
    static const uint64_t places[] = {0,        BAR,    BAR + 0x2000, UINT64_MAX - 15, R,
                                      COMMANDS, EVENTS, CONTROL,      BULK_IN,         INPUT,
                                      OUTPUT,   DCBAA,  ECAM};

    if (g_rand_int_range(rand, 0, 4) == 0) {
        return (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
    }
    return places[g_rand_int_range(rand, 0, G_N_ELEMENTS(places))] +
           16 * (uint64_t)g_rand_int_range(rand, 0, 70);
}

/* Lay nonsense over one of the rings or contexts, with a bias towards what is nearly right. */
static void scribble(Guest *g, GRand *rand)
{
    static const uint32_t areas[] = {DCBAA,  COMMANDS, ERST,    INPUT,
                                     OUTPUT, CONTROL,  BULK_IN, BULK_OUT};
    uint32_t area = areas[g_rand_int_range(rand, 0, G_N_ELEMENTS(areas))];
    guint n = (guint)g_rand_int_range(rand, 1, 70);

    for (guint i = 0; i < n; i++) {
        uint64_t parameter = random_place(rand);
        uint32_t type =
            g_rand_int_range(rand, 0, 3) == 0 ? TRB_LINK : (uint32_t)g_rand_int_range(rand, 0, 64);
        uint32_t control = type << 10 | (g_rand_int(rand) & 0x037f03ff) |
                           (uint32_t)g_rand_int_range(rand, 0, 3) << 24 | 1;

        guest_put_words(g, area + 16 * i, (uint32_t)parameter, (uint32_t)(parameter >> 32),
                        g_rand_int(rand) >> g_rand_int_range(rand, 0, 32), control);
    }
}

static void misbehave(Guest *g, GRand *rand)
{
    for (guint i = 0; i < 30; i++) {
        scribble(g, rand);
        switch (g_rand_int_range(rand, 0, 8)) {
        case 0:
            guest_set(g, 0x2000, 0);
            break;
        case 1:
            guest_set(g, 0x2000 + 4 * (uint32_t)g_rand_int_range(rand, 0, 70),
                      g_rand_int(rand) & 31);
            break;
        case 2: /* an event ring elsewhere */
            guest_set(g, 0x1030, (uint32_t)random_place(rand));
            guest_set(g, 0x1034, 0);
            break;
        case 3:
            guest_set(g, 0x1038, (uint32_t)random_place(rand));
            guest_set(g, 0x103c, 0);
            break;
        case 4:
            guest_set(g, 0x40 + 4 * (uint32_t)g_rand_int_range(rand, 0, 15),
                      g_rand_int(rand) & ~2u);
            break;
        case 5:
            guest_set(g, 0x440 + 4 * (uint32_t)g_rand_int_range(rand, 0, 40), g_rand_int(rand));
            break;
        default:
            guest_set(g, 0x40, CMD_RUN | CMD_INTERRUPTS);
            guest_ring(g, IN_DCI);
            guest_ring(g, OUT_DCI);
            guest_ring(g, 1);
            break;
        }
        if (the_sink->kept != NULL) {
            sink_let_go(QH_USB_OK, g_rand_int(rand));
        }
        the_sink->answer = (uint32_t)g_rand_int_range(rand, 0, 6);
    }
}

static void test_malformed(PciFixture *f, gconstpointer data)
{
    gint64 slowest = 0;

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    for (uint32_t n = 0; n < CASES; n++) {
        Guest g = {.f = f};
        GRand *rand = g_rand_new_with_seed(n);
        gint64 before = g_get_monotonic_time();

        guest_enumerate(&g);
        the_sink->answer = QH_USB_OK;
        misbehave(&g, rand);
        slowest = MAX(slowest, g_get_monotonic_time() - before);
        guest_set(&g, 0x40, CMD_RESET); /* a packet that is kept outlives it */
        if (the_sink->kept != NULL) {
            sink_let_go(QH_USB_GONE, 0);
        }
        g_rand_free(rand);
        guest_enumerate(&g);
    }
    g_test_message("slowest case: %" G_GINT64_FORMAT " ms", slowest / 1000);
}

/* Rings without end: bounded work for each doorbell, and the host goes on. */
static void test_endless(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    guest_enumerate(&g);
    /* links in a circle */
    guest_put_words(&g, BULK_IN, BULK_IN + 16, 0, 0, TRB_LINK << 10 | 1);
    guest_put_words(&g, BULK_IN + 16, BULK_IN, 0, 0, TRB_LINK << 10 | 1);
    guest_ring(&g, IN_DCI);
    g_assert_cmpuint(guest_wait_event(&g).code, ==, CC_TRB);
    /* a TD whose chain never ends */
    guest_put_words(&g, BULK_OUT, DATA, 0, 1, TRB_NORMAL << 10 | TRB_CHAIN | 1);
    guest_put_words(&g, BULK_OUT + 16, BULK_OUT, 0, 0, TRB_LINK << 10 | 1);
    guest_ring(&g, OUT_DCI);
    g_assert_cmpuint(guest_wait_event(&g).code, ==, CC_TRB);
    /* TDs that never end, and tell of nothing */
    guest_enumerate(&g);
    guest_put_words(&g, BULK_OUT, DATA, 0, 1, TRB_NORMAL << 10 | 1);
    guest_put_words(&g, BULK_OUT + 16, BULK_OUT, 0, 0, TRB_LINK << 10 | 1);
    guint before = the_sink->n_packets;
    guest_ring(&g, OUT_DCI);
    g_assert_cmpuint(the_sink->n_packets - before, <=, XHCI_WALK_TRBS);
    g_assert_cmpuint(the_sink->n_packets - before, >, 1000);
    /* a command ring that is a circle */
    guest_enumerate(&g);
    guest_put_words(&g, COMMANDS + 16 * g.command, COMMANDS + 16 * g.command, 0, 0,
                    TRB_LINK << 10 | g.command_cycle);
    guest_set(&g, 0x2000, 0);
    g_assert_cmphex(guest_reg(&g, 0x44) & STS_ERROR, !=, 0);
    guest_enumerate(&g);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(PciFixture *f, gconstpointer data);
    } tests[] = {
        {"/xhci/enumerate",     test_enumerate    },
        {"/xhci/bulk",          test_bulk         },
        {"/xhci/nak-and-stall", test_nak_and_stall},
        {"/xhci/kept",          test_kept         },
        {"/xhci/reset",         test_reset        },
        {"/xhci/busy",          test_busy         },
        {"/xhci/full-ring",     test_full_ring    },
        {"/xhci/hub",           test_hub          },
        {"/xhci/own-registers", test_own_registers},
        {"/xhci/malformed",     test_malformed    },
        {"/xhci/endless",       test_endless      },
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, PciFixture, NULL, usb_set_up, tests[i].fn, usb_tear_down);
    }
    return g_test_run();
}
