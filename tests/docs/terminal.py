"""A terminal that plays the commands of a page in a folder of its own, on any free port and without the network."""

from __future__ import annotations

import argparse
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import httpx

from tests.docs.fenced import Step, files_of, is_shown, steps_of
from tests.docs.generate_commands import commands
from tests.docs.loopback import served
from tests.worlds import Perinatal

SERVICE = "http://127.0.0.1:8080"  # where pages say that the service is
PRETTY = "python -m json.tool --indent 2"
LAST_CODE = "echo $?"
PLAIN = frozenset(("ls", "cat", "head", "cp", "python"))
NOT_PLAYED: Mapping[str, str] = {
    "make": "a target of the Makefile, which exists; the tests themselves are run by one",
    "docker": "needs a container engine; the services named are those of the file",
    ".": "changes the shell alone",
    "pg_dump": "needs a program that is not ours",
    "pip": "needs the network",
}


class StepUnplayableError(Exception):
    """A command in a page that no test can play: add it to the terminal, or write it otherwise."""


@dataclass(frozen=True, slots=True)
class Played:
    """A step and what came of it. code: exit code, or None when it was not played."""

    step: Step
    printed: str
    code: int | None


@dataclass(slots=True)
class Terminal:
    """A shell over one folder. names: what stands in pages, and what stands here instead."""

    perinatal: Perinatal
    names: dict[str, str] = field(default_factory=dict)
    open_things: ExitStack = field(default_factory=ExitStack)
    last_code: int = 0

    def play(self, step: Step) -> Played:
        """Run one step; raises StepUnplayableError for a command that is not known here."""
        words = shlex.split(self._here(step.command))
        if words[0] in NOT_PLAYED:
            return Played(step, "", None)
        printed = self._run(self._here(step.command), words)
        return Played(step, self._as_in_pages(printed), self.last_code)

    def _run(self, command: str, words: list[str]) -> str:
        if command == LAST_CODE:
            code, self.last_code = self.last_code, 0
            return f"{code}\n"
        self.last_code = 0
        if words[0] == "export":
            return self._export(words[1:])
        if words[0] == "perinatal":
            return self._perinatal(words[1:])
        if words[0] == "curl":
            return _curl(command, self.perinatal.folder)
        if words[0] in PLAIN:
            return self._plain(words)
        raise StepUnplayableError(command)

    def _export(self, assignments: list[str]) -> str:
        for each in assignments:
            name, _, value = each.partition("=")
            self.perinatal.settings[name.removeprefix("PERINATAL_").lower()] = value
        return ""

    def _perinatal(self, words: list[str]) -> str:
        if words[0] in ("serve", "worker"):
            command = commands()[f"perinatal {words[0]}"]
            command.make_context("perinatal", words[1:])  # raises for an option that there is none
            return self._serve() if words[0] == "serve" else ""
        words, file = (words[:-2], words[-1]) if ">" in words else (words, None)
        words, given = (words[:-2], words[-1]) if "<" in words else (words, None)
        stdin = io.StringIO("" if given is None else (self.perinatal.folder / given).read_text("utf-8"))
        with mock.patch.object(sys, "stdin", stdin):
            ran = self.perinatal(*words)
        self.last_code = ran.code
        if file is None:
            return ran.err + ran.out
        (self.perinatal.folder / file).write_text(ran.out, "utf-8")
        return ran.err

    def _serve(self) -> str:
        base = self.open_things.enter_context(served(self.perinatal))
        self.names[SERVICE] = base
        for file in self.perinatal.folder.glob("*.py"):
            file.write_text(self._here(file.read_text("utf-8")), "utf-8")
        is_synthetic = self.perinatal.settings.get("synthetic") == "1"
        return "Synthetic people only: do not use for care.\n" if is_synthetic else ""

    def _plain(self, words: list[str]) -> str:
        program = sys.executable if words[0] == "python" else words[0]
        ran = subprocess.run(
            [program, *words[1:]],
            cwd=self.perinatal.folder,
            env=self.perinatal.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        self.last_code = ran.returncode
        return ran.stderr + ran.stdout

    def _here(self, text: str) -> str:
        for there, here in self.names.items():
            text = text.replace(there, here)
        return text

    def _as_in_pages(self, text: str) -> str:
        for there, here in self.names.items():
            text = text.replace(here, there)
        return text


@contextmanager
def terminal_at(folder: Path, names: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    """A terminal over a folder; what it serves ends with the block."""
    terminal = Terminal(Perinatal(folder, {}), dict(names or {}))
    with terminal.open_things:
        yield terminal


def play_page(page: Path, terminal: Terminal) -> list[Played]:
    """Write the files that a page shows, then run its commands in order."""
    for name, text in files_of(page).items():
        (terminal.perinatal.folder / name).write_text(text, "utf-8")
    return [terminal.play(step) for step in steps_of(page)]


def differences(played: list[Played]) -> list[str]:
    """What a page shows otherwise than it is, by line; a failed command must be followed by `echo $?`."""
    found: list[str] = []
    for each, following in zip(played, [*played[1:], None], strict=True):
        told = following is not None and following.step.command == LAST_CODE
        if each.code not in (0, None) and not told:
            found.append(f"line {each.step.line}: `{each.step.command}` ended with {each.code}: {each.printed}")
        elif each.code is not None and not is_shown(each.step.shown, each.printed):
            found.append(f"line {each.step.line}: `{each.step.command}` printed:\n{each.printed}")
    return found


def _curl(command: str, folder: Path) -> str:
    request, _, filter_ = command.partition(" | ")
    asked = _curl_parser().parse_args(shlex.split(request)[1:])
    content = None if asked.data is None else (folder / asked.data.removeprefix("@")).read_bytes()
    headers = dict(each.split(": ", 1) for each in asked.header)
    method = asked.request or ("GET" if content is None else "POST")
    answer = httpx.request(method, asked.url, content=content, headers=headers, timeout=60, trust_env=False)
    written = asked.write_out.replace("%{http_code}", str(answer.status_code)).replace("\\n", "\n")
    if not filter_:
        return answer.text + (written or "\n")
    if filter_ != PRETTY:
        raise StepUnplayableError(command)
    return json.dumps(answer.json(), indent=2) + "\n"


def _curl_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("curl", exit_on_error=False)
    parser.add_argument("url")
    parser.add_argument("-s", "--silent", action="store_true")
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("--data-binary", dest="data")
    parser.add_argument("-w", "--write-out", default="")
    return parser
