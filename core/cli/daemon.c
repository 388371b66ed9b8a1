/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -daemonize and -pidfile. The process that was started waits at a pipe: the background process
 * sends one byte when everything is in place, or exits, which closes the pipe. So a caller that
 * sees status 0 finds the sockets and the pid file.
 */
#include "core/cli/cli.h"
#include "core/host/log.h"
#include "core/host/run-state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static gboolean failed(GError **error, const char *what)
{
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "-daemonize: %s: %s", what, g_strerror(errno));
    return FALSE;
}

/* The parent's part: the status of the background process, 0 once it is ready. */
static int wait_ready(int fd, pid_t child)
{
    uint8_t byte = 1;
    ssize_t n = 0;
    int status = 0;

    do {
        n = read(fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 1) {
        return byte;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    /* it may also have had nothing to do but print */
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

gboolean qh_cli_daemonize(QhCli *cli, gboolean *ret_parent, int *ret_status, GError **error)
{
    int fds[2];

    *ret_parent = FALSE;
    if (!cli->daemonize) {
        return TRUE;
    }
    if (pipe2(fds, O_CLOEXEC) < 0) {
        return failed(error, "cannot make a pipe");
    }
    pid_t child = fork();
    if (child < 0) {
        close(fds[0]);
        close(fds[1]);
        return failed(error, "cannot fork");
    }
    if (child > 0) {
        close(fds[1]);
        *ret_parent = TRUE;
        *ret_status = wait_ready(fds[0], child);
        close(fds[0]);
        return TRUE;
    }
    close(fds[0]);
    cli->ready_fd = fds[1];
    /* A session of its own: no terminal can hang it up. Standard files stay for messages until the
     * process is ready. */
    if (setsid() < 0) {
        return failed(error, "cannot start a session");
    }
    return TRUE;
}

static gboolean pidfile_failed(const QhCli *cli, const char *what, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "-pidfile %s: %s: %s", cli->pidfile, what,
                g_strerror(errno));
    return FALSE;
}

/* The lock tells a second process with the same file that this one lives. */
static gboolean write_pidfile(QhCli *cli, GError **error)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());

    if (!g_path_is_absolute(cli->pidfile)) {
        g_autofree char *cwd = g_get_current_dir();
        char *path = g_build_filename(cwd, cli->pidfile, NULL);

        g_free(cli->pidfile);
        cli->pidfile = path;
    }
    int fd = open(cli->pidfile, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return pidfile_failed(cli, "cannot open", error);
    }
    if (fcntl(fd, F_SETLK, &lock) < 0) {
        pidfile_failed(cli, "locked by a running process", error);
        close(fd);
        return FALSE;
    }
    if (ftruncate(fd, 0) < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        pidfile_failed(cli, "cannot write", error);
        close(fd);
        return FALSE;
    }
    cli->pidfile_fd = fd;
    return TRUE;
}

/* Leave the terminal and the working directory behind; keep what a user redirected. */
static gboolean detach(GError **error)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null_fd < 0 || chdir("/") < 0) {
        return failed(error, "cannot detach");
    }
    gboolean ok = dup2(null_fd, 0) >= 0 && dup2(null_fd, 1) >= 0 && dup2(null_fd, 2) >= 0;
    close(null_fd);
    return ok || failed(error, "cannot detach");
}

gboolean qh_cli_ready(QhCli *cli, QhHost *host, GError **error)
{
    uint8_t byte = 0;

    if (cli->pidfile != NULL && !write_pidfile(cli, error)) {
        return FALSE;
    }
    /* modules are loaded, code memory is mapped, files are open, and no guest has run */
    if (!qh_cli_change_user(cli, error) || !qh_sandbox_start(&cli->sandbox, error)) {
        return FALSE;
    }
    if (!cli->stopped && qh_host_machine(host) != NULL &&
        !qh_run_state_cont(qh_host_run_state(host), error)) {
        return FALSE;
    }
    if (cli->ready_fd < 0) {
        return TRUE;
    }
    if (!detach(error)) {
        return FALSE;
    }
    /* a parent that was killed meanwhile is no reason to stop */
    ssize_t n G_GNUC_UNUSED = write(cli->ready_fd, &byte, 1);
    close(cli->ready_fd);
    cli->ready_fd = -1;
    return TRUE;
}

void qh_cli_free(QhCli *cli)
{
    if (cli == NULL) {
        return;
    }
    GPtrArray *lists[] = {
        cli->machine_properties,
        cli->cpu_properties,
        cli->chardevs,
        cli->serials,
        cli->monitors,
        cli->mons,
        cli->qmps,
        cli->load_targets,
        cli->load_modules,
        cli->module_dirs,
        cli->devices,
        cli->blockdevs,
        cli->drives,
        cli->globals,
        cli->objects,
        cli->netdevs,
        cli->nics,
        cli->usb_devices,
        cli->fd_sets,
        cli->vncs,
    };
    char *texts[] = {
        cli->program,   cli->legacy,       cli->text,   cli->list_name, cli->machine,  cli->dumpdtb,
        cli->cpu_model, cli->kernel,       cli->initrd, cli->append,    cli->bios,     cli->dtb,
        cli->name,      cli->process_name, cli->uuid,   cli->log_items, cli->log_file, cli->display,
        cli->gdb,       cli->log_filter,   cli->vga,
    };
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_ptr_array_unref(lists[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(texts[i]);
    }
    if (cli->pidfile_fd >= 0) {
        unlink(cli->pidfile);
        close(cli->pidfile_fd);
    }
    if (cli->ready_fd >= 0) {
        close(cli->ready_fd);
    }
    g_strfreev(cli->complete);
    qh_json_unref(cli->display_options);
    qh_firmware_options_unref(cli->firmware);
    g_free(cli->pidfile);
    g_free(cli->run_name);
    g_free(cli);
}
