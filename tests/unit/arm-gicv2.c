/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv2: what a guest sees of distributor and CPU interfaces. */
#include "tests/unit/gic-fake.h"

#define DIST  0u
#define CPU   1u
#define HYP   2u
#define GUEST 3u

#define N_SPIS 256u

typedef struct Board {
    GicFake *fake;
    QhDevice *gic;
} Board;

static uint32_t dist(const Board *board, uint32_t pe, uint32_t offset)
{
    return (uint32_t)gic_fake_read(board->fake, board->gic, DIST, pe, offset, 4);
}

static void set_dist(const Board *board, uint32_t pe, uint32_t offset, uint32_t value)
{
    gic_fake_write(board->fake, board->gic, DIST, pe, offset, 4, value);
}

static uint32_t cpu(const Board *board, uint32_t pe, uint32_t offset)
{
    return (uint32_t)gic_fake_read(board->fake, board->gic, CPU, pe, offset, 4);
}

static void set_cpu(const Board *board, uint32_t pe, uint32_t offset, uint32_t value)
{
    gic_fake_write(board->fake, board->gic, CPU, pe, offset, 4, value);
}

/* As Linux sets it up: group 0 only, all priorities a0, all SPIs enabled and on PE 0. */
static Board start(const char *properties)
{
    Board board = {.fake = gic_fake_new()};

    board.gic = gic_fake_add(board.fake, &arm_gicv2_device, properties, NULL);
    set_dist(&board, 0, 0x000, 1);
    for (uint32_t n = 32; n < 288; n += 4) {
        set_dist(&board, 0, 0x400 + n, 0xa0a0a0a0);
        set_dist(&board, 0, 0x800 + n, 0x01010101);
    }
    for (uint32_t n = 32; n < 288; n += 32) {
        set_dist(&board, 0, 0x100 + n / 8, UINT32_MAX);
    }
    for (uint32_t pe = 0; pe < 4; pe++) {
        set_cpu(&board, pe, 0x00, 1);
        set_cpu(&board, pe, 0x04, 0xf0);
    }
    return board;
}

static void test_identification(void)
{
    Board board = start("num-cpu=4");

    g_assert_cmphex(dist(&board, 0, 0x004), ==, 3 << 5 | 8);
    g_assert_cmphex(dist(&board, 0, 0xfe8), ==, 0x2b);
    g_assert_cmphex(cpu(&board, 0, 0xfc), ==, 0x0202143b);
    /* banked: each PE reads its own mask */
    g_assert_cmphex(dist(&board, 2, 0x800), ==, 0x04040404);
    gic_fake_free(board.fake);
}

static void test_level(void)
{
    Board board = start("num-cpu=4");

    gic_fake_irq(board.fake, board.gic, 1, TRUE); /* SPI 33 */
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 1);
    g_assert_cmpuint(cpu(&board, 0, 0x18), ==, 33);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 33);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 0);
    g_assert_cmphex(cpu(&board, 0, 0x14), ==, 0xa0);
    g_assert_cmphex(dist(&board, 0, 0x304), ==, 1 << 1);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 1023);
    /* ended with the line high: it comes again */
    set_cpu(&board, 0, 0x10, 33);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 1);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 33);
    gic_fake_irq(board.fake, board.gic, 1, FALSE);
    set_cpu(&board, 0, 0x10, 33);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 0);
    g_assert_cmphex(cpu(&board, 0, 0x14), ==, 0xff);
    gic_fake_free(board.fake);
}

static void test_edge(void)
{
    Board board = start("num-cpu=4");

    set_dist(&board, 0, 0xc08, 0x2); /* SPI 32 */
    gic_fake_irq(board.fake, board.gic, 0, TRUE);
    gic_fake_irq(board.fake, board.gic, 0, FALSE);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 32);
    /* another edge while it is active */
    gic_fake_irq(board.fake, board.gic, 0, TRUE);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 0);
    set_cpu(&board, 0, 0x10, 32);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 1);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 32);
    set_cpu(&board, 0, 0x10, 32);
    /* the line is still high, which is no edge */
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 0);
    gic_fake_free(board.fake);
}

