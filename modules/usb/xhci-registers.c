/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers (chapter 5): words of 32 bits; the second half of a 64-bit register sets it going. */
#include "modules/usb/xhci.h"

#define REVISION    0x0100u
#define PORT_STRIDE 16u
#define FRAME_NS    125000

static void set_low(uint64_t *wide, uint32_t value)
{
    *wide = (*wide & ~UINT64_C(0xffffffff)) | value;
}

static void set_high(uint64_t *wide, uint32_t value)
{
    *wide = (*wide & UINT64_C(0xffffffff)) | (uint64_t)value << 32;
}

/* 5.3, and the extended capabilities (7.2): one for each protocol. */
static uint32_t capability(const Xhci *xhci, uint32_t offset)
{
    gboolean second = offset >= XHCI_AT_PROTOCOLS + 16;

    switch (offset) {
    case 0x00:
        return XHCI_AT_OPERATIONAL | REVISION << 16;
    case 0x04:
        return xhci->n_slots | xhci->n_interrupters << 8 | xhci->n_ports << 24;
    case 0x08:
        return 3u << 4; /* event ring segment tables of up to 2^3 entries */
    case 0x10:
        return 1u | XHCI_AT_PROTOCOLS / 4 << 16; /* 64-bit addresses */
    case 0x14:
        return XHCI_AT_DOORBELLS;
    case 0x18:
        return XHCI_AT_RUNTIME;
    case XHCI_AT_PROTOCOLS:
        return 0x02000002u | (xhci->p3 > 0 ? 4u << 8 : 0);
    case XHCI_AT_PROTOCOLS + 4:
    case XHCI_AT_PROTOCOLS + 20:
        return !second || xhci->p3 > 0 ? 0x20425355u : 0; /* "USB " */
    case XHCI_AT_PROTOCOLS + 8:
        return 1u | xhci->p2 << 8;
    case XHCI_AT_PROTOCOLS + 16:
        return xhci->p3 > 0 ? 0x03000002u : 0;
    case XHCI_AT_PROTOCOLS + 24:
        return xhci->p3 > 0 ? (xhci->p2 + 1) | xhci->p3 << 8 : 0;
    default:
        return 0;
    }
}

static uint32_t read_port(const Xhci *xhci, uint32_t offset)
{
    const XhciPort *port;

    if (offset / PORT_STRIDE >= xhci->n_ports) {
        return 0;
    }
    port = &xhci->ports[offset / PORT_STRIDE];
    switch (offset % PORT_STRIDE) {
    case 0:
        return port->portsc;
    case 4:
        return port->portpmsc;
    case 8:
        return port->portli;
    default:
        return port->porthlpmc;
    }
}

static uint32_t read_operational(const Xhci *xhci, uint32_t offset)
{
    switch (offset) {
    case 0x00:
        return xhci->usbcmd;
    case 0x04:
        return xhci->usbsts;
    case 0x08:
        return 1; /* pages of 4 KiB */
    case 0x14:
        return xhci->dnctrl;
    case 0x18: /* the pointer reads as zero */
        return xhci->commands_run != 0 ? CRCR_RUNNING : 0;
    case 0x30:
        return (uint32_t)xhci->dcbaap;
    case 0x34:
        return (uint32_t)(xhci->dcbaap >> 32);
    case 0x38:
        return xhci->config;
    default:
        return 0;
    }
}

static uint32_t read_runtime(const Xhci *xhci, uint32_t offset)
{
    const UsbServices *s = xhci->base.base.ctx;
    const XhciInterrupter *interrupter;

    if (offset < 0x20) {
        int64_t now = s->timer->now(s->host, QH_CLOCK_VIRTUAL);
        return offset == 0 ? (uint32_t)(now / FRAME_NS) & 0x3fff : 0;
    }
    if ((offset - 0x20) / 32 >= xhci->n_interrupters) {
        return 0;
    }
    interrupter = &xhci->interrupters[(offset - 0x20) / 32];
    switch (offset % 32) {
    case 0x00:
        return interrupter->iman;
    case 0x04:
        return interrupter->imod;
    case 0x08:
        return interrupter->erstsz;
    case 0x10:
        return (uint32_t)interrupter->erstba;
    case 0x14:
        return (uint32_t)(interrupter->erstba >> 32);
    case 0x18:
        return (uint32_t)interrupter->erdp;
    case 0x1c:
        return (uint32_t)(interrupter->erdp >> 32);
    default:
        return 0;
    }
}

static uint32_t
window_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const Xhci *xhci = opaque;
    uint32_t at = (uint32_t)offset & ~3u;
    uint32_t value = 0;

    (void)attrs;
    if (at < XHCI_AT_OPERATIONAL) {
        value = capability(xhci, at);
    } else if (at < XHCI_AT_PORTS) {
        value = read_operational(xhci, at - XHCI_AT_OPERATIONAL);
    } else if (at < XHCI_AT_RUNTIME) {
        value = read_port(xhci, at - XHCI_AT_PORTS);
    } else if (at < XHCI_AT_DOORBELLS) {
        value = read_runtime(xhci, at - XHCI_AT_RUNTIME);
    }
    value >>= 8 * (offset & 3);
    *ret_value = width == 4 ? value : value & ((1u << 8 * width) - 1);
    return QH_BUS_OK;
}

