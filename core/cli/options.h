/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, from one option table that also makes --help, the man page, the completions
 * and query-command-line-options.
 */
#ifndef QH_CORE_CLI_OPTIONS_H
#define QH_CORE_CLI_OPTIONS_H

#include "core/host/host.h"
#include "core/json/json.h"

/* Parse @argv and set @host up: config, modules, chardevs, monitors, machine. *@ret_done is TRUE
 * when the option's work was printing (help, version): leave with status 0. FALSE with @error:
 * QH_ERROR_USAGE for exit status 2, others 1. [main] */
gboolean qh_cli_run(QhHost *host, int argc, char **argv, gboolean *ret_done, GError **error);

/* For query-command-line-options; @option may be NULL for all. FALSE: no such option. */
gboolean qh_cli_describe(const char *option, QhJsonWriter *writer);

#endif
