"""What is to be said of a pair of entries: one person, two people, or a question for somebody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fhir_adapter.store.link_pairs import BY_CHILD, BY_MOTHER, EntryFeatures, FoundPair, JudgedPair
from fhir_adapter.workflows.linkage_cores import LEAST_PARTS, NUMBERED
from fhir_adapter.workflows.linkage_model import LinkageModel, Score, score_pairs

KIN, ATTRIBUTES, PROBABILISTIC, SWAPPED = "kin", "birth-attributes", "probabilistic", "swapped-twins"
LINK, REVIEW, APART = "link", "review", "apart"
SAME_WEIGHT_G = 10  # domain.md D.1, pass 4
OTHER_WEIGHT_G = 100  # domain.md D.2: from here on a difference of weights is an error and no rounding
DAYS_A_WEEK = 7
Pair = tuple[EntryFeatures, EntryFeatures]


@dataclass(frozen=True, slots=True)
class SwappedTwin:
    """An entry that bears the facts of a twin of another number.

    is_outspoken: the record of the birth, which the entry is not, contradicts it; so the number of the entry is wrong.
    """

    entry_key: str
    twin: str
    is_outspoken: bool


def judge_pairs(
    found: Sequence[FoundPair], features: Mapping[str, EntryFeatures], model: LinkageModel
) -> list[JudgedPair]:
    """The verdict of the first pass that has one, for each pair; pairs of which no pass says anything are left out.

    Every pair is scored, so that one of several candidates can be told by its weight.
    """
    alike = [each for each in found if contradiction_of(features[each.left], features[each.right]) is None]
    scores = _scores(alike, features, model)
    judged = (_judge(each, features, scores.get((each.left, each.right)), model) for each in found)
    return [each for each in judged if each is not None]


def contradiction_of(one: EntryFeatures, other: EntryFeatures) -> str | None:
    """Why two entries cannot be one person, by a word; None when nothing speaks against it."""
    if _are_far_apart(one, other):
        return "birth-date"
    if _differ(one, other, "sex"):
        return "sex"
    if _differ(one, other, "birth_order"):
        return "birth-order"
    if _differ(one, other, "birth_datetime") and _weight_difference(one, other) > OTHER_WEIGHT_G:
        return "birth-time-and-weight"
    mine, theirs = _numbered(one.mothers), _numbered(other.mothers)
    return "mother" if mine and theirs and not mine & theirs else None


def has_birth_attributes(one: EntryFeatures, other: EntryFeatures) -> bool:
    """Pass 4: birth date, organisation, sex, weight within 10 g, week of gestation; nothing else against it."""
    same = all(_agree(one, other, name) for name in ("birth_date", "organisation", "sex"))
    weeks = {_week(one), _week(other)}
    near = _weight_difference(one, other) <= SAME_WEIGHT_G and one.facts["birth_weight_g"] is not None
    return (
        same
        and near
        and other.facts["birth_weight_g"] is not None
        and len(weeks) == 1
        and None not in weeks
        and not _differ(one, other, "mother_birth_date")
    )


def swapped_twins(
    siblings: Sequence[tuple[str, str]],
    mates: Mapping[str, Sequence[str]],
    features: Mapping[str, EntryFeatures],
) -> Iterator[SwappedTwin]:
    """Entries that bear the facts of a twin, while what bears their own number contradicts them.

    siblings: entries of two sources that are two babies of one mother. mates: entries of the same number as the first.
    """
    by_entry: defaultdict[str, list[str]] = defaultdict(list)
    for one, other in siblings:
        by_entry[one].append(other)
        by_entry[other].append(one)
    for entry, twins in sorted(by_entry.items()):
        own = features[entry]
        against = [
            features[mate]
            for mate in mates.get(entry, ())
            if features[mate].source != own.source and _facts_against(own, features[mate])
        ]
        sources = {mate.source for mate in against}
        is_outspoken = own.facts["outcome"] is None and any(mate.facts["outcome"] is not None for mate in against)
        for twin in sorted(twins):
            if features[twin].source in sources and _facts_for(own, features[twin]):
                yield SwappedTwin(entry, twin, is_outspoken)


def _judge(
    pair: FoundPair, features: Mapping[str, EntryFeatures], score: Score | None, model: LinkageModel
) -> JudgedPair | None:
    one, other = features[pair.left], features[pair.right]
    is_kin = bool(pair.ways & {BY_MOTHER, BY_CHILD})
    if score is None:
        reason = str(contradiction_of(one, other))
        return JudgedPair(pair.left, pair.right, KIN, APART, reason) if is_kin else None
    judged = JudgedPair(
        pair.left, pair.right, PROBABILISTIC, REVIEW, "likely", score.weight, score.probability, model.version
    )
    if is_kin:
        return replace(judged, pass_name=KIN, verdict=LINK, reason="+".join(sorted(pair.ways)))
    if one.role == "baby" and has_birth_attributes(one, other):
        return replace(judged, pass_name=ATTRIBUTES, verdict=LINK, reason="birth-attributes")
    if score.probability >= model.auto_merge_at:
        if _has_two_local_numbers(one, other):
            return replace(judged, reason="two-local-numbers")
        return replace(judged, verdict=LINK, reason="near-certain")
    return judged if score.probability >= model.review_at else None


def _scores(
    pairs: Sequence[FoundPair], features: Mapping[str, EntryFeatures], model: LinkageModel
) -> dict[tuple[str, str], Score]:
    scores: dict[tuple[str, str], Score] = {}
    for role, role_model in model.roles.items():
        asked = [each for each in pairs if features[each.left].role == role]
        sides = [(features[each.left].facts, features[each.right].facts) for each in asked]
        found = score_pairs(role_model, sides) if sides else []
        scores |= {(each.left, each.right): score for each, score in zip(asked, found, strict=True)}
    return scores


def _are_far_apart(one: EntryFeatures, other: EntryFeatures) -> bool:
    if one.facts["birth_date"] is None or other.facts["birth_date"] is None:
        return False
    eves = (one.facts["birth_date"] == other.facts["birth_eve"], other.facts["birth_date"] == one.facts["birth_eve"])
    if any(eves):
        return False
    parts = ("birth_year", "birth_month", "birth_day")
    return sum(_agree(one, other, name) for name in parts) < LEAST_PARTS


def _has_two_local_numbers(one: EntryFeatures, other: EntryFeatures) -> bool:
    """Whether one system of one organisation counts them as two: alike by name alone is then for somebody to say."""
    return one.source == other.source and _agree(one, other, "organisation") and _differ(one, other, "local_id")


def _facts_against(one: EntryFeatures, other: EntryFeatures) -> bool:
    """Whether birth order or sex differ, or weight by so much that it is another baby's."""
    differs = _differ(one, other, "birth_order") or _differ(one, other, "sex")
    return differs or _weight_difference(one, other) > OTHER_WEIGHT_G


