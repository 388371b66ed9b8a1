/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv3 and its ITS: distributor, redistributors, system registers, LPIs, virtual interrupts. */
#include "tests/unit/gic-fake.h"

#include <string.h>

#define DIST   0u
#define REDIST 1u
#define SGIS   0x10000u /* the second frame of a redistributor */
#define N_SPIS 256u

#define HCR_IMO (UINT64_C(1) << 4)

/* Where the guest has its tables. */
#define PROPERTIES  (FAKE_RAM + 0x10000)
#define PENDING     (FAKE_RAM + 0x40000)
#define DEVICES     (FAKE_RAM + 0x100000)
#define COLLECTIONS (FAKE_RAM + 0x180000)
#define QUEUE       (FAKE_RAM + 0x190000)
#define ITT         (FAKE_RAM + 0x1a0000)
#define LEVEL2      (FAKE_RAM + 0x1b0000)
#define VALID       (UINT64_C(1) << 63)

typedef struct Board {
    GicFake *fake;
    QhDevice *gic, *its;
    uint64_t tail; /* of the queue */
} Board;

static void set_dist(const Board *board, uint32_t offset, uint32_t width, uint64_t value)
{
    gic_fake_write(board->fake, board->gic, DIST, 0, offset, width, value);
}

static uint64_t dist(const Board *board, uint32_t offset, uint32_t width)
{
    return gic_fake_read(board->fake, board->gic, DIST, 0, offset, width);
}

static void
set_redist(const Board *board, uint32_t pe, uint32_t offset, uint32_t width, uint64_t value)
{
    gic_fake_write(board->fake, board->gic, REDIST, 0, pe * 0x20000 + offset, width, value);
}

static uint64_t redist(const Board *board, uint32_t pe, uint32_t offset, uint32_t width)
{
    return gic_fake_read(board->fake, board->gic, REDIST, 0, pe * 0x20000 + offset, width);
}

static uint64_t mrs(const Board *board, uint32_t pe, const char *name)
{
    return gic_fake_mrs(board->fake, pe, name);
}

static void msr(const Board *board, uint32_t pe, const char *name, uint64_t value)
{
    gic_fake_msr(board->fake, pe, name, value);
}

static uint8_t irq(const Board *board, uint32_t pe)
{
    return board->fake->line[4 * pe + ARM_IRQ_IRQ];
}

/* As Linux sets it up: all is group 1, priority a0, enabled; SPIs on PE 0. */
static Board start(const char *properties)
{
    Board board = {.fake = gic_fake_new()};

    board.gic = gic_fake_add(board.fake, &arm_gicv3_device, properties, NULL);
    for (uint32_t pe = 0; pe < FAKE_CPUS; pe++) {
        arm_gicv3_connect(board.gic, pe, board.fake->cpu[pe]);
    }
    set_dist(&board, 0x000, 4, 0x13);
    for (uint32_t n = 1; n < 9; n++) {
        set_dist(&board, 0x080 + 4 * n, 4, UINT32_MAX);
        set_dist(&board, 0x100 + 4 * n, 4, UINT32_MAX);
    }
    for (uint32_t n = 32; n < 288; n += 4) {
        set_dist(&board, 0x400 + n, 4, 0xa0a0a0a0);
    }
    for (uint32_t pe = 0; pe < FAKE_CPUS; pe++) {
        set_redist(&board, pe, 0x14, 4, 0);
        set_redist(&board, pe, SGIS + 0x080, 4, UINT32_MAX);
        set_redist(&board, pe, SGIS + 0x100, 4, UINT32_MAX);
        for (uint32_t n = 0; n < 32; n += 4) {
            set_redist(&board, pe, SGIS + 0x400 + n, 4, 0xa0a0a0a0);
        }
        msr(&board, pe, "ICC_PMR_EL1", 0xf0);
        msr(&board, pe, "ICC_IGRPEN1_EL1", 1);
    }
    return board;
}

