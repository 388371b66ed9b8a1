/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host pointers to guest memory for devices. Blocks stay until the machine ends, so a pointer needs
 * no count; what it was used for is told when it is given back.
 */
#include "core/device/instance.h"
#include "core/machine/machine.h"
#include "core/memory/space-priv.h"

void *
qh_dma_map(QhInstance *device, QhSpace *space, uint64_t address, uint64_t *length, gboolean write)
{
    QhSection section;

    (void)device;
    if (*length == 0 || !qh_space_find(space, address, &section) || section.ram == NULL ||
        (write && section.readonly)) {
        return NULL;
    }
    uint64_t room = section.last - address; /* one less than the bytes, which may be 2^64 */

    if (*length - 1 > room) {
        *length = room + 1;
    }
    return section.ram->host + section.ram_offset + (address - section.first);
}

void qh_dma_unmap(QhInstance *device, void *pointer, uint64_t length, uint64_t written)
{
    (void)length;
    if (written == 0 || pointer == NULL) {
        return;
    }
    QhMemory *memory = qh_machine_memory(qh_instance_machine(device));
    uint8_t *at = pointer;
    QhRam *found = NULL;

    g_mutex_lock(&memory->lock);
    for (guint i = 0; i < memory->rams->len && found == NULL; i++) {
        QhRam *ram = g_ptr_array_index(memory->rams, i);

        if (at >= ram->host && (uint64_t)(at - ram->host) < ram->bytes) {
            found = ram;
        }
    }
    g_mutex_unlock(&memory->lock);
    if (found != NULL) {
        uint64_t offset = (uint64_t)(at - found->host);

        qh_ram_note_write(found, offset, MIN(written, found->bytes - offset));
    }
}
