/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/support/board.h"

#define FLASH_BLOCK 0x40000u /* bytes that are erased at once: the class's default */

void board_init(Board *board, QhMachine *machine, const TargetServices *services)
{
    board->services = services;
    board->machine = machine;
    board->space = services->mem->system(machine);
}

void board_clear(Board *board)
{
    g_clear_pointer(&board->device_tree, g_free);
}

QhInstance *board_device(Board *board,
                         const char *klass,
                         const char *id,
                         const char *const properties[][2],
                         uint64_t address,
                         GError **error)
{
    const QhDeviceService *service = board->services->device;
    QhInstance *device = service->create(board->machine, klass, id, error);

    if (device == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; properties != NULL && properties[i][0] != NULL; i++) {
        if (!service->set(device, properties[i][0], properties[i][1], error)) {
            return NULL;
        }
    }
    if (!service->realize(device, error) ||
        !service->map(device, 0, board->space, address, error)) {
        return NULL;
    }
    return device;
}

gboolean board_optional(
    Board *board, const char *klass, const char *id, QhInstance **ret_device, GError **error)
{
    g_autoptr(GError) why = NULL;

    *ret_device = board->services->device->create(board->machine, klass, id, &why);
    if (*ret_device != NULL || g_error_matches(why, QH_ERROR, QH_ERROR_NO_SLOT)) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

gboolean
board_set_number(Board *board, QhInstance *device, const char *name, uint64_t value, GError **error)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

    return board->services->device->set(device, name, text, error);
}

void board_connect(Board *board, QhInstance *device, uint32_t line, uint32_t irq)
{
    const QhDeviceService *service = board->services->device;

    service->connect(device, line, service->irq_in(board->controller, irq));
}

gboolean board_create_serial(
    Board *board, const char *klass, uint32_t n, uint64_t address, uint32_t irq, GError **error)
{
    const char *chardev = board->services->machine->serial(board->machine, n);
    g_autofree char *id = g_strdup_printf("serial%u", n);
    const char *const properties[][2] = {
        {chardev != NULL ? "chardev" : NULL, chardev},
        {NULL,                               NULL   }
    };
    QhInstance *uart = board_device(board, klass, id, properties, address, error);

    if (uart == NULL) {
        return FALSE;
    }
    board_connect(board, uart, 0, irq);
    return TRUE;
}

gboolean board_create_virtio(Board *board, GError **error)
{
    for (uint32_t i = 0; i < board->map.n_virtio; i++) {
        g_autofree char *id = g_strdup_printf("virtio-mmio%u", i);
        g_autoptr(GError) failure = NULL;
        QhInstance *transport =
            board_device(board, "virtio-mmio", id, NULL,
                         board->map.virtio + i * board->map.virtio_bytes, &failure);

        if (transport == NULL && g_error_matches(failure, QH_ERROR, QH_ERROR_NO_SLOT)) {
            return TRUE;
        }
        if (transport == NULL) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
        board_connect(board, transport, 0, board->map.virtio_irq + i);
        board->n_virtio++;
    }
    return TRUE;
}

gboolean board_create_fw_cfg(Board *board, GError **error)
{
    const QhDeviceService *service = board->services->device;
    QhInstance *device;

    if (!board_optional(board, "fw_cfg_mem", "fw_cfg", &device, error)) {
        return FALSE;
    }
    board->has_fw_cfg = device != NULL;
    return device == NULL || (service->realize(device, error) &&
                              service->map(device, 0, board->space, board->map.fw_cfg, error));
}

/* What bank @n holds: the machine's pflashN=NODE, or -drive if=pflash,unit=N; NULL: nothing. */
static const char *flash_drive(const Board *board, uint32_t n)
{
    const QhBlockService *service = board->services->block;
    const QhDrive *block;

    if (board->flash_node[n] != NULL) {
        return board->flash_node[n];
    }
    block = service->drive(board->services->host, "pflash", n);
    return block != NULL ? service->name(block) : NULL;
}

static gboolean create_bank(Board *board, uint32_t n, gboolean *ret_exists, GError **error)
{
    const QhDeviceService *service = board->services->device;
    g_autofree char *id = g_strdup_printf("virt.flash%u", n);
    const char *drive = flash_drive(board, n);
    QhInstance *bank;

    if (!board_optional(board, "cfi.pflash01", id, &bank, error)) {
        return FALSE;
    }
    *ret_exists = bank != NULL;
    if (bank == NULL) {
        return TRUE;
    }
    board->flash_filled |= n == 0 && drive != NULL;
    return (drive == NULL || service->set(bank, "drive", drive, error)) &&
           service->set(bank, "name", id, error) &&
           board_set_number(board, bank, "num-blocks", board->map.flash_bytes / FLASH_BLOCK,
                            error) &&
           service->realize(bank, error) &&
           service->map(bank, 0, board->space, board->map.flash + n * board->map.flash_bytes,
                        error);
}

gboolean board_create_flash(Board *board, GError **error)
{
    board->has_flash = TRUE;
    for (uint32_t n = 0; n < BOARD_N_FLASH && board->has_flash; n++) {
        if (!create_bank(board, n, &board->has_flash, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean board_create_pcie(Board *board, GError **error)
{
    const QhDeviceService *service = board->services->device;
    const BoardPcie *pcie = &board->map.pcie;
    QhInstance *host;

    if (!board_optional(board, "gpex-pcihost", "pcie-host", &host, error)) {
        return FALSE;
    }
    if (host == NULL) {
        return TRUE;
    }
    if (!board_set_number(board, host, "ecam-size", pcie->ecam_bytes, error) ||
        !board_set_number(board, host, "mmio-base", pcie->mmio, error) ||
        !board_set_number(board, host, "mmio-size", pcie->mmio_bytes, error) ||
        !board_set_number(board, host, "high-mmio-base", pcie->high, error) ||
        !board_set_number(board, host, "high-mmio-size", pcie->high_bytes, error) ||
        !board_set_number(board, host, "pio-base", pcie->pio, error) ||
        !board_set_number(board, host, "pio-size", pcie->pio_bytes, error) ||
        !service->realize(host, error) || !service->map(host, 0, board->space, pcie->ecam, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < BOARD_PCIE_LINES; i++) {
        board_connect(board, host, i, pcie->irq + i);
    }
    board->has_pcie = TRUE;
    return TRUE;
}

void *board_device_tree(const Board *board, uint32_t *ret_bytes, GError **error)
{
    if (board->device_tree == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "the machine has no device tree");
        return NULL;
    }
    *ret_bytes = board->device_tree_bytes;
    return g_memdup2(board->device_tree, board->device_tree_bytes);
}
