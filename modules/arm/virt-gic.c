/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virt board's interrupt controller: a GICv2 with a v2m frame for MSIs, or a GICv3 with an ITS.
 * Its outputs lead to the PEs, the lines of the PEs' timers to its PPIs.
 */
#include "modules/arm/hw/hw.h"
#include "modules/arm/virt.h"

static const uint32_t timer_ppi[ARM_N_TIMERS] = {
    [ARM_TIMER_PHYS] = ARM_PPI_TIMER_PHYS,
    [ARM_TIMER_VIRT] = ARM_PPI_TIMER_VIRT,
    [ARM_TIMER_HYP] = ARM_PPI_TIMER_HYP,
    [ARM_TIMER_HVIRT] = ARM_PPI_TIMER_HVIRT,
};

static QhIrq *ppi(const ArmVirt *virt, uint32_t pe, uint32_t number)
{
    return arm_virt_services(virt)->device->irq_in(virt->board.controller,
                                                   arm_gic_ppi_line(ARM_VIRT_N_SPIS, pe, number));
}

static void connect_cpus(ArmVirt *virt)
{
    const QhDeviceService *service = arm_virt_services(virt)->device;

    for (uint32_t pe = 0; pe < virt->n_cpus; pe++) {
        ArmCpu *cpu = arm_virt_cpu(virt, pe);

        for (uint32_t line = 0; line < ARM_N_IRQ; line++) {
            service->connect(virt->board.controller, ARM_N_IRQ * pe + line,
                             service->cpu_irq(virt->base.machine, pe, line));
        }
        for (uint32_t n = 0; n < ARM_N_TIMERS; n++) {
            cpu->timer_irq[n] = ppi(virt, pe, timer_ppi[n]);
        }
        cpu->pmu_irq = ppi(virt, pe, ARM_PPI_PMU);
    }
}

static gboolean set_counts(ArmVirt *virt, QhInstance *gic, GError **error)
{
    return board_set_number(&virt->board, gic, "num-cpu", virt->n_cpus, error) &&
           board_set_number(&virt->board, gic, "num-irq", ARM_VIRT_N_SPIS + 32, error);
}

/* Window @n of @device at @address. */
static gboolean map(ArmVirt *virt, QhInstance *device, uint32_t n, uint64_t address, GError **error)
{
    return arm_virt_services(virt)->device->map(device, n, virt->board.space, address, error);
}

static gboolean create_v2(ArmVirt *virt, GError **error)
{
    const QhDeviceService *service = arm_virt_services(virt)->device;
    Board *board = &virt->board;
    QhInstance *gic = service->create(virt->base.machine, "arm_gic", "gic", error), *v2m;

    if (gic == NULL || !set_counts(virt, gic, error) ||
        (virt->virtualization &&
         !service->set(gic, "has-virtualization-extensions", "on", error)) ||
        !service->realize(gic, error) || !map(virt, gic, 0, ARM_VIRT_GIC_DIST, error) ||
        !map(virt, gic, 1, ARM_VIRT_GIC_CPU, error) ||
        (virt->virtualization && (!map(virt, gic, 2, ARM_VIRT_GIC_HYP, error) ||
                                  !map(virt, gic, 3, ARM_VIRT_GIC_VCPU, error)))) {
        return FALSE;
    }
    board->controller = gic;
    v2m = service->create(virt->base.machine, "arm-gicv2m", "gicv2m", error);
    if (v2m == NULL || !board_set_number(board, v2m, "base-spi", ARM_VIRT_V2M_IRQ + 32, error) ||
        !board_set_number(board, v2m, "num-spi", ARM_VIRT_N_V2M, error) ||
        !service->realize(v2m, error) || !map(virt, v2m, 0, ARM_VIRT_GIC_V2M, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < ARM_VIRT_N_V2M; i++) {
        board_connect(board, v2m, i, ARM_VIRT_V2M_IRQ + i);
    }
    return TRUE;
}

static gboolean create_its(ArmVirt *virt, QhInstance *gic, GError **error)
{
    const QhDeviceService *service = arm_virt_services(virt)->device;
    QhInstance *its = service->create(virt->base.machine, "arm-gicv3-its", "its", error);

    if (its == NULL || !service->realize(its, error) ||
        !map(virt, its, 0, ARM_VIRT_GIC_ITS, error)) {
        return FALSE;
    }
    arm_gicv3_its_connect(service->state(its), service->state(gic));
    return TRUE;
}

static gboolean create_v3(ArmVirt *virt, GError **error)
{
    const QhDeviceService *service = arm_virt_services(virt)->device;
    QhInstance *gic = service->create(virt->base.machine, "arm-gicv3", "gic", error);

    if (gic == NULL || !set_counts(virt, gic, error) ||
        !service->set(gic, "has-lpi", virt->its ? "on" : "off", error) ||
        !service->realize(gic, error) || !map(virt, gic, 0, ARM_VIRT_GIC_DIST, error) ||
        !map(virt, gic, 1, ARM_VIRT_GIC_REDIST, error)) {
        return FALSE;
    }
    virt->board.controller = gic;
    for (uint32_t pe = 0; pe < virt->n_cpus; pe++) {
        arm_gicv3_connect(service->state(gic), pe, arm_virt_cpu(virt, pe));
    }
    return !virt->its || create_its(virt, gic, error);
}

gboolean arm_virt_create_gic(ArmVirt *virt, GError **error)
{
    if (!(virt->gic_v3 ? create_v3(virt, error) : create_v2(virt, error))) {
        return FALSE;
    }
    connect_cpus(virt);
    return TRUE;
}
