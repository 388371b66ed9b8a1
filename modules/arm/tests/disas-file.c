/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the instructions of a file of raw code, one a line: disas-file FILE. */
#include "modules/arm/disas.h"

int main(int argc, char **argv)
{
    g_autofree char *code = NULL;
    g_autoptr(GError) error = NULL;
    gsize bytes;

    if (argc != 2 || !g_file_get_contents(argv[1], &code, &bytes, &error)) {
        g_printerr("disas-file: %s\n", error ? error->message : "usage: FILE");
        return 2;
    }
    for (gsize at = 0; at < bytes;) {
        uint32_t used = 0;
        g_autofree char *text =
            arm_disassemble(NULL, at, 0, (const uint8_t *)code + at, (uint32_t)(bytes - at), &used);
        g_print("%" G_GSIZE_MODIFIER "x\t%s\n", at, text);
        at += used;
    }
    return 0;
}