static void test_identification(void)
{
    Board board = start("num-cpu=4,has-lpi=on");

    g_assert_cmphex(dist(&board, 0x0000, 4), ==, 0x53);
    g_assert_cmphex(dist(&board, 0x0004, 4) & 0x1f, ==, 8);
    g_assert_cmphex(dist(&board, 0x0004, 4) >> 17 & 1, ==, 1);
    g_assert_cmphex(dist(&board, 0xffe8, 4), ==, 0x3b);
    g_assert_cmphex(redist(&board, 2, 0x0008, 8), ==, UINT64_C(2) << 32 | 2 << 8 | 1);
    g_assert_cmphex(redist(&board, 3, 0x0008, 4), ==, 3 << 8 | 1 << 4 | 1);
    g_assert_cmphex(redist(&board, 3, 0x000c, 4), ==, 3);
    g_assert_cmphex(redist(&board, 0, 0xffe8, 4), ==, 0x3b);
    g_assert_cmphex(mrs(&board, 0, "ICC_SRE_EL1"), ==, 7);
    g_assert_cmphex(mrs(&board, 0, "ICC_CTLR_EL1") >> 8 & 7, ==, 4);
    gic_fake_free(board.fake);
}

static void test_spi(void)
{
    Board board = start("num-cpu=4");

    gic_fake_irq(board.fake, board.gic, 1, TRUE);
    g_assert_cmpuint(irq(&board, 0), ==, 1);
    g_assert_cmpuint(mrs(&board, 0, "ICC_HPPIR1_EL1"), ==, 33);
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR0_EL1"), ==, 1023); /* of the other group */
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, 33);
    g_assert_cmpuint(irq(&board, 0), ==, 0);
    g_assert_cmphex(mrs(&board, 0, "ICC_RPR_EL1"), ==, 0xa0);
    g_assert_cmphex(mrs(&board, 0, "ICC_AP1R0_EL1"), ==, 1u << 20);
    msr(&board, 0, "ICC_EOIR0_EL1", 33); /* of the other group: nothing */
    g_assert_cmphex(mrs(&board, 0, "ICC_RPR_EL1"), ==, 0xa0);
    msr(&board, 0, "ICC_EOIR1_EL1", 33);
    g_assert_cmphex(mrs(&board, 0, "ICC_RPR_EL1"), ==, 0xff);
    g_assert_cmpuint(irq(&board, 0), ==, 1); /* the line is high still */
    /* to PE 2, to nobody, and back */
    set_dist(&board, 0x6000 + 8 * 33, 8, 2);
    g_assert_cmpuint(irq(&board, 0), ==, 0);
    g_assert_cmpuint(irq(&board, 2), ==, 1);
    set_dist(&board, 0x6000 + 8 * 33, 8, 0x100);
    g_assert_cmpuint(irq(&board, 2), ==, 0);
    set_dist(&board, 0x6000 + 8 * 33, 4, 1);
    g_assert_cmpuint(irq(&board, 1), ==, 1);
    g_assert_cmphex(dist(&board, 0x6000 + 8 * 33, 8), ==, 1);
    gic_fake_irq(board.fake, board.gic, 1, FALSE);
    g_assert_cmpuint(irq(&board, 1), ==, 0);
    gic_fake_free(board.fake);
}

static void test_preemption(void)
{
    Board board = start("num-cpu=4");

    set_dist(&board, 0x400 + 40, 1, 0x80);
    gic_fake_irq(board.fake, board.gic, 1, TRUE);
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, 33);
    gic_fake_irq(board.fake, board.gic, 2, TRUE);
    g_assert_cmpuint(irq(&board, 0), ==, 0);
    gic_fake_irq(board.fake, board.gic, 8, TRUE);
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, 40);
    g_assert_cmphex(mrs(&board, 0, "ICC_RPR_EL1"), ==, 0x80);
    gic_fake_irq(board.fake, board.gic, 8, FALSE);
    msr(&board, 0, "ICC_EOIR1_EL1", 40);
    g_assert_cmphex(mrs(&board, 0, "ICC_RPR_EL1"), ==, 0xa0);
    /* masks, and a split end */
    gic_fake_irq(board.fake, board.gic, 1, FALSE);
    msr(&board, 0, "ICC_EOIR1_EL1", 33);
    msr(&board, 0, "ICC_PMR_EL1", 0xa0);
    g_assert_cmpuint(irq(&board, 0), ==, 0);
    msr(&board, 0, "ICC_PMR_EL1", 0xf0);
    msr(&board, 0, "ICC_CTLR_EL1", 2);
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, 34);
    msr(&board, 0, "ICC_EOIR1_EL1", 34);
    g_assert_cmphex(mrs(&board, 0, "ICC_RPR_EL1"), ==, 0xff);
    g_assert_cmpuint(irq(&board, 0), ==, 0);
    msr(&board, 0, "ICC_DIR_EL1", 34);
    g_assert_cmpuint(irq(&board, 0), ==, 1);
    gic_fake_free(board.fake);
}

