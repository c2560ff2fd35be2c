"""People out of entries: numbers first, then pairs, then what people decided; of the touched entries or of all.

The passes are those of docs/methods/linkage.md. Everything but the history is a pure function of the entries, the
source rows and the decisions in force: order of arrival and batches do not matter, which a property test holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from fhir_adapter.store.link_cores import (
    BY_LOCAL_ID,
    REFUSED,
    doubtful_numbers,
    move_to_cores,
    note_kin,
    shared_local_ids,
    start_cores,
    touch_all_who_share,
    touch_kin,
    touch_people_of,
)
from fhir_adapter.store.link_pairs import (
    JudgedPair,
    entries_of_same_core,
    features_of,
    found_pairs,
    replace_pairs,
    siblings_of_touched,
)
from fhir_adapter.store.link_people import (
    ClusterRow,
    Decided,
    KeptPair,
    all_pairs,
    cores_beside_touched,
    decisions_in_force,
    forget_touched_entries,
    pairs_of_cores,
    save_clusters,
    save_links,
    save_statuses,
    touch_entries_of,
    touched_cores,
)
from fhir_adapter.workflows.linkage_clusters import Edge, People, people_of
from fhir_adapter.workflows.linkage_cores import Refused, refused_numbers, settle_local_ids
from fhir_adapter.workflows.linkage_model import LinkageModel, shipped_model
from fhir_adapter.workflows.linkage_pairs import REVIEW, SWAPPED, judge_pairs, swapped_twins


@dataclass(frozen=True, slots=True)
class Change:
    """When links are worked out again, and why; both go to the history of what changes."""

    at: str
    why: str


def link_people(connection: Connection, *, receipts: Sequence[str] | None, change: Change) -> None:
    """Link everybody again whom these receipts or a noted change touch; all when `receipts` is None."""
    only_touched = receipts is not None
    before: set[str] = set()
    if receipts is not None:
        touch_people_of(connection, receipts)
        note_kin(connection, only_touched=True)
        touch_all_who_share(connection)
        touch_kin(connection)
        touch_all_who_share(connection)
        before = touched_cores(connection) | cores_beside_touched(connection)
    else:
        note_kin(connection, only_touched=False)
    model = shipped_model()
    doubted = _make_cores(connection, only_touched=only_touched)
    doubted += _take_swapped_twins_out(connection, only_touched=only_touched)
    pairs = _judged(connection, model, only_touched=only_touched)
    replace_pairs(connection, _without_repeats([*doubted, *pairs]), only_touched=only_touched)
    _join(connection, before, model, only_touched=only_touched)
    save_links(connection, only_touched=only_touched, changed_at=change.at, why=change.why)
    forget_touched_entries(connection)


def _make_cores(connection: Connection, *, only_touched: bool) -> list[JudgedPair]:
    """Passes 1 and 3: cores by number; gives the pairs that share a number and cannot be one person."""
    start_cores(connection, only_touched=only_touched)
    refused = list(refused_numbers(doubtful_numbers(connection, only_touched=only_touched)))
    move_to_cores(connection, [(each.entry_key, each.entry_key) for each in refused], REFUSED)
    shared = settle_local_ids(shared_local_ids(connection, only_touched=only_touched))
    move_to_cores(connection, shared.moved, BY_LOCAL_ID)
    return [_doubted(each, "nhs-number") for each in refused] + [
        _doubted(each, BY_LOCAL_ID) for each in shared.ambiguous
    ]


def _doubted(refused: Refused, pass_name: str) -> JudgedPair:
    left, right = sorted((refused.entry_key, refused.against))
    return JudgedPair(left, right, pass_name, REVIEW, refused.reason)


def _take_swapped_twins_out(connection: Connection, *, only_touched: bool) -> list[JudgedPair]:
    """Entries that bear the number of one twin and the facts of the other, each with the twin whose facts they are.

    An entry that the record of the birth contradicts stands alone until somebody decides; others are only listed.
    """
    siblings = siblings_of_touched(connection, only_touched=only_touched)
    twins = {entry for pair in siblings for entry in pair}
    mates = entries_of_same_core(connection, twins)
    features = features_of(connection, twins | {mate for each in mates.values() for mate in each})
    swapped = list(swapped_twins(siblings, mates, features))
    alone = sorted({each.entry_key for each in swapped if each.is_outspoken})
    move_to_cores(connection, [(entry, entry) for entry in alone], REFUSED)
    return [_doubted(Refused(each.entry_key, each.twin, "facts-of-the-other-twin"), SWAPPED) for each in swapped]


def _judged(connection: Connection, model: LinkageModel, *, only_touched: bool) -> list[JudgedPair]:
    """Passes 2, 4 and 5."""
    found = found_pairs(connection, only_touched=only_touched)
    features = features_of(connection, {entry for each in found for entry in (each.left, each.right)})
    return judge_pairs(found, features, model)


def _without_repeats(pairs: Sequence[JudgedPair]) -> list[JudgedPair]:
    """Each pair once: what doubts a number stands before what a later pass says."""
    first: dict[tuple[str, str], JudgedPair] = {}
    for each in pairs:
        first.setdefault((each.left, each.right), each)
    return list(first.values())


def _join(connection: Connection, before: set[str], model: LinkageModel, *, only_touched: bool) -> None:
    """Put cores together into people: those that pairs and decisions connect with the touched ones, or all."""
    decided = decisions_in_force(connection)
    if only_touched:
        cores, pairs = _surroundings(connection, before | touched_cores(connection), decided)
    else:
        pairs = all_pairs(connection)
        cores = {core for each in pairs for core in (each.left_core, each.right_core)}
        cores |= {core for each in decided for core in (each.left_core, each.right_core)}
    people = _people(cores, pairs, decided, model)
    rows = [
        ClusterRow(core, each.person_key, each.pass_name, each.weight, each.model_version)
        for core, each in sorted(people.members.items())
    ]
    save_clusters(connection, rows, of_cores=sorted(cores) if only_touched else None)
    old = {(each.left, each.right): each.status for each in pairs}
    save_statuses(connection, {pair: now for pair, now in people.statuses.items() if old[pair] != now})
    if only_touched:
        touch_entries_of(connection, sorted(cores))


def _surroundings(
    connection: Connection, cores: set[str], decided: Sequence[Decided]
) -> tuple[set[str], list[KeptPair]]:
    """Every core that a chain of pairs or decisions connects with these, and the pairs among them."""
    beside: defaultdict[str, set[str]] = defaultdict(set)
    for each in decided:
        beside[each.left_core].add(each.right_core)
        beside[each.right_core].add(each.left_core)
    reached: set[str] = set()
    pairs: dict[tuple[str, str], KeptPair] = {}
    frontier = set(cores)
    while frontier:
        reached |= frontier
        found = pairs_of_cores(connection, sorted(frontier))
        pairs |= {(each.left, each.right): each for each in found}
        ends = {core for each in found for core in (each.left_core, each.right_core)}
        frontier = (ends | {core for each in frontier for core in beside[each]}) - reached
    return reached, [pairs[key] for key in sorted(pairs)]


def _people(cores: set[str], pairs: Sequence[KeptPair], decided: Sequence[Decided], model: LinkageModel) -> People:
    near: Mapping[str, list[tuple[str, str]]] = defaultdict(list)
    for each in decided:
        if each.left_core in cores or each.right_core in cores:
            near["apart" if each.kind == "reject" else "together"].append((each.left_core, each.right_core))
    edges = [
        Edge(
            (each.left, each.right),
            each.left_core,
            each.right_core,
            each.pass_name,
            each.verdict,
            each.weight,
            each.model_version,
        )
        for each in pairs
    ]
    return people_of(cores, edges, together=near["together"], apart=near["apart"], margin=model.auto_merge_at)
