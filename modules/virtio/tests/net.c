/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network card: frames both ways, merged buffers, filters, control commands. */
#include "modules/virtio/tests/driver.h"

#define HEAD 12u

static const char *const plain[] = {"netdev", "n0", NULL};

typedef struct Card {
    Bench *bench;
    Queue rx, tx, control;
} Card;

static Card card_new(const char *const *properties, uint64_t without)
{
    Card card = {.bench = bench_new("virtio-net-device", FALSE, properties)};
    uint64_t features = driver_start(card.bench, without);

    card.rx = driver_queue(card.bench, 0, 16, features);
    card.tx = driver_queue(card.bench, 1, 16, features);
    card.control = driver_queue(card.bench, (features & VIRTIO_BIT(22)) != 0 ? 4 : 2, 16, features);
    driver_ok(card.bench);
    return card;
}

/* Buffers @from and the @n - 1 after it. */
static void give(Card *card, uint32_t from, uint32_t n, uint32_t bytes)
{
    for (uint32_t i = from; i < from + n; i++) {
        const Part part = {DRIVER_DATA + 0x1000 * i, bytes, TRUE};

        memset(bench_at(card->bench, part.address), 0xee, bytes);
        driver_add(&card->rx, &part, 1, FALSE);
    }
    driver_kick(&card->rx);
}

static gboolean receive(Card *card, const uint8_t *frame, uint32_t bytes)
{
    const QhNetHeader header = {.flags = QH_NET_DATA_VALID};
    const QhNetVec vec[] = {
        {(void *)frame,       5        },
        {(void *)(frame + 5), bytes - 5},
    };

    return card->bench->net_handlers->receive(card->bench->net_opaque, 0, &header, vec, 2);
}

static void test_send(void)
{
    Card card = card_new(plain, 0);
    const Part parts[] = {
        {DRIVER_DATA,         HEAD + 10, FALSE},
        {DRIVER_DATA + 0x200, 50,        FALSE},
    };
    uint8_t *head = bench_at(card.bench, DRIVER_DATA);
    uint32_t id, bytes;

    memset(head, 0, HEAD);
    memset(head + HEAD, 'a', 10);
    memset(bench_at(card.bench, DRIVER_DATA + 0x200), 'b', 50);
    driver_add(&card.tx, parts, 2, FALSE);
    driver_kick(&card.tx);
    g_assert_true(driver_get(&card.tx, &id, &bytes) && bytes == 0);
    g_assert_cmpuint(card.bench->sent->len, ==, 60);
    g_assert_cmpuint(card.bench->sent->data[9], ==, 'a');
    g_assert_cmpuint(card.bench->sent->data[10], ==, 'b');

    /* offloads travel; one that makes no sense is dropped */
    head[0] = 1;
    head[1] = 1;
    virtio_put16(head + 4, 20);
    virtio_put16(head + 6, 34);
    virtio_put16(head + 8, 16);
    driver_add(&card.tx, parts, 2, FALSE);
    driver_kick(&card.tx);
    g_assert_cmpuint(card.bench->header.gso_type, ==, QH_NET_GSO_TCPV4);
    g_assert_cmpuint(card.bench->header.gso_bytes, ==, 20);
    g_assert_cmpuint(card.bench->header.csum_start, ==, 34);
    virtio_put16(head + 6, 59);
    driver_add(&card.tx, parts, 2, FALSE);
    driver_kick(&card.tx);
    g_assert_cmpuint(card.bench->n_sent, ==, 2);
    g_assert_cmpuint(card.bench->n_guest_errors, ==, 1);
    while (driver_get(&card.tx, &id, &bytes)) {
    }

    /* a full network: the frame waits in the ring */
    memset(head, 0, HEAD);
    card.bench->net_full = TRUE;
    driver_add(&card.tx, parts, 2, FALSE);
    driver_add(&card.tx, parts, 2, FALSE);
    driver_kick(&card.tx);
    g_assert_false(driver_get(&card.tx, &id, &bytes));
    card.bench->net_full = FALSE;
    card.bench->net_handlers->can_send(card.bench->net_opaque, 0);
    g_assert_true(driver_get(&card.tx, &id, &bytes) && driver_get(&card.tx, &id, &bytes));
    g_assert_cmpuint(card.bench->n_sent, ==, 4);
    bench_free(card.bench);
}

