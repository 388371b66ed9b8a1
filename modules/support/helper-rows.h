/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C functions that translated code calls are rows of a module's helper*.def:
 *
 *     HELPER(name, ret, (argument types), attrs, reads, writes)
 *
 * Types are the words below. attrs are QH_HELPER_ words or RAISES, reads and writes unions of the
 * state classes that the module's helper.c names, or NOTHING. The module's helper.h makes of each
 * row a prototype and a number, its helper.c an entry of the table (helper-table.h).
 */
#ifndef SUPPORT_HELPER_ROWS_H
#define SUPPORT_HELPER_ROWS_H

#include "abi/translator.h"

typedef uint32_t I32;
typedef uint64_t I64;
typedef float F32;
typedef double F64;
typedef unsigned __int128 V128;
typedef void VOID;

/* The parameters of a row with the arguments @(...). */
#define HELPER_TAKES(...) (QhCpu * cpu, ##__VA_ARGS__)

#endif
