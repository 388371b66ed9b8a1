/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sequences.c and sequences.S share: the fields of an instruction that can be filled in. */
#ifndef SEQUENCES_H
#define SEQUENCES_H

#define AREA_BYTES 0x4000000

#define XD     (1 << 0) /* any integer register, bits 11..7 */
#define X1     (1 << 1) /* 19..15 */
#define X2     (1 << 2) /* 24..20 */
#define FD     (1 << 3)
#define F1     (1 << 4)
#define F2     (1 << 5)
#define F3     (1 << 6)
#define RM     (1 << 7)  /* rounding mode, 14..12 */
#define IMM    (1 << 8)  /* 31..20 */
#define SHIFT  (1 << 9)  /* 25..20, of XLEN 32 24..20 */
#define SHIFT5 (1 << 10) /* 24..20 */
#define U20    (1 << 11) /* 31..12 */
#define LOAD   (1 << 12) /* I-type from a base register */
#define STORE  (1 << 13) /* S-type */
#define U5     (1 << 14) /* 19..15 */
#define MODE   (1 << 15) /* 19..15: a rounding mode for frm */
#define ORDER  (1 << 16) /* aq, rl: 26..25 */
#define CX     (1 << 17) /* compressed: any register but x0, 11..7 */
#define C2     (1 << 18) /* 6..2 */
#define CXP    (1 << 19) /* x8 to x15, 9..7 */
#define C2P    (1 << 20) /* 4..2 */
#define CFD    (1 << 21) /* 11..7 */
#define CF2    (1 << 22) /* 6..2 */
#define CF2P   (1 << 23) /* f8 to f15, 4..2 */
#define C6     (1 << 24) /* not 0: 12, 6..2 */
#define CSHIFT (1 << 25) /* the same; of XLEN 32 not 12 */
#define C8     (1 << 26) /* not 0: 12..5 */
#define CMEM   (1 << 27) /* offset from s1: 12..10, 6..5 */
#define CLSP   (1 << 28) /* offset from sp: 12, 6..2 */
#define CSSP   (1 << 29) /* 12..7 */

#endif
