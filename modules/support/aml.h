/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI Machine Language (ACPI 6.5, 20): byte code that is written front to back. Names are four
 * characters, padded with '_'; paths have '.' between them and may start with '\'.
 *
 * An Aml is a member of the caller's; what aml_begin_... opens aml_end closes.
 */
#ifndef SUPPORT_AML_H
#define SUPPORT_AML_H

#include <glib.h>
#include <stdint.h>

#define AML_DEPTH 16u

typedef struct Aml {
    GByteArray *code;         /* the caller unrefs it */
    uint32_t open[AML_DEPTH]; /* where the lengths of what is open go */
    uint32_t depth;
} Aml;

void aml_init(Aml *aml);
void aml_end(Aml *aml);
void aml_byte(Aml *aml, uint8_t byte);
void aml_bytes(Aml *aml, const void *data, uint32_t length);
void aml_path(Aml *aml, const char *path);

/* 20.2.3: data. aml_eisa is a "PNP0A08" packed into 32 bits. */
void aml_integer(Aml *aml, uint64_t value);
void aml_string(Aml *aml, const char *text);
void aml_eisa(Aml *aml, const char *id);

/* Name (@name, ...): the object follows. And whole ones. */
void aml_name(Aml *aml, const char *name);
void aml_name_integer(Aml *aml, const char *name, uint64_t value);
void aml_name_string(Aml *aml, const char *name, const char *text);

void aml_begin_scope(Aml *aml, const char *path);
void aml_begin_device(Aml *aml, const char *name);
void aml_begin_method(Aml *aml, const char *name, uint32_t n_arguments);
void aml_begin_if(Aml *aml); /* the condition follows */
void aml_begin_package(Aml *aml, uint32_t n_elements);

/* Name (@name, ResourceTemplate () {...}): what follows are resources, up to aml_end_resources. */
void aml_begin_resources(Aml *aml, const char *name);
void aml_end_resources(Aml *aml);
/* 6.4: 32-bit fixed memory; one interrupt, level and active high; buses; a window of a bridge. */
void aml_memory32(Aml *aml, uint32_t address, uint32_t bytes);
void aml_interrupt(Aml *aml, uint32_t gsi);
void aml_buses(Aml *aml, uint32_t first, uint32_t n);
/* @kind: 0 memory, 1 I/O; @address is the bridge's, and the CPU has it @offset above. */
void aml_window(Aml *aml, uint32_t kind, uint64_t address, uint64_t bytes, uint64_t offset);
/* Interrupt of pin @pin of GPIO controller @source, on a rising edge. */
void aml_gpio_interrupt(Aml *aml, uint32_t pin, const char *source);

#endif
