/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The graphics adapter (5.7) with a driver and somebody who looks. */
#include "modules/virtio/gpu.h"

#include "modules/virtio/tests/bench-screen.h"
#include "modules/virtio/tests/bench-state.h"
#include "modules/virtio/tests/driver.h"

#define REQUEST (DRIVER_DATA)
#define REPLY   (DRIVER_DATA + 0x2000)
#define PICTURE (DRIVER_DATA + 0x10000)
#define HEADER  24u

enum { INFO = 0x100, CREATE, UNREF, SCANOUT, FLUSH, TRANSFER, ATTACH, DETACH };
enum { EDID = 0x10a, BLOB = 0x10c, SCANOUT_BLOB = 0x10d, CURSOR = 0x300, MOVE };
enum { OK = 0x1100, E_UNSPEC = 0x1200, E_MEMORY, E_SCANOUT, E_RESOURCE, E_PARAMETER = 0x1205 };

typedef struct Gpu {
    Bench *bench;
    Queue control, cursor;
} Gpu;

static Gpu begin(const char *const *properties)
{
    Gpu gpu = {.bench = bench_new("virtio-gpu-device", FALSE, properties)};
    uint64_t features = driver_start(gpu.bench, 0);

    gpu.control = driver_queue(gpu.bench, 0, 64, features);
    gpu.cursor = driver_queue(gpu.bench, 1, 16, features);
    driver_ok(gpu.bench);
    return gpu;
}

/* Send @type with @n words of arguments, of @bytes; returns the response's type. */
static uint32_t send(Gpu *gpu, uint32_t type, const uint32_t *words, uint32_t n, uint32_t bytes)
{
    Queue *queue = type >= CURSOR ? &gpu->cursor : &gpu->control;
    uint8_t *request = bench_at(gpu->bench, REQUEST), *reply = bench_at(gpu->bench, REPLY);
    const Part parts[] = {
        {REQUEST, bytes, FALSE},
        {REPLY,   2048,  TRUE },
    };
    uint32_t id, written;

    memset(request, 0, 0x2000);
    memset(reply, 0xff, 2048);
    virtio_put32(request, type);
    virtio_put32(request + 4, 1);
    virtio_put64(request + 8, UINT64_C(0x123456789abcdef));
    for (uint32_t i = 0; i < n; i++) {
        virtio_put32(request + HEADER + (size_t)4 * i, words[i]);
    }
    driver_add(queue, parts, 2, FALSE);
    driver_kick(queue);
    g_assert_true(driver_get(queue, &id, &written));
    g_assert_cmpuint(written, >=, HEADER);
    /* the fence is what was asked for */
    g_assert_cmpuint(virtio_get32(reply + 4), ==, 1);
    g_assert_cmpuint(virtio_get64(reply + 8), ==, UINT64_C(0x123456789abcdef));
    return virtio_get32(reply);
}

