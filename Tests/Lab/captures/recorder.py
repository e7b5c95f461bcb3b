# SPDX-License-Identifier: Apache-2.0
"""The kernel's monitor channel, and what of it is about a pairing."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import struct
import time
from typing import Self

from captures.btsnoop import NO_ADAPTER, SMP_CHANNELS, Acl, Opcode, Record

AF_BLUETOOTH, BTPROTO_HCI, HCI_DEV_NONE, HCI_CHANNEL_MONITOR = 31, 1, 0xFFFF, 2
SO_TIMESTAMP, SO_RCVBUFFORCE = 29, 33

BUFFER = 4 << 20

# L2CAP's signalling, which tells of connections, beside the Security Manager's channels.
CHANNELS = (0x0001, 0x0005, *SMP_CHANNELS)

# What the kernel does to find devices, and to be found by them.
SEARCHING = {
    *(0x0401, 0x0402),  # Inquiry, Inquiry Cancel
    *(0x2005, 0x200B, 0x200C),  # LE Set Random Address, Scan Parameters, Scan Enable
    *(0x2010, 0x2011, 0x2012),  # LE Clear Filter Accept List, Add, Remove
    *(0x2041, 0x2042),  # LE Set Extended Scan Parameters, Enable
    *(0x2006, 0x2008, 0x2009, 0x200A),  # LE Set Advertising Parameters, Data, Scan Response Data, Enable
}
INQUIRY_EVENTS = (0x01, 0x02, 0x22, 0x2F)
COMPLETED_PACKETS, LE_META = 0x13, 0x3E
ADVERTISING_REPORTS = (0x02, 0x0B, 0x0D)
# Where Command Complete and Command Status name their command.
OPCODE_OFFSETS = {0x0E: 3, 0x0F: 4}
DISCOVERY_COMMANDS = (0x0023, 0x0024, 0x003A, 0x0041)
DEVICE_FOUND, DISCOVERING = 0x0012, 0x0013


def open_channel() -> socket.socket:
    """The channel, with a time for each record. The kernel tells first which controllers and sockets there are."""
    channel = socket.socket(AF_BLUETOOTH, socket.SOCK_RAW | socket.SOCK_NONBLOCK, BTPROTO_HCI)
    channel.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
    channel.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    # Python's own bind() knows of one channel only, which is another.
    address = struct.pack("<HHH", AF_BLUETOOTH, HCI_DEV_NONE, HCI_CHANNEL_MONITOR)
    if ctypes.CDLL(None, use_errno=True).bind(channel.fileno(), address, len(address)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return channel


def receive(channel: socket.socket) -> Record:
    """The next record."""
    data, ancillary, _, _ = channel.recvmsg(65536, socket.CMSG_SPACE(16))
    seconds, microseconds = struct.unpack("<qq", ancillary[0][2])
    opcode, adapter, length = struct.unpack_from("<HHH", data)
    assert len(data) == length + 6, (opcode, length, len(data))
    return Record(seconds * 1_000_000 + microseconds, opcode, adapter, data[6:])


class Recorder:
    """Keeps what is about pairings on one adapter, from the moment when the block is entered until it is left."""

    def __init__(self, adapter: int) -> None:
        self.records: list[Record] = []
        self._adapter = adapter
        self._last = time.monotonic()
        # The channel of the frame that is under way, by opcode and handle.
        self._channels: dict[tuple[int, int], int] = {}

    def __enter__(self) -> Self:
        self._channel = open_channel()
        asyncio.get_running_loop().add_reader(self._channel, self._readable)
        return self

    def __exit__(self, *_: object) -> None:
        self._readable()
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()

    async def quiet(self, seconds: float = 4, limit: float = 20) -> None:
        """Wait until nothing has been worth keeping for this long."""
        give_up = time.monotonic() + limit
        while (now := time.monotonic()) < min(self._last + seconds, give_up):
            await asyncio.sleep(max(0.05, self._last + seconds - now))

    def _readable(self) -> None:
        while True:
            try:
                record = receive(self._channel)
            except BlockingIOError:
                return
            if self._matters(record):
                self.records.append(record)
                self._last = time.monotonic()

    def _matters(self, record: Record) -> bool:
        if record.adapter not in (self._adapter, NO_ADAPTER):
            return False
        match record.opcode:
            case Opcode.COMMAND:
                return int.from_bytes(record.payload[:2], "little") not in SEARCHING
            case Opcode.EVENT:
                return _is_worthy(record.payload)
            case Opcode.ACL_SENT | Opcode.ACL_RECEIVED:
                return self._is_of_kept_channel(record)
            case Opcode.CONTROL_COMMAND:
                return record.control_code not in DISCOVERY_COMMANDS
            case Opcode.CONTROL_EVENT:
                answered = int.from_bytes(record.payload[6:8], "little") if record.control_code in (1, 2) else 0
                return record.control_code not in (DEVICE_FOUND, DISCOVERING) and answered not in DISCOVERY_COMMANDS
            case _:
                return True

    def _is_of_kept_channel(self, record: Record) -> bool:
        acl = Acl.decode(record.payload)
        key = record.opcode, acl.handle
        if acl.starts:
            self._channels[key] = acl.channel
        return self._channels.get(key) in CHANNELS


def _is_worthy(event: bytes) -> bool:
    """Of an HCI event: is it about anything but searching?"""
    code = event[0]
    if code in OPCODE_OFFSETS:
        offset = OPCODE_OFFSETS[code]
        return int.from_bytes(event[offset : offset + 2], "little") not in SEARCHING
    if code == LE_META:
        return event[2] not in ADVERTISING_REPORTS
    return code not in (COMPLETED_PACKETS, *INQUIRY_EVENTS)
