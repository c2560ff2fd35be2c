"""However submissions are ordered and split into batches, the links and the resolved model come out the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_adapter.store.database import open_database
from tests.linked_people import (
    NUMBERS,
    WRONG_NUMBER,
    Person,
    Submission,
    everything,
    facts,
    link_everything,
    take_in,
)

MOTHERS, BABIES = NUMBERS[:2], NUMBERS[2:6]
DAYS = ("2026-03-02", "2026-03-03", "2026-07-19")
TIMES = (None, "2026-03-03T12:00:00+00:00", "2026-04-20T12:00:00+00:00")


def told(numbers: Sequence[str], key: str, births: Sequence[str]) -> st.SearchStrategy[Person]:
    """Somebody with a right number, a wrong one, a temporary one or none, and with slips in the rest."""
    return st.builds(
        Person,
        key=st.just(key),
        number=st.sampled_from([*numbers, *numbers, None, WRONG_NUMBER, "T:0000001"]),
        birth_date=st.sampled_from([births[0], births[0], *births, None]),
        sex=st.sampled_from(["2", "2", "1", None]),
        local_id=st.sampled_from(["H1", "H2", None, None]),
        postcode=st.sampled_from(["QX1 1AA", None]),
        family=st.sampled_from(["Brunul", "Brunull", None]),
    )


def births() -> st.SearchStrategy[dict[str, str | int | float | bool | None]]:
    """What a record says of a birth, of one of two twins or of another."""
    return st.builds(
        lambda order, weight, at: dict(facts(birth_order=order, birth_weight_g=weight, birth_datetime=at)),
        st.sampled_from([1, 2, None]),
        st.sampled_from([2460, 2465, 2100, None]),
        st.sampled_from(["2026-03-02T04:15:00+00:00", "2026-03-02T04:40:00+00:00", None]),
    )


@st.composite
def submissions(draw: st.DrawFn) -> list[Submission]:
    """Up to seven receipts of three sources about two women and four babies; some say again what was said before."""
    sent: list[Submission] = []
    for number in range(draw(st.integers(2, 7))):
        source = draw(st.sampled_from(["mat:RSA", "neo:RSA", "neo:RSB"]))
        key = draw(st.sampled_from(["1", "2", "3"]))
        woman = draw(st.none() | told(MOTHERS, f"m{key}", ("1990-05-01", "1990-05-11", "1985-08-23")))
        child = draw(told(BABIES, f"b{key}", DAYS))
        outcome = {"outcome": "01", "delivery_method": "0"} if source == "mat:RSA" else {}
        row = {**draw(births()), **outcome}
        sent.append(
            Submission(f"r-{number}", source, draw(st.sampled_from(TIMES)), woman, [(child, row)], draw(st.booleans()))
        )
    return sent


@st.composite
def arrivals(draw: st.DrawFn, sent: Sequence[Submission]) -> list[list[Submission]]:
    """The same receipts in some order, in one or more batches."""
    order = draw(st.permutations(sent))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1))))
    return [list(order[start:end]) for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]


def outcome_of(template: Path, batches: Sequence[Sequence[Submission]], *, at_once: bool) -> dict[str, object]:
    """All that the linkage and the resolution make of these batches, in a store of its own."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{shutil.copy(template, Path(folder) / 'perinatal.db')}")
        try:
            take_in(engine, *batches)
            if at_once:
                link_everything(engine)
            return dict(everything(engine))
        finally:
            engine.dispose()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_order_and_batches_change_neither_links_nor_the_resolved_model(
    sqlite_template: Path, data: st.DataObject
) -> None:
    sent = data.draw(submissions())
    arrived = data.draw(arrivals(sent))
    assert outcome_of(sqlite_template, arrived, at_once=False) == outcome_of(sqlite_template, [sent], at_once=True)
