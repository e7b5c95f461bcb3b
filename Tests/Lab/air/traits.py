# SPDX-License-Identifier: Apache-2.0
"""What a peripheral is: everything that it shows before and while it pairs."""

from __future__ import annotations

from dataclasses import dataclass

from air.protocol import AuthReq, IOCapability, Keys

FLAGS = 0x01
SERVICES_16 = 0x03
COMPLETE_NAME = 0x09
MANUFACTURER_DATA = 0xFF

# General discoverable, no BR/EDR.
LE_ONLY = b"\x06"

# An advertising packet and a scan response hold this much each.
CAPACITY = 31


@dataclass(frozen=True)
class Traits:
    """A peripheral's description. `dataclasses.replace` makes a relative of one."""

    # Raw bytes are sent as they are, so a name may be as hostile as a test wants it.
    name: str | bytes
    address: str
    public: bool = False
    io_capability: IOCapability = IOCapability.NoInputNoOutput
    secure_connections: bool = True
    mitm: bool = False
    bonding: bool = True
    services: tuple[int, ...] = ()
    company: int | None = None
    manufacturer_data: bytes = b""
    keys: Keys = Keys.ENCRYPTION | Keys.IDENTITY
    # Digits that it displays, where it is the one that displays; none: random ones.
    passkey: str | None = None
    # Use a resolvable private address on the air; `address` is the identity behind it.
    private: bool = False
    # Send a Security Request as soon as the link is up.
    asks_first: bool = False
    # What the Security Request asks for, where that is not all that the device can do.
    asks_for: AuthReq | None = None
    # The longest key, in octets.
    key_size: int = 16

    @property
    def name_bytes(self) -> bytes:
        return self.name.encode() if isinstance(self.name, str) else self.name

    @property
    def auth_req(self) -> AuthReq:
        wanted = AuthReq(0)
        if self.bonding:
            wanted |= AuthReq.BONDING
        if self.mitm:
            wanted |= AuthReq.MITM
        if self.secure_connections:
            wanted |= AuthReq.SECURE_CONNECTIONS
        return wanted

    @property
    def advertising_data(self) -> bytes:
        data = _structure(FLAGS, LE_ONLY)
        if self.services:
            data += _structure(SERVICES_16, b"".join(service.to_bytes(2, "little") for service in self.services))
        if self.company is not None:
            data += _structure(MANUFACTURER_DATA, self.company.to_bytes(2, "little") + self.manufacturer_data)
        assert len(data) <= CAPACITY, "the advertising data does not fit"
        return data

    @property
    def scan_response(self) -> bytes:
        return _structure(COMPLETE_NAME, self.name_bytes[: CAPACITY - 2])


def _structure(kind: int, data: bytes) -> bytes:
    return bytes([len(data) + 1, kind]) + data