static void test_receive(void)
{
    Card card = card_new(plain, 0);
    uint8_t frame[3000] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t id, bytes;

    frame[2999] = 0x77;
    /* no buffers: it waits, and the driver's next buffers make room */
    g_assert_false(receive(&card, frame, 3000));
    give(&card, 0, 2, 1500);
    g_assert_false(receive(&card, frame, 3000));
    g_assert_false(driver_get(&card.rx, &id, &bytes));
    give(&card, 2, 3, 1500);
    g_assert_true(card.bench->net_handlers->can_receive(card.bench->net_opaque, 0));
    g_assert_true(receive(&card, frame, 3000));
    const uint32_t want[] = {1500, 1500, 12};
    for (guint i = 0; i < 3; i++) {
        g_assert_true(driver_get(&card.rx, &id, &bytes));
        g_assert_cmpuint(bytes, ==, want[i]);
    }
    const uint8_t *head = bench_at(card.bench, DRIVER_DATA);
    g_assert_cmpuint(head[0], ==, QH_NET_DATA_VALID);
    g_assert_cmpuint(virtio_get16(head + 10), ==, 3);
    g_assert_cmpuint(head[HEAD], ==, 0xff);
    bench_free(card.bench);

    /* without merged buffers a frame that does not fit is lost, the next is not */
    card = card_new(plain, VIRTIO_BIT(15));
    give(&card, 0, 2, 1000);
    g_assert_true(receive(&card, frame, 3000));
    g_assert_false(driver_get(&card.rx, &id, &bytes));
    g_assert_true(receive(&card, frame, 60));
    g_assert_true(driver_get(&card.rx, &id, &bytes) && bytes == 72);
    bench_free(card.bench);
}

/* A control command; its answer. */
static uint32_t control(Card *card, uint32_t class, uint32_t command, const void *data, uint32_t n)
{
    uint8_t *at = bench_at(card->bench, DRIVER_DATA + 0x8000);
    const Part parts[] = {
        {DRIVER_DATA + 0x8000, 2 + n, FALSE},
        {DRIVER_DATA + 0x9000, 1,     TRUE },
    };
    uint8_t *ack = bench_at(card->bench, DRIVER_DATA + 0x9000);
    uint32_t id, bytes;

    at[0] = (uint8_t) class;
    at[1] = (uint8_t)command;
    memcpy(at + 2, data, n);
    *ack = 0xee;
    driver_add(&card->control, parts, 2, FALSE);
    driver_kick(&card->control);
    g_assert_true(driver_get(&card->control, &id, &bytes) && bytes == 1);
    return *ack;
}

static void test_filter(void)
{
    Card card = card_new(plain, 0);
    uint8_t frame[60] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    static const uint8_t zero = 0, one = 1;
    uint8_t table[8 + 12] = {1, 0, 0, 0, 0x02, 1, 2, 3, 4, 5, 1, 0, 0, 0, 0x01, 0, 0x5e, 0, 0, 1};
    uint32_t id, bytes;

    give(&card, 0, 6, 1500);
    g_assert_cmpuint(control(&card, 0, 0, &zero, 1), ==, 0);
    g_assert_cmpuint(control(&card, 1, 0, table, sizeof(table)), ==, 0);
    static const uint8_t to[][7] = {
        {0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 1},
        {0x52, 0x54, 0x00, 0x12, 0x34, 0x57, 0},
        {0x02, 1,    2,    3,    4,    5,    1},
        {0x01, 0,    0x5e, 0,    0,    1,    1},
        {0x01, 0,    0x5e, 0,    0,    2,    0},
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(to); i++) {
        memcpy(frame, to[i], 6);
        g_assert_true(receive(&card, frame, 60));
        g_assert_true(driver_get(&card.rx, &id, &bytes) == to[i][6]);
    }
    g_assert_cmpuint(control(&card, 0, 5, &one, 1), ==, 0);
    g_assert_true(receive(&card, frame, 60));
    g_assert_false(driver_get(&card.rx, &id, &bytes));
    /* VLAN 5 */
    memcpy(frame, to[0], 6);
    memcpy(frame + 12, "\x81\x00\x00\x05", 4);
    g_assert_true(receive(&card, frame, 60));
    g_assert_false(driver_get(&card.rx, &id, &bytes));
    g_assert_cmpuint(control(&card, 2, 0, "\x05\x00", 2), ==, 0);
    g_assert_true(receive(&card, frame, 60));
    g_assert_true(driver_get(&card.rx, &id, &bytes));
    g_autofree char *text = card.bench->net_handlers->rx_filter(card.bench->net_opaque);
    g_assert_nonnull(strstr(text, "\"vlan-table\": [5]"));
    g_assert_nonnull(strstr(text, "\"unicast-table\": [\"02:01:02:03:04:05\"]"));
    g_assert_nonnull(strstr(text, "\"broadcast-allowed\": false"));
    bench_free(card.bench);
}

