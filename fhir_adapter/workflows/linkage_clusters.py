"""From cores, pairs and decisions to people. A pure function: the order of what goes in does not matter.

A core without NHS number joins the one numbered person that a pass points to; with several it joins none, unless one
outweighs the others. Cores without numbers join each other only where all of them point at all of them. So a person
never holds two accepted NHS numbers unless somebody decided it, and no chain of pairs joins what no pair does.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fhir_adapter.workflows.linkage_cores import NUMBERED
from fhir_adapter.workflows.linkage_pairs import APART, ATTRIBUTES, KIN, LINK, PROBABILISTIC

PASSES = (KIN, ATTRIBUTES, PROBABILISTIC)
DECIDED = "decision"
OPEN, JOINED, REJECTED, SETTLED, SET_APART = "open", "joined", "rejected", "settled", "apart"


@dataclass(frozen=True, slots=True)
class Edge:
    """A judged pair between two cores. pair: its entries."""

    pair: tuple[str, str]
    left: str
    right: str
    pass_name: str
    verdict: str
    weight: float | None
    model_version: str | None

    @property
    def cores(self) -> frozenset[str]:
        """Both cores."""
        return frozenset((self.left, self.right))


@dataclass(frozen=True, slots=True)
class Membership:
    """The person that a core belongs to, and what put it there."""

    person_key: str
    pass_name: str
    weight: float | None
    model_version: str | None


@dataclass(frozen=True, slots=True)
class People:
    """members: every core that another core gave its key to. statuses: of each pair."""

    members: Mapping[str, Membership]
    statuses: Mapping[tuple[str, str], str]


@dataclass(slots=True)
class _Clusters:
    """Cores put together so far. cause: the edge that brought a core in, None for a decision."""

    of_core: dict[str, str]
    members: dict[str, set[str]]
    cause: dict[str, Edge | None] = field(default_factory=dict)

    def join(self, one: str, other: str, edge: Edge | None) -> None:
        """Put the clusters of two cores together; the one that gets the key of the other remembers why."""
        kept, gone = sorted((self.of_core[one], self.of_core[other]), key=_key_order)
        if kept == gone:
            return
        for core in self.members.pop(gone):
            self.of_core[core] = kept
            self.members[kept].add(core)
            self.cause.setdefault(core, edge)

    def is_numbered(self, cluster: str) -> bool:
        """Whether an accepted NHS number is in the cluster; its key then is one."""
        return cluster.startswith(NUMBERED)


def people_of(
    cores: Iterable[str],
    edges: Iterable[Edge],
    *,
    together: Iterable[tuple[str, str]] = (),
    apart: Iterable[tuple[str, str]] = (),
    margin: float = 0.99,
) -> People:
    """The people that cores come to. together, apart: what people decided. margin: share of the odds that tells one
    of several candidates.
    """
    known = sorted(edges, key=lambda each: each.pair)
    decided = sorted(tuple(sorted(each)) for each in together)
    everything = {
        *cores,
        *(core for each in known for core in each.cores),
        *(core for each in decided for core in each),
    }
    clusters = _Clusters({core: core for core in everything}, {core: {core} for core in everything})
    for one, other in decided:
        clusters.join(one, other, None)
    rejected = {frozenset(each) for each in apart}
    forbidden = rejected | {each.cores for each in known if each.verdict == APART}
    least = math.log2(margin / (1 - margin))
    for pass_name in PASSES:
        asserted = [each for each in known if each.pass_name == pass_name and each.verdict == LINK]
        _join_numbered(clusters, asserted, forbidden, None if pass_name == ATTRIBUTES else least)
        _join_nameless(clusters, asserted, forbidden)
    statuses = {each.pair: _status(clusters, each, rejected) for each in known}
    return People({core: _membership(clusters, core) for core in clusters.cause}, statuses)


def _join_numbered(
    clusters: _Clusters, edges: Sequence[Edge], forbidden: set[frozenset[str]], least: float | None
) -> None:
    """Let every nameless cluster join its one numbered candidate; again, as long as one does."""
    while True:
        proposals: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in _numbered_candidates(clusters, edges, forbidden, least).values():
            proposals[_numbered_side(clusters, edge)].append(edge)
        joined = [edge for each in proposals.values() for edge in _compatible(clusters, each, forbidden)]
        if not joined:
            return
        for edge in joined:
            clusters.join(edge.left, edge.right, edge)


def _numbered_candidates(
    clusters: _Clusters, edges: Sequence[Edge], forbidden: set[frozenset[str]], least: float | None
) -> dict[str, Edge]:
    """For each nameless cluster the heaviest edge to its one numbered candidate; those with several are left out."""
    candidates: defaultdict[str, dict[str, Edge]] = defaultdict(dict)
    for edge in edges:
        left, right = clusters.of_core[edge.left], clusters.of_core[edge.right]
        if clusters.is_numbered(left) == clusters.is_numbered(right) or _is_forbidden(clusters, left, right, forbidden):
            continue
        nameless, numbered = (right, left) if clusters.is_numbered(left) else (left, right)
        best = candidates[nameless].get(numbered)
        if best is None or _weight(edge) > _weight(best):
            candidates[nameless][numbered] = edge
    chosen: dict[str, Edge] = {}
    for nameless, by_target in candidates.items():
        best, *others = sorted(by_target.values(), key=_weight, reverse=True)
        if not others or (least is not None and _weight(best) - _weight(others[0]) >= least):
            chosen[nameless] = best
    return chosen


def _compatible(clusters: _Clusters, edges: Sequence[Edge], forbidden: set[frozenset[str]]) -> list[Edge]:
    """Of clusters that would join one person at once, those that do not contradict each other."""
    coming = {edge.pair: _nameless_side(clusters, edge) for edge in edges}
    return [
        edge
        for edge in edges
        if not any(
            _is_forbidden(clusters, coming[edge.pair], other, forbidden)
            for pair, other in coming.items()
            if pair != edge.pair
        )
    ]


def _join_nameless(clusters: _Clusters, edges: Sequence[Edge], forbidden: set[frozenset[str]]) -> None:
    """Put together nameless clusters that all point at each other and at nobody else."""
    near: defaultdict[str, set[str]] = defaultdict(set)
    between: list[tuple[str, str, Edge]] = []
    for edge in edges:
        left, right = clusters.of_core[edge.left], clusters.of_core[edge.right]
        if left != right and not _is_forbidden(clusters, left, right, forbidden):
            near[left] |= {left, right}
            near[right] |= {left, right}
            between.append((left, right, edge))
    for left, right, edge in between:
        if near[left] == near[right] and not any(clusters.is_numbered(each) for each in near[left]):
            clusters.join(edge.left, edge.right, edge)


def _is_forbidden(clusters: _Clusters, one: str, other: str, forbidden: set[frozenset[str]]) -> bool:
    if one == other or not forbidden:
        return False
    return any(
        frozenset((mine, theirs)) in forbidden for mine in clusters.members[one] for theirs in clusters.members[other]
    )


def _status(clusters: _Clusters, edge: Edge, rejected: set[frozenset[str]]) -> str:
    left, right = clusters.of_core[edge.left], clusters.of_core[edge.right]
    if edge.cores in rejected:
        return REJECTED
    if edge.verdict == APART:
        return SET_APART
    if left == right:
        return JOINED
    both_numbered = clusters.is_numbered(left) and clusters.is_numbered(right)
    return SETTLED if both_numbered and edge.pass_name in PASSES else OPEN


def _membership(clusters: _Clusters, core: str) -> Membership:
    edge = clusters.cause[core]
    if edge is None:
        return Membership(clusters.of_core[core], DECIDED, None, None)
    return Membership(clusters.of_core[core], edge.pass_name, edge.weight, edge.model_version)


def _key_order(key: str) -> tuple[bool, str]:
    """A numbered key stands before one without number, then the smaller."""
    return (not key.startswith(NUMBERED), key)


def _weight(edge: Edge) -> float:
    return -math.inf if edge.weight is None else edge.weight


def _numbered_side(clusters: _Clusters, edge: Edge) -> str:
    left, right = clusters.of_core[edge.left], clusters.of_core[edge.right]
    return left if clusters.is_numbered(left) else right


def _nameless_side(clusters: _Clusters, edge: Edge) -> str:
    left, right = clusters.of_core[edge.left], clusters.of_core[edge.right]
    return right if clusters.is_numbered(left) else left
