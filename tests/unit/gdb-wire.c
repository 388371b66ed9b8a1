/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb's packets and numbers, good and bad. */
#include "core/gdb/packet.h"
#include "core/gdb/text.h"

#include <string.h>

static QhGdbInput feed(QhGdbWire *wire, const char *bytes)
{
    QhGdbInput last = QH_GDB_NOTHING;

    for (; *bytes != '\0'; bytes++) {
        last = qh_gdb_wire_input(wire, (uint8_t)*bytes);
    }
    return last;
}

static void test_good(void)
{
    QhGdbWire wire;

    qh_gdb_wire_init(&wire);
    g_assert_cmpint(feed(&wire, "+$g#67"), ==, QH_GDB_PACKET);
    g_assert_cmpstr(wire.packet->str, ==, "g");
    g_assert_cmpstr(wire.out->str, ==, "+");
    g_assert_cmpint(feed(&wire, "$X1,1:}\x03#a0"), ==, QH_GDB_PACKET);
    g_assert_cmpstr(wire.packet->str, ==, "X1,1:#");
    g_assert_cmpint(feed(&wire, "$#00"), ==, QH_GDB_PACKET);
    g_assert_cmpstr(wire.packet->str, ==, "");
    qh_gdb_wire_clear(&wire);
}

static void test_sums(void)
{
    QhGdbWire wire;

    qh_gdb_wire_init(&wire);
    g_assert_cmpint(feed(&wire, "$g#68"), ==, QH_GDB_NOTHING);
    g_assert_cmpint(feed(&wire, "$g#zz"), ==, QH_GDB_NOTHING);
    g_assert_cmpint(feed(&wire, "$g#6z"), ==, QH_GDB_NOTHING);
    g_assert_cmpstr(wire.out->str, ==, "---");
    g_assert_cmpint(feed(&wire, "$abc$g#67"), ==, QH_GDB_PACKET);
    g_assert_cmpstr(wire.packet->str, ==, "g");
    wire.acks = FALSE;
    g_string_truncate(wire.out, 0);
    g_assert_cmpint(feed(&wire, "$g#00"), ==, QH_GDB_PACKET);
    g_assert_cmpstr(wire.out->str, ==, "");
    qh_gdb_wire_clear(&wire);
}

static void test_interrupt(void)
{
    QhGdbWire wire;

    qh_gdb_wire_init(&wire);
    g_assert_cmpint(feed(&wire, "\x03"), ==, QH_GDB_INTERRUPT);
    g_assert_cmpint(feed(&wire, "garbage\x03"), ==, QH_GDB_INTERRUPT);
    g_assert_cmpint(feed(&wire, "$g\x03"), ==, QH_GDB_NOTHING);
    g_assert_cmpstr(wire.packet->str, ==, "g\x03");
    qh_gdb_wire_clear(&wire);
}

static void test_send(void)
{
    QhGdbWire wire;

    qh_gdb_wire_init(&wire);
    qh_gdb_wire_send(&wire, "OK", 2);
    g_assert_cmpstr(wire.out->str, ==, "$OK#9a");
    g_string_truncate(wire.out, 0);
    feed(&wire, "-");
    g_assert_cmpstr(wire.out->str, ==, "$OK#9a");
    g_string_truncate(wire.out, 0);
    feed(&wire, "+-");
    g_assert_cmpstr(wire.out->str, ==, "");
    qh_gdb_wire_send(&wire, "#$}*", 4);
    g_assert_cmpstr(wire.out->str, ==, "$}\x03}\x04}]}\n#62");
    qh_gdb_wire_clear(&wire);
}

/* Whatever the length, a packet takes no more than its share of memory. */
static void test_long(void)
{
    QhGdbWire wire;

    qh_gdb_wire_init(&wire);
    feed(&wire, "$");
    for (uint32_t i = 0; i < 10 * QH_GDB_PACKET_BYTES; i++) {
        g_assert_cmpint(feed(&wire, "m"), ==, QH_GDB_NOTHING);
    }
    g_assert_cmpuint(wire.packet->len, <=, QH_GDB_PACKET_BYTES);
    g_assert_cmpint(feed(&wire, "#00"), ==, QH_GDB_PACKET); /* 'm' as often as that sums to 0 */
    g_assert_cmpuint(wire.packet->len, ==, 0);
    g_assert_cmpint(feed(&wire, "$g#67"), ==, QH_GDB_PACKET);
    g_assert_cmpstr(wire.packet->str, ==, "g");
    qh_gdb_wire_clear(&wire);
}

