/* SPDX-License-Identifier: MIT */
/* Slot "device/NAME", interface "qh.device": a device class; and service "qh.device". */
#ifndef QH_ABI_DEVICE_H
#define QH_ABI_DEVICE_H

#include "abi/bus.h"
#include "abi/memory.h"
#include "abi/property.h"
#include "abi/state.h"

#define QH_DEVICE_INTERFACE "qh.device"

/* The first member of every device's state; keeps its size for the life of a major version. */
typedef struct QhDevice {
    void *ctx;            /* ctx of the device slot's offer */
    QhInstance *instance; /* the host's side of this device */
    QhMachine *machine;
    const char *id; /* the user's id=, or a path the host made up; never NULL */
    QhBus *bus;     /* the bus it sits on; NULL: wired by a machine. Since 1.1 */
    void *bus_data; /* the bytes that its bus keeps for it, for the bus's own use. Since 1.1 */
    uint64_t reserved[2];
} QhDevice;

/* How a window with RAM behind it (window_set_ram) answers. */
#define QH_WINDOW_IO  0u /* all by its QhIoOps; the only way without RAM */
#define QH_WINDOW_ROM 1u /* reads and fetches straight from RAM, writes by QhIoOps: flash, ROM */
#define QH_WINDOW_RAM 2u /* all straight from RAM */

/* One register window. */
typedef struct QhWindow {
    const char *name;
    uint64_t bytes;     /* 0: the device sets it in realize with window_set_bytes */
    const QhIoOps *ops; /* called with the device state as opaque */
} QhWindow;

/* Members of QhDeviceOps: the windows are the array @rows_. */
#define QH_WINDOWS(rows_)                                                                          \
    .n_windows = sizeof(rows_) / sizeof((rows_)[0]), .window_size = sizeof(QhWindow),              \
    .windows = (rows_)

/* QhDeviceOps.flags */
#define QH_DEVICE_DMA_TO_IO     (1u << 0) /* its DMA may reach device windows */
#define QH_DEVICE_NOT_CREATABLE (1u << 1) /* made by machines only, not with -device */
#define QH_DEVICE_NO_SNAPSHOT   (1u << 2) /* table and stream do not hold all: it cannot be saved */

/* Kinds of reset. */
#define QH_RESET_COLD 0u
#define QH_RESET_WARM 1u

typedef struct QhDeviceOps {
    uint32_t size;
    uint32_t state_size; /* bytes, begins with a QhDevice; zeroed by the host */
    const char *description;
    const char *bus; /* name of the bus kind it sits on; NULL: wired by a machine */
    const QhPropertyTable *properties;
    const QhStateTable *state;
    uint32_t n_windows;
    uint32_t window_size; /* sizeof(QhWindow) */
    const QhWindow *windows;
    uint32_t n_irq_in;
    uint32_t n_irq_out;
    uint32_t flags;
    uint32_t reserved;

    /* Mandatory: properties are set; check them and get ready. [main] */
    gboolean (*realize)(QhDevice *device, GError **error);
    /* Optional: undo realize; must accept a device whose realize failed half-way. [main] */
    void (*unrealize)(QhDevice *device);
    /* Mandatory: power-on state; lines out are low already. [device] */
    void (*reset)(QhDevice *device, uint32_t kind);
    /* Mandatory if n_irq_in: input line @n changed to @level. [device] */
    void (*irq_in)(QhDevice *device, uint32_t n, gboolean level);

    /* Since 1.1. What the kind of bus asks of its classes, as the kind's header says. */
    const void *bus_class;
    /* Optional: the machine runs again (@running) or stops: start or hold back work of its own.
     * [main, device lock] */
    void (*run_state)(QhDevice *device, gboolean running);
    /* Optional: properties that may be set while the device lives (qom-set): check @property, whose
     * member already has the new value, and act; FALSE puts the old one back. [main, device lock]
     */
    gboolean (*property_changed)(QhDevice *device, const char *property, GError **error);

    /*
     * Optional: the fields of the state table have been set from a snapshot: bring up to date what
     * derives from them. Timers, lines, CPUs and RAM are restored by the host, so neither arm a
     * timer nor drive a line. Whatever else a device keeps must be in its state table. [device],
     * CPUs stopped
     */
    void (*state_loaded)(QhDevice *device);

    /* Optional: what Open Firmware calls such a device when a board wires it ("pci"); the address
     * of its first window is its unit. For the firmware's boot order. */
    const char *firmware_name;
    /* Optional: state besides the table (abi/state.h). Comes after the bus's part. [device], CPUs
     * stopped */
    void (*stream)(QhDevice *device, QhStateStream *stream);

    /* Optional: the part that holds its drive has this name below the device's path, as QMP's
     * clients know it ("virtio-backend"). */
    const char *inner;

    /* Optional: what qom-get shows besides properties, made when it is asked for. With @name its
     * value, JSON, NULL when there is no such; with NULL all the names, a blank between each two.
     * The caller g_frees it. [main, device lock] */
    char *(*show)(QhDevice *device, const char *name);
} QhDeviceOps;

/*
 * Service "qh.device". A machine creates, sets, realizes, then maps and wires:
 *     uart = create(machine, "ns16550", "serial0", &error); set(uart, "chardev", "serial0",
 * &error); realize(uart, &error); map(uart, 0, space, 0x10000000, &error); connect(uart, 0, irq);
 */
