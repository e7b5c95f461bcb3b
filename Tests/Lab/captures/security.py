# SPDX-License-Identifier: Apache-2.0
"""A program that connects a device by a socket, and demands a security of it that no method of BlueZ can ask for."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

AF_BLUETOOTH, BTPROTO_L2CAP, SOL_BLUETOOTH, BT_SECURITY = 31, 0, 274, 4
ATTRIBUTE_CHANNEL = 4
PUBLIC, RANDOM = 1, 2


class Level(IntEnum):
    """The kernel's security levels that ask for more than Just Works."""

    HIGH = 3
    FIPS = 4


@contextmanager
def demanding(address: str, is_public: bool, level: Level) -> Iterator[None]:
    """Connect the Attribute Protocol's channel at this level, for as long as the block lasts."""
    with socket.socket(AF_BLUETOOTH, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK, BTPROTO_L2CAP) as channel:
        _call("bind", channel, _socket_address("00:00:00:00:00:00", PUBLIC))
        channel.setsockopt(SOL_BLUETOOTH, BT_SECURITY, bytes([level, 0]))
        _call("connect", channel, _socket_address(address, PUBLIC if is_public else RANDOM))
        yield


def _socket_address(address: str, kind: int) -> bytes:
    octets = bytes.fromhex(address.replace(":", ""))[::-1]
    return struct.pack("<HH6sHBx", AF_BLUETOOTH, 0, octets, ATTRIBUTE_CHANNEL, kind)


def _call(function: str, channel: socket.socket, address: bytes) -> None:
    """Python's own functions know nothing of LE."""
    if getattr(ctypes.CDLL(None, use_errno=True), function)(channel.fileno(), address, len(address)) != 0:
        if (error := ctypes.get_errno()) != errno.EINPROGRESS:
            raise OSError(error, os.strerror(error))
