# SPDX-License-Identifier: Apache-2.0
"""docs/raspberry-pi.md, typed from its beginning to its end on a gateway that has nothing of pairingd yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from air import Air, Code, Peripheral, Reason, cuff, refuse
from gateway.bluez import BlueZ
from gateway.command import run
from installed import packages, service
from installed.document import Command, commands

DOCUMENT = Path(__file__).parents[3] / "docs" / "raspberry-pi.md"

STUB = """\
<!-- not in the lab: there is no ssh -->
```console
$ ssh gateway
```

```toml
$ in = "a file"
```

```console
$ sudo tee file > /dev/null <<'END'
$ a line of the file
END
$ one \\
  two
what it says
```

<!-- in the lab: the cuff refuses -->
```console
$ three
```
"""


def test_commands_are_what_is_typed_and_nothing_else() -> None:
    assert commands(STUB) == [
        Command(11, "tee file > /dev/null <<'END'\n$ a line of the file\nEND", None),
        Command(14, "one \\\n  two", None),
        Command(21, "three", "the cuff refuses"),
    ]


@pytest.fixture
async def folder(bluetoothd: BlueZ, tmp_path: Path) -> AsyncIterator[Path]:
    """Where somebody types, with the packages in it and none installed."""
    if await packages.version("pairingd"):
        await packages.apt("purge", *packages.NAMES)
    await bluetoothd.remove_all()
    for package in packages.files():
        (tmp_path / package.name).symlink_to(package)
    yield tmp_path


def expected_status(command: Command) -> int:
    """1 where a pairing is to fail."""
    return int(command.situation == "the cuff refuses" and command.text.startswith("pairingctl pair "))


def prepare(situation: str | None, device: Peripheral) -> None:
    """Bring about the situation that the document wants from here on."""
    match situation:
        case None:
            pass
        case "the cuff refuses":
            device.whenever(Code.PAIRING_REQUEST, refuse(Reason.PAIRING_NOT_SUPPORTED))
        case _:
            pytest.fail(f"the document wants a situation that is not known here: {situation}", pytrace=False)


async def test_what_the_document_says_works(air: Air, folder: Path) -> None:
    typed = commands(DOCUMENT.read_text())
    assert len(typed) > 10
    async with air.add(cuff()) as device:
        for command in typed:
            prepare(command.situation, device)
            done = await run("bash", "-c", f"cd {folder}\n{command.text}", timeout=180)
            told = f"{DOCUMENT.name}:{command.line}: $ {command.text}\n{done.output}{done.errors}"
            print(told)
            assert done.status == expected_status(command), f"exit status {done.status} of {told}"
        assert (await service.properties())["ActiveState"] == "active"