static void test_sgi(void)
{
    Board board = start("num-cpu=4");

    msr(&board, 0, "ICC_SGI1R_EL1", 5u << 24 | 0xa); /* PEs 1 and 3 */
    g_assert_cmpuint(irq(&board, 1) + irq(&board, 3), ==, 2);
    g_assert_cmpuint(irq(&board, 0) + irq(&board, 2), ==, 0);
    g_assert_cmpuint(mrs(&board, 1, "ICC_IAR1_EL1"), ==, 5);
    msr(&board, 1, "ICC_EOIR1_EL1", 5);
    g_assert_cmpuint(irq(&board, 1), ==, 0);
    msr(&board, 2, "ICC_SGI1R_EL1", UINT64_C(1) << 40 | 7u << 24);
    g_assert_cmpuint(irq(&board, 0) + irq(&board, 1) + irq(&board, 2), ==, 2);
    /* no such cluster, and not the group that the target wants */
    msr(&board, 0, "ICC_SGI1R_EL1", UINT64_C(3) << 16 | 5u << 24 | 4);
    msr(&board, 0, "ICC_SGI0R_EL1", 5u << 24 | 4);
    g_assert_cmpuint(irq(&board, 2), ==, 0);
    gic_fake_free(board.fake);
}

static void test_groups(void)
{
    Board board = start("num-cpu=4");

    set_dist(&board, 0x084, 4, ~2u); /* 33 in group 0 */
    gic_fake_irq(board.fake, board.gic, 1, TRUE);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_FIQ], ==, 0);
    msr(&board, 0, "ICC_IGRPEN0_EL1", 1);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_FIQ], ==, 1);
    g_assert_cmpuint(irq(&board, 0), ==, 0);
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, 1023);
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR0_EL1"), ==, 33);
    gic_fake_free(board.fake);
}

static void test_ppi(void)
{
    Board board = start("num-cpu=4");

    gic_fake_irq(board.fake, board.gic, arm_gic_ppi_line(N_SPIS, 2, 27), TRUE);
    g_assert_cmpuint(irq(&board, 2), ==, 1);
    g_assert_cmphex(redist(&board, 2, SGIS + 0x200, 4), ==, 1u << 27);
    g_assert_cmpuint(mrs(&board, 2, "ICC_IAR1_EL1"), ==, 27);
    g_assert_cmphex(redist(&board, 2, SGIS + 0x300, 4), ==, 1u << 27);
    g_assert_cmphex(redist(&board, 1, SGIS + 0x300, 4), ==, 0);
    gic_fake_free(board.fake);
}

static void test_absent(void)
{
    g_autoptr(GicFake) fake = gic_fake_new();

    /* a PE without a GICv3 */
    (void)gic_fake_mrs(fake, 0, "ICC_IAR1_EL1");
    g_assert_cmpuint(fake->trapped, ==, 1);
    fake->trapped = 0;
    gic_fake_msr(fake, 0, "ICC_SGI1R_EL1", 0);
    g_assert_cmpuint(fake->trapped, ==, 1);
}

static void poke(const Board *board, uint64_t address, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(board->fake->ram + (address - FAKE_RAM), &value, sizeof(value));
}