#define SEND(gpu, type, ...)                                                                       \
    send((gpu), (type), (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4,    \
         (uint32_t)(HEADER + sizeof((uint32_t[]){__VA_ARGS__})))

static uint32_t reply32(Gpu *gpu, uint32_t offset)
{
    return virtio_get32(bench_at(gpu->bench, REPLY + offset));
}

static uint32_t shown_at(uint32_t head, uint32_t x, uint32_t y)
{
    return bench_screen()->heads[head].pixels[y * BENCH_SIDE + x];
}

/* Resource @id of 64 by 32 pixels, backed by two pieces of memory; pixel n has value @base + n. */
static void make_picture(Gpu *gpu, uint32_t id, uint32_t base)
{
    g_assert_cmpuint(SEND(gpu, CREATE, id, 2, 64, 32), ==, OK);
    g_assert_cmpuint(SEND(gpu, ATTACH, id, 2, PICTURE, 0, 0x1004, 0, PICTURE + 0x1004, 0, 0xffc, 0),
                     ==, OK);
    for (uint32_t i = 0; i < 64 * 32; i++) {
        virtio_put32(bench_at(gpu->bench, PICTURE + (uint64_t)4 * i), base + i);
    }
    g_assert_cmpuint(SEND(gpu, TRANSFER, 0, 0, 64, 32, 0, 0, id, 0), ==, OK);
}

static void test_info(void)
{
    const char *const properties[] = {"max_outputs", "2", "xres", "800", "yres", "600", NULL};
    const QhDisplayWish wish = {
        .size = sizeof(wish), .enabled = 1, .width = 1024, .height = 768, .x = 800};
    Gpu gpu = begin(properties);

    g_assert_cmpuint(bench_config(gpu.bench, 8, 4), ==, 2);
    g_assert_cmpuint(send(&gpu, INFO, NULL, 0, HEADER), ==, 0x1101);
    g_assert_cmpuint(reply32(&gpu, HEADER + 8), ==, 800);
    g_assert_cmpuint(reply32(&gpu, HEADER + 12), ==, 600);
    g_assert_cmpuint(reply32(&gpu, HEADER + 16), ==, 1);
    g_assert_cmpuint(reply32(&gpu, HEADER + 24 + 16), ==, 0);
    g_assert_cmpuint(reply32(&gpu, HEADER + 15 * 24 + 16), ==, 0);

    /* somebody opens a second window */
    guint irqs = gpu.bench->n_irqs;
    bench_write(gpu.bench, R_ACK, 3);
    bench_screen()->heads[1].ops->wish(bench_screen()->heads[1].opaque, &wish);
    g_assert_cmpuint(gpu.bench->n_irqs, ==, irqs + 1);
    g_assert_cmpuint(bench_config(gpu.bench, 0, 4), ==, 1);
    bench_set_config(gpu.bench, 4, 4, 1);
    g_assert_cmpuint(bench_config(gpu.bench, 0, 4), ==, 0);
    bench_screen()->heads[1].ops->wish(bench_screen()->heads[1].opaque, &wish); /* nothing new */
    g_assert_cmpuint(bench_config(gpu.bench, 0, 4), ==, 0);
    g_assert_cmpuint(send(&gpu, INFO, NULL, 0, HEADER), ==, 0x1101);
    g_assert_cmpuint(reply32(&gpu, HEADER + 24), ==, 800);
    g_assert_cmpuint(reply32(&gpu, HEADER + 24 + 8), ==, 1024);
    g_assert_cmpuint(reply32(&gpu, HEADER + 24 + 16), ==, 1);

    g_assert_cmpuint(SEND(&gpu, EDID, 1, 0), ==, 0x1104);
    g_assert_cmpuint(reply32(&gpu, HEADER), ==, 256);
    g_assert_cmpuint(reply32(&gpu, HEADER + 8 + 4), ==, 1024);
    g_assert_cmpuint(SEND(&gpu, EDID, 2, 0), ==, E_PARAMETER);
    bench_free(gpu.bench);
}

static void test_picture(void)
{
    Gpu gpu = begin(NULL);
    BenchHead *head = &bench_screen()->heads[0];

    make_picture(&gpu, 7, 0x100000);
    g_assert_cmpuint(SEND(&gpu, SCANOUT, 8, 4, 40, 20, 0, 7), ==, OK);
    g_assert_cmpuint(head->width, ==, 40);
    g_assert_cmpuint(head->height, ==, 20);
    g_assert_cmphex(shown_at(0, 0, 0), ==, 0x100000 + 4 * 64 + 8);
    g_assert_cmphex(shown_at(0, 39, 19), ==, 0x100000 + 23 * 64 + 47);

    /* a part is changed, transferred and flushed; the rest must not show */
    for (uint32_t i = 0; i < 64 * 32; i++) {
        virtio_put32(bench_at(gpu.bench, PICTURE + (uint64_t)4 * i), 0x500000 + i);
    }
    uint32_t offset = (10 * 64 + 20) * 4;
    g_assert_cmpuint(SEND(&gpu, TRANSFER, 20, 10, 5, 3, offset, 0, 7, 0), ==, OK);
    g_assert_cmphex(shown_at(0, 12, 6), ==, 0x100000 + 10 * 64 + 20);
    g_assert_cmpuint(SEND(&gpu, FLUSH, 0, 0, 64, 32, 7, 0), ==, OK);
    g_assert_cmphex(shown_at(0, 12, 6), ==, 0x500000 + 10 * 64 + 20);
    g_assert_cmphex(shown_at(0, 16, 8), ==, 0x500000 + 12 * 64 + 24);
    g_assert_cmphex(shown_at(0, 17, 8), ==, 0x100000 + 12 * 64 + 25);
    g_assert_cmphex(shown_at(0, 12, 9), ==, 0x100000 + 13 * 64 + 20);

    /* what lies outside of what is shown draws nothing */
    uint32_t draws = head->n_draws, resizes = head->n_resizes;
    g_assert_cmpuint(SEND(&gpu, FLUSH, 0, 0, 8, 4, 7, 0), ==, OK);
    g_assert_cmpuint(head->n_draws, ==, draws);
    /* another picture of the same size: the screen keeps its pixels until it is drawn over */
    make_picture(&gpu, 8, 0x900000);
    g_assert_cmpuint(SEND(&gpu, SCANOUT, 8, 4, 40, 20, 0, 8), ==, OK);
    g_assert_cmpuint(head->n_resizes, ==, resizes);
    g_assert_cmphex(shown_at(0, 0, 0), ==, 0x900000 + 4 * 64 + 8);

    g_assert_cmpuint(SEND(&gpu, UNREF, 8, 0), ==, OK);
    g_assert_cmpuint(head->width, ==, 0);
    g_assert_cmpuint(SEND(&gpu, SCANOUT, 0, 0, 64, 32, 0, 7), ==, OK);
    driver_reset(gpu.bench);
    g_assert_cmpuint(head->width, ==, 0);
    g_assert_cmpuint(gpu.bench->n_maps, ==, 0);
    bench_free(gpu.bench);
}

/* A blob in three pieces, so that rows cross them. */
static void test_blob(void)
{
    const char *const properties[] = {"blob", "on", NULL};
    Gpu gpu = begin(properties);

    g_assert_cmpuint(SEND(&gpu, BLOB, 3, 1, 0, 3, 0, 0, 0x2000, 0, PICTURE, 0, 0x104, 0,
                          PICTURE + 0x4000, 0, 0x1000, 0, PICTURE + 0x104, 0, 0x1000, 0),
                     ==, OK);
    for (uint32_t i = 0; i < 0x1400; i++) {
        virtio_put32(bench_at(gpu.bench, PICTURE + (uint64_t)4 * i), i);
    }
    g_assert_cmpuint(
        SEND(&gpu, SCANOUT_BLOB, 0, 0, 32, 16, 0, 3, 32, 16, 1, 0, 136, 0, 0, 0, 8, 0, 0, 0), ==,
        OK);
    for (uint32_t i = 0; i < 32 * 16; i++) {
        uint32_t at = 8 + i / 32 * 136 + i % 32 * 4;
        uint32_t want = at < 0x104    ? at / 4
                        : at < 0x1104 ? (at - 0x104 + 0x4000) / 4
                                      : (at - 0x1104 + 0x104) / 4;

        g_assert_cmpuint(shown_at(0, i % 32, i / 32), ==, want);
    }
    /* a flush shows what was written since; without its backing there is nothing to draw */
    virtio_put32(bench_at(gpu.bench, PICTURE + 8), 0xabcdef);
    g_assert_cmpuint(SEND(&gpu, FLUSH, 0, 0, UINT32_MAX, UINT32_MAX, 3, 0), ==, OK);
    g_assert_cmphex(shown_at(0, 0, 0), ==, 0xabcdef);
    g_assert_cmpuint(SEND(&gpu, DETACH, 3, 0), ==, OK);
    g_assert_cmpuint(SEND(&gpu, FLUSH, 0, 0, 32, 16, 3, 0), ==, OK);

    static const uint32_t bad[][4] = {
        {33, 16, 131, 0     }, /* wider than its rows */
        {32, 16, 0,   0     },
        {32, 99, 136, 0     },
        {32, 16, 136, 0x2000},
        {32, 16, 136, ~0u   },
        {0,  0,  136, 0     },
    };
    g_assert_cmpuint(SEND(&gpu, ATTACH, 3, 1, PICTURE, 0, 0x2000, 0), ==, OK);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmpuint(SEND(&gpu, SCANOUT_BLOB, 0, 0, 32, 16, 0, 3, bad[i][0], bad[i][1], 1, 0,
                              bad[i][2], 0, 0, 0, bad[i][3], 0, 0, 0),
                         ==, E_PARAMETER);
    }
    g_assert_cmpuint(SEND(&gpu, SCANOUT, 0, 0, 1, 1, 0, 3), ==, E_RESOURCE);
    g_assert_cmpuint(SEND(&gpu, BLOB, 4, 2, 0, 0, 0, 0, 0x1000, 0), ==, E_PARAMETER);
    bench_free(gpu.bench);
}

