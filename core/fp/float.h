/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IEEE 754 in software; the contract is abi/fp.h. Plus fast entries for the interpreter: they give
 * the same bits and flags, and use the host's floating point where that is provably so. They need
 * the host's own rounding mode to be the default, to nearest; they leave its flags undefined.
 */
#ifndef QH_CORE_FP_FLOAT_H
#define QH_CORE_FP_FLOAT_H

#include "abi/fp.h"

/* f32 and f64 by bits; @op as QH_FP_ADD ... */
uint32_t qh_f32_op2(uint32_t op, uint32_t a, uint32_t b, QhFpStatus *status);
uint64_t qh_f64_op2(uint32_t op, uint64_t a, uint64_t b, QhFpStatus *status);
uint32_t qh_f32_fma(uint32_t negate, uint32_t a, uint32_t b, uint32_t c, QhFpStatus *status);
uint64_t qh_f64_fma(uint32_t negate, uint64_t a, uint64_t b, uint64_t c, QhFpStatus *status);
uint32_t qh_f32_sqrt(uint32_t a, QhFpStatus *status);
uint64_t qh_f64_sqrt(uint64_t a, QhFpStatus *status);

/* The rest of QhFpService for the two formats; the same contracts. */
uint32_t qh_f32_compare(uint32_t a, uint32_t b, gboolean signaling, QhFpStatus *status);
uint32_t qh_f64_compare(uint64_t a, uint64_t b, gboolean signaling, QhFpStatus *status);
uint64_t qh_f32_to_f64(uint32_t a, QhFpStatus *status);
uint32_t qh_f64_to_f32(uint64_t a, QhFpStatus *status);
uint32_t qh_f32_from_int(uint64_t value, gboolean is_signed, QhFpStatus *status);
uint64_t qh_f64_from_int(uint64_t value, gboolean is_signed, QhFpStatus *status);
uint64_t
qh_f32_to_int(uint32_t a, uint32_t bits, gboolean is_signed, uint32_t rule, QhFpStatus *status);
uint64_t
qh_f64_to_int(uint64_t a, uint32_t bits, gboolean is_signed, uint32_t rule, QhFpStatus *status);

extern const QhFpService qh_fp_service;

#endif
