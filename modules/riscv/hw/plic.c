/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Platform-level interrupt controller (RISC-V PLIC 1.0.0). Sources are level-triggered: a gateway
 * passes one request on and no more until the context that claimed it completes it (section 2).
 * The register map is that of section 3: priorities, pending bits, enables per context, threshold
 * and claim/complete per context.
 */
#include "hw.h"

#include "modules/riscv/cpu.h"

#define MAX_CONTEXTS (2 * RV_MAX_HARTS)
#define WORDS        (RV_PLIC_MAX_SOURCES / 32)

#define PRIORITY_BASE  0x0
#define PENDING_BASE   0x1000
#define ENABLE_BASE    0x2000
#define ENABLE_STRIDE  0x80
#define CONTEXT_BASE   0x200000
#define CONTEXT_STRIDE 0x1000

#define MAX_PRIORITY 7

typedef struct Plic {
    QhDevice base;
    uint32_t num_sources; /* including number 0 */
    uint32_t num_contexts;
    uint64_t aperture_size;
    uint32_t level[WORDS];   /* input lines */
    uint32_t pending[WORDS]; /* requests that the gateways passed on */
    uint32_t claimed[WORDS]; /* closed gateways */
    uint8_t priority[RV_PLIC_MAX_SOURCES];
    uint32_t enable[MAX_CONTEXTS][WORDS];
    uint8_t threshold[MAX_CONTEXTS];
} Plic;

static TargetServices *services_of(const QhDevice *device)
{
    return device->ctx;
}

/* The pending, enabled source of the highest priority above @least; the lowest number wins. */
static uint32_t best_source(const Plic *plic, uint32_t context, uint8_t least)
{
    uint32_t best = 0;

    for (uint32_t word = 0; word < WORDS; word++) {
        uint32_t bits = plic->pending[word] & plic->enable[context][word];
        while (bits != 0) {
            uint32_t source = word * 32 + (uint32_t)__builtin_ctz(bits);
            bits &= bits - 1;
            if (plic->priority[source] > least) {
                least = plic->priority[source];
                best = source;
            }
        }
    }
    return best;
}

static void update(Plic *plic)
{
    for (uint32_t context = 0; context < plic->num_contexts; context++) {
        gboolean high = best_source(plic, context, plic->threshold[context]) != 0;
        services_of(&plic->base)->device->set_irq(&plic->base, context, high);
    }
}

/* Let waiting requests through the gateways that are open. */
static void run_gateways(Plic *plic)
{
    for (uint32_t word = 0; word < WORDS; word++) {
        plic->pending[word] |= plic->level[word] & ~plic->claimed[word];
    }
}

static void irq_in(QhDevice *device, uint32_t n, gboolean level)
{
    Plic *plic = (Plic *)device;
    uint32_t bit = 1u << (n % 32);

    if (n == 0 || n >= plic->num_sources) {
        return;
    }
    if (level) {
        plic->level[n / 32] |= bit;
    } else {
        plic->level[n / 32] &= ~bit;
    }
    run_gateways(plic);
    update(plic);
}

/* Claim (PLIC 8): the source with the highest priority, whatever the threshold says. */
static uint32_t claim(Plic *plic, uint32_t context)
{
    uint32_t source = best_source(plic, context, 0);

    if (source != 0) {
        plic->pending[source / 32] &= ~(1u << (source % 32));
        plic->claimed[source / 32] |= 1u << (source % 32);
        update(plic);
    }
    return source;
}

/* Completion (PLIC 9) of a source that the context has not enabled is ignored. */
static void complete(Plic *plic, uint32_t context, uint64_t source)
{
    uint32_t bit = 1u << (source % 32);

    if (source == 0 || source >= plic->num_sources || !(plic->enable[context][source / 32] & bit)) {
        return;
    }
    plic->claimed[source / 32] &= ~bit;
    run_gateways(plic);
    update(plic);
}

static uint32_t
plic_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Plic *plic = opaque;
    uint64_t value = 0;

    (void)width;
    if (offset >= CONTEXT_BASE) {
        uint64_t context = (offset - CONTEXT_BASE) / CONTEXT_STRIDE;
        uint64_t reg = offset % CONTEXT_STRIDE;
        if (context < plic->num_contexts && reg == 0) {
            value = plic->threshold[context];
        } else if (context < plic->num_contexts && reg == 4 && !(attrs & QH_ATTR_DEBUG)) {
            value = claim(plic, (uint32_t)context);
        }
    } else if (offset >= ENABLE_BASE) {
        uint64_t context = (offset - ENABLE_BASE) / ENABLE_STRIDE;
        if (context < plic->num_contexts) {
            value = plic->enable[context][(offset % ENABLE_STRIDE) / 4];
        }
    } else if (offset >= PENDING_BASE) {
        uint64_t word = (offset - PENDING_BASE) / 4;
        value = word < WORDS ? plic->pending[word] : 0;
    } else {
        value = plic->priority[offset / 4];
    }
    *ret_value = value;
    return QH_BUS_OK;
}

