/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HARTS harts: counting with every kind of atomic, code and page tables that one hart changes under
 * the others, and litmus tests whose forbidden outcomes (RVWMO, Unpriv. 17) must never show.
 */
#include "torture.h"

#ifndef ROUNDS
#define ROUNDS 20
#endif
#ifndef HARTS
#define HARTS 2
#endif

#define LOCATIONS 256
#define CLINT     ((volatile uint32_t *)0x2000000)

static volatile uint64_t arrived, generation;
static uint64_t counters[16] __attribute__((aligned(64)));
static uint32_t words[16] __attribute__((aligned(64)));
static volatile uint64_t lock, guarded[4];
static uint32_t code[1024] __attribute__((aligned(4096)));
static uint64_t pages[4][512] __attribute__((aligned(4096)));
static volatile uint64_t wanted_value;
static volatile uint64_t x[LOCATIONS * 8], y[LOCATIONS * 8], seen[HARTS][2][LOCATIONS];

static void barrier(void)
{
    uint64_t now = generation;

    fence();
    if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == HARTS) {
        arrived = 0;
        fence();
        generation = now + 1;
    }
    while (generation == now) {
    }
    fence();
}

static void count_lr_sc(uint64_t *at)
{
    uint64_t old, failed;

    __asm__ volatile("1: lr.d.aq %0, (%2)\n"
                     "addi %0, %0, 1\n"
                     "sc.d.rl %1, %0, (%2)\n"
                     "bnez %1, 1b\n"
                     : "=&r"(old), "=&r"(failed)
                     : "r"(at)
                     : "memory");
}

static void take_lock(void)
{
    uint64_t old;

    do {
        __asm__ volatile("amoswap.d.aq %0, %2, (%1)"
                         : "=r"(old)
                         : "r"(&lock), "r"(1ull)
                         : "memory");
    } while (old != 0);
}

static void drop_lock(void)
{
    __asm__ volatile("amoswap.d.rl zero, zero, (%0)" ::"r"(&lock) : "memory");
}

static void storm(uint64_t hart)
{
    for (uint64_t i = 0; i < 2000; i++) {
        __asm__ volatile("amoadd.d zero, %1, (%0)" ::"r"(&counters[0]), "r"(i) : "memory");
        __asm__ volatile("amoadd.w zero, %1, (%0)" ::"r"(&words[i & 3]), "r"(i) : "memory");
        __asm__ volatile("amoxor.d zero, %1, (%0)" ::"r"(&counters[1]), "r"(i << hart) : "memory");
        __asm__ volatile("amomaxu.d zero, %1, (%0)" ::"r"(&counters[2]), "r"(i * hart) : "memory");
        __asm__ volatile("amoor.w zero, %1, (%0)" ::"r"(&words[4]), "r"(i << hart) : "memory");
        __asm__ volatile("amomin.w zero, %1, (%0)" ::"r"(&words[5]), "r"(0ull - i) : "memory");
        count_lr_sc(&counters[3]);
        if ((i & 3) == 0) {
            take_lock();
            for (uint64_t k = 0; k < 4; k++) {
                guarded[k] = guarded[k] + k + 1;
            }
            if (guarded[3] != 4 * guarded[0]) {
                fail("two harts hold the lock", guarded[0], guarded[3]);
            }
            drop_lock();
        }
    }
}

/* All other harts drop what they remember of code and page tables. */
static void shoot_down(void)
{
    static uint64_t number;

    number++;
    fence();
    for (uint64_t i = 1; i < HARTS; i++) {
        ipi_wanted[i] = number;
        __asm__ volatile("fence rw, iorw" ::: "memory");
        CLINT[i] = 1;
    }
    for (uint64_t i = 1; i < HARTS; i++) {
        while (ipi_done[i] != number) {
        }
    }
    fence();
}