static void command(Board *board, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
    poke(board, QUEUE + board->tail, w0);
    poke(board, QUEUE + board->tail + 8, w1);
    poke(board, QUEUE + board->tail + 16, w2);
    poke(board, QUEUE + board->tail + 24, w3);
    board->tail = (board->tail + 32) % 0x1000;
    gic_fake_write(board->fake, board->its, 0, 0, 0x88, 8, board->tail);
    g_assert_cmphex(gic_fake_read(board->fake, board->its, 0, 0, 0x90, 8), ==, board->tail);
}

static void message(const Board *board, uint32_t device, uint32_t event)
{
    gic_fake_write(board->fake, board->its, 0, device, 0x10040, 4, event);
}

#define DEVICE(n) ((uint64_t)(n) << 32)
#define MAPD      0x08u
#define MAPC      0x09u
#define MAPTI     0x0au
#define LPI       UINT64_C(8192)

/* An ITS with device 0x10 of 32 events; collection N is PE N; LPIs are enabled, priority a0. */
static Board start_its(gboolean indirect)
{
    Board board = start("num-cpu=4,has-lpi=on");

    board.its = gic_fake_add(board.fake, &arm_gicv3_its_device, "", NULL);
    arm_gicv3_its_connect(board.its, board.gic);
    memset(board.fake->ram + (PROPERTIES - FAKE_RAM), 0xa1, 0x2000);
    for (uint32_t pe = 0; pe < FAKE_CPUS; pe++) {
        set_redist(&board, pe, 0x70, 8, PROPERTIES | 15);
        set_redist(&board, pe, 0x78, 8, PENDING + pe * 0x10000);
        set_redist(&board, pe, 0x00, 4, 1);
    }
    gic_fake_write(board.fake, board.its, 0, 0, 0x100, 8,
                   VALID | DEVICES | 7 | (indirect ? UINT64_C(1) << 62 : 0));
    gic_fake_write(board.fake, board.its, 0, 0, 0x108, 8, VALID | COLLECTIONS);
    gic_fake_write(board.fake, board.its, 0, 0, 0x80, 8, VALID | QUEUE);
    gic_fake_write(board.fake, board.its, 0, 0, 0x00, 4, 1);
    if (indirect) {
        poke(&board, DEVICES, VALID | LEVEL2);
    }
    for (uint64_t pe = 0; pe < FAKE_CPUS; pe++) {
        command(&board, MAPC, 0, VALID | pe << 16 | pe, 0);
    }
    command(&board, MAPD | DEVICE(0x10), 4, VALID | ITT, 0);
    return board;
}

static void test_its(void)
{
    for (uint32_t indirect = 0; indirect < 2; indirect++) {
        Board board = start_its(indirect);

        command(&board, MAPTI | DEVICE(0x10), (LPI + 5) << 32 | 3, 1, 0);
        message(&board, 0x11, 3); /* not a device that is mapped */
        message(&board, 0x10, 4); /* nor an event */
        g_assert_cmpuint(irq(&board, 1), ==, 0);
        message(&board, 0x10, 3);
        g_assert_cmpuint(irq(&board, 1), ==, 1);
        g_assert_cmpuint(mrs(&board, 1, "ICC_IAR1_EL1"), ==, LPI + 5);
        g_assert_cmpuint(irq(&board, 1), ==, 0);
        msr(&board, 1, "ICC_EOIR1_EL1", LPI + 5);
        g_assert_cmphex(mrs(&board, 1, "ICC_RPR_EL1"), ==, 0xff);
        /* pending, then moved to PE 2 */
        message(&board, 0x10, 3);
        command(&board, 0x01 | DEVICE(0x10), 3, 2, 0); /* MOVI */
        g_assert_cmpuint(irq(&board, 1), ==, 0);
        g_assert_cmpuint(irq(&board, 2), ==, 1);
        command(&board, 0x0e, 0, 2 << 16, 3 << 16); /* MOVALL */
        g_assert_cmpuint(irq(&board, 2), ==, 0);
        g_assert_cmpuint(irq(&board, 3), ==, 1);
        command(&board, 0x0e, 0, 3 << 16, 2 << 16);
        command(&board, 0x04 | DEVICE(0x10), 3, 0, 0); /* CLEAR */
        g_assert_cmpuint(irq(&board, 2), ==, 0);
        command(&board, 0x03 | DEVICE(0x10), 3, 0, 0); /* INT */
        g_assert_cmpuint(irq(&board, 2), ==, 1);
        command(&board, 0x0f | DEVICE(0x10), 3, 0, 0); /* DISCARD */
        g_assert_cmpuint(irq(&board, 2), ==, 0);
        message(&board, 0x10, 3);
        g_assert_cmpuint(irq(&board, 2), ==, 0);
        gic_fake_free(board.fake);
    }
}

