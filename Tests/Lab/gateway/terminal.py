# SPDX-License-Identifier: Apache-2.0
"""A program at a terminal of its own, with somebody who reads and types."""

from __future__ import annotations

import asyncio
import os
import pty
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.command import end


class Terminal:
    def __init__(self, controller: int, process: asyncio.subprocess.Process) -> None:
        self._controller = controller
        self._process = process
        self.shown = ""

    async def shows(self, text: str, seconds: float = 20) -> None:
        """Waits until it has shown this."""
        give_up = time.monotonic() + seconds
        while text not in self.shown:
            assert time.monotonic() < give_up, f"{text!r} is not in {self.shown!r}"
            self._look()
            await asyncio.sleep(0.05)

    def type(self, text: str) -> None:
        os.write(self._controller, text.encode())

    async def status(self, seconds: float = 20) -> int:
        """The program's exit status, when it has ended."""
        async with asyncio.timeout(seconds):
            while self._process.returncode is None:
                self._look()
                await asyncio.sleep(0.05)
        self._look()
        assert self._process.returncode is not None
        return self._process.returncode

    def _look(self) -> None:
        try:
            self.shown += os.read(self._controller, 4096).decode(errors="replace")
        except OSError:
            pass  # There is nothing to read at present, or nobody has the other end open any longer.


@asynccontextmanager
async def terminal(*command: str) -> AsyncIterator[Terminal]:
    """Runs a program at a terminal while the block lasts."""
    controller, device = pty.openpty()
    os.set_blocking(controller, False)
    # A new session, so that the terminal can become its own.
    process = await asyncio.create_subprocess_exec(
        "setsid", "--ctty", *command, stdin=device, stdout=device, stderr=device
    )
    os.close(device)
    try:
        yield Terminal(controller, process)
    finally:
        await end(process)
        os.close(controller)
