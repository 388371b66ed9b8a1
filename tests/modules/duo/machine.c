/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "duo.h"

typedef struct Duo {
    QhBoard base;
    char *second;     /* property: target of the second CPU */
    char *program[2]; /* properties: raw images */
    uint32_t line[2]; /* properties: inputs of the CPUs that the mailbox drives */
    QhSpace *space[2];
    QhRam *ram;
} Duo;

static const uint64_t ram_at[] = {DUO_FIRST_RAM, DUO_SECOND_RAM};

static gboolean load(Duo *duo, uint32_t i, GError **error)
{
    const DuoServices *services = duo->base.ctx;
    g_autoptr(GMappedFile) file =
        g_mapped_file_new(duo->program[i] != NULL ? duo->program[i] : "", FALSE, error);

    return file != NULL &&
           services->machine->add_image(duo->base.machine, duo->space[i], duo->program[i],
                                        ram_at[i] + DUO_PROGRAM + i * DUO_PROGRAM_ROOM,
                                        g_mapped_file_get_contents(file),
                                        g_mapped_file_get_length(file), error);
}

static gboolean create_mailbox(Duo *duo, GError **error)
{
    const DuoServices *services = duo->base.ctx;
    const QhDeviceService *device = services->device;
    QhMachine *machine = duo->base.machine;
    QhInstance *mailbox = device->create(machine, "duo-mailbox", "mailbox", error);

    if (mailbox == NULL || !device->realize(mailbox, error) ||
        !device->map(mailbox, 0, duo->space[0], DUO_MAILBOX, error) ||
        !services->mem->map_space(duo->space[1], DUO_MAILBOX, 0x1000, duo->space[0], DUO_MAILBOX, 0,
                                  error)) {
        return FALSE;
    }
    device->connect(mailbox, 0, device->cpu_irq(machine, 1, duo->line[1]));
    device->connect(mailbox, 1, device->cpu_irq(machine, 0, duo->line[0]));
    return TRUE;
}

static gboolean create(QhMachine *machine, void *state, GError **error)
{
    Duo *duo = state;
    const DuoServices *services = duo->base.ctx;
    uint64_t bytes = services->machine->config(machine)->ram_bytes;
    const char *targets[] = {duo->base.target, duo->second};

    duo->space[0] = services->mem->system(machine);
    duo->space[1] = services->mem->space_new(machine, "second", 0);
    duo->ram = services->mem->ram_new(machine, "duo.ram", bytes, error);
    if (duo->ram == NULL) {
        return FALSE;
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (!services->mem->map_ram(duo->space[i], ram_at[i], bytes, duo->ram, 0, 0, 0, error) ||
            services->machine->cpus_create(machine, targets[i], 1, duo->space[i], error) == NULL ||
            !load(duo, i, error)) {
            return FALSE;
        }
    }
    return create_mailbox(duo, error);
}

static gboolean reset(QhMachine *machine, void *state, uint32_t kind, GError **error)
{
    Duo *duo = state;
    const DuoServices *services = duo->base.ctx;

    (void)kind;
    (void)error;
    for (uint32_t i = 0; i < 2; i++) {
        services->machine->cpu(machine, i)->pc = ram_at[i] + DUO_PROGRAM + i * DUO_PROGRAM_ROOM;
    }
    return TRUE;
}

static const QhProperty properties[] = {
    QH_PROPERTY("second", QH_PROPERTY_STRING, offsetof(Duo, second), NULL, 0, 0, "second target"),
    QH_PROPERTY(
        "first-program", QH_PROPERTY_STRING, offsetof(Duo, program[0]), NULL, 0, 0, "raw image"),
    QH_PROPERTY(
        "second-program", QH_PROPERTY_STRING, offsetof(Duo, program[1]), NULL, 0, 0, "raw image"),
    QH_PROPERTY("first-line", QH_PROPERTY_U32, offsetof(Duo, line[0]), "9", 0, 63, "CPU input"),
    QH_PROPERTY("second-line", QH_PROPERTY_U32, offsetof(Duo, line[1]), "0", 0, 63, "CPU input"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

const QhMachineOps duo_machine = {
    .size = sizeof(QhMachineOps),
    .state_size = sizeof(Duo),
    .description = "Two CPUs of different targets that share RAM and a mailbox",
    .max_cpus = 2,
    .default_cpus = 2,
    .default_ram_bytes = 16u << 20,
    .default_ram_id = "duo.ram",
    .properties = &property_table,
    .create = create,
    .reset = reset,
};
