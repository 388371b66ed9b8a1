/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz [ROUNDS [SEED [CLASS]]]: every function behind its registers, with rings written at random
 * and half sensibly. A round is a device's life of some hundred actions: registers, configuration,
 * ring contents, kicks, completions, timers, frames and characters from outside, resets. What must
 * hold: no crash (run it under the sanitizers), no memory mapped after a reset, the lines as they
 * should be.
 */
#include "modules/virtio/tests/bench-object.h"
#include "modules/virtio/tests/bench-screen.h"
#include "modules/virtio/tests/driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ACTIONS 200u

typedef struct Fuzz {
    GRand *random;
    Bench *bench;
    Queue queues[8];
    uint32_t n_queues;
} Fuzz;

static uint32_t below(Fuzz *fuzz, uint32_t n)
{
    return (uint32_t)g_rand_int(fuzz->random) % n;
}

static uint64_t any_address(Fuzz *fuzz)
{
    switch (below(fuzz, 8)) {
    case 0:
        return (uint64_t)g_rand_int(fuzz->random) << 32 | g_rand_int(fuzz->random);
    case 1:
        return BENCH_RAM_AT + BENCH_RAM_BYTES - below(fuzz, 64);
    case 2:
        return BENCH_SPLIT_AT - below(fuzz, 64);
    case 3:
        return DRIVER_RINGS + below(fuzz, 0x8000);
    default:
        return DRIVER_DATA + below(fuzz, 0x10000);
    }
}

static uint32_t any_length(Fuzz *fuzz)
{
    static const uint32_t lengths[] = {0,  1,  2,  4,   6,   8,    10,    12,        16,
                                       20, 24, 51, 108, 512, 4096, 65550, UINT32_MAX};

    return below(fuzz, 4) == 0 ? below(fuzz, 70000) : lengths[below(fuzz, G_N_ELEMENTS(lengths))];
}

/* Small numbers where types, classes and commands are looked for. */
static void scribble(Fuzz *fuzz)
{
    uint8_t *at = bench_at(fuzz->bench, DRIVER_DATA + below(fuzz, 0x10000) / 8 * 8);

    for (uint32_t i = 0; i < 4; i++) {
        virtio_put16(at + 2 * i, below(fuzz, 3) == 0 ? g_rand_int(fuzz->random) : below(fuzz, 16));
    }
}

static void add_chain(Fuzz *fuzz)
{
    Part parts[8];
    uint32_t n = 1 + below(fuzz, 7), n_out = below(fuzz, n + 1);

    if (fuzz->n_queues == 0) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        parts[i] = (Part){any_address(fuzz), any_length(fuzz), i >= n_out};
        if (below(fuzz, 4) != 0) {
            parts[i].address = DRIVER_DATA + below(fuzz, 0x1000) * 8;
            parts[i].bytes = 1 + below(fuzz, 2000);
        }
    }
    Queue *queue = &fuzz->queues[below(fuzz, fuzz->n_queues)];
    driver_add(queue, parts, MIN(n, queue->size), below(fuzz, 3) == 0);
}

static void spoil(Fuzz *fuzz)
{
    uint64_t at = DRIVER_RINGS + below(fuzz, 8 * DRIVER_RING_BYTES);

    if (below(fuzz, 2) == 0) {
        at = DRIVER_TABLES + below(fuzz, 0x2000);
    }
    virtio_put16(bench_at(fuzz->bench, at), g_rand_int(fuzz->random));
}

static void start(Fuzz *fuzz)
{
    static const uint32_t sizes[] = {1, 2, 4, 8, 16, 64, 256};
    uint64_t features;

    bench_serve(fuzz->bench);
    bench_write(fuzz->bench, R_STATUS, 0);
    bench_serve(fuzz->bench);
    bench_wait(fuzz->bench);
    g_assert_cmpuint(fuzz->bench->n_maps, ==, 0);
    g_assert_false(fuzz->bench->irq);
    features = driver_start(fuzz->bench, below(fuzz, 2) == 0 ? 0
                                                             : (uint64_t)g_rand_int(fuzz->random) &
                                                                   ~VIRTIO_BIT(VIRTIO_F_VERSION_1));
    fuzz->n_queues = 0;
    for (uint32_t i = 0; i < G_N_ELEMENTS(fuzz->queues); i++) {
        bench_write(fuzz->bench, R_SEL, i);
        uint32_t most = bench_read(fuzz->bench, R_NUM_MAX);

        if (most == 0 || i * DRIVER_RING_BYTES + DRIVER_RINGS + DRIVER_RING_BYTES > DRIVER_TABLES) {
            break;
        }
        uint32_t size = sizes[below(fuzz, G_N_ELEMENTS(sizes))];
        fuzz->queues[i] = driver_queue(fuzz->bench, i, MIN(most, size), features);
        fuzz->n_queues++;
    }
    driver_ok(fuzz->bench);
}

