/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advanced platform-level interrupt controller (RISC-V AIA 1.0, chapter 4) with two domains, each a
 * window: the root for machine mode, and below it one for supervisor mode, which has the sources
 * that the root delegates. Each domain presents its interrupts either itself, by a line to each
 * hart, or as messages to the harts' IMSICs.
 */
#include "hw.h"

#include <string.h>

#include "modules/riscv/cpu.h"

#define SOURCES 97u /* 0 is none */
#define WORDS   4u
#define DOMAINS 2u

/* registers (4.5) */
#define DOMAINCFG    0x0000u
#define SOURCECFG    0x0004u
#define MMSIADDRCFG  0x1bc0u
#define MMSIADDRCFGH 0x1bc4u
#define SMSIADDRCFG  0x1bc8u
#define SMSIADDRCFGH 0x1bccu
#define SETIP        0x1c00u
#define SETIPNUM     0x1cdcu
#define IN_CLRIP     0x1d00u
#define CLRIPNUM     0x1ddcu
#define SETIE        0x1e00u
#define SETIENUM     0x1edcu
#define CLRIE        0x1f00u
#define CLRIENUM     0x1fdcu
#define SETIPNUM_LE  0x2000u
#define SETIPNUM_BE  0x2004u
#define GENMSI       0x3000u
#define TARGET       0x3004u
#define IDC          0x4000u
#define IDC_BYTES    32u
#define WINDOW_BYTES 0x8000u

#define CFG_FIXED     0x80000000u
#define CFG_IE        (1u << 8)
#define CFG_DM        (1u << 2)
#define CFGH_LOCK     (1u << 31)
#define CFGH_M_MASK   0x9f77ffffu
#define CFGH_S_MASK   0x00700fffu
#define SOURCE_D      (1u << 10)
#define MODE_DETACHED 1u
#define MODE_EDGE1    4u
#define MODE_EDGE0    5u
#define MODE_LEVEL1   6u
#define MODE_LEVEL0   7u

typedef struct Domain {
    uint32_t cfg;
    uint32_t source[SOURCES], target[SOURCES];
    uint32_t pending[WORDS], enabled[WORDS];
    uint32_t genmsi;
    uint32_t delivery[RV_MAX_HARTS], force[RV_MAX_HARTS], threshold[RV_MAX_HARTS];
} Domain;

typedef struct Aplic {
    QhDevice base;
    uint32_t n_harts, n_sources; /* properties; sources include number 0 */
    uint8_t msi;                 /* the domains have messages only */
    uint32_t level[WORDS];       /* of the input lines */
    uint32_t msi_cfg[4];         /* mmsiaddrcfg, mmsiaddrcfgh, smsiaddrcfg, smsiaddrcfgh */
    Domain domain[DOMAINS];      /* 0: M, 1: S */
} Aplic;

static const TargetServices *services_of(const Aplic *aplic)
{
    return aplic->base.ctx;
}

static gboolean bit_of(const uint32_t *words, uint32_t n)
{
    return words[n / 32] >> n % 32 & 1;
}

static void set_bit(uint32_t *words, uint32_t n, gboolean on)
{
    words[n / 32] = (words[n / 32] & ~(1u << n % 32)) | (on ? 1u << n % 32 : 0);
}

/* A source is in a domain when it is not delegated further, and delegated to there. */
static gboolean has_source(const Aplic *aplic, uint32_t d, uint32_t n)
{
    return n > 0 && n < aplic->n_sources &&
           (d == 0 || (aplic->domain[0].source[n] & SOURCE_D) != 0);
}

static uint32_t mode_of(const Aplic *aplic, uint32_t d, uint32_t n)
{
    uint32_t source = aplic->domain[d].source[n];

    return !has_source(aplic, d, n) || (source & SOURCE_D) != 0 ? 0 : source & 7;
}

/* The input as the source's mode looks at it (4.5.2). */
static gboolean rectified(const Aplic *aplic, uint32_t d, uint32_t n)
{
    uint32_t mode = mode_of(aplic, d, n);
    gboolean level = bit_of(aplic->level, n);

    return mode == MODE_EDGE1 || mode == MODE_LEVEL1   ? level
           : mode == MODE_EDGE0 || mode == MODE_LEVEL0 ? !level
                                                       : FALSE;
}

static gboolean is_level(uint32_t mode)
{
    return mode == MODE_LEVEL1 || mode == MODE_LEVEL0;
}

