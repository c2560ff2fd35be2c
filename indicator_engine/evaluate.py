"""One evaluation: plan, count, estimate, disclose."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from indicator_engine.counts import Counted, MonthRange, month_index
from indicator_engine.definition import IndicatorDefinition, Stratifier
from indicator_engine.disclosure import DisclosedTable, disclose
from indicator_engine.estimates import Estimates, EstimateSettings, estimate
from indicator_engine.estimates.roll_up import months_counted
from indicator_engine.plan import Family, plan_families

Counter = Callable[[Sequence[Family], MonthRange], Counted]
"""An engine on its data: counts families over months."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The indicators and stratifiers of one evaluation."""

    definitions: Mapping[str, IndicatorDefinition]
    stratifiers: Mapping[str, Stratifier]

    def definition_hash(self, indicator: str) -> str:
        """Digest of one definition with the stratifiers that cut it: same digest, same question."""
        definition = self.definitions[indicator]
        parts = [definition.model_dump(mode="json")]
        parts += [self.stratifiers[each].model_dump(mode="json") for each in definition.stratifiers]
        return _digest(parts)

    def digest(self) -> str:
        """Digest of everything that is asked."""
        return _digest([self.definition_hash(each) for each in sorted(self.definitions)])

    def chosen(self, indicators: Sequence[str]) -> Catalogue:
        """The same catalogue with these indicators alone; all of them when none is named. Raises KeyError."""
        if not indicators:
            return self
        return Catalogue({each: self.definitions[each] for each in indicators}, self.stratifiers)


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """How counts are estimated. months: None at either end means as far as records reach."""

    reporter: str
    as_of: date
    months: MonthRange
    submission_lag_days: int
    subject_of: Mapping[str, str]


def count_catalogue(catalogue: Catalogue, counter: Counter, months: MonthRange) -> Counted:
    """Counts of every indicator of a catalogue; raises DefinitionInvalid before anything is counted."""
    families = plan_families(catalogue.definitions.values(), catalogue.stratifiers)
    return counter(families, months)


def estimate_counts(counted: Counted, catalogue: Catalogue, settings: EvaluationSettings) -> Estimates:
    """Estimates on true counts, over the months asked for or, where open, over those that hold records."""
    months = _months_reported(months_counted(counted.counts), settings)
    estimate_settings = EstimateSettings(
        reporter=settings.reporter,
        as_of=settings.as_of,
        months=months,
        subject_of=settings.subject_of,
        submission_lag_days=settings.submission_lag_days,
    )
    return estimate(counted, catalogue.definitions, catalogue.stratifiers, estimate_settings)


def _months_reported(found: MonthRange, settings: EvaluationSettings) -> MonthRange:
    """The months asked for; an open end reaches as far as records do, yet never beyond the day of the evaluation."""
    if found.first is None or found.last is None:
        return MonthRange(0, -1)  # no records, so no month and no period
    this_month = month_index(settings.as_of.year, settings.as_of.month)
    return MonthRange(
        found.first if settings.months.first is None else settings.months.first,
        min(found.last, this_month) if settings.months.last is None else settings.months.last,
    )


def evaluate(
    catalogue: Catalogue,
    counter: Counter,
    settings: EvaluationSettings,
    *,
    preset: str,
    audience: str,
) -> DisclosedTable:
    """Everything that may be published of a catalogue over the data of `counter`."""
    counted = count_catalogue(catalogue, counter, settings.months)
    return disclose(estimate_counts(counted, catalogue, settings), preset=preset, audience=audience)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
