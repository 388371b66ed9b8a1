/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/engine-options.h"
#include "core/os/memory.h"

#define PROBE_BYTES 4096u

gboolean qh_engine_has_jit(GError **error)
{
    void *writable, *code = qh_os_code_new("qemu-host-probe", PROBE_BYTES, &writable, error);

    if (code != NULL) {
        qh_os_code_free(code, writable, PROBE_BYTES);
    }
    return code != NULL;
}
