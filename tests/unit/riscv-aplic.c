/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The advanced interrupt controller of the AIA, over a host of fakes: lines in, lines and messages
 * out. Sections are those of the RISC-V AIA 1.0.
 */
#include "modules/riscv/hw/hw.h"
#include "modules/riscv/services.h"

#include <string.h>

#define M         0u
#define S         1u
#define CFG       0x0000u
#define SOURCE(n) (4u * (n))
#define MSIADDR   0x1bc0u
#define SETIP     0x1c00u
#define SETIPNUM  0x1cdcu
#define IN_CLRIP  0x1d00u
#define CLRIPNUM  0x1ddcu
#define SETIE     0x1e00u
#define SETIENUM  0x1edcu
#define CLRIENUM  0x1fdcu
#define NUM_LE    0x2000u
#define NUM_BE    0x2004u
#define GENMSI    0x3000u
#define TARGET(n) (0x3000u + 4u * (n))
#define IDC(hart) (0x4000u + 32u * (hart))
#define DELIVERY  0x00u
#define FORCE     0x04u
#define THRESHOLD 0x08u
#define TOPI      0x18u
#define CLAIMI    0x1cu

#define IE       (1u << 8)
#define DELEGATE (1u << 10)
#define EDGE1    4u
#define EDGE0    5u
#define LEVEL1   6u
#define LEVEL0   7u

/* The bits of domaincfg that are the same always: bit 31, and DM with messages. */
#define FIXED    0x80000000u
#define MESSAGES (1u << 2)

static struct {
    uint64_t lines; /* those that are high; 2 * hart + domain */
    guint n_messages;
    uint64_t address;
    uint32_t data;
} out;

static void fake_set_irq(QhDevice *device, uint32_t n, gboolean level)
{
    (void)device;
    out.lines = (out.lines & ~(UINT64_C(1) << n)) | (uint64_t)(level != FALSE) << n;
}

static QhSpace *fake_system(QhMachine *machine)
{
    (void)machine;
    return NULL;
}

static uint32_t fake_write(
    QhInstance *device, QhSpace *space, uint64_t address, const void *buffer, uint64_t length)
{
    (void)device;
    (void)space;
    g_assert_cmpuint(length, ==, 4);
    out.n_messages++;
    out.address = address;
    memcpy(&out.data, buffer, sizeof(out.data));
    return QH_BUS_OK;
}

static const QhDeviceService fake_device = {
    .size = sizeof(QhDeviceService),
    .set_irq = fake_set_irq,
};
static const QhMemService fake_mem = {
    .size = sizeof(QhMemService),
    .system = fake_system,
    .dma_write = fake_write,
};
static const TargetServices services = {.device = &fake_device, .mem = &fake_mem};

static void *member(QhDevice *device, const char *name)
{
    const QhPropertyTable *table = rv_aplic_device.properties;

    for (uint32_t i = 0; i < table->n_properties; i++) {
        if (g_str_equal(table->properties[i].name, name)) {
            return (char *)device + table->properties[i].offset;
        }
    }
    g_assert_not_reached();
}

/* Two harts, sources 1 to 39. */
static QhDevice *aplic_new(gboolean messages)
{
    QhDevice *device = g_malloc0(rv_aplic_device.state_size);

    memset(&out, 0, sizeof(out));
    device->ctx = (void *)&services;
    *(uint32_t *)member(device, "num-harts") = 2;
    *(uint32_t *)member(device, "num-sources") = 40;
    *(uint8_t *)member(device, "msimode") = messages != FALSE;
    g_assert_true(rv_aplic_device.realize(device, NULL));
    rv_aplic_device.reset(device, QH_RESET_COLD);
    return device;
}

static uint32_t get(QhDevice *device, uint32_t domain, uint32_t offset)
{
    uint64_t value = 0;

    g_assert_cmpuint(rv_aplic_device.windows[domain].ops->read(device, offset, 4, 0, &value), ==,
                     QH_BUS_OK);
    return (uint32_t)value;
}

static void set(QhDevice *device, uint32_t domain, uint32_t offset, uint32_t value)
{
    g_assert_cmpuint(rv_aplic_device.windows[domain].ops->write(device, offset, 4, 0, value), ==,
                     QH_BUS_OK);
}

static void line(QhDevice *device, uint32_t n, gboolean level)
{
    rv_aplic_device.irq_in(device, n, level);
}

/* Source @n of @domain in @mode goes to @hart with @priority, enabled. */
static void
use(QhDevice *device, uint32_t domain, uint32_t n, uint32_t mode, uint32_t hart, uint32_t priority)
{
    if (domain == S) {
        set(device, M, SOURCE(n), DELEGATE);
    }
    set(device, domain, SOURCE(n), mode);
    set(device, domain, TARGET(n), hart << 18 | priority);
    set(device, domain, SETIENUM, n);
}

static void start(QhDevice *device, uint32_t domain)
{
    set(device, domain, CFG, IE);
    for (uint32_t hart = 0; hart < 2; hart++) {
        set(device, domain, IDC(hart) + DELIVERY, 1);
    }
}

/* A level is pending as long as the line says so; an edge until it is claimed (4.7, 4.8.1.5). */
static void test_modes(void)
{
    QhDevice *device = aplic_new(FALSE);

    g_assert_cmphex(get(device, M, CFG), ==, FIXED);
    start(device, M);
    g_assert_cmphex(get(device, M, CFG), ==, FIXED | IE);
    use(device, M, 1, LEVEL1, 0, 3);
    line(device, 1, TRUE);
    g_assert_cmphex(out.lines, ==, 1);
    g_assert_cmphex(get(device, M, IDC(0) + TOPI), ==, 1 << 16 | 3);
    g_assert_cmphex(get(device, M, IDC(0) + CLAIMI), ==, 1 << 16 | 3);
    g_assert_cmphex(out.lines, ==, 1);
    set(device, M, CLRIPNUM, 1); /* software cannot take a level away */
    g_assert_cmphex(get(device, M, SETIP), ==, 2);
    line(device, 1, FALSE);
    g_assert_cmphex(out.lines, ==, 0);
    set(device, M, SETIPNUM, 1);
    g_assert_cmphex(get(device, M, SETIP), ==, 0);

    use(device, M, 2, EDGE1, 1, 1);
    line(device, 2, TRUE);
    line(device, 2, FALSE);
    g_assert_cmphex(out.lines, ==, 4);
    g_assert_cmphex(get(device, M, IDC(1) + CLAIMI), ==, 2 << 16 | 1);
    g_assert_cmphex(out.lines, ==, 0);
    g_assert_cmphex(get(device, M, IDC(1) + CLAIMI), ==, 0);
    set(device, M, SETIPNUM, 2);
    g_assert_cmphex(out.lines, ==, 4);
    set(device, M, CLRIPNUM, 2);
    g_assert_cmphex(out.lines, ==, 0);

    /* falling edges, and lines that are low */
    line(device, 3, TRUE);
    use(device, M, 3, EDGE0, 0, 1);
    g_assert_cmphex(out.lines, ==, 0);
    line(device, 3, FALSE);
    g_assert_cmphex(out.lines, ==, 1);
    g_assert_cmphex(get(device, M, IN_CLRIP) & 8, ==, 8);
    set(device, M, CLRIPNUM, 3);
    use(device, M, 4, LEVEL0, 0, 1);
    g_assert_cmphex(out.lines, ==, 1);
    line(device, 4, TRUE);
    g_assert_cmphex(out.lines, ==, 0);
    /* a mode that is not there is inactive: nothing of the source is left */
    set(device, M, SOURCE(4), 2);
    g_assert_cmphex(get(device, M, SOURCE(4)), ==, 0);
    g_assert_cmphex(get(device, M, TARGET(4)), ==, 0);
    line(device, 4, FALSE);
    g_assert_cmphex(out.lines, ==, 0);
    g_free(device);
}

