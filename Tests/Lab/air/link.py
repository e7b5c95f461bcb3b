# SPDX-License-Identifier: Apache-2.0
"""The medium between the controllers, on which connections can get lost."""

from __future__ import annotations

import asyncio

from bumble import controller as bumble_controller
from bumble import hci

from air import quirks

# Seconds; the kernel asks for 420 ms.
SUPERVISION_TIMEOUT = 0.42


class Link(quirks.Link):
    """Bumble's link, mended, and with a supervision timeout, which Bumble does not have."""

    def lose(self, connection: bumble_controller.Connection) -> None:
        """Let both ends of the connection run into the supervision timeout."""
        far = self.find_le_controller(connection.peer_address)
        loop = asyncio.get_running_loop()
        loop.call_later(SUPERVISION_TIMEOUT, _time_out, connection.controller, connection.peer_address)
        if far is not None:
            loop.call_later(SUPERVISION_TIMEOUT, _time_out, far, connection.self_address)


def _time_out(controller: bumble_controller.Controller, peer: hci.Address) -> None:
    if connection := controller.le_connections.get(peer):
        controller.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
