/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys, buttons and movements on their way to the guest: from any thread into one queue, from there
 * on the main thread to the device that is to have them.
 */
#ifndef QH_CORE_INPUT_INPUT_H
#define QH_CORE_INPUT_INPUT_H

#include "abi/input.h"
#include "core/host/host.h"

QhInputs *qh_inputs_new(QhHost *host);
void qh_inputs_free(QhInputs *inputs);

/* Send one event, from @display (NULL: from none in particular); and what ends those that belong
 * together. Never blocks. [any] */
void qh_inputs_send(QhInputs *inputs, QhDisplay *display, const QhInputEvent *event);
void qh_inputs_sync(QhInputs *inputs, QhDisplay *display);
gboolean qh_inputs_is_absolute(QhInputs *inputs, QhDisplay *display); /* [any] */
/* Whether any device would take @event from @display. [any] */
gboolean qh_inputs_takes(QhInputs *inputs, QhDisplay *display, const QhInputEvent *event);

/* Press @keys (KEY_... numbers) in their order, and let go of them after @hold_ms in the opposite
 * one. Waits for an earlier chord to end. FALSE with @error when too many wait. [main] */
gboolean qh_inputs_chord(
    QhInputs *inputs, const uint16_t *keys, guint n_keys, uint32_t hold_ms, GError **error);

/* The monitor's mouse_button: of left (1), middle (4) and right (2) those in @mask are pressed, the
 * others not. [main] */
void qh_inputs_set_buttons(QhInputs *inputs, uint32_t mask);

/* Pointers, for query-mice. */
typedef struct QhInputMouse {
    const char *name;
    uint32_t index;
    gboolean current, absolute;
} QhInputMouse;
void qh_inputs_foreach_mouse(QhInputs *inputs,
                             void (*fn)(const QhInputMouse *mouse, void *data),
                             void *data); /* [main] */
/* From now on pointers' events go to the one with @index. FALSE: there is no such. [main] */
gboolean qh_inputs_set_mouse(QhInputs *inputs, uint32_t index, GError **error);

extern const QhInputService qh_input_service;

#endif
