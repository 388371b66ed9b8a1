/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zicsr, privileged instructions, cache blocks. What they do is in the helpers. */
#include "modules/riscv/csr.h"
#include "modules/riscv/translate.h"

#define CSR_VL    0xc20u
#define CSR_VLENB 0xc22u

/* Scratch registers and those of the last trap: reading and writing them has no effect besides, so
 * that it needs no helper and does not end the block. */
typedef struct Plain {
    uint32_t number;
    uint32_t slot;
    uint32_t priv;
    uint64_t writable; /* bits */
} Plain;

#define ALL UINT64_MAX
static const Plain plain[] = {
    {0x140, RV_SLOT_SSCRATCH, RV_PRIV_S, ALL         }, /* Priv. "Supervisor Scratch Register" */
    {0x141, RV_SLOT_SEPC,     RV_PRIV_S, ~UINT64_C(1)},
    {0x142, RV_SLOT_SCAUSE,   RV_PRIV_S, ALL         },
    {0x143, RV_SLOT_STVAL,    RV_PRIV_S, ALL         },
    {0x340, RV_SLOT_MSCRATCH, RV_PRIV_M, ALL         }, /* Priv. "Machine Scratch Register" */
    {0x341, RV_SLOT_MEPC,     RV_PRIV_M, ~UINT64_C(1)},
    {0x342, RV_SLOT_MCAUSE,   RV_PRIV_M, ALL         },
    {0x343, RV_SLOT_MTVAL,    RV_PRIV_M, ALL         },
};

/* The row of CSR @number if it may be used so here. Without C the epc registers read with a bit
 * masked, which is left to the helper. */
static const Plain *plain_csr(const RvDis *d, uint32_t number)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(plain); i++) {
        const Plain *row = &plain[i];
        if (row->number == number) {
            gboolean known = d->cpu->ext_s || row->priv == RV_PRIV_M;
            gboolean narrow = (number & 0xff) == 0x41 && !(d->key & RV_KEY_C);
            return known && d->priv >= row->priv && !narrow ? row : NULL;
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
    if (csr->writable != ALL) {
        value = qh_ir_2(d->block, QH_IR_and, QH_TYPE_I64, value, rv_const(d, csr->writable));
    }
    if (!d->is64) {
        value = qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, value);
    }
    qh_ir_set(d->block, QH_TYPE_I64, csr->slot, value);
}

/*
 * sstatus. Kernels change SIE around each critical section and the other fields at each trap and
 * each copy from user space. The state key does not depend on SIE, SPIE and SPP, so these are bits
 * of a slot like any other, but for interrupts that may be waiting for SIE.
 */
#define CSR_SSTATUS 0x100u
#define KEY_FIELDS  (RV_MSTATUS_SUM | RV_MSTATUS_MXR | RV_MSTATUS_FS | RV_MSTATUS_VS)

static gboolean is_sstatus(const RvDis *d, uint32_t number)
{
    return number == CSR_SSTATUS && d->cpu->ext_s && d->priv >= RV_PRIV_S && d->is64;
}

/* SD says what the key knows already (Priv. 3.1.6.6). */
static QhValue sstatus_read(RvDis *d)
{
    QhValue status = qh_ir_get(d->block, QH_TYPE_I64, RV_SLOT_MSTATUS);

    status = qh_ir_2(d->block, QH_IR_and, QH_TYPE_I64, status, rv_const(d, RV_SSTATUS_FIELDS));
    if (d->key & (RV_KEY_FS_DIRTY | RV_KEY_VS_DIRTY)) {
        status = qh_ir_2(d->block, QH_IR_or, QH_TYPE_I64, status, rv_const(d, UINT64_C(1) << 63));
    }
    return status;
}

/* SIE was set: go on, unless an enabled interrupt is pending (trap.c, rv_irq_update). */
static void check_pending(RvDis *d)
{
    QhValue pending = qh_ir_get(d->block, QH_TYPE_I64, RV_SLOT_IRQ_PENDING);
    QhValue none = qh_ir_cmp(d->block, QH_COND_EQ, QH_TYPE_I64, pending, rv_const(d, 0));
    QhValue branch = qh_ir_brc_forward(d->block, none, FALSE);

    rv_call(d, QH_TYPE_NONE, RV_HELPER_ID(irq_look), 0, NULL);
    qh_ir_exit_state(d->block, d->next_pc);
    rv_land(d, branch);
}