/* Hart 0 changes a function; all run it while it is changed, and must run the new one after. */
static void change_code(uint64_t hart)
{
    uint64_t (*function)(void) = (uint64_t(*)(void))code;

    for (uint64_t i = 1; i <= 30; i++) {
        if (hart == 0) {
            /* one aligned word: others run the old or the new one meanwhile */
            *(volatile uint32_t *)&code[0] = ADDI(A0, 0, (uint32_t)i);
            fence_i();
            shoot_down();
            wanted_value = i;
        } else {
            while (wanted_value < i) {
                uint64_t got = function();
                if (got != i && got != i - 1) {
                    fail("code out of nowhere", got, i);
                }
            }
        }
        fence();
        if (function() != i) {
            fail("old code runs", function(), i);
        }
        barrier();
    }
}

static void change_pages(uint64_t hart)
{
    volatile uint64_t *at = (volatile uint64_t *)VIRTUAL;

    for (uint64_t i = 1; i <= 30; i++) {
        if (hart == 0) {
            leaves[0] = pte(pages[i & 3], PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
            sfence_page(VIRTUAL);
            shoot_down();
            wanted_value = i;
        } else {
            while (wanted_value < i) {
                uint64_t got = at[1];
                if (got != (i & 3) && got != ((i - 1) & 3)) {
                    fail("page out of nowhere", got, i);
                }
            }
        }
        fence();
        if (at[1] != (i & 3)) {
            fail("old page seen", at[1], i);
        }
        at[2 + hart] = i;
        barrier();
        if (pages[i & 3][2 + hart] != i) {
            fail("stored elsewhere", pages[i & 3][2 + hart], i);
        }
        barrier();
    }
}

/* Each test: what two harts do with two locations, and which pair of results is forbidden. */
#define LITMUS(name, text0, text1)                                                                 \
    static void name(uint64_t hart, uint64_t i)                                                    \
    {                                                                                              \
        uint64_t r0 = 0, r1 = 0;                                                                   \
        if (hart == 0) {                                                                           \
            __asm__ volatile(text0                                                                 \
                             : "+&r"(r0), "+&r"(r1)                                                \
                             : "r"(&x[i * 8]), "r"(&y[i * 8]), "r"(1ull), "r"(2ull)                \
                             : "memory");                                                          \
        } else {                                                                                   \
            __asm__ volatile(text1                                                                 \
                             : "+&r"(r0), "+&r"(r1)                                                \
                             : "r"(&x[i * 8]), "r"(&y[i * 8]), "r"(1ull), "r"(2ull)                \
                             : "memory");                                                          \
        }                                                                                          \
        seen[hart][0][i] = r0;                                                                     \
        seen[hart][1][i] = r1;                                                                     \
    }
#define X "(%2)"
#define Y "(%3)"
LITMUS(mp_fences, "sd %4, " X "\n fence w, w\n sd %4, " Y, "ld %0, " Y "\n fence r, r\n ld %1, " X)
LITMUS(mp_release, "sd %4, " X "\n amoswap.d.rl zero, %4, " Y, "lr.d.aq %0, " Y "\n ld %1, " X)
LITMUS(sb_fences,
       "sd %4, " X "\n fence rw, rw\n ld %0, " Y,
       "sd %4, " Y "\n fence rw, rw\n ld %0, " X)
LITMUS(sb_amo,
       "amoswap.d.aqrl zero, %4, " X "\n amoor.d.aqrl %0, zero, " Y,
       "amoswap.d.aqrl zero, %4, " Y "\n amoor.d.aqrl %0, zero, " X)
LITMUS(lb_fences, "ld %0, " X "\n fence r, w\n sd %4, " Y, "ld %0, " Y "\n fence r, w\n sd %4, " X)
LITMUS(lb_data,
       "ld %0, " X "\n xor %1, %0, %0\n add %1, %1, %4\n sd %1, " Y,
       "ld %0, " Y "\n xor %1, %0, %0\n add %1, %1, %4\n sd %1, " X)
LITMUS(two_writes, "sd %4, " X "\n fence w, w\n sd %5, " Y, "sd %4, " Y "\n fence w, w\n sd %5, " X)
LITMUS(same_place, "sd %4, " X "\n sd %5, " X, "ld %0, " X "\n ld %1, " X)
LITMUS(mp_free, "sd %4, " X "\n sd %4, " Y, "ld %0, " Y "\n ld %1, " X)
LITMUS(sb_free, "sd %4, " X "\n ld %0, " Y, "sd %4, " Y "\n ld %0, " X)

static int forbid_mp(uint64_t i)
{
    return seen[1][0][i] == 1 && seen[1][1][i] == 0;
}
static int forbid_sb(uint64_t i)
{
    return seen[0][0][i] == 0 && seen[1][0][i] == 0;
}
static int forbid_lb(uint64_t i)
{
    return seen[0][0][i] == 1 && seen[1][0][i] == 1;
}
static int forbid_2w(uint64_t i)
{
    return x[i * 8] == 1 && y[i * 8] == 1;
}
static int forbid_back(uint64_t i)
{
    return seen[1][1][i] < seen[1][0][i];
}
static int forbid_odd(uint64_t i) /* without fences: values still come from somewhere */
{
    return seen[0][0][i] > 1 || seen[1][0][i] > 1 || seen[1][1][i] > 1;
}

static const struct {
    const char *name;
    void (*run)(uint64_t hart, uint64_t i);
    int (*forbidden)(uint64_t i);
} litmus[] = {
    {"MP+fences",   mp_fences,  forbid_mp  },
    {"MP+rl+aq",    mp_release, forbid_mp  },
    {"SB+fences",   sb_fences,  forbid_sb  },
    {"SB+aqrl",     sb_amo,     forbid_sb  },
    {"LB+fences",   lb_fences,  forbid_lb  },
    {"LB+datas",    lb_data,    forbid_lb  },
    {"2+2W+fences", two_writes, forbid_2w  },
    {"CoRR",        same_place, forbid_back},
    {"MP",          mp_free,    forbid_odd },
    {"SB",          sb_free,    forbid_odd },
};

static void run_litmus(uint64_t hart, uint64_t which)
{
    if (hart == 0) {
        for (uint64_t i = 0; i < LOCATIONS; i++) {
            x[i * 8] = y[i * 8] = 0;
        }
    }
    barrier();
    if (hart < 2) {
        for (uint64_t i = 0; i < LOCATIONS; i++) {
            litmus[which].run(hart, i);
        }
    }
    barrier();
    for (uint64_t i = 0; hart == 0 && i < LOCATIONS; i++) {
        if (litmus[which].forbidden(i)) {
            fail(litmus[which].name, seen[0][0][i] << 32 | seen[0][1][i],
                 seen[1][0][i] << 32 | seen[1][1][i]);
        }
    }
    barrier();
}

static void add_results(void)
{
    for (uint64_t i = 0; i < 16; i++) {
        add_to_sum(counters[i]);
        add_to_sum(words[i]);
    }
    for (uint64_t i = 0; i < 4; i++) {
        add_to_sum(guarded[i]);
    }
}

void torture(uint64_t hart)
{
    if (hart >= HARTS) {
        return;
    }
    if (hart == 0) {
        code[1] = RET;
        code[0] = ADDI(A0, 0, 0);
        for (uint64_t i = 0; i < 4; i++) {
            pages[i][1] = i;
        }
        leaves[0] = pte(pages[0], PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
        paging_on(0);
        fence_i();
    }
    barrier();
    paging_on(hart == 0 ? 1 : hart);
    fence_i();
    for (uint64_t round = 0; round < ROUNDS; round++) {
        barrier();
        storm(hart);
        wanted_value = 0;
        barrier();
        change_code(hart);
        if (hart == 0) {
            *(volatile uint32_t *)&code[0] = ADDI(A0, 0, 0);
            fence_i();
            leaves[0] = pte(pages[0], PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
            sfence();
            shoot_down();
            wanted_value = 0;
        }
        barrier();
        change_pages(hart);
        if (hart == 0) {
            leaves[0] = pte(pages[0], PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
            sfence();
            shoot_down();
        }
        for (uint64_t i = 0; i < 4 * sizeof(litmus) / sizeof(litmus[0]); i++) {
            run_litmus(hart, i / 4);
        }
    }
    barrier();
    if (hart == 0) {
        add_results();
        finish(1);
    }
}
