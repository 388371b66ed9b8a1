/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The little of a host that character devices need, and a front end that records. */
#ifndef QH_TESTS_CHAR_FAKE_H
#define QH_TESTS_CHAR_FAKE_H

#include "core/char/chars.h"

typedef struct FakeFront {
    GString *got;
    GString *events;   /* O opened, C closed, B break, I focus in, U focus out */
    uint32_t room;     /* what can_read answers; reading takes from it */
    guint writable;    /* calls of can_write */
    gboolean unlocked; /* a callback came without the device lock */
} FakeFront;

extern const QhCharHandlers fake_handlers;
extern QhHost *const fake_host;
extern guint fake_shutdowns;
extern guint fake_slots_held; /* of the module that offers back end "echo" */

FakeFront *fake_front_new(uint32_t room);
void fake_front_free(FakeFront *front);
/* Run the main context until @done(@data) or for two seconds; returns whether it was done. */
gboolean fake_run_until(gboolean (*done)(void *data), void *data);
void fake_run_ms(guint ms);
gboolean fake_got(FakeFront *front, const char *text); /* runs until it got exactly that */
gboolean fake_has_events(FakeFront *front, const char *text);
void fake_write(QhChar *chr, const char *text); /* all of it is taken */

#endif