typedef struct QhDeviceService {
    uint32_t size;
    uint32_t reserved;

    /* A device of class @name, loading the module that offers it if need be. The machine owns it.
     * NULL with @error set. [main] */
    QhInstance *(*create)(QhMachine *machine, const char *name, const char *id, GError **error);
    /* Set a property from text, before realize. [main] */
    gboolean (*set)(QhInstance *instance, const char *property, const char *value, GError **error);
    gboolean (*realize)(QhInstance *instance, GError **error);
    /* Map window @window of a realized device at @address of @space. [main] */
    gboolean (*map)(
        QhInstance *instance, uint32_t window, QhSpace *space, uint64_t address, GError **error);
    /* Wire output line @n to @irq (NULL: leave it open). [main] */
    void (*connect)(QhInstance *instance, uint32_t n, QhIrq *irq);
    /* The line that leads into input @n of the device; owned by it. NULL if @n is out of range.
     * [main] */
    QhIrq *(*irq_in)(QhInstance *instance, uint32_t n);
    /* The state struct, for a machine that must talk to a device of its own module. [main] */
    QhDevice *(*state)(QhInstance *instance);

    /* For devices: drive output line @n. [device] */
    void (*set_irq)(QhDevice *device, uint32_t n, gboolean level);

    /* The line into CPU @cpu_index's input @line; owned by the CPU. [main] */
    QhIrq *(*cpu_irq)(QhMachine *machine, uint32_t cpu_index, uint32_t line);
    /* A line that calls @fn(@opaque, @n, level) on each change; owned by the machine. [main] */
    QhIrq *(*irq_new)(QhMachine *machine,
                      void (*fn)(void *opaque, uint32_t n, gboolean level),
                      void *opaque,
                      uint32_t n);
    /* Set a line; NULL is an open line. [device] for lines into devices, [any] into CPUs. */
    void (*irq_set)(QhIrq *irq, gboolean level);

    /* Take and give back the machine's device lock, for module code that runs outside callbacks
     * (a helper that touches a device). Not recursive. [any] */
    void (*lock)(QhMachine *machine);
    void (*unlock)(QhMachine *machine);

    /* Set the size of window @window; in realize only. [main] */
    void (*window_set_bytes)(QhDevice *device, uint32_t window, uint64_t bytes);

    /* --- Minor 1: buses (abi/bus.h) --- */

    /* In realize of @parent: a bus of @ops; goes with the device. @name NULL: "KIND.N", or "ID.N"
     * when the device has an id the user gave. NULL with @error when the name is taken. [main] */
    QhBus *(*bus_new)(QhDevice *parent, const QhBusOps *ops, const char *name, GError **error);
    /* Of the bus: its parent, its methods' table of services, its name. [any] */
    QhDevice *(*bus_parent)(QhBus *bus);
    const void *(*bus_service)(QhBus *bus);
    const char *(*bus_name)(QhBus *bus);
    /* Call @fn for each child; it may end the walk with FALSE. [main] */
    void (*bus_foreach)(QhBus *bus,
                        gboolean (*fn)(QhDevice *child, void *data, void *opaque),
                        void *opaque);
    /* Of a child: the bytes that its bus keeps for it; what its class says to its bus. [any] */
    void *(*child_data)(QhDevice *child);
    const void *(*child_class)(QhDevice *child);
    /* create, but on @bus, or with @bus NULL on the first of the right kind with room. [main] */
    QhInstance *(*create_on)(
        QhMachine *machine, QhBus *bus, const char *name, const char *id, GError **error);
    /* The guest has let go of @child: the host takes it out and emits DEVICE_DELETED. [device] */
    void (*unplug_done)(QhDevice *child);
    /* The guest refuses: emits DEVICE_UNPLUG_GUEST_ERROR. [device] */
    void (*unplug_failed)(QhDevice *child);

    /* Map window @window of @device, which the caller is or whose bus it has made; remap by
     * mapping again elsewhere; unmap one that is not mapped: nothing happens. [device] */
    gboolean (*window_map)(
        QhDevice *device, uint32_t window, QhSpace *space, uint64_t address, int32_t priority);
    void (*window_unmap)(QhDevice *device, uint32_t window);
    /* Reset @device, which the caller is or whose bus it has made, and all below it. [device] */
    void (*reset)(QhDevice *device, uint32_t kind);
    /* Bytes of window @window as realize left them; 0: it has none. [any] */
    uint64_t (*window_bytes)(QhDevice *device, uint32_t window);
    /* Whether the guest has run: what is plugged now is plugged hot. [main] */
    gboolean (*is_hot)(QhMachine *machine);

    /* --- Minor 2 --- */

    /* Put @ram, as long as the window or longer, behind window @window, in realize; both begin
     * together and are multiples of 4 KiB. @mode: QH_WINDOW_... FALSE when it does not fit. [main]
     */
    gboolean (*window_set_ram)(QhDevice *device, uint32_t window, QhRam *ram, uint32_t mode);
    /* From the next access on window @window answers so; of the caller's CPU, and soon of the
     * others. [device] */
    void (*window_set_mode)(QhDevice *device, uint32_t window, uint32_t mode);
} QhDeviceService;

#endif
