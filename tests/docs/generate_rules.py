"""Writes docs/reference/rules.md from the shipped rules."""

from __future__ import annotations

from indicator_engine.rules import Rule, shipped_rules
from indicator_engine.rules.declared import Check

HEAD = """# Rules of data quality

Generated from `indicator_engine/rules/catalogue` by `python -m tests.docs.generate`; do not edit by hand.

Each rule is one file; its conditions are written in the [expression language](expression_language.md) and are true
where the rule is broken. Severity: `error` a value is wrong, `warn` it is used and listed, `info` it is counted.
Effect: `flag` changes nothing; `null` makes the columns count as missing; `recode` gives the column another value;
`hold` takes the record out of the resolved model, for it cannot be placed. The rows of the sources always stay as
they came. How the rules are judged is told in [data quality](../methods/data_quality.md); `perinatal rules hits`
counts who breaks them. Confidence: F read in the source itself, K known but not read again, ? to be checked.
"""


def render_rules() -> str:
    """The page of all shipped rules, as Markdown."""
    rules = shipped_rules().values()
    overview = ["| id | severity | rule |", "|---|---|---|", *(_overview_row(each) for each in rules)]
    return "\n".join([HEAD, "\n".join(overview) + "\n", *(_rule(each) for each in rules)])


def _overview_row(rule: Rule) -> str:
    return f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity} | {rule.title} |"


def _rule(rule: Rule) -> str:
    lines = [f"## {rule.id}\n", f"{rule.title} (*{rule.severity}*).\n"]
    if rule.note:
        lines.append(f"{rule.note}\n")
    lines += [_check(number, each, rule) for number, each in enumerate(rule.checks, 1)]
    if rule.at_intake:
        codes = ", ".join(f"`{each.code}`" + (f" at `{each.column}`" if each.column else "") for each in rule.issues)
        lines.append(f"- When a payload is read: {rule.at_intake}; counted by the issues {codes}.")
    return "\n".join([*lines, f"\nSource: {rule.source} (confidence {rule.confidence}).\n"])


def _check(number: int, check: Check, rule: Rule) -> str:
    title = check.title or "Broken where"
    columns = ", ".join(f"`{name}`" for name in check.columns)
    to = f" to `{check.to}`" if check.to else ""
    effect = f"{check.severity or rule.severity}, {check.effect}{to} {columns}"
    condition = " ".join(check.breaks.split())
    features = "".join(f"\n  `{name}`: {_feature(check, name)}" for name in check.features)
    return f"{number}. {title}: each `{check.table}` ({check.scope}), {effect}\n  `{condition}`{features}"


def _feature(check: Check, name: str) -> str:
    feature = check.features[name]
    value = f" of `{feature.value}`" if feature.value else ""
    by = f" with `{feature.by}` = `{feature.equals}`" if feature.by else ""
    where = f" where `{feature.where}`" if feature.where else ""
    return f"{feature.aggregate}{value} over `{feature.table}`{by}{where}"
