/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers and bits of the Intel 82574L (datasheet 317694, chapters 7 and 10). */
#ifndef E1000E_SPEC_H
#define E1000E_SPEC_H

#define REG_CTRL      0x0000u
#define REG_STATUS    0x0008u
#define REG_EECD      0x0010u
#define REG_EERD      0x0014u
#define REG_CTRL_EXT  0x0018u
#define REG_MDIC      0x0020u
#define REG_VET       0x0038u
#define REG_ICR       0x00c0u
#define REG_ICS       0x00c8u
#define REG_IMS       0x00d0u
#define REG_IMC       0x00d8u
#define REG_EIAC      0x00dcu
#define REG_IAM       0x00e0u
#define REG_IVAR      0x00e4u
#define REG_RCTL      0x0100u
#define REG_TCTL      0x0400u
#define REG_LEDCTL    0x0e00u
#define REG_PBA       0x1000u
#define REG_PSRCTL    0x2170u
#define REG_RDBAL     0x2800u
#define REG_RDBAH     0x2804u
#define REG_RDLEN     0x2808u
#define REG_RDH       0x2810u
#define REG_RDT       0x2818u
#define REG_TDBAL     0x3800u
#define REG_TDBAH     0x3804u
#define REG_TDLEN     0x3808u
#define REG_TDH       0x3810u
#define REG_TDT       0x3818u
#define REG_QUEUE_1   0x0100u /* the second queue's registers lie so much higher */
#define REG_STATS     0x4000u
#define REG_MPC       0x4010u
#define REG_GPRC      0x4074u
#define REG_BPRC      0x4078u
#define REG_MPRC      0x407cu
#define REG_GPTC      0x4080u
#define REG_GORCL     0x4088u
#define REG_GOTCL     0x4090u
#define REG_RNBC      0x40a0u
#define REG_TORL      0x40c0u
#define REG_TOTL      0x40c8u
#define REG_TPR       0x40d0u
#define REG_TPT       0x40d4u
#define REG_MPTC      0x40f0u
#define REG_BPTC      0x40f4u
#define REG_TSCTC     0x40f8u
#define REG_STATS_END 0x4128u
#define REG_RXCSUM    0x5000u
#define REG_RFCTL     0x5008u
#define REG_MTA       0x5200u
#define REG_RAL       0x5400u
#define REG_RAH       0x5404u
#define REG_VFTA      0x5600u
#define REG_END       0x6000u /* nothing but zeroes from here on */

#define CTRL_MASTER_DISABLE (1u << 2)
#define CTRL_LINK_UP        (1u << 6)
#define CTRL_RESET          (1u << 26)
#define CTRL_VLAN           (1u << 30)
#define CTRL_PHY_RESET      (1u << 31)
#define STATUS_DUPLEX       (1u << 0)
#define STATUS_LINK         (1u << 1)
#define STATUS_1000         (2u << 6)
#define STATUS_PHY_RESET    (1u << 10)
#define STATUS_MASTER       (1u << 19)
#define EECD_REQUEST        (1u << 6)
#define EECD_GRANT          (1u << 7)
#define EECD_PRESENT        (1u << 8)
#define EECD_READ_DONE      (1u << 9)
#define EERD_START          (1u << 0)
#define EERD_DONE           (1u << 1)
#define CTRL_EXT_EE_RESET   (1u << 13)
#define CTRL_EXT_EIAME      (1u << 24)
#define CTRL_EXT_IAME       (1u << 27)
#define MDIC_WRITE          (1u << 26)
#define MDIC_READ           (2u << 26)
#define MDIC_READY          (1u << 28)
#define MDIC_ERROR          (1u << 30)

/* Interrupt causes (10.2.4.1). */
#define CAUSE_TX_DONE  (1u << 0)
#define CAUSE_TX_EMPTY (1u << 1)
#define CAUSE_LINK     (1u << 2)
#define CAUSE_RX_LOW   (1u << 4)
#define CAUSE_RX_OVER  (1u << 6)
#define CAUSE_RX_TIMER (1u << 7)
#define CAUSE_MDIO     (1u << 9)
#define CAUSE_RX_QUEUE (1u << 20) /* and 21 */
#define CAUSE_TX_QUEUE (1u << 22) /* and 23 */
#define CAUSE_OTHER    (1u << 24)
#define CAUSE_ASSERTED (1u << 31)
#define CAUSES_OTHER   (CAUSE_LINK | CAUSE_RX_OVER | CAUSE_MDIO | 7u << 16)
#define CAUSES         0x01f7ffffu

#define RCTL_ENABLE      (1u << 1)
#define RCTL_UNICAST     (1u << 3)
#define RCTL_MULTICAST   (1u << 4)
#define RCTL_LONG        (1u << 5)
#define RCTL_SPLIT       (1u << 10)
#define RCTL_BROADCAST   (1u << 15)
#define RCTL_VLAN_FILTER (1u << 18)
#define RCTL_STRIP_CRC   (1u << 26)
#define TCTL_ENABLE      (1u << 1)
#define RFCTL_EXTENDED   (1u << 15)
#define RAH_VALID        (1u << 31)

/* Receive status (7.1.4). */
#define RX_DONE    (1u << 0)
#define RX_END     (1u << 1)
#define RX_NO_SUM  (1u << 2)
#define RX_VLAN    (1u << 3)
#define RX_UDP_SUM (1u << 4)
#define RX_TCP_SUM (1u << 5)
#define RX_IP_SUM  (1u << 6)

/* Transmit commands, in the third word (7.2.10). */
#define TX_END       (1u << 24)
#define TX_SUM       (1u << 26) /* legacy: insert a checksum; extended: segment */
#define TX_SEGMENT   (1u << 26)
#define TX_REPORT    (1u << 27)
#define TX_EXTENDED  (1u << 29)
#define TX_VLAN      (1u << 30)
#define TX_TYPE      (15u << 20)
#define TX_TYPE_DATA (1u << 20)
#define TX_TCP       (1u << 24) /* of a context */
#define TX_IPV4      (1u << 25)
#define TX_POPTS_IP  (1u << 8)
#define TX_POPTS_TCP (1u << 9)

#endif
