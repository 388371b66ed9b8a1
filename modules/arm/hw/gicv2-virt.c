/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual interface of a GICv2 (IHI 0048, 5): GICH for the hypervisor, GICV for its guest, which
 * takes it for a CPU interface. List registers are kept in the form of GICv3.
 */
#include "gicv2.h"

#include "modules/arm/gic.h"

#define GICH_HCR   0x000u
#define GICH_VTR   0x004u
#define GICH_VMCR  0x008u
#define GICH_MISR  0x010u
#define GICH_EISR  0x020u
#define GICH_ELRSR 0x030u
#define GICH_APR   0x0f0u
#define GICH_LR    0x100u
#define HCR_BITS   0xf80000ffu
#define VTR_VALUE  ((GIC_N_LISTS - 1) | 4u << 26 | 4u << 29)

#define GICV_CTLR   0x0000u
#define GICV_PMR    0x0004u
#define GICV_BPR    0x0008u
#define GICV_IAR    0x000cu
#define GICV_EOIR   0x0010u
#define GICV_RPR    0x0014u
#define GICV_HPPIR  0x0018u
#define GICV_ABPR   0x001cu
#define GICV_AIAR   0x0020u
#define GICV_AEOIR  0x0024u
#define GICV_AHPPIR 0x0028u
#define GICV_APR    0x00d0u
#define GICV_IIDR   0x00fcu
#define GICV_DIR    0x1000u
#define IIDR        0x0202143bu

/* GICV_CTLR has the low bits of GICH_VMCR. */
#define VMCR_CTLR 0x21fu

/* What the guest and its hypervisor are signalled may have changed. */
static void update(Gicv2 *gic, uint32_t n)
{
    const GicLists *lists = &gic->cpu[n].lists;
    GicBank *bank = &gic->cpu[n].bank;
    GicBest best;
    gboolean signal = gic_lists_signals(lists, &best);
    gboolean fiq = signal && best.group == 0 && lists->fiq_enable;

    gicv2_set_line(gic, n, ARM_IRQ_VIRQ, signal && !fiq);
    gicv2_set_line(gic, n, ARM_IRQ_VFIQ, fiq);
    if (gic_bank_line(bank, ARM_PPI_MAINTENANCE,
                      (lists->hcr & GIC_HCR_EN) && gic_lists_misr(lists) != 0)) {
        gicv2_update_cpu(gic, n);
    }
}

/* State, group, HW, priority; physical number, or EOI and the sender of an SGI; virtual number
 * (5.3.13). */
static uint64_t list_from(uint32_t lr)
{
    return (uint64_t)(lr >> 28 & 3) << 62 | (uint64_t)(lr >> 31) << 61 |
           (uint64_t)(lr >> 30 & 1) << 60 | (uint64_t)(lr >> 23 & 31) << 51 |
           (uint64_t)(lr >> 10 & 0x3ff) << 32 | (lr & 0x3ff);
}

static uint32_t list_to(uint64_t lr)
{
    return (uint32_t)(lr >> 62) << 28 | (uint32_t)(lr >> 61 & 1) << 31 |
           (uint32_t)(lr >> 60 & 1) << 30 | (uint32_t)(lr >> 51 & 31) << 23 |
           (uint32_t)(lr >> 32 & 0x3ff) << 10 | (uint32_t)(lr & 0x3ff);
}

static uint32_t read_hypervisor(const GicLists *lists, uint32_t offset)
{
    switch (offset) {
    case GICH_HCR:
        return lists->hcr;
    case GICH_VTR:
        return VTR_VALUE;
    case GICH_VMCR:
        return gic_lists_vmcr(lists, TRUE);
    case GICH_MISR:
        return gic_lists_misr(lists);
    case GICH_EISR:
        return gic_lists_eisr(lists);
    case GICH_ELRSR:
        return gic_lists_elrsr(lists);
    case GICH_APR:
        return lists->iface.active[0] | lists->iface.active[1];
    default:
        return offset >= GICH_LR && offset < GICH_LR + 4 * GIC_N_LISTS
                   ? list_to(lists->lr[(offset - GICH_LR) / 4])
                   : 0;
    }
}

static uint32_t
hyp_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Gicv2 *gic = opaque;

    (void)width;
    *ret_value = read_hypervisor(&gic->cpu[gicv2_cpu_of(gic, attrs)].lists, (uint32_t)offset);
    return QH_BUS_OK;
}

static uint32_t
hyp_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Gicv2 *gic = opaque;
    uint32_t n = gicv2_cpu_of(gic, attrs);
    GicLists *lists = &gic->cpu[n].lists;

    (void)width;
    if (offset == GICH_HCR) {
        lists->hcr = (uint32_t)value & HCR_BITS;
    } else if (offset == GICH_VMCR) {
        gic_lists_set_vmcr(lists, (uint32_t)value, TRUE);
    } else if (offset == GICH_APR) { /* one register for both groups */
        lists->iface.active[0] = (uint32_t)value;
        lists->iface.active[1] = 0;
    } else if (offset >= GICH_LR && offset < GICH_LR + 4 * GIC_N_LISTS) {
        lists->lr[(offset - GICH_LR) / 4] = list_from((uint32_t)value);
    }
    update(gic, n);
    return QH_BUS_OK;
}

