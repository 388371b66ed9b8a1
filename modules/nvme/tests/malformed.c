/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no driver does: commands, lists, queues and registers, each spoilt in one place. A command
 * must fail with the status that the specification has for it, the controller must go on, and no
 * guest memory may stay mapped. Then all of it at random.
 */
#include "modules/nvme/tests/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE 4096u

/* Not in RAM, or half; a controller's own registers would be there, too. */
static const uint64_t bad_places[] = {
    0,
    PAGE,
    RAM_AT - PAGE,
    RAM_AT + RAM_BYTES,
    RAM_AT + RAM_BYTES + PAGE,
    UINT64_C(0x40000000),
    UINT64_C(1) << 32,
    (UINT64_C(1) << 63) + RAM_AT,
    UINT64_MAX - PAGE + 1,
    UINT64_MAX - 2 * PAGE + 1,
};
static const uint64_t odd[] = {1, 2, 3, 4, 8, 512, 2048, 4092, 4095};

typedef struct Run {
    Bench *bench;
    guint n_cases;
} Run;

/* @made must fail with @want (-2: somehow), and a good command must work after it. */
static void expect(Run *run, const Entry *made, gboolean io, int want)
{
    Entry good = transfer(NVM_READ, 0, 1, DATA, 0);
    int32_t n_maps = run->bench->n_maps;
    int status = bench_run(run->bench, made, io);

    if (want == -2 ? status <= 0 : status != want) {
        g_error("case %u, opcode 0x%02x: status 0x%x instead of 0x%x", run->n_cases, made->bytes[0],
                (guint)status, (guint)want);
    }
    g_assert_cmpint(run->bench->n_maps, ==, n_maps);
    g_assert_cmphex(bench_run(run->bench, &good, TRUE), ==, 0);
    g_assert_cmphex(bench_read(run->bench, REG_CSTS), ==, CSTS_RDY);
    run->n_cases++;
}

static void spoil_prps(Run *run)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad_places); i++) {
        uint64_t bad = bad_places[i];
        Entry one = transfer(NVM_READ, 0, 8, bad, 0), two = transfer(NVM_READ, 0, 16, DATA, bad);
        Entry list = transfer(NVM_WRITE, 0, 24, DATA, bad);

        expect(run, &one, TRUE, NVME_TRANSFER_ERROR | NVME_DNR);
        expect(run, &two, TRUE, NVME_TRANSFER_ERROR | NVME_DNR);
        expect(run, &list, TRUE, NVME_TRANSFER_ERROR | NVME_DNR);
        list = transfer(NVM_WRITE, 0, 24, DATA, LISTS);
        put64(bench_at(run->bench, LISTS), DATA);
        put64(bench_at(run->bench, LISTS + 8), bad);
        expect(run, &list, TRUE, NVME_TRANSFER_ERROR | NVME_DNR);
        one = entry(ADMIN_IDENTIFY, 1, bad, 0);
        expect(run, &one, FALSE, NVME_TRANSFER_ERROR | NVME_DNR);
    }
    for (guint i = 0; i < G_N_ELEMENTS(odd); i++) {
        Entry one = transfer(NVM_READ, 0, 1, DATA + odd[i], DATA + PAGE);
        Entry two = transfer(NVM_READ, 0, 16, DATA, DATA + odd[i]);
        Entry list = transfer(NVM_READ, 0, 24, DATA, LISTS + odd[i]);

        expect(run, &one, TRUE, odd[i] % 4 != 0 ? (int)NVME_INVALID_PRP_OFFSET : 0);
        expect(run, &two, TRUE, NVME_INVALID_PRP_OFFSET);
        if (odd[i] % 8 != 0) {
            expect(run, &list, TRUE, NVME_INVALID_PRP_OFFSET);
        }
        list = transfer(NVM_READ, 0, 24, DATA, LISTS);
        put64(bench_at(run->bench, LISTS), DATA + odd[i]);
        put64(bench_at(run->bench, LISTS + 8), DATA);
        expect(run, &list, TRUE, NVME_INVALID_PRP_OFFSET);
    }
    /* lists that lead to themselves, to odd places, out of RAM */
    const uint64_t ends[] = {LISTS + PAGE - 8, LISTS + 4, 0, RAM_AT + RAM_BYTES};
    for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
        Entry list = transfer(NVM_READ, 0, 24, DATA, LISTS + PAGE - 8);

        put64(bench_at(run->bench, LISTS + PAGE - 8), ends[i]);
        expect(run, &list, TRUE, -2);
    }
}

