/* SPDX-License-Identifier: MIT */
/*
 * What a module file exports: the one symbol `qh_module`, and an ELF note that says what it offers.
 *
 * The host reads the note (section .note.qemu-host, owner "QEMUHOST", type 1, UTF-8 JSON) without
 * running any code of the module. When something that the note offers is wanted, the host opens the
 * file and calls `init`, which offers slots into a transaction. The host checks them all, compares
 * them with the note, and commits all or none.
 */
#ifndef QH_ABI_MODULE_H
#define QH_ABI_MODULE_H

#include "abi/base.h"

/* One slot that a module fills. */
typedef struct QhOffer {
    uint32_t size;
    uint16_t major; /* of the interface @ops implements */
    uint16_t minor;
    const char *kind;      /* "target", "cpu", "translator", "machine", "device", "gdb", "command",
                              "chardev" */
    const char *name;      /* within the kind: "riscv64", "riscv64:virt", "ns16550" */
    const char *interface; /* "qh.cpu", "qh.machine" ...: interface ids stand in each header */
    const void *ops;       /* const table whose first member is its size; valid until fini */
    void *ctx;             /* handed to what the table holds; NULL means the module's context */
} QhOffer;

/* A transaction that a module's init fills. Valid only during init. */
typedef struct QhTransaction QhTransaction;

typedef struct QhHostApi {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    QhHost *host;

    /*
     * The service table @name ("qh.log", "qh.mem", ...) of major version @major, at least
     * @min_minor. NULL with @error set when the host has none such. The table lives as long as the
     * host. [main]
     */
    const void *(*service)(
        QhHost *host, const char *name, uint32_t major, uint32_t min_minor, GError **error);

    /*
     * Offer a slot; @offer is copied, what it points to is not. Offers are validated after init
     * returns; FALSE, with @error set, only when @offer itself is malformed. [main]
     */
    gboolean (*offer)(QhTransaction *txn, const QhOffer *offer, GError **error);
} QhHostApi;

typedef struct QhModule {
    uint32_t size;
    uint16_t abi_major; /* QH_ABI_MAJOR of the headers the module was built with */
    uint16_t abi_minor; /* lowest QH_ABI_MINOR of a host that the module can live with */

    /*
     * Offer the module's slots. @host outlives the module. *@ret_ctx, the module's context, is
     * passed back to quiesce and fini and to every slot whose offer has no ctx of its own. FALSE,
     * with @error set, refuses the load; the module must have freed what it allocated. [main]
     */
    gboolean (*init)(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error);

    /* Optional: no new use will start; stop timers and threads of the module's own. [main] */
    void (*quiesce)(void *ctx);

    /* Optional: the last use has ended; free @ctx. The file is closed afterwards. [main] */
    void (*fini)(void *ctx);
} QhModule;

#define QH_MODULE_EXPORT __attribute__((visibility("default")))

/* The one symbol. */
extern QH_MODULE_EXPORT const QhModule qh_module;

#endif