static void test_control(void)
{
    static const char *const pairs[] = {"netdev", "n0", "mq", "on", NULL};
    Card card = card_new(pairs, 0);
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
    uint8_t many[8 + 100 * 6] = {100};

    g_assert_cmpuint(bench_config(card.bench, 8, 2), ==, 2);
    g_assert_cmpuint(control(&card, 4, 0, "\x02\x00", 2), ==, 0);
    g_assert_cmpuint(control(&card, 4, 0, "\x03\x00", 2), ==, 1);
    g_assert_cmpuint(control(&card, 4, 0, "\x00\x00", 2), ==, 1);
    g_assert_cmpuint(control(&card, 4, 0, "\x01", 1), ==, 1);
    g_assert_cmpuint(control(&card, 1, 1, "\x02\x00\x00\x00\x00\x09", 6), ==, 0);
    g_assert_cmpuint(bench_config(card.bench, 5, 1), ==, 9);
    g_assert_cmpuint(control(&card, 1, 1, "\x02\x00", 2), ==, 1);
    g_assert_cmpuint(control(&card, 1, 0, huge, sizeof(huge)), ==, 1);
    g_assert_cmpuint(control(&card, 1, 0, many, sizeof(many)), ==, 0);
    g_autofree char *text = card.bench->net_handlers->rx_filter(card.bench->net_opaque);
    g_assert_nonnull(strstr(text, "\"unicast-overflow\": true"));
    g_assert_cmpuint(control(&card, 2, 0, "\x00\x10", 2), ==, 1);
    g_assert_cmpuint(control(&card, 3, 0, "", 0), ==, 1);
    g_assert_cmpuint(control(&card, 9, 0, "", 0), ==, 1);
    /* offloads: those that were negotiated, no others */
    g_assert_cmpuint(control(&card, 5, 0, "\x82\x00\x00\x00\x00\x00\x00\x00", 8), ==, 0);
    g_assert_cmpuint(card.bench->offloads, ==, QH_NET_OFFLOAD_CSUM | QH_NET_OFFLOAD_TSO4);
    g_assert_cmpuint(control(&card, 5, 0, "\x00\x00\x00\x00\x00\x00\x00\x80", 8), ==, 1);
    bench_free(card.bench);
}

static void test_link(void)
{
    Card card = card_new(plain, 0);

    g_assert_cmpuint(bench_config(card.bench, 6, 2), ==, 1);
    g_assert_cmpuint(bench_config(card.bench, 0, 1), ==, 0x52);
    card.bench->net_handlers->link(card.bench->net_opaque, FALSE);
    g_assert_cmpuint(bench_config(card.bench, 6, 2), ==, 0);
    g_assert_cmpuint(bench_read(card.bench, R_ISR), ==, 2);
    bench_reset(card.bench);
    g_assert_false(card.bench->net_handlers->can_receive(card.bench->net_opaque, 0));
    g_assert_cmpuint(card.bench->offloads, ==, 0);
    bench_free(card.bench);
}

static void test_refusals(void)
{
    static const char *const bad[][5] = {
        {NULL   },
        { "netdev", "n0", "rx_queue_size", "15"},
        {   "netdev", "n0", "tx_queue_size", "2048"},
        { "netdev", "n0", "host_mtu", "60"},
        {   "netdev", "n0", "duplex", "none"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = bench_refuse("virtio-net-device", bad[i]);

        g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/send", test_send);
    g_test_add_func("/net/receive", test_receive);
    g_test_add_func("/net/filter", test_filter);
    g_test_add_func("/net/control", test_control);
    g_test_add_func("/net/link", test_link);
    g_test_add_func("/net/refusals", test_refusals);
    return g_test_run();
}
