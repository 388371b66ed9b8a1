/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, bytes and thread ids as the protocol spells them. Readers move *@at past what they took;
 * FALSE leaves it anywhere. */
#ifndef QH_CORE_GDB_TEXT_H
#define QH_CORE_GDB_TEXT_H

#include <glib.h>
#include <stdint.h>

/* 1 to 16 hexadecimal digits; more are an error. */
gboolean qh_gdb_read_number(const char **at, uint64_t *ret);
/* Exactly the character @c. */
gboolean qh_gdb_read_char(const char **at, char c);
/* "ADDRESS,LENGTH" */
gboolean qh_gdb_read_range(const char **at, uint64_t *ret_address, uint64_t *ret_length);

/* "pPID.TID", "pPID" (all threads), "TID"; a part can be -1 (all) or 0 (any). */
#define QH_GDB_ALL -1
#define QH_GDB_ANY 0
typedef struct QhGdbThread {
    int32_t process, thread;
} QhGdbThread;
gboolean qh_gdb_read_thread(const char **at, QhGdbThread *ret);

void qh_gdb_append_bytes(GString *text, const void *bytes, gsize n);
/* @n bytes from 2 * @n digits at *@at. */
gboolean qh_gdb_read_bytes(const char **at, uint8_t *to, gsize n);

#endif
