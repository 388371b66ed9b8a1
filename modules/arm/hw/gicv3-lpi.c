/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LPIs of a GICv3 (IHI 0069, 5.1). Configuration and pending tables lie in guest memory; the
 * redistributors cache both, which the architecture allows: the configuration is read when LPIs are
 * enabled and again when INV or INVALL says so, pending bits are read when they are enabled and
 * written back when they are disabled. All PEs share one configuration table (CommonLPIAff 0).
 */
#include "gicv3.h"

#include <string.h>

#define N_LPIS         (GICV3_N_IDS - GICV3_LPI_FIRST)
#define CONFIG_ENABLED 1u
#define TABLE_ADDRESS  UINT64_C(0x000ffffffffff000) /* of GICR_PROPBASER */
#define PENDING_MASK   UINT64_C(0x000fffffffff0000) /* of GICR_PENDBASER */
#define ID_BITS_MASK   0x1fu
#define GROUP_1        2u

/* How many numbers the tables of @propbaser have; below the first LPI: none. */
static uint32_t n_ids(uint64_t propbaser)
{
    uint32_t bits = (uint32_t)(propbaser & ID_BITS_MASK) + 1;

    return 1u << MIN(bits, GICV3_ID_BITS);
}

/* What lies outside RAM reads as 0. */
static void read_table(const Gicv3 *gic, uint64_t address, void *buffer, uint64_t bytes)
{
    const QhMemService *mem = gicv3_services(gic)->mem;

    if (mem->dma_read(gic->base.instance, mem->system(gic->base.machine), address, buffer, bytes) !=
        QH_BUS_OK) {
        memset(buffer, 0, bytes);
    }
}

static void set_ready(Gicv3Lpis *lpis, uint32_t word, uint64_t ready)
{
    lpis->ready[word] = ready;
    if (ready != 0) {
        lpis->words[word / 64] |= UINT64_C(1) << word % 64;
    } else {
        lpis->words[word / 64] &= ~(UINT64_C(1) << word % 64);
    }
}

static gboolean is_enabled(const Gicv3 *gic, uint32_t lpi)
{
    return (gic->lpi_config[lpi - GICV3_LPI_FIRST] & CONFIG_ENABLED) != 0;
}

/* Make ready of @word from pending and the configuration. */
static void derive_word(ArmGicCpu *cpu, uint32_t word)
{
    uint64_t ready = 0;

    for (uint64_t bits = cpu->lpis->pending[word]; bits != 0; bits &= bits - 1) {
        uint32_t bit = (uint32_t)__builtin_ctzll(bits);

        ready |= (uint64_t)is_enabled(cpu->gic, word * 64 + bit) << bit;
    }
    set_ready(cpu->lpis, word, ready);
}

static void derive_all(ArmGicCpu *cpu)
{
    for (uint32_t word = GICV3_LPI_FIRST / 64; word < GICV3_LPI_WORDS; word++) {
        if ((cpu->lpis->pending[word] | cpu->lpis->ready[word]) != 0) {
            derive_word(cpu, word);
        }
    }
}

static gboolean exists(const ArmGicCpu *cpu, uint32_t lpi)
{
    return cpu->ctlr != 0 && lpi >= GICV3_LPI_FIRST && lpi < n_ids(cpu->propbaser);
}

void gicv3_lpi_set(ArmGicCpu *cpu, uint32_t lpi, gboolean pending)
{
    uint64_t bit = UINT64_C(1) << lpi % 64;
    uint32_t word = lpi / 64;

    if (!exists(cpu, lpi) || !(cpu->lpis->pending[word] & bit) == !pending) {
        return;
    }
    cpu->lpis->pending[word] ^= bit;
    if (is_enabled(cpu->gic, lpi)) {
        set_ready(cpu->lpis, word, cpu->lpis->ready[word] ^ bit);
        gicv3_update_cpu(cpu);
    }
}

gboolean gicv3_lpi_is_pending(const ArmGicCpu *cpu, uint32_t lpi)
{
    return exists(cpu, lpi) && (cpu->lpis->pending[lpi / 64] >> lpi % 64 & 1);
}

static void best_of_word(GicBest *best, const ArmGicCpu *cpu, uint32_t word)
{
    for (uint64_t bits = cpu->lpis->ready[word]; bits != 0; bits &= bits - 1) {
        uint32_t lpi = word * 64 + (uint32_t)__builtin_ctzll(bits);
        uint32_t priority = cpu->gic->lpi_config[lpi - GICV3_LPI_FIRST] & GIC_PRIORITY_MASK;

        if (priority < best->priority) {
            *best = (GicBest){lpi, priority, 1};
        }
    }
}