static void test_lpi_configuration(void)
{
    Board board = start_its(FALSE);
    uint8_t *config = board.fake->ram + (PROPERTIES - FAKE_RAM);

    command(&board, MAPTI | DEVICE(0x10), LPI << 32 | 0, 0, 0);
    command(&board, MAPTI | DEVICE(0x10), (LPI + 1) << 32 | 1, 0, 0);
    /* cached until INV says otherwise */
    config[0] = 0xa0;
    message(&board, 0x10, 0);
    g_assert_cmpuint(irq(&board, 0), ==, 1);
    command(&board, 0x0c | DEVICE(0x10), 0, 0, 0); /* INV */
    g_assert_cmpuint(irq(&board, 0), ==, 0);
    config[0] = 0x81;
    config[1] = 0x41;
    command(&board, 0x0d, 0, 0, 0); /* INVALL */
    g_assert_cmpuint(irq(&board, 0), ==, 1);
    message(&board, 0x10, 1); /* of higher priority */
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, LPI + 1);
    g_assert_cmpuint(irq(&board, 0), ==, 0);
    msr(&board, 0, "ICC_EOIR1_EL1", LPI + 1);
    /* to memory and back */
    set_redist(&board, 0, 0x00, 4, 0);
    g_assert_cmpuint(irq(&board, 0), ==, 0);
    g_assert_cmphex(board.fake->ram[PENDING - FAKE_RAM + 1024], ==, 1);
    set_redist(&board, 0, 0x00, 4, 1);
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, LPI);
    gic_fake_free(board.fake);
}

/* Commands and tables that make no sense. */
static void test_its_hostile(void)
{
    Board board = start_its(FALSE);

    command(&board, MAPC, 0, VALID | UINT64_C(77) << 16 | 9, 0);       /* no such PE */
    command(&board, MAPD | DEVICE(0x20), 31, VALID | ITT, 0);          /* too many events */
    command(&board, MAPD | DEVICE(0x123456), 4, VALID | ITT, 0);       /* no such number */
    command(&board, MAPTI | DEVICE(0x10), UINT64_C(100) << 32, 0, 0);  /* not an LPI */
    command(&board, MAPTI | DEVICE(0x10), (LPI + 1) << 32 | 40, 0, 0); /* beyond the ITT */
    command(&board, MAPTI | DEVICE(0x10), (LPI + 1) << 32 | 1, 999, 0);
    message(&board, 0x10, 1); /* its collection is beyond the table */
    command(&board, 0xee, 1, 2, 3);
    /* tables outside of RAM, then a queue there */
    command(&board, MAPD | DEVICE(0x10), 15, VALID | UINT64_C(0xffffffffff00), 0);
    command(&board, MAPTI | DEVICE(0x10), LPI << 32 | 2, 0, 0);
    message(&board, 0x10, 2);
    for (uint32_t pe = 0; pe < FAKE_CPUS; pe++) {
        g_assert_cmpuint(irq(&board, pe), ==, 0);
    }
    gic_fake_write(board.fake, board.its, 0, 0, 0x00, 4, 0);
    gic_fake_write(board.fake, board.its, 0, 0, 0x80, 8, VALID | UINT64_C(0xffffffff000) | 0xff);
    gic_fake_write(board.fake, board.its, 0, 0, 0x00, 4, 1);
    gic_fake_write(board.fake, board.its, 0, 0, 0x88, 8, 0xfffe0);
    g_assert_cmphex(gic_fake_read(board.fake, board.its, 0, 0, 0x90, 8), ==, 0xfffe0);
    gic_fake_free(board.fake);
}