/* Write the bits of @mask, whatever they are. */
static gboolean sstatus_write(RvDis *d, uint32_t rd, QhValue value, QhValue mask)
{
    QhValue args[] = {value, mask}, old = rd != 0 ? sstatus_read(d) : 0;

    rv_call(d, QH_TYPE_NONE, RV_HELPER_ID(sstatus_set), G_N_ELEMENTS(args), args);
    rv_set_x(d, rd, old);
    d->next = RV_NEXT_STATE;
    return TRUE;
}

/* Set or clear the bits of the constant @mask, which has none of KEY_FIELDS. */
static gboolean sstatus_flags(RvDis *d, uint32_t rd, gboolean set, uint64_t mask)
{
    QhValue old = rd != 0 ? sstatus_read(d) : 0;
    QhValue status = qh_ir_get(d->block, QH_TYPE_I64, RV_SLOT_MSTATUS);

    mask &= rv_sstatus_writable(d->cpu);
    status = qh_ir_2(d->block, set ? QH_IR_or : QH_IR_and, QH_TYPE_I64, status,
                     rv_const(d, set ? mask : ~mask));
    qh_ir_set(d->block, QH_TYPE_I64, RV_SLOT_MSTATUS, status);
    rv_set_x(d, rd, old);
    if (set && mask & RV_MSTATUS_SIE) {
        check_pending(d);
    }
    return TRUE;
}

/*
 * fflags, frm and fcsr are read, and fflags written, around many a comparison: the flags by
 * operations of their own, frm from the state key (Unpriv. F, "Floating-Point Control and Status
 * Register"). 0: none of these, or mstatus.FS is off.
 */
#define CSR_FFLAGS 1u
#define CSR_FRM    2u
#define CSR_FCSR   3u

static QhValue fp_read(RvDis *d, uint32_t number)
{
    QhBlock *b = d->block;
    uint64_t frm = rv_frm(d);
    QhValue flags;

    if (number < CSR_FFLAGS || number > CSR_FCSR || !rv_fp_on(d)) {
        return 0;
    }
    if (number == CSR_FRM) {
        return rv_const(d, frm);
    }
    flags = qh_ir(b, QH_IR_fp_flags_get, QH_TYPE_I32, 0, 0, 0, 0);
    flags = qh_ir_1(b, QH_IR_zext, QH_TYPE_I64, flags);
    flags = qh_ir_2(b, QH_IR_and, QH_TYPE_I64, flags, rv_const(d, 0x1f));
    return number == CSR_FFLAGS || frm == 0
               ? flags
               : qh_ir_2(b, QH_IR_or, QH_TYPE_I64, flags, rv_const(d, frm << 5));
}

static gboolean flags_write(RvDis *d, uint32_t rd, QhValue value)
{
    QhBlock *b = d->block;
    QhValue old;

    rv_fp_write(d);
    old = rd != 0 ? fp_read(d, CSR_FFLAGS) : 0;
    value = qh_ir_2(b, QH_IR_and, QH_TYPE_I64, value, rv_const(d, 0x1f));
    value = qh_ir_1(b, QH_IR_trunc, QH_TYPE_I32, value);
    qh_ir(b, QH_IR_fp_flags_set, QH_TYPE_I32, 0, value, 0, 0);
    rv_set_x(d, rd, old);
    return TRUE;
}

/* vl and vlenb, which loops over vectors read. FALSE: @number is neither, or VS is Off. */
static gboolean vector_read(RvDis *d, uint32_t rd, uint32_t number)
{
    if (!(d->key & RV_KEY_VS) || (number != CSR_VL && number != CSR_VLENB)) {
        return FALSE;
    }
    if (number == CSR_VL) {
        rv_set_x(d, rd, qh_ir_get(d->block, QH_TYPE_I64, RV_SLOT_VL));
    } else {
        rv_set_x_const(d, rd, d->cpu->vlen / 8u);
    }
    return TRUE;
}

