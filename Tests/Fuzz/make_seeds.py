#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the inputs that the fuzzers of captures and packets start from: corpus/{monitor-records,btsnoop,pcap,smp}."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
TIME = 1_767_323_045_678_901
OWN = bytes.fromhex("554433221100")
PEER = bytes.fromhex("188171bf5fc0")
HANDLE = 0x40

# What a record of the monitor channel is: opcode, adapter, payload.
Record = tuple[int, int, bytes]


def event(code: int, parameters: bytes) -> Record:
    return 3, 0, bytes([code, len(parameters)]) + parameters


def frames(opcode: int, packet: bytes, channel: int = 6, size: int = 27) -> list[Record]:
    """The ACL packets of one L2CAP frame; opcode 4 is sent, 5 received."""
    frame = struct.pack("<HH", len(packet), channel) + packet
    records: list[Record] = []
    for start in range(0, len(frame), size):
        part = frame[start : start + size]
        boundary = 1 if start else (2 if opcode == 5 else 0)
        records.append((opcode, 0, struct.pack("<HH", HANDLE | boundary << 12, len(part)) + part))
    return records


def control(opcode: int, code: int, parameters: bytes) -> Record:
    """Opcode 16 is a command to the management interface, 17 an event."""
    return opcode, 0, struct.pack("<IH", 1, code) + parameters


PACKETS: dict[str, bytes] = {
    "pairing-request": bytes([1, 4, 0, 0x2D, 16, 0x0D, 0x0F]),
    "pairing-response": bytes([2, 3, 0, 0x0D, 7, 0x01, 0x03]),
    "confirm": bytes([3, *range(16)]),
    "random": bytes([4, *range(16)]),
    "failed": bytes([5, 4]),
    "long-term-key": bytes([6, *range(16)]),
    "central-identification": bytes([7, 0x34, 0x12, *range(8)]),
    "identity-resolving-key": bytes([8, *range(16)]),
    "identity-address": bytes([9, 1]) + PEER,
    "signature-key": bytes([10, *range(16)]),
    "security-request": bytes([11, 0x2D]),
    "public-key": bytes([12, *range(64)]),
    "dhkey-check": bytes([13, *range(16)]),
    "keypress": bytes([14, 1]),
}

ADAPTER: list[Record] = [(0, 0, bytes([0, 1]) + OWN + b"hci0\0\0\0\0"), (8, 0, b""), (10, 0, OWN + b"\x02\x00")]
CONNECTED = event(0x3E, bytes([1, 0, HANDLE, 0, 0, 1]) + PEER + bytes(7))
DISCONNECTED = event(0x05, bytes([0, HANDLE, 0, 0x13]))
KEY = bytes(range(16))

EXCHANGES: dict[str, list[Record]] = {
    "refused": [
        *ADAPTER,
        CONNECTED,
        *frames(4, PACKETS["pairing-request"]),
        *frames(5, PACKETS["failed"]),
        DISCONNECTED,
    ],
    "legacy": [
        CONNECTED,
        *(record for number, packet in enumerate(PACKETS.values()) for record in frames(4 + number % 2, packet)),
        event(0x08, bytes([0, HANDLE, 0, 1])),
        control(17, 0x000A, b"\x01" + PEER + bytes([2, 1, 0, 16]) + bytes(10) + KEY),
        control(17, 0x0018, b"\x01" + PEER + OWN + b"\x01" + KEY),
        (9, 0, b""),
    ],
    "br-edr": [
        event(0x03, bytes([0, HANDLE, 0]) + PEER + bytes([1, 0])),
        event(0x31, PEER),
        (2, 0, bytes([0x2B, 0x04, 9]) + PEER + bytes([1, 0, 5])),
        event(0x33, PEER + bytes(4)),
        event(0x36, b"\x05" + PEER),
        event(0x06, bytes([6, HANDLE, 0])),
        *frames(5, PACKETS["identity-resolving-key"], channel=7),
        control(17, 0x0009, b"\x01" + PEER + bytes([0, 5]) + KEY + b"\x00"),
        control(16, 0x0019, PEER + bytes([2, 3])),
        event(0x59, bytes([0, HANDLE, 0, 1, 16])),
        event(0x30, bytes([0, HANDLE, 0])),
        event(0x0E, bytes([1, 0x09, 0x10, 0]) + OWN),
        (1, 0, b""),
    ],
}