/* What a hypervisor does: PE 0 at EL1 under HCR_EL2.IMO, list registers through ICH_*. */
static void test_virtual(void)
{
    Board board = start("num-cpu=4");
    ArmCpu *cpu = board.fake->cpu[0];

    cpu->has_el2 = 1;
    cpu->hcr = HCR_IMO;
    gic_fake_irq(board.fake, board.gic, arm_gic_ppi_line(N_SPIS, 0, 27), TRUE);
    cpu->el = 2;
    msr(&board, 0, "ICC_CTLR_EL1", 2);
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, 27);
    msr(&board, 0, "ICC_EOIR1_EL1", 27);
    msr(&board, 0, "ICH_VMCR_EL2", UINT64_C(0xf0) << 24 | 3 << 18 | 2);
    msr(&board, 0, "ICH_LR1_EL2",
        UINT64_C(1) << 62 | UINT64_C(1) << 61 | UINT64_C(1) << 60 | UINT64_C(0xa0) << 48 |
            UINT64_C(27) << 32 | 27);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_VIRQ], ==, 0);
    msr(&board, 0, "ICH_HCR_EL2", 1);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_VIRQ], ==, 1);
    cpu->el = 1;
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, 27);
    g_assert_cmpuint(board.fake->line[ARM_IRQ_VIRQ], ==, 0);
    g_assert_cmphex(mrs(&board, 0, "ICC_RPR_EL1"), ==, 0xa0);
    gic_fake_irq(board.fake, board.gic, arm_gic_ppi_line(N_SPIS, 0, 27), FALSE);
    msr(&board, 0, "ICC_EOIR1_EL1", 27);
    /* the physical one is no longer active, the list register is free */
    g_assert_cmphex(redist(&board, 0, SGIS + 0x300, 4), ==, 0);
    cpu->el = 2;
    g_assert_cmphex(mrs(&board, 0, "ICH_ELRSR_EL2"), ==, 0xf);
    /* an end that asks for maintenance */
    msr(&board, 0, "ICH_LR0_EL2",
        UINT64_C(1) << 62 | UINT64_C(1) << 60 | UINT64_C(1) << 41 | UINT64_C(0x80) << 48 | 40);
    cpu->el = 1;
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, 40);
    msr(&board, 0, "ICC_EOIR1_EL1", 40);
    cpu->el = 2;
    g_assert_cmphex(mrs(&board, 0, "ICH_MISR_EL2"), ==, 1);
    g_assert_cmphex(mrs(&board, 0, "ICH_EISR_EL2"), ==, 1);
    g_assert_cmphex(redist(&board, 0, SGIS + 0x200, 4), ==, 1u << ARM_PPI_MAINTENANCE);
    msr(&board, 0, "ICH_LR0_EL2", 0);
    g_assert_cmphex(redist(&board, 0, SGIS + 0x200, 4), ==, 0);
    /* traps of the guest */
    msr(&board, 0, "ICH_HCR_EL2", 1 | 1 << 12);
    cpu->el = 1;
    (void)mrs(&board, 0, "ICC_IAR1_EL1");
    g_assert_cmpuint(board.fake->trapped, ==, 2);
    board.fake->trapped = 0;
    msr(&board, 0, "ICC_SGI1R_EL1", 0);
    g_assert_cmpuint(board.fake->trapped, ==, 2);
    gic_fake_free(board.fake);
}

static void test_snapshot(void)
{
    Board board = start_its(FALSE);
    g_autoptr(GByteArray) saved = NULL;

    command(&board, MAPTI | DEVICE(0x10), (LPI + 5) << 32 | 3, 1, 0);
    message(&board, 0x10, 3);
    gic_fake_irq(board.fake, board.gic, 1, TRUE);
    g_assert_cmpuint(mrs(&board, 0, "ICC_IAR1_EL1"), ==, 33);
    saved = gic_fake_save(board.gic);
    g_assert_cmpuint(mrs(&board, 1, "ICC_IAR1_EL1"), ==, LPI + 5);
    msr(&board, 0, "ICC_EOIR1_EL1", 33);
    gic_fake_load(board.gic, saved);
    g_assert_cmphex(mrs(&board, 0, "ICC_RPR_EL1"), ==, 0xa0);
    g_assert_cmpuint(mrs(&board, 1, "ICC_IAR1_EL1"), ==, LPI + 5);
    gic_fake_free(board.fake);
}

