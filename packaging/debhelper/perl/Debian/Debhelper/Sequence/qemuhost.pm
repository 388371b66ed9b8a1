# SPDX-License-Identifier: GPL-2.0-or-later
# debhelper's sequence "qemuhost": packages with modules get their relations from the notes.
use warnings;
use strict;
use Debian::Debhelper::Dh_Lib;

insert_before('dh_gencontrol', 'dh_qemuhost');

1;
