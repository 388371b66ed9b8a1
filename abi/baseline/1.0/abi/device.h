/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_DEVICE_H
#define QH_ABI_DEVICE_H

#include "abi/bus.h"
#include "abi/memory.h"
#include "abi/property.h"
#include "abi/state.h"

#define QH_DEVICE_INTERFACE "qh.device"

typedef struct QhDevice {
    void *ctx;
    QhInstance *instance;
    QhMachine *machine;
    const char *id;
    QhBus *bus;
    void *bus_data;
    uint64_t reserved[2];
} QhDevice;

#define QH_WINDOW_IO  0u
#define QH_WINDOW_ROM 1u
#define QH_WINDOW_RAM 2u

typedef struct QhWindow {
    const char *name;
    uint64_t bytes;
    const QhIoOps *ops;
} QhWindow;

#define QH_WINDOWS(rows_)                                                                          \
    .n_windows = sizeof(rows_) / sizeof((rows_)[0]), .window_size = sizeof(QhWindow),              \
    .windows = (rows_)

#define QH_DEVICE_DMA_TO_IO     (1u << 0)
#define QH_DEVICE_NOT_CREATABLE (1u << 1)
#define QH_DEVICE_NO_SNAPSHOT   (1u << 2)

#define QH_RESET_COLD 0u
#define QH_RESET_WARM 1u

typedef struct QhDeviceOps {
    uint32_t size;
    uint32_t state_size;
    const char *description;
    const char *bus;
    const QhPropertyTable *properties;
    const QhStateTable *state;
    uint32_t n_windows;
    uint32_t window_size;
    const QhWindow *windows;
    uint32_t n_irq_in;
    uint32_t n_irq_out;
    uint32_t flags;
    uint32_t reserved;

    gboolean (*realize)(QhDevice *device, GError **error);

    void (*unrealize)(QhDevice *device);

    void (*reset)(QhDevice *device, uint32_t kind);

    void (*irq_in)(QhDevice *device, uint32_t n, gboolean level);

    const void *bus_class;

    void (*run_state)(QhDevice *device, gboolean running);

    gboolean (*property_changed)(QhDevice *device, const char *property, GError **error);

    void (*state_loaded)(QhDevice *device);

    const char *firmware_name;

    void (*stream)(QhDevice *device, QhStateStream *stream);

    const char *inner;

    char *(*show)(QhDevice *device, const char *name);
} QhDeviceOps;

typedef struct QhDeviceService {
    uint32_t size;
    uint32_t reserved;

    QhInstance *(*create)(QhMachine *machine, const char *name, const char *id, GError **error);

    gboolean (*set)(QhInstance *instance, const char *property, const char *value, GError **error);
    gboolean (*realize)(QhInstance *instance, GError **error);

    gboolean (*map)(
        QhInstance *instance, uint32_t window, QhSpace *space, uint64_t address, GError **error);

    void (*connect)(QhInstance *instance, uint32_t n, QhIrq *irq);

    QhIrq *(*irq_in)(QhInstance *instance, uint32_t n);

    QhDevice *(*state)(QhInstance *instance);

    void (*set_irq)(QhDevice *device, uint32_t n, gboolean level);

    QhIrq *(*cpu_irq)(QhMachine *machine, uint32_t cpu_index, uint32_t line);

    QhIrq *(*irq_new)(QhMachine *machine,
                      void (*fn)(void *opaque, uint32_t n, gboolean level),
                      void *opaque,
                      uint32_t n);

    void (*irq_set)(QhIrq *irq, gboolean level);

    void (*lock)(QhMachine *machine);
    void (*unlock)(QhMachine *machine);

    void (*window_set_bytes)(QhDevice *device, uint32_t window, uint64_t bytes);

    QhBus *(*bus_new)(QhDevice *parent, const QhBusOps *ops, const char *name, GError **error);

    QhDevice *(*bus_parent)(QhBus *bus);
    const void *(*bus_service)(QhBus *bus);
    const char *(*bus_name)(QhBus *bus);

    void (*bus_foreach)(QhBus *bus,
                        gboolean (*fn)(QhDevice *child, void *data, void *opaque),
                        void *opaque);

    void *(*child_data)(QhDevice *child);
    const void *(*child_class)(QhDevice *child);

    QhInstance *(*create_on)(
        QhMachine *machine, QhBus *bus, const char *name, const char *id, GError **error);

    void (*unplug_done)(QhDevice *child);

    void (*unplug_failed)(QhDevice *child);

    gboolean (*window_map)(
        QhDevice *device, uint32_t window, QhSpace *space, uint64_t address, int32_t priority);
    void (*window_unmap)(QhDevice *device, uint32_t window);

    void (*reset)(QhDevice *device, uint32_t kind);

    uint64_t (*window_bytes)(QhDevice *device, uint32_t window);

    gboolean (*is_hot)(QhMachine *machine);

    gboolean (*window_set_ram)(QhDevice *device, uint32_t window, QhRam *ram, uint32_t mode);

    void (*window_set_mode)(QhDevice *device, uint32_t window, uint32_t mode);
} QhDeviceService;

#endif
