# SPDX-License-Identifier: Apache-2.0
"""The commands of a document that somebody is to type, one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

COMMENT = re.compile(r"<!-- (not in the lab|in the lab): (.*) -->")
HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


@dataclass(frozen=True)
class Command:
    """What is typed, the line where it begins, and the situation that a comment before its block names."""

    line: int
    text: str
    situation: str | None


def commands(document: str) -> list[Command]:
    """What is behind `$ ` in its blocks of console, but for those whose comment says that they are not for the lab."""
    found: list[Command] = []
    comment: re.Match[str] | None = None
    lines = iter(enumerate(document.splitlines(), 1))
    for _, line in lines:
        if line == "```console":
            of_block = list(_commands(lines, comment[2] if comment else None))
            if not (comment and comment[1] == "not in the lab"):
                found += of_block
        elif line.startswith("```") and line != "```":
            # A file's contents, in which a line may look like anything.
            for _, line in lines:
                if line == "```":
                    break
        comment = COMMENT.fullmatch(line)
    return found


def _commands(lines: Iterator[tuple[int, str]], situation: str | None) -> Iterator[Command]:
    for number, line in lines:
        if line == "```":
            return
        if not line.startswith("$ "):
            continue  # What the command before it says.
        text = [line[2:]]
        end = HERE_DOCUMENT.search(line)
        while text[-1] != end[2] if end else text[-1].endswith("\\"):
            text.append(next(lines)[1])
        # Root runs it, and has no sudo.
        yield Command(number, re.sub(r"^sudo ", "", "\n".join(text)), situation)
