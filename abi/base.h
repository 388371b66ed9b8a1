/* SPDX-License-Identifier: MIT */
/*
 * What every other ABI header builds on: the version of the ABI, the size rule, errors, and the
 * opaque handles that the host hands out.
 *
 * Every struct that crosses the border starts with `uint32_t size`, set by the side that fills it
 * in. A reader treats a member beyond `size` as absent (zero), so members are appended and never
 * moved. RULES.md says what a minor and a major version may change.
 *
 * Each declaration ends with the thread it may be called on: [main], [vcpu] (the thread of the CPU
 * that is passed), [vcpu, stopped] (any thread, while that CPU does not run), [device] (any
 * thread that holds the machine's device lock; every device callback is called so), or [any].
 */
#ifndef QH_ABI_BASE_H
#define QH_ABI_BASE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#define QH_ABI_MAJOR 1
#define QH_ABI_MINOR 0

/* Handles. Only the host knows what is inside; their lifetime is said where they are handed out. */
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

/* Errors cross the border as GError of this domain. The core registers the quark first. */
#define QH_ERROR (g_quark_from_static_string("qh-error"))

typedef uint32_t QhErrorCode;
#define QH_ERROR_FAILED      0u  /* QMP class GenericError */
#define QH_ERROR_INVALID     1u  /* a value that is out of range or malformed; GenericError */
#define QH_ERROR_NOT_FOUND   2u  /* a named thing does not exist; GenericError */
#define QH_ERROR_NO_SLOT     3u  /* no module fills the slot; GenericError plus error.data */
#define QH_ERROR_MODULE      4u  /* a module file was refused; GenericError */
#define QH_ERROR_UNSUPPORTED 5u  /* known, but not there yet; GenericError */
#define QH_ERROR_NO_COMMAND  6u  /* QMP class CommandNotFound */
#define QH_ERROR_NO_DEVICE   7u  /* QMP class DeviceNotFound */
#define QH_ERROR_NOT_ACTIVE  8u  /* QMP class DeviceNotActive */
#define QH_ERROR_BUSY        9u  /* in use; GenericError */
#define QH_ERROR_USAGE       10u /* a command line that makes no sense: exit status 2 */

/* Whether @object, a struct that begins with its own size, reaches as far as @member. */
#define QH_HAS(object, member)                                                                     \
    ((object)->size >= offsetof(__typeof__(*(object)), member) + sizeof((object)->member))

/* Value types of state fields, helper arguments and IR values. */
#define QH_TYPE_NONE 0u
#define QH_TYPE_B1   1u /* a truth value, 0 or 1; exists in the IR only */
#define QH_TYPE_I8   2u /* I8 and I16: state fields only, there is no arithmetic on them */
#define QH_TYPE_I16  3u
#define QH_TYPE_I32  4u
#define QH_TYPE_I64  5u
#define QH_TYPE_I128 6u
#define QH_TYPE_F32  7u
#define QH_TYPE_F64  8u
#define QH_TYPE_F128 9u /* opaque: moved, loaded, stored, passed to helpers */
#define QH_TYPE_V64  10u
#define QH_TYPE_V128 11u

/* Clocks, in nanoseconds. */
#define QH_CLOCK_REALTIME 0u /* monotonic host time; never stops */
#define QH_CLOCK_VIRTUAL  1u /* guest time: stands still while the machine is stopped */
#define QH_CLOCK_HOST     2u /* wall clock, since 1970-01-01 UTC */

#endif
