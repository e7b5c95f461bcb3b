# SPDX-License-Identifier: Apache-2.0
"""A program that connects a device by a socket, and demands a security level of it that no method of BlueZ can ask for."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import struct
from enum import IntEnum

AF_BLUETOOTH, BTPROTO_L2CAP, SOL_BLUETOOTH, BT_SECURITY = 31, 0, 274, 4
ATTRIBUTE_CHANNEL = 4
PUBLIC, RANDOM = 1, 2

# Seconds; the radio protocol gives up after 30.
PATIENCE = 35


class Level(IntEnum):
    """The kernel's security levels that ask for more than Just Works."""

    HIGH = 3
    FIPS = 4


async def demand(address: str, is_public: bool, level: Level) -> str:
    """Connect the Attribute Protocol's channel at this level. What the kernel says of it, or nothing if it is there."""
    # The air lives in this thread.
    return await asyncio.to_thread(_connect, address, is_public, level)


def _connect(address: str, is_public: bool, level: Level) -> str:
    with socket.socket(AF_BLUETOOTH, socket.SOCK_SEQPACKET, BTPROTO_L2CAP) as channel:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("qq", PATIENCE, 0))
        _call("bind", channel, _socket_address("00:00:00:00:00:00", PUBLIC))
        channel.setsockopt(SOL_BLUETOOTH, BT_SECURITY, struct.pack("BB", level, 0))
        try:
            _call("connect", channel, _socket_address(address, PUBLIC if is_public else RANDOM))
        except OSError as error:
            return str(error)
    return ""


def _socket_address(address: str, kind: int) -> bytes:
    return struct.pack("<HH6sHBx", AF_BLUETOOTH, 0, bytes.fromhex(address.replace(":", ""))[::-1], ATTRIBUTE_CHANNEL, kind)


def _call(function: str, channel: socket.socket, address: bytes) -> None:
    """Python's own functions know nothing of LE."""
    if getattr(ctypes.CDLL(None, use_errno=True), function)(channel.fileno(), address, len(address)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
