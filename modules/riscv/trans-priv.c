/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zicsr, privileged instructions, cache blocks. What they do is in the helpers. */
#include "modules/riscv/translate.h"

/* Scratch registers and those of the last trap: reading and writing them has no effect besides, so
 * that it needs no helper and does not end the block. */
typedef struct Plain {
    uint32_t number;
    uint32_t slot;
    uint32_t priv;
    gboolean writable; /* all bits, as written */
} Plain;

static const Plain plain[] = {
    {0x140, RV_SLOT_SSCRATCH, RV_PRIV_S, TRUE }, /* Priv. "Supervisor Scratch Register" */
    {0x141, RV_SLOT_SEPC,     RV_PRIV_S, FALSE},
    {0x142, RV_SLOT_SCAUSE,   RV_PRIV_S, FALSE},
    {0x143, RV_SLOT_STVAL,    RV_PRIV_S, FALSE},
    {0x340, RV_SLOT_MSCRATCH, RV_PRIV_M, TRUE }, /* Priv. "Machine Scratch Register" */
    {0x341, RV_SLOT_MEPC,     RV_PRIV_M, FALSE},
    {0x342, RV_SLOT_MCAUSE,   RV_PRIV_M, FALSE},
    {0x343, RV_SLOT_MTVAL,    RV_PRIV_M, FALSE},
};

/* The row of CSR @number if it may be used so here. Without C the epc registers read with a bit
 * masked, which is left to the helper. */
static const Plain *plain_csr(const RvDis *d, uint32_t number, gboolean write)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(plain); i++) {
        const Plain *row = &plain[i];
        if (row->number == number) {
            gboolean known = d->cpu->ext_s || row->priv == RV_PRIV_M;
            gboolean narrow = (number & 0xff) == 0x41 && !(d->key & RV_KEY_C);
            return known && d->priv >= row->priv && !narrow && (row->writable || !write) ? row
                                                                                         : NULL;
        }
    }
    return NULL;
}

static QhValue plain_read(RvDis *d, const Plain *csr)
{
    QhValue value = qh_ir_get(d->block, QH_TYPE_I64, csr->slot);

    return d->is64 ? value : qh_ir_1(d->block, QH_IR_ext32s, QH_TYPE_I64, value);
}

static void plain_write(RvDis *d, const Plain *csr, QhValue value)
{
    if (!d->is64) {
        value = qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, value);
    }
    qh_ir_set(d->block, QH_TYPE_I64, csr->slot, value);
}

static gboolean csr_read(RvDis *d, uint32_t rd, uint32_t number)
{
    const Plain *csr = plain_csr(d, number, FALSE);

    if (csr != NULL) {
        rv_set_x(d, rd, plain_read(d, csr));
    } else {
        QhValue insn = rv_const32(d, d->insn);
        rv_set_x(d, rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(csr_read), 1, &insn));
    }
    return TRUE;
}

/* A write may change anything that the state key and interrupts depend on. */
static gboolean csr_write(RvDis *d, uint32_t rd, uint32_t number, QhValue value)
{
    const Plain *csr = plain_csr(d, number, TRUE);

    if (csr != NULL) {
        QhValue old = rd != 0 ? plain_read(d, csr) : 0;
        plain_write(d, csr, value);
        rv_set_x(d, rd, old);
        return TRUE;
    }
    d->next = RV_NEXT_STATE;
    if (rd == 0) { /* then the CSR is not read (Unpriv. Zicsr, table of side effects) */
        QhValue args[] = {rv_const32(d, d->insn), value};
        rv_call(d, QH_TYPE_NONE, RV_HELPER_ID(csr_write), G_N_ELEMENTS(args), args);
    } else {
        QhValue args[] = {rv_const32(d, d->insn), value, rv_const(d, ~0ull)};
        rv_set_x(d, rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(csr_rw), G_N_ELEMENTS(args), args));
    }
    return TRUE;
}

static gboolean csr_change(RvDis *d, uint32_t rd, QhValue value, QhValue mask)
{
    QhValue args[] = {rv_const32(d, d->insn), value, mask};

    d->next = RV_NEXT_STATE;
    rv_set_x(d, rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(csr_rw), G_N_ELEMENTS(args), args));
    return TRUE;
}

gboolean rv_trans_csrrw(RvDis *d, const RvArgCsr *a)
{
    return csr_write(d, a->rd, a->csr, rv_get_x(d, a->rs1));
}

