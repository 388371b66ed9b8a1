/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums and segmentation, judged by the plainest reading of RFC 1071, 9293 and 8200. */
#include "core/net/net-priv.h"

#include <string.h>

#define PAYLOAD 10000u

typedef struct Seen {
    GPtrArray *frames; /* GByteArray * */
} Seen;

static void take(void *opaque, const uint8_t *frame, uint32_t bytes)
{
    GByteArray *copy = g_byte_array_new();

    g_byte_array_append(copy, frame, bytes);
    g_ptr_array_add(((Seen *)opaque)->frames, copy);
}

static uint32_t word(const uint8_t *p)
{
    return (uint32_t)p[0] * 256 + p[1];
}

/* One's complement sum of big-endian words, byte by byte. */
static uint32_t plain_sum(uint32_t start, const uint8_t *p, uint32_t bytes)
{
    uint32_t total = start;

    for (uint32_t i = 0; i < bytes; i++) {
        total += i % 2 == 0 ? (uint32_t)p[i] * 256 : p[i];
        total = (total & 0xffff) + (total >> 16);
    }
    return total;
}

/* Ethernet, IPv4 or IPv6, TCP or UDP; the transport checksum field holds the pseudo header's sum.
 */
static uint32_t make(uint8_t *frame, gboolean ipv6, gboolean tcp, QhNetHeader *header)
{
    uint32_t ip = 14, transport = ip + (ipv6 ? 40 : 20), head = tcp ? 32 : 8;
    uint32_t bytes = transport + head + PAYLOAD, length = head + PAYLOAD;

    memset(frame, 0, bytes);
    frame[12] = ipv6 ? 0x86 : 0x08;
    frame[13] = ipv6 ? 0xdd : 0x00;
    frame[ip] = ipv6 ? 0x60 : 0x45;
    memset(frame + ip + (ipv6 ? 8 : 12), 0x11, ipv6 ? 32 : 8);
    frame[ip + (ipv6 ? 6 : 9)] = tcp ? 6 : 17;
    frame[ip + 4] = 0x12; /* IPv4: id 0x12ff, so that it carries */
    frame[ip + 5] = 0xff;
    if (tcp) {
        memcpy(frame + transport + 4, "\xff\xff\xff\x00", 4);
        frame[transport + 12] = 0x80; /* 32 bytes */
        frame[transport + 13] = 0x80 | 0x10 | 0x08 | 0x01;
    }
    for (uint32_t i = 0; i < PAYLOAD; i++) {
        frame[transport + head + i] = (uint8_t)(i * 7 + i / 256);
    }
    uint8_t pseudo[4] = {0, tcp ? 6 : 17, (uint8_t)(length >> 8), (uint8_t)length};
    uint32_t sum = plain_sum(0, frame + ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
    sum = plain_sum(sum, pseudo, 4);
    uint32_t at = transport + (tcp ? 16 : 6);
    frame[at] = (uint8_t)(sum >> 8);
    frame[at + 1] = (uint8_t)sum;
    *header = (QhNetHeader){.flags = QH_NET_NEEDS_CSUM,
                            .gso_type = !tcp   ? QH_NET_GSO_UDP_L4
                                        : ipv6 ? QH_NET_GSO_TCPV6
                                               : QH_NET_GSO_TCPV4,
                            .header_bytes = (uint16_t)(transport + head),
                            .gso_bytes = 1400,
                            .csum_start = (uint16_t)transport,
                            .csum_offset = tcp ? 16 : 6};
    return bytes;
}

/* The transport checksum of a finished frame comes out as all ones. */
static void check_sum(const uint8_t *frame, uint32_t bytes, gboolean ipv6, gboolean tcp)
{
    uint32_t ip = 14, transport = ip + (ipv6 ? 40 : 20), length = bytes - transport;
    uint8_t pseudo[4] = {0, tcp ? 6 : 17, (uint8_t)(length >> 8), (uint8_t)length};
    uint32_t sum = plain_sum(0, frame + ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);

    sum = plain_sum(sum, pseudo, 4);
    g_assert_cmphex(plain_sum(sum, frame + transport, length), ==, 0xffff);
    if (!ipv6) {
        g_assert_cmphex(plain_sum(0, frame + ip, 20), ==, 0xffff);
        g_assert_cmpuint(word(frame + ip + 2), ==, bytes - ip);
    } else {
        g_assert_cmpuint(word(frame + ip + 4), ==, length);
    }
}

static void segment(gconstpointer data)
{
    gboolean ipv6 = (GPOINTER_TO_UINT(data) & 1) != 0, tcp = (GPOINTER_TO_UINT(data) & 2) != 0;
    g_autofree uint8_t *frame = g_malloc(PAYLOAD + 200);
    QhNetHeader header;
    uint32_t bytes = make(frame, ipv6, tcp, &header), done = 0;
    Seen seen = {g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref)};
    uint32_t transport = header.csum_start, head = header.header_bytes;

    g_assert_true(qh_net_segment(&header, frame, bytes, take, &seen));
    g_assert_cmpuint(seen.frames->len, ==, (PAYLOAD + 1399) / 1400);
    for (guint i = 0; i < seen.frames->len; i++) {
        const GByteArray *one = g_ptr_array_index(seen.frames, i);
        gboolean last = i + 1 == seen.frames->len;

        check_sum(one->data, one->len, ipv6, tcp);
        g_assert_cmpmem(one->data + head, one->len - head, frame + head + done, one->len - head);
        if (tcp) {
            uint32_t seq = word(one->data + transport + 4) << 16 | word(one->data + transport + 6);

            g_assert_cmphex(seq, ==, 0xffffff00u + done);
            g_assert_cmphex(one->data[transport + 13], ==,
                            (i == 0 ? 0x80 : 0) | 0x10 | (last ? 0x09 : 0));
        } else {
            g_assert_cmpuint(word(one->data + transport + 4), ==, one->len - transport);
        }
        if (!ipv6) {
            g_assert_cmphex(word(one->data + 18), ==, 0x12ff + i);
        }
        done += one->len - head;
    }
    g_assert_cmpuint(done, ==, PAYLOAD);
    g_ptr_array_unref(seen.frames);
}

