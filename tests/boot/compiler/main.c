/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parts.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t got;

static void on_signal(int number)
{
    got += number;
}

int main(void)
{
    static const char *const texts[] = {
        "1 + 2 * 3 - 4 / 5",
        "sqrt(2) ^ 3 - sin(0.5) ^ 2 - 2 * cos(0.5) ^ 2",
        "exp(log(10) * 3) % 7 + gamma(5.5) * erf(0.3)",
        "-(3 - 4) ^ 3 + cbrt(27) + floor(-2.5) + round(2.5)",
        "sinh(1) / tan(1) + atan(abs(-1e3))",
        "(1 + 2",
        "3 $ 4",
        "sine(1)",
        "",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        static Code code;
        const char *error = parse(texts[i], &code);
        if (error != NULL) {
            printf("%s: %s\n", texts[i], error);
        } else {
            printf("%s = %.12g\n", texts[i], run(&code));
        }
    }
    show_integers(UINT64_C(0x123456789abcdef1));
    show_matrices(60);
    show_series();
    show_words(
        "the quick brown fox jumps over the lazy dog. the dog sleeps, the fox runs; over and "
        "over the quick fox jumps, and the dog dreams of the fox");
    show_sorted(50000);
    printf("threads %" PRIx64 "\n", run_threads(4, 5000));
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    printf("signal %s\n", got == SIGUSR1 ? "came" : "did not come");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