/* The lowest number comes first, of equals the first source; thresholds and switches hold back. */
static void test_priorities(void)
{
    QhDevice *device = aplic_new(FALSE);

    start(device, M);
    use(device, M, 5, EDGE1, 0, 7);
    use(device, M, 33, EDGE1, 0, 2);
    use(device, M, 6, EDGE1, 0, 7);
    use(device, M, 7, EDGE1, 0, 0); /* 0 is taken for 1 (4.5.16.1) */
    g_assert_cmphex(get(device, M, TARGET(7)), ==, 1);
    set(device, M, CLRIENUM, 7);
    set(device, M, SETIP, 1u << 5 | 1u << 6 | 1u << 7);
    set(device, M, SETIP + 4, 2);
    g_assert_cmphex(get(device, M, SETIP + 4), ==, 2);
    g_assert_cmphex(get(device, M, SETIE + 4), ==, 2);
    set(device, M, IDC(0) + THRESHOLD, 2);
    g_assert_cmphex(out.lines, ==, 0);
    set(device, M, IDC(0) + THRESHOLD, 3);
    g_assert_cmphex(out.lines, ==, 1);
    set(device, M, IDC(0) + THRESHOLD, 0);
    g_assert_cmphex(get(device, M, IDC(0) + CLAIMI), ==, 33 << 16 | 2);
    g_assert_cmphex(get(device, M, IDC(0) + CLAIMI), ==, 5 << 16 | 7);
    g_assert_cmphex(get(device, M, IDC(0) + CLAIMI), ==, 6 << 16 | 7);
    g_assert_cmphex(get(device, M, IDC(0) + CLAIMI), ==, 0);
    set(device, M, SETIENUM, 7);
    g_assert_cmphex(out.lines, ==, 1);
    set(device, M, IDC(0) + DELIVERY, 0);
    g_assert_cmphex(out.lines, ==, 0);
    set(device, M, IDC(0) + DELIVERY, 1);
    set(device, M, CFG, 0);
    g_assert_cmphex(out.lines, ==, 0);
    set(device, M, CFG, IE);
    g_assert_cmphex(get(device, M, IDC(0) + CLAIMI), ==, 7 << 16 | 1);
    /* a spurious one, which claiming ends */
    set(device, M, IDC(1) + FORCE, 1);
    g_assert_cmphex(out.lines, ==, 4);
    g_assert_cmphex(get(device, M, IDC(1) + CLAIMI), ==, 0);
    g_assert_cmphex(out.lines, ==, 0);
    g_free(device);
}

/* What the root delegates is the other domain's, and nobody else's (4.5.2). */
static void test_delegation(void)
{
    QhDevice *device = aplic_new(FALSE);

    start(device, M);
    start(device, S);
    set(device, S, SOURCE(9), LEVEL1);
    g_assert_cmphex(get(device, S, SOURCE(9)), ==, 0);
    use(device, S, 9, LEVEL1, 1, 4);
    g_assert_cmphex(get(device, M, SOURCE(9)), ==, DELEGATE);
    set(device, M, SETIENUM, 9);
    g_assert_cmphex(get(device, M, SETIE), ==, 0);
    line(device, 9, TRUE);
    g_assert_cmphex(out.lines, ==, 8); /* hart 1, supervisor */
    g_assert_cmphex(get(device, S, IDC(1) + TOPI), ==, 9 << 16 | 4);
    g_assert_cmphex(get(device, M, IDC(1) + TOPI), ==, 0);
    /* the lower domain has no child of its own */
    set(device, S, SOURCE(9), DELEGATE);
    g_assert_cmphex(get(device, S, SOURCE(9)), ==, 0);
    g_assert_cmphex(out.lines, ==, 0);
    set(device, S, SOURCE(9), LEVEL1);
    set(device, S, TARGET(9), 1 << 18 | 4);
    set(device, S, SETIENUM, 9);
    g_assert_cmphex(out.lines, ==, 8);
    /* taken back */
    set(device, M, SOURCE(9), LEVEL1);
    g_assert_cmphex(out.lines, ==, 0);
    g_assert_cmphex(get(device, S, SOURCE(9)), ==, 0);
    g_free(device);
}