def _facts_for(one: EntryFeatures, other: EntryFeatures) -> bool:
    """Whether two or more of order, time and weight agree, and sex does not differ."""
    near = one.facts["birth_weight_g"] is not None and other.facts["birth_weight_g"] is not None
    agreed = [_agree(one, other, "birth_order"), _agree(one, other, "birth_datetime")]
    agreed.append(near and _weight_difference(one, other) <= SAME_WEIGHT_G)
    return sum(agreed) > 1 and not _differ(one, other, "sex")


def _agree(one: EntryFeatures, other: EntryFeatures, name: str) -> bool:
    return one.facts[name] is not None and one.facts[name] == other.facts[name]


def _differ(one: EntryFeatures, other: EntryFeatures, name: str) -> bool:
    return one.facts[name] is not None and other.facts[name] is not None and one.facts[name] != other.facts[name]


def _weight_difference(one: EntryFeatures, other: EntryFeatures) -> int:
    """Grams between two weights; 0 where one is absent."""
    mine, theirs = one.facts["birth_weight_g"], other.facts["birth_weight_g"]
    return abs(mine - theirs) if isinstance(mine, int) and isinstance(theirs, int) else 0


def _week(entry: EntryFeatures) -> int | None:
    days = entry.facts["gestation_days"]
    return days // DAYS_A_WEEK if isinstance(days, int) else None


def _numbered(cores: set[str]) -> set[str]:
    return {each for each in cores if each.startswith(NUMBERED)}
