/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that disks and CD-ROM drives share (SPC-4, and SBC-3 where it says so). */
#include "modules/scsi/unit.h"

#include "modules/support/scsi-hba.h"

static void test_unit_ready(ScsiTask *task)
{
    scsi_task_good(task);
}

/* 6.39: a unit attention that waits is told here, too, and with that is gone. */
static void request_sense(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;
    const uint8_t *cdb = scsi_task_cdb(task);
    uint8_t sense[QH_SCSI_SENSE_BYTES];
    uint32_t attention;

    if ((cdb[1] & 1) != 0) { /* descriptor format */
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
        return;
    }
    if (unit->has_sense) {
        memcpy(sense, unit->sense, sizeof(sense));
        unit->has_sense = 0;
    } else if ((attention = scsi_unit_take_attention(unit)) != 0) {
        scsi_sense_put(sense, KEY_UNIT_ATTENTION, attention);
    } else {
        scsi_sense_put(sense, KEY_NONE, CODE_NONE);
    }
    scsi_task_reply(task, sense, sizeof(sense), cdb[4]);
}

/* There is one initiator: what it reserves nobody else asks for. */
static void reserve(ScsiTask *task)
{
    scsi_task_good(task);
}

/* 6.42: the self-test goes well; parameters for other tests are none of ours. */
static void send_diagnostic(ScsiTask *task)
{
    const uint8_t *cdb = scsi_task_cdb(task);

    if (get16(cdb + 3) != 0 || (cdb[1] & 0xe0) != 0) {
        scsi_task_fail(task, KEY_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
    } else {
        scsi_task_good(task);
    }
}

static void stopped(ScsiTask *task)
{
    scsi_task_good(task);
}

static void flush(ScsiTask *task)
{
    task->block.vec = NULL;
    task->block.n_vec = 0;
    scsi_task_submit(task, QH_BLOCK_FLUSH, 0, 0, 0, stopped);
}

/* SBC-3 5.25, MMC-6 6.45 */
static void start_stop(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;
    uint8_t bits = scsi_task_cdb(task)[4];
    gboolean start = (bits & 1) != 0, load_eject = (bits & 2) != 0;
    gboolean removable = unit->is_cd || unit->removable;

    if ((bits & 0xf0) != 0 || !load_eject || !removable) { /* power conditions change nothing */
        if (start || !scsi_unit_has_medium(unit)) {
            scsi_task_good(task);
        } else {
            flush(task);
        }
        return;
    }
    if (!start && unit->prevent && !unit->tray_open) {
        scsi_task_fail(task, scsi_unit_has_medium(unit) ? KEY_ILLEGAL_REQUEST : KEY_NOT_READY,
                       CODE_PREVENTED);
        return;
    }
    unit->eject_wanted = 0;
    unit->services->block->set_tray(unit->drive, !start);
    unit->tray_open = !start;
    scsi_task_good(task);
}

/* 6.18 */
static void prevent_allow(ScsiTask *task)
{
    ScsiUnit *unit = task->unit;

    unit->prevent = scsi_task_cdb(task)[4] & 1;
    unit->services->block->set_locked(unit->drive, unit->prevent);
    scsi_task_good(task);
}

const ScsiCommand scsi_basic_commands[] = {
    {OP_TEST_UNIT_READY, NEEDS_MEDIUM, 0, test_unit_ready },
    {OP_REQUEST_SENSE,   IGNORES_UA,   0, request_sense   },
    {OP_INQUIRY,         IGNORES_UA,   0, scsi_inquiry    },
    {OP_MODE_SELECT_6,   0,            0, scsi_mode_select},
    {OP_MODE_SELECT_10,  0,            0, scsi_mode_select},
    {OP_MODE_SENSE_6,    0,            0, scsi_mode_sense },
    {OP_MODE_SENSE_10,   0,            0, scsi_mode_sense },
    {OP_RESERVE_6,       0,            0, reserve         },
    {OP_RESERVE_10,      0,            0, reserve         },
    {OP_RELEASE_6,       0,            0, reserve         },
    {OP_RELEASE_10,      0,            0, reserve         },
    {OP_START_STOP_UNIT, 0,            0, start_stop      },
    {OP_SEND_DIAGNOSTIC, 0,            0, send_diagnostic },
    {OP_PREVENT_ALLOW,   0,            0, prevent_allow   },
};
const uint32_t scsi_n_basic_commands = G_N_ELEMENTS(scsi_basic_commands);
