/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is read and run directly while a device takes its writes: what flash is. The device
 * here gets words: 1 answers reads itself from now on, 2 leaves them to memory, anything larger is
 * put at the address that was written to.
 */
#include "abi/device.h"
#include "toy-machine.h"

#define FLASH       0x300000u
#define FLASH_BYTES 0x2000u
#define CODE        (TOY_RAM + 0x1000u)

typedef struct Flash {
    ToyMachine *toy;
    QhRam *ram;
    uint32_t mode, reads, writes;
    uint64_t last;
} Flash;

static void set_mode(Flash *flash, uint32_t mode)
{
    flash->mode = mode;
    qh_space_set_mode(qh_machine_system(&flash->toy->machine), FLASH, NULL, mode);
}

static uint32_t
flash_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Flash *flash = opaque;

    flash->reads++;
    *ret_value = ~UINT64_C(0);
    if ((attrs & QH_ATTR_FETCH) != 0 || offset < 0x1000) {
        *ret_value = 0;
        memcpy(ret_value, flash->ram->host + offset, width);
    }
    return QH_BUS_OK;
}

static uint32_t
flash_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Flash *flash = opaque;
    uint64_t bytes = value;

    (void)attrs;
    flash->writes++;
    flash->last = value;
    if (value == 1 || value == 2) {
        set_mode(flash, value == 1 ? QH_WINDOW_IO : QH_WINDOW_ROM);
    } else {
        qh_ram_write(flash->ram, offset, &bytes, width);
    }
    return QH_BUS_OK;
}

static const QhIoOps flash_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 8,
    .read = flash_read,
    .write = flash_write,
};

static void set_up(Flash *flash)
{
    g_autoptr(GError) error = NULL;

    *flash = (Flash){.toy = toy_machine_new(1, 12)};
    flash->ram = qh_ram_new(&flash->toy->machine, "flash", FLASH_BYTES, &error);
    g_assert_no_error(error);
    const QhIoWindow window = {.name = (char *)"flash",
                               .ops = &flash_ops,
                               .opaque = flash,
                               .machine = &flash->toy->machine,
                               .bytes = FLASH_BYTES};
    qh_space_map_window(qh_machine_system(&flash->toy->machine), FLASH, &window, flash->ram,
                        QH_WINDOW_ROM, 0, &error);
    g_assert_no_error(error);
    flash->mode = QH_WINDOW_ROM;
}

static void put(Flash *flash, uint32_t offset, uint32_t word)
{
    qh_ram_write(flash->ram, offset, &word, sizeof(word));
}

/* x1 = FLASH + 0x1000, then @op, then halt; from RAM. */
static void run_one(Flash *flash, uint32_t op, uint64_t x2)
{
    const uint32_t code[] = {op, TOY_INSN(TOY_HALT, 0, 0, 0)};
    Toy *cpu = flash->toy->cpu[0];

    toy_poke(flash->toy, CODE, code, G_N_ELEMENTS(code));
    cpu->x[1] = FLASH + 0x1000;
    cpu->x[2] = x2;
    toy_run(flash->toy, CODE);
}

static void test_access(void)
{
    Flash flash;

    set_up(&flash);
    put(&flash, 0x1000, 0x11223344);
    for (uint32_t i = 0; i < 3; i++) {
        run_one(&flash, TOY_INSN(TOY_LD, 3, 1, 0), 0);
        g_assert_cmphex(flash.toy->cpu[0]->x[3], ==, 0x11223344);
    }
    g_assert_cmpuint(flash.reads, ==, 0);
    /* each store is the device's, also when loads have put the page into the tables */
    for (uint32_t i = 1; i < 4; i++) {
        run_one(&flash, TOY_INSN(TOY_ST32, 2, 1, 8), 0x5500 + i);
        g_assert_cmpuint(flash.writes, ==, i);
        run_one(&flash, TOY_INSN(TOY_LD, 3, 1, 8), 0);
        g_assert_cmphex(flash.toy->cpu[0]->x[3], ==, 0x5500 + i);
    }
    g_assert_cmpuint(flash.reads, ==, 0);
    toy_machine_free(flash.toy);
}

static void test_modes(void)
{
    Flash flash;

    set_up(&flash);
    put(&flash, 0x1000, 77);
    run_one(&flash, TOY_INSN(TOY_LD, 3, 1, 0), 0);
    for (uint32_t i = 1; i < 4; i++) {
        run_one(&flash, TOY_INSN(TOY_ST, 2, 1, 0), 1);
        run_one(&flash, TOY_INSN(TOY_LD, 3, 1, 0), 0);
        g_assert_cmphex(flash.toy->cpu[0]->x[3], ==, UINT64_MAX);
        g_assert_cmpuint(flash.reads, ==, i);
        run_one(&flash, TOY_INSN(TOY_ST, 2, 1, 0), 2);
        run_one(&flash, TOY_INSN(TOY_LD, 3, 1, 0), 0);
        g_assert_cmpuint(flash.toy->cpu[0]->x[3], ==, 77);
    }
    toy_machine_free(flash.toy);
}

/* An atomic access reads what a load would and hands the device the result. */
static void test_atomic(void)
{
    Flash flash;

    set_up(&flash);
    put(&flash, 0x1000, 100);
    run_one(&flash, TOY_INSN(TOY_AMOADD, 3, 1, 2), 23);
    g_assert_cmpuint(flash.toy->cpu[0]->x[3], ==, 100);
    g_assert_cmpuint(flash.writes, ==, 1);
    g_assert_cmpuint(flash.last, ==, 123);
    toy_machine_free(flash.toy);
}

