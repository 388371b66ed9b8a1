/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks in the code store: as many as make its table grow, taken out in any order. */
#include "core/jit/code.h"

#define PAGE    4096u
#define N_PAGES 64u
#define N_KEYS  3u
#define OF_PAGE 256u
#define N       (N_PAGES * OF_PAGE)

typedef struct Fixture {
    QhCodeStore *store;
    QhCode *codes[N_KEYS][N];
} Fixture;

static QhCodeKey key_of(uint32_t kind, uint32_t i)
{
    return (QhCodeKey){.ram_address = PAGE + (uint64_t)i * (PAGE / OF_PAGE),
                       .pc = 0x400000u + (uint64_t)i * (PAGE / OF_PAGE),
                       .state_key = kind == 2 ? 0 : kind,
                       .flags = kind == 2 ? QH_CODE_SINGLE : 0};
}

static QhCode *add(QhCodeStore *store, const QhCodeKey *key, gboolean relative, uint64_t second)
{
    QhCode *code = qh_code_alloc(store, 1, 1);

    g_assert_nonnull(code);
    code->key = *key;
    code->relative = relative != FALSE;
    code->bytes = 8;
    code->first_bytes = second != 0 ? 4 : 8;
    code->second_page = second;
    qh_code_insert(store, code);
    return code;
}

static void set_up(Fixture *f, gconstpointer data)
{
    uint64_t changes;

    (void)data;
    f->store = qh_code_store_new(12, (uint64_t)24 << 20);
    for (uint32_t i = 0; i < N_PAGES + 2; i++) {
        g_assert_true(qh_code_watch(f->store, (uint64_t)i * PAGE, &changes));
    }
    for (uint32_t i = 0; i < N; i++) {
        for (uint32_t kind = 0; kind < N_KEYS; kind++) {
            QhCodeKey key = key_of(kind, i);
            f->codes[kind][i] = add(f->store, &key, i % 2 == 0, 0);
        }
    }
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    qh_code_store_free(f->store);
}

static void check_all(const Fixture *f)
{
    for (uint32_t i = 0; i < N; i++) {
        for (uint32_t kind = 0; kind < N_KEYS; kind++) {
            QhCodeKey key = key_of(kind, i);
            const QhCode *code = f->codes[kind][i]->invalid ? NULL : f->codes[kind][i];
            g_assert_true(qh_code_find(f->store, &key) == code);
            key.pc += PAGE; /* the others are at one address only */
            g_assert_true(qh_code_find(f->store, &key) == (i % 2 == 0 ? code : NULL));
        }
    }
}

static void test_find(Fixture *f, gconstpointer data)
{
    QhCodeKey key = key_of(0, 0);
    QhCodeStats stats;

    (void)data;
    check_all(f);
    qh_code_stats(f->store, &stats);
    g_assert_cmpuint(stats.n_blocks, ==, N_KEYS * N);
    key.state_key = N_KEYS;
    g_assert_null(qh_code_find(f->store, &key));
    key.state_key = 0;
    key.ram_address += 4;
    g_assert_null(qh_code_find(f->store, &key));
}

/* Blocks that are relative and those that are not, of one key. */
static void test_kinds(Fixture *f, gconstpointer data)
{
    QhCodeKey key = key_of(0, 6);
    QhCode *other = add(f->store, &key, FALSE, 0);

    (void)data;
    g_assert_true(qh_code_find_kind(f->store, &key, TRUE) == f->codes[0][6]);
    g_assert_true(qh_code_find_kind(f->store, &key, FALSE) == other);
    key.pc += PAGE;
    g_assert_true(qh_code_find_kind(f->store, &key, TRUE) == f->codes[0][6]);
    g_assert_null(qh_code_find_kind(f->store, &key, FALSE));
}

static void test_take_out(Fixture *f, gconstpointer data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    QhCodeStats stats;
    uint32_t gone = 0;

    (void)data;
    for (uint32_t round = 0; round < 8; round++) {
        for (uint32_t i = 0; i < N / 10; i++) {
            uint32_t which = (uint32_t)g_rand_int_range(rand, 0, N);
            gone += f->codes[0][which]->invalid ? 0 : N_KEYS;
            qh_code_invalidate(f->store, key_of(0, which).ram_address, 1);
        }
        check_all(f);
    }
    qh_code_stats(f->store, &stats);
    g_assert_cmpuint(stats.n_invalidated, ==, gone);
    for (uint32_t i = 0; i < N_PAGES; i++) {
        qh_code_unwatch(f->store, (uint64_t)(i + 1) * PAGE);
        qh_code_invalidate(f->store, (uint64_t)(i + 1) * PAGE, PAGE);
        g_assert_false(qh_code_has(f->store, (uint64_t)(i + 1) * PAGE));
    }
    check_all(f);
}

