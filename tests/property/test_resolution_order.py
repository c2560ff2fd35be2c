"""Whatever sources say of a birth, the order and the batches in which it comes change nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from fhir_adapter.store.database import open_database, writing
from fhir_adapter.store.resolved import resolve_all
from fhir_adapter.store.schema import FIELD_VALUE, RESOLVED
from fhir_adapter.store.settlements import Settlement, save_settlement
from fhir_adapter.store.source_rows import Cell
from tests.integration.store_rows import Sent, birth, save

MOMENTS = (None, "2026-03-02", "2026-03-02T12:00:00+00:00", "2026-03-05T12:00:00+00:00")
CELLS: Mapping[str, Sequence[Cell]] = {
    "gestation_days": (None, 36, 250, 257),
    "birth_weight_g": (None, 2460, 2470, 26400),
    "outcome": ("01", "02"),
    "feeding_at_discharge": (None, "01", "03"),
}
SENT = some.builds(
    lambda number, system, moment, cells, tears: birth(
        receipt=f"r-{number}-{system}-{moment}-{cells}-{tears}",
        source=f"{system}:{number}",
        system=system,
        recorded_at=moment,
        baby=cells,
        delivery={"perineal_trauma": tears},
    ),
    some.integers(1, 2),
    some.sampled_from(["maternity", "neonatal"]),
    some.sampled_from(MOMENTS),
    some.fixed_dictionaries({name: some.sampled_from(cells) for name, cells in CELLS.items()}),
    some.sampled_from([None, "|6234006|", "|15413009|"]),
)
SETTLED = Settlement(
    id="s",
    table_name="baby",
    column_name="birth_weight_g",
    entity="baby",
    source="maternity:1",
    source_key="b",
    record_key="person-b",
    rest_of_key="",
    value="2500",
    taken_from=None,
    author="A",
    reason="b",
    settled_at="2026-03-10T12:00:00Z",
)


def model_after(
    template: Path, batches: Sequence[Sequence[Sent]], *, is_settled: bool
) -> dict[str, list[tuple[object, ...]]]:
    """The resolved model, choices and candidates once these batches came, each resolved by itself."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_database(f"sqlite:///{shutil.copy(template, Path(folder) / 'perinatal.db')}")
        if is_settled:
            with writing(store) as connection:
                save_settlement(connection, SETTLED)
        for batch in batches:
            take_in(store, batch)
        kept = [*RESOLVED.values(), FIELD_VALUE]
        with store.connect() as connection:
            found = {each.name: sorted(map(tuple, connection.execute(sa.select(each))), key=repr) for each in kept}
        store.dispose()
        return found


def take_in(store: sa.Engine, batch: Sequence[Sent]) -> None:
    with writing(store) as connection:
        for each in batch:
            save(connection, each)
        resolve_all(connection, touched=[each.receipt for each in batch])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(SENT, min_size=2, max_size=5), some.randoms(use_true_random=False), some.booleans())
def test_order_and_batches_change_nothing(
    sqlite_template: Path, sent: list[Sent], chance: Random, is_settled: bool
) -> None:
    shuffled = sorted(sent, key=lambda _: chance.random())
    one_by_one = model_after(sqlite_template, [[each] for each in shuffled], is_settled=is_settled)
    assert model_after(sqlite_template, [sent], is_settled=is_settled) == one_by_one
