/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the network card. Registers are an array of words, as the guest sees them; those
 * that do something when they are read or written have a row in registers.c. Sections are those of
 * the 82574L datasheet.
 *
 * Frames are gathered from the guest's memory into one buffer, and checked there. Descriptors are
 * read once. A frame that the network cannot take now is left in the ring.
 */
#ifndef E1000E_E1000E_H
#define E1000E_E1000E_H

#include "abi/net.h"
#include "abi/pci.h"
#include "abi/services.h"
#include "modules/e1000e/spec.h"

#define E1000E_WORDS     (REG_END / 4)
#define E1000E_NVM_WORDS 64u
#define E1000E_PHY_WORDS 32u
#define E1000E_PHY_PAGES 4u
#define E1000E_VECTORS   5u
#define E1000E_QUEUES    2u

typedef struct E1000eServices {
    QhHost *host;
    const QhDeviceService *device;
    const QhTimerService *timer;
    const QhLogService *log;
    const QhNetService *net; /* NULL: the host has no networks */
} E1000eServices;

/* What a context descriptor said last (7.2.11). */
typedef struct E1000eContext {
    uint32_t ip, tcp, command, mss; /* its four words */
} E1000eContext;

typedef struct E1000e {
    QhDevice base;
    /* properties */
    QhNet *netdev;
    uint8_t mac[6];
    uint16_t subsystem, subsystem_vendor;
    int32_t bootindex;

    const QhPciService *pci;
    QhTimer *later; /* more to send than one turn takes */
    gboolean attached;
    uint8_t *frame; /* QH_NET_FRAME_MAX bytes, for one at a time */
    uint8_t link_up;
    uint8_t line;

    uint32_t regs[E1000E_WORDS];
    uint16_t nvm[E1000E_NVM_WORDS];
    uint16_t phy[E1000E_PHY_PAGES * E1000E_PHY_WORDS];
    uint16_t phy_page;
    uint32_t sent; /* causes that have been told and not cleared since */
    uint32_t io_address;
    E1000eContext contexts[E1000E_QUEUES];
} E1000e;

#define REG(e, offset) ((e)->regs[(offset) / 4])

static inline const E1000eServices *e1000e_services(const E1000e *e)
{
    return e->base.ctx;
}

void e1000e_guest_error(const E1000e *e, const char *text);
/* Add to a statistics register, which stays at its highest value. */
void e1000e_count(E1000e *e, uint32_t offset, uint32_t n);
void e1000e_count64(E1000e *e, uint32_t offset, uint64_t n); /* a pair of registers */
void e1000e_reset_registers(E1000e *e);

/* interrupt.c */
void e1000e_raise(E1000e *e, uint32_t causes);
void e1000e_update_interrupt(E1000e *e);
uint32_t e1000e_read_icr(E1000e *e);
void e1000e_clear_icr(E1000e *e, uint32_t causes);
void e1000e_enable_causes(E1000e *e, uint32_t causes);

/* phy.c: the PHY and the NVM */
void e1000e_phy_reset(E1000e *e);
void e1000e_show_link(E1000e *e);
void e1000e_write_mdic(E1000e *e, uint32_t value);
void e1000e_nvm_fill(E1000e *e);
void e1000e_write_eerd(E1000e *e, uint32_t value);

/* transmit.c */
void e1000e_transmit(E1000e *e, uint32_t queue);
void e1000e_transmit_all(E1000e *e);
uint16_t e1000e_sum(const uint8_t *data, uint32_t bytes, uint32_t start); /* RFC 1071, folded */

/* receive.c */
extern const QhNetHandlers e1000e_net_handlers;
void e1000e_receive_ready(E1000e *e);

/* registers.c */
extern const QhIoOps e1000e_memory_ops, e1000e_flash_ops, e1000e_io_ops;
void e1000e_master_reset(E1000e *e);

extern const QhDeviceOps e1000e_ops;

#endif