def framed(records: Iterable[Record]) -> bytes:
    """Records of the channel, each behind its length."""
    octets = (struct.pack("<HHH", opcode, index, len(payload)) + payload for opcode, index, payload in records)
    return b"".join(struct.pack("<H", len(record)) + record for record in octets)


H4_TYPES = {2: 1, 3: 4, 4: 2, 5: 2}


def is_received(record: Record) -> bool:
    return record[0] in (3, 5)


def h4(records: Iterable[Record]) -> list[tuple[bool, bytes]]:
    """The HCI packets among them, with their direction."""
    return [(is_received(r), bytes([H4_TYPES[r[0]]]) + r[2]) for r in records if r[0] in H4_TYPES]


def btsnoop(datalink: int, records: list[Record], missing: int = 0) -> bytes:
    packets: list[tuple[int, bytes]]
    if datalink == 2001:
        packets = [(index << 16 | opcode, payload) for opcode, index, payload in records]
    elif datalink == 1002:
        packets = [(int(received), packet) for received, packet in h4(records)]
    else:
        packets = [({2: 2, 3: 3, 4: 0, 5: 1}[r[0]], r[2]) for r in records if r[0] in H4_TYPES]
    file = b"btsnoop\0" + struct.pack(">II", 1, datalink)
    for flags, packet in packets:
        time = TIME + 0x00DCDDB30F2F8000
        file += struct.pack(">IIIIQ", len(packet) + missing, len(packet), flags, 0, time) + packet
    return file


def link_packets(link_type: int, records: list[Record]) -> list[bytes]:
    if link_type == 254:
        return [struct.pack(">HH", index, opcode) + payload for opcode, index, payload in records]
    return [struct.pack(">I", received) + packet for received, packet in h4(records)]


def pcap(order: str, magic: int, link_type: int, records: list[Record]) -> bytes:
    file = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65535, link_type)
    for packet in link_packets(link_type, records):
        file += struct.pack(order + "IIII", TIME // 1_000_000, 678_901, len(packet), len(packet)) + packet
    return file


def block(order: str, kind: int, content: bytes) -> bytes:
    content += bytes(-len(content) % 4)
    length = struct.pack(order + "I", len(content) + 12)
    return struct.pack(order + "I", kind) + length + content + length


def pcapng(order: str, link_type: int, records: list[Record]) -> bytes:
    file = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    options = struct.pack(order + "HHB3xHHqHH", 9, 1, 6, 14, 8, 0, 0, 0)
    file += block(order, 1, struct.pack(order + "HHI", link_type, 0, 0) + options)
    file += block(order, 5, bytes(12))
    for number, packet in enumerate(link_packets(link_type, records)):
        fields = struct.pack(order + "IIII", TIME >> 32, TIME & 0xFFFFFFFF, len(packet), len(packet))
        if number % 3 == 2:
            file += block(order, 3, struct.pack(order + "I", len(packet)) + packet)
        else:
            interface = struct.pack(order + "HH", 0, 0) if number % 3 else bytes(4)
            file += block(order, 2 if number % 3 else 6, interface + fields + packet)
    return file


def main() -> None:
    seeds: dict[str, bytes] = {f"smp/{name}": packet for name, packet in PACKETS.items()}
    for name, records in EXCHANGES.items():
        seeds[f"monitor-records/{name}"] = framed(records)
        for datalink in (1001, 1002, 2001):
            seeds[f"btsnoop/{name}-{datalink}.btsnoop"] = btsnoop(datalink, records)
        seeds[f"btsnoop/{name}-cut.btsnoop"] = btsnoop(1002, records, missing=5)
    for link_type in (201, 254):
        records = EXCHANGES["refused"]
        for order, byte_order in (("<", "little"), (">", "big")):
            seeds[f"pcap/micro-{link_type}-{byte_order}.pcap"] = pcap(order, 0xA1B2C3D4, link_type, records)
            seeds[f"pcap/{link_type}-{byte_order}.pcapng"] = pcapng(order, link_type, records)
        seeds[f"pcap/nano-{link_type}.pcap"] = pcap("<", 0xA1B23C4D, link_type, EXCHANGES["legacy"])
    for path, octets in seeds.items():
        file = CORPUS / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(octets)


if __name__ == "__main__":
    main()
