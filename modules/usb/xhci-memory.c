/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory as the controller sees it: words, and rings of TRBs (4.9). */
#include "modules/usb/xhci.h"

#define WORDS_MAX 16u

gboolean xhci_read(const Xhci *xhci, uint64_t address, uint32_t *words, uint32_t n)
{
    uint32_t raw[WORDS_MAX];

    if (n > WORDS_MAX ||
        xhci->pci->dma_read((QhDevice *)&xhci->base.base, address, raw, 4 * n) != QH_BUS_OK) {
        return FALSE;
    }
    for (uint32_t i = 0; i < n; i++) {
        words[i] = GUINT32_FROM_LE(raw[i]);
    }
    return TRUE;
}

gboolean xhci_write(const Xhci *xhci, uint64_t address, const uint32_t *words, uint32_t n)
{
    uint32_t raw[WORDS_MAX];

    for (uint32_t i = 0; i < MIN(n, WORDS_MAX); i++) {
        raw[i] = GUINT32_TO_LE(words[i]);
    }
    return n <= WORDS_MAX &&
           xhci->pci->dma_write((QhDevice *)&xhci->base.base, address, raw, 4 * n) == QH_BUS_OK;
}

gboolean xhci_next(const Xhci *xhci, XhciRing *ring, XhciTrb *ret, gboolean *ret_bad)
{
    for (uint32_t links = 0; links < XHCI_WALK_LINKS; links++) {
        uint32_t words[4];

        if (!xhci_read(xhci, ring->dequeue, words, 4)) {
            *ret_bad = TRUE;
            return FALSE;
        }
        if ((words[3] & TRB_CYCLE) != ring->cycle) {
            return FALSE;
        }
        *ret = (XhciTrb){
            .parameter = words[0] | (uint64_t)words[1] << 32,
            .status = words[2],
            .control = words[3],
            .address = ring->dequeue,
        };
        if (xhci_trb_type(ret) != TRB_LINK) {
            ring->dequeue += 16;
            return TRUE;
        }
        ring->dequeue = ret->parameter & ~UINT64_C(15);
        ring->cycle ^= (ret->control & TRB_TOGGLE) != 0;
    }
    *ret_bad = TRUE;
    return FALSE;
}