static void test_random(void)
{
    static const char likely[] = "$#+-}*\x03mMqvZ0123456789abcdef,:;.p";
    GRand *rand = g_rand_new_with_seed(1);
    uint32_t packets = 0;
    QhGdbWire wire;

    qh_gdb_wire_init(&wire);
    for (uint32_t i = 0; i < 1000000; i++) {
        uint8_t byte = g_rand_int_range(rand, 0, 4) == 0
                           ? (uint8_t)g_rand_int_range(rand, 0, 256)
                           : (uint8_t)likely[g_rand_int_range(rand, 0, sizeof(likely) - 1)];
        packets += qh_gdb_wire_input(&wire, byte) == QH_GDB_PACKET;
        g_assert_cmpuint(wire.packet->len, <=, QH_GDB_PACKET_BYTES);
        g_string_truncate(wire.out, 0);
        if (i == 500000) {
            wire.acks = FALSE;
        }
    }
    g_assert_cmpuint(packets, >, 1000);
    qh_gdb_wire_clear(&wire);
    g_rand_free(rand);
}

static void test_numbers(void)
{
    static const char *const bad[] = {"", "g", "12345678123456781", "-1"};
    const char *at = "ffffffffffffffff,10:";
    uint64_t first, second;

    g_assert_true(qh_gdb_read_range(&at, &first, &second));
    g_assert_cmphex(first, ==, UINT64_MAX);
    g_assert_cmphex(second, ==, 16);
    g_assert_cmpstr(at, ==, ":");
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        at = bad[i];
        g_assert_false(qh_gdb_read_number(&at, &first));
    }
    at = "10";
    g_assert_false(qh_gdb_read_range(&at, &first, &second));
}

static void test_threads(void)
{
    static const struct {
        const char *text;
        int32_t process, thread;
    } good[] = {
        {"p1.2",   1,  2 },
        {"p-1.-1", -1, -1},
        {"pa.0",   10, 0 },
        {"p3",     3,  -1},
        {"0",      0,  0 },
        {"-1",     0,  -1},
        {"1f",     0,  31},
    };
    static const char *const bad[] = {"", "p", "p.1", "-2", "-", "p1.", "80000000", "x"};
    QhGdbThread thread;
    const char *at;

    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        at = good[i].text;
        g_assert_true(qh_gdb_read_thread(&at, &thread));
        g_assert_cmpint(thread.process, ==, good[i].process);
        g_assert_cmpint(thread.thread, ==, good[i].thread);
        g_assert_cmpstr(at, ==, "");
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        at = bad[i];
        g_assert_false(qh_gdb_read_thread(&at, &thread));
    }
}

static void test_bytes(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    uint8_t bytes[3] = {0x0f, 0xa0, 0xff}, back[3];
    const char *at;

    qh_gdb_append_bytes(text, bytes, 3);
    g_assert_cmpstr(text->str, ==, "0fa0ff");
    at = text->str;
    g_assert_true(qh_gdb_read_bytes(&at, back, 3));
    g_assert_cmpmem(bytes, 3, back, 3);
    at = "0fa0f";
    g_assert_false(qh_gdb_read_bytes(&at, back, 3));
    at = "0fx0ff";
    g_assert_false(qh_gdb_read_bytes(&at, back, 3));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gdb/packet/good", test_good);
    g_test_add_func("/gdb/packet/sums", test_sums);
    g_test_add_func("/gdb/packet/interrupt", test_interrupt);
    g_test_add_func("/gdb/packet/send", test_send);
    g_test_add_func("/gdb/packet/long", test_long);
    g_test_add_func("/gdb/packet/random", test_random);
    g_test_add_func("/gdb/text/numbers", test_numbers);
    g_test_add_func("/gdb/text/threads", test_threads);
    g_test_add_func("/gdb/text/bytes", test_bytes);
    return g_test_run();
}
