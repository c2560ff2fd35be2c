"""Every issue code, JSON document, page and target that exists is documented, and none that does not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
SCHEMAS = DOCS / "reference" / "schemas"
CODE = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*")
# the event of a log line, and keys of mapping files
NO_CODES = frozenset(("request.failed", "format.aliases", "unit.assume"))
FILE_ENDINGS = (".css", ".csv", ".db", ".html", ".json", ".key", ".py", ".yaml")
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#[^)]*)?\)")
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def codes_in_code() -> set[str]:
    """Every text of the adapter that has the form of an issue code; the bench raises none."""
    files = [each for each in (REPOSITORY / "fhir_adapter").rglob("*.py") if "bench" not in each.parts]
    return {text for file in files for text in _texts(file) if _is_code(text)}


def _texts(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _is_code(text: str) -> bool:
    return CODE.fullmatch(text) is not None and text not in NO_CODES and not text.endswith(FILE_ENDINGS)


def codes_in_page() -> list[str]:
    """Every code that the page of issue codes explains."""
    page = (DOCS / "reference" / "issue_codes.md").read_text("utf-8")
    return re.findall(r"^\| `([a-z.-]+)` \|", page, re.MULTILINE)


def calls_in_readme() -> list[tuple[str, str]]:
    """Function and file of each call that the README follows."""
    return re.findall(r"^\| \d+ \| `(\w+)` \| `([\w/]+)\.py` \|", PAGES[0].read_text("utf-8"), re.MULTILINE)


def test_the_page_of_issue_codes_holds_every_code_and_no_other() -> None:
    assert set(codes_in_page()) == codes_in_code()


def test_no_issue_code_is_explained_twice() -> None:
    assert sorted(set(codes_in_page())) == sorted(codes_in_page())


def test_the_page_of_json_documents_names_every_schema_and_no_other() -> None:
    page = (DOCS / "reference" / "json_documents.md").read_text("utf-8")
    named = re.findall(r"\(schemas/([a-z-]+)\.schema\.json\)", page)
    assert sorted(named) == sorted(each.name.removesuffix(".schema.json") for each in SCHEMAS.iterdir())


def test_the_readme_follows_a_record_in_eight_calls() -> None:
    assert len(calls_in_readme()) == 8


@pytest.mark.parametrize(("function", "file"), calls_in_readme())
def test_a_call_that_the_readme_names_is_in_the_file_that_it_names(function: str, file: str) -> None:
    assert callable(getattr(import_module(file.replace("/", ".")), function))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert broken == []


def test_the_index_leads_to_every_page() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / link).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    unlinked = {each for each in PAGES[2:] if "adr" not in each.parts} - linked - {index}
    assert unlinked == set()
