/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IR validator: a good program of every shape, and a bad one for each rule. */
#include "toy.h"

#include <string.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))

static const QhIrContext context = {
    .state_size = sizeof(Toy),
    .translator = &toy_translator,
    .address_bits = 64,
    .n_mmu_indices = 2,
};

static gboolean validate(const QhIrRecord *records, uint32_t n, GError **error)
{
    QhIrContext full = context;

    full.state = toy_state_table();
    return qh_ir_validate(&full, records, n, error);
}

/* Values of each type, at fixed indices, that bad records refer to. */
enum { V_I64, V_I32, V_B1, V_F32, V_F64, V_V128, V_V64, V_I128, V_NONE, N_PRELUDE };
static const QhIrRecord prelude[N_PRELUDE] = {
    {QH_IR_const,      QH_TYPE_I64,  0, 0, 1, 2},
    {QH_IR_const,      QH_TYPE_I32,  0, 0, 1, 0},
    {QH_IR_const,      QH_TYPE_B1,   0, 0, 1, 0},
    {QH_IR_const,      QH_TYPE_F32,  0, 0, 1, 0},
    {QH_IR_const,      QH_TYPE_F64,  0, 0, 1, 0},
    {QH_IR_const,      QH_TYPE_V128, 0, 0, 1, 1},
    {QH_IR_const,      QH_TYPE_V64,  0, 0, 1, 1},
    {QH_IR_const,      QH_TYPE_I128, 0, 0, 1, 1},
    {QH_IR_insn_start, QH_TYPE_NONE, 0, 0, 0, 0},
};
static const QhIrRecord terminal = {QH_IR_exit_cpu, QH_TYPE_NONE, 0, 0, 0, 0};

typedef struct Case {
    const char *name;
    const char *expect;    /* part of the message; NULL: it is good */
    QhIrRecord records[3]; /* after the prelude; the terminal follows */
    uint32_t n;
} Case;

