/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the riscv module offers: two targets from one source, their CPUs and translator, the board
 * "virt" and its devices. module.json says the same to those who have not loaded the module.
 */
#include "modules/riscv/module.h"

#include "abi/module.h"
#include "modules/riscv/cpu.h"
#include "modules/riscv/hw/hw.h"
#include "modules/support/offer.h"

/* The module's context. An RvTarget begins with the services, so it serves devices as well. */
typedef struct RvModule {
    RvTarget rv32;
    RvTarget rv64;
} RvModule;

const QhTargetOps rv32_target = {
    .size = sizeof(QhTargetOps),
    .name = "riscv32",
    .description = "RISC-V, 32 bit",
    .default_machine = "virt",
    .default_cpu = "rv32",
    .address_bits = 32,
    .page_bits = 12,
    .n_mmu_indices = RV_N_MMU,
    .insn_alignment = 2,
    .nan_rule = QH_NAN_DEFAULT,
    .elf_machine = 243, /* EM_RISCV */
};

const QhTargetOps rv64_target = {
    .size = sizeof(QhTargetOps),
    .name = "riscv64",
    .description = "RISC-V, 64 bit",
    .default_machine = "virt",
    .default_cpu = "rv64",
    .address_bits = 64,
    .page_bits = 12,
    .n_mmu_indices = RV_N_MMU,
    .insn_alignment = 2,
    .nan_rule = QH_NAN_DEFAULT,
    .elf_machine = 243, /* EM_RISCV */
};

#define RV32 offsetof(RvModule, rv32)
#define RV64 offsetof(RvModule, rv64)
static const SupportOffer offers[] = {
    {"target",     "riscv32",             QH_TARGET_INTERFACE,     &rv32_target,             RV32},
    {"target",     "riscv64",             QH_TARGET_INTERFACE,     &rv64_target,             RV64},
    {"cpu",        "riscv32",             QH_CPU_INTERFACE,        &rv32_cpu_ops,            RV32},
    {"cpu",        "riscv64",             QH_CPU_INTERFACE,        &rv64_cpu_ops,            RV64},
    {"translator", "riscv32",             QH_TRANSLATOR_INTERFACE, &rv_translator_ops,       RV32},
    {"translator", "riscv64",             QH_TRANSLATOR_INTERFACE, &rv_translator_ops,       RV64},
    {"gdb",        "riscv32",             QH_GDB_INTERFACE,        &rv32_gdb_ops,            RV32},
    {"gdb",        "riscv64",             QH_GDB_INTERFACE,        &rv64_gdb_ops,            RV64},
    {"machine",    "riscv32:virt",        QH_MACHINE_INTERFACE,    &rv_virt_machine,         RV32},
    {"machine",    "riscv64:virt",        QH_MACHINE_INTERFACE,    &rv_virt_machine,         RV64},
    {"device",     "riscv.aclint.mtimer", QH_DEVICE_INTERFACE,     &rv_aclint_mtimer_device, RV64},
    {"device",     "riscv.aclint.swi",    QH_DEVICE_INTERFACE,     &rv_aclint_swi_device,    RV64},
    {"device",     "riscv.aplic",         QH_DEVICE_INTERFACE,     &rv_aplic_device,         RV64},
    {"device",     "riscv.imsic",         QH_DEVICE_INTERFACE,     &rv_imsic_device,         RV64},
    {"device",     "riscv.sifive.plic",   QH_DEVICE_INTERFACE,     &rv_plic_device,          RV64},
    {"device",     "riscv.sifive.test",   QH_DEVICE_INTERFACE,     &rv_test_device,          RV64},
    {"device",     "goldfish_rtc",        QH_DEVICE_INTERFACE,     &rv_goldfish_rtc_device,  RV64},
};

static gboolean init(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree RvModule *module = g_new0(RvModule, 1);

    if (!target_find_services(host, 0, &module->rv32.services, error)) {
        return FALSE;
    }
    module->rv64.services = module->rv32.services;
    module->rv32.xlen = 32;
    module->rv64.xlen = 64;
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
