/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/support/board-tree.h"

#include <libfdt.h>
#include <string.h>

#define TREE_BYTES (256u << 10) /* while it is written; what is handed out is as long as it is */
#define SEED_BYTES 32u

void board_tree_start(BoardTree *tree)
{
    tree->blob = g_malloc0(TREE_BYTES);
    tree->status = fdt_create(tree->blob, TREE_BYTES);
    if (tree->status == 0) {
        tree->status = fdt_finish_reservemap(tree->blob);
    }
    board_tree_begin(tree, "%s", "");
    board_tree_cell(tree, "#address-cells", 2);
    board_tree_cell(tree, "#size-cells", 2);
}

uint8_t *board_tree_finish(BoardTree *tree, uint32_t *ret_bytes, GError **error)
{
    g_autofree void *blob = g_steal_pointer(&tree->blob);

    if (tree->status == 0) {
        tree->status = fdt_end_node(blob);
    }
    if (tree->status == 0) {
        tree->status = fdt_finish(blob);
    }
    if (tree->status != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot make the device tree: %s",
                    fdt_strerror(tree->status));
        return NULL;
    }
    *ret_bytes = fdt_totalsize(blob);
    return g_memdup2(blob, fdt_totalsize(blob));
}

void board_tree_begin(BoardTree *tree, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *name = g_strdup_vprintf(format, args);
    va_end(args);

    if (tree->status == 0) {
        tree->status = fdt_begin_node(tree->blob, name);
    }
}

void board_tree_end(BoardTree *tree)
{
    if (tree->status == 0) {
        tree->status = fdt_end_node(tree->blob);
    }
}

void board_tree_bytes(BoardTree *tree, const char *name, const void *data, uint32_t length)
{
    if (tree->status == 0) {
        tree->status = fdt_property(tree->blob, name, data, (int)length);
    }
}

void board_tree_text(BoardTree *tree, const char *name, const char *value)
{
    board_tree_bytes(tree, name, value, (uint32_t)strlen(value) + 1);
}

/* A list of strings, each with its NUL. */
void board_tree_texts(BoardTree *tree, const char *name, const char *const *list)
{
    g_autoptr(GByteArray) all = g_byte_array_new();

    for (uint32_t i = 0; list[i] != NULL; i++) {
        g_byte_array_append(all, (const guint8 *)list[i], (guint)strlen(list[i]) + 1);
    }
    board_tree_bytes(tree, name, all->data, all->len);
}

void board_tree_flag(BoardTree *tree, const char *name)
{
    board_tree_bytes(tree, name, NULL, 0);
}

void board_tree_cell(BoardTree *tree, const char *name, uint32_t value)
{
    board_tree_cells(tree, name, &value, 1);
}

void board_tree_cells(BoardTree *tree, const char *name, const uint32_t *cells, uint32_t n)
{
    g_autofree uint32_t *big = g_new(uint32_t, n);

    for (uint32_t i = 0; i < n; i++) {
        big[i] = GUINT32_TO_BE(cells[i]);
    }
    board_tree_bytes(tree, name, big, n * (uint32_t)sizeof(uint32_t));
}

void board_tree_wide(BoardTree *tree, const char *name, const uint64_t *values, uint32_t n)
{
    g_autofree uint64_t *big = g_new(uint64_t, n);

    for (uint32_t i = 0; i < n; i++) {
        big[i] = GUINT64_TO_BE(values[i]);
    }
    board_tree_bytes(tree, name, big, n * (uint32_t)sizeof(uint64_t));
}

void board_tree_reg(BoardTree *tree, uint64_t address, uint64_t bytes)
{
    const uint64_t values[2] = {address, bytes};

    board_tree_wide(tree, "reg", values, 2);
}

void board_tree_interrupts(BoardTree *tree, uint32_t irq, uint32_t n)
{
    const BoardInterrupt *interrupt = &tree->interrupt;
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (uint32_t i = 0; i < n; i++) {
        g_array_append_vals(all, interrupt->cells, interrupt->n_cells);
        g_array_index(all, uint32_t, i * interrupt->n_cells + interrupt->number) = irq + i;
    }
    board_tree_cells(tree, "interrupts", (const uint32_t *)all->data, all->len);
}

void board_tree_device(BoardTree *tree,
                       const char *name,
                       const char *const *compatible,
                       uint64_t address,
                       uint64_t bytes,
                       uint32_t irq)
{
    board_tree_begin(tree, "%s@%" G_GINT64_MODIFIER "x", name, address);
    board_tree_texts(tree, "compatible", compatible);
    board_tree_reg(tree, address, bytes);
    if (irq != BOARD_NO_IRQ) {
        board_tree_cell(tree, "interrupt-parent", tree->interrupt.phandle);
        board_tree_interrupts(tree, irq, 1);
    }
}

void board_tree_random(BoardTree *tree, const char *name, uint32_t bytes)
{
    const TargetServices *services = tree->board->services;
    g_autofree uint8_t *seed = g_malloc(bytes);

    if (QH_HAS(services->machine, random)) {
        services->machine->random(services->host, seed, bytes);
    } else {
        for (uint32_t i = 0; i < bytes; i++) {
            seed[i] = (uint8_t)g_random_int();
        }
    }
    board_tree_bytes(tree, name, seed, bytes);
}

void board_tree_begin_chosen(BoardTree *tree, const char *stdout_path)
{
    const Board *board = tree->board;
    const QhMachineConfig *config = board->services->machine->config(board->machine);

    board_tree_begin(tree, "chosen");
    if (config->append != NULL) {
        board_tree_text(tree, "bootargs", config->append);
    }
    if (board->initrd_end != 0) {
        board_tree_wide(tree, "linux,initrd-start", &board->initrd, 1);
        board_tree_wide(tree, "linux,initrd-end", &board->initrd_end, 1);
    }
    board_tree_text(tree, "stdout-path", stdout_path);
    board_tree_random(tree, "rng-seed", SEED_BYTES);
}

void board_tree_memory(BoardTree *tree)
{
    const BoardMap *map = &tree->board->map;

    board_tree_begin(tree, "memory@%" G_GINT64_MODIFIER "x", map->ram);
    board_tree_text(tree, "device_type", "memory");
    board_tree_reg(tree, map->ram, map->ram_bytes);
    board_tree_end(tree);
}