#define I32 QH_TYPE_I32
#define I64 QH_TYPE_I64
#define NIL QH_TYPE_NONE
static const Case cases[] = {
    {"add",            NULL,                   {{QH_IR_add, I64, 0, V_I64, V_I64, 0}},                                                   1},
    {"insn-far",       "65536 bytes from",     {{QH_IR_insn_start, NIL, 0, 65536, 0, 0}},                                                1},
    {"unknown-op",     "operation 0x1f",       {{0x1f, I64, 0, 0, 0, 0}},                                                                1},
    {"huge-op",        "operation 0xffff",     {{0xffff, I64, 0, 0, 0, 0}},                                                              1},
    {"add-f64",        "type f64",             {{QH_IR_add, QH_TYPE_F64, 0, V_F64, V_F64, 0}},                                           1},
    {"type-range",     "type ?",               {{QH_IR_add, 77, 0, V_I64, V_I64, 0}},                                                    1},
    {"add-i8",         "type i8",              {{QH_IR_mov, QH_TYPE_I8, 0, V_I64, 0, 0}},                                                1},
    {"operand-type",   "is i32, not i64",      {{QH_IR_add, I64, 0, V_I64, V_I32, 0}},                                                   1},
    {"itself",         "not defined before",   {{QH_IR_add, I64, 0, V_I64, N_PRELUDE, 0}},                                               1},
    {"later",          "not defined before",   {{QH_IR_add, I64, 0, 4000000000u, V_I64, 0}},                                             1},
    {"no-value",       "makes no value",       {{QH_IR_add, I64, 0, V_I64, V_NONE, 0}},                                                  1},
    {"unused-operand", "is unused",            {{QH_IR_neg, I64, 0, V_I64, 7, 0}},                                                       1},
    {"nop-type",       "type i64",             {{QH_IR_nop, I64, 0, 0, 0, 0}},                                                           1},
    {"add-flags",      "flags 0x1",            {{QH_IR_add, I64, 1, V_I64, V_I64, 0}},                                                   1},
    {"shift-flags",    "flags 0x2",            {{QH_IR_shl, I64, 2, V_I64, V_I64, 0}},                                                   1},
    {"cmp-good",       NULL,                   {{QH_IR_cmp, I64, QH_COND_GTU, V_I64, V_I64, 0}},                                         1},
    {"cmp-flags",      "flags 0xa",            {{QH_IR_cmp, I64, 10, V_I64, V_I64, 0}},                                                  1},
    {"div-flags",      "flags 0x2",            {{QH_IR_divu, I64, 2, V_I64, V_I64, 0}},                                                  1},
    {"rounding",       "flags 0x6",            {{QH_IR_fadd, QH_TYPE_F64, 6, V_F64, V_F64, 0}},                                          1},
    {"fma-good",       NULL,                   {{QH_IR_ffma, QH_TYPE_F64, 0x1c, V_F64, V_F64, V_F64}},                                   1},
    {"fma-flags",      "flags 0x26",           {{QH_IR_ffma, QH_TYPE_F64, 0x26, V_F64, V_F64, V_F64}},                                   1},
    {"fcmp-flags",     "flags 0x4",            {{QH_IR_fcmp, QH_TYPE_F64, 4, V_F64, V_F64, 0}},                                          1},
    {"fto-good",       NULL,                   {{QH_IR_fto_s, I32, 0x12, V_F64, 0, 0}},                                                  1},
    {"fto-flags",      "flags 0x20",           {{QH_IR_fto_s, I32, 0x20, V_F64, 0, 0}},                                                  1},
    {"fto-arm",        NULL,                   {{QH_IR_fto_s, I32, 0x0a, V_F64, 0, 0}},                                                  1},
    {"fto-both",       "flags 0x18",           {{QH_IR_fto_s, I32, 0x18, V_F64, 0, 0}},                                                  1},
    {"fto-type",       "type i64",             {{QH_IR_fto_s, I64, 0, V_I64, 0, 0}},                                                     1},
    {"ffrom-type",     "type f64",             {{QH_IR_ffrom_s, QH_TYPE_F64, 0, V_F64, 0, 0}},                                           1},
    {"f32to64-type",   "type f64",             {{QH_IR_f32to64, QH_TYPE_F64, 0, V_F64, 0, 0}},                                           1},
    {"f64to32-type",   "type f64",             {{QH_IR_f64to32, QH_TYPE_F64, 0, V_F64, 0, 0}},                                           1},
    {"bits2f-type",    "type f64",             {{QH_IR_bits2f, QH_TYPE_F64, 0, V_I32, 0, 0}},                                            1},
    {"f2bits-type",    "type i32",             {{QH_IR_f2bits, I32, 0, V_F64, 0, 0}},                                                    1},
    {"minmax-flags",   "flags 0x4",            {{QH_IR_fmin, QH_TYPE_F64, 4, V_F64, V_F64, 0}},                                          1},
    {"vf-lane",        "flags 0x0",            {{QH_IR_vfadd, QH_TYPE_V128, 0, V_V128, V_V128, 0}},                                      1},
    {"vf-rounding",    "flags 0x1a",           {{QH_IR_vfadd, QH_TYPE_V128, 0x1a, V_V128, V_V128, 0}},                                   1},
    {"vf-other",       "flags 0x22",           {{QH_IR_vfmul, QH_TYPE_V128, 0x22, V_V128, V_V128, 0}},                                   1},
    {"vf-widen",       "flags 0x3",            {{QH_IR_vfwiden, QH_TYPE_V128, 3, V_V128, 0, 0}},                                         1},
    {"vf-good",        NULL,                   {{QH_IR_vffma, QH_TYPE_V128, 0x63, V_V128, V_V128, V_V128}},                              1},
    {"fcmp-bits-type", "is f32, not f64",      {{QH_IR_fcmp_bits, I64, 0, V_F64, V_F32, 0}},                                             1},
    {"fcmp-bits-good", NULL,                   {{QH_IR_fcmp_bits, I64, 8, V_F64, V_F64, 0}},                                             1},
    {"rmw-flags",      "flags 0x9",            {{QH_IR_atomic_rmw, I64, 9, V_I64, QH_MEM_64, V_I64}},                                    1},
    {"const-bits",     "more bits",            {{QH_IR_const, I32, 0, 0, 1, 1}},                                                         1},
    {"const-pc",       NULL,                   {{QH_IR_const_pc, I64, 0, 0, 1, 2}},                                                      1},
    {"const-pc-32",    "a pc is i64",          {{QH_IR_const_pc, I32, 0, 0, 1, 0}},                                                      1},
    {"const-b1",       "b1 of 2",              {{QH_IR_const, QH_TYPE_B1, 0, 0, 2, 0}},                                                  1},
    {"select-cond",    "is i64, not b1",       {{QH_IR_select, I64, 0, V_I64, V_I64, V_I64}},                                            1},
    {"get-good",       NULL,                   {{QH_IR_get_slot, I64, 0, TOY_X + 1, 0, 0}},                                              1},
    {"get-type",       "is i64, not i32",      {{QH_IR_get_slot, I32, 0, TOY_X, 0, 0}},                                                  1},
    {"get-range",      "slot 44 of 44",        {{QH_IR_get_slot, I64, 0, TOY_N_SLOTS, 0, 0}},                                            1},
    {"get-array",      "is an array",          {{QH_IR_get_slot, I64, 0, TOY_ARRAY, 0, 0}},                                              1},
    {"get-outside",    "outside the state",    {{QH_IR_get_slot, I64, 0, TOY_OUTSIDE, 0, 0}},                                            1},
    {"set-host",       "belongs to the host",  {{QH_IR_set_slot, I64, 0, TOY_HOST, V_I64, 0}},                                           1},
    {"set-type",       "is i32, not i64",      {{QH_IR_set_slot, I64, 0, TOY_X, V_I32, 0}},                                              1},
    {"local-range",    "local 64 of 64",       {{QH_IR_get_local, I64, 0, 64, 0, 0}},                                                    1},
    {"local-type",
     "local 3 is i32",                         {{QH_IR_set_local, I32, 0, 3, V_I32, 0}, {QH_IR_get_local, I64, 0, 3, 0, 0}},
     2                                                                                                                                    },
    {"ldstate-good",   NULL,                   {{QH_IR_ld_state, I64, 0, sizeof(Toy) - 2, QH_MEM_16, 0}},                                1},
    {"ldstate-end",
     "outside the state",                      {{QH_IR_ld_state, I64, 0, sizeof(Toy) - 1, QH_MEM_16, 0}},
     1                                                                                                                                    },
    {"ldstate-wrap",   "outside the state",    {{QH_IR_ld_state, I64, 0, 0xffffffff, QH_MEM_64, 0}},                                     1},
    {"ststate-host",   "belongs to the host",  {{QH_IR_st_state, I64, 0, 8, QH_MEM_64, V_I64}},                                          1},
    {"ldstate-be",
     "of a state access",                      {{QH_IR_ld_state, I64, 0, 64, QH_MEM_64 | QH_MEM_BE, 0}},
     1                                                                                                                                    },
    {"ld-good",
     NULL,                                     {{QH_IR_ld, I64, 0, V_I64, QH_MEM_32 | QH_MEM_SIGNED | QH_MEM_INDEX(1), 0}},
     1                                                                                                                                    },
    {"ld-address",     "is i32, not i64",      {{QH_IR_ld, I64, 0, V_I32, QH_MEM_32, 0}},                                                1},
    {"ld-index",
     "mmu index 2 of 2",                       {{QH_IR_ld, I64, 0, V_I64, QH_MEM_32 | QH_MEM_INDEX(2), 0}},
     1                                                                                                                                    },
    {"ld-wide",        "do not fit",           {{QH_IR_ld, I32, 0, V_I64, QH_MEM_64, 0}},                                                1},
    {"ld-f64-size",    "4 bytes for a f64",    {{QH_IR_ld, QH_TYPE_F64, 0, V_I64, QH_MEM_32, 0}},                                        1},
    {"ld-f64-sign",
     "sign extension",                         {{QH_IR_ld, QH_TYPE_F64, 0, V_I64, QH_MEM_64 | QH_MEM_SIGNED, 0}},
     1                                                                                                                                    },
    {"ld-size",        "no such size",         {{QH_IR_ld, I64, 0, V_I64, 5, 0}},                                                        1},
    {"ld-bits",        "unknown bits",         {{QH_IR_ld, I64, 0, V_I64, QH_MEM_64 | 1u << 12, 0}},                                     1},
    {"ld-align",       "unknown bits",         {{QH_IR_ld, I64, 0, V_I64, QH_MEM_64 | 2u << 5, 0}},                                      1},
    {"ld-b1",          "type b1",              {{QH_IR_ld, QH_TYPE_B1, 0, V_I64, QH_MEM_8, 0}},                                          1},
    {"st-value",       "is f64, not i64",      {{QH_IR_st, I64, 0, V_I64, QH_MEM_64, V_F64}},                                            1},
    {"cas-good",
     NULL,                                     {{QH_IR_ext, NIL, 0, V_I64, 0, 0}, {QH_IR_cas, I64, 0, V_I64, QH_MEM_64, V_I64}},
     2                                                                                                                                    },
    {"cas-no-ext",     "needs one ext",        {{QH_IR_cas, I64, 0, V_I64, QH_MEM_64, V_I64}},                                           1},
    {"cas-ext-type",
     "is i32, not i64",                        {{QH_IR_ext, NIL, 0, V_I32, 0, 0}, {QH_IR_cas, I64, 0, V_I64, QH_MEM_64, V_I64}},
     2                                                                                                                                    },
    {"cas-ext-more",
     "with one operand",                       {{QH_IR_ext, NIL, 0, V_I64, 1, 0}, {QH_IR_cas, I64, 0, V_I64, QH_MEM_64, V_I64}},
     2                                                                                                                                    },
    {"cas-float",
     "type f64",                               {{QH_IR_ext, NIL, 0, V_F64, 0, 0}, {QH_IR_cas, QH_TYPE_F64, 0, V_I64, QH_MEM_64, V_F64}},
     2                                                                                                                                    },
    {"ext-stray",
     "takes no ext",                           {{QH_IR_ext, NIL, 0, V_I64, 0, 0}, {QH_IR_add, I64, 0, V_I64, V_I64, 0}},
     2                                                                                                                                    },
    {"ext-label",
     "takes no ext",                           {{QH_IR_ext, NIL, 0, V_I64, 0, 0}, {QH_IR_label, NIL, 0, 0, 0, 0}},
     2                                                                                                                                    },
    {"call-good",      NULL,                   {{QH_IR_call, I64, 0, TOY_H_SUM2, V_I64, V_I64}},                                         1},
    {"call-range",     "helper 99",            {{QH_IR_call, I64, 0, 99, 0, 0}},                                                         1},
    {"call-ret",       "returns i64, not i32", {{QH_IR_call, I32, 0, TOY_H_SUM2, V_I64, V_I64}},                                         1},
    {"call-arg",       "is f64, not i64",      {{QH_IR_call, I64, 0, TOY_H_SUM2, V_I64, V_F64}},                                         1},
    {"call-extra",     "has 1 arguments",      {{QH_IR_call, I32, 0, TOY_H_I32, V_I32, V_I32}},                                          1},
    {"call-no-ext",
     "0 ext records before it, not 2",         {{QH_IR_call, I64, 0, TOY_H_SUM6, V_I64, V_I64}},
     1                                                                                                                                    },
    {"call-ext",
     NULL,                                     {{QH_IR_ext, NIL, 0, V_I64, V_F32, V_B1},
      {QH_IR_call, QH_TYPE_F64, 0, TOY_H_MIXED, V_I32, V_F64}},
     2                                                                                                                                    },
    {"extract-good",   NULL,                   {{QH_IR_extractu, I32, 0, V_I32, 4, 28}},                                                 1},
    {"extract-zero",   "0 bits",               {{QH_IR_extractu, I32, 0, V_I32, 4, 0}},                                                  1},
    {"extract-wide",   "29 bits from bit 4",   {{QH_IR_extracts, I32, 0, V_I32, 4, 29}},                                                 1},
    {"extract-wrap",   "bits from bit",        {{QH_IR_extractu, I32, 0, V_I32, 0xffffffff, 2}},                                         1},
    {"deposit",        "8 bits from bit 60",   {{QH_IR_deposit, I64, 0, V_I64, V_I64, 60 | 8 << 8}},                                     1},
    {"ext32-i32",      "type i32",             {{QH_IR_ext32s, I32, 0, V_I32, 0, 0}},                                                    1},
    {"trunc-i64",      "type i64",             {{QH_IR_trunc, I64, 0, V_I64, 0, 0}},                                                     1},
    {"concat-i64",     "type i64",             {{QH_IR_concat128, I64, 0, V_I64, V_I64, 0}},                                             1},
    {"low64",          "type i64",             {{QH_IR_low64, I64, 0, V_I64, 0, 0}},                                                     1},
    {"fence",          "orders 0x10",          {{QH_IR_fence, NIL, 0, 16, 0, 0}},                                                        1},
    {"unless-flags",   "flags 0x40",           {{QH_IR_flags_unless, NIL, 0, V_B1, 64, 0}},                                              1},
    {"label-use",
     "lies before label",                      {{QH_IR_label, NIL, 0, 0, 0, 0}, {QH_IR_neg, I64, 0, V_I64, 0, 0}},
     2                                                                                                                                    },
    {"br-nowhere",     "is no label",          {{QH_IR_br, NIL, 0, 0, 0, 0}},                                                            1},
    {"br-beyond",      "is no label",          {{QH_IR_brc, NIL, 0, V_B1, 4000000000u, 0}},                                              1},
    {"early-terminal",
     "without a label",                        {{QH_IR_exit_cpu, NIL, 0, 0, 0, 0}, {QH_IR_nop, NIL, 0, 0, 0, 0}},
     2                                                                                                                                    },
    {"two-terminals",
     NULL,                                     {{QH_IR_brc, NIL, 0, V_B1, N_PRELUDE + 2, 0},
      {QH_IR_exit_pc, NIL, QH_EXIT_CALL, 0, 1, 1},
      {QH_IR_label, NIL, 0, 0, 0, 0}},
     3                                                                                                                                    },
    {"exit-flags",     "flags 0x3",            {{QH_IR_exit_pc, NIL, 3, 0, 1, 1}},                                                       1},
    {"setflags",       NULL,                   {{QH_IR_setflags, I64, QH_CC_SUB, V_I64, V_I64, V_I64}},                                  1},
    {"setflags-kind",  "flags 0x10",           {{QH_IR_setflags, I64, 16, V_I64, V_I64, V_I64}},                                         1},
    {"flag-cc2",       "flags 0x6",            {{QH_IR_flag, NIL, QH_FLAG_CC2, 0, 0, 0}},                                                1},
    {"lane-shift",     "shift by 8",           {{QH_IR_vshl, QH_TYPE_V64, QH_LANE_8, V_V64, 8, 0}},                                      1},
    {"lane-insert",
     "lane 2 of 2",                            {{QH_IR_vinsert, QH_TYPE_V128, QH_LANE_64, V_V128, V_I64, 2}},
     1                                                                                                                                    },
    {"lane-extract",   "lane 8 of 8",          {{QH_IR_vextract, I64, QH_LANE_8, V_V64, 8, 0}},                                          1},
    {"lane-ext",       "byte 16 of 16",        {{QH_IR_vext, QH_TYPE_V128, 0, V_V128, V_V128, 16}},                                      1},
    {"lane-ext-flags", "flags 0x1",            {{QH_IR_vext, QH_TYPE_V128, 1, V_V128, V_V128, 0}},                                       1},
    {"lane-dup",       "lane 2 of 2",          {{QH_IR_vdup_lane, QH_TYPE_V128, QH_LANE_64, V_V128, 2, 0}},                              1},
    {"lane-widen",
     "have no wider ones",                     {{QH_IR_vwiden_hi, QH_TYPE_V128, QH_LANE_64, V_V128, 0, 0}},
     1                                                                                                                                    },
    {"lane-product",
     "have no wider ones",                     {{QH_IR_vmul_even, QH_TYPE_V128, QH_LANE_64, V_V128, V_V128, 0}},
     1                                                                                                                                    },
    {"lane-group",     "groups of 1 << 4",     {{QH_IR_vrev, QH_TYPE_V128, QH_LANE_8, V_V128, 4, 0}},                                    1},
    {"dot-flags",      "flags 0x4",            {{QH_IR_vdot, QH_TYPE_V128, 4, V_V128, V_V128, V_V128}},                                  1},
    {"aes-flags",      "flags 0x6",            {{QH_IR_vaes, QH_TYPE_V128, 6, V_V128, 0, 0}},                                            1},
    {"sha-flags",      "flags 0x2",            {{QH_IR_vsha256_msg, QH_TYPE_V128, 2, V_V128, V_V128, 0}},                                1},
    {"sha-type",       "type v64",             {{QH_IR_vsha256, QH_TYPE_V64, 0, V_V64, V_V64, V_V64}},                                   1},
    {"aes-type",       "type v64",             {{QH_IR_vaes, QH_TYPE_V64, 0, V_V64, 0, 0}},                                              1},
    {"lane-groups",    "with lanes of 4",      {{QH_IR_vrev, QH_TYPE_V128, QH_LANE_32, V_V128, 1, 0}},                                   1},
    {"lane-flags",     "flags 0x8",            {{QH_IR_vadd, QH_TYPE_V64, 8, V_V64, V_V64, 0}},                                          1},
    {"vand-flags",     "flags 0x1",            {{QH_IR_vand, QH_TYPE_V64, 1, V_V64, V_V64, 0}},                                          1},
};

