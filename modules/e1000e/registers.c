/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The register window (chapter 10), and the port window through which it can be reached, too. */
#include "modules/e1000e/e1000e.h"

#include <string.h>

/* Registers as their bits say, and what is left of a write. */
static const struct {
    uint16_t offset;
    uint32_t writable;
} plain[] = {
    {REG_RDBAL,               0xfffffff0      },
    {REG_RDBAL + REG_QUEUE_1, 0xfffffff0      },
    {REG_TDBAL,               0xfffffff0      },
    {REG_TDBAL + REG_QUEUE_1, 0xfffffff0      },
    {REG_RDLEN,               0x000fff80      },
    {REG_RDLEN + REG_QUEUE_1, 0x000fff80      },
    {REG_TDLEN,               0x000fff80      },
    {REG_TDLEN + REG_QUEUE_1, 0x000fff80      },
    {REG_RDH,                 0x0000ffff      },
    {REG_RDH + REG_QUEUE_1,   0x0000ffff      },
    {REG_TDH,                 0x0000ffff      },
    {REG_TDH + REG_QUEUE_1,   0x0000ffff      },
    {REG_RDT,                 0x0000ffff      },
    {REG_RDT + REG_QUEUE_1,   0x0000ffff      },
    {REG_TDT,                 0x0000ffff      },
    {REG_TDT + REG_QUEUE_1,   0x0000ffff      },
    {REG_EIAC,                0x01f00000      },
    {REG_VET,                 0x0000ffff      },
    {REG_STATUS,              STATUS_PHY_RESET},
};

static gboolean is_statistic(uint32_t offset)
{
    return offset >= REG_STATS && offset < REG_STATS_END;
}

static uint32_t read_register(E1000e *e, uint32_t offset)
{
    uint32_t value;

    if (offset >= REG_END) {
        return 0;
    }
    switch (offset) {
    case REG_ICR:
        return e1000e_read_icr(e);
    case REG_ICS:
    case REG_IMC:
        return 0;
    default:
        value = REG(e, offset);
        if (is_statistic(offset)) { /* 10.2.7: reading clears */
            REG(e, offset) = 0;
        }
        return value;
    }
}

static void write_ctrl(E1000e *e, uint32_t value)
{
    if ((value & CTRL_RESET) != 0) {
        e1000e_master_reset(e);
        return;
    }
    if ((value & CTRL_PHY_RESET) != 0) {
        e1000e_phy_reset(e);
        REG(e, REG_STATUS) |= STATUS_PHY_RESET;
    }
    REG(e, REG_CTRL) = value & ~CTRL_PHY_RESET;
    if ((value & CTRL_MASTER_DISABLE) != 0) { /* 10.2.2.1: nothing is ever pending */
        REG(e, REG_STATUS) &= ~STATUS_MASTER;
    } else {
        REG(e, REG_STATUS) |= STATUS_MASTER;
    }
}

static void write_eecd(E1000e *e, uint32_t value)
{
    uint32_t kept = REG(e, REG_EECD) & (EECD_PRESENT | EECD_READ_DONE);

    value &= ~(EECD_PRESENT | EECD_READ_DONE | EECD_GRANT | 3u << 15);
    REG(e, REG_EECD) = value | kept | ((value & EECD_REQUEST) != 0 ? EECD_GRANT : 0);
}

static void write_plain(E1000e *e, uint32_t offset, uint32_t value)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(plain); i++) {
        if (plain[i].offset == offset) {
            REG(e, offset) = (value & plain[i].writable) |
                             (offset == REG_STATUS ? REG(e, offset) & ~plain[i].writable : 0);
            return;
        }
    }
    REG(e, offset) = value;
}

static void write_register(E1000e *e, uint32_t offset, uint32_t value)
{
    if (offset >= REG_END || is_statistic(offset)) {
        return;
    }
    switch (offset) {
    case REG_CTRL:
    case REG_CTRL + 4: /* the same again */
        write_ctrl(e, value);
        break;
    case REG_EECD:
        write_eecd(e, value);
        break;
    case REG_EERD:
        e1000e_write_eerd(e, value);
        break;
    case REG_MDIC:
        e1000e_write_mdic(e, value);
        break;
    case REG_ICR:
        e1000e_clear_icr(e, value);
        break;
    case REG_ICS:
        e->sent &= ~value;
        e1000e_raise(e, value);
        break;
    case REG_IMS:
        e1000e_enable_causes(e, value);
        break;
    case REG_IMC:
        REG(e, REG_IMS) &= ~value;
        e1000e_update_interrupt(e);
        break;
    default:
        write_plain(e, offset, value);
        break;
    }
    switch (offset) {
    case REG_RCTL:
    case REG_RDT:
        e1000e_receive_ready(e);
        break;
    case REG_TDT:
    case REG_TDT + REG_QUEUE_1:
        e1000e_transmit(e, offset == REG_TDT ? 0 : 1);
        break;
    case REG_TCTL:
        e1000e_transmit_all(e);
        break;
    default:
        break;
    }
}

static uint32_t
memory_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    uint32_t value = read_register(opaque, (uint32_t)offset & ~3u) >> (8 * (offset & 3));

    (void)attrs;
    *ret_value = width == 4 ? value : value & ((1u << 8 * width) - 1);
    return QH_BUS_OK;
}

static uint32_t
memory_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    (void)attrs;
    if (width == 4) {
        write_register(opaque, (uint32_t)offset, (uint32_t)value);
    }
    return QH_BUS_OK;
}

/* No flash is fitted. */
static uint32_t
flash_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)opaque;
    (void)offset;
    (void)width;
    (void)attrs;
    *ret_value = 0;
    return QH_BUS_OK;
}

static uint32_t
flash_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    (void)opaque;
    (void)offset;
    (void)width;
    (void)attrs;
    (void)value;
    return QH_BUS_OK;
}

/* 10.1.1.5: an address at 0, data at 4. */
static uint32_t
port_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    E1000e *e = opaque;

    (void)width;
    (void)attrs;
    *ret_value = offset == 0   ? e->io_address
                 : offset == 4 ? read_register(e, e->io_address & ~3u)
                               : 0;
    return QH_BUS_OK;
}

static uint32_t
port_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    E1000e *e = opaque;

    (void)width;
    (void)attrs;
    if (offset == 0) {
        e->io_address = (uint32_t)value & 0x1ffff;
    } else if (offset == 4) {
        write_register(e, e->io_address & ~3u, (uint32_t)value);
    }
    return QH_BUS_OK;
}

const QhIoOps e1000e_memory_ops = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = memory_read,
    .write = memory_write,
};
const QhIoOps e1000e_flash_ops = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = flash_read,
    .write = flash_write,
};
const QhIoOps e1000e_io_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 4,
    .read = port_read,
    .write = port_write,
};
