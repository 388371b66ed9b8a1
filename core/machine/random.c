/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's random numbers when they have to be the same on each run: xoshiro256+ (Blackman and
 * Vigna, "Scrambled linear pseudorandom number generators", 2021), four words of state that a
 * snapshot can hold, filled by splitmix64 as its authors advise.
 */
#include "core/machine/machine-priv.h"

static uint64_t rotate(uint64_t value, uint32_t by)
{
    return value << by | value >> (64 - by);
}

void qh_machine_seed(QhMachine *machine, uint64_t seed)
{
    for (guint i = 0; i < G_N_ELEMENTS(machine->random); i++) {
        uint64_t mixed;

        seed += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
        mixed = (seed ^ seed >> 30) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
        mixed = (mixed ^ mixed >> 27) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
        machine->random[i] = mixed ^ mixed >> 31;
    }
}

uint64_t qh_machine_random(QhMachine *machine)
{
    uint64_t *word = machine->random;
    uint64_t result = word[0] + word[3], kept = word[1] << 17;

    word[2] ^= word[0];
    word[3] ^= word[1];
    word[1] ^= word[2];
    word[0] ^= word[3];
    word[2] ^= kept;
    word[3] = rotate(word[3], 45);
    return result;
}