gboolean rv_trans_csrrs(RvDis *d, const RvArgCsr *a)
{
    return a->rs1 == 0 ? csr_read(d, a->rd, a->csr)
                       : csr_change(d, a->rd, rv_const(d, ~0ull), rv_get_x(d, a->rs1));
}

gboolean rv_trans_csrrc(RvDis *d, const RvArgCsr *a)
{
    return a->rs1 == 0 ? csr_read(d, a->rd, a->csr)
                       : csr_change(d, a->rd, rv_const(d, 0), rv_get_x(d, a->rs1));
}

gboolean rv_trans_csrrwi(RvDis *d, const RvArgCsrI *a)
{
    return csr_write(d, a->rd, a->csr, rv_const(d, a->imm));
}

gboolean rv_trans_csrrsi(RvDis *d, const RvArgCsrI *a)
{
    return a->imm == 0 ? csr_read(d, a->rd, a->csr)
                       : csr_change(d, a->rd, rv_const(d, ~0ull), rv_const(d, a->imm));
}

gboolean rv_trans_csrrci(RvDis *d, const RvArgCsrI *a)
{
    return a->imm == 0 ? csr_read(d, a->rd, a->csr)
                       : csr_change(d, a->rd, rv_const(d, 0), rv_const(d, a->imm));
}

gboolean rv_trans_ecall(RvDis *d, const RvArgNone *a)
{
    (void)a;
    rv_raise(d, RV_CAUSE_ECALL_U + d->priv, 0);
    return TRUE;
}

gboolean rv_trans_ebreak(RvDis *d, const RvArgNone *a)
{
    (void)a;
    rv_raise(d, RV_CAUSE_BREAKPOINT, d->pc);
    return TRUE;
}

/* Call a helper that gets the instruction only. */
static void call_insn(RvDis *d, uint32_t helper)
{
    QhValue insn = rv_const32(d, d->insn);

    rv_call(d, QH_TYPE_NONE, helper, 1, &insn);
}

gboolean rv_trans_mret(RvDis *d, const RvArgNone *a)
{
    (void)a;
    call_insn(d, RV_HELPER_ID(mret));
    qh_ir_exit_cpu(d->block);
    d->next = RV_NEXT_DONE;
    return TRUE;
}

gboolean rv_trans_sret(RvDis *d, const RvArgNone *a)
{
    (void)a;
    if (!d->cpu->ext_s) {
        return FALSE;
    }
    call_insn(d, RV_HELPER_ID(sret));
    qh_ir_exit_cpu(d->block);
    d->next = RV_NEXT_DONE;
    return TRUE;
}

gboolean rv_trans_wfi(RvDis *d, const RvArgNone *a)
{
    (void)a;
    call_insn(d, RV_HELPER_ID(wfi));
    d->next = RV_NEXT_STATE;
    return TRUE;
}

gboolean rv_trans_sfence_vma(RvDis *d, const RvArgSfence *a)
{
    if (!d->cpu->ext_s) {
        return FALSE;
    }
    QhValue args[] = {rv_const32(d, d->insn), rv_get_x(d, a->rs1), rv_get_x(d, a->rs2)};
    rv_call(d, QH_TYPE_NONE, RV_HELPER_ID(sfence_vma), G_N_ELEMENTS(args), args);
    d->next = RV_NEXT_STATE;
    return TRUE;
}

/* sinval.vma may take effect at once; then the two fences around it have nothing to do. */
gboolean rv_trans_sinval_vma(RvDis *d, const RvArgSfence *a)
{
    return rv_trans_sfence_vma(d, a);
}

gboolean rv_trans_sfence_w_inval(RvDis *d, const RvArgNone *a)
{
    (void)a;
    call_insn(d, RV_HELPER_ID(sfence_check));
    return TRUE;
}

gboolean rv_trans_sfence_inval_ir(RvDis *d, const RvArgNone *a)
{
    return rv_trans_sfence_w_inval(d, a);
}

static gboolean cache_block(RvDis *d, const RvArgCbo *a, uint32_t helper)
{
    QhValue args[] = {rv_const32(d, d->insn), rv_address(d, a->rs1, 0)};

    rv_call(d, QH_TYPE_NONE, helper, G_N_ELEMENTS(args), args);
    return TRUE;
}

gboolean rv_trans_cbo_manage(RvDis *d, const RvArgCbo *a)
{
    return cache_block(d, a, RV_HELPER_ID(cbo_manage));
}

gboolean rv_trans_cbo_zero(RvDis *d, const RvArgCbo *a)
{
    return cache_block(d, a, RV_HELPER_ID(cbo_zero));
}
