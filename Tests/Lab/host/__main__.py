# SPDX-License-Identifier: Apache-2.0
"""The command line of the lab."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from host.machine import KERNEL_CRASHED, LAB, RELEASES, Machine, inside
from host.power import cut_power
from host.report import LabError, say

REPOSITORY = LAB.parent.parent

# Generous: a run takes about a third of it on two cores that have nothing else to do.
TEST_LIMIT = 20 * 60.0
FULL_TEST_LIMIT = 60 * 60.0
CAPTURES_LIMIT = 30 * 60.0
DEMO_LIMIT = 5 * 60.0
POWER_LIMIT = 15 * 60.0
PACKAGE_LIMIT = 30 * 60.0

# Without what Debian's own packages have put beside the standard library: only the lab's requirements count.
PYTHON = ["/usr/bin/python3", "-S"]


def main() -> int:
    arguments, rest = _parser().parse_known_args()
    if rest and arguments.verb not in ("test", "package", "shell"):
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    # As on Ctrl-C, so that drafts are removed and QEMU is ended.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        machine = Machine.prepare(arguments.debian, "systemd" if arguments.verb == "package" else "init")
        match arguments.verb:
            case "prepare":
                say(f"ready: Debian {arguments.debian} with Linux {machine.kernel.release}")
                return 0
            case "test":
                # No marker expression takes the place of the one in pytest.ini.
                longer = ["-m", ""] if arguments.full else []
                limit = FULL_TEST_LIMIT if arguments.full else TEST_LIMIT
                return _run(machine, arguments.binaries, ["-m", "pytest", *longer, *rest], limit)
            case "package":
                return _run_packages(machine, arguments.packages, rest)
            case "captures":
                _require_binaries(arguments.binaries)
                command = ["-m", "captures", "/run/lab/results", *arguments.name]
                return _run(machine, arguments.binaries, command, CAPTURES_LIMIT, arguments.directory)
            case "power":
                _require_binaries(arguments.binaries)
                environment = _environment(machine, inside(arguments.binaries.resolve()))
                return cut_power(machine, [*PYTHON, "-W", "error", "-m", "power"], environment, POWER_LIMIT)
            case "demo":
                _require_binaries(arguments.binaries)
                return _run(machine, arguments.binaries, ["-m", "demo", *rest], DEMO_LIMIT)
            case _:
                return _shell(machine, arguments.binaries, rest)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except subprocess.CalledProcessError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Real pairings on a machine without Bluetooth.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    prepare = verbs.add_parser("prepare", help="download and build what the lab needs; kept in ~/.cache/pairingd-lab")
    _add_debian(prepare)
    runs = {
        "test": "boot and run the tests; further arguments go to pytest",
        "captures": "boot, make captures of pairings that fail, and put them into a folder",
        "power": "cut the power while bonds are written, at many moments, and look at what is left",
        "demo": "boot and show three pairings",
        "shell": "boot and open a shell, or run the command given, with bluetoothd and some devices on the air",
    }
    package = verbs.add_parser(
        "package",
        help="boot with systemd as first process, install packages and test them; further arguments go to pytest",
        add_help=False,
    )
    _add_debian(package)
    package.add_argument("--packages", type=Path, required=True, metavar="DIR", help="folder with the .deb files")
    for verb, text in runs.items():
        run = verbs.add_parser(verb, help=text, add_help=verb != "test")
        _add_debian(run)
        run.add_argument(
            "--binaries",
            type=Path,
            default=REPOSITORY / ".build" / "release",
            metavar="DIR",
            help="folder with pairingd and pairingctl (default: .build/release)",
        )
        if verb == "captures":
            run.add_argument("directory", type=Path, metavar="DIRECTORY")
            run.add_argument("name", nargs="*", metavar="NAME", help="what to make (default: all)")
        if verb == "test":
            run.add_argument("--full", action="store_true", help="run the tests that take minutes as well")
    return parser


def _add_debian(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--debian",
        choices=RELEASES,
        default="12",
        help="release whose kernel and bluetoothd the virtual machine runs (default: 12)",
    )


def _run(
    machine: Machine, binaries: Path, arguments: list[str], limit: float, results: Path | None = None
) -> int:
    command = [*PYTHON, "-W", "error", *arguments]
    environment = _environment(machine, inside(binaries.resolve()))
    status = machine.run(command, environment=environment, limit=limit, results=results)
    if status == KERNEL_CRASHED:
        # Linux 6.1 may free a connection twice when a command to a controller that goes away is aborted
        # (hci_abort_conn_sync). No test can have passed or failed by that.
        say("NOTICE: Linux crashed in the guest; everything is run once more")
        status = machine.run(command, environment=environment, limit=limit, results=results)
    return status


def _run_packages(machine: Machine, folder: Path, arguments: list[str]) -> int:
    for name in ("pairingd", "pairingctl"):
        if len(list(folder.glob(f"{name}_*_amd64.deb"))) != 1:
            raise LabError(f"{folder} has to have one package {name}_*_amd64.deb; `make deb` builds it")
    environment = _environment(machine, Path("/usr/bin")) | {"PAIRINGD_PACKAGES": str(inside(folder.resolve()))}
    command = [*PYTHON, "-W", "error", "-m", "pytest", "-o", "testpaths=installed", *arguments]
    return machine.run(command, environment=environment, limit=PACKAGE_LIMIT)


def _shell(machine: Machine, binaries: Path, command: list[str]) -> int:
    interactive = not command
    wanted = command or ["bash", "-i"]
    return machine.run(
        [*PYTHON, "-m", "gateway", *wanted],
        environment=_environment(machine, inside(binaries.resolve())),
        limit=None if interactive else TEST_LIMIT,
        interactive=interactive,
    )


def _environment(machine: Machine, binaries: Path) -> dict[str, str]:
    """What programs in the guest find in their environment; `binaries` is where it sees pairingd."""
    return {
        "PYTHONPATH": f"{inside(LAB)}:{inside(machine.python_packages)}",
        "PYTHONUNBUFFERED": "1",
        # The guest's disk is memory: compiled files would only fill it.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PAIRINGD_BINARIES": str(binaries),
        "PATH": f"{binaries}:/usr/sbin:/usr/bin:/sbin:/bin",
    }


def _require_binaries(folder: Path) -> None:
    missing = [name for name in ("pairingd", "pairingctl") if not (folder / name).is_file()]
    if missing:
        raise LabError(f"{' and '.join(missing)} not in {folder}: `make` builds them, --binaries names another folder")


if __name__ == "__main__":
    sys.exit(main())
