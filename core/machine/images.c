/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot images: what was loaded at the start is there again after each reset. */
#include "core/machine/machine-priv.h"

#include <string.h>

void qh_image_free(void *data)
{
    QhImage *image = data;

    g_free(image->name);
    g_free(image->data);
    g_free(image->packed);
    g_free(image);
}

static gboolean
overlaps(const QhImage *image, const QhSpace *space, uint64_t address, uint64_t bytes)
{
    return image->space == space && image->address <= address + (bytes - 1) &&
           address <= image->address + (image->bytes - 1);
}

static const QhImage *
find_overlap(const QhMachine *machine, const QhSpace *space, uint64_t address, uint64_t bytes)
{
    for (guint i = 0; i < machine->images->len; i++) {
        const QhImage *image = g_ptr_array_index(machine->images, i);

        if (overlaps(image, space, address, bytes)) {
            return image;
        }
    }
    return NULL;
}

gboolean qh_machine_add_image(QhMachine *machine,
                              QhSpace *space,
                              const char *name,
                              uint64_t address,
                              const void *data,
                              uint64_t bytes,
                              GError **error)
{
    if (bytes == 0) {
        return TRUE;
    }
    if (!qh_space_is_memory(space, address, bytes)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot load '%s', 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER
                    "x: it does not fit into RAM",
                    name, bytes, address);
        return FALSE;
    }
    const QhImage *other = find_overlap(machine, space, address, bytes);
    if (other != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot load '%s', 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER
                    "x: it overlaps '%s' at 0x%" G_GINT64_MODIFIER "x",
                    name, bytes, address, other->name, other->address);
        return FALSE;
    }

    g_autofree uint8_t *copy = g_try_malloc(bytes);
    if (copy == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot load '%s': no memory for %" G_GUINT64_FORMAT " bytes", name, bytes);
        return FALSE;
    }
    memcpy(copy, data, bytes);
    (void)qh_space_write_rom(space, address, data, bytes);

    QhImage *image = g_new0(QhImage, 1);
    image->space = space;
    image->name = g_strdup(name);
    image->address = address;
    image->data = g_steal_pointer(&copy);
    image->bytes = bytes;
    g_ptr_array_add(machine->images, image);
    return TRUE;
}

/* The guest may have moved the map; then the image has no place to go to. */
gboolean qh_machine_restore_images(QhMachine *machine, GError **error)
{
    for (guint i = 0; i < machine->images->len; i++) {
        const QhImage *image = g_ptr_array_index(machine->images, i);

        if (!qh_image_write(image)) {
            g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                        "cannot restore image '%s' at 0x%" G_GINT64_MODIFIER
                        "x: there is no RAM any more",
                        image->name, image->address);
            return FALSE;
        }
    }
    return TRUE;
}
