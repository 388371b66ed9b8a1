/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the instructions of a file of raw code, one a line: disas-file 32|64 FILE. */
#include "modules/riscv/cpu.h"
#include "modules/riscv/disas.h"

int main(int argc, char **argv)
{
    g_autofree char *code = NULL;
    g_autoptr(GError) error = NULL;
    gsize bytes;

    if (argc != 3 || !g_file_get_contents(argv[2], &code, &bytes, &error)) {
        g_printerr("disas-file: %s\n", error ? error->message : "usage: 32|64 FILE");
        return 2;
    }
    uint64_t key = g_str_equal(argv[1], "64") ? RV_KEY_64 : 0;
    for (gsize at = 0; at < bytes;) {
        uint32_t used = 0;
        g_autofree char *text = rv_disassemble(NULL, at, key, (const uint8_t *)code + at,
                                               (uint32_t)(bytes - at), &used);
        g_print("%" G_GSIZE_MODIFIER "x\t%s\n", at, text);
        at += used;
    }
    return 0;
}