static void test_messages(void)
{
    QhDevice *device = aplic_new(TRUE);

    set(device, M, CFG, IE);
    set(device, S, CFG, IE);
    g_assert_cmphex(get(device, M, CFG), ==, FIXED | IE | MESSAGES);
    /* base pages of both levels; one bit of hart index, no groups (4.9.1) */
    set(device, M, MSIADDR, 0x24000);
    set(device, M, MSIADDR + 4, 1u << 12);
    set(device, M, MSIADDR + 8, 0x28000);
    set(device, M, MSIADDR + 12, 1u << 20);
    g_assert_cmphex(get(device, S, MSIADDR), ==, 0);
    set(device, M, SOURCE(1), EDGE1);
    set(device, M, TARGET(1), 1u << 18 | 21);
    set(device, M, SETIENUM, 1);
    line(device, 1, TRUE);
    g_assert_cmpuint(out.n_messages, ==, 1);
    g_assert_cmphex(out.address, ==, 0x24001000);
    g_assert_cmpuint(out.data, ==, 21);
    g_assert_cmphex(get(device, M, SETIP), ==, 0);
    g_assert_cmphex(out.lines, ==, 0);
    /* supervisor: a guest's file lies behind the hart's own */
    set(device, M, SOURCE(2), DELEGATE);
    set(device, S, SOURCE(2), LEVEL1);
    set(device, S, TARGET(2), 1u << 18 | 1u << 12 | 30);
    set(device, S, SETIENUM, 2);
    line(device, 2, TRUE);
    g_assert_cmpuint(out.n_messages, ==, 2);
    g_assert_cmphex(out.address, ==, 0x28003000);
    g_assert_cmpuint(out.data, ==, 30);
    /* a level that is still there is told of again only when software asks (4.9.2) */
    set(device, S, NUM_LE, 2);
    g_assert_cmpuint(out.n_messages, ==, 3);
    line(device, 2, FALSE);
    set(device, S, NUM_LE, 2);
    set(device, S, NUM_BE, 0x02000000);
    g_assert_cmpuint(out.n_messages, ==, 3);
    set(device, M, GENMSI, 1u << 18 | 5);
    g_assert_cmpuint(out.n_messages, ==, 4);
    g_assert_cmphex(out.address, ==, 0x24001000);
    g_assert_cmpuint(out.data, ==, 5);
    /* there are no registers of harts, and addresses are locked by bit 31 */
    set(device, M, IDC(0) + FORCE, 1);
    g_assert_cmphex(get(device, M, IDC(0) + FORCE), ==, 0);
    set(device, M, MSIADDR + 4, 1u << 31 | 1u << 12);
    set(device, M, MSIADDR, 0);
    g_assert_cmphex(get(device, M, MSIADDR), ==, 0x24000);
    rv_aplic_device.reset(device, QH_RESET_WARM);
    g_assert_cmphex(get(device, M, MSIADDR), ==, 0);
    g_free(device);
}

/* Sources, harts and registers that are not there: read as zero, writes do nothing. */
static void test_absent(void)
{
    QhDevice *device = aplic_new(FALSE);
    static const uint32_t offsets[] = {SOURCE(40),       SOURCE(96), TARGET(40),   TARGET(96),
                                       0x1c0c,           0x1cd8,     0x2fff & ~3u, IDC(2),
                                       IDC(31) + CLAIMI, 0x7ffc,     GENMSI,       IDC(0) + 0x10};

    start(device, M);
    for (guint i = 0; i < G_N_ELEMENTS(offsets); i++) {
        set(device, M, offsets[i], 0xffffffff);
        g_assert_cmphex(get(device, M, offsets[i]), ==, 0);
    }
    for (uint32_t n = 38; n < 100; n++) {
        set(device, M, SETIPNUM, n);
        set(device, M, SETIENUM, n);
        set(device, M, CLRIPNUM, n);
    }
    set(device, M, SETIPNUM, UINT32_MAX);
    set(device, M, NUM_BE, UINT32_MAX);
    line(device, 0, TRUE);
    line(device, 40, TRUE);
    line(device, 96, TRUE);
    /* source 0 is none */
    set(device, M, SETIE, 1);
    set(device, M, SETIP, 1);
    g_assert_cmphex(get(device, M, SETIE) | get(device, M, SETIP), ==, 0);
    /* a hart that is not there */
    set(device, M, SOURCE(1), EDGE1);
    set(device, M, TARGET(1), 0 << 18 | 9);
    set(device, M, TARGET(1), 2 << 18 | 1);
    g_assert_cmphex(get(device, M, TARGET(1)), ==, 9);
    g_assert_cmphex(out.lines, ==, 0);
    g_free(device);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aplic/modes", test_modes);
    g_test_add_func("/aplic/priorities", test_priorities);
    g_test_add_func("/aplic/delegation", test_delegation);
    g_test_add_func("/aplic/messages", test_messages);
    g_test_add_func("/aplic/absent", test_absent);
    return g_test_run();
}