/* x3 = the number in @insn of flash, run there. */
static uint64_t run_flash(Flash *flash)
{
    flash->toy->cpu[0]->x[0] = 0;
    toy_run(flash->toy, FLASH);
    return flash->toy->cpu[0]->x[3];
}

static void test_code(void)
{
    Flash flash;
    Toy *cpu;

    set_up(&flash);
    cpu = flash.toy->cpu[0];
    put(&flash, 0, TOY_INSN(TOY_ADDI, 3, 0, 5));
    put(&flash, 4, TOY_INSN(TOY_HALT, 0, 0, 0));
    g_assert_cmpuint(run_flash(&flash), ==, 5);
    g_assert_cmpuint(flash.reads, ==, 0);
    /* the device changes what has been run */
    put(&flash, 0, TOY_INSN(TOY_ADDI, 3, 0, 6));
    g_assert_cmpuint(run_flash(&flash), ==, 6);
    /* so does the program itself, by a store that the device carries out: the next instruction */
    put(&flash, 0, TOY_INSN(TOY_ST32, 2, 1, 0));
    put(&flash, 4, TOY_INSN(TOY_ADDI, 3, 0, 7));
    put(&flash, 8, TOY_INSN(TOY_HALT, 0, 0, 0));
    cpu->x[1] = FLASH + 4;
    cpu->x[2] = TOY_INSN(TOY_ADDI, 3, 0, 8);
    g_assert_cmpuint(run_flash(&flash), ==, 8);
    g_assert_cmpuint(flash.writes, ==, 1);
    toy_machine_free(flash.toy);
}

/* Code that turns its own memory into a device goes on, fetched from there, and back. */
static void test_code_modes(void)
{
    Flash flash;
    Toy *cpu;

    set_up(&flash);
    cpu = flash.toy->cpu[0];
    put(&flash, 0, TOY_INSN(TOY_ST32, 4, 1, 0));
    put(&flash, 4, TOY_INSN(TOY_ADDI, 3, 0, 9));
    put(&flash, 8, TOY_INSN(TOY_ST32, 2, 1, 0));
    put(&flash, 12, TOY_INSN(TOY_HALT, 0, 0, 0));
    for (uint32_t i = 0; i < 2; i++) {
        cpu->x[1] = FLASH + 0x1000;
        cpu->x[4] = 1;
        cpu->x[2] = 2;
        cpu->x[3] = 0;
        g_assert_cmpuint(run_flash(&flash), ==, 9);
        g_assert_cmpuint(flash.mode, ==, QH_WINDOW_ROM);
    }
    g_assert_cmpuint(flash.writes, ==, 4);
    toy_machine_free(flash.toy);
}

static void test_physical(void)
{
    Flash flash;
    QhSpace *space;
    uint32_t word = 0x99, seen = 0;

    set_up(&flash);
    space = qh_machine_system(&flash.toy->machine);
    g_assert_cmpuint(qh_space_write(space, FLASH + 0x1000, &word, 4, 0), ==, QH_BUS_OK);
    g_assert_cmpuint(flash.writes, ==, 1);
    g_assert_cmpuint(qh_space_read(space, FLASH + 0x1000, &seen, 4, 0), ==, QH_BUS_OK);
    g_assert_cmphex(seen, ==, 0x99);
    /* a debugger's or a loader's write is no command */
    word = 1;
    g_assert_cmpuint(qh_space_write_rom(space, FLASH + 0x1000, &word, 4), ==, QH_BUS_OK);
    g_assert_cmpuint(flash.writes, ==, 1);
    g_assert_cmpuint(flash.mode, ==, QH_WINDOW_ROM);
    set_mode(&flash, QH_WINDOW_RAM);
    word = 2;
    g_assert_cmpuint(qh_space_write(space, FLASH + 0x1000, &word, 4, 0), ==, QH_BUS_OK);
    g_assert_cmpuint(flash.writes, ==, 1);
    g_assert_cmphex(*(uint32_t *)(flash.ram->host + 0x1000), ==, 2);
    toy_machine_free(flash.toy);
}

static void test_refused(void)
{
    Flash flash;
    g_autoptr(GError) error = NULL;

    set_up(&flash);
    QhIoWindow window = {.name = (char *)"odd",
                         .ops = &flash_ops,
                         .opaque = &flash,
                         .machine = &flash.toy->machine,
                         .bytes = FLASH_BYTES + 0x1000};
    g_assert_false(qh_space_map_window(qh_machine_system(&flash.toy->machine), 0x400000, &window,
                                       flash.ram, QH_WINDOW_ROM, 0, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_clear_error(&error);
    window.bytes = 0x800;
    g_assert_false(qh_space_map_window(qh_machine_system(&flash.toy->machine), 0x400000, &window,
                                       flash.ram, QH_WINDOW_ROM, 0, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    toy_machine_free(flash.toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    toy_choose_engine(argc, argv);
    g_test_add_func("/rom-window/access", test_access);
    g_test_add_func("/rom-window/modes", test_modes);
    g_test_add_func("/rom-window/atomic", test_atomic);
    g_test_add_func("/rom-window/code", test_code);
    g_test_add_func("/rom-window/code-modes", test_code_modes);
    g_test_add_func("/rom-window/physical", test_physical);
    g_test_add_func("/rom-window/refused", test_refused);
    return g_test_run();
}
