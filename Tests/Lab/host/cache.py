# SPDX-License-Identifier: Apache-2.0
"""Folders that are made once and kept.

A folder's name carries everything that decides its contents, so a change makes a new one. It gets its name
only when it is complete: a half-made one, after Ctrl-C or a full disk, is never used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from host.report import LabError


def cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "pairingd-lab"


def digest(*parts: str | bytes) -> str:
    """A short name for whatever the parts say."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "big") + data)
    return state.hexdigest()[:12]


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name`, filled by `make` if it is not there yet."""
    finished = cache_directory() / name
    if finished.is_dir():
        return finished
    try:
        finished.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=finished.parent))
    except OSError as error:
        raise LabError(f"cannot write to the cache folder {finished.parent}: {error.strerror}") from error
    try:
        # mkdtemp's 0700 would hide the folder from the guest where QEMU does not run as root.
        draft.chmod(0o755)
        make(draft)
        try:
            draft.rename(finished)
        except OSError:
            # Another lab was faster and its folder is as good as ours.
            if not finished.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return finished
