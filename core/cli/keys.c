/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys that options take, for help, query-command-line-options, the manual page and completion.
 * Those of a device, a network and so on are not here: they come from notes and the schema.
 */
#include "core/cli/keys.h"

const QhOptionParameter qh_keys_machine[] = {
    {"type",            "string",  "name of the board; help, help=json",                                "MACHINE"},
    {"accel",           "string",  "accelerators to try, separated by colons; tcg is the one there is", "tcg"    },
    {"dumpdtb",         "string",  "write the device tree to this file and leave",                      "FILE"   },
    {"kernel",          "string",  "as -kernel",                                                        "FILE"   },
    {"initrd",          "string",  "as -initrd",                                                        "FILE"   },
    {"append",          "string",  "as -append",                                                        NULL     },
    {"dtb",             "string",  "as -dtb",                                                           "FILE"   },
    {"firmware",        "string",  "as -bios",                                                          "FILE"   },
    {"dump-guest-core", "boolean", "accepted: off is what happens",                                     NULL     },
    {"mem-merge",       "boolean", "accepted: off is what happens",                                     NULL     },
    {"usb",             "boolean", "accepted: off",                                                     NULL     },
    {"graphics",        "boolean", "accepted: off",                                                     NULL     },
    {NULL,              NULL,      NULL,                                                                NULL     },
};

const QhOptionParameter qh_keys_accel[] = {
    {"accel",         "string", "the accelerator",                                "tcg"            },
    {"thread",        "string", "every CPU has a thread of its own",              "multi"          },
    {"backend",       "string", "whether guest code is compiled",                 "auto|interp|jit"},
    {"lockstep",      "number",
     "compare with the interpreter every N * 64 instructions at most; 0: do not", NULL             },
    {"jit-threshold", "number", "compile what has run this often; 0: at once",    NULL             },
    {"tb-size",       "size",   "memory for translated code, MiB",                NULL             },
    {NULL,            NULL,     NULL,                                             NULL             },
};

const QhOptionParameter qh_keys_smp[] = {
    {"cpus",     "number", "CPUs at start",                               NULL},
    {"sockets",  "number", "how many there are",                          NULL},
    {"dies",     "number", "1: there are none",                           NULL},
    {"clusters", "number", "1: there are none",                           NULL},
    {"cores",    "number", "per socket",                                  NULL},
    {"threads",  "number", "per core",                                    NULL},
    {"maxcpus",  "number", "the number of CPUs: none can be added later", NULL},
    {NULL,       NULL,     NULL,                                          NULL},
};

const QhOptionParameter qh_keys_m[] = {
    {"size", "size", "how much; a number alone is MiB", NULL},
    {NULL,   NULL,   NULL,                              NULL},
};

const QhOptionParameter qh_keys_add_fd[] = {
    {"fd",     "number", "the descriptor's number",    NULL},
    {"set",    "number", "the set's number",           NULL},
    {"opaque", "string", "any text, for query-fdsets", NULL},
    {NULL,     NULL,     NULL,                         NULL},
};

const QhOptionParameter qh_keys_overcommit[] = {
    {"mem-lock", "boolean", "keep the whole process in memory", NULL},
    {"cpu-pm",   "boolean", "accepted: off is what happens",    NULL},
    {NULL,       NULL,      NULL,                               NULL},
};

const QhOptionParameter qh_keys_rtc[] = {
    {"base",     "string", "utc, or a date and time in UTC", "utc|DATE"},
    {"clock",    "string", "accepted: host is what happens", "host"    },
    {"driftfix", "string", "accepted: none is what happens", "none"    },
    {NULL,       NULL,     NULL,                             NULL      },
};

const QhOptionParameter qh_keys_icount[] = {
    {"shift", "string",  "0 to 10, or auto",              "auto|NUMBER"},
    {"sleep", "boolean", "wait while the CPUs do",        NULL         },
    {"align", "boolean", "accepted: off is what happens", NULL         },
    {NULL,    NULL,      NULL,                            NULL         },
};

