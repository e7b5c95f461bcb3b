# SPDX-License-Identifier: Apache-2.0
"""The Python environment in which the guest runs the air and the tests."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

from host.cache import cached, digest
from host.report import LabError, say

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"


def make_environment() -> Path:
    """The environment's interpreter. It is made with Debian's Python, which the guest has at the same place."""
    name = f"python-{platform.python_version()}-{digest(REQUIREMENTS.read_bytes())}"

    def make(folder: Path) -> None:
        say("making the Python environment (bumble, pytest)")
        # Not a package of ours, and `python -m` never runs the scripts in bin/: so the folder may be renamed.
        _run(["/usr/bin/python3", "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python3"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "install", "--requirement", str(REQUIREMENTS)])

    return cached(name, make) / "bin" / "python3"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
