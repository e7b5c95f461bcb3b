# SPDX-License-Identifier: Apache-2.0
"""Power cuts: devices are paired one after the other, the machine is killed, and then each of many disks as the cut may
have left them is looked at by the daemons."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from host.disk import FILE_SYSTEM, Entry, after_a_cut, logged_device, make_disk, plain_devices, read_log
from host.machine import POWER_CUT, Machine
from host.report import LabError, say

# The moments that are looked at, besides the one at which QEMU was killed.
CUTS = 12
# Of what was not flushed, the share that the disk has written nevertheless.
CHANCES = (0.0, 0.5)


def cut_power(machine: Machine, command: Sequence[str], environment: Mapping[str, str], limit: float) -> int:
    """Runs it all; the exit status. `command` starts the package `power` in the guest."""
    environment = {**environment, "LAB_MARKS": str(FILE_SYSTEM)}
    with tempfile.TemporaryDirectory(prefix="pairingd-power-") as name:
        folder = Path(name)
        disk, log = folder / "disk", folder / "log"
        make_disk(disk)
        empty = disk.read_bytes()
        status = machine.run(
            [*command, "write"],
            environment=environment,
            limit=limit,
            devices=logged_device(disk, log),
            cut_at=b"now cut",
        )
        if status != POWER_CUT:
            raise LabError(f"the guest was to be killed while it wrote, but ended with status {status}")
        entries = read_log(log)
        disks, promises = [disk], [_promised(entries)]
        dice = random.Random(1)
        first = next(number for number, entry in enumerate(entries) if _mark(entry))
        for number in range(CUTS):
            written = entries[: dice.randrange(first + 1, len(entries))]
            disks.append(folder / f"disk{number}")
            disks[-1].write_bytes(after_a_cut(empty, written, CHANCES[number % len(CHANCES)], dice))
            promises.append(_promised(written))
        # The proof that something is looked for: a disk that lost all but the first of the promises.
        disks.append(folder / "control")
        disks[-1].write_bytes(after_a_cut(empty, entries[: first + 1], 0.0, dice))
        promises.append(promises[0])
        say(f"{len(entries)} writes and flushes, {len(promises[0])} bonds; {CUTS} cuts and a control to look at")
        check = [*command, "check", json.dumps(promises)]
        return machine.run(check, environment=environment, limit=limit, devices=plain_devices(disks))


def _mark(entry: Entry) -> str | None:
    """The address of a device that was told to be paired, where the guest noted it."""
    return entry.data.rstrip(b"\0").decode() if entry.offset >= FILE_SYSTEM else None


def _promised(entries: Sequence[Entry]) -> list[str]:
    return [mark for entry in entries if (mark := _mark(entry))]
