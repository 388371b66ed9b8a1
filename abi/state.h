/* SPDX-License-Identifier: MIT */
/*
 * State tables: the registers of a CPU and the fields of a device, described once. The IR's state
 * slots, `info registers`, the gdb description, QMP reads, snapshots and lockstep comparison all
 * read the same table.
 */
#ifndef QH_ABI_STATE_H
#define QH_ABI_STATE_H

#include "abi/base.h"

/* Classes of state, also bits (1u << class) in the effect masks of helpers. */
#define QH_CLASS_GPR  0u
#define QH_CLASS_FP   1u
#define QH_CLASS_VEC  2u
#define QH_CLASS_FLAG 3u /* condition codes, lazy-flag slots */
#define QH_CLASS_CTRL 4u /* system registers and everything else */
#define QH_CLASS_PC   5u

/* QhStateField.flags */
#define QH_STATE_ZERO   (1u << 0) /* reads as zero, writes are dropped (a hard-wired register) */
#define QH_STATE_HIDDEN (1u << 1) /* saved, but not shown to people or gdb */
#define QH_STATE_NOSAVE (1u << 2) /* derived from other state; not part of a snapshot */

typedef struct QhStateField {
    const char *name; /* as the manual spells it */
    uint32_t offset;  /* bytes from the start of the state struct */
    uint16_t count;   /* elements, 0 and 1 both mean a single one; IR slots are single */
    uint8_t type;     /* QH_TYPE_I8 and up */
    uint8_t klass;    /* QH_CLASS_... */
    uint32_t flags;   /* QH_STATE_... */
    uint16_t hot;     /* 0: no hint; 1 is the hottest: wanted in a host register first */
    uint16_t since;   /* version of the table that brought the field; 0 for the first */
} QhStateField;

/* Arrays inside a table are walked with the table's own stride, so QhStateField may grow. */
typedef struct QhStateTable {
    uint32_t size;
    uint32_t field_size; /* sizeof(QhStateField) */
    uint32_t n_fields;
    uint32_t version;
    const QhStateField *fields;
} QhStateTable;

#endif
