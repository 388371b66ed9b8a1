/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts every hart in machine mode and goes on in supervisor mode. Machine mode keeps the timer,
 * 10,000 times a second (mtime counts 10 MHz), and the software interrupts of other harts: it drops
 * what is cached of code and of page tables, and says so. Each tick is passed on to supervisor mode
 * as its software interrupt.
 */
#define STACK    32768
#define INTERVAL 1000
#define CLINT    0x2000000
#define M_AREA   64

    .section .start, "ax"
    .globl _start, put_char, power_off, probe_load, probe_store, probe_exec
_start:
    csrr a0, mhartid
    la sp, stack_top
    li t0, STACK
    mul t0, t0, a0
    sub sp, sp, t0
    la t0, m_trap
    csrw mtvec, t0
    la t0, m_areas
    slli t1, a0, 6
    add t0, t0, t1
    sd a0, 48(t0)
    csrw mscratch, t0
    la t0, s_trap
    csrw stvec, t0
    li t0, 0xb1ff /* all exceptions but ecall from S and M */
    csrw medeleg, t0
    li t0, 2 /* supervisor software interrupt */
    csrw mideleg, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, 7
    csrw mcounteren, t0
    csrw scounteren, t0
    li t0, 0x88 /* MTIE, MSIE */
    csrw mie, t0
    csrw satp, zero
    li t0, 0x1800 /* MPP = S, FS = initial, SUM, FS */
    csrc mstatus, t0
    li t0, 0x42880 /* SUM, FS, MPP = S, MPIE */
    csrs mstatus, t0
    csrw fcsr, zero
    /* the first tick */
    li t0, CLINT + 0x4000
    slli t1, a0, 3
    add t0, t0, t1
    li t1, CLINT + 0xbff8
    ld t1, 0(t1)
    li t2, INTERVAL
    add t1, t1, t2
    sd t1, 0(t0)
    /* memory that starts as zero, by hart 0 */
    bnez a0, 2f
    la t0, bss_start
    la t1, bss_end
1:  sd zero, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b
    la t0, started
    fence rw, rw
    li t1, 1
    sd t1, 0(t0)
2:  la t0, started
3:  ld t1, 0(t0)
    beqz t1, 3b
    fence rw, rw
    la t0, supervisor
    csrw mepc, t0
    mret

supervisor:
    csrwi sie, 2
    csrsi sstatus, 2
    call torture
1:  wfi
    j 1b

    .balign 4
m_trap:
    csrrw t0, mscratch, t0
    sd t1, 0(t0)
    sd t2, 8(t0)
    sd t3, 16(t0)
    csrr t1, mcause
    bgez t1, m_bad
    andi t1, t1, 15
    ld t2, 48(t0) /* hart */
    li t3, 7
    bne t1, t3, 1f
    /* timer */
    li t3, CLINT + 0x4000
    slli t2, t2, 3
    add t3, t3, t2
    li t1, CLINT + 0xbff8
    ld t1, 0(t1)
    li t2, INTERVAL
    add t1, t1, t2
    sd t1, 0(t3)
    csrsi mip, 2
    j 2f
1:  /* from another hart */
    li t3, CLINT
    slli t1, t2, 2
    add t3, t3, t1
    sw zero, 0(t3)
    fence iorw, iorw
    slli t2, t2, 3
    la t1, ipi_wanted
    add t1, t1, t2
    ld t3, 0(t1)
    fence rw, rw
    fence.i
    sfence.vma
    la t1, ipi_done
    add t1, t1, t2
    fence rw, rw
    sd t3, 0(t1)
2:  ld t1, 0(t0)
    ld t2, 8(t0)
    ld t3, 16(t0)
    csrrw t0, mscratch, t0
    mret

m_bad:
    li a0, 'T'
    call put_char
    csrr s0, mcause
    call put_s0
    csrr s0, mepc
    call put_s0
    csrr s0, mtval
    call put_s0
    li a0, 10
    call put_char
    li a0, 0x13333 /* fail, status 1 */
power_off:
    li t0, 0x100000
    sw a0, 0(t0)
1:  j 1b

put_s0:
    mv s3, ra
    li a0, ' '
    call put_char
    li s1, 60
1:  srl a0, s0, s1
    andi a0, a0, 15
    addi a0, a0, '0'
    li t0, '9'
    ble a0, t0, 2f
    addi a0, a0, 'a' - '9' - 1
2:  call put_char
    addi s1, s1, -4
    bgez s1, 1b
    mv ra, s3
    ret

put_char:
    li t0, 0x10000000
1:  lbu t1, 5(t0)
    andi t1, t1, 0x20
    beqz t1, 1b
    sb a0, 0(t0)
    ret

    .balign 4
s_trap:
    addi sp, sp, -160
    sd ra, 0(sp)
    sd t0, 8(sp)
    sd t1, 16(sp)
    sd t2, 24(sp)
    sd a0, 32(sp)
    sd a1, 40(sp)
    sd a2, 48(sp)
    sd a3, 56(sp)
    sd a4, 64(sp)
    sd a5, 72(sp)
    sd a6, 80(sp)
    sd a7, 88(sp)
    sd t3, 96(sp)
    sd t4, 104(sp)
    sd t5, 112(sp)
    sd t6, 120(sp)
    csrr a1, scause
    csrr a2, stval
    csrr t0, sepc
    sd t0, 128(sp)
    mv a0, sp
    call supervisor_trap
    ld t0, 128(sp)
    csrw sepc, t0
    ld ra, 0(sp)
    ld t0, 8(sp)
    ld t1, 16(sp)
    ld t2, 24(sp)
    ld a0, 32(sp)
    ld a1, 40(sp)
    ld a2, 48(sp)
    ld a3, 56(sp)
    ld a4, 64(sp)
    ld a5, 72(sp)
    ld a6, 80(sp)
    ld a7, 88(sp)
    ld t3, 96(sp)
    ld t4, 104(sp)
    ld t5, 112(sp)
    ld t6, 120(sp)
    addi sp, sp, 160
    sret

/*
 * Try a load, a store, a call. A fault goes on at probe_end with the cause in a0; without one
 * a0 is the value (store: 0).
 */
    .globl probe_end
probe_load:
    mv t1, ra
    ld a0, 0(a0)
    j probe_end
probe_store:
    mv t1, ra
    sd a1, 0(a0)
    li a0, 0
    j probe_end
probe_exec:
    mv t1, ra
    jalr a0
probe_end:
    mv ra, t1
    ret

    .section .sdata, "aw"
    .globl ipi_wanted, ipi_done
    .balign 64
started: .dword 0
m_areas: .space M_AREA * 8
ipi_wanted: .space 64
ipi_done: .space 64
