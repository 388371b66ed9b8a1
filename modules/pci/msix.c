/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X (PCI 6.8.2): a table of messages and an array of pending bits in one of the BARs. Both are
 * windows of ours that lie over what the device has there. An entry is address, data and a word
 * whose bit 0 masks it.
 */
#include "modules/pci/pci.h"

#include <string.h>

#define CONTROL 2u
#define BYTES   12u
#define ENTRY   16u
#define PAGE    4096u

#define CONTROL_ENABLE 0x8000u
#define CONTROL_MASK   0x4000u

static uint32_t table_bytes(const PciMsix *msix)
{
    return msix->vectors * ENTRY;
}

static uint32_t pba_bytes(const PciMsix *msix)
{
    return (msix->vectors + 63) / 64 * 8;
}

static gboolean check(const PciFunction *function,
                      uint32_t vectors,
                      uint32_t bar,
                      uint32_t table_offset,
                      uint32_t pba_offset)
{
    uint64_t table_end = (uint64_t)table_offset + (uint64_t)vectors * ENTRY;
    uint64_t pba_end = (uint64_t)pba_offset + (vectors + 63) / 64 * 8;

    return function->msix.offset == 0 && vectors >= 1 && vectors <= 2048 && bar < PCI_ROM_BAR &&
           table_offset % 8 == 0 && pba_offset % 8 == 0 && !function->bars[bar].upper_half &&
           (function->bars[bar].flags & QH_PCI_BAR_IO) == 0 &&
           (table_end <= pba_offset || pba_end <= table_offset) &&
           (!function->bars[bar].used || MAX(table_end, pba_end) <= function->bars[bar].bytes);
}

gboolean pci_msix(PciFunction *function,
                  uint32_t vectors,
                  uint32_t bar,
                  uint32_t table_offset,
                  uint32_t pba_offset,
                  GError **error)
{
    PciMsix *msix = &function->msix;

    if (!check(function, vectors, bar, table_offset, pba_offset)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s': %u MSI-X vectors with a table at 0x%x and pending bits at 0x%x "
                    "do not fit into base address register %u, or there are some already",
                    function->device->id, vectors, table_offset, pba_offset, bar);
        return FALSE;
    }
    msix->vectors = vectors;
    msix->bar = bar;
    msix->table_offset = table_offset;
    msix->pba_offset = pba_offset;
    uint64_t end = MAX(table_offset + table_bytes(msix), pba_offset + pba_bytes(msix));
    if (!function->bars[bar].used &&
        !pci_bar(function, bar, QH_PCI_NO_WINDOW, 0, MAX(end, PAGE), error)) {
        return FALSE;
    }
    uint32_t offset = pci_capability(function, PCI_CAP_MSIX, BYTES, error);
    if (offset == 0) {
        return FALSE;
    }
    msix->offset = offset;
    msix->table = g_malloc0(table_bytes(msix));
    msix->pending = g_malloc0(pba_bytes(msix));
    msix->masked = g_malloc0(vectors);
    pci_put(function->config + offset + CONTROL, 2, vectors - 1);
    pci_put(function->writable + offset + CONTROL, 2, CONTROL_ENABLE | CONTROL_MASK);
    pci_put(function->config + offset + 4, 4, table_offset | bar);
    pci_put(function->config + offset + 8, 4, pba_offset | bar);
    pci_msix_reset(function);
    return TRUE;
}

void pci_msix_free(PciFunction *function)
{
    PciMsix *msix = &function->msix;

    g_clear_pointer(&msix->table, g_free);
    g_clear_pointer(&msix->pending, g_free);
    g_clear_pointer(&msix->masked, g_free);
    msix->offset = 0;
}

void pci_msix_stream(PciFunction *function, QhStateStream *stream)
{
    PciMsix *msix = &function->msix;

    stream->same(stream, msix->offset != 0 ? msix->vectors : 0, "the number of MSI-X vectors");
    if (msix->offset != 0) {
        stream->bytes(stream, msix->table, table_bytes(msix));
        stream->bytes(stream, msix->pending, pba_bytes(msix));
        stream->bytes(stream, msix->masked, msix->vectors);
    }
}

static uint32_t control(const PciFunction *function)
{
    return PCI_GET16(function, function->msix.offset + CONTROL);
}

gboolean pci_msix_enabled(const PciFunction *function)
{
    return function->msix.offset != 0 && (control(function) & CONTROL_ENABLE) != 0;
}

gboolean pci_msix_is_masked(const PciFunction *function, uint32_t n)
{
    const PciMsix *msix = &function->msix;

    return !pci_msix_enabled(function) || n >= msix->vectors ||
           (control(function) & CONTROL_MASK) != 0 || (msix->table[n * ENTRY + 12] & 1) != 0;
}