static void put_sgl(uint8_t *at, uint8_t type, uint64_t address, uint32_t bytes)
{
    memset(at, 0, 16);
    put64(at, address);
    put32(at + 8, bytes);
    at[15] = type;
}

static void spoil_sgls(Run *run)
{
    static const uint32_t lengths[] = {0, 1, 15, 17, 4095};
    Entry read = transfer(NVM_READ, 0, 8, 0, 0);

    read.bytes[1] = 0x40;
    for (uint32_t type = 0; type < 256; type += type < 0x40 ? 1 : 17) {
        gboolean good = type == 0 || type == 0x20 || type == 0x30;

        put_sgl(read.bytes + 24, (uint8_t)type, DATA, PAGE);
        if (!good) {
            expect(run, &read, TRUE, NVME_INVALID_SGL_TYPE);
        }
        put_sgl(read.bytes + 24, 0x30, LISTS, 16);
        put_sgl(bench_at(run->bench, LISTS), (uint8_t)type, DATA, PAGE);
        expect(run, &read, TRUE, type == 0 ? 0 : -2);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad_places); i++) {
        put_sgl(read.bytes + 24, 0, bad_places[i], PAGE);
        expect(run, &read, TRUE, NVME_TRANSFER_ERROR | NVME_DNR);
        put_sgl(read.bytes + 24, 0x30, bad_places[i], 32);
        expect(run, &read, TRUE, NVME_TRANSFER_ERROR | NVME_DNR);
    }
    for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
        put_sgl(read.bytes + 24, 0, DATA, lengths[i]);
        expect(run, &read, TRUE, NVME_INVALID_SGL_LENGTH);
        put_sgl(read.bytes + 24, 0x20, LISTS, lengths[i]);
        expect(run, &read, TRUE, NVME_INVALID_SGL_SEGMENT);
    }
    /* a segment that leads to itself; a last one that goes on; many descriptors of nothing */
    put_sgl(bench_at(run->bench, LISTS), 0x20, LISTS, 16);
    put_sgl(read.bytes + 24, 0x20, LISTS, 16);
    expect(run, &read, TRUE, NVME_INVALID_SGL_COUNT);
    put_sgl(read.bytes + 24, 0x30, LISTS, 16);
    expect(run, &read, TRUE, NVME_INVALID_SGL_SEGMENT);
    put_sgl(bench_at(run->bench, LISTS), 0x20, LISTS, 0xfffffff0);
    put_sgl(read.bytes + 24, 0x20, LISTS, 16);
    expect(run, &read, TRUE, -2);
    read.bytes[1] = 0xc0;
    expect(run, &read, TRUE, NVME_INVALID_FIELD);
}

static void spoil_commands(Run *run)
{
    static const uint8_t known[] = {NVM_FLUSH,   NVM_WRITE,        NVM_READ,
                                    NVM_COMPARE, NVM_WRITE_ZEROES, NVM_DATASET_MANAGEMENT};
    static const uint64_t lbas[] = {DISK_BYTES / 512, DISK_BYTES / 512 - 7, UINT64_MAX,
                                    UINT64_MAX - 7, UINT64_C(1) << 55};
    static const uint32_t nsids[] = {0, 2, 256, 257, UINT32_MAX - 1, UINT32_MAX};

    for (uint32_t opcode = 0; opcode < 256; opcode++) {
        gboolean there = FALSE;
        Entry made = entry((uint8_t)opcode, 1, DATA, 0);

        for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
            there = there || known[i] == opcode;
        }
        if (!there) {
            expect(run, &made, TRUE, NVME_INVALID_OPCODE);
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(lbas); i++) {
        Entry made = transfer(NVM_READ, lbas[i], 8, DATA, 0);

        expect(run, &made, TRUE, NVME_LBA_RANGE);
        made.bytes[0] = NVM_WRITE_ZEROES;
        expect(run, &made, TRUE, NVME_LBA_RANGE);
    }
    for (guint i = 0; i < G_N_ELEMENTS(nsids); i++) {
        Entry made = transfer(NVM_WRITE, 0, 8, DATA, 0);

        put32(made.bytes + 4, nsids[i]);
        expect(run, &made, TRUE, NVME_INVALID_NAMESPACE);
    }
    Entry made = transfer(NVM_READ, 0, 1025, DATA, LISTS); /* more than MDTS says */
    expect(run, &made, TRUE, NVME_INVALID_FIELD);
    made = transfer(NVM_READ, 0, 8, DATA, 0);
    made.bytes[1] = 1; /* fused */
    expect(run, &made, TRUE, NVME_INVALID_FIELD);
}

