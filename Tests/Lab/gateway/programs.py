# SPDX-License-Identifier: Apache-2.0
"""pairingd and pairingctl, run as an administrator would run them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.command import Completed, end, run

BINARIES = Path(os.environ.get("PAIRINGD_BINARIES", ".build/release"))
SERVICE = "org.pairingd"
MANAGER = "/org/pairingd"


@dataclass(frozen=True)
class Outcome:
    """What `pairingctl pair --json` said, and its exit status."""

    status: int
    document: dict[str, Any]
    errors: str

    @property
    def result(self) -> str:
        return str(self.document.get("result", ""))

    @property
    def reason(self) -> str:
        return str(self.document.get("reason", ""))

    @property
    def rule(self) -> str:
        return str(self.document.get("rule", ""))

    def __str__(self) -> str:
        return f"exit status {self.status}, {self.document}, {self.errors}"


class Pairingd:
    """A daemon, which can be killed and started again."""

    def __init__(self, policy: Path, command: Sequence[str | Path], state: Path) -> None:
        self.state = state
        self._policy = policy
        self._command = command
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        process = await asyncio.create_subprocess_exec(*self._command, stdin=asyncio.subprocess.DEVNULL)
        self._process = process
        async with asyncio.timeout(20):
            while (await run("busctl", "status", SERVICE)).status != 0:
                assert process.returncode is None, f"pairingd ended with status {process.returncode}"
                await asyncio.sleep(0.05)

    async def stop(self) -> int:
        assert self._process is not None
        return await end(self._process)

    async def kill(self) -> None:
        """SIGKILL: no farewell to anybody."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def replace_rules(self, *rules: str) -> list[Path]:
        """Other rule files in the place of those that are there; the daemon is not told."""
        return _write_rules(self._policy, rules)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def pair(self, address: str, seconds: int = 60) -> Outcome:
        """Pair, and wait for the result."""
        return await pair(address, seconds)

    async def requests(self) -> list[dict[str, Any]]:
        """The requests that wait for an answer."""
        done = await pairingctl("requests", "--json")
        assert done.status == 0, done.errors
        answer: list[dict[str, Any]] = json.loads(done.output)
        return answer

    async def next_request(self, seconds: float = 30) -> dict[str, Any]:
        """The one request that waits, as soon as there is one."""
        async with asyncio.timeout(seconds):
            while not (waiting := await self.requests()):
                await asyncio.sleep(0.1)
        (request,) = waiting
        return request

    async def reveal(self, request: dict[str, Any]) -> str:
        """The digits of a request, which no property or signal shows."""
        path = f"{MANAGER}/request/{request['number']}"
        return str(await call(path, "Request1", "Reveal"))

    async def manager(self, name: str) -> Any:
        return await get(MANAGER, "Manager1", name)

    def status_field(self, name: str) -> int:
        """A number of /proc/PID/status; kilobytes where it is a size."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise KeyError(name)


@asynccontextmanager
async def pairingd(folder: Path, *rules: str, configuration: str = "") -> AsyncIterator[Pairingd]:
    """The daemon with these rules and no others; ready when the block starts, ended when it is left.

    `configuration` is the text of its pairingd.toml.
    """
    policy, state, settings = folder / "policy", folder / "state", folder / "pairingd.toml"
    for directory in (policy, state):
        directory.mkdir(parents=True, exist_ok=True)
    _write_rules(policy, rules)
    settings.write_text(configuration)
    command: list[str | Path] = [
        BINARIES / "pairingd",
        "--journal",
        *("--policy-directory", policy, "--state-directory", state, "--configuration", settings),
    ]
    daemon = Pairingd(policy, command, state)
    try:
        await daemon.start()
        yield daemon
    finally:
        status = await daemon.stop()
    assert status == 0, f"pairingd ended with status {status}"


def _write_rules(policy: Path, rules: Sequence[str]) -> list[Path]:
    for old in policy.glob("*.toml"):
        old.unlink()
    files = [policy / f"{number}0-rule.toml" for number in range(1, len(rules) + 1)]
    for file, text in zip(files, rules, strict=True):
        # pairingd refuses digits in a file that others can read.
        file.touch(mode=0o600)
        file.write_text(text)
    return files


async def pairingctl(*arguments: str, stdin: str | None = None, timeout: float = 60) -> Completed:
    return await run(str(BINARIES / "pairingctl"), *arguments, stdin=stdin, timeout=timeout)


async def pair(address: str, seconds: int = 60) -> Outcome:
    """Let the daemon that runs pair, and wait for the result."""
    done = await pairingctl("pair", "--json", "--timeout", str(seconds), address, timeout=seconds + 30)
    try:
        document = json.loads(done.output)
    except ValueError:
        document = {}
    return Outcome(done.status, document, done.errors)


async def call(path: str, interface: str, member: str, *arguments: str) -> Any:
    """Call a method of pairingd; arguments as busctl takes them, signature first."""
    name = f"{SERVICE}.{interface}"
    answer = await run("busctl", "--json=short", "call", SERVICE, path, name, member, *arguments)
    assert answer.status == 0, answer.errors
    values = json.loads(answer.output)["data"] if answer.output.strip() else []
    return values[0] if values else None


async def get(path: str, interface: str, name: str) -> Any:
    """A property of pairingd."""
    answer = await run("busctl", "--json=short", "get-property", SERVICE, path, f"{SERVICE}.{interface}", name)
    assert answer.status == 0, answer.errors
    return json.loads(answer.output)["data"]
