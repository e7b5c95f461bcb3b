// SPDX-License-Identifier: Apache-2.0
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>

// The loop wakes itself with an eventfd, which Swift's Glibc module leaves out.
#include <sys/eventfd.h>