static gboolean by_message(const Domain *domain)
{
    return (domain->cfg & CFG_DM) != 0;
}

/* Where the message for @hart goes (4.9.1 and 4.9.2). */
static uint64_t message_address(const Aplic *aplic, uint32_t d, uint32_t hart, uint32_t guest)
{
    uint32_t high = aplic->msi_cfg[1], low_s = aplic->msi_cfg[3];
    uint32_t lhxw = high >> 12 & 15, hhxw = high >> 16 & 7, hhxs = high >> 24 & 31;
    uint32_t lhxs = d == 0 ? high >> 20 & 7 : low_s >> 20 & 7;
    uint64_t base = d == 0 ? (uint64_t)(high & 0xfff) << 32 | aplic->msi_cfg[0]
                           : (uint64_t)(low_s & 0xfff) << 32 | aplic->msi_cfg[2];
    uint64_t group = hart >> lhxw & ((1u << hhxw) - 1);
    uint64_t index = hart & ((1u << lhxw) - 1);

    return (base | group << (hhxs + 12) | index << lhxs | (d == 0 ? 0 : guest)) << 12;
}

static void send(Aplic *aplic, uint32_t d, uint32_t hart, uint32_t guest, uint32_t identity)
{
    const TargetServices *services = services_of(aplic);
    uint32_t little = GUINT32_TO_LE(identity);

    (void)services->mem->dma_write(aplic->base.instance, services->mem->system(aplic->base.machine),
                                   message_address(aplic, d, hart, guest), &little, sizeof(little));
}

/* What is pending, enabled, and wanted by @hart, of the lowest priority number; as topi has it. */
static uint32_t top(const Aplic *aplic, uint32_t d, uint32_t hart)
{
    const Domain *domain = &aplic->domain[d];
    uint32_t best = 0, best_priority = 256;

    for (uint32_t n = 1; n < aplic->n_sources; n++) {
        uint32_t priority = domain->target[n] & 0xff;

        if (bit_of(domain->pending, n) && bit_of(domain->enabled, n) &&
            domain->target[n] >> 18 == hart && priority < best_priority) {
            best = n;
            best_priority = priority;
        }
    }
    if (best == 0 || (domain->threshold[hart] != 0 && best_priority >= domain->threshold[hart])) {
        return 0;
    }
    return best << 16 | best_priority;
}

static void present(Aplic *aplic, uint32_t d)
{
    Domain *domain = &aplic->domain[d];
    gboolean on = (domain->cfg & CFG_IE) != 0;

    for (uint32_t n = 1; by_message(domain) && on && n < aplic->n_sources; n++) {
        if (bit_of(domain->pending, n) && bit_of(domain->enabled, n)) {
            uint32_t target = domain->target[n];

            set_bit(domain->pending, n, FALSE);
            send(aplic, d, target >> 18, target >> 12 & 0x3f, target & 0x7ff);
        }
    }
    for (uint32_t hart = 0; hart < aplic->n_harts; hart++) {
        gboolean high = !by_message(domain) && on && domain->delivery[hart] != 0 &&
                        (domain->force[hart] != 0 || top(aplic, d, hart) != 0);

        services_of(aplic)->device->set_irq(&aplic->base, hart * DOMAINS + d, high);
    }
}

/* The line, or what it is taken for, has changed (4.7). */
static void input_changed(Aplic *aplic, uint32_t d, uint32_t n, gboolean was)
{
    gboolean is = rectified(aplic, d, n);

    if (is && !was) {
        set_bit(aplic->domain[d].pending, n, TRUE);
    } else if (!is && is_level(mode_of(aplic, d, n))) {
        set_bit(aplic->domain[d].pending, n, FALSE);
    }
}

static void irq_in(QhDevice *device, uint32_t n, gboolean level)
{
    Aplic *aplic = (Aplic *)device;
    gboolean was[DOMAINS];

    if (n == 0 || n >= aplic->n_sources) {
        return;
    }
    for (uint32_t d = 0; d < DOMAINS; d++) {
        was[d] = rectified(aplic, d, n);
    }
    set_bit(aplic->level, n, level);
    for (uint32_t d = 0; d < DOMAINS; d++) {
        input_changed(aplic, d, n, was[d]);
        present(aplic, d);
    }
}

