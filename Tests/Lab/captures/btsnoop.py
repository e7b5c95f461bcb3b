# SPDX-License-Identifier: Apache-2.0
"""Records of the kernel's monitor channel, the files that hold them, and what is said in them.

The numbers are those of BlueZ's src/shared/btsnoop.h, monitor/bt.h and lib/mgmt.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from air import Code, Direction, PairingFeatures, Reason

# What all files begin with: version 1, of the monitor channel.
HEADER = b"btsnoop\0" + struct.pack(">II", 1, 2001)

# Microseconds from the beginning of year 0, from which files count, to the epoch.
EPOCH = 0x00DCDDB30F2F8000

NO_ADAPTER = 0xFFFF

SMP_CHANNELS = (0x0006, 0x0007)


class Opcode(IntEnum):
    """What a record is."""

    NEW_INDEX = 0
    DELETE_INDEX = 1
    COMMAND = 2
    EVENT = 3
    ACL_SENT = 4
    ACL_RECEIVED = 5
    OPEN_INDEX = 8
    CLOSE_INDEX = 9
    INDEX_INFO = 10
    SYSTEM_NOTE = 12
    USER_LOGGING = 13
    CONTROL_OPEN = 14
    CONTROL_CLOSE = 15
    CONTROL_COMMAND = 16
    CONTROL_EVENT = 17


ACL = {Opcode.ACL_SENT: Direction.SENT, Opcode.ACL_RECEIVED: Direction.RECEIVED}


@dataclass(frozen=True)
class Record:
    """One record; the time is in microseconds since the epoch."""

    time: int
    opcode: int
    adapter: int
    payload: bytes

    @property
    def control_code(self) -> int:
        """The number of a management command or event, which stands behind the socket's cookie."""
        return int.from_bytes(self.payload[4:6], "little")


@dataclass(frozen=True)
class Acl:
    """One ACL packet. Only the first one of a frame names the channel."""

    handle: int
    starts: bool
    data: bytes

    @classmethod
    def decode(cls, payload: bytes) -> Acl:
        (first,) = struct.unpack_from("<H", payload)
        return cls(first & 0x0FFF, first >> 12 & 3 != 1, payload[4:])

    @property
    def channel(self) -> int:
        return int.from_bytes(self.data[2:4], "little")


def encode(records: Iterable[Record]) -> bytes:
    """A file."""
    return HEADER + b"".join(
        struct.pack(
            ">IIIIQ",
            len(record.payload),
            len(record.payload),
            record.adapter << 16 | record.opcode,
            0,
            record.time + EPOCH,
        )
        + record.payload
        for record in records
    )


class Capture:
    """What the records of one file say, for whoever has to be sure that it shows what it should."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self._timed = list(_packets(records))

    @property
    def packets(self) -> list[tuple[Direction, bytes]]:
        """All SMP packets, with their codes, oldest first."""
        return [(direction, packet) for _, direction, packet in self._timed]

    def of(self, code: Code, direction: Direction) -> list[bytes]:
        """The SMP packets of a kind, with their codes, oldest first."""
        return [packet for way, packet in self.packets if (way, packet[0]) == (direction, code)]

    def times(self, code: Code, direction: Direction) -> list[int]:
        """When they were complete, in microseconds since the epoch."""
        return [time for time, way, packet in self._timed if (way, packet[0]) == (direction, code)]

    def failures(self, direction: Direction) -> list[int]:
        return [packet[1] for packet in self.of(Code.PAIRING_FAILED, direction)]

    def failed(self, direction: Direction, reason: Reason) -> bool:
        """Is this the one Pairing Failed that there is?"""
        other = Direction.SENT if direction is Direction.RECEIVED else Direction.RECEIVED
        return (self.failures(direction), self.failures(other)) == ([reason], [])

    @property
    def requests(self) -> list[PairingFeatures]:
        return [PairingFeatures.decode(packet) for packet in self.of(Code.PAIRING_REQUEST, Direction.SENT)]

    def events(self, code: int) -> list[bytes]:
        """The parameters of the HCI events of a kind."""
        return [each.payload[2:] for each in self.records if each.opcode == Opcode.EVENT and each.payload[0] == code]

    def commands(self, code: int) -> list[bytes]:
        """The parameters of the HCI commands of a kind."""
        commands = [each.payload for each in self.records if each.opcode == Opcode.COMMAND]
        return [each[3:] for each in commands if int.from_bytes(each[:2], "little") == code]

    def management(self, opcode: Opcode, code: int) -> list[bytes]:
        """The parameters of the management commands or events of a kind."""
        return [each.payload[6:] for each in self.records if (each.opcode, each.control_code) == (opcode, code)]

    def disconnected(self, reason: int) -> bool:
        return reason in (parameters[3] for parameters in self.events(0x05))

    @property
    def key_types(self) -> list[int]:
        """Of the long-term keys that the kernel made."""
        return [parameters[8] for parameters in self.management(Opcode.CONTROL_EVENT, 0x000A)]

    @property
    def asked(self) -> int:
        """How often the kernel asked for a confirmation or a passkey."""
        return sum(len(self.management(Opcode.CONTROL_EVENT, code)) for code in (0x000F, 0x0010))

    @property
    def pair_device_status(self) -> list[int]:
        """How Pair Device ended: from Command Complete or Command Status."""
        ends = [each for code in (1, 2) for each in self.management(Opcode.CONTROL_EVENT, code)]
        return [each[2] for each in ends if int.from_bytes(each[:2], "little") == 0x0019]

    @property
    def bredr_key_types(self) -> list[int]:
        """Of the link keys that the kernel made."""
        return [parameters[8] for parameters in self.management(Opcode.CONTROL_EVENT, 0x0009)]


def _packets(records: Iterable[Record]) -> Iterator[tuple[int, Direction, bytes]]:
    """The SMP packets, put together from their fragments, and when they were complete."""
    frames: dict[tuple[Direction, int], bytes] = {}
    for record in records:
        if record.opcode not in ACL:
            continue
        acl = Acl.decode(record.payload)
        key = ACL[Opcode(record.opcode)], acl.handle
        frames[key] = frame = acl.data if acl.starts else frames.get(key, b"") + acl.data
        length, channel = struct.unpack_from("<HH", frame)
        if channel in SMP_CHANNELS and len(frame) == length + 4:
            yield record.time, key[0], frame[4:]
