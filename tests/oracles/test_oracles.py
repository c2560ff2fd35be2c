"""Every number of a case file, computed by us."""

from __future__ import annotations

from tests.oracles.case_files import OracleCase
from tests.oracles.chart_checks import check_chart
from tests.oracles.statistic_checks import check_statistic


def test_our_numbers_are_those_of_the_oracle(oracle_case: OracleCase) -> None:
    check = check_chart if oracle_case.is_chart else check_statistic
    check(oracle_case)