/* A block on two pages goes with either. */
static void test_two_pages(Fixture *f, gconstpointer data)
{
    QhCodeKey key = {.ram_address = PAGE - 4, .pc = 0x3ffffc};

    (void)data;
    for (uint32_t i = 0; i < 2; i++) {
        QhCode *code = add(f->store, &key, TRUE, PAGE);
        g_assert_true(qh_code_find(f->store, &key) == code);
        qh_code_invalidate(f->store, PAGE - 4 + 4 * i, 4);
        g_assert_cmpuint(code->invalid, ==, 1);
        g_assert_null(qh_code_find(f->store, &key));
    }
}

/* A page is seen at a second address once, by whichever block; with its blocks that is forgotten.
 */
static void test_addresses(Fixture *f, gconstpointer data)
{
    QhCodeKey key = key_of(0, 0);
    uint64_t page = key.ram_address;

    (void)data;
    g_assert_false(qh_code_moved(f->store, page));
    g_assert_false(qh_code_use_at(f->store, f->codes[0][0], key.pc));
    g_assert_true(qh_code_use_at(f->store, f->codes[0][0], key.pc + PAGE));
    for (uint32_t i = 0; i < 3; i++) {
        g_assert_true(qh_code_moved(f->store, page));
        g_assert_false(qh_code_use_at(f->store, f->codes[0][0], key.pc + i * PAGE));
        g_assert_false(qh_code_use_at(f->store, f->codes[0][2], f->codes[0][2]->key.pc + i * PAGE));
    }
    g_assert_false(qh_code_moved(f->store, page + PAGE));
    qh_code_invalidate(f->store, page, PAGE);
    g_assert_false(qh_code_moved(f->store, page));
    add(f->store, &key, TRUE, 0);
    g_assert_false(qh_code_moved(f->store, page));
}

static void test_drop(Fixture *f, gconstpointer data)
{
    QhCodeKey key = key_of(1, 5);
    QhCode *code;

    (void)data;
    qh_code_drop_all(f->store);
    for (uint32_t i = 0; i < N; i++) {
        QhCodeKey other = key_of(0, i);
        g_assert_null(qh_code_find(f->store, &other));
    }
    code = add(f->store, &key, TRUE, 0);
    g_assert_true(qh_code_find(f->store, &key) == code);
}

#define THRESHOLD 201
#define LEAST     4

/* How block @i of @kind stands: entered often, compiled, or neither. */
static void dress(QhCode *code, uint32_t kind, uint32_t i)
{
    gboolean often = i % 4 == 0;

    code->dull = kind == 2;
    code->heat = (code->dull ? QH_HEAT_DULL : THRESHOLD) - (often ? LEAST : LEAST - 1);
    code->native = i % 4 == 1 ? code : NULL;
    code->ops[0].word = (uint64_t)kind << 32 | i;
}

/* What was entered often, is compiled or is young stays, in other memory. */
static void test_trim(Fixture *f, gconstpointer data)
{
    QhCodeStats before, after;
    uint64_t n = 0;

    (void)data;
    for (uint32_t i = 0; i < N; i++) {
        for (uint32_t kind = 0; kind < N_KEYS; kind++) {
            dress(f->codes[kind][i], kind, i);
        }
    }
    qh_code_stats(f->store, &before);
    g_assert_true(qh_code_is_plump(f->store));
    qh_code_trim(f->store, THRESHOLD, LEAST);
    qh_code_stats(f->store, &after);
    g_assert_false(qh_code_is_plump(f->store));
    g_assert_cmpuint(after.n_trims, ==, 1);
    g_assert_cmpuint(after.bytes, <, before.bytes * 3 / 4);
    g_assert_cmpuint(after.chunk_bytes, <, before.chunk_bytes);
    for (uint32_t i = 0; i < N; i++) {
        for (uint32_t kind = 0; kind < N_KEYS; kind++) {
            QhCodeKey key = key_of(kind, i);
            const QhCode *code = qh_code_find(f->store, &key);
            gboolean young = i >= N / 4 * 3 + 100, old = i < N / 4 * 3 - 100;

            n += code != NULL;
            if (code != NULL) {
                g_assert_cmpuint(code->ops[0].word, ==, (uint64_t)kind << 32 | i);
                g_assert_true((const void *)code->insns == &code->ops[1]);
            }
            g_assert_true(code != NULL || (!young && i % 4 > 1));
            g_assert_true(code == NULL || !old || i % 4 < 2);
        }
    }
    g_assert_cmpuint(after.n_kept, ==, n);
    g_assert_cmpuint(after.n_trimmed, ==, N_KEYS * N - n);
}