const QhOptionParameter qh_keys_boot[] = {
    {"order",          "string",  "a to p",                                       NULL},
    {"once",           "string",  "a to p",                                       NULL},
    {"menu",           "boolean", "the firmware shows a menu",                    NULL},
    {"splash-time",    "number",  "ms for which the menu waits",                  NULL},
    {"reboot-timeout", "number",  "ms after which a failed start is tried again", NULL},
    {"strict",         "boolean", "nothing but what has a bootindex",             NULL},
    {NULL,             NULL,      NULL,                                           NULL},
};

const QhOptionParameter qh_keys_fw_cfg[] = {
    {"name",   "string", "at most 55 bytes",     NULL  },
    {"file",   "string", "where the content is", "FILE"},
    {"string", "string", "the content",          NULL  },
    {NULL,     NULL,     NULL,                   NULL  },
};

const QhOptionParameter qh_keys_smbios[] = {
    {"file",               "string",  "structures",                                       "FILE"                                                           },
    {"type",               "number",  "of the structure",                                 "0|1|2|3|4|8|11|17|41"                                           },
    {"vendor",             "string",  "type 0",                                           NULL                                                             },
    {"version",            "string",  "types 0 to 4",                                     NULL                                                             },
    {"date",               "string",  "type 0",                                           NULL                                                             },
    {"release",            "string",  "type 0: MAJOR.MINOR",                              NULL                                                             },
    {"uefi",               "boolean", "type 0: the firmware is UEFI",                     NULL                                                             },
    {"vm",                 "boolean", "type 0: the machine is virtual",                   NULL                                                             },
    {"manufacturer",       "string",  "types 1 to 4, 17",                                 NULL                                                             },
    {"product",            "string",  "types 1, 2",                                       NULL                                                             },
    {"serial",             "string",  "types 1 to 4, 17",                                 NULL                                                             },
    {"uuid",               "string",  "type 1; as -uuid",                                 NULL                                                             },
    {"sku",                "string",  "types 1, 3",                                       NULL                                                             },
    {"family",             "string",  "type 1",                                           NULL                                                             },
    {"asset",              "string",  "types 2, 3, 4, 17",                                NULL                                                             },
    {"location",           "string",  "type 2",                                           NULL                                                             },
    {"sock_pfx",           "string",  "type 4: name of the sockets, a number follows",    NULL                                                             },
    {"part",               "string",  "types 4, 17",                                      NULL                                                             },
    {"max-speed",          "number",  "type 4: MHz",                                      NULL                                                             },
    {"current-speed",      "number",  "type 4: MHz",                                      NULL                                                             },
    {"processor-family",   "number",  "type 4",                                           NULL                                                             },
    {"processor-id",       "number",  "type 4",                                           NULL                                                             },
    {"internal_reference", "string",  "type 8; each option makes a connector",            NULL                                                             },
    {"external_reference", "string",  "type 8",                                           NULL                                                             },
    {"connector_type",     "number",  "type 8",                                           NULL                                                             },
    {"port_type",          "number",  "type 8",                                           NULL                                                             },
    {"designation",        "string",  "type 41; each option makes a device",              NULL                                                             },
    {"kind",               "string",
     "type 41: other, unknown, video, scsi, ethernet, tokenring, sound, pata, sata, sas", "other|unknown|video|scsi|ethernet|tokenring|sound|pata|sata|sas"},
    {"instance",           "number",  "type 41",                                          NULL                                                             },
    {"pcidev",             "string",  "type 41: id of a device",                          NULL                                                             },
    {"value",              "string",  "type 11: a string; may be given several times",    NULL                                                             },
    {"path",               "string",  "type 11: a file that is a string",                 "FILE"                                                           },
    {"loc_pfx",            "string",  "type 17: name of the slots, a number follows",     NULL                                                             },
    {"bank",               "string",  "type 17",                                          NULL                                                             },
    {"speed",              "number",  "type 17: MT/s",                                    NULL                                                             },
    {NULL,                 NULL,      NULL,                                               NULL                                                             },
};

