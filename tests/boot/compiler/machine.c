/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parts.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

double run(const Code *code)
{
    double stack[256], *top = stack;

    for (size_t i = 0;; i++) {
        switch (code->steps[i].operation) {
        case PUSH:
            *++top = code->steps[i].value;
            continue;
        case CALL:
            *top = code->steps[i].function(*top);
            continue;
        case END:
            return *top;
        default:
            break;
        }
        double right = *top--;
        switch (code->steps[i].operation) {
        case ADD:
            *top += right;
            break;
        case SUB:
            *top -= right;
            break;
        case MUL:
            *top *= right;
            break;
        case DIV:
            *top /= right;
            break;
        case MOD:
            *top = fmod(*top, right);
            break;
        case POWER:
            *top = pow(*top, right);
            break;
        }
    }
}

static _Atomic uint64_t counter;
static uint64_t guarded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local uint64_t own;

static void *thread(void *data)
{
    for (unsigned i = *(unsigned *)data; i > 0; i--) {
        own += i;
        atomic_fetch_add(&counter, i);
        pthread_mutex_lock(&lock);
        guarded = guarded * 3 % 1000003 + 1; /* the same whoever comes first */
        pthread_mutex_unlock(&lock);
    }
    atomic_fetch_add(&counter, own);
    return NULL;
}

uint64_t run_threads(unsigned n_threads, unsigned n_rounds)
{
    pthread_t threads[16];

    for (unsigned i = 0; i < n_threads; i++) {
        if (pthread_create(&threads[i], NULL, thread, &n_rounds) != 0) {
            return 0;
        }
    }
    for (unsigned i = 0; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
    }
    return counter ^ guarded << 40;
}