static void spoil_queues(Run *run)
{
    static const struct {
        uint8_t opcode;
        uint32_t dword10, dword11;
        uint64_t address;
        int want;
    } cases[] = {
        {ADMIN_CREATE_CQ,       7 << 16 | 0,       3,                 IO_CQ,      NVME_INVALID_QUEUE            },
        {ADMIN_CREATE_CQ,       7 << 16 | 1,       3,                 IO_CQ,      NVME_INVALID_QUEUE            },
        {ADMIN_CREATE_CQ,       7 << 16 | 5,       3,                 IO_CQ,      NVME_INVALID_QUEUE            },
        {ADMIN_CREATE_CQ,       7 << 16 | 0xffff,  3,                 IO_CQ,      NVME_INVALID_QUEUE            },
        {ADMIN_CREATE_CQ,       0 << 16 | 2,       3,                 IO_CQ,      NVME_INVALID_QUEUE_SIZE       },
        {ADMIN_CREATE_CQ,       0x0800u << 16 | 2, 3,                 IO_CQ,      NVME_INVALID_QUEUE_SIZE       },
        {ADMIN_CREATE_CQ,       0xffffu << 16 | 2, 3,                 IO_CQ,      NVME_INVALID_QUEUE_SIZE       },
        {ADMIN_CREATE_CQ,       7 << 16 | 2,       2,                 IO_CQ,      NVME_INVALID_FIELD            },
        {ADMIN_CREATE_CQ,       7 << 16 | 2,       5 << 16 | 3,       IO_CQ,      NVME_INVALID_VECTOR           },
        {ADMIN_CREATE_CQ,       7 << 16 | 2,       3,                 IO_CQ + 4,  NVME_INVALID_PRP_OFFSET       },
        {ADMIN_CREATE_SQ,       7 << 16 | 0,       1 << 16 | 1,       IO_SQ,      NVME_INVALID_QUEUE            },
        {ADMIN_CREATE_SQ,       7 << 16 | 1,       1 << 16 | 1,       IO_SQ,      NVME_INVALID_QUEUE            },
        {ADMIN_CREATE_SQ,       7 << 16 | 5,       1 << 16 | 1,       IO_SQ,      NVME_INVALID_QUEUE            },
        {ADMIN_CREATE_SQ,       7 << 16 | 2,       0 << 16 | 1,       IO_SQ,      NVME_INVALID_CQ               },
        {ADMIN_CREATE_SQ,       7 << 16 | 2,       2 << 16 | 1,       IO_SQ,      NVME_INVALID_CQ               },
        {ADMIN_CREATE_SQ,       7 << 16 | 2,       0xffffu << 16 | 1, IO_SQ,      NVME_INVALID_CQ               },
        {ADMIN_CREATE_SQ,       0 << 16 | 2,       1 << 16 | 1,       IO_SQ,      NVME_INVALID_QUEUE_SIZE       },
        {ADMIN_CREATE_SQ,       0xffffu << 16 | 2, 1 << 16 | 1,       IO_SQ,      NVME_INVALID_QUEUE_SIZE       },
        {ADMIN_CREATE_SQ,       7 << 16 | 2,       1 << 16,           IO_SQ,      NVME_INVALID_FIELD            },
        {ADMIN_CREATE_SQ,       7 << 16 | 2,       1 << 16 | 1,       IO_SQ + 64, NVME_INVALID_PRP_OFFSET       },
        {ADMIN_DELETE_SQ,       0,                 0,                 0,          NVME_INVALID_QUEUE            },
        {ADMIN_DELETE_SQ,       2,                 0,                 0,          NVME_INVALID_QUEUE            },
        {ADMIN_DELETE_SQ,       0xffff,            0,                 0,          NVME_INVALID_QUEUE            },
        {ADMIN_DELETE_CQ,       0,                 0,                 0,          NVME_INVALID_QUEUE            },
        {ADMIN_DELETE_CQ,       1,                 0,                 0,          NVME_QUEUE_IN_USE             },
        {ADMIN_DELETE_CQ,       0xffff,            0,                 0,          NVME_INVALID_QUEUE            },
        {ADMIN_GET_LOG_PAGE,    0xff,              0,                 DATA,       NVME_INVALID_LOG_PAGE         },
        {ADMIN_GET_LOG_PAGE,    0,                 0,                 DATA,       NVME_INVALID_LOG_PAGE         },
        {ADMIN_GET_FEATURES,    0xff,              0,                 DATA,       NVME_INVALID_FIELD            },
        {ADMIN_GET_FEATURES,    0x501,             0,                 DATA,       NVME_INVALID_FIELD            },
        {ADMIN_SET_FEATURES,    0xff,              0,                 DATA,       NVME_INVALID_FIELD            },
        {ADMIN_SET_FEATURES,    0x80000001u,       0,                 DATA,       NVME_NOT_SAVEABLE             },
        {ADMIN_SET_FEATURES,    7,                 0xffff,            DATA,       NVME_INVALID_FIELD            },
        {ADMIN_IDENTIFY,        0xff,              0,                 DATA,       NVME_INVALID_FIELD            },
        {ADMIN_ABORT,           0xffff,            0,                 0,          NVME_INVALID_FIELD            },
        {ADMIN_DOORBELL_BUFFER, 0,                 0,                 DATA + 8,   NVME_INVALID_FIELD            },
        {ADMIN_DOORBELL_BUFFER, 0,                 0,                 DATA,       NVME_TRANSFER_ERROR | NVME_DNR},
        {0x42,                  0,                 0,                 0,          NVME_INVALID_OPCODE           },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Entry made = entry(cases[i].opcode, 0, cases[i].address, 0);

        put32(made.bytes + 40, cases[i].dword10);
        put32(made.bytes + 44, cases[i].dword11);
        expect(run, &made, FALSE, cases[i].want);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad_places); i++) {
        Entry cq = entry(ADMIN_CREATE_CQ, 0, bad_places[i], 0);
        Entry sq = entry(ADMIN_CREATE_SQ, 0, bad_places[i], 0);

        put32(cq.bytes + 40, 7 << 16 | 2);
        put32(cq.bytes + 44, 3);
        expect(run, &cq, FALSE, NVME_TRANSFER_ERROR | NVME_DNR);
        put32(sq.bytes + 40, 7 << 16 | 2);
        put32(sq.bytes + 44, 1 << 16 | 1);
        expect(run, &sq, FALSE, NVME_TRANSFER_ERROR | NVME_DNR);
    }
}

