/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PHY behind MDIC (8.7, IEEE 802.3 clause 22), whose link is the host's; and the NVM behind
 * EERD (chapter 6): 64 words whose sum is 0xbaba.
 */
#include "modules/e1000e/e1000e.h"

#include <string.h>

enum { PHY_CONTROL = 0, PHY_STATUS = 1, PHY_ID_1 = 2, PHY_ID_2 = 3, PHY_ADVERTISED = 4 };
enum { PHY_PARTNER = 5, PHY_EXPANSION = 6, PHY_1000_CONTROL = 9, PHY_1000_STATUS = 10 };
enum { PHY_EXTENDED = 15, PHY_SPECIFIC_STATUS = 17, PHY_PAGE = 22 };

#define CONTROL_RESET     0x8000u
#define CONTROL_AUTO      0x1000u
#define CONTROL_RESTART   0x0200u
#define STATUS_AUTO_DONE  0x0020u
#define STATUS_UP         0x0004u
#define SPECIFIC_1000_UP  0xac00u /* 1000 Mb/s, full duplex, resolved, link */
#define SPECIFIC_RESOLVED 0x0800u
#define THE_PHY           1u /* its address */

#define NVM_CHECKSUM 0x3fu

/* IEEE 802.3 22.2.4.2, 32.5.3.2: what both ends agree upon while the cable is in. */
void e1000e_show_link(E1000e *e)
{
    gboolean up = e->link_up != 0;

    e->phy[PHY_STATUS] = (uint16_t)(0x7949u | (up ? STATUS_AUTO_DONE | STATUS_UP : 0));
    e->phy[PHY_PARTNER] = up ? 0x45e1 : 0;
    e->phy[PHY_EXPANSION] = up ? 1 : 0;
    e->phy[PHY_1000_STATUS] = up ? 0x3c00 : 0;
    e->phy[PHY_SPECIFIC_STATUS] = up ? SPECIFIC_1000_UP : SPECIFIC_RESOLVED;
    REG(e, REG_STATUS) &= ~STATUS_LINK;
    if (up) {
        REG(e, REG_STATUS) |= STATUS_LINK;
    }
}

void e1000e_phy_reset(E1000e *e)
{
    memset(e->phy, 0, sizeof(e->phy));
    e->phy_page = 0;
    e->phy[PHY_CONTROL] = 0x1140; /* 1000 Mb/s, full duplex, auto-negotiation */
    e->phy[PHY_ID_1] = 0x0141;
    e->phy[PHY_ID_2] = 0x0cb1;
    e->phy[PHY_ADVERTISED] = 0x0de1;
    e->phy[PHY_1000_CONTROL] = 0x0e00;
    e->phy[PHY_EXTENDED] = 0x3000;
    e1000e_show_link(e);
}

/* The registers up to 15, and the page itself, are the same on all pages. */
static uint16_t *phy_register(E1000e *e, uint32_t number)
{
    uint32_t page = number < 16 || number == PHY_PAGE ? 0 : e->phy_page % E1000E_PHY_PAGES;

    return &e->phy[page * E1000E_PHY_WORDS + number % E1000E_PHY_WORDS];
}

static void phy_write(E1000e *e, uint32_t number, uint16_t value)
{
    switch (number) {
    case PHY_CONTROL:
        if ((value & CONTROL_RESET) != 0) {
            e1000e_phy_reset(e);
            return;
        }
        e->phy[PHY_CONTROL] = (uint16_t)(value & ~CONTROL_RESTART);
        if ((value & CONTROL_AUTO) != 0 && (value & CONTROL_RESTART) != 0) {
            e1000e_show_link(e);
            e1000e_raise(e, CAUSE_LINK);
        }
        break;
    case PHY_STATUS:
    case PHY_ID_1:
    case PHY_ID_2:
    case PHY_PARTNER:
    case PHY_EXPANSION:
    case PHY_1000_STATUS:
    case PHY_EXTENDED:
    case PHY_SPECIFIC_STATUS:
        break;
    case PHY_PAGE:
        e->phy_page = value;
        *phy_register(e, number) = value;
        break;
    default:
        *phy_register(e, number) = value;
        break;
    }
}

/* 10.2.2.7 */
void e1000e_write_mdic(E1000e *e, uint32_t value)
{
    uint32_t number = value >> 16 & 31;

    if ((value >> 21 & 31) != THE_PHY) {
        value |= MDIC_ERROR;
    } else if ((value & MDIC_READ) != 0) {
        value = (value & ~0xffffu) | *phy_register(e, number);
    } else if ((value & MDIC_WRITE) != 0) {
        phy_write(e, number, (uint16_t)value);
    }
    REG(e, REG_MDIC) = value | MDIC_READY;
    if ((value & 1u << 29) != 0) {
        e1000e_raise(e, CAUSE_MDIO);
    }
}

void e1000e_nvm_fill(E1000e *e)
{
    uint16_t sum = 0;

    memset(e->nvm, 0, sizeof(e->nvm));
    for (uint32_t i = 0; i < 3; i++) {
        e->nvm[i] = (uint16_t)(e->mac[2 * i] | e->mac[2 * i + 1] << 8);
    }
    e->nvm[0x03] = 0x0420; /* a network card of its own */
    e->nvm[0x08] = 0xe000; /* number of the assembly: nobody's */
    e->nvm[0x0a] = 0x0460;
    e->nvm[0x0b] = e->subsystem;
    e->nvm[0x0c] = e->subsystem_vendor;
    e->nvm[0x0d] = 0x10d3;
    e->nvm[0x0e] = 0x8086;
    e->nvm[0x37] = 0xffff; /* no further address */
    for (uint32_t i = 0; i < NVM_CHECKSUM; i++) {
        sum = (uint16_t)(sum + e->nvm[i]);
    }
    e->nvm[NVM_CHECKSUM] = (uint16_t)(0xbaba - sum);
}

/* 10.2.2.4 */
void e1000e_write_eerd(E1000e *e, uint32_t value)
{
    uint32_t word = value >> 2 & 0x3fff;

    if ((value & EERD_START) == 0) {
        REG(e, REG_EERD) = value & 0xffff;
        return;
    }
    REG(e, REG_EERD) = (value & 0xfffc) | EERD_DONE |
                       (word < E1000E_NVM_WORDS ? (uint32_t)e->nvm[word] << 16 : 0xffff0000u);
}
