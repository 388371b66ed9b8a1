/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Causes and how they reach the guest (7.4): a level while a cause is pending and enabled, one
 * message, or a message for each of five groups of causes.
 */
#include "modules/e1000e/e1000e.h"

/* 7.4.2: which cause goes with each four bits of IVAR: vector, and a valid bit. */
static const struct {
    uint32_t cause, shift;
} groups[E1000E_VECTORS] = {
    {CAUSE_RX_QUEUE,      0 },
    {CAUSE_RX_QUEUE << 1, 4 },
    {CAUSE_TX_QUEUE,      8 },
    {CAUSE_TX_QUEUE << 1, 12},
    {CAUSE_OTHER,         16},
};

static void send_messages(E1000e *e, uint32_t fresh)
{
    for (uint32_t i = 0; i < E1000E_VECTORS; i++) {
        uint32_t row = REG(e, REG_IVAR) >> groups[i].shift & 15;
        uint32_t cause = fresh & groups[i].cause;

        if (cause == 0 || (row & 8) == 0 || (row & 7) >= E1000E_VECTORS) {
            continue;
        }
        e->sent |= cause;
        (void)e->pci->notify(&e->base, row & 7);
        REG(e, REG_ICR) &= ~(cause & REG(e, REG_EIAC));
        if ((REG(e, REG_CTRL_EXT) & CTRL_EXT_EIAME) != 0) {
            REG(e, REG_IMS) &= ~cause;
        }
    }
}

void e1000e_update_interrupt(E1000e *e)
{
    uint32_t mode = e->pci->interrupt_mode(&e->base);
    uint32_t *icr = &REG(e, REG_ICR);
    uint32_t pending = *icr & REG(e, REG_IMS) & CAUSES;
    uint32_t fresh;
    gboolean level;

    e->sent &= *icr;
    fresh = pending & ~e->sent;
    *icr = pending != 0 ? *icr | CAUSE_ASSERTED : *icr & ~CAUSE_ASSERTED;
    if (mode == QH_PCI_MSIX) {
        send_messages(e, fresh);
    } else if (mode == QH_PCI_MSI && fresh != 0) {
        e->sent |= fresh;
        (void)e->pci->notify(&e->base, 0);
    }
    level = mode == QH_PCI_INTX && pending != 0;
    if (level != (e->line != 0)) {
        e->line = level != FALSE;
        e->pci->set_irq(&e->base, level);
    }
}

void e1000e_raise(E1000e *e, uint32_t causes)
{
    uint32_t *icr = &REG(e, REG_ICR);

    *icr |= causes & CAUSES;
    if ((*icr & REG(e, REG_IMS) & CAUSES_OTHER) != 0) {
        *icr |= CAUSE_OTHER;
    }
    e1000e_update_interrupt(e);
}

/* 10.2.4.1: reading clears what is told, and may mask what IAM says. */
uint32_t e1000e_read_icr(E1000e *e)
{
    uint32_t value = REG(e, REG_ICR);

    if (REG(e, REG_IMS) == 0 || (value & CAUSE_ASSERTED) != 0 ||
        e->pci->interrupt_mode(&e->base) == QH_PCI_MSIX) {
        if ((value & CAUSE_ASSERTED) != 0 && (REG(e, REG_CTRL_EXT) & CTRL_EXT_IAME) != 0) {
            REG(e, REG_IMS) &= ~REG(e, REG_IAM);
        }
        REG(e, REG_ICR) = 0;
        e1000e_update_interrupt(e);
    }
    return value;
}

void e1000e_clear_icr(E1000e *e, uint32_t causes)
{
    if ((REG(e, REG_ICR) & CAUSE_ASSERTED) != 0 && (REG(e, REG_CTRL_EXT) & CTRL_EXT_IAME) != 0) {
        REG(e, REG_IMS) &= ~REG(e, REG_IAM);
    }
    REG(e, REG_ICR) &= ~causes;
    e1000e_update_interrupt(e);
}

/* What is pending among them is told again. */
void e1000e_enable_causes(E1000e *e, uint32_t causes)
{
    REG(e, REG_IMS) |= causes & CAUSES;
    e->sent &= ~causes;
    e1000e_raise(e, 0);
}
