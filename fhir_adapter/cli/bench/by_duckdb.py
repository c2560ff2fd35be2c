"""The same counts in DuckDB as a careful analyst would write them by hand: three facts, then plain GROUP BYs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from fhir_adapter.cli.bench.cells import DIMENSIONS, INDICATORS, Answer, answer_of, flag_columns, long_cells

TABLES_READ = ("person", "residence", "pregnancy", "booking", "delivery", "baby")

MACROS = (
    "CREATE MACRO month_of(day) AS year(day) * 12 + month(day) - 1",
    """CREATE MACRO eth5_of(code) AS CASE
        WHEN code IN ('A', 'B', 'C') THEN 'white'
        WHEN code IN ('D', 'E', 'F', 'G') THEN 'mixed'
        WHEN code IN ('H', 'J', 'K', 'L') THEN 'asian'
        WHEN code IN ('M', 'N', 'P') THEN 'black'
        WHEN code IN ('R', 'S') THEN 'other' ELSE 'unknown' END""",
    """CREATE MACRO imd5_of(decile) AS
        CASE WHEN decile BETWEEN 1 AND 10 THEN CAST((decile + 1) // 2 AS VARCHAR) ELSE 'unknown' END""",
    """CREATE MACRO years_between(later, earlier) AS year(later) - year(earlier)
        - CAST(month(later) * 100 + day(later) < month(earlier) * 100 + day(earlier) AS INTEGER)""",
    """CREATE MACRO age_of(years) AS CASE
        WHEN years BETWEEN 9 AND 19 THEN '<20' WHEN years BETWEEN 20 AND 24 THEN '20-24'
        WHEN years BETWEEN 25 AND 29 THEN '25-29' WHEN years BETWEEN 30 AND 34 THEN '30-34'
        WHEN years BETWEEN 35 AND 39 THEN '35-39' WHEN years BETWEEN 40 AND 44 THEN '40-44'
        WHEN years BETWEEN 45 AND 65 THEN '45+' ELSE 'unknown' END""",
    "CREATE MACRO flag(condition) AS CAST(coalesce(condition, false) AS INTEGER)",
)
BOOKING_FACT = """
CREATE TEMPORARY TABLE booking_fact AS
WITH placed AS (
    SELECT b.booking_date AS anchor, coalesce(p.booking_provider_code, '') AS provider, b.site_code,
           b.smoking_status, p.mother_key
    FROM booking b LEFT JOIN pregnancy p USING (pregnancy_key) WHERE b.booking_date IS NOT NULL),
told AS (
    SELECT placed.*, m.ethnic_category, m.birth_date, r.imd_2019_decile AS decile
    FROM placed LEFT JOIN person m ON m.person_key = placed.mother_key
    ASOF LEFT JOIN residence r ON r.person_key = placed.mother_key AND r.valid_from <= placed.anchor),
aged AS (SELECT *, years_between(anchor, birth_date) AS years FROM told)
SELECT month_of(anchor) AS month, provider, coalesce(site_code, '') AS site, eth5_of(ethnic_category) AS eth5,
       imd5_of(decile) AS imd5, age_of(years) AS age,
       1 AS bk03_population,
       flag(smoking_status IN ('smoker', 'non_smoker')) AS bk03_denominator,
       flag(smoking_status = 'smoker') AS bk03_numerator
FROM aged
"""
DELIVERY_FACT = """
CREATE TEMPORARY TABLE delivery_fact AS
WITH born AS (
    SELECT delivery_key, min(birth_datetime) AS first_birth, count(*) AS babies,
           count(*) FILTER (outcome IN ('01', '02', '03', '04')) AS counted,
           min(gestation_days) AS shortest, max(gestation_days) AS longest
    FROM baby WHERE delivery_key IS NOT NULL GROUP BY delivery_key),
placed AS (
    SELECT CAST(substr(born.first_birth, 1, 10) AS DATE) AS anchor, coalesce(d.provider_code, '') AS provider,
           d.site_code, d.delivery_method, d.perineal_trauma, d.smoking_at_delivery, p.mother_key,
           born.babies, born.counted, born.shortest, born.longest
    FROM delivery d JOIN born USING (delivery_key) LEFT JOIN pregnancy p USING (pregnancy_key)
    WHERE born.first_birth IS NOT NULL),
told AS (
    SELECT placed.*, m.ethnic_category, m.birth_date, r.imd_2019_decile AS decile
    FROM placed LEFT JOIN person m ON m.person_key = placed.mother_key
    ASOF LEFT JOIN residence r ON r.person_key = placed.mother_key AND r.valid_from <= placed.anchor),
aged AS (
    SELECT *, years_between(anchor, birth_date) AS years, counted >= 1 AS is_born,
           coalesce(babies = 1 AND counted = 1 AND delivery_method IN ('0', '1', '2', '3', '4')
                    AND shortest >= 259 AND longest <= 315, false) AS is_vaginal_at_term,
           coalesce(perineal_trauma LIKE '%|10217006|%' OR perineal_trauma LIKE '%|399031001|%', false) AS is_torn
    FROM told)
SELECT month_of(anchor) AS month, provider, coalesce(site_code, '') AS site, eth5_of(ethnic_category) AS eth5,
       imd5_of(decile) AS imd5, age_of(years) AS age,
       flag(is_born) AS lb01_population,
       flag(is_born AND smoking_at_delivery IN ('smoker', 'non_smoker')) AS lb01_denominator,
       flag(is_born AND smoking_at_delivery = 'smoker') AS lb01_numerator,
       flag(is_born) AS lb06_population,
       flag(is_born AND is_vaginal_at_term) AS lb06_denominator,
       flag(is_born AND is_vaginal_at_term AND is_torn) AS lb06_numerator
FROM aged
"""
BABY_FACT = """
CREATE TEMPORARY TABLE baby_fact AS
WITH siblings AS (SELECT delivery_key, count(*) AS babies FROM baby GROUP BY delivery_key),
placed AS (
    SELECT CAST(substr(b.birth_datetime, 1, 10) AS DATE) AS anchor, b.birth_datetime, b.baby_key, b.delivery_key,
           b.mother_key, b.outcome, b.gestation_days, b.death_confirmed_gestation_days, b.first_feed, s.babies,
           coalesce(d.provider_code, '') AS provider, coalesce(d.site_code, b.site_code) AS site_code
    FROM baby b LEFT JOIN delivery d USING (delivery_key) LEFT JOIN siblings s USING (delivery_key)
    WHERE b.birth_datetime IS NOT NULL),
told AS (
    SELECT placed.*, m.ethnic_category, m.birth_date, r.imd_2019_decile AS decile
    FROM placed LEFT JOIN person m ON m.person_key = placed.mother_key
    ASOF LEFT JOIN residence r ON r.person_key = placed.mother_key AND r.valid_from <= placed.anchor),
aged AS (
    SELECT *, years_between(anchor, birth_date) AS years,
           coalesce(outcome IN ('01', '02', '03', '04'), false) AS is_born,
           coalesce(outcome = '01', false) AS is_live,
           coalesce(babies = 1 AND gestation_days BETWEEN 154 AND 315, false) AS is_timely,
           coalesce(gestation_days >= 168 AND (outcome = '01'
                    OR coalesce(death_confirmed_gestation_days, gestation_days) >= 168), false) AS is_from_24_weeks
    FROM told)
SELECT month_of(anchor) AS month, provider, coalesce(site_code, '') AS site, eth5_of(ethnic_category) AS eth5,
       imd5_of(decile) AS imd5, age_of(years) AS age,
       birth_datetime, baby_key, delivery_key,
       flag(is_born) AS bf01_population,
       flag(is_born AND first_feed IN ('01', '02', '03')) AS bf01_denominator,
       flag(is_born AND first_feed IN ('01', '02')) AS bf01_numerator,
       flag(is_live) AS lb11_population,
       flag(is_live AND is_timely) AS lb11_denominator,
       flag(is_live AND is_timely AND gestation_days <= 258) AS lb11_numerator,
       flag(is_born) AS mo01_population,
       flag(is_born AND is_from_24_weeks) AS mo01_denominator,
       flag(is_born AND is_from_24_weeks AND NOT is_live) AS mo01_numerator
FROM aged
"""
EVENTS = """
WITH numbered AS (
    SELECT provider, month, delivery_key, mo01_numerator,
           row_number() OVER (ORDER BY birth_datetime, delivery_key, baby_key) AS whole,
           row_number() OVER (PARTITION BY provider ORDER BY birth_datetime, delivery_key, baby_key) AS own
    FROM baby_fact WHERE mo01_denominator = 1)
SELECT 'MO01' AS indicator, provider, min(month) AS month, min(whole) AS place_in_whole, min(own) AS place_in_provider
FROM numbered WHERE mo01_numerator = 1 GROUP BY provider, delivery_key
"""
FACTS: Mapping[str, str] = {"booking": BOOKING_FACT, "delivery": DELIVERY_FACT, "baby": BABY_FACT}
STRATUM: Mapping[str, str] = {
    "all": "'all'",
    "eth5": "eth5",
    "imd5": "imd5",
    "age": "age",
    "site": "CASE site WHEN '' THEN 'unknown' ELSE site END",
}


def count_with_duckdb(model: Path) -> Answer:
    """Cells and events over the Parquet files of `model`."""
    parts = []
    with duckdb.connect() as connection:
        for table in TABLES_READ:
            connection.read_parquet(str(model / table / "*.parquet")).create_view(table)
        for macro in MACROS:
            connection.execute(macro)
        for entity, fact in FACTS.items():
            connection.execute(fact)
            for dimension in DIMENSIONS:
                wide = connection.execute(_group_by(entity, dimension)).df()
                parts += long_cells(wide, INDICATORS[entity], dimension)
        events = connection.execute(EVENTS).df()
    return answer_of(parts, events)


def _group_by(entity: str, dimension: str) -> str:
    # SUM of an INTEGER is a HUGEINT in DuckDB, which leaves it as a float.
    sums = ", ".join(
        f"CAST(sum({flag}) AS BIGINT) AS {flag}" for indicator in INDICATORS[entity] for flag in flag_columns(indicator)
    )
    stratum = STRATUM[dimension]
    return f"SELECT month, provider, site, {stratum} AS stratum, {sums} FROM {entity}_fact GROUP BY ALL"  # noqa: S608 - names of this module alone