/* Which bits of enable word @word exist. */
static uint32_t source_mask(const Plic *plic, uint64_t word)
{
    uint32_t mask = word == 0 ? ~1u : ~0u;

    if (word * 32 >= plic->num_sources) {
        return 0;
    }
    if (plic->num_sources - word * 32 < 32) {
        mask &= (1u << (plic->num_sources - word * 32)) - 1;
    }
    return mask;
}

static uint32_t
plic_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Plic *plic = opaque;

    (void)width;
    (void)attrs;
    if (offset >= CONTEXT_BASE) {
        uint64_t context = (offset - CONTEXT_BASE) / CONTEXT_STRIDE;
        uint64_t reg = offset % CONTEXT_STRIDE;
        if (context < plic->num_contexts && reg == 0) {
            plic->threshold[context] = value & MAX_PRIORITY;
            update(plic);
        } else if (context < plic->num_contexts && reg == 4) {
            complete(plic, (uint32_t)context, value);
        }
    } else if (offset >= ENABLE_BASE) {
        uint64_t context = (offset - ENABLE_BASE) / ENABLE_STRIDE;
        uint64_t word = (offset % ENABLE_STRIDE) / 4;
        if (context < plic->num_contexts) {
            plic->enable[context][word] = (uint32_t)value & source_mask(plic, word);
            update(plic);
        }
    } else if (offset < PENDING_BASE && offset / 4 != 0 && offset / 4 < plic->num_sources) {
        plic->priority[offset / 4] = value & MAX_PRIORITY;
        update(plic);
    }
    return QH_BUS_OK;
}

static gboolean realize(QhDevice *device, GError **error)
{
    Plic *plic = (Plic *)device;
    uint64_t needed = CONTEXT_BASE + (uint64_t)plic->num_contexts * CONTEXT_STRIDE;

    if (plic->aperture_size < needed) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "riscv.sifive.plic: %u contexts need an aperture-size of 0x%" G_GINT64_MODIFIER
                    "x",
                    plic->num_contexts, needed);
        return FALSE;
    }
    services_of(device)->device->window_set_bytes(device, 0, plic->aperture_size);
    return TRUE;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Plic *plic = (Plic *)device;

    (void)kind;
    memset(plic->pending, 0, sizeof(plic->pending));
    memset(plic->claimed, 0, sizeof(plic->claimed));
    memset(plic->priority, 0, sizeof(plic->priority));
    memset(plic->enable, 0, sizeof(plic->enable));
    memset(plic->threshold, 0, sizeof(plic->threshold));
    run_gateways(plic);
    update(plic);
}

static const QhProperty properties[] = {
    QH_PROPERTY("num-sources",
                QH_PROPERTY_U32,
                offsetof(Plic, num_sources),
                "96",
                2,
                RV_PLIC_MAX_SOURCES,
                "interrupt sources, with number 0"),
    QH_PROPERTY("num-contexts",
                QH_PROPERTY_U32,
                offsetof(Plic, num_contexts),
                "2",
                1,
                MAX_CONTEXTS,
                "hart contexts"),
    QH_PROPERTY("aperture-size",
                QH_PROPERTY_U64,
                offsetof(Plic, aperture_size),
                "0x600000",
                0x201000,
                0x4000000,
                "bytes of the window"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define FIELD(member, elements, kind) QH_STATE_FIELD(Plic, member, kind, elements)
static const QhStateField fields[] = {
    FIELD(level, WORDS, I32),
    FIELD(pending, WORDS, I32),
    FIELD(claimed, WORDS, I32),
    FIELD(priority, RV_PLIC_MAX_SOURCES, I8),
    FIELD(enable, MAX_CONTEXTS *WORDS, I32),
    FIELD(threshold, MAX_CONTEXTS, I8),
};
#undef FIELD

static const QhStateTable state = QH_STATE_TABLE(fields, 0);

static const QhIoOps io = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 4,
    .read = plic_read,
    .write = plic_write,
};

static const QhWindow windows[] = {
    {"plic", 0, &io}
};

const QhDeviceOps rv_plic_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Plic),
    .description = "RISC-V platform-level interrupt controller",
    .properties = &property_table,
    .state = &state,
    QH_WINDOWS(windows),
    .n_irq_in = RV_PLIC_MAX_SOURCES,
    .n_irq_out = MAX_CONTEXTS,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .reset = reset,
    .irq_in = irq_in,
};
