/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Freestanding guest programs that are hard on an emulator: what both of them share. */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdint.h>

#define PTE_V 1ull
#define PTE_R 2ull
#define PTE_W 4ull
#define PTE_X 8ull
#define PTE_G 32ull
#define PTE_A 64ull
#define PTE_D 128ull

/* start.S */
void put_char(char c);
void power_off(uint32_t word) __attribute__((noreturn));
uint64_t probe_load(uint64_t address);
uint64_t probe_store(uint64_t address, uint64_t value);
uint64_t probe_exec(uint64_t address);
extern char probe_end[];
extern volatile uint64_t ipi_wanted[8], ipi_done[8];

/* The program's own. */
void torture(uint64_t hart);

/* common.c */
#define FAULT 0xfa170000ull /* or'ed with the cause: a probe that did not work */
extern uint64_t sum;        /* the checksum: what it takes in must not depend on time */
extern volatile uint64_t n_ticks;
extern uint64_t (*fault_hook)(uint64_t cause, uint64_t address); /* nonzero: try again */
void add_to_sum(uint64_t value);
uint64_t random64(uint64_t *state);
void put_text(const char *text);
void put_hex(uint64_t value);
void finish(int good) __attribute__((noreturn));
void fail(const char *what, uint64_t a, uint64_t b) __attribute__((noreturn));
void paging_on(uint64_t hart);

/* Three levels of page tables: the root maps devices and RAM one to one, and 2 MiB at VIRTUAL
 * through a table of 4 KiB pages. */
#define VIRTUAL 0x200000000ull
extern uint64_t root[512], middle[512], leaves[512];
uint64_t pte(const void *page, uint64_t bits);

#define set_satp(value)   __asm__ volatile("csrw satp, %0" ::"r"(value) : "memory")
#define sfence()          __asm__ volatile("sfence.vma" ::: "memory")
#define sfence_page(a)    __asm__ volatile("sfence.vma %0, zero" ::"r"(a) : "memory")
#define sfence_asid(a, i) __asm__ volatile("sfence.vma %0, %1" ::"r"(a), "r"(i) : "memory")
#define sfence_space(i)   __asm__ volatile("sfence.vma zero, %0" ::"r"(i) : "memory")
#define fence_i()         __asm__ volatile("fence.i" ::: "memory")
#define fence()           __asm__ volatile("fence rw, rw" ::: "memory")
#define SATP(table, asid) (8ull << 60 | (uint64_t)(asid) << 44 | (uint64_t)(table) >> 12)

/* Instructions as words. */
#define ADDI(rd, rs, imm) (0x13u | (rd) << 7 | (rs) << 15 | ((imm)&0xfffu) << 20)
#define RET               0x00008067u
#define A0                10u

#endif
