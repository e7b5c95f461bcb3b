# SPDX-License-Identifier: Apache-2.0
"""The real polkitd, with the actions and the example rule that the repository ships."""

from __future__ import annotations

import asyncio
import pwd
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.command import Completed, end, run
from gateway.programs import MANAGER, SERVICE

DAEMON = "/usr/lib/polkit-1/polkitd"
ACTIONS = Path("/usr/share/polkit-1/actions")
RULES = Path("/etc/polkit-1/rules.d")
SHIPPED = Path(__file__).parents[3] / "dbus"
EXAMPLE = "50-pairingd.rules"


class Polkit:
    """A polkitd that runs. It looks at its folders itself and is never told of a change."""

    def allow_group(self) -> None:
        """Put the example into force, as an administrator would."""
        shutil.copy(SHIPPED / EXAMPLE, RULES)

    def forget_group(self) -> None:
        (RULES / EXAMPLE).unlink(missing_ok=True)


def in_session(user: str, *command: str) -> tuple[str, ...]:
    """A command that runs a program in a session of this user's at the machine itself, as logind would make it.

    polkit lets nobody be asked who is in none.
    """
    number = pwd.getpwnam(user).pw_uid
    group = Path(f"/sys/fs/cgroup/user.slice/user-{number}.slice/session-1.scope")
    group.mkdir(parents=True, exist_ok=True)
    Path("/run/systemd/sessions/1").write_text(
        f"UID={number}\nUSER={user}\nACTIVE=1\nSTATE=active\nREMOTE=0\nSEAT=seat0\nTYPE=tty\nCLASS=user\n"
    )
    enter = f'echo $$ > {group}/cgroup.procs && exec "$@"'
    return "sh", "-c", enter, "sh", "setpriv", f"--reuid={number}", "--regid=65534", "--clear-groups", *command


async def call_as(user: str, member: str, *arguments: str) -> Completed:
    """A method of the manager, called by somebody at no terminal, whom nobody can ask for a password."""
    return await run(
        *("setpriv", f"--reuid={user}", "--regid=65534", "--init-groups"),
        *("busctl", "--allow-interactive-authorization=no", "call"),
        *(SERVICE, MANAGER, f"{SERVICE}.Manager1", member, *arguments),
    )


async def becomes(user: str, member: str, *, allowed: bool, seconds: float = 20) -> None:
    """Waits until polkit has seen that its rules changed."""
    async with asyncio.timeout(seconds):
        while ((await call_as(user, member)).status == 0) is not allowed:
            await asyncio.sleep(0.2)


@asynccontextmanager
async def polkitd() -> AsyncIterator[Polkit]:
    """polkit on the bus while the block lasts; it was neither running nor startable before, and is not afterwards."""
    shutil.copy(SHIPPED / "org.pairingd.policy", ACTIONS)
    # What logind would make: polkit follows the sessions in there.
    for name in ("machines", "seats", "sessions", "users"):
        Path("/run/systemd", name).mkdir(parents=True, exist_ok=True)
    polkit = Polkit()
    process = await asyncio.create_subprocess_exec(DAEMON, "--no-debug", stdin=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(20):
            while (await run("busctl", "status", "org.freedesktop.PolicyKit1")).status != 0:
                assert process.returncode is None, f"polkitd ended with status {process.returncode}"
                await asyncio.sleep(0.05)
        yield polkit
    finally:
        polkit.forget_group()
        await end(process)
