/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the virt board takes from modules of their own: PCI Express. A board without it still boots,
 * and who asks for a device on such a bus is told that there is none.
 */
#include "modules/riscv/virt.h"

/* TRUE, with *@ret_device NULL, when nobody offers class @klass. */
static gboolean create_optional(
    RvVirt *virt, const char *klass, const char *id, QhInstance **ret_device, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
    g_autoptr(GError) why = NULL;

    *ret_device = services->device->create(virt->base.machine, klass, id, &why);
    if (*ret_device != NULL || g_error_matches(why, QH_ERROR, QH_ERROR_NO_SLOT)) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean
set_number(RvVirt *virt, QhInstance *device, const char *property, uint64_t value, GError **error)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

    return rv_virt_services(virt)->device->set(device, property, text, error);
}

/* Behind RAM, at a multiple of its size; a 32-bit hart has a fixed place in its 34 bits. */
static void place_high_window(RvVirt *virt)
{
    if (virt->xlen == 32) {
        virt->pcie_high_bytes = UINT64_C(4) << 30;
        virt->pcie_high = UINT64_C(0x300000000);
        return;
    }
    uint64_t end = RV_VIRT_RAM + virt->ram_bytes;

    virt->pcie_high_bytes = UINT64_C(16) << 30;
    virt->pcie_high = (end + virt->pcie_high_bytes - 1) & ~(virt->pcie_high_bytes - 1);
}

gboolean rv_virt_create_fw_cfg(RvVirt *virt, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
    QhInstance *device;

    if (!create_optional(virt, "fw_cfg_mem", "fw_cfg", &device, error)) {
        return FALSE;
    }
    virt->has_fw_cfg = device != NULL;
    return device == NULL ||
           (services->device->realize(device, error) &&
            services->device->map(device, 0, services->mem->system(virt->base.machine),
                                  RV_VIRT_FW_CFG, error));
}

/* What bank @n holds: the machine's pflashN=NODE, or -drive if=pflash,unit=N; NULL: nothing. */
static const char *flash_drive(const RvVirt *virt, uint32_t n)
{
    const RvServices *services = rv_virt_services(virt);
    const QhBlock *block;

    if (virt->flash_node[n] != NULL) {
        return virt->flash_node[n];
    }
    block = services->block->drive(services->host, "pflash", n);
    return block != NULL ? services->block->name(block) : NULL;
}

static gboolean create_bank(RvVirt *virt, uint32_t n, gboolean *ret_exists, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
    g_autofree char *id = g_strdup_printf("virt.flash%u", n);
    const char *drive = flash_drive(virt, n);
    QhInstance *bank;

    if (!create_optional(virt, "cfi.pflash01", id, &bank, error)) {
        return FALSE;
    }
    *ret_exists = bank != NULL;
    if (bank == NULL) {
        return TRUE;
    }
    virt->flash_filled |= n == 0 && drive != NULL;
    return (drive == NULL || services->device->set(bank, "drive", drive, error)) &&
           services->device->set(bank, "name", id, error) &&
           services->device->realize(bank, error) &&
           services->device->map(bank, 0, services->mem->system(virt->base.machine),
                                 RV_VIRT_FLASH + n * RV_VIRT_FLASH_BYTES, error);
}

gboolean rv_virt_create_flash(RvVirt *virt, GError **error)
{
    virt->has_flash = TRUE;
    for (uint32_t n = 0; n < RV_VIRT_N_FLASH && virt->has_flash; n++) {
        if (!create_bank(virt, n, &virt->has_flash, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean rv_virt_create_pcie(RvVirt *virt, QhInstance *plic, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
    QhInstance *host;

    if (!create_optional(virt, "gpex-pcihost", "pcie-host", &host, error)) {
        return FALSE;
    }
    if (host == NULL) {
        return TRUE;
    }
    place_high_window(virt);
    if (!set_number(virt, host, "mmio-base", RV_VIRT_PCIE_MMIO, error) ||
        !set_number(virt, host, "mmio-size", RV_VIRT_PCIE_MMIO_BYTES, error) ||
        !set_number(virt, host, "high-mmio-base", virt->pcie_high, error) ||
        !set_number(virt, host, "high-mmio-size", virt->pcie_high_bytes, error) ||
        !set_number(virt, host, "pio-base", RV_VIRT_PCIE_PIO, error) ||
        !set_number(virt, host, "pio-size", RV_VIRT_PCIE_PIO_BYTES, error) ||
        !services->device->realize(host, error) ||
        !services->device->map(host, 0, services->mem->system(virt->base.machine),
                               RV_VIRT_PCIE_ECAM, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < RV_VIRT_PCIE_LINES; i++) {
        services->device->connect(host, i, services->device->irq_in(plic, RV_VIRT_PCIE_IRQ + i));
    }
    virt->has_pcie = TRUE;
    return TRUE;
}
