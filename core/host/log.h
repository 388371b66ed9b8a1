/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes to stderr or the -D file: messages to the user, and the -d categories. */
#ifndef QH_CORE_HOST_LOG_H
#define QH_CORE_HOST_LOG_H

#include "abi/services.h"
#include "core/host/host.h"

/* -d categories; the low ones are QH_LOG_... of abi/services.h */
#define QH_LOG_IN_ASM  (1u << 8)
#define QH_LOG_IR      (1u << 9)
#define QH_LOG_EXEC    (1u << 10)
#define QH_LOG_OUT_ASM (1u << 11)
#define QH_LOG_CPU     (1u << 12)
#define QH_LOG_NOCHAIN (1u << 13)

QhLog *qh_log_new(QhHost *host);
void qh_log_free(QhLog *log);
/* "guest_errors,ir" -> mask; "help" lists. FALSE with @error on an unknown name. */
gboolean qh_log_parse_mask(const char *text, uint32_t *ret_mask, GError **error);
char *qh_log_help(void);
/* What "help" lists, one by one; NULL at the end. [any] */
const char *qh_log_category(guint i, const char **ret_description);
void qh_log_set_mask(QhLog *log, uint32_t mask);
/* "%d" in @path becomes the process id. */
gboolean qh_log_set_file(QhLog *log, const char *path, GError **error);

/* Code outside of the filter is not logged; without one all is. */
typedef struct QhLogRange {
    uint64_t first, last; /* inclusive */
} QhLogRange;
/* Of QhLogRange, the caller unrefs it; NULL with @error. */
GArray *qh_log_parse_filter(const char *text, GError **error);
/* Takes a reference. Before any CPU runs. [main] */
void qh_log_set_filter(QhLog *log, GArray *ranges);
gboolean qh_log_in_filter(const QhLog *log, uint64_t pc); /* [any] */

/* Put the time (UTC, ISO 8601) before messages to the user. [main] */
void qh_log_set_timestamps(QhLog *log, gboolean on);
/* Put the guest's name, when it has one, before messages to the user. [main] */
void qh_log_set_guest_name(QhLog *log, gboolean on);
char *qh_log_timestamp(void);           /* "2026-01-31T23:59:59.123456Z " [any] */
uint32_t qh_log_mask(const QhLog *log); /* [any] */
void qh_log_text(QhLog *log, uint32_t bit, const char *text); /* one or more whole lines [any] */
/* "qemu-host: warning: ..." on stderr. [any] */
void qh_log_warn(QhLog *log, const char *format, ...) G_GNUC_PRINTF(2, 3);
void qh_log_error(QhLog *log, const char *format, ...) G_GNUC_PRINTF(2, 3);

extern const QhLogService qh_log_service;

#endif