static void test_malformed(void)
{
    Run run = {.bench = bench_new()};

    bench_start_io(run.bench);
    spoil_prps(&run);
    spoil_sgls(&run);
    spoil_commands(&run);
    spoil_queues(&run);
    g_test_message("%u commands", run.n_cases);
    g_assert_cmpuint(run.n_cases, >=, 200);
    bench_stop(run.bench);
    bench_free(run.bench);
}

/* A controller that cannot start says so, and starts when it is set up well. */
static void test_bad_start(void)
{
    static const struct {
        uint32_t aqa, cc;
        uint64_t asq, acq;
    } cases[] = {
        {0x000f0000, 0x460001, ADMIN_SQ,           ADMIN_CQ         },
        {0x0000000f, 0x460001, ADMIN_SQ,           ADMIN_CQ         },
        {0x000f000f, 0x460001, 0,                  ADMIN_CQ         },
        {0x000f000f, 0x460001, ADMIN_SQ,           0                },
        {0x000f000f, 0x460001, RAM_AT + RAM_BYTES, ADMIN_CQ         },
        {0x000f000f, 0x460001, ADMIN_SQ,           UINT64_MAX - 4095},
        {0x0fff0fff, 0x460001, RAM_AT + 0xff000,   ADMIN_CQ         },
        {0x000f000f, 0x460281, ADMIN_SQ,           ADMIN_CQ         }, /* page size */
        {0x000f000f, 0x460081, RAM_AT + 0x1000,    RAM_AT + 0x2000  }, /* 8 KiB, misaligned */
        {0x000f000f, 0x460011, ADMIN_SQ,           ADMIN_CQ         }, /* command set */
        {0x000f000f, 0x460801, ADMIN_SQ,           ADMIN_CQ         }, /* arbitration */
    };
    Bench *bench = bench_new();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint errors = bench->n_guest_errors;

        bench_write(bench, REG_AQA, cases[i].aqa, 4);
        bench_write(bench, REG_ASQ, cases[i].asq, 8);
        bench_write(bench, REG_ACQ, cases[i].acq, 8);
        bench_write(bench, REG_CC, cases[i].cc, 4);
        g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_CFS);
        g_assert_cmpuint(bench->n_guest_errors, >, errors);
        bench_write(bench, REG_DOORBELLS, 1, 4);
        bench_stop(bench);
        bench_start_io(bench);
        bench_stop(bench);
    }
    bench->master = FALSE;
    bench_start(bench);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_CFS);
    bench->master = TRUE;
    bench_stop(bench);
    bench_free(bench);
}