static void random_register(const Board *board, GRand *rand, const ArmSysreg *reg)
{
    uint32_t pe = g_rand_int(rand) % FAKE_CPUS;
    uint64_t value = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);

    board->fake->cpu[pe]->el = 1 + g_rand_int(rand) % 2;
    board->fake->cpu[pe]->hcr = g_rand_int(rand) & 0x18;
    if (g_rand_boolean(rand) && reg->rights & ARM_R2) {
        (void)mrs(board, pe, reg->name);
    } else if (reg->rights & ARM_W2) {
        msr(board, pe, reg->name, value >> g_rand_int(rand) % 64);
    }
}

/* Any access at all, over tables of noise. */
static void test_random(void)
{
    Board board = start_its(FALSE);
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    uint32_t n_rows = 0;

    while (arm_sysregs_gic[n_rows].name != NULL) {
        n_rows++;
    }
    for (uint32_t pe = 0; pe < FAKE_CPUS; pe++) {
        board.fake->cpu[pe]->has_el2 = 1;
    }
    for (uint32_t i = 0; i < 300000; i++) {
        uint32_t which = g_rand_int(rand) % 8;
        QhDevice *device = which < 2 ? board.its : board.gic;
        uint32_t window = which < 4 ? 0 : 1;
        uint32_t width = which < 2 ? 8 : 1u << g_rand_int(rand) % 4;
        uint64_t offset = g_rand_int(rand) % (which < 2 ? 0x200 : which < 4 ? 0x10000 : 0x80000);
        uint64_t value = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);

        offset &= ~(uint64_t)(width - 1);
        if (i % 1000 == 0) { /* noise, and now and then a table where it belongs */
            for (uint32_t at = 0; at < FAKE_RAM_BYTES; at += 8) {
                poke(&board, FAKE_RAM + at, at % 24 == 0 ? value & 0x1f0f : g_rand_int(rand));
            }
        }
        if (which < 2 && g_rand_boolean(rand)) {
            value = (value & ~UINT64_C(0xffffffff000)) | DEVICES;
        }
        if (g_rand_boolean(rand)) {
            gic_fake_write(board.fake, device, window, 0, offset, width, value);
        } else {
            (void)gic_fake_read(board.fake, device, window, 0, offset, width);
        }
        message(&board, g_rand_int(rand) % 32, g_rand_int(rand) % 64);
        random_register(&board, rand, &arm_sysregs_gic[g_rand_int(rand) % n_rows]);
        gic_fake_irq(board.fake, board.gic, g_rand_int(rand) % arm_gicv3_device.n_irq_in,
                     g_rand_boolean(rand));
    }
    gic_fake_free(board.fake);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm-gicv3/identification", test_identification);
    g_test_add_func("/arm-gicv3/spi", test_spi);
    g_test_add_func("/arm-gicv3/preemption", test_preemption);
    g_test_add_func("/arm-gicv3/sgi", test_sgi);
    g_test_add_func("/arm-gicv3/groups", test_groups);
    g_test_add_func("/arm-gicv3/ppi", test_ppi);
    g_test_add_func("/arm-gicv3/absent", test_absent);
    g_test_add_func("/arm-gicv3/its", test_its);
    g_test_add_func("/arm-gicv3/lpi-configuration", test_lpi_configuration);
    g_test_add_func("/arm-gicv3/its-hostile", test_its_hostile);
    g_test_add_func("/arm-gicv3/virtual", test_virtual);
    g_test_add_func("/arm-gicv3/snapshot", test_snapshot);
    g_test_add_func("/arm-gicv3/random", test_random);
    return g_test_run();
}
