/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board: RAM from address 0, one CPU, one port. -kernel is a raw image for address 0. */
#include "null.h"

typedef struct Board {
    QhBoard base; /* first: the host knows this part */
    QhRam *ram;
} Board;

static gboolean
load_kernel(Board *board, const QhMachineConfig *config, QhSpace *space, GError **error)
{
    const NsServices *services = board->base.ctx;
    g_autoptr(GMappedFile) file = g_mapped_file_new(config->kernel, FALSE, error);

    if (file == NULL) {
        return FALSE;
    }
    return services->machine->add_image(board->base.machine, space, "kernel", 0,
                                        g_mapped_file_get_contents(file),
                                        g_mapped_file_get_length(file), error);
}

/* What this board cannot use is refused, not ignored. */
static gboolean check_config(const QhMachineConfig *config, GError **error)
{
    if (config->bios != NULL || config->initrd != NULL || config->append != NULL ||
        config->dtb != NULL || config->dumpdtb != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "machine 'board' takes -kernel only, no -bios, -initrd, -append or "
                            "device tree");
        return FALSE;
    }
    if (config->ram_bytes == 0 || config->ram_bytes > NS_PORT_ADDRESS) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "machine 'board' cannot have %" G_GUINT64_FORMAT " bytes of RAM, at most %u",
                    config->ram_bytes, NS_PORT_ADDRESS);
        return FALSE;
    }
    return TRUE;
}

static gboolean create_port(Board *board, QhSpace *space, GError **error)
{
    const NsServices *services = board->base.ctx;
    const char *serial = services->machine->serial(board->base.machine, 0);
    QhInstance *port = services->device->create(board->base.machine, "null-port", "port", error);

    return port != NULL &&
           (serial == NULL || services->device->set(port, "chardev", serial, error)) &&
           services->device->realize(port, error) &&
           services->device->map(port, 0, space, NS_PORT_ADDRESS, error);
}

static gboolean create(QhMachine *machine, void *state, GError **error)
{
    Board *board = state;
    const NsServices *services = board->base.ctx;
    const QhMachineConfig *config = services->machine->config(machine);
    QhSpace *space = services->mem->system(machine);

    if (!check_config(config, error)) {
        return FALSE;
    }
    board->ram = services->mem->ram_new(machine, "ram", config->ram_bytes, error);
    return board->ram != NULL &&
           services->mem->map_ram(space, 0, config->ram_bytes, board->ram, 0, 0, 0, error) &&
           services->machine->cpus_create(machine, board->base.target, config->n_cpus, space,
                                          error) != NULL &&
           create_port(board, space, error) &&
           (config->kernel == NULL || load_kernel(board, config, space, error));
}

/* The host has written the images again and reset the CPU; there is nothing to add. */
static gboolean reset(QhMachine *machine, void *state, uint32_t kind, GError **error)
{
    (void)machine;
    (void)state;
    (void)kind;
    (void)error;
    return TRUE;
}

const QhMachineOps ns_board = {
    .size = sizeof(QhMachineOps),
    .state_size = sizeof(Board),
    .description = "RAM and a port",
    .default_cpu = "toy",
    .max_cpus = 1,
    .default_cpus = 1,
    .default_ram_bytes = 1u << 20,
    .default_ram_id = "ram",
    .create = create,
    .reset = reset,
};
