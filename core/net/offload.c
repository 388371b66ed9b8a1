/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a network card does for its driver when the other end cannot take the work: the Internet
 * checksum (RFC 1071), and cutting a large TCP or UDP packet into frames (RFC 791, 8200, 9293).
 */
#include "core/net/net-priv.h"

#include <string.h>

#define ETH_BYTES      14u
#define TYPE_VLAN      0x8100u
#define TYPE_QINQ      0x88a8u
#define TYPE_IPV4      0x0800u
#define TYPE_IPV6      0x86ddu
#define IPV4_MIN_BYTES 20u
#define IPV6_BYTES     40u
#define TCP_MIN_BYTES  20u
#define UDP_BYTES      8u
#define PROTO_TCP      6u
#define PROTO_UDP      17u
#define TCP_FIN        0x01u
#define TCP_PSH        0x08u
#define TCP_CWR        0x80u

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value);
}

/* The sum of 16-bit words, not folded; an odd last byte is the upper half of a word. */
static uint64_t sum(const uint8_t *p, uint32_t bytes)
{
    uint64_t total = 0;

    for (; bytes >= 8; p += 8, bytes -= 8) {
        total += (uint64_t)get32(p) + get32(p + 4);
    }
    for (; bytes >= 2; p += 2, bytes -= 2) {
        total += get16(p);
    }
    return bytes != 0 ? total + ((uint64_t)p[0] << 8) : total;
}

static uint32_t fold(uint64_t total)
{
    while (total >> 16 != 0) {
        total = (total & 0xffff) + (total >> 16);
    }
    return (uint32_t)(~total & 0xffff);
}

uint64_t qh_net_gather(const QhNetVec *vec, uint32_t n_vec, uint8_t *to, uint64_t max)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < n_vec && bytes < max; i++) {
        uint64_t some = MIN(vec[i].bytes, max - bytes);

        if (some != 0) {
            memcpy(to + bytes, vec[i].base, some);
        }
        bytes += some;
    }
    return bytes;
}

gboolean qh_net_fill_checksum(const QhNetHeader *header, uint8_t *frame, uint32_t bytes)
{
    uint32_t start = header->csum_start;
    uint32_t at = start + header->csum_offset;

    if (!(header->flags & QH_NET_NEEDS_CSUM)) {
        return TRUE;
    }
    if (start > bytes || at + 2 > bytes) {
        return FALSE;
    }
    uint32_t value = fold(sum(frame + start, bytes - start));
    /* RFC 768: a UDP checksum that comes out as zero is sent as all ones; for TCP both are right */
    put16(frame + at, value == 0 ? 0xffff : value);
    return TRUE;
}

/* Where the parts of a packet are. */
typedef struct Packet {
    const uint8_t *frame;
    uint32_t bytes;
    uint32_t ip;        /* offset of the IP header */
    uint32_t transport; /* offset of the TCP or UDP header */
    uint32_t payload;   /* offset of what is cut */
    gboolean ipv6, tcp;
} Packet;

static gboolean find_ip(Packet *packet)
{
    uint32_t type_at = 12;

    for (uint32_t tags = 0; tags <= 2; tags++, type_at += 4) {
        if (type_at + 2 > packet->bytes) {
            return FALSE;
        }
        uint32_t type = get16(packet->frame + type_at);
        if (type == TYPE_VLAN || type == TYPE_QINQ) {
            continue;
        }
        packet->ip = type_at + 2;
        packet->ipv6 = type == TYPE_IPV6;
        return type == TYPE_IPV4 || type == TYPE_IPV6;
    }
    return FALSE;
}

static gboolean parse(Packet *packet, const QhNetHeader *header)
{
    uint32_t kind = header->gso_type & ~QH_NET_GSO_ECN;
    gboolean right_ip;

    packet->tcp = kind == QH_NET_GSO_TCPV4 || kind == QH_NET_GSO_TCPV6;
    if ((!packet->tcp && kind != QH_NET_GSO_UDP_L4) || header->gso_bytes == 0 ||
        !(header->flags & QH_NET_NEEDS_CSUM) || !find_ip(packet)) {
        return FALSE;
    }
    right_ip = !packet->tcp || packet->ipv6 == (kind == QH_NET_GSO_TCPV6);
    packet->transport = header->csum_start;
    uint32_t least = packet->ip + (packet->ipv6 ? IPV6_BYTES : IPV4_MIN_BYTES);
    uint32_t head = packet->tcp ? TCP_MIN_BYTES : UDP_BYTES;
    if (!right_ip || packet->transport < least || packet->transport + head > packet->bytes) {
        return FALSE;
    }
    if (packet->tcp) {
        head = (packet->frame[packet->transport + 12] >> 4) * 4u;
        if (head < TCP_MIN_BYTES || packet->transport + head > packet->bytes) {
            return FALSE;
        }
    }
    packet->payload = packet->transport + head;
    return packet->ipv6 || (packet->frame[packet->ip] & 15) * 4u == packet->transport - packet->ip;
}

static void finish_ip(const Packet *packet, uint8_t *out, uint32_t bytes, uint32_t n)
{
    uint8_t *ip = out + packet->ip;

    if (packet->ipv6) {
        put16(ip + 4, bytes - packet->ip - IPV6_BYTES);
        return;
    }
    put16(ip + 2, bytes - packet->ip);
    put16(ip + 4, get16(ip + 4) + n);
    put16(ip + 10, 0);
    put16(ip + 10, fold(sum(ip, packet->transport - packet->ip)));
}

static void finish_transport(const Packet *packet, uint8_t *out, uint32_t bytes)
{
    uint8_t *ip = out + packet->ip, *head = out + packet->transport;
    uint32_t length = bytes - packet->transport, at = packet->tcp ? 16 : 6;
    uint64_t pseudo = packet->ipv6 ? sum(ip + 8, 32) : sum(ip + 12, 8);

    if (!packet->tcp) {
        put16(head + 4, length);
    }
    put16(head + at, 0);
    pseudo += length + (packet->tcp ? PROTO_TCP : PROTO_UDP);
    uint32_t value = fold(pseudo + sum(head, length));
    put16(head + at, value == 0 && !packet->tcp ? 0xffff : value);
}

gboolean qh_net_segment(const QhNetHeader *header,
                        const uint8_t *frame,
                        uint32_t bytes,
                        void (*fn)(void *opaque, const uint8_t *frame, uint32_t bytes),
                        void *opaque)
{
    Packet packet = {.frame = frame, .bytes = bytes};

    if (!parse(&packet, header)) {
        return FALSE;
    }
    uint32_t payload = bytes - packet.payload, done = 0, n = 0;
    g_autofree uint8_t *out = g_malloc(packet.payload + MIN(payload, header->gso_bytes));
    do {
        uint32_t some = MIN(payload - done, header->gso_bytes);
        uint32_t length = packet.payload + some;

        memcpy(out, frame, packet.payload);
        if (some != 0) {
            memcpy(out + packet.payload, frame + packet.payload + done, some);
        }
        if (packet.tcp) {
            uint8_t *tcp = out + packet.transport;

            put32(tcp + 4, get32(tcp + 4) + done);
            tcp[13] &= (uint8_t) ~(done + some < payload ? TCP_FIN | TCP_PSH : 0);
            tcp[13] &= (uint8_t) ~(n != 0 ? TCP_CWR : 0);
        }
        finish_ip(&packet, out, length, n);
        finish_transport(&packet, out, length);
        fn(opaque, out, length);
        done += some;
        n++;
    } while (done < payload);
    return TRUE;
}
