/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random IR programs under the interpreter and under another backend; both must leave the same.
 *
 *     fuzz-ir-diff [--backend jit|plain|auto] [--seed N] [--first N] [--keep FOLDER] COUNT
 *     fuzz-ir-diff [--backend ...] --replay FILE...
 *
 * jit: compiled code. plain: the interpreter that merges nothing. auto: jit where there is one.
 * A program that fails is made small and written to FOLDER/ir-SEED-INDEX.txt. Each attempt at that
 * runs in a child, so that programs that crash or hang the host can be made small, too.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S   2 /* of one program */
#define MAX_FAILS 5

typedef struct Fuzz {
    FzMachine *reference[FZ_N_RULES];
    FzMachine *other[FZ_N_RULES];
    const char *backend;
    const char *folder;
    uint64_t seed, first, count;
    uint32_t n_failed;
    FzProgram program;
} Fuzz;

/* For the handler of a crash. */
static Fuzz *the_fuzz;

static gboolean use_jit(Fuzz *fuzz)
{
    g_autoptr(GError) error = NULL;

    if (g_str_equal(fuzz->backend, "auto")) {
        fuzz->backend = qh_engine_has_jit(NULL) ? "jit" : "plain";
    }
    if (g_str_equal(fuzz->backend, "jit") && !qh_engine_has_jit(&error)) {
        fprintf(stderr, "fuzz-ir-diff: --backend jit: %s\n", error->message);
        exit(2);
    }
    return g_str_equal(fuzz->backend, "jit");
}

static void make_machines(Fuzz *fuzz)
{
    gboolean jit = use_jit(fuzz);
    QhEngineOptions interp, other;

    qh_engine_options_init(&interp);
    interp.backend = QH_BACKEND_INTERP;
    other = interp;
    if (jit) {
        other.backend = QH_BACKEND_JIT;
        other.threshold = 0;
    }
    for (uint32_t i = 0; i < FZ_N_RULES; i++) {
        fuzz->reference[i] = fz_machine_new(i, &interp, FALSE);
        fuzz->other[i] = fz_machine_new(i, &other, !jit);
        fuzz->reference[i]->exact = fuzz->other[i]->exact =
            qh_engine_counts(fuzz->other[i]->toy->cluster.engine) != FALSE;
    }
}

static void free_machines(Fuzz *fuzz)
{
    for (uint32_t i = 0; i < FZ_N_RULES; i++) {
        fz_machine_free(fuzz->reference[i]);
        fz_machine_free(fuzz->other[i]);
    }
}

/* The generator or the validator is wrong. */
static char *why_refused(const Fuzz *fuzz, const FzProgram *program)
{
    for (uint32_t i = 0; i < program->n_blocks; i++) {
        const FzBlock *block = &program->block[i];
        g_autoptr(GError) error = NULL;
        if (!qh_ir_validate(fz_context(fuzz->reference[0]), block->records, block->n, &error)) {
            return g_strdup_printf("block %u: %s", i, error->message);
        }
    }
    return g_strdup("the interpreter refuses it");
}

/* NULL: both leave the same. */
static char *run_both(Fuzz *fuzz, const FzProgram *program)
{
    FzMachine *reference = fuzz->reference[program->rules], *other = fuzz->other[program->rules];

    if (!fz_run(reference, program)) {
        return why_refused(fuzz, program);
    }
    if (!fz_run(other, program)) {
        return g_strdup("only the interpreter runs it to the end");
    }
    return fz_compare(reference, other);
}