static void test_cursor(void)
{
    Gpu gpu = begin(NULL);
    BenchHead *head = &bench_screen()->heads[0];

    g_assert_cmpuint(SEND(&gpu, CREATE, 1, 67, 64, 64), ==, OK); /* bytes R, G, B, A */
    g_assert_cmpuint(SEND(&gpu, ATTACH, 1, 1, PICTURE, 0, 0x4000, 0), ==, OK);
    virtio_put32(bench_at(gpu.bench, PICTURE + 4), 0x44332211);
    g_assert_cmpuint(SEND(&gpu, TRANSFER, 0, 0, 64, 64, 0, 0, 1, 0), ==, OK);
    g_assert_cmpuint(SEND(&gpu, CURSOR, 0, 5, 6, 0, 1, 2, 99, 0), ==, OK);
    g_assert_cmpuint(head->cursor_width, ==, 64);
    g_assert_cmphex(head->cursor[1], ==, 0x44112233);
    g_assert_cmpuint(head->hot_x, ==, 2);
    g_assert_cmpuint(head->hot_y, ==, 63);
    g_assert_true(head->visible && head->x == 5 && head->y == 6);
    g_assert_cmpuint(SEND(&gpu, MOVE, 0, (uint32_t)-3, 9, 0, 0, 0, 0, 0), ==, OK);
    g_assert_true(head->visible && head->x == -3 && head->y == 9);
    g_assert_cmpuint(SEND(&gpu, CURSOR, 0, 0, 0, 0, 0, 0, 0, 0), ==, OK);
    g_assert_cmpuint(head->cursor_width, ==, 0);
    g_assert_false(head->visible);
    g_assert_cmpuint(SEND(&gpu, CURSOR, 1, 0, 0, 0, 1, 0, 0, 0), ==, E_SCANOUT);
    g_assert_cmpuint(SEND(&gpu, CURSOR, 0, 0, 0, 0, 77, 0, 0, 0), ==, E_RESOURCE);
    g_assert_cmpuint(SEND(&gpu, CREATE, 2, 1, 64, 63), ==, OK);
    g_assert_cmpuint(SEND(&gpu, CURSOR, 0, 0, 0, 0, 2, 0, 0, 0), ==, E_RESOURCE);
    bench_free(gpu.bench);
}

