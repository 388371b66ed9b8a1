/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw mode of the terminal. It has to be undone however the process ends, so the settings and the
 * handlers of deadly signals are the process's: this is the one place of the core with state of its
 * own. SIGKILL cannot be caught; `reset` or `stty sane` helps then.
 */
#include "core/char/char-priv.h"

#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios cooked, raw;
static volatile sig_atomic_t is_raw;

static const int deadly[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGABRT,
                             SIGSEGV, SIGBUS,  SIGILL, SIGFPE};

/* Everything here is safe in a handler (signal-safety(7)). */
static void on_deadly(int number)
{
    if (is_raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
    }
    signal(number, SIG_DFL);
    raise(number);
}

/* Stopped from outside: give the terminal back until we are continued. */
static void on_stop(G_GNUC_UNUSED int number)
{
    if (is_raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
    }
    raise(SIGSTOP);
}

static void on_continue(G_GNUC_UNUSED int number)
{
    if (is_raw && tcgetpgrp(STDIN_FILENO) == getpgrp()) {
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
}

static void catch (int number, void (*fn)(int))
{
    struct sigaction old, action = {.sa_handler = fn, .sa_flags = SA_RESTART};

    /* a handler that is there already ends the program in good order */
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
        sigaction(number, &action, NULL);
    }
}

void qh_terminal_raw(gboolean keep_signals)
{
    if (is_raw || tcgetattr(STDIN_FILENO, &cooked) < 0) {
        return;
    }
    raw = cooked;
    /* all keys go to the guest as they are; output keeps its line ends */
    raw.c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag |= OPOST;
    raw.c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN);
    raw.c_cflag = (raw.c_cflag & ~(CSIZE | PARENB)) | CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (!keep_signals) {
        raw.c_lflag &= ~ISIG;
    }
    for (guint i = 0; i < G_N_ELEMENTS(deadly); i++) {
        catch (deadly[i], on_deadly);
    }
    catch (SIGTSTP, on_stop);
    catch (SIGCONT, on_continue);
    is_raw = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void qh_terminal_restore(void)
{
    if (is_raw) {
        is_raw = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
    }
}
