/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands of an ITS (IHI 0069, 5.3). They are done at once, when CWRITER is written. One that
 * makes no sense is left out and noted in the log: the queue never stalls.
 */
#include "gicv3-its.h"

#define COMMAND_BYTES ((uint32_t)sizeof(Command))
#define QUEUE_ADDRESS UINT64_C(0x000ffffffffff000)
#define CBASER_VALID  (UINT64_C(1) << 63)

enum {
    MOVI = 0x01,
    INT = 0x03,
    CLEAR = 0x04,
    SYNC = 0x05,
    MAPD = 0x08,
    MAPC = 0x09,
    MAPTI = 0x0a,
    MAPI = 0x0b,
    INV = 0x0c,
    INVALL = 0x0d,
    MOVALL = 0x0e,
    DISCARD = 0x0f,
};

#define ITT_ADDRESS UINT64_C(0x000fffffffffff00)

typedef struct Command {
    uint64_t word[4];
} Command;

static uint32_t device_of(const Command *command)
{
    return (uint32_t)(command->word[0] >> 32);
}

static uint32_t event_of(const Command *command)
{
    return (uint32_t)command->word[1];
}

static uint32_t collection_of(const Command *command)
{
    return (uint32_t)command->word[2] & 0xffff;
}

/* RDbase is the number of a PE, since PTA is 0. */
static ArmGicCpu *target_of(const Its *its, uint64_t word)
{
    uint64_t n = word >> 16 & UINT64_C(0xfffffffff);

    return n < its->gic->n_cpus ? &its->gic->cpu[n] : NULL;
}

static gboolean map_device(Its *its, const Command *command)
{
    gboolean valid = (command->word[2] & ITS_ENTRY_VALID) != 0;
    uint64_t size = command->word[1] & 0x1f;

    if (valid && size >= ITS_EVENT_BITS) {
        return FALSE;
    }
    its_forget(its);
    return its_write_device(its, device_of(command),
                            valid ? ITS_ENTRY_VALID | (command->word[2] & ITT_ADDRESS) | size : 0);
}

static gboolean map_collection(Its *its, const Command *command)
{
    gboolean valid = (command->word[2] & ITS_ENTRY_VALID) != 0;
    const ArmGicCpu *cpu = target_of(its, command->word[2]);

    if (valid && cpu == NULL) {
        return FALSE;
    }
    its_forget(its);
    return its_write_collection(its, collection_of(command),
                                valid ? ITS_ENTRY_VALID | cpu->index : 0);
}

static gboolean map_event(Its *its, const Command *command, uint32_t lpi)
{
    if (lpi < GICV3_LPI_FIRST || lpi >= GICV3_N_IDS) {
        return FALSE;
    }
    its_forget(its);
    return its_write_event(its, device_of(command), event_of(command),
                           ITS_ENTRY_VALID | (uint64_t)collection_of(command) << 32 | lpi);
}

/* MOVI: the event goes to another collection, and takes what is pending along (5.3.12). */
static gboolean move_event(Its *its, const Command *command)
{
    uint32_t device = device_of(command), event = event_of(command);
    uint64_t entry;
    ArmGicCpu *from, *to;

    if (!its_read_event(its, device, event, &entry) || !(entry & ITS_ENTRY_VALID)) {
        return FALSE;
    }
    from = its_collection_cpu(its, (uint32_t)(entry >> 32) & 0xffff);
    to = its_collection_cpu(its, collection_of(command));
    if (from == NULL || to == NULL) {
        return FALSE;
    }
    its_forget(its);
    if (from != to && gicv3_lpi_is_pending(from, (uint32_t)entry)) {
        gicv3_lpi_set(from, (uint32_t)entry, FALSE);
        gicv3_lpi_set(to, (uint32_t)entry, TRUE);
    }
    return its_write_event(its, device, event,
                           ITS_ENTRY_VALID | (uint64_t)collection_of(command) << 32 |
                               (uint32_t)entry);
}

static gboolean move_all(Its *its, const Command *command)
{
    ArmGicCpu *from = target_of(its, command->word[2]);
    ArmGicCpu *to = target_of(its, command->word[3]);

    if (from == NULL || to == NULL) {
        return FALSE;
    }
    gicv3_lpi_move_all(from, to);
    return TRUE;
}

/* INT, CLEAR, DISCARD, INV: of an event that is mapped. */
static gboolean of_event(Its *its, const Command *command, uint32_t code)
{
    uint32_t device = device_of(command), event = event_of(command);
    const ItsTranslation *found = its_translate(its, device, event);

    if (found == NULL) {
        return FALSE;
    }
    if (code == INV) {
        gicv3_lpi_invalidate(its->gic, found->lpi);
        return TRUE;
    }
    gicv3_lpi_set(found->cpu, found->lpi, code == INT);
    if (code == DISCARD) {
        its_forget(its);
        return its_write_event(its, device, event, 0);
    }
    return TRUE;
}

/* *@invalidate becomes TRUE for INVALL, which is done once after the last command. */
static gboolean run(Its *its, const Command *command, gboolean *invalidate)
{
    uint32_t code = command->word[0] & 0xff;

    switch (code) {
    case MAPD:
        return map_device(its, command);
    case MAPC:
        return map_collection(its, command);
    case MAPTI:
        return map_event(its, command, (uint32_t)(command->word[1] >> 32));
    case MAPI:
        return map_event(its, command, event_of(command));
    case MOVI:
        return move_event(its, command);
    case MOVALL:
        return move_all(its, command);
    case INT:
    case CLEAR:
    case DISCARD:
    case INV:
        return of_event(its, command, code);
    case INVALL:
        *invalidate = TRUE;
        return TRUE;
    default:
        return code == SYNC;
    }
}

static void complain(const Its *its, const Command *command)
{
    const TargetServices *services = gicv3_services(its->gic);
    g_autofree char *text = NULL;

    if (services->log->mask(services->host) & QH_LOG_GUEST_ERROR) {
        text = g_strdup_printf("ITS: command 0x%02x for device 0x%x, event %u, is left out",
                               (uint32_t)command->word[0] & 0xff, device_of(command),
                               event_of(command));
        services->log->guest(services->host, QH_LOG_GUEST_ERROR, text);
    }
}

void its_run_commands(Its *its)
{
    uint64_t bytes = ((its->cbaser & 0xff) + 1) * 4096;
    gboolean invalidate = FALSE;

    if (its->gic == NULL || !(its->ctlr & 1) || !(its->cbaser & CBASER_VALID) ||
        its->cwriter >= bytes) {
        return;
    }
    const QhMemService *mem = gicv3_services(its->gic)->mem;

    while (its->creadr != its->cwriter) {
        Command command;

        if (mem->dma_read(its->base.instance, mem->system(its->base.machine),
                          (its->cbaser & QUEUE_ADDRESS) + its->creadr, &command,
                          sizeof(command)) != QH_BUS_OK) {
            its->creadr = its->cwriter;
            break;
        }
        for (uint32_t i = 0; i < G_N_ELEMENTS(command.word); i++) {
            command.word[i] = GUINT64_FROM_LE(command.word[i]);
        }
        if (!run(its, &command, &invalidate)) {
            complain(its, &command);
        }
        its->creadr = (its->creadr + COMMAND_BYTES) % bytes;
    }
    if (invalidate) {
        gicv3_lpi_invalidate_all(its->gic);
    }
}