const QhOptionParameter qh_keys_device[] = {
    {"driver", "string", "class of the device",                                       "DEVICE"   },
    {"id",     "string", "its name",                                                  NULL       },
    {"bus",    "string", "where it is plugged in; otherwise the first that has room", "DEVICE-ID"},
    {NULL,     NULL,     NULL,                                                        NULL       },
};

const QhOptionParameter qh_keys_audiodev[] = {
    {"driver", "string", "the one there is", "none"},
    {"id",     "string", "its name",         NULL  },
    {NULL,     NULL,     NULL,               NULL  },
};

const QhOptionParameter qh_keys_vnc[] = {
    {"vnc",             "string",  "where: HOST:D, unix:PATH, or none until display-update says it",  NULL       },
    {"id",              "string",  "name of the server; default",                                     NULL       },
    {"to",              "number",  "try numbers up to this one",                                      NULL       },
    {"websocket",       "string",  "also by WebSocket: on (port 5700 + D), [HOST:]PORT or unix:PATH",
     "on|PORT|unix:FILE"                                                                                         },
    {"password",        "boolean", "clients need the password of set_password",                       NULL       },
    {"password-secret", "string",  "id of the secret that is the password",                           "OBJECT-ID"},
    {"share",           "string",  "whether several viewers may look on at a time",
     "allow-exclusive|force-shared|ignore"                                                                       },
    {"display",         "string",  "id of the device whose screen is shown",                          "DEVICE-ID"},
    {"head",            "number",  "which of its screens",                                            NULL       },
    {"power-control",   "boolean", "viewers may press the machine's buttons",                         NULL       },
    {"key-delay-ms",    "number",  "accepted: 0 is what happens",                                     NULL       },
    {"lossy",           "boolean", "accepted: off is what happens",                                   NULL       },
    {"non-adaptive",    "boolean", "accepted: on is what happens",                                    NULL       },
    {NULL,              NULL,      NULL,                                                              NULL       },
};

const QhOptionParameter qh_keys_blockdev[] = {
    {"driver",         "string",  "what the node is",                             "BLOCKDEV"    },
    {"node-name",      "string",  "its name",                                     NULL          },
    {"read-only",      "boolean", "nobody can write to it",                       NULL          },
    {"auto-read-only", "boolean", "read-only when it cannot be written",          NULL          },
    {"discard",        "string",  "whether discards are passed on",               "ignore|unmap"},
    {"detect-zeroes",  "string",  "whether zeroes that are written become holes", "off|on|unmap"},
    {"cache.direct",   "boolean", "past the host's page cache",                   NULL          },
    {"cache.no-flush", "boolean", "ignore flushes: faster, and not safe",         NULL          },
    {"file",           "string",  "formats: a node, or options of one",           "BLOCK-ID"    },
    {"backing",        "string",  "formats: a node, or options of one",           "BLOCK-ID"    },
    {"filename",       "string",  "file, host_device",                            "FILE"        },
    {"locking",        "string",  "file: auto, on or off",                        "auto|on|off" },
    {NULL,             NULL,      NULL,                                           NULL          },
};

