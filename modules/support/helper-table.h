/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of the table of helpers, for one source of a module: from here on, the words for types
 * are numbers. */
#ifndef SUPPORT_HELPER_TABLE_H
#define SUPPORT_HELPER_TABLE_H

#include "abi/translator.h"

#define RAISES  QH_HELPER_MAY_RAISE
#define NOTHING 0u
#define GPR     (1u << QH_CLASS_GPR)

#define VOID QH_TYPE_NONE
#define I32  QH_TYPE_I32
#define I64  QH_TYPE_I64
#define F32  QH_TYPE_F32
#define F64  QH_TYPE_F64
#define V128 QH_TYPE_V128

#define HELPER_LIST(...) __VA_ARGS__
/* The row NAME, which is function @fn_. */
#define HELPER_ENTRY(name_, fn_, ret_, args_, attrs_, reads_, writes_)                             \
    {.name = #name_,                                                                               \
     .fn = (void (*)(void))(fn_),                                                                  \
     .ret = (ret_),                                                                                \
     .n_args = sizeof((const uint8_t[]){HELPER_LIST args_}),                                       \
     .args = {HELPER_LIST args_},                                                                  \
     .attrs = (attrs_),                                                                            \
     .reads = (reads_),                                                                            \
     .writes = (writes_)},

#endif
