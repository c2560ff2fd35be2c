"""What becomes of a request while the store is away."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from fhir_adapter.errors import StoreUnavailable

STORE_AWAY = (OperationalError, InterfaceError, NoConnectionLeft)
Given = ParamSpec("Given")
Gives = TypeVar("Gives")


def while_store_answers(work: Callable[Given, Gives]) -> Callable[Given, Gives]:
    """The work, raising StoreUnavailable when the store is away, full, or too busy: who asks again later is served."""

    def guarded(*given: Given.args, **named: Given.kwargs) -> Gives:
        try:
            return work(*given, **named)
        except STORE_AWAY as cause:
            raise StoreUnavailable("the store does not answer") from cause

    return guarded
