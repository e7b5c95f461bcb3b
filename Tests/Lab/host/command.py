# SPDX-License-Identifier: Apache-2.0
"""Running a program that either does its work or ends the lab."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from host.report import LabError


def output_of(command: Sequence[str], folder: Path | None = None) -> str:
    """What the program says on its standard output. If it fails, what it said on the other one is the error."""
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"`{shlex.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout
