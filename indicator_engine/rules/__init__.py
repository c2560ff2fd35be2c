"""The rules of data quality: one YAML file each, parsed once, their conditions in the expression language.

`declared` is what a file says, `planned` the same with its conditions parsed, and `engines.rule_reference` the plain
interpreter that the SQL of the store is held against.
"""

from indicator_engine.rules.declared import (
    Effect,
    IssueOfRule,
    Rule,
    RuleSeverity,
    Scope,
    shipped_rules,
)
from indicator_engine.rules.planned import PlannedCheck, plan_rules, shipped_checks

__all__ = [
    "Effect",
    "IssueOfRule",
    "PlannedCheck",
    "Rule",
    "RuleSeverity",
    "Scope",
    "plan_rules",
    "shipped_checks",
    "shipped_rules",
]