static void test_case(gconstpointer data)
{
    const Case *test = data;
    QhIrRecord records[N_PRELUDE + N(test->records) + 1];
    g_autoptr(GError) error = NULL;
    uint32_t n = 0;
    gboolean ok;

    for (uint32_t i = 0; i < N_PRELUDE; i++) {
        records[n++] = prelude[i];
    }
    for (uint32_t i = 0; i < test->n; i++) {
        records[n++] = test->records[i];
    }
    records[n++] = terminal;
    ok = validate(records, n, &error);
    if (test->expect == NULL) {
        g_assert_no_error(error);
        g_assert_true(ok);
        return;
    }
    g_assert_false(ok);
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    if (strstr(error->message, test->expect) == NULL) {
        g_test_message("got: %s", error->message);
        g_test_fail();
    }
}

static void test_shape(void)
{
    static const QhIrRecord add = {QH_IR_const, QH_TYPE_I64, 0, 0, 1, 0};
    static const QhIrRecord ext = {QH_IR_ext, QH_TYPE_NONE, 0, 0, 0, 0};
    g_autofree QhIrRecord *many = g_new0(QhIrRecord, QH_IR_MAX_RECORDS + 1);
    g_autoptr(GError) error = NULL;

    g_assert_false(validate(&add, 0, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(validate(&add, 1, &error));
    g_assert_nonnull(strstr(error->message, "no terminal"));
    g_clear_error(&error);
    g_assert_false(validate(&ext, 1, &error));
    g_assert_nonnull(strstr(error->message, "is the last"));
    g_clear_error(&error);
    g_assert_true(validate(&terminal, 1, &error));
    many[QH_IR_MAX_RECORDS] = terminal;
    g_assert_false(validate(many, QH_IR_MAX_RECORDS + 1, &error));
    g_clear_error(&error);
    many[QH_IR_MAX_RECORDS - 1] = terminal;
    g_assert_true(validate(many, QH_IR_MAX_RECORDS, &error));
}

static void test_label_positions(void)
{
    /* 1 is in the middle of the first instruction: its own branch may go there, the next may not */
    QhIrRecord records[] = {
        {QH_IR_insn_start, NIL,        0, 0, 0, 0},
        {QH_IR_label,      NIL,        0, 0, 0, 0},
        {QH_IR_const,      QH_TYPE_B1, 0, 0, 1, 0},
        {QH_IR_brc,        NIL,        0, 2, 1, 0},
        {QH_IR_insn_start, NIL,        0, 4, 0, 0},
        {QH_IR_exit_cpu,   NIL,        0, 0, 0, 0},
    };
    g_autoptr(GError) error = NULL;

    g_assert_true(validate(records, N(records), &error));
    records[3] = records[4];
    records[4] = (QhIrRecord){QH_IR_brc, NIL, 0, 2, 1, 0};
    g_assert_false(validate(records, N(records), &error));
    g_assert_nonnull(strstr(error->message, "middle of another"));
    g_clear_error(&error);
    records[0] = (QhIrRecord){QH_IR_label, NIL, 0, 0, 0, 0};
    records[1] = (QhIrRecord){QH_IR_insn_start, NIL, 0, 0, 0, 0};
    records[4].b = 0;
    g_assert_true(validate(records, N(records), &error));
}

static void test_dump(void)
{
    static const QhIrRecord records[] = {
        {QH_IR_insn_start, NIL, 0,            4,          0,                                           0},
        {QH_IR_get_slot,   I64, 0,            TOY_X + 2,  0,                                           0},
        {QH_IR_const,      I64, 0,            0,          0xffffffff,                                  1},
        {QH_IR_cmp,        I64, QH_COND_LTU,  1,          2,                                           0},
        {QH_IR_ld,         I64, 0,            1,          QH_MEM_32 | QH_MEM_SIGNED | QH_MEM_INDEX(1), 0},
        {QH_IR_call,       I64, 0,            TOY_H_SUM2, 1,                                           2},
        {QH_IR_exit_pc,    NIL, QH_EXIT_CALL, 0,          0x80000000,                                  0},
    };
    QhIrContext full = context;
    g_autofree char *text = NULL;

    full.state = toy_state_table();
    text = qh_ir_dump(&full, records, N(records));
    g_assert_cmpstr(text, ==,
                    "   0 insn_start 0x4, 0x0, 0x0\n"
                    "   1 get_slot.i64 x2\n"
                    "   2 const.i64 0x1ffffffff\n"
                    "   3 cmp.i64{6} %1, %2\n"
                    "   4 ld.i64 %1, [32s mmu1]\n"
                    "   5 call.i64 sum2, %1, %2\n"
                    "   6 exit_pc{1} 0x80000000\n");
}

static void test_info(void)
{
    g_assert_null(qh_ir_op_info(0x1f));
    g_assert_null(qh_ir_op_info(70000));
    g_assert_cmpstr(qh_ir_op_info(QH_IR_addc)->name, ==, "addc");
    g_assert_cmpuint(qh_ir_op_info(QH_IR_ld)->attrs, ==, QH_IR_A_VALUE | QH_IR_A_FAULT);
    g_assert_cmpuint(qh_ir_op_info(QH_IR_raise)->attrs, ==, QH_IR_A_TERMINAL);
}

static uint32_t columns(const QhIrOpInfo *info, const char *letters)
{
    return (strchr(letters, info->a[0]) != NULL ? 1u : 0) |
           (strchr(letters, info->b[0]) != NULL ? 2u : 0) |
           (strchr(letters, info->c[0]) != NULL ? 4u : 0);
}

/* The short rows say what the words of the table say. */
static void test_rows(void)
{
    for (uint32_t op = 0; op < QH_IR_OP_LIMIT; op++) {
        const QhIrOpInfo *info = qh_ir_op_info(op);
        const QhIrOp *row = &qh_ir_ops[op];
        gboolean elsewhere = op == QH_IR_ext || op == QH_IR_cas || op == QH_IR_call;
        if (info == NULL) {
            g_assert_cmpuint(row->types, ==, 0);
            continue;
        }
        g_assert_cmpuint(row->attrs, ==, info->attrs);
        g_assert_cmpuint(row->values & 7u, ==, columns(info, "VBWNY"));
        g_assert_cmpuint(row->values & QH_IR_VALUES_ELSEWHERE, ==, elsewhere ? 8 : 0);
        g_assert_cmpuint(row->names, ==, columns(info, "VBWNYL"));
        g_assert_cmpuint(row->types & 1u << QH_TYPE_NONE, ==, strchr("NS", info->types[0]) != NULL);
        g_assert_cmpuint(row->types >> QH_TYPE_B1 & 1u, ==, strchr("ABS", info->types[0]) != NULL);
        g_assert_cmpuint(row->types >> QH_TYPE_I64 & 1u, ==,
                         strchr("IAMBS", info->types[0]) != NULL);
        g_assert_cmpuint(row->types >> QH_TYPE_F32 & 1u, ==,
                         strchr("AFMS", info->types[0]) != NULL);
        g_assert_cmpuint(row->types >> QH_TYPE_V64 & 1u, ==,
                         strchr("AVMS", info->types[0]) != NULL);
    }
}

static void test_uses(void)
{
    static const QhIrRecord records[] = {
        {QH_IR_ext,      NIL, 0, V_I32, 0,         0},
        {QH_IR_cas,      I64, 0, 5,     QH_MEM_64, 6},
        {QH_IR_st,       I64, 0, 7,     QH_MEM_64, 3},
        {QH_IR_select,   I64, 0, 4,     2,         1},
        {QH_IR_brc,      NIL, 0, 9,     100,       0},
        {QH_IR_set_slot, I64, 0, 3,     8,         0}
    };
    uint32_t used[8];

    g_assert_cmpuint(qh_ir_uses(&toy_translator, records, 0, used), ==, 0);
    g_assert_cmpuint(qh_ir_uses(&toy_translator, records, 1, used), ==, 3);
    g_assert_true(used[0] == 5 && used[1] == 6 && used[2] == V_I32);
    g_assert_cmpuint(qh_ir_uses(&toy_translator, records, 2, used), ==, 2);
    g_assert_true(used[0] == 7 && used[1] == 3);
    g_assert_cmpuint(qh_ir_uses(&toy_translator, records, 3, used), ==, 3);
    g_assert_true(used[0] == 4 && used[1] == 2 && used[2] == 1);
    g_assert_cmpuint(qh_ir_uses(&toy_translator, records, 4, used), ==, 1);
    g_assert_cmpuint(used[0], ==, 9);
    g_assert_cmpuint(qh_ir_uses(&toy_translator, records, 5, used), ==, 1);
    g_assert_cmpuint(used[0], ==, 8);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (uint32_t i = 0; i < N(cases); i++) {
        g_autofree char *path = g_strdup_printf("/ir/validate/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/ir/shape", test_shape);
    g_test_add_func("/ir/label-positions", test_label_positions);
    g_test_add_func("/ir/dump", test_dump);
    g_test_add_func("/ir/info", test_info);
    g_test_add_func("/ir/rows", test_rows);
    g_test_add_func("/ir/uses", test_uses);
    return g_test_run();
}
