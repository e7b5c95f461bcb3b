# SPDX-License-Identifier: Apache-2.0
"""What went over the air between the gateway and one peripheral."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from air.protocol import Code, Direction, PairingFeatures, Reason


@dataclass(frozen=True)
class PDU:
    """One PDU of the Security Manager Protocol."""

    direction: Direction
    data: bytes
    time: float = field(default_factory=time.monotonic, compare=False)

    @property
    def code(self) -> Code:
        return Code(self.data[0])

    def __str__(self) -> str:
        return f"{self.direction.value} {self.code.name} {self.data[1:].hex()}"


class Tape:
    """The PDUs of one peripheral, oldest first; connections are counted as well."""

    def __init__(self) -> None:
        self.pdus: list[PDU] = []
        self.connections = 0
        self._changed = asyncio.Event()

    def add(self, pdu: PDU) -> None:
        self.pdus.append(pdu)
        self._changed.set()

    def clear(self) -> None:
        self.pdus.clear()
        self.connections = 0

    def of(self, code: Code, direction: Direction | None = None) -> list[PDU]:
        return [pdu for pdu in self.pdus if pdu.code is code and direction in (None, pdu.direction)]

    @property
    def request(self) -> PairingFeatures:
        """The last Pairing Request that the gateway's kernel sent."""
        return PairingFeatures.decode(self.of(Code.PAIRING_REQUEST, Direction.SENT)[-1].data)

    @property
    def response(self) -> PairingFeatures:
        """The last Pairing Response that the peripheral sent."""
        return PairingFeatures.decode(self.of(Code.PAIRING_RESPONSE, Direction.RECEIVED)[-1].data)

    def failures(self, direction: Direction) -> list[Reason]:
        return [Reason(pdu.data[1]) for pdu in self.of(Code.PAIRING_FAILED, direction)]

    async def until(self, code: Code, direction: Direction | None = None) -> PDU:
        """Wait for a PDU of this kind; one that is on the tape already counts."""
        while not (found := self.of(code, direction)):
            self._changed.clear()
            await self._changed.wait()
        return found[-1]

    def __str__(self) -> str:
        return "\n".join(map(str, self.pdus))