const QhOptionParameter qh_keys_drive[] = {
    {"file",                  "string",  "the image",                                      "FILE"                                         },
    {"format",                "string",  "its format",                                     "raw|qcow2"                                    },
    {"id",                    "string",  "the drive's name",                               NULL                                           },
    {"if",                    "string",  "none, pflash, or a kind that the machine knows", "none|pflash"                                  },
    {"index",                 "number",  "its number among those of its kind",             NULL                                           },
    {"media",                 "string",  "whether it can be taken out",                    "disk|cdrom"                                   },
    {"cache",                 "string",  "how writes are cached",                          "writeback|none|writethrough|directsync|unsafe"},
    {"readonly",              "boolean", "nobody can write to it",                         NULL                                           },
    {"snapshot",              "boolean", "throw away what the guest writes",               NULL                                           },
    {"werror",                "string",  "what happens when a write fails",                "enospc|report|ignore|stop"                    },
    {"rerror",                "string",  "what happens when a read fails",                 "report|ignore|stop"                           },
    {"discard",               "string",  "whether discards are passed on",                 "ignore|unmap"                                 },
    {"detect-zeroes",         "string",  "whether zeroes that are written become holes",   "off|on|unmap"                                 },
    {"aio",                   "string",  "accepted",                                       NULL                                           },
    {"throttling.bps-total",  "number",  "bytes a second; also -read, -write, -max",       NULL                                           },
    {"throttling.iops-total", "number",  "requests a second; also -read, -write, -max",    NULL                                           },
    {NULL,                    NULL,      NULL,                                             NULL                                           },
};

const QhOptionParameter qh_keys_object[] = {
    {"qom-type", "string", "kind of object", "OBJECT"},
    {"id",       "string", "its name",       NULL    },
    {NULL,       NULL,     NULL,             NULL    },
};

const QhOptionParameter qh_keys_fsdev[] = {
    {"fsdriver",       "string",  "a folder of the host",               "local"    },
    {"id",             "string",  "its name",                           NULL       },
    {"path",           "string",  "the folder",                         "DIRECTORY"},
    {"security_model", "string",  "what owners and permissions become",
     "passthrough|none|mapped-xattr|mapped-file"                                   },
    {"readonly",       "boolean", "the guest cannot write to it",       NULL       },
    {NULL,             NULL,      NULL,                                 NULL       },
};

const QhOptionParameter qh_keys_virtfs[] = {
    {"fsdriver",       "string",  "a folder of the host",                  "local"    },
    {"mount_tag",      "string",  "the name by which the guest mounts it", NULL       },
    {"path",           "string",  "the folder",                            "DIRECTORY"},
    {"security_model", "string",  "what owners and permissions become",
     "passthrough|none|mapped-xattr|mapped-file"                                      },
    {"readonly",       "boolean", "the guest cannot write to it",          NULL       },
    {NULL,             NULL,      NULL,                                    NULL       },
};

const QhOptionParameter qh_keys_global[] = {
    {"driver",   "string", "class of devices",        "DEVICE"},
    {"property", "string", "of that class",           NULL    },
    {"value",    "string", "its default from now on", NULL    },
    {NULL,       NULL,     NULL,                      NULL    },
};

const QhOptionParameter qh_keys_netdev[] = {
    {"type", "string", "kind of network", "NETDEV"},
    {"id",   "string", "its name",        NULL    },
    {NULL,   NULL,     NULL,              NULL    },
};

const QhOptionParameter qh_keys_nic[] = {
    {"model", "string", "class of the device; otherwise the board's own", "NIC"},
    {"mac",   "string", "its address",                                    NULL },
    {NULL,    NULL,     NULL,                                             NULL },
};

