/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The everyday mix of small programs, in the proportions that embedded benchmarks use: a linked
 * list that is searched, reversed and sorted, a small integer matrix, a text scanner driven by a
 * state machine, and a CRC over the results. Written for this suite.
 */
#include "kernel.h"

#include <stddef.h>

enum { NODES = 200, ORDER = 10, TEXT = 400 };

typedef struct Node Node;
struct Node {
    Node *next;
    int32_t key, order;
};

static Node nodes[NODES];
static int16_t grid[ORDER][ORDER], other[ORDER][ORDER];
static char text[TEXT + 1];

/* CRC-16/ARC: polynomial 0x8005, reflected. */
static uint16_t crc(uint16_t sum, uint64_t value)
{
    for (int i = 0; i < 16; i++) {
        sum = (uint16_t)((sum >> 1) ^ ((sum ^ value) & 1 ? 0xa001 : 0));
        value >>= 1;
    }
    return sum;
}

static Node *merge(Node *a, Node *b)
{
    Node head = {0}, *tail = &head;
    while (a && b) {
        Node **smaller = a->key <= b->key ? &a : &b;
        tail->next = *smaller;
        tail = *smaller;
        *smaller = tail->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static Node *sort(Node *list)
{
    if (!list || !list->next) {
        return list;
    }
    Node *slow = list;
    for (Node *fast = list->next; fast && fast->next; fast = fast->next->next) {
        slow = slow->next;
    }
    Node *second = slow->next;
    slow->next = NULL;
    return merge(sort(list), sort(second));
}

static uint64_t lists(uint64_t seed)
{
    Node *list = NULL;
    uint64_t found = 0;
    for (int i = 0; i < NODES; i++) {
        nodes[i] =
            (Node){.next = list, .key = (int32_t)((seed + (uint64_t)i * 7919) % 251), .order = i};
        list = &nodes[i];
    }
    for (int32_t key = 0; key < 40; key++) {
        for (Node *node = list; node; node = node->next) {
            if (node->key == key) {
                found += (uint64_t)node->order;
                break;
            }
        }
    }
    list = sort(list);
    Node *reversed = NULL;
    while (list) {
        Node *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return found ^ (uint64_t)reversed->key ^ (uint64_t)reversed->next->order << 16;
}

static uint64_t matrices(uint64_t seed)
{
    int32_t sum = 0;
    for (int i = 0; i < ORDER; i++) {
        for (int j = 0; j < ORDER; j++) {
            grid[i][j] = (int16_t)(seed + (uint64_t)(i * j));
            other[i][j] = (int16_t)(i - j + (int)(seed & 7));
        }
    }
    for (int i = 0; i < ORDER; i++) {
        for (int j = 0; j < ORDER; j++) {
            int32_t cell = 0;
            for (int k = 0; k < ORDER; k++) {
                cell += grid[i][k] * other[k][j];
            }
            sum = (int32_t)((uint32_t)sum + (uint32_t)(cell >> 2 & 0xff) + (cell < 0 ? 10u : 1u));
        }
    }
    return (uint64_t)sum;
}

/* Numbers, signs, points and the rest: which kinds of word a text holds. */
static uint64_t scan(void)
{
    enum { START, SIGN, INTEGER, FRACTION, WORD, STATES };
    uint32_t ends[STATES] = {0};
    int state = START;
    for (const char *c = text; *c; c++) {
        switch (*c) {
        case ',':
            ends[state]++;
            state = START;
            break;
        case '+':
        case '-':
            state = state == START ? SIGN : WORD;
            break;
        case '.':
            state = state == INTEGER || state == SIGN || state == START ? FRACTION : WORD;
            break;
        default:
            if (*c >= '0' && *c <= '9') {
                state = state == START || state == SIGN ? INTEGER : state;
            } else {
                state = WORD;
            }
        }
    }
    return ends[INTEGER] + (ends[FRACTION] << 8) + (ends[WORD] << 16) + (ends[SIGN] << 24);
}

static void prepare_mix(double scale)
{
    static const char letters[] = "0123456789,,,.+-ax";
    uint64_t state = 17;
    (void)scale;
    for (int i = 0; i < TEXT; i++) {
        text[i] = letters[kernel_random(&state) % (sizeof letters - 1)];
    }
}

static uint64_t run_mix(double scale)
{
    uint64_t all = 0, n = kernel_times(scale, 6000);
    uint16_t sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum = crc(sum, lists(i));
        sum = crc(sum, matrices(i));
        text[i % TEXT] = (char)(text[i % TEXT] == ',' ? '5' : ',');
        sum = crc(sum, scan());
        all += sum;
    }
    return all;
}

const Kernel kernels_mix[] = {
    {.name = "mix",   .prepare = prepare_mix, .run = run_mix},
    {.name = 0},
};
