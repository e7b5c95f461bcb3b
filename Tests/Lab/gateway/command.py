# SPDX-License-Identifier: Apache-2.0
"""Running a program without stopping the air, which lives in the same event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Completed:
    """A program that has ended."""

    status: int
    output: str
    errors: str


async def run(*command: str, stdin: str | None = None, timeout: float = 60) -> Completed:
    """Run a program to its end; it is ended if that takes too long, or if the caller is cancelled."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(timeout):
            output, errors = await process.communicate(None if stdin is None else stdin.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Completed(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"))


async def end(process: asyncio.subprocess.Process, timeout: float = 5) -> int:
    """Ask a program to end, and insist if it does not."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(timeout):
                await process.wait()
        except TimeoutError:
            process.kill()
    return await process.wait()