static gboolean csr_read(RvDis *d, uint32_t rd, uint32_t number)
{
    const Plain *csr = plain_csr(d, number);
    QhValue fp = fp_read(d, number);

    if (vector_read(d, rd, number)) {
        return TRUE;
    }
    if (csr != NULL) {
        rv_set_x(d, rd, plain_read(d, csr));
    } else if (fp != 0) {
        rv_set_x(d, rd, fp);
    } else if (is_sstatus(d, number)) {
        rv_set_x(d, rd, sstatus_read(d));
    } else {
        QhValue insn = rv_const32(d, d->insn);
        rv_set_x(d, rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(csr_read), 1, &insn));
    }
    return TRUE;
}

/* A write may change anything that the state key and interrupts depend on. */
static gboolean csr_write(RvDis *d, uint32_t rd, uint32_t number, QhValue value)
{
    const Plain *csr = plain_csr(d, number);

    if (csr != NULL) {
        QhValue old = rd != 0 ? plain_read(d, csr) : 0;
        plain_write(d, csr, value);
        rv_set_x(d, rd, old);
        return TRUE;
    }
    if (number == CSR_FFLAGS && rv_fp_on(d)) {
        return flags_write(d, rd, value);
    }
    if (is_sstatus(d, number)) {
        return sstatus_write(d, rd, value, rv_const(d, ~0ull));
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

/* Set or clear the bits of @mask. */
static gboolean csr_change(RvDis *d, uint32_t rd, uint32_t number, gboolean set, QhValue mask)
{
    QhValue args[] = {rv_const32(d, d->insn), rv_const(d, set ? ~0ull : 0), mask};

    if (is_sstatus(d, number)) {
        return sstatus_write(d, rd, args[1], mask);
    }
    d->next = RV_NEXT_STATE;
    rv_set_x(d, rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(csr_rw), G_N_ELEMENTS(args), args));
    return TRUE;
}

static gboolean change_const(RvDis *d, uint32_t rd, uint32_t number, gboolean set, uint64_t mask)
{
    return is_sstatus(d, number) && !(mask & KEY_FIELDS)
               ? sstatus_flags(d, rd, set, mask)
               : csr_change(d, rd, number, set, rv_const(d, mask));
}

static gboolean change(RvDis *d, const RvArgCsr *a, gboolean set)
{
    uint64_t mask;

    if (a->rs1 == 0) {
        return csr_read(d, a->rd, a->csr);
    }
    return rv_x_const(d, a->rs1, &mask) ? change_const(d, a->rd, a->csr, set, mask)
                                        : csr_change(d, a->rd, a->csr, set, rv_get_x(d, a->rs1));
}

static gboolean change_i(RvDis *d, const RvArgCsrI *a, gboolean set)
{
    return a->imm == 0 ? csr_read(d, a->rd, a->csr) : change_const(d, a->rd, a->csr, set, a->imm);
}

gboolean rv_trans_csrrw(RvDis *d, const RvArgCsr *a)
{
    return csr_write(d, a->rd, a->csr, rv_get_x(d, a->rs1));
}

gboolean rv_trans_csrrs(RvDis *d, const RvArgCsr *a)
{
    return change(d, a, TRUE);
}

gboolean rv_trans_csrrc(RvDis *d, const RvArgCsr *a)
{
    return change(d, a, FALSE);
}

gboolean rv_trans_csrrwi(RvDis *d, const RvArgCsrI *a)
{
    return csr_write(d, a->rd, a->csr, rv_const(d, a->imm));
}

gboolean rv_trans_csrrsi(RvDis *d, const RvArgCsrI *a)
{
    return change_i(d, a, TRUE);
}

gboolean rv_trans_csrrci(RvDis *d, const RvArgCsrI *a)
{
    return change_i(d, a, FALSE);
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
    rv_raise_near(d, RV_CAUSE_BREAKPOINT, d->pc);
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
