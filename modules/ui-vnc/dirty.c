/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which parts of a screen have changed, by tiles. */
#include "modules/ui-vnc/server.h"

#include <string.h>

void vn_dirty_resize(VnDirty *dirty, uint32_t width, uint32_t height)
{
    g_free(dirty->tiles);
    dirty->columns = (width + VN_TILE - 1) / VN_TILE;
    dirty->rows = (height + VN_TILE - 1) / VN_TILE;
    dirty->tiles = g_malloc0(MAX((gsize)dirty->columns * dirty->rows, 1));
    dirty->any = FALSE;
}

void vn_dirty_add(VnDirty *dirty, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    uint32_t right = MIN((uint64_t)x + width + VN_TILE - 1, G_MAXINT32) / VN_TILE;
    uint32_t bottom = MIN((uint64_t)y + height + VN_TILE - 1, G_MAXINT32) / VN_TILE;

    for (uint32_t row = y / VN_TILE; row < MIN(bottom, dirty->rows); row++) {
        for (uint32_t column = x / VN_TILE; column < MIN(right, dirty->columns); column++) {
            dirty->tiles[row * dirty->columns + column] = 1;
            dirty->any = TRUE;
        }
    }
}

void vn_dirty_all(VnDirty *dirty)
{
    memset(dirty->tiles, 1, (gsize)dirty->columns * dirty->rows);
    dirty->any = dirty->columns * dirty->rows != 0;
}

void vn_dirty_merge(VnDirty *dirty, const VnDirty *more)
{
    for (uint32_t i = 0; i < dirty->columns * dirty->rows; i++) {
        dirty->tiles[i] |= more->tiles[i];
    }
    dirty->any = dirty->any || more->any;
}

void vn_dirty_clear(VnDirty *dirty)
{
    memset(dirty->tiles, 0, (gsize)dirty->columns * dirty->rows);
    dirty->any = FALSE;
}

void vn_dirty_free(VnDirty *dirty)
{
    g_clear_pointer(&dirty->tiles, g_free);
    dirty->columns = dirty->rows = 0;
    dirty->any = FALSE;
}