static void test_priorities(void)
{
    Board board = start("num-cpu=4");

    gic_fake_write(board.fake, board.gic, DIST, 0, 0x400 + 40, 1, 0x57); /* reads as 50 */
    g_assert_cmphex(dist(&board, 0, 0x428), ==, 0xa0a0a050);
    gic_fake_irq(board.fake, board.gic, 1, TRUE);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 33);
    gic_fake_irq(board.fake, board.gic, 2, TRUE); /* the same priority waits */
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 0);
    gic_fake_irq(board.fake, board.gic, 8, TRUE); /* 40 preempts */
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 1);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 40);
    g_assert_cmphex(cpu(&board, 0, 0x14), ==, 0x50);
    g_assert_cmphex(cpu(&board, 0, 0xd0), ==, 1u << 10 | 1u << 20);
    gic_fake_irq(board.fake, board.gic, 8, FALSE);
    set_cpu(&board, 0, 0x10, 40);
    g_assert_cmphex(cpu(&board, 0, 0x14), ==, 0xa0);
    gic_fake_irq(board.fake, board.gic, 1, FALSE);
    set_cpu(&board, 0, 0x10, 33);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 34);
    set_cpu(&board, 0, 0x10, 34);
    /* masked by PMR, and no preemption with a coarse binary point */
    set_cpu(&board, 0, 0x04, 0xa0);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 0);
    set_cpu(&board, 0, 0x04, 0xf0);
    set_cpu(&board, 0, 0x08, 7);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 34);
    gic_fake_irq(board.fake, board.gic, 8, TRUE);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 0);
    gic_fake_free(board.fake);
}

static void test_sgi(void)
{
    Board board = start("num-cpu=4");

    set_dist(&board, 1, 0xf00, 1u << 24 | 5); /* to all but itself */
    set_dist(&board, 3, 0xf00, 1u << 16 | 5); /* and once more to PE 0 */
    g_assert_cmpuint(board.fake->line[4 * 0 + ARM_IRQ_IRQ], ==, 1);
    g_assert_cmpuint(board.fake->line[4 * 1 + ARM_IRQ_IRQ], ==, 0);
    g_assert_cmpuint(board.fake->line[4 * 3 + ARM_IRQ_IRQ], ==, 1);
    g_assert_cmphex(dist(&board, 0, 0xf14), ==, 0xa00);
    g_assert_cmphex(cpu(&board, 0, 0x0c), ==, 1 << 10 | 5);
    set_cpu(&board, 0, 0x10, 1 << 10 | 5);
    g_assert_cmphex(cpu(&board, 0, 0x0c), ==, 3 << 10 | 5);
    set_cpu(&board, 0, 0x10, 3 << 10 | 5);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 1023);
    g_assert_cmphex(cpu(&board, 3, 0x0c), ==, 1 << 10 | 5);
    /* CPENDSGIR takes one back, SPENDSGIR brings one */
    set_dist(&board, 2, 0xf14, UINT32_MAX);
    g_assert_cmpuint(board.fake->line[4 * 2 + ARM_IRQ_IRQ], ==, 0);
    gic_fake_write(board.fake, board.gic, DIST, 2, 0xf22, 1, 0xf8);
    g_assert_cmphex(cpu(&board, 2, 0x0c), ==, 3 << 10 | 2);
    gic_fake_free(board.fake);
}

