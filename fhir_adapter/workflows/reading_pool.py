"""Lines of bundles read, checked and mapped in several processes; one process writes what they give, in order."""

from __future__ import annotations

import gc
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Protocol, Self, TypeVar

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.workflows.files import InputFile, Line, lines
from fhir_adapter.workflows.ingest import ReadingRules, ReadPayload, read_line

LINES_AT_ONCE = 100  # so few that a batch never waits for the garbage collector, which is off within it
BATCHES_AHEAD = 3  # of each process; what waits to be written stays flat however large the file is


class Part(Protocol):
    """A part of an input that is read by itself."""

    @property
    def content(self) -> bytes:
        """Its bytes, which are kept."""
        ...


PartT = TypeVar("PartT", bound=Part)


class ReadingPool:
    """Processes that read; to be used as a context. rules: makes the rules in each process, so it must be picklable."""

    def __init__(self, processes: int, rules: Callable[[], ReadingRules]) -> None:
        self._ahead = processes * BATCHES_AHEAD
        # Fresh processes: a copy of this one would share its open database.
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(processes, context, initializer=_prepare, initargs=(rules,))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, cause: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(cancel_futures=True)

    def read(self, file: InputFile, *, adapter_name: str | None, longest: int) -> Iterator[ReadPayload]:
        """Payloads of an NDJSON file in the order of its lines, the same as one process gives.

        Raises PayloadRefused, after all payloads before it, when the file breaks off.
        """
        return self.read_each(lines(file, longest=longest), partial(_line, name=file.name, adapter_name=adapter_name))

    def read_each(
        self, found: Iterator[PartT], read: Callable[[PartT, ReadingRules], ReadPayload]
    ) -> Iterator[ReadPayload]:
        """What `read` makes of each part, in their order; parts and `read` are sent to other processes.

        Raises PayloadRefused, after all payloads before it, when `found` raises it.
        """
        waiting: deque[tuple[Sequence[PartT], Future[list[ReadPayload]]]] = deque()
        broken: PayloadRefused | None = None
        while broken is None:
            batch: list[PartT] = []
            try:
                batch.extend(islice(found, LINES_AT_ONCE))
            except PayloadRefused as cause:
                broken = cause
            if not batch:
                break
            waiting.append((batch, self._executor.submit(_read_parts, batch, read)))
            if len(waiting) > self._ahead:
                yield from _taken(*waiting.popleft())
        while waiting:
            yield from _taken(*waiting.popleft())
        if broken is not None:
            raise broken


def _taken(batch: Sequence[PartT], future: Future[list[ReadPayload]]) -> Iterator[ReadPayload]:
    for part, read in zip(batch, future.result(), strict=True):
        yield replace(read, raw=part.content)


def _line(line: Line, rules: ReadingRules, *, name: str, adapter_name: str | None) -> ReadPayload:
    return read_line(line, rules, name, adapter_name)


class _Process:
    """What one of the processes reads by."""

    rules: ReadingRules


def _prepare(rules: Callable[[], ReadingRules]) -> None:
    _Process.rules = rules()
    gc.freeze()


def _read_parts(batch: Sequence[PartT], read: Callable[[PartT, ReadingRules], ReadPayload]) -> list[ReadPayload]:
    """The payloads without their bytes, which the asker has."""
    gc.disable()
    try:
        return [replace(read(each, _Process.rules), raw=b"") for each in batch]
    finally:
        gc.enable()