static void checksum(void)
{
    g_autofree uint8_t *frame = g_malloc(PAYLOAD + 200);

    for (guint kind = 0; kind < 4; kind++) {
        QhNetHeader header;
        uint32_t bytes = make(frame, (kind & 1) != 0, (kind & 2) != 0, &header);

        if ((kind & 1) == 0) { /* the IP header is the sender's affair here */
            frame[16] = (uint8_t)((bytes - 14) >> 8);
            frame[17] = (uint8_t)(bytes - 14);
            uint32_t sum = plain_sum(0, frame + 14, 20) ^ 0xffff;
            frame[24] = (uint8_t)(sum >> 8);
            frame[25] = (uint8_t)sum;
        } else {
            frame[18] = (uint8_t)((bytes - 54) >> 8);
            frame[19] = (uint8_t)(bytes - 54);
        }
        g_assert_true(qh_net_fill_checksum(&header, frame, bytes));
        check_sum(frame, bytes, (kind & 1) != 0, (kind & 2) != 0);
    }
}

/* Whatever the header says, nothing beyond the frame is touched: the sanitizers watch. */
static void nonsense(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    uint32_t refused = 0;

    for (guint i = 0; i < 200000; i++) {
        g_autofree uint8_t *whole = g_malloc(PAYLOAD + 200);
        QhNetHeader header;
        Seen seen = {g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref)};
        uint32_t bytes = make(whole, i & 1, i & 2, &header);

        bytes = (uint32_t)g_rand_int_range(rand, 0, (gint32)MIN(bytes, 300) + 1);
        g_autofree uint8_t *frame = g_memdup2(whole, bytes);
        for (guint flips = (guint)g_rand_int_range(rand, 0, 4); flips > 0 && bytes > 0; flips--) {
            frame[g_rand_int_range(rand, 0, (gint32)bytes)] = (uint8_t)g_rand_int(rand);
        }
        if (g_rand_boolean(rand)) {
            header.csum_start = (uint16_t)g_rand_int(rand);
        }
        header.gso_bytes = (uint16_t)g_rand_int_range(rand, 0, 3000);
        refused += !qh_net_segment(&header, frame, bytes, take, &seen);
        qh_net_fill_checksum(&header, frame, bytes);
        g_ptr_array_unref(seen.frames);
    }
    g_assert_cmpuint(refused, >, 1000);
    g_assert_cmpuint(refused, <, 199000);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"udp4", "udp6", "tcp4", "tcp6"};

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < 4; i++) {
        g_autofree char *path = g_strconcat("/net-offload/segment-", names[i], NULL);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), segment);
    }
    g_test_add_func("/net-offload/checksum", checksum);
    g_test_add_func("/net-offload/nonsense", nonsense);
    return g_test_run();
}