gboolean
pci_msix_message(const PciFunction *function, uint32_t n, uint64_t *ret_address, uint32_t *ret_data)
{
    const PciMsix *msix = &function->msix;

    if (!pci_msix_enabled(function) || n >= msix->vectors) {
        return FALSE;
    }
    const uint8_t *entry = msix->table + (size_t)n * ENTRY;
    *ret_address = (pci_get(entry, 4) & ~3u) | (uint64_t)pci_get(entry + 4, 4) << 32;
    *ret_data = pci_get(entry + 8, 4);
    return TRUE;
}

static void send(PciFunction *function, uint32_t n)
{
    uint64_t address;
    uint32_t data;

    function->msix.pending[n / 64] &= ~(UINT64_C(1) << (n % 64));
    if (pci_msix_message(function, n, &address, &data)) {
        pci_send(function, address, data);
    }
}

void pci_msix_notify(PciFunction *function, uint32_t n)
{
    if (n >= function->msix.vectors) {
        return;
    }
    if (pci_msix_is_masked(function, n)) {
        function->msix.pending[n / 64] |= UINT64_C(1) << (n % 64);
    } else {
        send(function, n);
    }
}

/* Tell the device what has changed for vector @n, and send what has waited. */
static void update_vector(PciFunction *function, uint32_t n)
{
    PciMsix *msix = &function->msix;
    gboolean masked = pci_msix_is_masked(function, n);

    if (masked != msix->masked[n]) {
        msix->masked[n] = (uint8_t)masked;
        if (function->klass->vector_masked != NULL) {
            function->klass->vector_masked(function->device, n, masked);
        }
    }
    if (!masked && (msix->pending[n / 64] >> (n % 64) & 1) != 0) {
        send(function, n);
    }
}

void pci_msix_written(PciFunction *function)
{
    for (uint32_t n = 0; n < function->msix.vectors; n++) {
        update_vector(function, n);
    }
}

/* All masked, nothing pending. */
void pci_msix_reset(PciFunction *function)
{
    PciMsix *msix = &function->msix;

    if (msix->offset == 0) {
        return;
    }
    memset(msix->table, 0, table_bytes(msix));
    memset(msix->pending, 0, pba_bytes(msix));
    for (uint32_t n = 0; n < msix->vectors; n++) {
        msix->table[(size_t)n * ENTRY + 12] = 1;
        msix->masked[n] = 1;
    }
}

static uint32_t
table_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const PciFunction *function = opaque;

    (void)attrs;
    *ret_value = pci_get(function->msix.table + offset, width);
    return QH_BUS_OK;
}

static uint32_t
table_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    PciFunction *function = opaque;
    uint32_t word = (uint32_t)value;

    (void)attrs;
    if (offset % ENTRY == 12) {
        word &= 1; /* the rest is reserved */
    }
    pci_put(function->msix.table + offset, width, word);
    update_vector(function, (uint32_t)(offset / ENTRY));
    return QH_BUS_OK;
}

static uint32_t
pba_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const PciFunction *function = opaque;
    uint64_t word = function->msix.pending[offset / 8];

    (void)attrs;
    (void)width;
    *ret_value = (uint32_t)(word >> (offset % 8 * 8));
    return QH_BUS_OK;
}

static uint32_t
pba_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    (void)opaque;
    (void)offset;
    (void)width;
    (void)attrs;
    (void)value;
    return QH_BUS_OK; /* read-only */
}

/* Accesses of four bytes, or of eight in two (PCI 6.8.2). */
static const QhIoOps table_io = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 4,
    .max_size = 4,
    .read = table_read,
    .write = table_write,
};
static const QhIoOps pba_io = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 4,
    .max_size = 4,
    .read = pba_read,
    .write = pba_write,
};

static void move(PciFunction *function,
                 const char *what,
                 uint64_t *at,
                 uint64_t to,
                 uint32_t bytes,
                 const QhIoOps *ops)
{
    const QhMemService *mem = function->services->mem;
    QhSpace *space = function->bus->root->memory;

    if (*at != PCI_UNMAPPED) {
        mem->unmap(space, *at, bytes, 1);
    }
    *at = PCI_UNMAPPED;
    if (to != PCI_UNMAPPED) {
        g_autofree char *name = g_strdup_printf("%s.msix-%s", function->device->id, what);

        if (mem->map_io(space, name, to, bytes, ops, function, function->device->instance, 1,
                        NULL)) {
            *at = to;
        }
    }
}

void pci_msix_map(PciFunction *function, uint32_t bar)
{
    PciMsix *msix = &function->msix;
    uint64_t base = function->bars[bar].address;

    if (msix->offset == 0 || msix->bar != bar) {
        return;
    }
    gboolean mapped = base != PCI_UNMAPPED;
    move(function, "table", &msix->table_at, mapped ? base + msix->table_offset : PCI_UNMAPPED,
         table_bytes(msix), &table_io);
    move(function, "pba", &msix->pba_at, mapped ? base + msix->pba_offset : PCI_UNMAPPED,
         pba_bytes(msix), &pba_io);
}
