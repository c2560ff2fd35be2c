"""Generated pages say what the code says."""

from __future__ import annotations

import pytest

from fhir_adapter.settings import Settings
from tests.docs.generate import GENERATED, REFERENCE
from tests.docs.generate_commands import commands, render_commands
from tests.docs.generate_settings import sentences_of_fields


@pytest.mark.parametrize("name", GENERATED)
def test_a_committed_generated_page_is_current(name: str) -> None:
    assert (REFERENCE / name).read_text("utf-8") == GENERATED[name](), "run `make docs`"


def test_every_setting_has_its_sentence() -> None:
    assert list(sentences_of_fields()) == list(Settings.model_fields)


@pytest.mark.parametrize("name", commands())
def test_every_command_has_a_section_and_a_sentence(name: str) -> None:
    assert commands()[name].help
    assert f"\n## {name}\n" in render_commands()


@pytest.mark.parametrize("name", commands())
def test_every_option_says_what_it_is(name: str) -> None:
    silent = [option.name for option in commands()[name].params if not getattr(option, "help", None)]
    assert silent == []
