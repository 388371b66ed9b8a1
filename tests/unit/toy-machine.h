/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine around the toy CPU, without modules. Instructions are words of 4 bytes:
 *   op << 24 | a << 20 | b << 16 | imm (signed where it is a distance)
 */
#ifndef QH_TESTS_UNIT_TOY_MACHINE_H
#define QH_TESTS_UNIT_TOY_MACHINE_H

#include "abi/target.h"
#include "core/jit/engine.h"
#include "core/jit/jit-cpu.h"
#include "core/machine/machine-priv.h"
#include "core/vcpu/vcpu.h"
#include "toy.h"

#define TOY_RAM       0x10000u /* physical */
#define TOY_RAM_BYTES 0x100000u
#define TOY_IO        0x200000u
#define TOY_IO_BYTES  0x1000u

enum {
    TOY_ADDI = 1, /* xa = xb + imm */
    TOY_ADD,      /* xa += xb */
    TOY_LD,       /* xa = [xb + imm] */
    TOY_ST,       /* [xb + imm] = xa */
    TOY_ST32,
    TOY_BNE, /* if xa != xb: pc += imm */
    TOY_JMP, /* pc += imm */
    TOY_JR,  /* pc = xa */
    TOY_HALT,
    TOY_AMOADD, /* xa = [xb]; [xb] += x[imm] */
    TOY_LDX,    /* xa = [xb + imm] through a helper */
    TOY_STX,
    TOY_KEY,   /* state_key = xa */
    TOY_FLUSH, /* tlb_flush, all */
    TOY_HOOK,  /* what toy->emit makes; must not end the block */
    TOY_LOOP,  /* a loop inside one instruction: while (xa != 0) { xa--; xb++ } */
    TOY_WIDE,  /* two words: xa = second word */
    TOY_PC,    /* xa = pc + imm */
    TOY_CALL,  /* xa = pc + 4, pc += imm */
};
#define TOY_INSN(op, a, b, imm) ((uint32_t)(op) << 24 | (a) << 20 | (b) << 16 | ((imm)&0xffff))

#define TOY_PAGES (4 * QH_TLB_ENTRIES + 64)

typedef struct ToyMachine {
    QhMachine machine;
    QhCluster cluster;
    QhRam *ram;
    Toy *cpu[4];
    QhVcpu *vcpu[4];
    void (*emit)(QhBlock *block, void *data);
    void *data;
    /* Page tables: virtual page -> physical page and rights; identity and all rights at first. Some
     * pages share an entry of the first level. */
    uint32_t page[TOY_PAGES];
    uint8_t prot[TOY_PAGES];
    uint8_t global[TOY_PAGES]; /* QH_TRANSLATION_... */
    uint32_t page_bits;        /* of translations */
    gboolean fixed;            /* blocks are not relative */
    gboolean both_map;         /* MMU index 1 is not what it is, too, but goes through page */
    uint32_t n_translated, n_blocks, n_peeked;
    uint64_t io_value, io_offset;
    uint32_t io_width, io_reads, io_writes;
    void (*on_io)(struct ToyMachine *toy); /* at each access to the device; NULL: nothing */
} ToyMachine;

/* How one is made; zeros are fine but for the first two. */
typedef struct ToyConfig {
    uint32_t n_cpus, page_bits;
    uint32_t nan_rule, tininess_before_rounding;
    const QhEngineOptions *engine;
    const QhHelper *helpers; /* instead of toy.c's */
    uint32_t n_helpers;
} ToyConfig;

/* What machines get that ask for nothing; NULL: the defaults. */
extern const QhEngineOptions *toy_engine;
/* From a test's arguments: "jit" compiles every block at once, "interp" none. */
void toy_choose_engine(int argc, char **argv);
ToyMachine *toy_machine_new_with(const ToyConfig *config);
ToyMachine *toy_machine_new(uint32_t n_cpus, uint32_t page_bits);
void toy_machine_free(ToyMachine *toy);

/* Write @n words at @address; drops code, as a device's write would. */
void toy_poke(ToyMachine *toy, uint64_t address, const uint32_t *words, uint32_t n);
/* Host address of RAM at physical @address. */
void *toy_ram(ToyMachine *toy, uint64_t address);
/* Run CPU 0 on this thread from @pc until it halts. */
void toy_run(ToyMachine *toy, uint64_t pc);

#endif
