"""The allow-list for narratives: plain words, nothing that a browser could run."""

from __future__ import annotations

from html.parser import HTMLParser

from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.rule_faults import Faults

ALLOWED_XHTML = frozenset(("div", "p", "b", "i", "em", "strong", "br", "span", "ul", "ol", "li"))
ALLOWED_ATTRIBUTES = frozenset(("xmlns", "lang", "title"))


def narrative_faults(resource: Json) -> Faults:
    name = resource.get("resourceType")
    text = resource.get("text", {})
    reader = _NarrativeReader()
    reader.feed(str(text.get("div", "")))
    if not reader.refused and reader.is_filled:
        return
    yield f"{name}.text.div: only plain words in {', '.join(sorted(ALLOWED_XHTML))} are allowed"


class _NarrativeReader(HTMLParser):
    """Notes whether a narrative holds text, and whether it holds any element or attribute outside the allow-list."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = False
        self.is_filled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED_XHTML or any(name not in ALLOWED_ATTRIBUTES for name, _ in attrs):
            self.refused = True

    def handle_data(self, data: str) -> None:
        self.is_filled = self.is_filled or bool(data.strip())
