# SPDX-License-Identifier: Apache-2.0
"""What a process takes of the machine and of the bus, at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.client import BUS, Client

STATISTICS = f"{BUS}.Debug.Stats"

# Debian's own configuration of the system bus has the same.
CONFIGURATION = Path("/etc/dbus-1/system.d/lab-statistics.conf")
ALLOW_STATISTICS = f"""<busconfig>
  <policy user="root"><allow send_destination="{BUS}" send_interface="{STATISTICS}"/></policy>
</busconfig>
"""


@dataclass(frozen=True)
class Footprint:
    """Sizes are in kilobytes."""

    resident: int
    anonymous: int
    threads: int
    descriptors: int
    connections: int
    names: int
    match_rules: int

    @classmethod
    async def of(cls, pid: int, client: Client) -> Footprint:
        """The client asks the bus; nobody may come to it or go from it meanwhile."""
        process = Path(f"/proc/{pid}")
        sizes = _numbers(process / "smaps_rollup")
        (names,) = await client.ask_bus(BUS, "ListNames")
        statistics = []
        for name in names:
            if name.startswith(":") and await client.ask_bus(BUS, "GetConnectionUnixProcessID", "s", name) == [pid]:
                (values,) = await client.ask_bus(STATISTICS, "GetConnectionStats", "s", name)
                statistics.append({key: variant.value for key, variant in values.items()})
        return cls(
            resident=sizes["Rss"],
            anonymous=sizes["Anonymous"],
            threads=_numbers(process / "status")["Threads"],
            descriptors=len(list((process / "fd").iterdir())),
            connections=len(statistics),
            names=sum(each["BusNames"] for each in statistics),
            match_rules=sum(each["MatchRules"] for each in statistics),
        )


async def allow_statistics(client: Client) -> None:
    """Without this, the bus keeps the number of match rules to itself."""
    CONFIGURATION.write_text(ALLOW_STATISTICS)
    await client.ask_bus(BUS, "ReloadConfig")


def _numbers(file: Path) -> dict[str, int]:
    """What stands in lines of the form "Name: number"."""
    lines = (line.split() for line in file.read_text().splitlines())
    return {name[:-1]: int(rest[0]) for name, *rest in lines if name.endswith(":") and rest and rest[0].isdecimal()}