static void test_targets(void)
{
    Board board = start("num-cpu=4");

    gic_fake_irq(board.fake, board.gic, 3, TRUE);
    gic_fake_write(board.fake, board.gic, DIST, 0, 0x800 + 35, 1, 0xfa); /* PEs 1 and 3 */
    g_assert_cmphex(dist(&board, 0, 0x820), ==, 0x0a010101);
    g_assert_cmpuint(board.fake->line[0], ==, 0);
    g_assert_cmpuint(board.fake->line[4], ==, 1);
    g_assert_cmpuint(board.fake->line[12], ==, 1);
    /* whoever comes first takes it */
    g_assert_cmpuint(cpu(&board, 3, 0x0c), ==, 35);
    g_assert_cmpuint(board.fake->line[4], ==, 0);
    g_assert_cmpuint(cpu(&board, 1, 0x0c), ==, 1023);
    gic_fake_free(board.fake);
}

static void test_ppi(void)
{
    Board board = start("num-cpu=4");

    set_dist(&board, 2, 0x100, 1u << 27);
    gic_fake_irq(board.fake, board.gic, arm_gic_ppi_line(N_SPIS, 2, 27), TRUE);
    gic_fake_irq(board.fake, board.gic, arm_gic_ppi_line(N_SPIS, 1, 27), TRUE);
    g_assert_cmpuint(board.fake->line[8], ==, 1);
    g_assert_cmpuint(board.fake->line[4], ==, 0); /* not enabled there */
    g_assert_cmpuint(cpu(&board, 2, 0x0c), ==, 27);
    gic_fake_free(board.fake);
}

static void test_groups(void)
{
    Board board = start("num-cpu=4");

    set_dist(&board, 0, 0x000, 3);
    set_dist(&board, 0, 0x084, 1u << 1); /* 33 is group 1 */
    set_cpu(&board, 0, 0x00, 3 | 1 << 3);
    gic_fake_irq(board.fake, board.gic, 1, TRUE);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 1);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 1022);
    g_assert_cmpuint(cpu(&board, 0, 0x20), ==, 33);
    set_cpu(&board, 0, 0x24, 33);
    gic_fake_write(board.fake, board.gic, DIST, 0, 0x422, 1, 0x40);
    gic_fake_irq(board.fake, board.gic, 2, TRUE); /* group 0 comes as FIQ */
    g_assert_cmpuint(board.fake->line[ARM_IRQ_FIQ], ==, 1);
    g_assert_cmpuint(cpu(&board, 0, 0x20), ==, 1023);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 34);
    gic_fake_free(board.fake);
}

static void test_split_end(void)
{
    Board board = start("num-cpu=4");

    set_cpu(&board, 0, 0x00, 1 | 1 << 9);
    gic_fake_irq(board.fake, board.gic, 1, TRUE);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 33);
    set_cpu(&board, 0, 0x10, 33);
    g_assert_cmphex(cpu(&board, 0, 0x14), ==, 0xff);
    g_assert_cmphex(dist(&board, 0, 0x304), ==, 1 << 1);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 0);
    set_cpu(&board, 0, 0x1000, 33);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_IRQ], ==, 1);
    gic_fake_free(board.fake);
}

static void test_single(void)
{
    Board board = {.fake = gic_fake_new()};

    board.gic = gic_fake_add(board.fake, &arm_gicv2_device, "num-cpu=1,num-irq=64", NULL);
    set_dist(&board, 0, 0x000, 1);
    set_dist(&board, 0, 0x104, 1);
    set_cpu(&board, 0, 0x00, 1);
    set_cpu(&board, 0, 0x04, 0xf0);
    g_assert_cmphex(dist(&board, 0, 0x800), ==, 0);
    gic_fake_irq(board.fake, board.gic, 0, TRUE);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 32);
    gic_fake_free(board.fake);
}

