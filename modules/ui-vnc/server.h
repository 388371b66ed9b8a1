/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An RFB server (RFC 6143 and the extensions of the community's rfbproto) with a thread and a main
 * loop of its own. All about clients happens on that thread; what other threads may touch stands
 * under the lock.
 *
 * The thread keeps a copy of the screen. A screen's view notes what was damaged and wakes the
 * thread, which copies that part, and marks it dirty for every client. A client is sent an update
 * when it has asked for one and has taken all of the one before: so a client that does not read
 * costs one update's memory, and nobody waits for it.
 */
#ifndef UI_VNC_SERVER_H
#define UI_VNC_SERVER_H

#include "abi/machine.h"
#include "abi/screen.h"
#include "abi/services.h"

#define VN_TILE        64u /* side of what is dirty or not; also ZRLE's */
#define VN_MAX_CLIENTS 32u
#define VN_MAX_LISTEN  16u
#define VN_KEYS        768u

typedef struct VnServices {
    QhHost *host;
    const QhScreenService *screen;
    const QhInputService *input;
    const QhJsonService *json;
    const QhEventService *event;
    const QhLogService *log;
    const QhMachineService *machine;
} VnServices;

/* Which tiles of a screen are dirty. */
typedef struct VnDirty {
    uint32_t columns, rows;
    uint8_t *tiles; /* columns * rows */
    gboolean any;
} VnDirty;

typedef struct VnServer VnServer;
typedef struct VnClient VnClient;

/* One socket that listens. */
typedef struct VnListener {
    VnServer *server;
    int fd;
    char *host, *service; /* for query-vnc */
    char *path;           /* of a UNIX socket that goes with it, or NULL */
    gboolean websocket;
    GSource *source;
} VnListener;

typedef enum { VN_SHARE_EXCLUSIVE, VN_SHARE_FORCE, VN_SHARE_IGNORE } VnShare;

struct VnServer {
    const VnServices *services;
    QhMachine *machine;
    char *id;
    char *display_id; /* screen to show; NULL: the first */
    uint32_t head;
    VnShare share;
    gboolean power_control;
    gboolean web; /* serves the page; RFB through it needs the token and no password */
    char *token;  /* web only */

    GThread *thread;
    GMainContext *context;
    GMainLoop *loop;
    QhDisplay *display; /* [main] */
    QhScreenView *view; /* [main]; lock and unlock on the thread */

    /* of the thread */
    uint32_t width, height;
    uint32_t *pixels;   /* copy of the screen */
    GPtrArray *clients; /* VnClient *; changes under the lock */

    GMutex lock;
    GPtrArray *listeners; /* VnListener * */
    GSource *kick;        /* ready when something below has changed */
    gboolean closing, gone, resized, cursor_changed, leds_changed;
    uint32_t next_width, next_height;
    VnDirty damage;
    uint32_t leds;
    gboolean auth; /* clients need a password */
    char *password;
    int64_t expires_us; /* real time; INT64_MAX: never */
};

/* --- server.c --- */
extern const QhScreenClientOps vn_vnc_ops, vn_web_ops;
/* Look at the screen only as long as somebody looks at us. [thread] */
void vn_server_set_watch(VnServer *server);
/* A client's answer to the password's challenge. [thread] */
gboolean vn_server_password(VnServer *server, uint8_t *ret_key);
void vn_server_emit(VnServer *server, const char *event, const VnClient *client);
/* Disconnect all clients but @client. [thread] */
void vn_server_drop_others(VnServer *server, const VnClient *client);

/* --- options.c --- */
/* Read @options, of -vnc or -display web. [main] */
gboolean vn_options_vnc(VnServer *server, const char *options, GError **error);
gboolean vn_options_web(VnServer *server, const char *options, GError **error);
/* -1: never. FALSE with @error. */
gboolean vn_options_expiry(const char *text, int64_t *ret_us, GError **error);

/* --- listen.c --- */
/* Listen at @host (NULL: the loopback) and @port up to @to; to a path. Added to the server's.
 * [main]
 */
gboolean vn_listen_tcp(VnServer *server,
                       const char *host,
                       uint32_t port,
                       uint32_t to,
                       gboolean websocket,
                       GError **error);
gboolean vn_listen_unix(VnServer *server, const char *path, gboolean websocket, GError **error);
/* Accept what comes, on the server's thread. */
void vn_listener_start(VnListener *listener);
void vn_listener_free(void *listener);
uint16_t vn_listener_port(const VnListener *listener);
/* Numbers of the address at the other end (@peer) or this end of @fd; and its NetworkAddressFamily.
 */
const char *vn_address_of(int fd, gboolean peer, char **ret_host, char **ret_service);

/* --- dirty.c --- */
void vn_dirty_resize(VnDirty *dirty, uint32_t width, uint32_t height);
void vn_dirty_add(VnDirty *dirty, uint32_t x, uint32_t y, uint32_t width, uint32_t height);
void vn_dirty_all(VnDirty *dirty);
void vn_dirty_merge(VnDirty *dirty, const VnDirty *more); /* of the same size */
void vn_dirty_clear(VnDirty *dirty);
void vn_dirty_free(VnDirty *dirty);

/* --- page (generated) --- */
extern const uint8_t vn_page[];
extern const uint32_t vn_page_bytes;

#endif
