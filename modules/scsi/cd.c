/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of CD and DVD drives (MMC-6; sections are of it). The medium is one data track. */
#include "modules/scsi/unit.h"

#define PROFILE_NONE     0x0000u
#define PROFILE_CD_ROM   0x0008u
#define PROFILE_DVD_ROM  0x0010u
#define CD_BLOCKS_MAX    (80u * 60 * 75) /* minutes of sectors: more is a DVD */
#define LEAD_IN_FRAMES   150u            /* 4.2.3.4: address 0 is at 00:02:00 */
#define TRACK_LEAD_OUT   0xaa
#define DATA_TRACK       0x14 /* ADR 1, CONTROL 4: data */
#define CLASS_MEDIA      4u
#define EVENT_EJECT      1u
#define EVENT_NEW_MEDIUM 2u
#define EVENT_REMOVAL    3u
#define STATUS_OPEN      1u
#define STATUS_PRESENT   2u

static uint32_t profile_of(const ScsiUnit *unit)
{
    if (!scsi_unit_has_medium(unit)) {
        return PROFILE_NONE;
    }
    return scsi_unit_blocks(unit) > CD_BLOCKS_MAX ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

static void put_address(uint8_t *at, uint64_t lba, gboolean msf)
{
    uint32_t frame = (uint32_t)MIN(lba, UINT32_MAX - LEAD_IN_FRAMES);

    if (!msf) {
        put32(at, frame);
        return;
    }
    frame += LEAD_IN_FRAMES;
    at[0] = 0;
    at[1] = (uint8_t)MIN(frame / (60 * 75), 255);
    at[2] = frame / 75 % 60;
    at[3] = frame % 75;
}

/* Format 0 (6.25.3.2): tracks from the one that is asked for, and the lead-out */
static uint32_t toc_tracks(const ScsiUnit *unit, uint8_t *data, uint8_t first, gboolean msf)
{
    uint32_t n = 4;

    data[2] = data[3] = 1;
    if (first <= 1) {
        data[n + 1] = DATA_TRACK;
        data[n + 2] = 1;
        put_address(data + n + 4, 0, msf);
        n += 8;
    }
    data[n + 1] = DATA_TRACK;
    data[n + 2] = TRACK_LEAD_OUT;
    put_address(data + n + 4, scsi_unit_blocks(unit), msf);
    return n + 8;
}

/* Format 2 (6.25.3.4): the entries of the lead-in */
static uint32_t toc_full(const ScsiUnit *unit, uint8_t *data)
{
    static const uint8_t points[] = {0xa0, 0xa1, 0xa2, 1};

    data[2] = data[3] = 1;
    for (guint i = 0; i < G_N_ELEMENTS(points); i++) {
        uint8_t *at = data + 4 + 11 * i;
        uint8_t address[4];

        at[0] = 1; /* session */
        at[1] = DATA_TRACK;
        at[3] = points[i];
        if (points[i] == 0xa0 || points[i] == 0xa1) {
            at[8] = 1; /* first and last track */
        } else {
            put_address(address, points[i] == 1 ? 0 : scsi_unit_blocks(unit), TRUE);
            memcpy(at + 8, address + 1, 3);
        }
    }
    return 4 + 11 * G_N_ELEMENTS(points);
}

/* 6.25 */
static void read_toc(ScsiTask *task)
{
    const uint8_t *cdb = scsi_task_cdb(task);
    gboolean msf = (cdb[1] & 2) != 0;
    uint32_t format = cdb[2] & 0xf, bytes;
    uint8_t data[64] = {0};

    if (format == 0 && (cdb[6] <= 1 || cdb[6] == TRACK_LEAD_OUT)) {
        bytes = toc_tracks(task->unit, data, cdb[6], msf);
    } else if (format == 1) { /* one session, whose first track is 1 */
        data[2] = data[3] = 1;
        data[5] = DATA_TRACK;
        data[6] = 1;
        put_address(data + 8, 0, msf);
        bytes = 12;
    } else if (format == 2 && cdb[6] <= 1) {
        bytes = toc_full(task->unit, data);
    } else {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    put16(data, bytes - 2);
    scsi_task_reply(task, data, bytes, get16(cdb + 7));
}

/* --- GET CONFIGURATION (6.5, features: 5.3) --- */

typedef struct Features {
    uint8_t data[128];
    uint32_t bytes, request, first;
} Features;

/* Feature @code, with @bytes of its own; NULL: it is not asked for. */
static uint8_t *add_feature(Features *features,
                            uint32_t code,
                            uint32_t version,
                            gboolean persistent,
                            gboolean current,
                            uint32_t bytes)
{
    uint8_t *at = features->data + features->bytes;

    if (code < features->first || (features->request == 1 && !current) ||
        (features->request == 2 && code != features->first)) {
        return NULL;
    }
    put16(at, code);
    at[2] = (uint8_t)(version << 2 | (persistent ? 2 : 0) | (current ? 1 : 0));
    at[3] = (uint8_t)bytes;
    features->bytes += 4 + bytes;
    return at + 4;
}

static void put_profile(uint8_t *at, uint32_t profile, uint32_t current)
{
    put16(at, profile);
    at[2] = profile == current;
}

static void add_features(Features *features, uint32_t profile)
{
    uint8_t *at;

    if ((at = add_feature(features, 0x0000, 0, TRUE, TRUE, 8)) != NULL) {
        put_profile(at, PROFILE_DVD_ROM, profile);
        put_profile(at + 4, PROFILE_CD_ROM, profile);
    }
    if ((at = add_feature(features, 0x0001, 2, TRUE, TRUE, 8)) != NULL) { /* core */
        put32(at, 1);                                                     /* SCSI */
        at[4] = 1;                                                        /* DBE */
    }
    if ((at = add_feature(features, 0x0003, 0, TRUE, TRUE, 4)) != NULL) { /* removable medium */
        at[0] = 0x29;                                                     /* tray, ejects, locks */
    }
    if ((at = add_feature(features, 0x0010, 0, FALSE, profile != PROFILE_NONE, 8)) != NULL) {
        put32(at, 2048); /* random readable */
        put16(at + 4, 1);
    }
    add_feature(features, 0x001d, 0, FALSE, profile == PROFILE_CD_ROM, 0);  /* multi-read */
    add_feature(features, 0x001e, 2, FALSE, profile == PROFILE_CD_ROM, 4);  /* CD read */
    add_feature(features, 0x001f, 1, FALSE, profile == PROFILE_DVD_ROM, 4); /* DVD read */
}

static void get_configuration(ScsiTask *task)
{
    const uint8_t *cdb = scsi_task_cdb(task);
    uint32_t profile = profile_of(task->unit);
    Features features = {.bytes = 8, .request = cdb[1] & 3, .first = get16(cdb + 2)};

    if (features.request == 3) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    add_features(&features, profile);
    put32(features.data, features.bytes - 4);
    put16(features.data + 6, profile);
    scsi_task_reply(task, features.data, features.bytes, get16(cdb + 7));
}

/* 6.6: asked again and again, so only the class of media events is there */
static void get_event_status(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;
    const uint8_t *cdb = scsi_task_cdb(task);
    uint8_t data[8] = {0};
    uint32_t bytes = 4;

    if ((cdb[1] & 1) == 0) { /* asynchronous operation */
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    data[3] = 1u << CLASS_MEDIA;
    if ((cdb[4] & 1u << CLASS_MEDIA) != 0) {
        data[2] = CLASS_MEDIA;
        data[4] = unit->eject_wanted ? EVENT_EJECT : unit->medium_event;
        data[5] = unit->tray_open ? STATUS_OPEN : scsi_unit_has_medium(unit) ? STATUS_PRESENT : 0;
        if (unit->eject_wanted) {
            unit->eject_wanted = 0;
        } else {
            unit->medium_event = 0;
        }
        bytes = 8;
    } else {
        data[2] = 0x80; /* NEA */
    }
    put16(data, bytes - 2);
    scsi_task_reply(task, data, bytes, get16(cdb + 7));
}

/* 6.21, standard information: a finished disc of one session with one track */
static void read_disc_information(ScsiTask *task)
{
    const uint8_t *cdb = scsi_task_cdb(task);
    uint8_t data[34] = {0};

    if ((cdb[1] & 7) != 0) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    put16(data, sizeof(data) - 2);
    data[2] = 0x0e; /* session complete, disc finalized */
    data[3] = data[4] = data[5] = data[6] = 1;
    data[7] = 0x20; /* unrestricted use */
    memset(data + 16, 0xff, 8);
    scsi_task_reply(task, data, sizeof(data), get16(cdb + 7));
}

/* 6.22, formats 0 (physical) and 1 (copyright) of a DVD */
static void read_dvd_structure(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;
    const uint8_t *cdb = scsi_task_cdb(task);
    uint8_t data[4 + 2048] = {0};
    uint32_t bytes = cdb[7] == 1 ? 8 : sizeof(data);

    if (cdb[7] > 1 || cdb[6] != 0 || (cdb[1] & 0xf) != 0 || profile_of(unit) != PROFILE_DVD_ROM) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    put16(data, bytes - 2);
    if (cdb[7] == 0) {
        data[4] = 1;    /* DVD-ROM, part version 1 */
        data[5] = 0x0f; /* 120 mm, rate not specified */
        data[6] = 1;    /* one layer, read-only area */
        put32(data + 8, 0x30000);
        put32(data + 12, (uint32_t)MIN(0x30000 + scsi_unit_blocks(unit) - 1, 0xffffff));
    }
    scsi_task_reply(task, data, bytes, get16(cdb + 8));
}

/* 6.11: nothing moves */
static void mechanism_status(ScsiTask *task)
{
    uint8_t data[8] = {0};

    data[1] = task->unit->tray_open ? 0x10 : 0;
    data[5] = 1;
    scsi_task_reply(task, data, sizeof(data), get16(scsi_task_cdb(task) + 8));
}

static void set_speed(ScsiTask *task)
{
    scsi_task_good(task);
}

const ScsiCommand scsi_cd_commands[] = {
    {OP_READ_TOC,              ONLY_CD | NEEDS_MEDIUM, 0, read_toc             },
    {OP_GET_CONFIGURATION,     ONLY_CD | IGNORES_UA,   0, get_configuration    },
    {OP_GET_EVENT_STATUS,      ONLY_CD | IGNORES_UA,   0, get_event_status     },
    {OP_READ_DISC_INFORMATION, ONLY_CD | NEEDS_MEDIUM, 0, read_disc_information},
    {OP_READ_DVD_STRUCTURE,    ONLY_CD | NEEDS_MEDIUM, 0, read_dvd_structure   },
    {OP_MECHANISM_STATUS,      ONLY_CD,                0, mechanism_status     },
    {OP_SET_CD_SPEED,          ONLY_CD,                0, set_speed            },
};
const uint32_t scsi_n_cd_commands = G_N_ELEMENTS(scsi_cd_commands);
