/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * argv -> QhCli -> QhHost -> loop -> exit status. Nothing below ends the process: errors come up
 * here as GErrors, and the guest's or the user's wish to end as the result of qh_host_run.
 * Exit status: 0 success, 1 an error, 2 a wrong command line, or what the guest chose.
 */
#include "core/cli/options.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>

static int report(const char *stamp, const char *program, const GError *error)
{
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", 2);

    fprintf(stderr, "%s%s: %s\n", stamp, program, lines[0] != NULL ? lines[0] : "failed");
    if (lines[0] != NULL && lines[1] != NULL) {
        fprintf(stderr, "%s%s: hint: %s\n", stamp, program, lines[1]);
    }
    return g_error_matches(error, QH_ERROR, QH_ERROR_USAGE) ? 2 : 1;
}

static int run(QhCli *cli, const char *program)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *stamp = qh_cli_stamp(cli);
    g_autoptr(QhHost) host = qh_host_new();
    gboolean done = FALSE;

    if (host == NULL) {
        return 1;
    }
    if (!qh_cli_apply(cli, host, &done, &error)) {
        return report(stamp, program, error);
    }
    if (done) {
        const char *text = qh_cli_text(cli);

        return text == NULL || (fputs(text, stdout) >= 0 && fflush(stdout) == 0) ? 0 : 1;
    }
    qh_host_watch_signals(host); /* before anybody is told that it is ready */
    if (!qh_cli_ready(cli, host, &error)) {
        return report(stamp, program, error);
    }
    return qh_host_run(host);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *program = g_path_get_basename(argc > 0 ? argv[0] : "qemu-host");
    gboolean parent = FALSE;
    int status = 0;

    /* a peer that goes away is an error of write(), not the end */
    signal(SIGPIPE, SIG_IGN);
    setlocale(LC_CTYPE, "");
    g_autoptr(QhCli) cli = qh_cli_parse(argc, argv, &error);
    if (cli == NULL) {
        return report("", program, error);
    }
    if (qh_cli_text(cli) != NULL) {
        return fputs(qh_cli_text(cli), stdout) >= 0 && fflush(stdout) == 0 ? 0 : 1;
    }
    if (!qh_cli_daemonize(cli, &parent, &status, &error)) {
        return report("", program, error);
    }
    return parent ? status : run(cli, program);
}
