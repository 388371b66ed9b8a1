/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the bench: the fake of a PCI bus. */
#ifndef VIRTIO_TESTS_BENCH_PCI_H
#define VIRTIO_TESTS_BENCH_PCI_H

#include "abi/pci.h"
#include "modules/virtio/tests/bench.h"

extern const QhPciService bench_pci_service;
/* The bench that exists. */
Bench *bench_current(void);
/* DMA into the bench's RAM. */
void *bench_dma_map(uint64_t address, uint64_t *length);
void bench_dma_unmap(void *pointer, uint64_t length, uint64_t written);

#endif
