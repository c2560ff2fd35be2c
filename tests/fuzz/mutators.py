"""Changes at random to what people send: JSON trees, bytes, cells. The same seed always makes the same change."""

from __future__ import annotations

import copy
import csv
import io
import os
from random import Random
from typing import Any

CANARY = "Zqxjkvb"  # in no text of ours
INPUTS = int(os.environ.get("PERINATAL_FUZZ_INPUTS", "3000"))  # of one run of all fuzz tests together
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**70,
    1e308,
    "",
    " ",
    CANARY,
    CANARY * 1_000,
    f"2026-02-30{CANARY}",
    "2026-02-30",
    "0000-00-00T25:61:61+99:99",
    "\ufeff\u202e\u00a0",
    [],
    {},
    [CANARY],
    [None],
    {CANARY: CANARY},
    {"coding": {"code": CANARY}},
    {"reference": f"urn:uuid:{CANARY}"},
    [[[[CANARY]]]],
)
ODD_BYTES = (
    b"",
    b"\x00",
    b"\xff",
    b'"',
    b"{",
    b"}",
    b"[",
    b",",
    b"\\u0000",
    b"\\ud800",
    b"NaN",
    b"\n",
    CANARY.encode(),
)
ODD_CELLS = (
    "",
    " ",
    CANARY,
    "9" * 400,
    "-1",
    "1e9",
    "2026-02-30",
    "NaN",
    "\u00a0",
    'a"b',
    "a\nb",
    "a,b",
    "=1+1",
    "\ufeff",
)


def share(part: float) -> int:
    """How many inputs one test has of all."""
    return max(1, round(INPUTS * part))


def mutated_tree(tree: Any, seed: int) -> Any:
    """The tree with one to four of its places changed."""
    chance = Random(seed)
    changed = copy.deepcopy(tree)
    for _ in range(chance.randint(1, 4)):
        _change_one(changed, chance)
    return changed


def mutated_bytes(raw: bytes, seed: int) -> bytes:
    """The bytes with one to four pieces cut out, put in or moved."""
    chance = Random(seed)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(raw) + 1)
        end = min(len(raw), start + chance.choice((0, 1, 1, 4, 40, 4_000)))
        put_in = chance.choice((*ODD_BYTES, raw[start:end] * 2))
        raw = raw[:start] + put_in + raw[end:]
    return raw


def with_a_key_twice(raw: bytes, seed: int) -> bytes:
    """The bytes with one object that holds a key twice; the second may be written by number, and marks in its text."""
    chance = Random(seed)
    places = [at for at in range(len(raw) - 1) if raw[at : at + 2] == b'{"']
    at = chance.choice(places)
    key = raw[at + 2 : raw.index(b'"', at + 2)]
    again = chance.choice((key, b"\\u%04x" % key[0] + key[1:]))
    value = chance.choice((b"1", b'"\\u0022"', b'"\\""', b'"\\\\u0022"', b"{}", b"null"))
    return raw[: at + 1] + b'"' + again + b'":' + value + b"," + raw[at + 1 :]


def mutated_line(cells: list[str], seed: int) -> str:
    """A line of CSV with one to four cells changed, or more or fewer of them."""
    chance = Random(seed)
    changed = list(cells)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] = chance.choice(ODD_CELLS)
    width = chance.choice((0, 0, 0, 0, 1, -1))
    changed = [*changed, CANARY] if width > 0 else changed[: len(changed) + width]
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(changed)
    return line.getvalue()


def _change_one(tree: Any, chance: Random) -> None:
    node = tree
    while True:
        keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = chance.choice(keys)
        child = node[key]
        if not isinstance(child, (dict, list)) or not child or chance.random() < 0.25:
            break
        node = child
    match chance.randrange(4):
        case 0:
            del node[key]
        case 1:
            node[key] = [node[key], copy.deepcopy(node[key])]
        case 2 if isinstance(node, dict):
            node[chance.choice((CANARY, "extension", "id", "resourceType", "_value"))] = chance.choice(ODD_VALUES)
        case _:
            node[key] = copy.deepcopy(chance.choice(ODD_VALUES))
