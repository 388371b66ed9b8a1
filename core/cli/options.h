/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, from one option table that also makes --help, the man page, the completions
 * and query-command-line-options. Errors are QH_ERROR_USAGE for exit status 2, others mean 1.
 */
#ifndef QH_CORE_CLI_OPTIONS_H
#define QH_CORE_CLI_OPTIONS_H

#include "core/host/host.h"
#include "core/json/json.h"

typedef struct QhCli QhCli;

/* Read @argv; nothing outside the result is touched. The error says "-option value: reason", a
 * second line may hint at what would be right. [main] */
QhCli *qh_cli_parse(int argc, char **argv, GError **error);
void qh_cli_free(QhCli *cli); /* removes the pid file */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhCli, qh_cli_free)

/* What an option asked to print that needs no host (help, version); NULL if none did. */
const char *qh_cli_text(const QhCli *cli);

/* What stands before a message: the time with -msg timestamp=on, the name with guest-name=on, or
 * "". The caller g_frees it. */
char *qh_cli_stamp(const QhCli *cli);

/*
 * With -daemonize, fork: *@ret_parent is TRUE in the process that was started, which leaves with
 * *@ret_status once the other one is ready or has failed. Call it before any thread exists. [main]
 */
gboolean qh_cli_daemonize(QhCli *cli, gboolean *ret_parent, int *ret_status, GError **error);

/* Set @host up: config, modules, chardevs, machine, monitors. *@ret_done is TRUE when the work was
 * printing (-machine help). [main] */
gboolean qh_cli_apply(QhCli *cli, QhHost *host, gboolean *ret_done, GError **error);

/* Write the pid file; start the guest unless -S; tell the parent of -daemonize. [main] */
gboolean qh_cli_ready(QhCli *cli, QhHost *host, GError **error);

/* For query-command-line-options; @option may be NULL for all. FALSE: no such option. */
gboolean qh_cli_describe(const char *option, QhJsonWriter *writer);

#endif
