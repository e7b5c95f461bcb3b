# SPDX-License-Identifier: Apache-2.0
"""The words of the Security Manager Protocol that tests speak in (Core Specification, volume 3, part H)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag


class Code(IntEnum):
    """First byte of a PDU."""

    PAIRING_REQUEST = 0x01
    PAIRING_RESPONSE = 0x02
    PAIRING_CONFIRM = 0x03
    PAIRING_RANDOM = 0x04
    PAIRING_FAILED = 0x05
    ENCRYPTION_INFORMATION = 0x06
    CENTRAL_IDENTIFICATION = 0x07
    IDENTITY_INFORMATION = 0x08
    IDENTITY_ADDRESS_INFORMATION = 0x09
    SIGNING_INFORMATION = 0x0A
    SECURITY_REQUEST = 0x0B
    PUBLIC_KEY = 0x0C
    DHKEY_CHECK = 0x0D
    KEYPRESS_NOTIFICATION = 0x0E


class Reason(IntEnum):
    """Why a pairing failed, in PAIRING_FAILED."""

    PASSKEY_ENTRY_FAILED = 0x01
    OOB_NOT_AVAILABLE = 0x02
    AUTHENTICATION_REQUIREMENTS = 0x03
    CONFIRM_VALUE_FAILED = 0x04
    PAIRING_NOT_SUPPORTED = 0x05
    ENCRYPTION_KEY_SIZE = 0x06
    COMMAND_NOT_SUPPORTED = 0x07
    UNSPECIFIED = 0x08
    REPEATED_ATTEMPTS = 0x09
    INVALID_PARAMETERS = 0x0A
    DHKEY_CHECK_FAILED = 0x0B
    NUMERIC_COMPARISON_FAILED = 0x0C
    BREDR_PAIRING_IN_PROGRESS = 0x0D
    CTKD_NOT_ALLOWED = 0x0E
    KEY_REJECTED = 0x0F
    BUSY = 0x10


class IOCapability(IntEnum):
    """With BlueZ's names."""

    DisplayOnly = 0x00
    DisplayYesNo = 0x01
    KeyboardOnly = 0x02
    NoInputNoOutput = 0x03
    KeyboardDisplay = 0x04


class Keys(IntFlag):
    """What a side distributes."""

    ENCRYPTION = 0x01
    IDENTITY = 0x02
    SIGNING = 0x04
    LINK = 0x08


class AuthReq(IntFlag):
    """What a side asks for."""

    BONDING = 0x01
    MITM = 0x04
    SECURE_CONNECTIONS = 0x08
    KEYPRESS = 0x10
    CT2 = 0x20


class Direction(Enum):
    """Seen from the gateway, as in `btmon`."""

    SENT = "<"
    RECEIVED = ">"


@dataclass(frozen=True)
class PairingFeatures:
    """A Pairing Request or Pairing Response."""

    io_capability: IOCapability
    oob: bool
    auth_req: AuthReq
    key_size: int
    initiator_keys: Keys
    responder_keys: Keys

    @classmethod
    def decode(cls, pdu: bytes) -> PairingFeatures:
        _, io, oob, auth_req, key_size, initiator, responder = pdu
        return cls(IOCapability(io), bool(oob), AuthReq(auth_req), key_size, Keys(initiator), Keys(responder))
