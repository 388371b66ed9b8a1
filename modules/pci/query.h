/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of query-pci, in slot command/query-pci. */
#ifndef PCI_QUERY_H
#define PCI_QUERY_H

#include "abi/command.h"
#include "modules/pci/pci.h"

extern const QhCommandOps pci_query_ops;

#endif
