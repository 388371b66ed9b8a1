/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PCI bus that writes down what its device asks for. */
#include "modules/virtio/tests/bench-pci.h"

#define PCI_FIRST_CAPABILITY 0x34u

static BenchPci *pci(void)
{
    return bench_current()->pci;
}

static uint8_t *config(QhDevice *device)
{
    (void)device;
    return pci()->config;
}

static uint8_t *writable(QhDevice *device)
{
    (void)device;
    return pci()->writable;
}

static gboolean
bar(QhDevice *device, uint32_t n, uint32_t window, uint32_t flags, uint64_t bytes, GError **error)
{
    (void)device;
    (void)bytes;
    (void)error;
    g_assert_cmpuint(pci()->bar_window[n], ==, 0);
    pci()->bar_window[n] = window + 1;
    pci()->bar_flags[n] = flags;
    return TRUE;
}

static uint32_t capability(QhDevice *device, uint8_t id, uint32_t bytes, GError **error)
{
    uint32_t at = pci()->next_capability;

    (void)device;
    (void)error;
    pci()->config[at] = id;
    pci()->config[at + 1] = pci()->config[PCI_FIRST_CAPABILITY];
    pci()->config[PCI_FIRST_CAPABILITY] = (uint8_t)at;
    pci()->next_capability += (bytes + 3) & ~3u;
    g_assert_cmpuint(pci()->next_capability, <, 256);
    return at;
}

static gboolean msix(QhDevice *device,
                     uint32_t vectors,
                     uint32_t n,
                     uint32_t table_offset,
                     uint32_t pba_offset,
                     GError **error)
{
    (void)device;
    (void)table_offset;
    (void)pba_offset;
    (void)error;
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpuint(vectors, <=, G_N_ELEMENTS(pci()->sent));
    pci()->n_vectors = vectors;
    return TRUE;
}

static uint32_t interrupt_mode(QhDevice *device)
{
    (void)device;
    return pci()->mode;
}

static gboolean notify(QhDevice *device, uint32_t n)
{
    (void)device;
    g_assert_cmpuint(n, <, pci()->n_vectors);
    pci()->sent[n]++;
    return TRUE;
}

static void set_line(QhDevice *device, gboolean level)
{
    (void)device;
    pci()->line = level;
}

static void *dma_map(QhDevice *device, uint64_t address, uint64_t *length, gboolean write)
{
    (void)device;
    (void)write;
    return pci()->master ? bench_dma_map(address, length) : NULL;
}

static void dma_unmap(QhDevice *device, void *pointer, uint64_t length, uint64_t written)
{
    (void)device;
    bench_dma_unmap(pointer, length, written);
}

static gboolean is_express(QhDevice *device)
{
    (void)device;
    return pci()->express;
}

const QhPciService bench_pci_service = {
    .size = sizeof(QhPciService),
    .config = config,
    .writable = writable,
    .bar = bar,
    .capability = capability,
    .msix = msix,
    .interrupt_mode = interrupt_mode,
    .notify = notify,
    .set_irq = set_line,
    .dma_map = dma_map,
    .dma_unmap = dma_unmap,
    .is_express = is_express,
};