/* Software sets a pending bit: of a level source only as the line allows (4.7). */
static void set_pending(Aplic *aplic, uint32_t d, uint32_t n, gboolean on)
{
    Domain *domain = &aplic->domain[d];
    uint32_t mode = n < aplic->n_sources ? mode_of(aplic, d, n) : 0;

    if (mode == 0 || (is_level(mode) && !by_message(domain)) ||
        (on && is_level(mode) && !rectified(aplic, d, n))) {
        return;
    }
    set_bit(domain->pending, n, on);
}

static void set_enabled(Aplic *aplic, uint32_t d, uint32_t n, gboolean on)
{
    if (n < aplic->n_sources && mode_of(aplic, d, n) != 0) {
        set_bit(aplic->domain[d].enabled, n, on);
    }
}

static void each_bit(Aplic *aplic,
                     uint32_t d,
                     uint32_t word,
                     uint32_t bits,
                     void (*fn)(Aplic *, uint32_t, uint32_t, gboolean),
                     gboolean on)
{
    for (; bits != 0; bits &= bits - 1) {
        fn(aplic, d, word * 32 + (uint32_t)__builtin_ctz(bits), on);
    }
}

static void write_source(Aplic *aplic, uint32_t d, uint32_t n, uint32_t value)
{
    static const uint8_t modes = 1u << 0 | 1u << MODE_DETACHED | 1u << MODE_EDGE1 |
                                 1u << MODE_EDGE0 | 1u << MODE_LEVEL1 | 1u << MODE_LEVEL0;
    Domain *domain = &aplic->domain[d];
    gboolean was;

    if (!has_source(aplic, d, n)) {
        return;
    }
    was = rectified(aplic, d, n);
    if ((value & SOURCE_D) != 0) {
        domain->source[n] = d == 0 ? SOURCE_D : 0; /* to the one child, 0; the child has none */
    } else {
        domain->source[n] = modes >> (value & 7) & 1 ? value & 7 : 0;
        if (d == 0) {
            aplic->domain[1].source[n] = 0;
            set_bit(aplic->domain[1].pending, n, FALSE);
            set_bit(aplic->domain[1].enabled, n, FALSE);
        }
    }
    if (mode_of(aplic, d, n) == 0) {
        set_bit(domain->pending, n, FALSE);
        set_bit(domain->enabled, n, FALSE);
        domain->target[n] = 0;
    } else {
        input_changed(aplic, d, n, was);
    }
}

static uint32_t read_idc(Aplic *aplic, uint32_t d, uint64_t offset, gboolean claim)
{
    Domain *domain = &aplic->domain[d];
    uint32_t hart = (uint32_t)((offset - IDC) / IDC_BYTES), id;

    if (hart >= aplic->n_harts || by_message(domain)) {
        return 0;
    }
    switch (offset % IDC_BYTES) {
    case 0x00:
        return domain->delivery[hart];
    case 0x04:
        return domain->force[hart];
    case 0x08:
        return domain->threshold[hart];
    case 0x18:
        return top(aplic, d, hart);
    case 0x1c: /* claimi: as topi, and an edge is no longer pending (4.8.1.5) */
        id = top(aplic, d, hart);
        if (claim && id == 0) {
            domain->force[hart] = 0;
        } else if (claim && !is_level(mode_of(aplic, d, id >> 16))) {
            set_bit(domain->pending, id >> 16, FALSE);
        }
        if (claim) {
            present(aplic, d);
        }
        return id;
    default:
        return 0;
    }
}

static uint32_t read_register(Aplic *aplic, uint32_t d, uint64_t offset, gboolean claim)
{
    const Domain *domain = &aplic->domain[d];
    uint32_t word = (uint32_t)(offset & 0x7f) / 4;

    if (offset == DOMAINCFG) {
        return CFG_FIXED | domain->cfg;
    }
    if (offset >= SOURCECFG && offset < SOURCECFG + 4 * (SOURCES - 1)) {
        uint32_t n = (uint32_t)offset / 4;
        return has_source(aplic, d, n) ? domain->source[n] : 0;
    }
    if (offset >= MMSIADDRCFG && offset <= SMSIADDRCFGH) {
        return d == 0 ? aplic->msi_cfg[(offset - MMSIADDRCFG) / 4] : 0;
    }
    if (offset >= SETIP && offset < SETIP + 4 * WORDS) {
        return domain->pending[word];
    }
    if (offset >= IN_CLRIP && offset < IN_CLRIP + 4 * WORDS) {
        uint32_t bits = 0;
        for (uint32_t i = 0; i < 32 && word * 32 + i < aplic->n_sources; i++) {
            bits |= rectified(aplic, d, word * 32 + i) ? 1u << i : 0;
        }
        return bits;
    }
    if (offset >= SETIE && offset < SETIE + 4 * WORDS) {
        return domain->enabled[word];
    }
    if (offset == GENMSI) {
        return domain->genmsi;
    }
    if (offset >= TARGET && offset < TARGET + 4 * (SOURCES - 1)) {
        uint32_t n = (uint32_t)(offset - GENMSI) / 4;
        return mode_of(aplic, d, n) != 0 ? domain->target[n] : 0;
    }
    return offset >= IDC ? read_idc(aplic, d, offset, claim) : 0;
}

