/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program of several files that a compiler in the guest builds; see compiler.py. */
#ifndef PARTS_H
#define PARTS_H

#include <stddef.h>
#include <stdint.h>

/* A stack machine. */
enum { PUSH, ADD, SUB, MUL, DIV, MOD, POWER, CALL, END };

typedef struct Code {
    size_t n;
    struct {
        int operation;
        double value;
        double (*function)(double);
    } steps[256];
} Code;

/* parse.c: an expression with + - * / % ^, parentheses and functions of libm. NULL, or what is
 * wrong with it. */
const char *parse(const char *text, Code *ret);

/* machine.c */
double run(const Code *code);
uint64_t run_threads(unsigned n_threads, unsigned n_rounds);

/* numbers.c */
void show_integers(uint64_t seed);
void show_matrices(unsigned n);
void show_series(void);

/* text.c */
void show_words(const char *text);
void show_sorted(unsigned n);

#endif