static void outside(Fuzz *fuzz)
{
    Bench *bench = fuzz->bench;
    uint8_t data[256] = {0};
    const QhNetVec vec[] = {
        {data, below(fuzz, 200)},
        {data, below(fuzz, 56) },
    };
    const QhNetHeader header = {0};

    if (bench->net_handlers != NULL) {
        uint32_t queue = below(fuzz, 2);

        data[0] = (uint8_t)below(fuzz, 256);
        if (bench->net_handlers->can_receive(bench->net_opaque, queue)) {
            (void)bench->net_handlers->receive(bench->net_opaque, queue, &header, vec, 2);
        }
        bench->net_full = below(fuzz, 4) == 0;
        bench->net_handlers->can_send(bench->net_opaque, queue);
        g_free(bench->net_handlers->rx_filter(bench->net_opaque));
        g_byte_array_set_size(bench->sent, 0);
    }
    if (bench->block_handlers != NULL) {
        bench->hold = below(fuzz, 2) == 0;
        bench->fail = below(fuzz, 4) == 0 ? EIO : 0;
        bench->stop_on_error = below(fuzz, 4) == 0;
        bench_serve(bench);
    }
}

static void type_and_look(Fuzz *fuzz)
{
    BenchScreen *screen = bench_screen();
    const QhInputEvent event = {(uint16_t)below(fuzz, 6), (uint16_t)below(fuzz, 0x160), 1};

    if (screen->input != NULL) {
        screen->input->event(screen->input_opaque, &event);
        screen->input->event(screen->input_opaque, &event);
        screen->input->sync(screen->input_opaque);
    }
    screen->refuse_resize = below(fuzz, 4) == 0;
    for (uint32_t i = 0; i < BENCH_HEADS; i++) {
        const BenchHead *head = &screen->heads[i];
        const QhDisplayWish wish = {.size = sizeof(wish),
                                    .enabled = below(fuzz, 2),
                                    .width = below(fuzz, 5000),
                                    .height = below(fuzz, 5000)};

        if (head->ops != NULL && head->ops->wish != NULL) {
            head->ops->wish(head->opaque, &wish);
        }
    }
}

static void registers(Fuzz *fuzz)
{
    uint32_t offset = 4 * below(fuzz, 64), value = g_rand_int(fuzz->random);

    if (below(fuzz, 2) == 0) {
        value &= 0xff;
    }
    bench_write(fuzz->bench, offset, value);
    (void)bench_read(fuzz->bench, offset);
    (void)bench_config(fuzz->bench, below(fuzz, 0x100), 1u << below(fuzz, 3));
    bench_set_config(fuzz->bench, below(fuzz, 0x40), 1u << below(fuzz, 3), value);
}

static void act(Fuzz *fuzz)
{
    switch (below(fuzz, 16)) {
    case 0:
        registers(fuzz);
        break;
    case 1:
        spoil(fuzz);
        break;
    case 2:
        outside(fuzz);
        type_and_look(fuzz);
        break;
    case 3:
        bench_advance(fuzz->bench, below(fuzz, 200) * 1000000);
        break;
    case 4:
        bench_write(fuzz->bench, R_ACK, 3);
        break;
    case 5:
        if (below(fuzz, 4) == 0) {
            fuzz->bench->ops->run_state(fuzz->bench->device, FALSE);
            fuzz->bench->ops->run_state(fuzz->bench->device, TRUE);
        }
        break;
    case 6:
    case 7:
        scribble(fuzz);
        break;
    case 8:
        if (((VirtioDevice *)fuzz->bench->device)->broken || below(fuzz, 20) == 0) {
            start(fuzz);
        }
        break;
    case 9:
    case 10:
    case 11:
        if (fuzz->n_queues > 0) {
            driver_kick(&fuzz->queues[below(fuzz, fuzz->n_queues)]);
        }
        break;
    default:
        add_chain(fuzz);
    }
}

static void life(Fuzz *fuzz, const char *class)
{
    const char *const properties[] = {"drive",     "d0",
                                      "netdev",    "n0",
                                      "fsdev",     "f0",
                                      "mount_tag", "share",
                                      "packed",    below(fuzz, 2) ? "on" : "off",
                                      "in_order",  below(fuzz, 2) ? "on" : "off",
                                      "max-bytes", below(fuzz, 2) ? "100" : "18446744073709551615",
                                      NULL};

    fuzz->bench = bench_new(class, FALSE, properties);
    fuzz->n_queues = 0;
    start(fuzz);
    for (uint32_t i = 0; i < ACTIONS; i++) {
        act(fuzz);
    }
    start(fuzz);
    bench_free(fuzz->bench);
}

int main(int argc, char **argv)
{
    uint64_t rounds = argc > 1 ? g_ascii_strtoull(argv[1], NULL, 10) : 100;
    uint32_t seed = argc > 2 ? (uint32_t)g_ascii_strtoull(argv[2], NULL, 10) : 1;
    g_autoptr(GPtrArray) classes = bench_classes();

    for (uint64_t round = 0; round < rounds; round++) {
        for (guint i = 0; i < classes->len; i++) {
            const char *class = g_ptr_array_index(classes, i);
            Fuzz fuzz = {.random = g_rand_new_with_seed(seed + (uint32_t)round)};

            if (argc <= 3 || g_str_equal(argv[3], class)) {
                life(&fuzz, class);
            }
            g_rand_free(fuzz.random);
        }
    }
    printf("%u functions, %" G_GUINT64_FORMAT " lives of %u actions each\n", classes->len, rounds,
           ACTIONS);
    return 0;
}