static void write_target(Aplic *aplic, uint32_t d, uint32_t n, uint32_t value)
{
    Domain *domain = &aplic->domain[d];

    if (mode_of(aplic, d, n) == 0 || value >> 18 >= aplic->n_harts) {
        return;
    }
    if (by_message(domain)) {
        domain->target[n] = value & (d == 0 ? 0xfffc07ff : 0xfffff7ff);
    } else {
        domain->target[n] = (value & 0xfffc00ff) | ((value & 0xff) == 0 ? 1 : 0);
    }
}

static void write_idc(Aplic *aplic, uint32_t d, uint64_t offset, uint32_t value)
{
    Domain *domain = &aplic->domain[d];
    uint32_t hart = (uint32_t)((offset - IDC) / IDC_BYTES);

    if (hart >= aplic->n_harts) {
        return;
    }
    switch (offset % IDC_BYTES) {
    case 0x00:
        domain->delivery[hart] = value & 1;
        break;
    case 0x04:
        domain->force[hart] = value & 1;
        break;
    case 0x08:
        domain->threshold[hart] = value & 0xff;
        break;
    }
}

/* Writing here names one source, or 32 of them (4.5.6 - 4.5.14). TRUE: the offset is such. */
static gboolean write_bits(Aplic *aplic, uint32_t d, uint64_t offset, uint32_t value)
{
    static const struct {
        uint32_t words, number;
        void (*fn)(Aplic *, uint32_t, uint32_t, gboolean);
        gboolean on;
    } rows[] = {
        {SETIP,    SETIPNUM, set_pending, TRUE },
        {IN_CLRIP, CLRIPNUM, set_pending, FALSE},
        {SETIE,    SETIENUM, set_enabled, TRUE },
        {CLRIE,    CLRIENUM, set_enabled, FALSE},
    };

    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (offset >= rows[i].words && offset < rows[i].words + 4 * WORDS) {
            each_bit(aplic, d, (uint32_t)(offset - rows[i].words) / 4, value, rows[i].fn,
                     rows[i].on);
            return TRUE;
        }
        if (offset == rows[i].number) {
            rows[i].fn(aplic, d, value, rows[i].on);
            return TRUE;
        }
    }
    return FALSE;
}

static void write_msi_cfg(Aplic *aplic, uint32_t d, uint32_t n, uint32_t value)
{
    static const uint32_t masks[4] = {UINT32_MAX, CFGH_M_MASK, UINT32_MAX, CFGH_S_MASK};

    if (d == 0 && (aplic->msi_cfg[1] & CFGH_LOCK) == 0) {
        aplic->msi_cfg[n] = value & masks[n];
    }
}

static void write_register(Aplic *aplic, uint32_t d, uint64_t offset, uint32_t value)
{
    Domain *domain = &aplic->domain[d];

    if (write_bits(aplic, d, offset, value)) {
        return;
    }
    if (offset == DOMAINCFG) {
        domain->cfg = (value & CFG_IE) | (aplic->msi ? CFG_DM : 0);
    } else if (offset >= SOURCECFG && offset < SOURCECFG + 4 * (SOURCES - 1)) {
        write_source(aplic, d, (uint32_t)offset / 4, value);
    } else if (offset >= MMSIADDRCFG && offset <= SMSIADDRCFGH) {
        write_msi_cfg(aplic, d, (uint32_t)(offset - MMSIADDRCFG) / 4, value);
    } else if (offset == SETIPNUM_LE) {
        set_pending(aplic, d, value, TRUE);
    } else if (offset == SETIPNUM_BE) {
        set_pending(aplic, d, GUINT32_SWAP_LE_BE(value), TRUE);
    } else if (offset == GENMSI && by_message(domain)) {
        domain->genmsi = value & 0xfffc07ff;
        send(aplic, d, value >> 18, 0, value & 0x7ff);
    } else if (offset >= TARGET && offset < TARGET + 4 * (SOURCES - 1)) {
        write_target(aplic, d, (uint32_t)(offset - GENMSI) / 4, value);
    } else if (offset >= IDC && !by_message(domain)) {
        write_idc(aplic, d, offset, value);
    }
}

