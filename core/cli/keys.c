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
    {"accel",         "string", "tcg",                                            "tcg"            },
    {"thread",        "string", "multi",                                          "multi"          },
    {"backend",       "string", "auto, interp or jit",                            "auto|interp|jit"},
    {"lockstep",      "number",
     "compare with the interpreter every N * 64 instructions at most; 0: do not", NULL             },
    {"jit-threshold", "number", "compile what has run this often; 0: at once",    NULL             },
    {"tb-size",       "size",   "memory for translated code, MiB",                NULL             },
    {NULL,            NULL,     NULL,                                             NULL             },
};

const QhOptionParameter qh_keys_smp[] = {
    {"cpus",     "number", "CPUs at start",                               NULL},
    {"sockets",  "number", NULL,                                          NULL},
    {"dies",     "number", "1",                                           NULL},
    {"clusters", "number", "1",                                           NULL},
    {"cores",    "number", "per socket",                                  NULL},
    {"threads",  "number", "per core",                                    NULL},
    {"maxcpus",  "number", "the number of CPUs: none can be added later", NULL},
    {NULL,       NULL,     NULL,                                          NULL},
};

const QhOptionParameter qh_keys_m[] = {
    {"size", "size", NULL, NULL},
    {NULL,   NULL,   NULL, NULL},
};

const QhOptionParameter qh_keys_add_fd[] = {
    {"fd",     "number", NULL, NULL},
    {"set",    "number", NULL, NULL},
    {"opaque", "string", NULL, NULL},
    {NULL,     NULL,     NULL, NULL},
};

const QhOptionParameter qh_keys_overcommit[] = {
    {"mem-lock", "boolean", NULL,  NULL},
    {"cpu-pm",   "boolean", "off", NULL},
    {NULL,       NULL,      NULL,  NULL},
};

const QhOptionParameter qh_keys_rtc[] = {
    {"base",     "string", "utc, or a date and time in UTC", "utc" },
    {"clock",    "string", "host",                           "host"},
    {"driftfix", "string", "none",                           "none"},
    {NULL,       NULL,     NULL,                             NULL  },
};

const QhOptionParameter qh_keys_icount[] = {
    {"shift", "string",  "0 to 10, or auto",       "auto"},
    {"sleep", "boolean", "wait while the CPUs do", NULL  },
    {"align", "boolean", "off",                    NULL  },
    {NULL,    NULL,      NULL,                     NULL  },
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
    {"type",               "number",  "0, 1, 2, 3, 4, 8, 11, 17 or 41",                   "0|1|2|3|4|8|11|17|41"                                           },
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
    {"driver", "string", NULL,                                                        "DEVICE"   },
    {"id",     "string", NULL,                                                        NULL       },
    {"bus",    "string", "where it is plugged in; otherwise the first that has room", "DEVICE-ID"},
    {NULL,     NULL,     NULL,                                                        NULL       },
};

const QhOptionParameter qh_keys_audiodev[] = {
    {"driver", "string", "none", "none"},
    {"id",     "string", NULL,   NULL  },
    {NULL,     NULL,     NULL,   NULL  },
};

