# SPDX-License-Identifier: Apache-2.0
"""A disk of the guest, and how it may look when the power goes at any moment.

QEMU's `blklogwrites` writes down each write and each flush, in the format of Linux's dm-log-writes. A disk may lose what
was not flushed, all of it or any part; what was flushed it has.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from host.command import output_of
from host.report import LabError

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FORCED, DISCARD = 1, 2, 4

# Octets: the file system, and behind it room where the guest notes what has been promised, past all caches of its own.
FILE_SYSTEM = 40 << 20
SIZE = FILE_SYSTEM + (1 << 20)


@dataclass(frozen=True)
class Entry:
    """One write, or one flush of all that was written before it, or both in this order."""

    offset: int
    data: bytes
    flushes: bool


def make_disk(path: Path) -> None:
    """An empty ext4 file system."""
    with path.open("wb") as disk:
        disk.truncate(SIZE)
    output_of(["/sbin/mkfs.ext4", "-q", "-b", "4096", str(path), f"{FILE_SYSTEM >> 10}k"])


def logged_device(disk: Path, log: Path) -> list[str]:
    """QEMU's arguments for this disk, which has a cache of its own as far as the guest knows."""
    log.touch()
    backing = f"driver=blklogwrites,node-name=disk,file.driver=file,file.filename={disk}"
    return [
        *["-blockdev", f"{backing},log.driver=file,log.filename={log}"],
        *["-device", "virtio-blk-pci,drive=disk,discard=off,write-zeroes=off"],
    ]


def plain_devices(disks: Sequence[Path]) -> list[str]:
    """QEMU's arguments for these disks, in their order."""
    arguments = []
    for number, disk in enumerate(disks):
        arguments += ["-blockdev", f"driver=file,node-name=disk{number},filename={disk}"]
        arguments += ["-device", f"virtio-blk-pci,drive=disk{number}"]
    return arguments


def read_log(path: Path) -> list[Entry]:
    """What was written, in its order; the last entry may be cut off."""
    log = path.read_bytes()
    magic, _, _, sector_size = struct.unpack_from("<QQQL", log)
    if magic != MAGIC:
        raise LabError(f"{path} is no log of writes")
    entries, position = [], sector_size
    while position + sector_size <= len(log):
        sector, count, flags, _ = struct.unpack_from("<QQQQ", log, position)
        position += sector_size
        length = 0 if flags & DISCARD else count * sector_size
        data = log[position : position + length]
        if len(data) < length or (not flags and not length):
            break
        entries.append(Entry(sector * sector_size, data, bool(flags & (FLUSH | FORCED))))
        position += length
    return entries


def after_a_cut(disk: bytes, entries: Sequence[Entry], chance: float, dice: random.Random) -> bytes:
    """The disk if the power goes after these entries and what was not flushed gets lost, but for this share of it."""
    contents = bytearray(disk)
    last_flush = max((number for number, entry in enumerate(entries) if entry.flushes), default=-1)
    for number, entry in enumerate(entries):
        if number <= last_flush or dice.random() < chance:
            contents[entry.offset : entry.offset + len(entry.data)] = entry.data
    return bytes(contents)
