/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parts.h"

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

typedef struct Parser {
    const char *at, *error;
    Code *code;
    jmp_buf out;
} Parser;

static const struct {
    const char *name;
    double (*function)(double);
} functions[] = {
    {"sin",   sin   },
    {"cos",   cos   },
    {"tan",   tan   },
    {"exp",   exp   },
    {"log",   log   },
    {"sqrt",  sqrt  },
    {"cbrt",  cbrt  },
    {"floor", floor },
    {"gamma", tgamma},
    {"erf",   erf   },
    {"atan",  atan  },
    {"round", round },
    {"abs",   fabs  },
    {"sinh",  sinh  },
};

static void expression(Parser *p);

static _Noreturn void give_up(Parser *p, const char *why)
{
    p->error = why;
    longjmp(p->out, 1);
}

static void emit(Parser *p, int operation, double value, double (*function)(double))
{
    size_t n = p->code->n++;

    if (n >= sizeof(p->code->steps) / sizeof(p->code->steps[0])) {
        give_up(p, "too long");
    }
    p->code->steps[n].operation = operation;
    p->code->steps[n].value = value;
    p->code->steps[n].function = function;
}

static int next(Parser *p)
{
    while (isspace((unsigned char)*p->at)) {
        p->at++;
    }
    return *p->at;
}

static void call(Parser *p)
{
    size_t length = 0;

    while (isalpha((unsigned char)p->at[length])) {
        length++;
    }
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (strlen(functions[i].name) == length && !memcmp(functions[i].name, p->at, length)) {
            p->at += length;
            if (next(p) != '(') {
                give_up(p, "no argument");
            }
            p->at++;
            expression(p);
            if (next(p) != ')') {
                give_up(p, "unbalanced");
            }
            p->at++;
            emit(p, CALL, 0, functions[i].function);
            return;
        }
    }
    give_up(p, "unknown function");
}

static void factor(Parser *p)
{
    int c = next(p);
    char *end;

    if (c == '(') {
        p->at++;
        expression(p);
        if (next(p) != ')') {
            give_up(p, "unbalanced");
        }
        p->at++;
    } else if (c == '-') {
        p->at++;
        emit(p, PUSH, 0, NULL);
        factor(p);
        emit(p, SUB, 0, NULL);
    } else if (isdigit(c)) {
        emit(p, PUSH, strtod(p->at, &end), NULL);
        p->at = end;
    } else if (isalpha(c)) {
        call(p);
    } else {
        give_up(p, c == 0 ? "ends too early" : "strange character");
    }
    if (next(p) == '^') {
        p->at++;
        factor(p);
        emit(p, POWER, 0, NULL);
    }
}

static void term(Parser *p)
{
    factor(p);
    for (int c = next(p); c == '*' || c == '/' || c == '%'; c = next(p)) {
        p->at++;
        factor(p);
        emit(p, c == '*' ? MUL : c == '/' ? DIV : MOD, 0, NULL);
    }
}

static void expression(Parser *p)
{
    term(p);
    for (int c = next(p); c == '+' || c == '-'; c = next(p)) {
        p->at++;
        term(p);
        emit(p, c == '+' ? ADD : SUB, 0, NULL);
    }
}

const char *parse(const char *text, Code *ret)
{
    Parser p = {.at = text, .code = ret};

    ret->n = 0;
    if (setjmp(p.out) == 0) {
        expression(&p);
        if (next(&p) != 0) {
            give_up(&p, "more than an expression");
        }
        emit(&p, END, 0, NULL);
    }
    return p.error;
}
