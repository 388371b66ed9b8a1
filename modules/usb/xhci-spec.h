/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the eXtensible Host Controller Interface specification 1.1, by section. */
#ifndef USB_XHCI_SPEC_H
#define USB_XHCI_SPEC_H

/* Where register groups are in the window. */
#define XHCI_AT_OPERATIONAL 0x40u
#define XHCI_AT_PORTS       0x440u
#define XHCI_AT_RUNTIME     0x1000u
#define XHCI_AT_DOORBELLS   0x2000u
#define XHCI_AT_MSIX        0x3000u
#define XHCI_AT_PBA         0x3800u
#define XHCI_WINDOW_BYTES   0x4000u
#define XHCI_AT_PROTOCOLS   0x20u /* extended capabilities */

/* 5.4.1 */
#define CMD_RUN         (1u << 0)
#define CMD_RESET       (1u << 1)
#define CMD_INTERRUPTS  (1u << 2)
#define CMD_LIGHT_RESET (1u << 7)
#define CMD_SAVE        (1u << 8)
#define CMD_RESTORE     (1u << 9)
#define CMD_BITS        0x0c0du /* kept */
/* 5.4.2 */
#define STS_HALTED        (1u << 0)
#define STS_SYSTEM_ERROR  (1u << 2)
#define STS_EVENT         (1u << 3)
#define STS_PORT_CHANGE   (1u << 4)
#define STS_RESTORE_ERROR (1u << 10)
#define STS_ERROR         (1u << 12)
#define STS_CLEARABLE     (STS_SYSTEM_ERROR | STS_EVENT | STS_PORT_CHANGE | STS_RESTORE_ERROR)
/* 5.4.5 */
#define CRCR_CYCLE   (1u << 0)
#define CRCR_STOP    (1u << 1)
#define CRCR_ABORT   (1u << 2)
#define CRCR_RUNNING (1u << 3)
/* 5.4.8 */
#define PORT_CONNECTED      (1u << 0)
#define PORT_ENABLED        (1u << 1)
#define PORT_RESET          (1u << 4)
#define PORT_PLS_SHIFT      5u
#define PORT_PLS            (15u << PORT_PLS_SHIFT)
#define PORT_POWER          (1u << 9)
#define PORT_SPEED_SHIFT    10u
#define PORT_SPEED          (15u << PORT_SPEED_SHIFT)
#define PORT_INDICATOR      (3u << 14)
#define PORT_LINK_WRITE     (1u << 16)
#define PORT_CONNECT_CHANGE (1u << 17)
#define PORT_ENABLE_CHANGE  (1u << 18)
#define PORT_WARM_CHANGE    (1u << 19)
#define PORT_RESET_CHANGE   (1u << 21)
#define PORT_LINK_CHANGE    (1u << 22)
#define PORT_CHANGES        0x00fe0000u
#define PORT_WAKE           (7u << 25)
#define PORT_WARM_RESET     (1u << 31)
#define PLS_U0              0u
#define PLS_U3              3u
#define PLS_DISABLED        4u
#define PLS_RX_DETECT       5u
#define PLS_POLLING         7u
#define PLS_RESUME          15u
/* 5.5.2 */
#define IMAN_PENDING 1u
#define IMAN_ENABLE  2u
#define ERDP_BUSY    8u

/* 6.4.6 */
#define TRB_NORMAL         1u
#define TRB_SETUP          2u
#define TRB_DATA           3u
#define TRB_STATUS         4u
#define TRB_ISOCH          5u
#define TRB_LINK           6u
#define TRB_EVENT_DATA     7u
#define TRB_NO_OP          8u
#define TRB_ENABLE_SLOT    9u
#define TRB_DISABLE_SLOT   10u
#define TRB_ADDRESS_DEVICE 11u
#define TRB_CONFIGURE      12u
#define TRB_EVALUATE       13u
#define TRB_RESET_ENDPOINT 14u
#define TRB_STOP_ENDPOINT  15u
#define TRB_SET_DEQUEUE    16u
#define TRB_RESET_DEVICE   17u
#define TRB_PORT_BANDWIDTH 21u
#define TRB_NO_OP_COMMAND  23u
#define TRB_EVENT_TRANSFER 32u
#define TRB_EVENT_COMMAND  33u
#define TRB_EVENT_PORT     34u
#define TRB_EVENT_HOST     37u
#define TRB_NEC_EVENT      48u
#define TRB_NEC_FIRMWARE   49u

/* control words of TRBs */
#define TRB_CYCLE         (1u << 0)
#define TRB_TOGGLE        (1u << 1) /* link */
#define TRB_ON_SHORT      (1u << 2)
#define TRB_IS_EVENT_DATA (1u << 2) /* transfer event */
#define TRB_CHAIN         (1u << 4)
#define TRB_IOC           (1u << 5)
#define TRB_IMMEDIATE     (1u << 6)
#define TRB_BLOCK_ADDRESS (1u << 9)  /* address device */
#define TRB_DECONFIGURE   (1u << 9)  /* configure endpoint */
#define TRB_DIRECTION_IN  (1u << 16) /* data and status stage */

/* 6.4.5 */
#define CC_SUCCESS         1u
#define CC_BABBLE          3u
#define CC_TRANSACTION     4u
#define CC_TRB             5u
#define CC_STALL           6u
#define CC_RESOURCE        7u
#define CC_NO_SLOTS        9u
#define CC_SLOT_DISABLED   11u
#define CC_EP_DISABLED     12u
#define CC_SHORT           13u
#define CC_PARAMETER       17u
#define CC_CONTEXT_STATE   19u
#define CC_RING_FULL       21u
#define CC_COMMAND_STOPPED 24u
#define CC_COMMAND_ABORTED 25u
#define CC_STOPPED         26u

/* 6.2.2, 6.2.3 */
#define SLOT_DISABLED     0u /* or enabled without a context: told apart by `enabled` below */
#define SLOT_DEFAULT      1u
#define SLOT_ADDRESSED    2u
#define SLOT_CONFIGURED   3u
#define SLOT_ENABLED      4u /* ours: the context says 0 */
#define EP_DISABLED       0u
#define EP_RUNNING        1u
#define EP_HALTED         2u
#define EP_STOPPED        3u
#define EP_ERROR          4u
#define EP_TYPE_ISOCH_OUT 1u
#define EP_TYPE_BULK_OUT  2u
#define EP_TYPE_CONTROL   4u
#define EP_TYPE_ISOCH_IN  5u
#define EP_TYPE_INTR_IN   7u

#endif
