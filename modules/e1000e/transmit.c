/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transmit rings (7.2). Descriptors of one frame are read, their data gathered; when the network
 * has taken the frame they are given back. If it has no room the head stays where the frame began.
 */
#include "modules/e1000e/e1000e.h"

#include <string.h>

#define FRAME_DESCRIPTORS 256u
#define TURN_FRAMES       256u
#define TURN_BYTES        (4u << 20)
#define LATER_NS          50000
#define TAG_BYTES         4u

typedef struct Descriptor {
    uint64_t address;
    uint32_t words[4]; /* the first two are the address; or all of a context */
} Descriptor;

typedef struct Frame {
    uint32_t bytes;
    uint32_t first_command; /* of its first data descriptor */
    uint32_t options;       /* its fourth word: checksums, tag */
    uint32_t n_descriptors;
    gboolean too_long;
    gboolean extended;
    /* where to report: indices and third and fourth word */
    uint32_t reports[FRAME_DESCRIPTORS];
    uint32_t n_reports;
} Frame;

uint16_t e1000e_sum(const uint8_t *data, uint32_t bytes, uint32_t start)
{
    uint64_t sum = start;

    for (uint32_t i = 0; i + 1 < bytes; i += 2) {
        sum += (uint32_t)data[i] << 8 | data[i + 1];
    }
    if ((bytes & 1) != 0) {
        sum += (uint32_t)data[bytes - 1] << 8;
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t ring_reg(uint32_t queue, uint32_t offset)
{
    return offset + queue * REG_QUEUE_1;
}

static uint64_t ring_base(const E1000e *e, uint32_t queue)
{
    return (REG(e, ring_reg(queue, REG_TDBAL)) & ~15u) |
           (uint64_t)REG(e, ring_reg(queue, REG_TDBAH)) << 32;
}

static uint32_t ring_length(const E1000e *e, uint32_t queue)
{
    return (REG(e, ring_reg(queue, REG_TDLEN)) & 0xfff80) / 16;
}

static gboolean read_descriptor(E1000e *e, uint32_t queue, uint32_t index, Descriptor *ret)
{
    uint32_t raw[4];

    if (e->pci->dma_read(&e->base, ring_base(e, queue) + 16ull * index, raw, sizeof(raw)) !=
        QH_BUS_OK) {
        return FALSE;
    }
    for (uint32_t i = 0; i < 4; i++) {
        ret->words[i] = GUINT32_FROM_LE(raw[i]);
    }
    ret->address = ret->words[0] | (uint64_t)ret->words[1] << 32;
    return TRUE;
}

/* The status says that it is done with (7.2.10.3). */
static void report(E1000e *e, uint32_t queue, uint32_t index)
{
    uint64_t at = ring_base(e, queue) + 16ull * index + 12;
    uint8_t status;

    if (e->pci->dma_read(&e->base, at, &status, 1) == QH_BUS_OK) {
        status |= 1;
        (void)e->pci->dma_write(&e->base, at, &status, 1);
    }
}

/* Add a data descriptor's bytes to the frame. */
static void gather(E1000e *e, Frame *frame, const Descriptor *d, gboolean extended)
{
    uint32_t bytes = extended ? d->words[2] & 0xfffff : d->words[2] & 0xffff;

    if (frame->n_descriptors++ == 0) {
        frame->first_command = d->words[2];
        frame->options = d->words[3];
        frame->extended = extended;
    } else if (!extended) {
        frame->options = d->words[3]; /* the tag counts in the last one */
    }
    /* room for a tag is kept */
    if (frame->too_long || bytes > QH_NET_FRAME_MAX - TAG_BYTES - frame->bytes) {
        frame->too_long = TRUE;
        return;
    }
    if (bytes > 0 &&
        e->pci->dma_read(&e->base, d->address, e->frame + frame->bytes, bytes) != QH_BUS_OK) {
        e1000e_guest_error(e, "e1000e: transmit buffer is not in memory");
        frame->too_long = TRUE;
        return;
    }
    frame->bytes += bytes;
}

/* --- Checksums and segmentation (7.2.11, 7.3) --- */

static void sum_to(uint8_t *data, uint32_t bytes, uint32_t start, uint32_t at, uint32_t end)
{
    if (end == 0 || end >= bytes) {
        end = bytes - 1;
    }
    if (start <= end && at + 2 <= bytes) {
        put16(data + at, ~e1000e_sum(data + start, end - start + 1, 0) & 0xffff);
    }
}

/* The large frame's own headers, as one that is cut up later wants them: lengths, and the sum of
 * the pseudo header. FALSE: the headers are not where the context says. */
static gboolean
prepare_segments(uint8_t *data, uint32_t bytes, const E1000eContext *context, QhNetHeader *header)
{
    uint32_t ip = context->ip & 0xff, tcp = context->tcp & 0xff;
    uint32_t tcp_sum = context->tcp >> 8 & 0xff;
    uint32_t header_bytes = context->mss >> 8 & 0xff, mss = context->mss >> 16;
    gboolean v4 = (context->command & TX_IPV4) != 0;
    uint32_t sum;

    if (mss == 0 || (context->command & TX_TCP) == 0 || header_bytes > bytes ||
        ip + (v4 ? 20u : 40u) > tcp || tcp + 20 > header_bytes || tcp_sum < tcp ||
        tcp_sum + 2 > header_bytes) {
        return FALSE;
    }
    if (v4) {
        put16(data + ip + 2, (bytes - ip) & 0xffff);
        put16(data + ip + 10, 0);
        put16(data + ip + 10, ~e1000e_sum(data + ip, MIN(tcp - ip, 60), 0) & 0xffff);
        sum = e1000e_sum(data + ip + 12, 8, 6 + bytes - tcp);
    } else {
        put16(data + ip + 4, (bytes - ip - 40) & 0xffff);
        sum = e1000e_sum(data + ip + 8, 32, 6 + bytes - tcp);
    }
    put16(data + tcp_sum, sum);
    *header = (QhNetHeader){
        .flags = QH_NET_NEEDS_CSUM,
        .gso_type = v4 ? QH_NET_GSO_TCPV4 : QH_NET_GSO_TCPV6,
        .header_bytes = (uint16_t)header_bytes,
        .gso_bytes = (uint16_t)mss,
        .csum_start = (uint16_t)tcp,
        .csum_offset = (uint16_t)(tcp_sum - tcp),
    };
    return bytes > header_bytes;
}

static void
put_sums(uint8_t *data, uint32_t bytes, const Frame *frame, const E1000eContext *context)
{
    if (!frame->extended) {
        if ((frame->first_command & TX_SUM) != 0) {
            sum_to(data, bytes, frame->options >> 8 & 0xff, frame->first_command >> 16 & 0xff, 0);
        }
        return;
    }
    if ((frame->options & TX_POPTS_IP) != 0) {
        uint32_t at = context->ip >> 8 & 0xff;

        if (at + 2 <= bytes) {
            put16(data + at, 0);
        }
        sum_to(data, bytes, context->ip & 0xff, at, context->ip >> 16);
    }
    if ((frame->options & TX_POPTS_TCP) != 0) {
        sum_to(data, bytes, context->tcp & 0xff, context->tcp >> 8 & 0xff, context->tcp >> 16);
    }
}

static void put_tag(E1000e *e, Frame *frame)
{
    if (frame->bytes < 12) {
        return;
    }
    memmove(e->frame + 12 + TAG_BYTES, e->frame + 12, frame->bytes - 12);
    put16(e->frame + 12, REG(e, REG_VET) & 0xffff);
    put16(e->frame + 14, frame->options >> 16);
    frame->bytes += TAG_BYTES;
}

static void count(E1000e *e, uint32_t bytes)
{
    e1000e_count(e, REG_GPTC, 1);
    e1000e_count(e, REG_TPT, 1);
    e1000e_count64(e, REG_GOTCL, bytes + 4);
    e1000e_count64(e, REG_TOTL, bytes + 4);
    if ((e->frame[0] & 1) != 0) {
        gboolean broadcast = memcmp(e->frame, "\xff\xff\xff\xff\xff\xff", 6) == 0;

        e1000e_count(e, broadcast ? REG_BPTC : REG_MPTC, 1);
    }
}

/* FALSE: the network has no room. */
static gboolean send(E1000e *e, uint32_t queue, Frame *frame)
{
    const E1000eContext *context = &e->contexts[queue];
    gboolean segment = frame->extended && (frame->first_command & TX_SEGMENT) != 0;
    QhNetHeader header = {0};
    QhNetVec vec;

    if (frame->too_long || frame->bytes < 14) {
        return TRUE; /* no frame that could be sent */
    }
    if (segment) {
        if (!prepare_segments(e->frame, frame->bytes, context, &header)) {
            if (header.gso_bytes == 0) {
                e1000e_guest_error(e, "e1000e: a context that does not fit its frame");
                return TRUE;
            }
            header = (QhNetHeader){0};
            put_sums(e->frame, frame->bytes, frame, context);
        }
    } else {
        put_sums(e->frame, frame->bytes, frame, context);
    }
    if ((frame->first_command & TX_VLAN) != 0 && (REG(e, REG_CTRL) & CTRL_VLAN) != 0) {
        put_tag(e, frame);
        header.header_bytes += header.gso_bytes != 0 ? TAG_BYTES : 0;
        header.csum_start += header.gso_bytes != 0 ? TAG_BYTES : 0;
    }
    vec = (QhNetVec){.base = e->frame, .bytes = frame->bytes};
    if (!e1000e_services(e)->net->send(e->netdev, 0, &header, &vec, 1)) {
        return FALSE;
    }
    count(e, frame->bytes);
    return TRUE;
}

/* --- The ring --- */

/* One frame, or a context; *@head moves behind it. FALSE: wait. *@ret_bytes: of the frame. */
static gboolean
one(E1000e *e, uint32_t queue, uint32_t *head, uint32_t tail, uint32_t n, uint32_t *ret_bytes)
{
    Frame frame = {0};
    uint32_t at = *head;
    gboolean end = FALSE;

    while (!end && at != tail) {
        Descriptor d;

        if (!read_descriptor(e, queue, at, &d)) {
            e1000e_guest_error(e, "e1000e: transmit ring is not in memory");
            REG(e, REG_TCTL) &= ~TCTL_ENABLE;
            return FALSE;
        }
        if ((d.words[2] & TX_REPORT) != 0 && frame.n_reports < FRAME_DESCRIPTORS) {
            frame.reports[frame.n_reports++] = at;
        }
        if ((d.words[2] & (TX_EXTENDED | TX_TYPE)) == TX_EXTENDED) {
            e->contexts[queue] = (E1000eContext){d.words[0], d.words[1], d.words[2], d.words[3]};
            end = frame.n_descriptors == 0; /* one in the middle of a frame counts from now on */
        } else {
            gather(e, &frame, &d, (d.words[2] & TX_EXTENDED) != 0);
            end = (d.words[2] & TX_END) != 0;
        }
        at = at + 1 >= n ? 0 : at + 1;
        if (!end && frame.n_descriptors >= FRAME_DESCRIPTORS) {
            frame.too_long = end = TRUE;
        }
    }
    if (!end || (frame.n_descriptors > 0 && !send(e, queue, &frame))) {
        return FALSE; /* the rest of the frame, or room for it, is yet to come */
    }
    for (uint32_t i = 0; i < frame.n_reports; i++) {
        report(e, queue, frame.reports[i]);
    }
    if (frame.n_reports > 0) {
        REG(e, REG_ICR) |= CAUSE_TX_DONE | CAUSE_TX_QUEUE << queue; /* told at the end */
    }
    *ret_bytes = frame.bytes;
    *head = at;
    return TRUE;
}

void e1000e_transmit(E1000e *e, uint32_t queue)
{
    uint32_t *head = &REG(e, ring_reg(queue, REG_TDH));
    uint32_t tail = REG(e, ring_reg(queue, REG_TDT));
    uint32_t n = ring_length(e, queue), bytes = 0, sum = 0;
    gboolean all = FALSE;

    if ((REG(e, REG_TCTL) & TCTL_ENABLE) == 0 || n == 0 || *head >= n || tail >= n) {
        return;
    }
    for (uint32_t i = 0; *head != tail; i++) {
        if (i >= TURN_FRAMES || sum >= TURN_BYTES) {
            const E1000eServices *s = e1000e_services(e);

            s->timer->arm(e->later, s->timer->now(s->host, QH_CLOCK_VIRTUAL) + LATER_NS);
            break;
        }
        if (!one(e, queue, head, tail, n, &bytes)) {
            break;
        }
        sum += bytes;
        all = *head == tail;
    }
    e1000e_raise(e, all ? CAUSE_TX_EMPTY : 0);
}

void e1000e_transmit_all(E1000e *e)
{
    for (uint32_t queue = 0; queue < E1000E_QUEUES; queue++) {
        e1000e_transmit(e, queue);
    }
}
