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
    uint64_t offset = section.ram_offset + (address - section.first);
    if (write) {
        qh_ram_keep(section.ram, offset, *length);
    }
    return section.ram->host + offset;
}

QhRam *qh_memory_ram_at(QhMemory *memory, const void *pointer, uint64_t *ret_offset)
{
    const uint8_t *at = pointer;
    QhRam *found = NULL;

    g_mutex_lock(&memory->lock);
    for (guint i = 0; i < memory->rams->len && found == NULL; i++) {
        QhRam *ram = g_ptr_array_index(memory->rams, i);

        if (at >= ram->host && (uint64_t)(at - ram->host) < ram->bytes) {
            found = ram;
            *ret_offset = (uint64_t)(at - ram->host);
        }
    }
    g_mutex_unlock(&memory->lock);
    return found;
}

void qh_dma_unmap(QhInstance *device, void *pointer, uint64_t length, uint64_t written)
{
    uint64_t offset;

    (void)length;
    if (written == 0 || pointer == NULL) {
        return;
    }
    QhRam *ram = qh_memory_ram_at(qh_machine_memory(qh_instance_machine(device)), pointer, &offset);
    if (ram != NULL) {
        qh_ram_note_write(ram, offset, MIN(written, ram->bytes - offset));
    }
}
