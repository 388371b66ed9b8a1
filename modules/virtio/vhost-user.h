/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front end of the vhost-user protocol: another process serves the queues of a device, out of
 * the guest's RAM, which it maps. vhost-message.c are the messages, vhost-user.c what they are for.
 * A back end that is gone, or says what it should not, is an error of the device, never of the
 * host.
 */
#ifndef VIRTIO_VHOST_USER_H
#define VIRTIO_VHOST_USER_H

#include "modules/virtio/virtio.h"

#define VHOST_QUEUES  65u
#define VHOST_REGIONS 8u

/* Requests, by the protocol's numbers. */
enum {
    VHOST_GET_FEATURES = 1,
    VHOST_SET_FEATURES = 2,
    VHOST_SET_OWNER = 3,
    VHOST_SET_MEM_TABLE = 5,
    VHOST_SET_VRING_NUM = 8,
    VHOST_SET_VRING_ADDR = 9,
    VHOST_SET_VRING_BASE = 10,
    VHOST_GET_VRING_BASE = 11,
    VHOST_SET_VRING_KICK = 12,
    VHOST_SET_VRING_CALL = 13,
    VHOST_GET_PROTOCOL_FEATURES = 15,
    VHOST_SET_PROTOCOL_FEATURES = 16,
    VHOST_SET_VRING_ENABLE = 18,
    VHOST_GET_CONFIG = 24,
};
#define VHOST_F_PROTOCOL 30u /* of the features */
#define VHOST_P_MQ       0u  /* protocol features */
#define VHOST_P_ACK      3u
#define VHOST_P_CONFIG   9u

typedef struct VhostQueue {
    struct VhostUser *vhost;
    VirtioQueue *queue;
    int kick, call; /* eventfds */
    GSource *on_call;
    uint16_t base; /* where the back end goes on */
    uint16_t seen; /* available entries whose memory has been looked at */
    uint16_t size; /* of the ring while it is started; 0: it is not */
} VhostQueue;

typedef struct VhostUser {
    VirtioDevice *device;
    QhChar *chr;
    int fd; /* our copy of the connection; -1: none */
    GSource *watch;
    uint64_t features, protocol;
    uint32_t n_queues; /* the first ones of the device are the back end's */
    gboolean attached, started;
    gboolean lost; /* what fd leads to is of no use any more */
    VhostQueue queues[VHOST_QUEUES];
} VhostUser;

/* In realize: shake hands with the back end at @chr, which serves the first @n_queues queues. What
 * it cannot do is withheld from the device. [main] */
gboolean vhost_user_open(
    VhostUser *vhost, VirtioDevice *device, QhChar *chr, uint32_t n_queues, GError **error);
void vhost_user_close(VhostUser *vhost); /* also of one that was not opened. [main] */
/* The driver is ready, or the machine runs again; the reverse. */
void vhost_user_start(VhostUser *vhost);
void vhost_user_stop(VhostUser *vhost);
/* To the beginning of all rings, after stop. */
void vhost_user_reset(VhostUser *vhost);
void vhost_user_kick(VhostUser *vhost, VirtioQueue *queue);
/* @bytes of the configuration, from the back end. */
gboolean vhost_user_config(VhostUser *vhost, void *ret, uint32_t bytes, GError **error);

/* --- vhost-message.c: @payload up to 280 bytes; FALSE: the back end is gone or confused --- */

gboolean vhost_send(int fd,
                    uint32_t request,
                    gboolean ack,
                    const void *payload,
                    uint32_t bytes,
                    const int *fds,
                    uint32_t n_fds);
/* The reply to @request: exactly @bytes. */
gboolean vhost_receive(int fd, uint32_t request, void *ret, uint32_t bytes);

#endif