const QhOptionParameter qh_keys_vnc[] = {
    {"vnc",             "string",  "where: HOST:D, unix:PATH, or none until display-update says it",  NULL       },
    {"id",              "string",  "name of the server; default",                                     NULL       },
    {"to",              "number",  "try numbers up to this one",                                      NULL       },
    {"websocket",       "string",  "also by WebSocket: on (port 5700 + D), [HOST:]PORT or unix:PATH",
     "on|unix:FILE"                                                                                              },
    {"password",        "boolean", "clients need the password of set_password",                       NULL       },
    {"password-secret", "string",  "id of the secret that is the password",                           "OBJECT-ID"},
    {"share",           "string",  "allow-exclusive, force-shared or ignore",
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
    {"driver",         "string",  NULL,                                   "BLOCKDEV"    },
    {"node-name",      "string",  NULL,                                   NULL          },
    {"read-only",      "boolean", NULL,                                   NULL          },
    {"auto-read-only", "boolean", "read-only when it cannot be written",  NULL          },
    {"discard",        "string",  "ignore or unmap",                      "ignore|unmap"},
    {"detect-zeroes",  "string",  "off, on or unmap",                     "off|on|unmap"},
    {"cache.direct",   "boolean", "past the host's page cache",           NULL          },
    {"cache.no-flush", "boolean", "ignore flushes: faster, and not safe", NULL          },
    {"file",           "string",  "formats: a node, or options of one",   "BLOCK-ID"    },
    {"backing",        "string",  "formats: a node, or options of one",   "BLOCK-ID"    },
    {"filename",       "string",  "file, host_device",                    "FILE"        },
    {"locking",        "string",  "file: auto, on or off",                "auto|on|off" },
    {NULL,             NULL,      NULL,                                   NULL          },
};

const QhOptionParameter qh_keys_drive[] = {
    {"file",                  "string",  NULL,                                                  "FILE"                     },
    {"format",                "string",  "raw, qcow2",                                          "raw|qcow2"                },
    {"id",                    "string",  NULL,                                                  NULL                       },
    {"if",                    "string",  "none, pflash, or a kind that the machine knows",      "none|pflash"              },
    {"index",                 "number",  NULL,                                                  NULL                       },
    {"media",                 "string",  "disk or cdrom",                                       "disk|cdrom"               },
    {"cache",                 "string",  "writeback, none, writethrough, directsync or unsafe",
     "writeback|none|writethrough|directsync|unsafe"                                                                       },
    {"readonly",              "boolean", NULL,                                                  NULL                       },
    {"snapshot",              "boolean", "throw away what the guest writes",                    NULL                       },
    {"werror",                "string",  "enospc, report, ignore or stop",                      "enospc|report|ignore|stop"},
    {"rerror",                "string",  "report, ignore or stop",                              "report|ignore|stop"       },
    {"discard",               "string",  "ignore or unmap",                                     "ignore|unmap"             },
    {"detect-zeroes",         "string",  "off, on or unmap",                                    "off|on|unmap"             },
    {"aio",                   "string",  "accepted",                                            NULL                       },
    {"throttling.bps-total",  "number",  "bytes a second; also -read, -write, -max",            NULL                       },
    {"throttling.iops-total", "number",  "requests a second; also -read, -write, -max",         NULL                       },
    {NULL,                    NULL,      NULL,                                                  NULL                       },
};

const QhOptionParameter qh_keys_object[] = {
    {"qom-type", "string", NULL, "OBJECT"},
    {"id",       "string", NULL, NULL    },
    {NULL,       NULL,     NULL, NULL    },
};

const QhOptionParameter qh_keys_fsdev[] = {
    {"fsdriver",       "string",  NULL,                                 "local"    },
    {"id",             "string",  NULL,                                 NULL       },
    {"path",           "string",  NULL,                                 "DIRECTORY"},
    {"security_model", "string",  "what owners and permissions become",
     "passthrough|none|mapped-xattr|mapped-file"                                   },
    {"readonly",       "boolean", NULL,                                 NULL       },
    {NULL,             NULL,      NULL,                                 NULL       },
};

const QhOptionParameter qh_keys_virtfs[] = {
    {"fsdriver",       "string",  NULL,                                 "local"    },
    {"mount_tag",      "string",  NULL,                                 NULL       },
    {"path",           "string",  NULL,                                 "DIRECTORY"},
    {"security_model", "string",  "what owners and permissions become",
     "passthrough|none|mapped-xattr|mapped-file"                                   },
    {"readonly",       "boolean", NULL,                                 NULL       },
    {NULL,             NULL,      NULL,                                 NULL       },
};

const QhOptionParameter qh_keys_global[] = {
    {"driver",   "string", NULL, "DEVICE"},
    {"property", "string", NULL, NULL    },
    {"value",    "string", NULL, NULL    },
    {NULL,       NULL,     NULL, NULL    },
};

const QhOptionParameter qh_keys_netdev[] = {
    {"type", "string", NULL, "NETDEV"},
    {"id",   "string", NULL, NULL    },
    {NULL,   NULL,     NULL, NULL    },
};

const QhOptionParameter qh_keys_nic[] = {
    {"model", "string", NULL, NULL},
    {"mac",   "string", NULL, NULL},
    {NULL,    NULL,     NULL, NULL},
};

const QhOptionParameter qh_keys_chardev[] = {
    {"backend",      "string",  NULL,                                                        "CHARDEV"   },
    {"id",           "string",  NULL,                                                        NULL        },
    {"path",         "string",  "file, pipe, unix socket; for a pty a link to make",         "FILE"      },
    {"input-path",   "string",  "file: read from here",                                      "FILE"      },
    {"append",       "boolean", "file: keep what is there",                                  NULL        },
    {"host",         "string",  "TCP",                                                       NULL        },
    {"port",         "string",  "TCP",                                                       NULL        },
    {"to",           "number",  "TCP server: try ports up to this",                          NULL        },
    {"ipv4",         "boolean", NULL,                                                        NULL        },
    {"ipv6",         "boolean", NULL,                                                        NULL        },
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
    {"chardev", "string",  NULL,                  "CHARDEV-ID"      },
    {"mode",    "string",  "readline or control", "readline|control"},
    {"id",      "string",  "accepted",            NULL              },
    {"pretty",  "boolean", "off",                 NULL              },
    {NULL,      NULL,      NULL,                  NULL              },
};

const QhOptionParameter qh_keys_action[] = {
    {"reboot",   "string", NULL, "reset|shutdown"                                     },
    {"shutdown", "string", NULL, "poweroff|pause"                                     },
    {"panic",    "string", NULL, "shutdown|pause|exit-failure|none"                   },
    {"watchdog", "string", NULL, "reset|shutdown|poweroff|pause|debug|none|inject-nmi"},
    {NULL,       NULL,     NULL, NULL                                                 },
};

const QhOptionParameter qh_keys_name[] = {
    {"guest",         "string",  NULL,       NULL},
    {"process",       "string",  NULL,       NULL},
    {"debug-threads", "boolean", "accepted", NULL},
    {NULL,            NULL,      NULL,       NULL},
};

const QhOptionParameter qh_keys_run_with[] = {
    {"user", "string", NULL, NULL},
    {NULL,   NULL,     NULL, NULL},
};

const QhOptionParameter qh_keys_sandbox[] = {
    {"enable",            "boolean", "on",                                      NULL                 },
    {"obsolete",          "string",  "calls that nobody needs any more: deny",  "allow|deny"         },
    {"elevateprivileges", "string",  "changes of user and group: deny",         "allow|deny|children"},
    {"spawn",             "string",  "starting programs: deny",                 "allow|deny"         },
    {"resourcecontrol",   "string",  "priorities, affinities and limits: deny", "allow|deny"         },
    {NULL,                NULL,      NULL,                                      NULL                 },
};

const QhOptionParameter qh_keys_msg[] = {
    {"timestamp",  "boolean", NULL, NULL},
    {"guest-name", "boolean", NULL, NULL},
    {NULL,         NULL,      NULL, NULL},
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