void gicv3_lpi_best(GicBest *best, const ArmGicCpu *cpu)
{
    if (cpu->lpis == NULL || !(cpu->gic->ctlr & GROUP_1)) {
        return;
    }
    for (uint32_t n = 0; n < G_N_ELEMENTS(cpu->lpis->words); n++) {
        for (uint64_t words = cpu->lpis->words[n]; words != 0; words &= words - 1) {
            best_of_word(best, cpu, n * 64 + (uint32_t)__builtin_ctzll(words));
        }
    }
}

void gicv3_lpi_invalidate(Gicv3 *gic, uint32_t lpi)
{
    if (lpi < GICV3_LPI_FIRST || lpi >= n_ids(gic->lpi_table)) {
        return;
    }
    read_table(gic, (gic->lpi_table & TABLE_ADDRESS) + (lpi - GICV3_LPI_FIRST),
               &gic->lpi_config[lpi - GICV3_LPI_FIRST], 1);
    for (uint32_t n = 0; n < gic->n_cpus; n++) {
        if (gic->cpu[n].lpis->pending[lpi / 64] >> lpi % 64 & 1) {
            derive_word(&gic->cpu[n], lpi / 64);
            gicv3_update_cpu(&gic->cpu[n]);
        }
    }
}

void gicv3_lpi_invalidate_all(Gicv3 *gic)
{
    uint32_t end = n_ids(gic->lpi_table);

    if (end <= GICV3_LPI_FIRST) {
        return;
    }
    read_table(gic, gic->lpi_table & TABLE_ADDRESS, gic->lpi_config, end - GICV3_LPI_FIRST);
    for (uint32_t n = 0; n < gic->n_cpus; n++) {
        derive_all(&gic->cpu[n]);
        gicv3_update_cpu(&gic->cpu[n]);
    }
}

void gicv3_lpi_move_all(ArmGicCpu *from, ArmGicCpu *to)
{
    if (from == to || from->ctlr == 0 || to->ctlr == 0) {
        return;
    }
    for (uint32_t word = GICV3_LPI_FIRST / 64; word < GICV3_LPI_WORDS; word++) {
        if (from->lpis->pending[word] != 0) {
            to->lpis->pending[word] |= from->lpis->pending[word];
            from->lpis->pending[word] = 0;
            derive_word(from, word);
            derive_word(to, word);
        }
    }
    gicv3_update_cpu(from);
    gicv3_update_cpu(to);
}

/* The pending table begins with bits of the numbers below the first LPI, which it does not use. */
static uint64_t pending_address(const ArmGicCpu *cpu)
{
    return (cpu->pendbaser & PENDING_MASK) + GICV3_LPI_FIRST / 8;
}

static void load_pending(ArmGicCpu *cpu, uint32_t end)
{
    uint64_t *words = &cpu->lpis->pending[GICV3_LPI_FIRST / 64];

    read_table(cpu->gic, pending_address(cpu), words, (end - GICV3_LPI_FIRST) / 8);
    for (uint32_t n = 0; n < (end - GICV3_LPI_FIRST) / 64; n++) {
        words[n] = GUINT64_FROM_LE(words[n]);
    }
}

static void store_pending(ArmGicCpu *cpu, uint32_t end)
{
    const QhMemService *mem = gicv3_services(cpu->gic)->mem;
    g_autofree uint64_t *words =
        g_memdup2(&cpu->lpis->pending[GICV3_LPI_FIRST / 64], (end - GICV3_LPI_FIRST) / 8);

    for (uint32_t n = 0; n < (end - GICV3_LPI_FIRST) / 64; n++) {
        words[n] = GUINT64_TO_LE(words[n]);
    }
    (void)mem->dma_write(cpu->gic->base.instance, mem->system(cpu->gic->base.machine),
                         pending_address(cpu), words, (end - GICV3_LPI_FIRST) / 8);
}

void gicv3_lpi_enable(ArmGicCpu *cpu)
{
    uint32_t end = n_ids(cpu->propbaser);

    if (cpu->ctlr != 0) {
        cpu->gic->lpi_table = cpu->propbaser;
        if (end > GICV3_LPI_FIRST) {
            load_pending(cpu, end);
        }
        gicv3_lpi_invalidate_all(cpu->gic);
        return;
    }
    if (end > GICV3_LPI_FIRST) {
        store_pending(cpu, end);
    }
    gicv3_lpi_reset(cpu);
    gicv3_update_cpu(cpu);
}

void gicv3_lpi_reset(ArmGicCpu *cpu)
{
    if (cpu->lpis != NULL) {
        memset(cpu->lpis, 0, sizeof(*cpu->lpis));
    }
}
