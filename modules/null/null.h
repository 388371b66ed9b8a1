/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The toy CPU and its board.
 *
 * Sixteen 32-bit registers r0 .. r15; every instruction is one little-endian 32-bit word at an
 * address divisible by 4:
 *
 *     bits 0-7 opcode, 8-11 d, 12-15 s, 16-19 t, 16-31 imm (signed)
 *
 * Physical and virtual addresses are the same. An exception puts its cause into r14 and the address
 * of the instruction into r15, and goes on at address 4. Reset goes to address 0.
 */
#ifndef NULL_H
#define NULL_H

#include "abi/cpu.h"
#include "abi/device.h"
#include "abi/gdb.h"
#include "abi/machine.h"
#include "abi/services.h"
#include "abi/target.h"
#include "abi/translator.h"

#define NS_REGISTERS 16u

/* Causes of exceptions */
#define NS_CAUSE_ILLEGAL 1u /* no such instruction, or pc not divisible by 4 */
#define NS_CAUSE_ALIGN   2u /* word access at an odd address */
#define NS_CAUSE_BUS     3u /* nothing there */

/* Opcodes */
#define NS_OP_LI   0x01u /* d = imm */
#define NS_OP_LUI  0x02u /* d = imm << 16 */
#define NS_OP_ADD  0x03u /* d = s + t */
#define NS_OP_SUB  0x04u
#define NS_OP_AND  0x05u
#define NS_OP_OR   0x06u
#define NS_OP_XOR  0x07u
#define NS_OP_SHL  0x08u /* by the low 5 bits of t */
#define NS_OP_SHR  0x09u
#define NS_OP_ADDI 0x0au /* d = s + imm */
#define NS_OP_LD   0x10u /* d = word at s + imm */
#define NS_OP_LDB  0x11u /* d = byte at s + imm, zero-extended */
#define NS_OP_ST   0x12u /* word at s + imm = d */
#define NS_OP_STB  0x13u
#define NS_OP_BNZ  0x20u /* if d != 0: pc += 4 * imm */
#define NS_OP_JAL  0x21u /* d = pc + 4; pc = s + imm */

/* The board: RAM from 0, the port's window here. */
#define NS_PORT_ADDRESS 0xf0000000u
#define NS_PORT_DATA    0u /* write: send a character; read: take one, 0 if none waits */
#define NS_PORT_STATUS  4u /* bit 0: a character waits */
#define NS_PORT_POWER   8u /* write: power off; the value is the host's exit status */

typedef struct NsCpu {
    QhCpu base; /* first: the host knows this part */
    uint32_t r[NS_REGISTERS];
} NsCpu;

/* What init asked the host for; the context of every slot. */
typedef struct NsServices {
    const QhMemService *mem;
    const QhDeviceService *device;
    const QhMachineService *machine;
    const QhCharService *chr;
} NsServices;

extern const QhTargetOps ns_target;
extern const QhCpuOps ns_cpu;
extern const QhTranslatorOps ns_translator;
extern const QhMachineOps ns_board;
extern const QhDeviceOps ns_port;

#endif