/* Everything that a driver could get wrong is answered, and nothing changes. */
static void test_wrong(void)
{
    const char *const properties[] = {"max_hostmem", "100000", NULL};
    Gpu gpu = begin(properties);

    make_picture(&gpu, 1, 0);
    static const struct {
        uint32_t want, type, words[10];
    } rows[] = {
        {E_RESOURCE,  CREATE,       {0, 2, 4, 4}                   },
        {E_RESOURCE,  CREATE,       {1, 2, 4, 4}                   },
        {E_PARAMETER, CREATE,       {2, 5, 4, 4}                   },
        {E_PARAMETER, CREATE,       {2, 2, 0, 4}                   },
        {E_PARAMETER, CREATE,       {2, 2, 4, 16385}               },
        {E_PARAMETER, CREATE,       {2, 2, 0x40000001, 4}          },
        {E_MEMORY,    CREATE,       {2, 2, 16384, 16384}           },
        {E_MEMORY,    CREATE,       {2, 2, 200, 200}               },
        {E_RESOURCE,  UNREF,        {2}                            },
        {E_RESOURCE,  FLUSH,        {0, 0, 1, 1, 2}                },
        {E_PARAMETER, FLUSH,        {0, 0, 65, 1, 1}               },
        {E_PARAMETER, FLUSH,        {0xffffffff, 0, 2, 1, 1}       },
        {E_PARAMETER, FLUSH,        {1, 0, 0xffffffff, 1, 1}       },
        {E_SCANOUT,   SCANOUT,      {0, 0, 1, 1, 1, 1}             },
        {E_RESOURCE,  SCANOUT,      {0, 0, 1, 1, 0, 5}             },
        {E_PARAMETER, SCANOUT,      {0, 0, 0, 1, 0, 1}             },
        {E_PARAMETER, SCANOUT,      {60, 0, 5, 1, 0, 1}            },
        {E_PARAMETER, TRANSFER,     {0, 31, 64, 2, 0, 0, 1}        },
        {E_PARAMETER, TRANSFER,     {0, 0, 64, 1, 0x2001, 0, 1}    },
        {E_PARAMETER, TRANSFER,     {0, 0, 64, 1, 0, 0xffffffff, 1}},
        {E_RESOURCE,  TRANSFER,     {0, 0, 64, 1, 0, 0, 9}         },
        {E_PARAMETER, ATTACH,       {1, 1, PICTURE, 0, 16, 0}      }, /* has one already */
        {E_RESOURCE,  ATTACH,       {9, 1, PICTURE, 0, 16, 0}      },
        {E_RESOURCE,  DETACH,       {9}                            },
        {E_UNSPEC,    0x108,        {0}                            },
        {E_UNSPEC,    0x10b,        {1}                            },
        {E_UNSPEC,    BLOB,         {4, 1, 0, 0, 0, 0, 0x1000, 0}  },
        {E_UNSPEC,    SCANOUT_BLOB, {0}                            },
        {E_UNSPEC,    0x200,        {0}                            },
        {E_UNSPEC,    0xffff,       {0}                            },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint32_t bytes = rows[i].type == SCANOUT_BLOB ? 96 : HEADER + 40;

        g_test_message("row %u", i);
        g_assert_cmphex(send(&gpu, rows[i].type, rows[i].words, 10, bytes), ==, rows[i].want);
        if (rows[i].want != E_UNSPEC) { /* and cut short */
            g_assert_cmphex(send(&gpu, rows[i].type, NULL, 0, HEADER), ==, E_PARAMETER);
        }
    }
    g_assert_cmpuint(SEND(&gpu, DETACH, 1, 0), ==, OK);
    g_assert_cmpuint(SEND(&gpu, TRANSFER, 0, 0, 64, 1, 0, 0, 1, 0), ==, E_PARAMETER);
    static const uint32_t attach[][10] = {
        {1,  0,          PICTURE, 0, 16,                        0},
        {1,  16385,      PICTURE, 0, 16,                        0},
        {1,  UINT32_MAX, PICTURE, 0, 16,                        0},
        {1,  100,        PICTURE, 0, 16,                        0},
        {1,  2,          PICTURE, 0, 16,                        0,0x1000, 0, 16, 0},
        {1, 1,         PICTURE,               0,                0,                                         0},
        {1, 1,          PICTURE,  1,16,0},
        {1, 1,         BENCH_RAM_AT - 8,              0,                            16,                                                                                 0                                                                    },
        {1, 1,         PICTURE,  0,~0u,0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(attach); i++) {
        uint32_t type = send(&gpu, ATTACH, attach[i], 10, HEADER + 40);

        g_assert_true(type == E_PARAMETER || type == E_MEMORY);
        g_assert_cmpuint(((VirtioGpu *)gpu.bench->device)->hostmem, <, 9000);
    }
    g_assert_cmpuint(bench_read(gpu.bench, R_STATUS) & VIRTIO_NEEDS_RESET, ==, 0);
    bench_screen()->refuse_resize = TRUE;
    g_assert_cmpuint(SEND(&gpu, SCANOUT, 0, 0, 64, 32, 0, 1), ==, E_MEMORY);
    g_assert_cmpuint(SEND(&gpu, UNREF, 1, 0), ==, OK);
    g_assert_cmpuint(((VirtioGpu *)gpu.bench->device)->hostmem, ==, 0);
    bench_free(gpu.bench);
}

/* Small resources without end: what the lists cost is charged, too. */
static void test_limit(void)
{
    const char *const properties[] = {"max_hostmem", "100000", NULL};
    Gpu gpu = begin(properties);
    uint32_t id = 1;

    while (SEND(&gpu, CREATE, id, 1, 1, 1) == OK) {
        id++;
    }
    g_assert_cmpuint(id, >, 100);
    g_assert_cmpuint(id, <, 2000);
    driver_reset(gpu.bench);
    g_assert_cmpuint(((VirtioGpu *)gpu.bench->device)->hostmem, ==, 0);
    bench_free(gpu.bench);
}

/* A picture, a blob and a pointer are there again; a file that lies is refused. */
static void test_snapshot(void)
{
    const char *const properties[] = {"blob", "on", "max_hostmem", "100000", NULL};
    Gpu gpu = begin(properties);
    BenchHead *head = &bench_screen()->heads[0];

    make_picture(&gpu, 7, 0x100000);
    g_assert_cmpuint(SEND(&gpu, CREATE, 1, 1, 64, 64), ==, OK);
    g_assert_cmpuint(SEND(&gpu, CURSOR, 0, 5, 6, 0, 1, 2, 3, 0), ==, OK);
    g_assert_cmpuint(SEND(&gpu, SCANOUT, 8, 4, 40, 20, 0, 7), ==, OK);
    uint64_t hostmem = ((VirtioGpu *)gpu.bench->device)->hostmem;
    g_autoptr(GByteArray) saved = bench_save(gpu.bench);

    g_assert_cmpuint(SEND(&gpu, UNREF, 7, 0), ==, OK);
    g_assert_cmpuint(SEND(&gpu, CURSOR, 0, 0, 0, 0, 0, 0, 0, 0), ==, OK);
    g_assert_cmpuint(head->width, ==, 0);
    g_assert_true(bench_load(gpu.bench, saved->data, saved->len));
    g_assert_cmpuint(head->width, ==, 40);
    g_assert_cmphex(shown_at(0, 39, 19), ==, 0x100000 + 23 * 64 + 47);
    g_assert_true(head->visible && head->x == 5 && head->cursor_width == 64 && head->hot_y == 3);
    g_assert_cmpuint(((VirtioGpu *)gpu.bench->device)->hostmem, ==, hostmem);
    g_autoptr(GByteArray) again = bench_save(gpu.bench);
    g_assert_cmpmem(again->data, again->len, saved->data, saved->len);

    for (guint i = 0; i < saved->len; i++) { /* whatever is in it, nothing may break */
        g_autofree uint8_t *spoilt = g_memdup2(saved->data, saved->len);

        if (i % 7 == 0 || saved->len - i < 600) {
            spoilt[i] ^= (uint8_t)(1u << i % 8);
            (void)bench_load(gpu.bench, spoilt, saved->len);
        }
        if (i % 97 == 0) {
            g_assert_false(bench_load(gpu.bench, saved->data, i));
        }
    }
    bench_free(gpu.bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu/info", test_info);
    g_test_add_func("/gpu/picture", test_picture);
    g_test_add_func("/gpu/blob", test_blob);
    g_test_add_func("/gpu/cursor", test_cursor);
    g_test_add_func("/gpu/wrong", test_wrong);
    g_test_add_func("/gpu/limit", test_limit);
    g_test_add_func("/gpu/snapshot", test_snapshot);
    return g_test_run();
}