/* --- At random --- */

static uint64_t any_address(GRand *random)
{
    switch (g_rand_int(random) % 8) {
    case 0:
        return bad_places[g_rand_int(random) % G_N_ELEMENTS(bad_places)];
    case 1:
        return DATA + g_rand_int(random) % 0x20000;
    case 2:
        return LISTS + g_rand_int(random) % 0x2000 / 8 * 8;
    default:
        return DATA + g_rand_int(random) % 0x20 * PAGE;
    }
}

static void any_command(Bench *bench, GRand *random, gboolean io)
{
    static const uint8_t opcodes[] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 0x7c};
    Entry made = entry(opcodes[g_rand_int(random) % G_N_ELEMENTS(opcodes)],
                       g_rand_int(random) % 8 == 0 ? g_rand_int(random) : 1, any_address(random),
                       any_address(random));

    put32(made.bytes + 40,
          g_rand_int(random) % 4 == 0 ? g_rand_int(random) : (7 << 16) | g_rand_int(random) % 8);
    put32(made.bytes + 44, g_rand_int(random) % 4 == 0 && !io ? g_rand_int(random)
                           : io                               ? 0
                                                              : 1 << 16 | 3);
    put32(made.bytes + 48, g_rand_int(random) % 64);
    if (g_rand_int(random) % 4 == 0) {
        made.bytes[1] = 0x40;
        put_sgl(made.bytes + 24, (uint8_t)(g_rand_int(random) % 4 << 4), any_address(random),
                g_rand_int(random) % 0x4000 / 16 * 16);
    }
    bench_submit(bench, &made, io);
}

static void any_list(Bench *bench, GRand *random)
{
    uint64_t at = LISTS + g_rand_int(random) % 0x2000 / 16 * 16;

    if (g_rand_int(random) % 2 == 0) {
        put64(bench_at(bench, at), any_address(random));
    } else {
        put_sgl(bench_at(bench, at), (uint8_t)(g_rand_int(random) % 4 << 4), any_address(random),
                g_rand_int(random) % 0x4000 / 16 * 16);
    }
}

static void act(Bench *bench, GRand *random)
{
    switch (g_rand_int(random) % 16) {
    case 0:
        bench->hold = !bench->hold;
        break;
    case 1:
        bench->fail = EIO;
        break;
    case 2:
        bench->stop_on_error = !bench->stop_on_error;
        break;
    case 3:
        nvme_ops.run_state(&bench->nvme->base, TRUE);
        break;
    case 4:
        bench_write(bench, g_rand_int(random) % 0x40 / 4 * 4, g_rand_int(random), 4);
        break;
    case 5:
        bench_write(bench, REG_DOORBELLS + g_rand_int(random) % 64, g_rand_int(random) % 10,
                    g_rand_int(random) % 4 == 0 ? 2 : 4);
        break;
    case 6:
        bench->mode = g_rand_int(random) % 3;
        break;
    case 7:
        bench_serve(bench);
        break;
    case 8:
        any_list(bench, random);
        break;
    case 9:
        bench->handlers->resized(bench->handlers_opaque);
        break;
    case 10:
        bench_take(bench, g_rand_int(random) % 2);
        break;
    case 11:
        if (bench->armed) {
            bench->armed = FALSE;
            bench->later(bench->nvme);
        }
        break;
    default:
        any_command(bench, random, g_rand_int(random) % 4 != 0);
    }
}

static void test_fuzz(void)
{
    const char *runs = g_getenv("QEMU_HOST_FUZZ_RUNS");
    uint32_t n = runs != NULL ? (uint32_t)strtoul(runs, NULL, 10) : 300;
    GRand *random = g_rand_new_with_seed(1);

    for (uint32_t life = 0; life < n; life++) {
        Bench *bench = bench_new();

        for (guint start = 0; start < 3; start++) {
            bench_start_io(bench);
            for (guint i = 0; i < 100; i++) {
                act(bench, random);
            }
            if (g_rand_int(random) % 4 == 0) {
                nvme_ops.reset(&bench->nvme->base, QH_RESET_COLD);
            }
            bench->hold = FALSE;
            bench->stop_on_error = FALSE;
            bench->fail = 0;
            bench_serve(bench);
            bench_stop(bench);
        }
        bench_free(bench);
    }
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nvme/malformed", test_malformed);
    g_test_add_func("/nvme/bad-start", test_bad_start);
    g_test_add_func("/nvme/fuzz", test_fuzz);
    return g_test_run();
}
