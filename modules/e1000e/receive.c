/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames for the guest (7.1): the filters, the buffers of the receive ring, and what is said of the
 * frame. All of its buffers have to be there before anything is written.
 */
#include "modules/e1000e/e1000e.h"

#include <string.h>

#define FRAME_MIN   60u
#define FRAME_MAX   1522u  /* with a tag and the FCS, without RCTL.LPE */
#define FRAME_LONG  16384u /* with it */
#define FCS_BYTES   4u
#define TAG_BYTES   4u
#define BUFFERS     256u
#define SPLIT_PARTS 4u
#define RX_QUEUE    0u

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

/* --- Filters (7.1.1) --- */

static gboolean vlan_passes(const E1000e *e, const uint8_t *frame, uint32_t bytes)
{
    uint32_t id;

    if ((REG(e, REG_RCTL) & RCTL_VLAN_FILTER) == 0 || bytes < 16 ||
        get16(frame + 12) != (REG(e, REG_VET) & 0xffff)) {
        return TRUE;
    }
    id = get16(frame + 14) & 0xfff;
    return (REG(e, REG_VFTA + id / 32 * 4) >> (id % 32) & 1) != 0;
}

static gboolean is_own(const E1000e *e, const uint8_t *address)
{
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t low = REG(e, REG_RAL + 8 * i), high = REG(e, REG_RAH + 8 * i);
        const uint8_t mine[6] = {(uint8_t)low,         (uint8_t)(low >> 8), (uint8_t)(low >> 16),
                                 (uint8_t)(low >> 24), (uint8_t)high,       (uint8_t)(high >> 8)};

        if ((high & RAH_VALID) != 0 && memcmp(mine, address, 6) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* 10.2.5.4: RCTL.MO says which twelve bits of the address choose the bit. */
static gboolean is_listened_to(const E1000e *e, const uint8_t *address)
{
    static const uint8_t shifts[] = {4, 3, 2, 0};
    uint32_t shift = shifts[REG(e, REG_RCTL) >> 12 & 3];
    uint32_t hash = (((uint32_t)address[5] << 8 | address[4]) >> shift) & 0xfff;

    return (REG(e, REG_MTA + hash / 32 * 4) >> (hash % 32) & 1) != 0;
}

static gboolean passes(const E1000e *e, const uint8_t *frame, uint32_t bytes)
{
    static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t rctl = REG(e, REG_RCTL);

    if (!vlan_passes(e, frame, bytes)) {
        return FALSE;
    }
    if (memcmp(frame, everybody, 6) == 0) {
        return (rctl & (RCTL_BROADCAST | RCTL_MULTICAST)) != 0;
    }
    if ((frame[0] & 1) != 0) {
        return (rctl & RCTL_MULTICAST) != 0 || is_own(e, frame) || is_listened_to(e, frame);
    }
    return (rctl & RCTL_UNICAST) != 0 || is_own(e, frame);
}

/* --- Buffers --- */

static uint64_t ring_base(const E1000e *e)
{
    return (REG(e, REG_RDBAL) & ~15u) | (uint64_t)REG(e, REG_RDBAH) << 32;
}

static gboolean is_split(const E1000e *e)
{
    return (REG(e, REG_RCTL) & RCTL_SPLIT) != 0;
}

static uint32_t descriptor_bytes(const E1000e *e)
{
    return is_split(e) ? 32 : 16;
}

static uint32_t ring_length(const E1000e *e)
{
    return (REG(e, REG_RDLEN) & 0xfff80) / descriptor_bytes(e);
}

static uint32_t free_descriptors(const E1000e *e)
{
    uint32_t n = ring_length(e), head = REG(e, REG_RDH), tail = REG(e, REG_RDT);

    return n == 0 || head >= n || tail >= n ? 0 : (tail + n - head) % n;
}

/* 10.2.5.1: BSIZE, BSEX, FLXBUF. */
static uint32_t buffer_bytes(const E1000e *e)
{
    uint32_t rctl = REG(e, REG_RCTL), size = rctl >> 16 & 3;

    if ((rctl >> 27 & 15) != 0) {
        return (rctl >> 27 & 15) << 10;
    }
    return (rctl & 1u << 25) == 0 ? 2048u >> size : size == 0 ? 2048u : 32768u >> size;
}

/* Sizes of the parts of a descriptor's buffer; how many there are. */
static uint32_t part_sizes(const E1000e *e, uint32_t sizes[SPLIT_PARTS])
{
    uint32_t psrctl = REG(e, REG_PSRCTL);

    if (!is_split(e)) {
        sizes[0] = buffer_bytes(e);
        return 1;
    }
    sizes[0] = (psrctl & 0x7f) * 128;
    for (uint32_t i = 1; i < SPLIT_PARTS; i++) {
        sizes[i] = (psrctl >> (8 * i) & 0x3f) * 1024;
    }
    return SPLIT_PARTS;
}

static uint32_t all_parts(const E1000e *e)
{
    uint32_t sizes[SPLIT_PARTS], sum = 0;

    for (uint32_t i = 0, n = part_sizes(e, sizes); i < n; i++) {
        sum += sizes[i];
    }
    return sum;
}

static gboolean is_on(const E1000e *e)
{
    return (REG(e, REG_RCTL) & RCTL_ENABLE) != 0 && e->link_up != 0 &&
           e->pci->is_master((QhDevice *)&e->base);
}

static gboolean can_receive(void *opaque, uint32_t queue)
{
    const E1000e *e = opaque;

    (void)queue;
    return is_on(e) && free_descriptors(e) > 0;
}

/* --- One frame --- */

typedef struct Received {
    uint32_t bytes; /* of e->frame, FCS included if the guest wants it */
    uint32_t status;
    uint32_t tag;
} Received;

/* What is said of the checksums: only what somebody has checked (7.1.10). */
static uint32_t sum_status(const E1000e *e, const QhNetHeader *header, uint32_t bytes)
{
    uint32_t at = 14, protocol, status = 0;

    if ((header->flags & QH_NET_DATA_VALID) == 0 || bytes < 14 + 40) {
        return RX_NO_SUM;
    }
    if (get16(e->frame + 12) == 0x0800) {
        protocol = e->frame[at + 9];
        status = RX_IP_SUM;
    } else if (get16(e->frame + 12) == 0x86dd) {
        protocol = e->frame[at + 6];
    } else {
        return RX_NO_SUM;
    }
    return status | (protocol == 6 ? RX_TCP_SUM : protocol == 17 ? RX_UDP_SUM | RX_TCP_SUM : 0);
}

/* Put the frame into e->frame as the guest shall see it. */
static void prepare(E1000e *e, const QhNetHeader *header, uint32_t bytes, Received *ret)
{
    ret->status = sum_status(e, header, bytes);
    ret->tag = 0;
    if (bytes < FRAME_MIN) {
        memset(e->frame + bytes, 0, FRAME_MIN - bytes);
        bytes = FRAME_MIN;
    }
    if ((REG(e, REG_CTRL) & CTRL_VLAN) != 0 && get16(e->frame + 12) == (REG(e, REG_VET) & 0xffff)) {
        ret->tag = get16(e->frame + 14);
        ret->status |= RX_VLAN;
        bytes -= TAG_BYTES;
        memmove(e->frame + 12, e->frame + 12 + TAG_BYTES, bytes - 12);
    }
    if ((REG(e, REG_RCTL) & RCTL_STRIP_CRC) == 0) {
        memset(e->frame + bytes, 0, FCS_BYTES);
        bytes += FCS_BYTES;
    }
    ret->bytes = bytes;
}

static gboolean write_words(E1000e *e, uint64_t address, const uint32_t *words, uint32_t n)
{
    uint32_t raw[8];

    for (uint32_t i = 0; i < n; i++) {
        raw[i] = GUINT32_TO_LE(words[i]);
    }
    return e->pci->dma_write(&e->base, address, raw, 4 * n) == QH_BUS_OK;
}

/* Write back a descriptor: @lengths of its parts. The word with the status comes last. */
static gboolean write_back(E1000e *e,
                           uint64_t at,
                           const Received *frame,
                           const uint32_t lengths[SPLIT_PARTS],
                           gboolean last)
{
    uint32_t status = RX_DONE | (last ? RX_END | frame->status : frame->status & RX_VLAN);
    uint32_t words[8] = {0};

    if (is_split(e)) { /* 7.1.5.2 */
        words[2] = status;
        words[3] = lengths[0] | frame->tag << 16;
        words[4] = lengths[1] << 16;
        words[5] = lengths[2] | lengths[3] << 16;
        return write_words(e, at + 12, words + 3, 5) && write_words(e, at, words, 2) &&
               write_words(e, at + 8, words + 2, 1);
    }
    if ((REG(e, REG_RFCTL) & RFCTL_EXTENDED) != 0) { /* 7.1.5.1 */
        words[3] = lengths[0] | frame->tag << 16;
        words[2] = status;
        return write_words(e, at + 12, words + 3, 1) && write_words(e, at, words, 2) &&
               write_words(e, at + 8, words + 2, 1);
    }
    words[0] = lengths[0];
    words[1] = status | frame->tag << 16; /* 7.1.4 */
    return write_words(e, at + 8, words, 1) && write_words(e, at + 12, words + 1, 1);
}

/* Fill one descriptor from byte *@done of the frame on. */
static gboolean fill(E1000e *e, uint32_t index, const Received *frame, uint32_t *done)
{
    uint64_t at = ring_base(e) + (uint64_t)index * descriptor_bytes(e), raw[SPLIT_PARTS];
    uint32_t sizes[SPLIT_PARTS], lengths[SPLIT_PARTS] = {0}, n = part_sizes(e, sizes);

    if (e->pci->dma_read(&e->base, at, raw, 8 * n) != QH_BUS_OK) {
        return FALSE;
    }
    for (uint32_t i = 0; i < n && *done < frame->bytes; i++) {
        uint64_t address = GUINT64_FROM_LE(raw[i]);

        lengths[i] = MIN(sizes[i], frame->bytes - *done);
        if (lengths[i] > 0 && address != 0 &&
            e->pci->dma_write(&e->base, address, e->frame + *done, lengths[i]) != QH_BUS_OK) {
            e1000e_guest_error(e, "e1000e: receive buffer is not in memory");
        }
        *done += lengths[i];
    }
    return write_back(e, at, frame, lengths, *done == frame->bytes);
}

static void count(E1000e *e, uint32_t bytes)
{
    e1000e_count(e, REG_GPRC, 1);
    e1000e_count(e, REG_TPR, 1);
    e1000e_count64(e, REG_GORCL, bytes);
    e1000e_count64(e, REG_TORL, bytes);
    if ((e->frame[0] & 1) != 0) {
        gboolean broadcast = memcmp(e->frame, "\xff\xff\xff\xff\xff\xff", 6) == 0;

        e1000e_count(e, broadcast ? REG_BPRC : REG_MPRC, 1);
    }
}

/* 10.2.5.1 RDMTS: a half, a quarter, an eighth of the ring. */
static gboolean runs_low(const E1000e *e)
{
    return free_descriptors(e) <= ring_length(e) >> ((REG(e, REG_RCTL) >> 8 & 3) + 1);
}

static void deliver(E1000e *e, const Received *frame)
{
    uint32_t done = 0, n = ring_length(e);

    while (done < frame->bytes) {
        uint32_t head = REG(e, REG_RDH);

        if (!fill(e, head, frame, &done)) {
            e1000e_guest_error(e, "e1000e: receive ring is not in memory");
            REG(e, REG_RCTL) &= ~RCTL_ENABLE;
            return;
        }
        REG(e, REG_RDH) = head + 1 >= n ? 0 : head + 1;
    }
    count(e, frame->bytes);
    e1000e_raise(e, CAUSE_RX_TIMER | CAUSE_RX_QUEUE << RX_QUEUE | (runs_low(e) ? CAUSE_RX_LOW : 0));
}

static gboolean receive(
    void *opaque, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    E1000e *e = opaque;
    uint32_t limit = (REG(e, REG_RCTL) & RCTL_LONG) != 0 ? FRAME_LONG : FRAME_MAX;
    uint32_t bytes = 0, needed;
    Received frame;

    (void)queue;
    if (!is_on(e)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < n_vec; i++) {
        if (vec[i].bytes > limit - FCS_BYTES - bytes) {
            return TRUE; /* too long for this guest: lost */
        }
        memcpy(e->frame + bytes, vec[i].base, vec[i].bytes);
        bytes += (uint32_t)vec[i].bytes;
    }
    if (bytes < 14 || !passes(e, e->frame, bytes)) {
        return TRUE;
    }
    needed = all_parts(e);
    needed = needed > 0 ? (MAX(bytes, FRAME_MIN) + FCS_BYTES + needed - 1) / needed : BUFFERS;
    if (needed >= BUFFERS || needed >= MAX(ring_length(e), 1)) {
        return ring_length(e) != 0; /* it will never fit: lost, but wait for a ring */
    }
    if (free_descriptors(e) < needed) {
        e1000e_raise(e, CAUSE_RX_OVER);
        return FALSE;
    }
    prepare(e, header, bytes, &frame);
    deliver(e, &frame);
    return TRUE;
}

void e1000e_receive_ready(E1000e *e)
{
    if (e->attached && can_receive(e, 0)) {
        e1000e_services(e)->net->ready(e->netdev, 0);
    }
}

/* --- What else the network tells --- */

static void on_link(void *opaque, gboolean up)
{
    E1000e *e = opaque;

    e->link_up = up != FALSE;
    e1000e_show_link(e);
    e1000e_raise(e, CAUSE_LINK);
    e1000e_receive_ready(e);
}

static void can_send(void *opaque, uint32_t queue)
{
    (void)queue;
    e1000e_transmit_all(opaque);
}

const QhNetHandlers e1000e_net_handlers = {
    .size = sizeof(QhNetHandlers),
    .can_receive = can_receive,
    .receive = receive,
    .link = on_link,
    .can_send = can_send,
};
