/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/virtio/tests/driver.h"

void driver_reset(Bench *bench)
{
    bench_write(bench, R_STATUS, 0);
    bench_serve(bench);
    g_assert_cmpuint(bench_read(bench, R_STATUS), ==, 0);
}

uint64_t driver_start(Bench *bench, uint64_t without)
{
    gboolean legacy = bench_read(bench, 4) == 1;
    uint64_t features;

    driver_reset(bench);
    bench_write(bench, R_STATUS, VIRTIO_ACKNOWLEDGE);
    bench_write(bench, R_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    bench_write(bench, R_FEATURES_SEL, 1);
    features = (uint64_t)bench_read(bench, R_FEATURES) << 32;
    bench_write(bench, R_FEATURES_SEL, 0);
    features = (features | bench_read(bench, R_FEATURES)) & ~without;
    bench_write(bench, R_ACCEPT_SEL, 0);
    bench_write(bench, R_ACCEPT, (uint32_t)features);
    bench_write(bench, R_ACCEPT_SEL, 1);
    bench_write(bench, R_ACCEPT, (uint32_t)(features >> 32));
    if (!legacy) {
        bench_write(bench, R_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
        g_assert_cmpuint(bench_read(bench, R_STATUS), ==, 11);
    }
    return features;
}

void driver_ok(Bench *bench)
{
    bench_write(bench, R_STATUS, bench_read(bench, R_STATUS) | VIRTIO_DRIVER_OK);
}

Queue driver_place(Bench *bench, uint32_t index, uint32_t size, uint64_t features)
{
    Queue queue = {
        .bench = bench,
        .index = index,
        .size = size,
        .packed = (features & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) != 0,
        .event_idx = (features & VIRTIO_BIT(VIRTIO_F_EVENT_IDX)) != 0,
        .avail_wrap = 1,
        .used_wrap = 1,
    };

    queue.desc = DRIVER_RINGS + (uint64_t)index * DRIVER_RING_BYTES;
    queue.driver = queue.desc + 16 * (uint64_t)size;
    queue.device = (queue.driver + 6 + 2 * (uint64_t)size + 4095) & ~(uint64_t)4095;
    memset(bench_at(bench, queue.desc), 0, DRIVER_RING_BYTES);
    return queue;
}

void driver_enable(Queue *queue)
{
    Bench *bench = queue->bench;

    bench_write(bench, R_SEL, queue->index);
    if (bench_read(bench, 4) == 1) {
        bench_write(bench, R_PAGE_SIZE, 4096);
        bench_write(bench, R_NUM, queue->size);
        bench_write(bench, R_ALIGN, 4096);
        bench_write(bench, R_PFN, (uint32_t)(queue->desc / 4096));
        return;
    }
    bench_write(bench, R_NUM, queue->size);
    bench_write(bench, R_DESC, (uint32_t)queue->desc);
    bench_write(bench, R_DESC + 4, (uint32_t)(queue->desc >> 32));
    bench_write(bench, R_DRIVER, (uint32_t)queue->driver);
    bench_write(bench, R_DRIVER + 4, (uint32_t)(queue->driver >> 32));
    bench_write(bench, R_DEVICE, (uint32_t)queue->device);
    bench_write(bench, R_DEVICE + 4, (uint32_t)(queue->device >> 32));
    bench_write(bench, R_READY, 1);
}

Queue driver_queue(Bench *bench, uint32_t index, uint32_t size, uint64_t features)
{
    Queue queue = driver_place(bench, index, size, features);

    driver_enable(&queue);
    g_assert_cmpuint(bench_read(bench, bench_read(bench, 4) == 1 ? R_PFN : R_READY), !=, 0);
    return queue;
}

uint8_t *driver_desc(Queue *queue, uint32_t slot)
{
    return bench_at(queue->bench, queue->desc + 16 * (uint64_t)(slot % queue->size));
}

/* @low, @high: split: flags, next; packed: id, flags. */
void driver_write_desc(
    Queue *queue, uint8_t *at, uint64_t address, uint32_t bytes, uint32_t low, uint32_t high)
{
    (void)queue;
    virtio_put64(at, address);
    virtio_put32(at + 8, bytes);
    virtio_put16(at + 12, low);
    virtio_put16(at + 14, high);
}

static uint32_t packed_flags(const Queue *queue)
{
    return queue->avail_wrap ? VIRTIO_DESC_AVAIL : VIRTIO_DESC_USED;
}

static void fill_table(Queue *queue, uint64_t table, const Part *parts, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *at = bench_at(queue->bench, table + 16 * (uint64_t)i);
        uint32_t flags = parts[i].in ? VIRTIO_DESC_WRITE : 0;

        if (queue->packed) {
            driver_write_desc(queue, at, parts[i].address, parts[i].bytes, 0, flags);
        } else {
            flags |= i + 1 < n ? VIRTIO_DESC_NEXT : 0;
            driver_write_desc(queue, at, parts[i].address, parts[i].bytes, flags, i + 1);
        }
    }
}

static uint32_t add_packed(Queue *queue, const Part *parts, uint32_t n, uint32_t more)
{
    uint32_t id = queue->next;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t flags = more | packed_flags(queue) | (parts[i].in ? VIRTIO_DESC_WRITE : 0) |
                         (i + 1 < n ? VIRTIO_DESC_NEXT : 0);

        driver_write_desc(queue, driver_desc(queue, queue->next), parts[i].address, parts[i].bytes,
                          id, flags);
        queue->next++;
        if (queue->next == queue->size) {
            queue->next = 0;
            queue->avail_wrap ^= 1;
        }
    }
    queue->slots[id] = (uint16_t)n;
    return id;
}