/* What the registers of group 0 (@alias: those of group 1) say of @best in @list. */
static uint32_t shown(const GicLists *lists, const GicBest *best, uint32_t list, gboolean alias)
{
    uint32_t sender = 0;

    if (best->number == GIC_SPURIOUS || (alias && best->group == 0)) {
        return GIC_SPURIOUS;
    }
    if (!alias && best->group == 1 && !lists->ack_control) {
        return GICV2_GROUP_1_PENDING;
    }
    if (best->number < GICV2_N_SGIS && !(lists->lr[list] & GIC_LR_HW)) {
        sender = GIC_LR_PHYSICAL(lists->lr[list]) & 7;
    }
    return sender << 10 | best->number;
}

static uint32_t acknowledge(Gicv2 *gic, uint32_t n, gboolean alias)
{
    GicLists *lists = &gic->cpu[n].lists;
    uint32_t list = 0, value;
    GicBest best;

    if (!gic_lists_signals(lists, &best)) {
        return GIC_SPURIOUS;
    }
    best = gic_lists_best(lists, &list);
    value = shown(lists, &best, list, alias);
    if ((value & 0x3ff) < GIC_SPI_END) {
        gic_lists_take(lists, list, &best);
        update(gic, n);
    }
    return value;
}

static uint32_t read_guest(Gicv2 *gic, uint32_t n, uint32_t offset, gboolean peek)
{
    GicLists *lists = &gic->cpu[n].lists;
    gboolean alias = offset == GICV_AIAR || offset == GICV_AHPPIR;
    uint32_t list = 0;
    GicBest best;

    switch (offset) {
    case GICV_CTLR:
        return gic_lists_vmcr(lists, TRUE) & VMCR_CTLR;
    case GICV_PMR:
        return lists->iface.pmr;
    case GICV_BPR:
        return lists->iface.bpr[0];
    case GICV_ABPR:
        return gic_bpr(&lists->iface, 1);
    case GICV_IAR:
    case GICV_AIAR:
        if (!peek) {
            return acknowledge(gic, n, alias);
        }
        /* fall through */
    case GICV_HPPIR:
    case GICV_AHPPIR:
        best = gic_lists_best(lists, &list);
        return shown(lists, &best, list, alias);
    case GICV_RPR:
        return MIN(gic_running(&lists->iface), 0xffu);
    case GICV_APR:
        return lists->iface.active[0] | lists->iface.active[1];
    case GICV_IIDR:
        return IIDR;
    default:
        return 0;
    }
}

static uint32_t
guest_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Gicv2 *gic = opaque;

    (void)width;
    *ret_value =
        read_guest(gic, gicv2_cpu_of(gic, attrs), (uint32_t)offset, (attrs & QH_ATTR_DEBUG) != 0);
    return QH_BUS_OK;
}

static uint32_t
guest_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Gicv2 *gic = opaque;
    uint32_t n = gicv2_cpu_of(gic, attrs);
    GicLists *lists = &gic->cpu[n].lists;
    uint32_t number = (uint32_t)value & 0x3ff;
    GicEnded ended = {0};

    (void)width;
    switch (offset) {
    case GICV_CTLR:
        gic_lists_set_vmcr(
            lists, (gic_lists_vmcr(lists, TRUE) & ~VMCR_CTLR) | ((uint32_t)value & VMCR_CTLR),
            TRUE);
        break;
    case GICV_PMR:
        lists->iface.pmr = (uint32_t)value & GIC_PRIORITY_MASK;
        break;
    case GICV_BPR:
        gic_set_bpr(&lists->iface, 0, (uint32_t)value);
        break;
    case GICV_ABPR:
        gic_set_bpr(&lists->iface, 1, (uint32_t)value);
        break;
    case GICV_EOIR:
        ended = gic_lists_end(lists, 2, number);
        break;
    case GICV_AEOIR:
        ended = gic_lists_end(lists, 1, number);
        break;
    case GICV_DIR:
        ended = gic_lists_deactivate(lists, number);
        break;
    case GICV_APR:
        lists->iface.active[0] = (uint32_t)value;
        lists->iface.active[1] = 0;
        break;
    default:
        break;
    }
    if (ended.deactivate && ended.physical < GIC_SPI_END) {
        gicv2_deactivate(gic, n, ended.physical);
    }
    update(gic, n);
    return QH_BUS_OK;
}

#define IO(read_, write_)                                                                          \
    {                                                                                              \
        .size = sizeof(QhIoOps), .flags = QH_IO_SPLIT, .min_size = 4, .max_size = 4,               \
        .read = (read_), .write = (write_),                                                        \
    }
const QhIoOps gicv2_hypervisor_io = IO(hyp_read, hyp_write);
const QhIoOps gicv2_guest_io = IO(guest_read, guest_write);