static void write_command(Xhci *xhci, uint32_t value)
{
    if ((value & (CMD_RESET | CMD_LIGHT_RESET)) != 0) {
        xhci_reset(xhci);
        return;
    }
    xhci->usbcmd = (xhci->usbcmd & CMD_RUN) | (value & CMD_BITS & ~CMD_RUN);
    xhci_set_run(xhci, (value & CMD_RUN) != 0);
    /* 4.23.2: nothing is kept over a loss of power, so restoring fails, which drivers know of */
    if ((value & CMD_SAVE) != 0) {
        xhci->usbsts &= ~STS_RESTORE_ERROR;
    }
    if ((value & CMD_RESTORE) != 0) {
        xhci->usbsts |= STS_RESTORE_ERROR;
    }
    xhci_send_pending(xhci);
}

/* 5.4.5: nothing is ever half done when the guest looks, so stopping is simple. */
static void write_crcr(Xhci *xhci, uint32_t value)
{
    if (xhci->commands_run != 0) {
        if ((value & (CRCR_STOP | CRCR_ABORT)) != 0) {
            xhci->commands_run = 0;
            xhci_event(xhci, 0, xhci->commands.dequeue, CC_COMMAND_STOPPED << 24,
                       TRB_EVENT_COMMAND << 10);
        }
        return;
    }
    set_low(&xhci->crcr, value);
    xhci->commands.dequeue = xhci->crcr & ~UINT64_C(63);
    xhci->commands.cycle = xhci->crcr & CRCR_CYCLE;
}

static void write_operational(Xhci *xhci, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case 0x00:
        write_command(xhci, value);
        break;
    case 0x04:
        xhci->usbsts &= ~(value & STS_CLEARABLE);
        break;
    case 0x14:
        xhci->dnctrl = value & 0xffff;
        break;
    case 0x18:
        write_crcr(xhci, value);
        break;
    case 0x1c:
        if (xhci->commands_run == 0) {
            set_high(&xhci->crcr, value);
            xhci->commands.dequeue = xhci->crcr & ~UINT64_C(63);
        }
        break;
    case 0x30:
        set_low(&xhci->dcbaap, value & ~63u);
        break;
    case 0x34:
        set_high(&xhci->dcbaap, value);
        break;
    case 0x38:
        xhci->config = value & 0xff;
        break;
    default:
        break;
    }
}

static void write_runtime(Xhci *xhci, uint32_t offset, uint32_t value)
{
    uint32_t n = (offset - 0x20) / 32;
    XhciInterrupter *interrupter;

    if (offset < 0x20 || n >= xhci->n_interrupters) {
        return;
    }
    interrupter = &xhci->interrupters[n];
    switch (offset % 32) {
    case 0x00:
        interrupter->iman = (interrupter->iman & ~value & IMAN_PENDING) | (value & IMAN_ENABLE);
        xhci_send_pending(xhci);
        break;
    case 0x04:
        interrupter->imod = value;
        break;
    case 0x08:
        interrupter->erstsz = value & 0xffff;
        break;
    case 0x10:
        set_low(&interrupter->erstba, value & ~63u);
        break;
    case 0x14:
        set_high(&interrupter->erstba, value);
        xhci_ring_start(xhci, n);
        break;
    case 0x18: {
        uint32_t busy = (uint32_t)interrupter->erdp & ~value & ERDP_BUSY;

        set_low(&interrupter->erdp, (value & ~ERDP_BUSY) | busy);
        break;
    }
    case 0x1c:
        set_high(&interrupter->erdp, value);
        xhci_ring_taken(xhci, n);
        xhci_kick_waiting(xhci);
        if (xhci->command_later != 0) {
            xhci_run_commands(xhci);
        }
        break;
    default:
        break;
    }
}

/* 5.6: slot 0 is the command ring. */
static void ring(Xhci *xhci, uint32_t slot, uint32_t value)
{
    uint32_t endpoint = value & 0xff;

    if (!xhci_is_running(xhci)) {
        return;
    }
    if (slot == 0) {
        if (value == 0) {
            xhci->commands_run = 1;
            xhci_run_commands(xhci);
        }
        return;
    }
    if (slot > xhci->n_slots || endpoint < 1 || endpoint >= XHCI_ENDPOINTS || value >> 16 != 0) {
        xhci_guest_error(xhci, "xhci: a doorbell that there is not");
        return;
    }
    if (xhci->slots[slot].state == SLOT_DISABLED) {
        return;
    }
    if (xhci->slots[slot].endpoints[endpoint].state == EP_STOPPED) {
        xhci_endpoint_state(xhci, slot, endpoint, EP_RUNNING);
    }
    xhci_kick(xhci, slot, endpoint);
}

static uint32_t
window_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Xhci *xhci = opaque;
    uint32_t at = (uint32_t)offset;
    uint32_t word = (uint32_t)value;

    (void)attrs;
    if (width != 4 || (xhci->usbsts & STS_ERROR) != 0) {
        if (width != 4 || at != XHCI_AT_OPERATIONAL) {
            return QH_BUS_OK; /* nothing but a reset helps now */
        }
    }
    if (at >= XHCI_AT_DOORBELLS) {
        if (at < XHCI_AT_DOORBELLS + 4 * (XHCI_SLOTS + 1)) {
            ring(xhci, (at - XHCI_AT_DOORBELLS) / 4, word);
        }
    } else if (at >= XHCI_AT_RUNTIME) {
        write_runtime(xhci, at - XHCI_AT_RUNTIME, word);
    } else if (at >= XHCI_AT_PORTS) {
        uint32_t port = (at - XHCI_AT_PORTS) / PORT_STRIDE;

        if (port < xhci->n_ports) {
            xhci_port_write(xhci, port + 1, at % PORT_STRIDE, word);
        }
    } else if (at >= XHCI_AT_OPERATIONAL) {
        write_operational(xhci, at - XHCI_AT_OPERATIONAL, word);
    }
    return QH_BUS_OK;
}

const QhIoOps xhci_io_ops = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = window_read,
    .write = window_write,
};