static uint32_t add_split(Queue *queue, const Part *parts, uint32_t n, uint32_t more)
{
    uint32_t id = queue->next % queue->size;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t flags =
            more | (parts[i].in ? VIRTIO_DESC_WRITE : 0) | (i + 1 < n ? VIRTIO_DESC_NEXT : 0);

        driver_write_desc(queue, driver_desc(queue, queue->next), parts[i].address, parts[i].bytes,
                          flags, (queue->next + 1u) % queue->size);
        queue->next++;
    }
    virtio_put16(bench_at(queue->bench, queue->driver + 4 + 2 * (queue->avail % queue->size)), id);
    queue->avail++;
    virtio_put16(bench_at(queue->bench, queue->driver + 2), queue->avail);
    return id;
}

uint32_t driver_add(Queue *queue, const Part *parts, uint32_t n, gboolean indirect)
{
    Part whole = {DRIVER_TABLES + (queue->next % queue->size) * 0x100u, 16 * n, FALSE};

    if (indirect) {
        fill_table(queue, whole.address, parts, n);
        parts = &whole;
        n = 1;
    }
    return (queue->packed ? add_packed : add_split)(queue, parts, n,
                                                    indirect ? VIRTIO_DESC_INDIRECT : 0);
}

void driver_kick(Queue *queue)
{
    bench_write(queue->bench, R_NOTIFY, queue->index);
}

gboolean driver_get(Queue *queue, uint32_t *ret_id, uint32_t *ret_bytes)
{
    if (queue->packed) {
        uint8_t *at = driver_desc(queue, queue->used_at);
        uint32_t flags = virtio_get16(at + 14);
        gboolean avail = (flags & VIRTIO_DESC_AVAIL) != 0, used = (flags & VIRTIO_DESC_USED) != 0;

        if (avail != used || used != queue->used_wrap) {
            return FALSE;
        }
        *ret_id = virtio_get16(at + 12);
        *ret_bytes = virtio_get32(at + 8);
        queue->used_at += queue->slots[*ret_id];
        if (queue->used_at >= queue->size) {
            queue->used_at -= queue->size;
            queue->used_wrap ^= 1;
        }
        return TRUE;
    }
    if (virtio_get16(bench_at(queue->bench, queue->device + 2)) == queue->used_at) {
        return FALSE;
    }
    uint8_t *at = bench_at(queue->bench, queue->device + 4 + 8 * (queue->used_at % queue->size));
    *ret_id = virtio_get32(at);
    *ret_bytes = virtio_get32(at + 4);
    queue->used_at++;
    return TRUE;
}

gboolean driver_may_kick(Queue *queue)
{
    uint8_t *device = bench_at(queue->bench, queue->device);

    if (queue->packed) {
        return (virtio_get16(device + 2) & 3) != 1;
    }
    if (queue->event_idx) {
        return virtio_get16(device + 4 + 8 * (uint64_t)queue->size) == queue->avail;
    }
    return (virtio_get16(device) & 1) == 0;
}
