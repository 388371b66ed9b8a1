/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Word {
    struct Word *next;
    unsigned count;
    char text[];
} Word;

static char *format(const char *how, ...) __attribute__((format(printf, 1, 2)));

static char *format(const char *how, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, how);
    if (vasprintf(&text, how, args) < 0) {
        abort();
    }
    va_end(args);
    return text;
}

static int by_count(const void *a, const void *b)
{
    const Word *left = *(Word *const *)a, *right = *(Word *const *)b;

    return left->count != right->count ? (int)right->count - (int)left->count
                                       : strcmp(left->text, right->text);
}

/* The most frequent words, by a table of lists. */
void show_words(const char *text)
{
    Word *table[61] = {NULL}, *all[512];
    unsigned n = 0;
    char *copy = strdup(text), *rest = NULL;

    for (char *at = strtok_r(copy, " .,;\n", &rest); at != NULL && n < 512;
         at = strtok_r(NULL, " .,;\n", &rest)) {
        unsigned hash = 0;
        for (const char *c = at; *c != 0; c++) {
            hash = hash * 31 + (unsigned char)*c;
        }
        Word **place = &table[hash % 61];
        while (*place != NULL && strcmp((*place)->text, at) != 0) {
            place = &(*place)->next;
        }
        if (*place == NULL) {
            *place = calloc(1, sizeof(Word) + strlen(at) + 1);
            strcpy((*place)->text, at);
            all[n++] = *place;
        }
        (*place)->count++;
    }
    qsort(all, n, sizeof(all[0]), by_count);
    for (unsigned i = 0; i < n; i++) {
        if (i < 5) {
            char *line = format("%-8s %3u %*s|", all[i]->text, all[i]->count, (int)i, "");
            puts(line);
            free(line);
        }
        free(all[i]);
    }
    free(copy);
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

void show_sorted(unsigned n)
{
    double *values = malloc(n * sizeof(double));
    unsigned x = 12345;
    char line[80];
    double back;

    for (unsigned i = 0; i < n; i++) {
        x = x * 1103515245 + 12345;
        values[i] = (double)(x >> 8) / 1000 - 8000;
    }
    qsort(values, n, sizeof(values[0]), by_value);
    snprintf(line, sizeof(line), "%.17g", values[n / 3]);
    if (sscanf(line, "%lf", &back) != 1 || memcmp(&back, &values[n / 3], sizeof(back)) != 0) {
        puts("a number did not come back");
    }
    printf("sorted %a %a %s\n", values[0], values[n - 1], line);
    free(values);
}
