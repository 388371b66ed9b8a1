/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the arm module offers: the target aarch64, its CPUs and translator, boards and devices.
 * module.json says the same to those who have not loaded the module.
 */
#include "modules/arm/module.h"

#include "abi/module.h"
#include "modules/arm/cpu.h"
#include "modules/arm/hw/hw.h"
#include "modules/support/offer.h"

/* The module's context. An ArmTarget begins with the services, so it serves devices as well. */
typedef struct ArmModule {
    ArmTarget a64;
} ArmModule;

const QhTargetOps arm64_target = {
    .size = sizeof(QhTargetOps),
    .name = "aarch64",
    .description = "Arm, 64 bit",
    .default_cpu = "cortex-a57",
    .address_bits = 64,
    .page_bits = 12,
    .n_mmu_indices = ARM_N_MMU,
    .insn_alignment = 4,
    .nan_rule = QH_NAN_ARM,
    .tininess_before_rounding = 1,
    .elf_machine = 183, /* EM_AARCH64 */
};

#define A64 offsetof(ArmModule, a64)
static const SupportOffer offers[] = {
    {"target",     "aarch64",                QH_TARGET_INTERFACE,     &arm64_target,         A64},
    {"cpu",        "aarch64",                QH_CPU_INTERFACE,        &arm64_cpu_ops,        A64},
    {"translator", "aarch64",                QH_TRANSLATOR_INTERFACE, &arm_translator_ops,   A64},
    {"gdb",        "aarch64",                QH_GDB_INTERFACE,        &arm64_gdb_ops,        A64},
    {"machine",    "aarch64:virt",           QH_MACHINE_INTERFACE,    &arm_virt_machine,     A64},
    {"command",    "query-gic-capabilities", QH_COMMAND_INTERFACE,    &arm_gic_query,        A64},
    {"device",     "arm-gicv2m",             QH_DEVICE_INTERFACE,     &arm_gicv2m_device,    A64},
    {"device",     "arm-gicv3",              QH_DEVICE_INTERFACE,     &arm_gicv3_device,     A64},
    {"device",     "arm-gicv3-its",          QH_DEVICE_INTERFACE,     &arm_gicv3_its_device, A64},
    {"device",     "arm_gic",                QH_DEVICE_INTERFACE,     &arm_gicv2_device,     A64},
    {"device",     "gpio-key",               QH_DEVICE_INTERFACE,     &arm_gpio_key_device,  A64},
    {"device",     "pl011",                  QH_DEVICE_INTERFACE,     &arm_pl011_device,     A64},
    {"device",     "pl031",                  QH_DEVICE_INTERFACE,     &arm_pl031_device,     A64},
    {"device",     "pl061",                  QH_DEVICE_INTERFACE,     &arm_pl061_device,     A64},
};

static gboolean init(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree ArmModule *module = g_new0(ArmModule, 1);

    if (!target_find_services(host, 2, &module->a64.services, error)) {
        return FALSE;
    }
    module->a64.has_el_aa64 = 1;
    if (!support_offer(host, txn, offers, G_N_ELEMENTS(offers), module, error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&module);
    return TRUE;
}

static void fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = init,
    .fini = fini,
};
