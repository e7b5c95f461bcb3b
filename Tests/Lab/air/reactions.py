# SPDX-License-Identifier: Apache-2.0
"""How a peripheral may misbehave when a PDU arrives.

A reaction is called in place of the usual handling; `proceed` is that handling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from air.protocol import Code, IOCapability, Reason

if TYPE_CHECKING:
    from air.peripheral import Peripheral

Reaction = Callable[["Peripheral", Callable[[], None]], None]


def answer(code: Code, data: bytes) -> Reaction:
    """Answer with this PDU."""
    return lambda peripheral, _: peripheral.send(bytes([code]) + data)


def refuse(reason: Reason | int) -> Reaction:
    """Answer with Pairing Failed."""
    return lambda peripheral, _: peripheral.send_failure(int(reason))


def refuse_capability(capability: IOCapability, reason: Reason = Reason.UNSPECIFIED) -> Reaction:
    """Refuse a gateway with this IO capability, and no other."""

    def react(peripheral: Peripheral, usually: Callable[[], None]) -> None:
        if peripheral.tape.request.io_capability is capability:
            peripheral.send_failure(int(reason))
        else:
            usually()

    return react


def proceed(_peripheral: Peripheral, usually: Callable[[], None]) -> None:
    """Answer as usual."""
    usually()


def delay(seconds: float, then: Reaction = proceed) -> Reaction:
    """Answer later."""

    def later(peripheral: Peripheral, usually: Callable[[], None]) -> None:
        def react_if_connected() -> None:
            if peripheral.connected:
                then(peripheral, usually)

        asyncio.get_running_loop().call_later(seconds, react_if_connected)

    return later


def stay_silent(_peripheral: Peripheral, _proceed: Callable[[], None]) -> None:
    """Never answer, but keep the link."""


def hang_up(peripheral: Peripheral, _proceed: Callable[[], None]) -> None:
    """End the link properly."""
    peripheral.hang_up()


def vanish(peripheral: Peripheral, _proceed: Callable[[], None]) -> None:
    """Be gone from one moment to the next: battery out."""
    peripheral.vanish()