const QhOptionParameter qh_keys_chardev[] = {
    {"backend",      "string",  "kind of back end",                                          "CHARDEV"   },
    {"id",           "string",  "its name",                                                  NULL        },
    {"path",         "string",  "file, pipe, unix socket; for a pty a link to make",         "FILE"      },
    {"input-path",   "string",  "file: read from here",                                      "FILE"      },
    {"append",       "boolean", "file: keep what is there",                                  NULL        },
    {"host",         "string",  "TCP: name or address",                                      NULL        },
    {"port",         "string",  "TCP: number or name",                                       NULL        },
    {"to",           "number",  "TCP server: try ports up to this",                          NULL        },
    {"ipv4",         "boolean", "TCP: use IPv4",                                             NULL        },
    {"ipv6",         "boolean", "TCP: use IPv6",                                             NULL        },
    {"fd",           "string",  "a socket that is open already: a listener or a connection", NULL        },
    {"server",       "boolean", "wait for a peer instead of calling one",                    NULL        },
    {"wait",         "boolean", "server: do not start before a peer is there",               NULL        },
    {"delay",        "boolean", "TCP: off sends each write at once",                         NULL        },
    {"nodelay",      "boolean", "TCP: send each write at once",                              NULL        },
    {"telnet",       "boolean", "server: speak telnet's option protocol",                    NULL        },
    {"reconnect",    "number",  "client: seconds until the next attempt",                    NULL        },
    {"reconnect-ms", "number",  "the same in milliseconds",                                  NULL        },
    {"signal",       "boolean", "stdio: Ctrl-C ends the program",                            NULL        },
    {"mux",          "boolean", "several front ends share it",                               NULL        },
    {"size",         "size",    "ringbuf: a power of two",                                   NULL        },
    {"chardev",      "string",  "mux: what it shares",                                       "CHARDEV-ID"},
    {NULL,           NULL,      NULL,                                                        NULL        },
};

const QhOptionParameter qh_keys_mon[] = {
    {"chardev", "string",  "the character device",          "CHARDEV-ID"      },
    {"mode",    "string",  "for people, or QMP",            "readline|control"},
    {"id",      "string",  "accepted",                      NULL              },
    {"pretty",  "boolean", "accepted: off is what happens", NULL              },
    {NULL,      NULL,      NULL,                            NULL              },
};

const QhOptionParameter qh_keys_action[] = {
    {"reboot",   "string", "the guest asks for a reset", "reset|shutdown"                  },
    {"shutdown", "string", "the guest turns itself off", "poweroff|pause"                  },
    {"panic",    "string", "the guest crashes",          "shutdown|pause|exit-failure|none"},
    {"watchdog", "string", "a watchdog runs out",
     "reset|shutdown|poweroff|pause|debug|none|inject-nmi"                                 },
    {NULL,       NULL,     NULL,                         NULL                              },
};

const QhOptionParameter qh_keys_name[] = {
    {"guest",         "string",  "what the guest is called",   NULL},
    {"process",       "string",  "what the process is called", NULL},
    {"debug-threads", "boolean", "accepted",                   NULL},
    {NULL,            NULL,      NULL,                         NULL},
};

const QhOptionParameter qh_keys_run_with[] = {
    {"user", "string", "whom to become", NULL},
    {NULL,   NULL,     NULL,             NULL},
};

const QhOptionParameter qh_keys_sandbox[] = {
    {"enable",            "boolean", "on is what happens anyway",               NULL                 },
    {"obsolete",          "string",  "calls that nobody needs any more: deny",  "allow|deny"         },
    {"elevateprivileges", "string",  "changes of user and group: deny",         "allow|deny|children"},
    {"spawn",             "string",  "starting programs: deny",                 "allow|deny"         },
    {"resourcecontrol",   "string",  "priorities, affinities and limits: deny", "allow|deny"         },
    {NULL,                NULL,      NULL,                                      NULL                 },
};

const QhOptionParameter qh_keys_msg[] = {
    {"timestamp",  "boolean", "the time",              NULL},
    {"guest-name", "boolean", "the name of the guest", NULL},
    {NULL,         NULL,      NULL,                    NULL},
};

/* Of a back end as -serial and the like write it. */
const QhOptionParameter qh_keys_backend[] = {
    {"server",    "boolean", "unix, tcp: wait for a peer instead of calling one", NULL},
    {"wait",      "boolean", "server: do not start before a peer is there",       NULL},
    {"nodelay",   "boolean", "tcp: send each write at once",                      NULL},
    {"reconnect", "number",  "client: seconds until the next attempt",            NULL},
    {"append",    "boolean", "file: keep what is there",                          NULL},
    {NULL,        NULL,      NULL,                                                NULL},
};