static uint32_t
read_domain(Aplic *aplic, uint32_t d, uint64_t offset, uint32_t attrs, uint64_t *ret)
{
    *ret = read_register(aplic, d, offset, (attrs & QH_ATTR_DEBUG) == 0);
    return QH_BUS_OK;
}

static uint32_t write_domain(Aplic *aplic, uint32_t d, uint64_t offset, uint64_t value)
{
    write_register(aplic, d, offset, (uint32_t)value);
    for (uint32_t i = 0; i < DOMAINS; i++) {
        present(aplic, i);
    }
    return QH_BUS_OK;
}

static uint32_t
m_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)width;
    return read_domain(opaque, 0, offset, attrs, ret_value);
}

static uint32_t
m_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    (void)width, (void)attrs;
    return write_domain(opaque, 0, offset, value);
}

static uint32_t
s_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)width;
    return read_domain(opaque, 1, offset, attrs, ret_value);
}

static uint32_t
s_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    (void)width, (void)attrs;
    return write_domain(opaque, 1, offset, value);
}

static const QhIoOps m_ops = {
    .size = sizeof(QhIoOps), .min_size = 4, .max_size = 4, .read = m_read, .write = m_write};
static const QhIoOps s_ops = {
    .size = sizeof(QhIoOps), .min_size = 4, .max_size = 4, .read = s_read, .write = s_write};

static const QhWindow windows[] = {
    {.name = "machine",    .bytes = WINDOW_BYTES, .ops = &m_ops},
    {.name = "supervisor", .bytes = WINDOW_BYTES, .ops = &s_ops},
};

static gboolean realize(QhDevice *device, GError **error)
{
    (void)device, (void)error;
    return TRUE;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Aplic *aplic = (Aplic *)device;

    (void)kind;
    memset(aplic->domain, 0, sizeof(aplic->domain));
    memset(aplic->level, 0, sizeof(aplic->level));
    memset(aplic->msi_cfg, 0, sizeof(aplic->msi_cfg));
    for (uint32_t d = 0; d < DOMAINS; d++) {
        aplic->domain[d].cfg = aplic->msi ? CFG_DM : 0;
    }
}

#define FIELD(name_, member_, count_)                                                              \
    {                                                                                              \
        .name = (name_), .offset = offsetof(Aplic, member_), .count = (count_),                    \
        .type = QH_TYPE_I32, .klass = QH_CLASS_CTRL,                                               \
    }

static const QhStateField fields[] = {
    FIELD("level", level, WORDS),
    FIELD("msi_cfg", msi_cfg, 4),
    FIELD("machine", domain[0], sizeof(Domain) / 4),
    FIELD("supervisor", domain[1], sizeof(Domain) / 4),
};

static const QhStateTable state = QH_STATE_TABLE(fields, 1);

static const QhProperty properties[] = {
    QH_PROPERTY("num-harts",
                QH_PROPERTY_U32,
                offsetof(Aplic, n_harts),
                "1",
                1,
                RV_MAX_HARTS,
                "harts that are interrupted"),
    QH_PROPERTY("num-sources",
                QH_PROPERTY_U32,
                offsetof(Aplic, n_sources),
                "97",
                2,
                SOURCES,
                "interrupt sources, with number 0"),
    QH_PROPERTY("msimode", QH_PROPERTY_BOOL, offsetof(Aplic, msi), "off", 0, 0, "sends messages"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

/* Line out 2 N leads to machine mode of hart N, 2 N + 1 to its supervisor mode. */
const QhDeviceOps rv_aplic_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Aplic),
    .description = "RISC-V advanced platform-level interrupt controller",
    .properties = &property_table,
    .state = &state,
    QH_WINDOWS(windows),
    .n_irq_in = SOURCES,
    .n_irq_out = DOMAINS * RV_MAX_HARTS,
    .flags = QH_DEVICE_NOT_CREATABLE | QH_DEVICE_DMA_TO_IO,
    .realize = realize,
    .reset = reset,
    .irq_in = irq_in,
};