/* fz_shrink's question, asked in a child. A refusal by the interpreter is no failure. */
static gboolean fails(const FzProgram *program, void *data)
{
    const struct itimerval limit = {.it_value = {.tv_usec = 100000}};
    Fuzz *fuzz = data;
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        g_autofree char *why = NULL;
        signal(SIGSEGV, SIG_DFL);
        signal(SIGILL, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        signal(SIGFPE, SIG_DFL);
        signal(SIGALRM, SIG_DFL);
        setitimer(ITIMER_REAL, &limit, NULL);
        if (!fz_run(fuzz->reference[program->rules], program)) {
            _exit(0);
        }
        why = run_both(fuzz, program);
        _exit(why != NULL);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void report(Fuzz *fuzz, const char *why)
{
    const QhIrContext *context = fz_context(fuzz->reference[0]);
    g_autofree FzProgram *small = g_memdup2(&fuzz->program, sizeof(fuzz->program));
    g_autofree char *path = g_strdup_printf("%s/ir-%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT ".txt",
                                            fuzz->folder, fuzz->program.seed, fuzz->program.index);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    fz_shrink(small, context, fails, fuzz);
    text = fz_to_text(small, context);
    printf("# seed %" G_GUINT64_FORMAT " program %" G_GUINT64_FORMAT ": %s\n# %s\n",
           fuzz->program.seed, fuzz->program.index, why, path);
    if (!g_file_set_contents(path, text, -1, &error)) {
        printf("# %s\n%s", error->message, text);
    }
    fflush(stdout);
    fuzz->n_failed++;
}

/* Not what a handler may do, but this one's process is lost anyway. */
static void on_signal(int number)
{
    g_autofree char *why = g_strdup_printf("signal %d", number);

    signal(number, SIG_DFL);
    if (the_fuzz != NULL) {
        Fuzz *fuzz = the_fuzz;
        the_fuzz = NULL;
        report(fuzz, why);
    }
    _exit(1);
}

static void catch_signals(Fuzz *fuzz)
{
    static const int numbers[] = {SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGALRM, SIGABRT};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
    static char stack[1 << 18] __attribute__((aligned(64)));
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};

    the_fuzz = fuzz;
    sigaltstack(&alternate, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        sigaction(numbers[i], &action, NULL);
    }
}

static void fuzz_all(Fuzz *fuzz)
{
    for (uint64_t i = fuzz->first; i < fuzz->first + fuzz->count; i++) {
        g_autofree char *why = NULL;

        if ((i & 255) == 0) {
            alarm(LIMIT_S * 4);
        }
        fz_generate(&fuzz->program, fuzz->seed, i);
        why = run_both(fuzz, &fuzz->program);
        if (why != NULL) {
            alarm(0);
            report(fuzz, why);
            if (fuzz->n_failed >= MAX_FAILS) {
                break;
            }
        }
    }
    alarm(0);
    printf("%" G_GUINT64_FORMAT " programs, interp and %s, %u fail\n", fuzz->count, fuzz->backend,
           fuzz->n_failed);
}

static void replay(Fuzz *fuzz, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL, *why = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error) ||
        !fz_from_text(&fuzz->program, text, &error)) {
        printf("%s: %s\n", path, error->message);
        fuzz->n_failed++;
        return;
    }
    alarm(LIMIT_S);
    the_fuzz = NULL; /* a crash is shown as such */
    why = run_both(fuzz, &fuzz->program);
    alarm(0);
    printf("%s: %s\n", path, why != NULL ? why : "the same");
    fuzz->n_failed += why != NULL;
}

int main(int argc, char **argv)
{
    static Fuzz fuzz = {.backend = "auto", .folder = ".", .seed = 1, .first = 1};
    g_auto(GStrv) replays = NULL, rest = NULL;
    char *backend = NULL, *folder = NULL;
    gint64 seed = 1, first = 1;
    const GOptionEntry entries[] = {
        {"backend",          0, 0, G_OPTION_ARG_STRING,         &backend, "jit, plain or auto",          "NAME"  },
        {"seed",             0, 0, G_OPTION_ARG_INT64,          &seed,    "other programs",              "N"     },
        {"first",            0, 0, G_OPTION_ARG_INT64,          &first,   "number of the first program", "N"     },
        {"keep",             0, 0, G_OPTION_ARG_FILENAME,       &folder,  "where programs that fail go", "FOLDER"},
        {"replay",           0, 0, G_OPTION_ARG_FILENAME_ARRAY, &replays, "run this program",            "FILE"  },
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY,   &rest,    NULL,                          "COUNT" },
        {NULL,               0, 0, G_OPTION_ARG_NONE,           NULL,     NULL,                          NULL    }
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "fuzz-ir-diff: %s\n", error->message);
        return 2;
    }
    fuzz.backend = backend != NULL ? backend : fuzz.backend;
    fuzz.folder = folder != NULL ? folder : fuzz.folder;
    fuzz.seed = (uint64_t)seed;
    fuzz.first = (uint64_t)first;
    fuzz.count = rest != NULL ? g_ascii_strtoull(rest[0], NULL, 10) : 0;
    make_machines(&fuzz);
    catch_signals(&fuzz);
    for (uint32_t i = 0; replays != NULL && replays[i] != NULL; i++) {
        replay(&fuzz, replays[i]);
    }
    if (fuzz.count > 0) {
        the_fuzz = &fuzz;
        fuzz_all(&fuzz);
    }
    free_machines(&fuzz);
    return fuzz.n_failed > 0;
}