static void test_bad_properties(void)
{
    g_autoptr(GicFake) fake = gic_fake_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) beyond = NULL;

    g_assert_null(gic_fake_add(fake, &arm_gicv2_device, "num-irq=100", &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_assert_null(gic_fake_add(fake, &arm_gicv2m_device, "base-spi=1000,num-spi=64", &beyond));
    g_assert_error(beyond, QH_ERROR, QH_ERROR_INVALID);
}

static void test_message_frame(void)
{
    g_autoptr(GicFake) fake = gic_fake_new();
    QhDevice *frame = gic_fake_add(fake, &arm_gicv2m_device, "base-spi=80,num-spi=64", NULL);

    g_assert_cmphex(gic_fake_read(fake, frame, 0, 0, 0x008, 4), ==, 80 << 16 | 64);
    gic_fake_write(fake, frame, 0, 0, 0x040, 4, 83);
    g_assert_cmpuint(fake->n_changes, ==, 2); /* up and down */
    g_assert_cmpuint(fake->line[3], ==, 0);
    gic_fake_write(fake, frame, 0, 0, 0x040, 4, 144);
    gic_fake_write(fake, frame, 0, 0, 0x040, 4, 79);
    g_assert_cmpuint(fake->n_changes, ==, 2);
}

/* A hypervisor hands an interrupt and an SGI to its guest. */
static void test_virtual(void)
{
    Board board = start("num-cpu=4,has-virtualization-extensions=on");
    GicFake *fake = board.fake;

    set_dist(&board, 1, 0x100, 1u << 27 | 1u << ARM_PPI_MAINTENANCE);
    set_cpu(&board, 1, 0x00, 1 | 1 << 9);
    gic_fake_irq(fake, board.gic, arm_gic_ppi_line(N_SPIS, 1, 27), TRUE);
    g_assert_cmpuint(cpu(&board, 1, 0x0c), ==, 27);
    set_cpu(&board, 1, 0x10, 27);
    g_assert_cmphex(gic_fake_read(fake, board.gic, HYP, 1, 0x04, 4), ==, 3 | 4u << 26 | 4u << 29);
    gic_fake_write(fake, board.gic, HYP, 1, 0x100, 4,
                   1u << 31 | 1u << 28 | 20u << 23 | 27 << 10 | 27);
    gic_fake_write(fake, board.gic, HYP, 1, 0x104, 4, 1u << 28 | 21u << 23 | 1 << 19 | 3 << 10 | 5);
    g_assert_cmphex(gic_fake_read(fake, board.gic, HYP, 1, 0x104, 4), ==,
                    1u << 28 | 21u << 23 | 1 << 19 | 3 << 10 | 5);
    gic_fake_write(fake, board.gic, GUEST, 1, 0x00, 4, 1);
    gic_fake_write(fake, board.gic, GUEST, 1, 0x04, 4, 0xf0);
    g_assert_cmphex(gic_fake_read(fake, board.gic, HYP, 1, 0x08, 4) >> 27, ==, 0x1e);
    g_assert_cmpuint(fake->line[4 + ARM_IRQ_VIRQ], ==, 0);
    gic_fake_write(fake, board.gic, HYP, 1, 0x00, 4, 1);
    g_assert_cmpuint(fake->line[4 + ARM_IRQ_VIRQ], ==, 1);
    g_assert_cmphex(gic_fake_read(fake, board.gic, GUEST, 1, 0x0c, 4), ==, 27);
    g_assert_cmphex(gic_fake_read(fake, board.gic, GUEST, 1, 0x14, 4), ==, 0xa0);
    gic_fake_irq(fake, board.gic, arm_gic_ppi_line(N_SPIS, 1, 27), FALSE);
    g_assert_cmphex(dist(&board, 1, 0x300), ==, 1u << 27);
    gic_fake_write(fake, board.gic, GUEST, 1, 0x10, 4, 27);
    g_assert_cmphex(dist(&board, 1, 0x300), ==, 0);
    /* the SGI names its sender, and its end asks for maintenance */
    g_assert_cmphex(gic_fake_read(fake, board.gic, GUEST, 1, 0x0c, 4), ==, 3 << 10 | 5);
    g_assert_cmpuint(fake->line[4 + ARM_IRQ_VIRQ], ==, 0);
    gic_fake_write(fake, board.gic, GUEST, 1, 0x10, 4, 3 << 10 | 5);
    g_assert_cmphex(gic_fake_read(fake, board.gic, HYP, 1, 0x10, 4), ==, 1);
    g_assert_cmphex(gic_fake_read(fake, board.gic, HYP, 1, 0x20, 4), ==, 2);
    g_assert_cmpuint(fake->line[4 + ARM_IRQ_IRQ], ==, 1);
    g_assert_cmpuint(cpu(&board, 1, 0x0c), ==, ARM_PPI_MAINTENANCE);
    gic_fake_free(fake);
}

static void test_snapshot(void)
{
    Board board = start("num-cpu=4");
    g_autoptr(GByteArray) saved = NULL;

    gic_fake_irq(board.fake, board.gic, 1, TRUE);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 33);
    gic_fake_irq(board.fake, board.gic, 2, TRUE);
    saved = gic_fake_save(board.gic);
    set_cpu(&board, 0, 0x10, 33);
    set_dist(&board, 0, 0x184, UINT32_MAX);
    gic_fake_load(board.gic, saved);
    g_assert_cmphex(cpu(&board, 0, 0x14), ==, 0xa0);
    gic_fake_irq(board.fake, board.gic, 1, FALSE);
    set_cpu(&board, 0, 0x10, 33);
    g_assert_cmpuint(cpu(&board, 0, 0x0c), ==, 34);
    gic_fake_free(board.fake);
}

