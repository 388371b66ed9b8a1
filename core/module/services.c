/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The services that modules may ask for. This file stands alone, because naming the tables draws
 * their whole implementation into a program.
 */
#include "core/module/services.h"
#include "abi/block-driver.h"
#include "abi/cpu.h"
#include "abi/device.h"
#include "abi/fp.h"
#include "abi/fw-cfg.h"
#include "abi/machine.h"
#include "abi/memory.h"
#include "abi/net.h"
#include "abi/object.h"
#include "abi/screen.h"
#include "abi/services.h"
#include <string.h>

extern const QhBlockService qh_block_service;
extern const QhBlockDriverService qh_block_driver_service;
extern const QhCpuService qh_cpu_service;
extern const QhMemService qh_mem_service;
extern const QhDeviceService qh_device_service;
extern const QhMachineService qh_machine_service;
extern const QhLogService qh_log_service;
extern const QhTimerService qh_timer_service;
extern const QhEventService qh_event_service;
extern const QhCharService qh_char_service;
extern const QhFpService qh_fp_service;
extern const QhFwService qh_fw_service;
extern const QhJsonService qh_json_service;
extern const QhLoopService qh_loop_service;
extern const QhNetService qh_net_service;
extern const QhObjectService qh_object_service;
extern const QhDisplayService qh_display_service;
extern const QhInputService qh_input_service;
extern const QhScreenService qh_screen_service;

static const QhServiceEntry services[] = {
    {"qh.block",        1, 1, &qh_block_service       },
    {"qh.block-driver", 1, 0, &qh_block_driver_service},
    {"qh.char",         1, 2, &qh_char_service        },
    {"qh.cpu",          1, 3, &qh_cpu_service         },
    {"qh.device",       1, 2, &qh_device_service      },
    {"qh.display",      1, 0, &qh_display_service     },
    {"qh.event",        1, 0, &qh_event_service       },
    {"qh.fp",           1, 0, &qh_fp_service          },
    {"qh.fw-cfg",       1, 0, &qh_fw_service          },
    {"qh.input",        1, 0, &qh_input_service       },
    {"qh.json",         1, 0, &qh_json_service        },
    {"qh.log",          1, 0, &qh_log_service         },
    {"qh.loop",         1, 0, &qh_loop_service        },
    {"qh.machine",      1, 2, &qh_machine_service     },
    {"qh.mem",          1, 4, &qh_mem_service         },
    {"qh.net",          1, 0, &qh_net_service         },
    {"qh.object",       1, 0, &qh_object_service      },
    {"qh.screen",       1, 0, &qh_screen_service      },
    {"qh.timer",        1, 0, &qh_timer_service       },
};

const void *
qh_service_find(QhHost *host, const char *name, uint32_t major, uint32_t min_minor, GError **error)
{
    (void)host;
    for (guint i = 0; name != NULL && i < G_N_ELEMENTS(services); i++) {
        const QhServiceEntry *entry = &services[i];
        if (strcmp(entry->name, name) != 0) {
            continue;
        }
        if (entry->major == major && entry->minor >= min_minor) {
            return entry->table;
        }
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "it needs service '%s' %u.%u, this host has %u.%u", name, major, min_minor,
                    entry->major, entry->minor);
        return NULL;
    }
    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                "it needs service '%s' %u.%u, which this host has not", name != NULL ? name : "",
                major, min_minor);
    return NULL;
}
