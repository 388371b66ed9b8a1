/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_BASE_H
#define QH_ABI_BASE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#define QH_ABI_MAJOR 1
#define QH_ABI_MINOR 0

typedef struct QhHost QhHost;
typedef struct QhVcpu QhVcpu;
typedef struct QhMachine QhMachine;
typedef struct QhCluster QhCluster;
typedef struct QhSpace QhSpace;
typedef struct QhRam QhRam;
typedef struct QhIrq QhIrq;
typedef struct QhTimer QhTimer;
typedef struct QhChar QhChar;
typedef struct QhInstance QhInstance;
typedef struct QhBus QhBus;

#define QH_ERROR (g_quark_from_static_string("qh-error"))

typedef uint32_t QhErrorCode;
#define QH_ERROR_FAILED      0u
#define QH_ERROR_INVALID     1u
#define QH_ERROR_NOT_FOUND   2u
#define QH_ERROR_NO_SLOT     3u
#define QH_ERROR_MODULE      4u
#define QH_ERROR_UNSUPPORTED 5u
#define QH_ERROR_NO_COMMAND  6u
#define QH_ERROR_NO_DEVICE   7u
#define QH_ERROR_NOT_ACTIVE  8u
#define QH_ERROR_BUSY        9u
#define QH_ERROR_USAGE       10u

#define QH_HAS(object, member)                                                                     \
    ((object)->size >= offsetof(__typeof__(*(object)), member) + sizeof((object)->member))

#define QH_TYPE_NONE 0u
#define QH_TYPE_B1   1u
#define QH_TYPE_I8   2u
#define QH_TYPE_I16  3u
#define QH_TYPE_I32  4u
#define QH_TYPE_I64  5u
#define QH_TYPE_I128 6u
#define QH_TYPE_F32  7u
#define QH_TYPE_F64  8u
#define QH_TYPE_F128 9u
#define QH_TYPE_V64  10u
#define QH_TYPE_V128 11u

#define QH_CLOCK_REALTIME 0u
#define QH_CLOCK_VIRTUAL  1u
#define QH_CLOCK_HOST     2u

#endif