/* Any access at all, with the lines at random as well. */
static void test_random(void)
{
    static const char *const kinds[] = {
        "num-cpu=4,num-irq=1024,has-virtualization-extensions=on",
        "num-cpu=1,num-irq=64",
    };

    for (uint32_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
        g_autoptr(GicFake) fake = gic_fake_new();
        QhDevice *gic = gic_fake_add(fake, &arm_gicv2_device, kinds[kind], NULL);
        g_autoptr(GRand) rand = g_rand_new_with_seed(kind);

        for (uint32_t i = 0; i < 300000; i++) {
            uint32_t window = (uint32_t)g_rand_int_range(rand, 0, (int)arm_gicv2_device.n_windows);
            const QhWindow *of = &arm_gicv2_device.windows[window];
            uint32_t width = MAX(1u << g_rand_int_range(rand, 0, 3), of->ops->min_size);
            uint32_t bytes = of->bytes != 0 ? (uint32_t)of->bytes : 0x200;
            uint32_t offset = g_rand_int(rand) % bytes & ~(width - 1);
            uint32_t pe = g_rand_int(rand) % 6;

            if (g_rand_boolean(rand)) {
                gic_fake_write(fake, gic, window, pe, offset, width, g_rand_int(rand));
            } else {
                (void)gic_fake_read(fake, gic, window, pe, offset, width);
            }
            gic_fake_irq(fake, gic, g_rand_int(rand) % arm_gicv2_device.n_irq_in,
                         g_rand_boolean(rand));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm-gicv2/identification", test_identification);
    g_test_add_func("/arm-gicv2/level", test_level);
    g_test_add_func("/arm-gicv2/edge", test_edge);
    g_test_add_func("/arm-gicv2/priorities", test_priorities);
    g_test_add_func("/arm-gicv2/sgi", test_sgi);
    g_test_add_func("/arm-gicv2/targets", test_targets);
    g_test_add_func("/arm-gicv2/ppi", test_ppi);
    g_test_add_func("/arm-gicv2/groups", test_groups);
    g_test_add_func("/arm-gicv2/split-end", test_split_end);
    g_test_add_func("/arm-gicv2/single", test_single);
    g_test_add_func("/arm-gicv2/bad-properties", test_bad_properties);
    g_test_add_func("/arm-gicv2/message-frame", test_message_frame);
    g_test_add_func("/arm-gicv2/virtual", test_virtual);
    g_test_add_func("/arm-gicv2/snapshot", test_snapshot);
    g_test_add_func("/arm-gicv2/random", test_random);
    return g_test_run();
}