/* Blocks that stay can be taken out by their bytes, and others made in the place of those that do
 * not. */
static void test_after_trim(Fixture *f, gconstpointer data)
{
    QhCodeKey two = {.ram_address = PAGE - 4, .pc = 0x3ffffc};
    uint64_t changes;

    (void)data;
    dress(add(f->store, &two, TRUE, PAGE), 0, 0);
    for (uint32_t round = 0; round < 3; round++) {
        qh_code_trim(f->store, THRESHOLD, LEAST);
    }
    g_assert_nonnull(qh_code_find(f->store, &two));
    qh_code_invalidate(f->store, PAGE, 4);
    g_assert_null(qh_code_find(f->store, &two));
    for (uint32_t i = 0; i < N; i++) {
        QhCodeKey key = key_of(0, i);
        if (qh_code_find(f->store, &key) == NULL) {
            g_assert_true(add(f->store, &key, TRUE, 0) == qh_code_find(f->store, &key));
        }
    }
    for (uint32_t i = 0; i < N_PAGES; i++) {
        uint64_t page = (uint64_t)(i + 1) * PAGE;
        qh_code_unwatch(f->store, page);
        qh_code_invalidate(f->store, page, PAGE);
        g_assert_false(qh_code_has(f->store, page));
        g_assert_true(qh_code_watch(f->store, page, &changes));
    }
}

/* Exits remember no block that has moved. */
static void test_links(Fixture *f, gconstpointer data)
{
    QhCodeKey key = {.ram_address = PAGE, .pc = 0x900000, .state_key = 77};
    QhCode *code = qh_code_alloc(f->store, 5, 1);

    (void)data;
    code->key = key;
    code->bytes = code->first_bytes = 8;
    for (uint32_t i = 0; i < 5; i++) {
        code->ops[i] = (QhT0Op){.word = 0};
    }
    code->ops[0].word = QH_T0_exit_near_back;
    code->ops[1] = (QhT0Op){.word = 12, .target = (uintptr_t)code};
    code->ops[2].word = QH_T0_exit_near;
    code->ops[3] = (QhT0Op){.word = 34, .target = (uintptr_t)code};
    code->ops[4].word = QH_T0_exit_cpu;
    code->links = qh_t0_link(code->ops, 5);
    code->native = code;
    qh_code_insert(f->store, code);
    qh_code_trim(f->store, THRESHOLD, LEAST);
    QhCode *moved = qh_code_find(f->store, &key);
    g_assert_nonnull(moved);
    g_assert_true(moved->ops[1].target == 0 && moved->ops[1].word == 12);
    g_assert_true(moved->ops[3].target == 0 && moved->ops[3].word == 34);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/code-store/find", Fixture, NULL, set_up, test_find, tear_down);
    g_test_add("/code-store/kinds", Fixture, NULL, set_up, test_kinds, tear_down);
    g_test_add("/code-store/take-out", Fixture, NULL, set_up, test_take_out, tear_down);
    g_test_add("/code-store/two-pages", Fixture, NULL, set_up, test_two_pages, tear_down);
    g_test_add("/code-store/addresses", Fixture, NULL, set_up, test_addresses, tear_down);
    g_test_add("/code-store/drop", Fixture, NULL, set_up, test_drop, tear_down);
    g_test_add("/code-store/trim", Fixture, NULL, set_up, test_trim, tear_down);
    g_test_add("/code-store/after-trim", Fixture, NULL, set_up, test_after_trim, tear_down);
    g_test_add("/code-store/links", Fixture, NULL, set_up, test_links, tear_down);
    return g_test_run();
}
