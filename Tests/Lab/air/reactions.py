# SPDX-License-Identifier: Apache-2.0
"""How a peripheral may misbehave when a PDU arrives.

A reaction is called in place of the usual handling; `proceed` is that handling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from air.protocol import Reason

if TYPE_CHECKING:
    from air.peripheral import Peripheral

Reaction = Callable[["Peripheral", Callable[[], None]], None]


def refuse(reason: Reason | int) -> Reaction:
    """Answer with Pairing Failed."""
    return lambda peripheral, _: peripheral.send_failure(int(reason))


def delay(seconds: float) -> Reaction:
    """Answer later."""

    def later(peripheral: Peripheral, proceed: Callable[[], None]) -> None:
        def proceed_if_connected() -> None:
            if peripheral.connected:
                proceed()

        asyncio.get_running_loop().call_later(seconds, proceed_if_connected)

    return later


def stay_silent(_peripheral: Peripheral, _proceed: Callable[[], None]) -> None:
    """Never answer, but keep the link."""


def hang_up(peripheral: Peripheral, _proceed: Callable[[], None]) -> None:
    """End the link properly."""
    peripheral.hang_up()


def vanish(peripheral: Peripheral, _proceed: Callable[[], None]) -> None:
    """Be gone from one moment to the next: battery out."""
    peripheral.vanish()
