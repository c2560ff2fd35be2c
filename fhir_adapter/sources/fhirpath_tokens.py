"""The tokens of a FHIRPath, with their positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fhir_adapter.sources.fhirpath_dates import parse_temporal

TWO_CHARACTER_SIGNS = ("!=", "<=", ">=")
ONE_CHARACTER_SIGNS = ".()[],=<>+-*/"
ESCAPES: Mapping[str, str] = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


class PathInvalid(ValueError):
    """A path outside the subset; `position` is the 1-based character where it stops being readable."""

    def __init__(self, text: str, position: int) -> None:
        self.position = position
        super().__init__(f"character {position}: {text}")


class TokenKind(StrEnum):
    """What a piece of a path is."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CONSTANT = "constant"
    THIS = "$this"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a path and the 1-based character where it starts."""

    kind: TokenKind
    text: str
    position: int


def tokenize(text: str) -> tuple[Token, ...]:
    """Cut a path into tokens; the last one is END. Raises PathInvalid."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token, at = _read_token(text, at)
        tokens.append(token)
    return (*tokens, Token(TokenKind.END, "", len(text) + 1))


def _read_token(text: str, at: int) -> tuple[Token, int]:
    first = text[at]
    if first == "'":
        return _read_quoted(text, at, TokenKind.TEXT, "'")
    if first == "`":
        return _read_quoted(text, at, TokenKind.NAME, "`")
    if first.isascii() and (first.isalpha() or first == "_"):
        return _read_name(text, at, TokenKind.NAME, at)
    if first.isascii() and first.isdigit():
        return _read_number(text, at)
    if first == "%":
        return _read_constant(text, at)
    if first == "@":
        return _read_date(text, at)
    if text.startswith("$this", at):
        return Token(TokenKind.THIS, "$this", at + 1), at + 5
    return _read_sign(text, at)


def _read_sign(text: str, at: int) -> tuple[Token, int]:
    for size, signs in ((2, TWO_CHARACTER_SIGNS), (1, ONE_CHARACTER_SIGNS)):
        if text[at : at + size] in signs and len(text[at : at + size]) == size:
            return Token(TokenKind.SIGN, text[at : at + size], at + 1), at + size
    raise PathInvalid("this sign is not part of the supported FHIRPath", at + 1)


def _read_name(text: str, at: int, kind: TokenKind, start: int) -> tuple[Token, int]:
    end = at
    while end < len(text) and text[end].isascii() and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return Token(kind, text[at:end], start + 1), end


def _read_number(text: str, at: int) -> tuple[Token, int]:
    end = _end_of_digits(text, at)
    if text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit():
        end = _end_of_digits(text, end + 1)
    return Token(TokenKind.NUMBER, text[at:end], at + 1), end


def _end_of_digits(text: str, at: int) -> int:
    while at < len(text) and text[at].isascii() and text[at].isdigit():
        at += 1
    return at


def _read_constant(text: str, at: int) -> tuple[Token, int]:
    if text[at + 1 : at + 2] in ("'", "`"):
        token, end = _read_quoted(text, at + 1, TokenKind.CONSTANT, text[at + 1])
    else:
        token, end = _read_name(text, at + 1, TokenKind.CONSTANT, at)
    if not token.text:
        raise PathInvalid("a constant needs a name after %", at + 1)
    return token, end


def _read_date(text: str, at: int) -> tuple[Token, int]:
    end = at + 1
    while end < len(text) and (text[end].isdigit() or text[end] in "-:T.Z+"):
        end += 1
    written = text[at + 1 : end].rstrip(".")  # a point after it begins a function
    end = at + 1 + len(written)
    is_time = written.startswith("T")
    found = parse_temporal(written.removeprefix("T") if not is_time or len(written) > 3 else f"{written[1:]}:00")
    if found is None or found.is_time is not is_time:
        raise PathInvalid("a date or time is expected after @", at + 1)
    return Token(TokenKind.DATE, written.removeprefix("T"), at + 1), end


def _read_quoted(text: str, at: int, kind: TokenKind, quote: str) -> tuple[Token, int]:
    letters: list[str] = []
    end = at + 1
    while end < len(text) and text[end] != quote:
        if text[end] == "\\":
            letter, end = _read_escape(text, end)
            letters.append(letter)
        else:
            letters.append(text[end])
            end += 1
    if end >= len(text):
        raise PathInvalid(f"the text that starts here has no closing {quote}", at + 1)
    return Token(kind, "".join(letters), at + 1), end + 1


def _read_escape(text: str, at: int) -> tuple[str, int]:
    letter = text[at + 1 : at + 2]
    if letter == "u" and len(text) >= at + 6:
        try:
            return chr(int(text[at + 2 : at + 6], 16)), at + 6
        except ValueError:
            raise PathInvalid("four hexadecimal digits are expected after \\u", at + 1) from None
    if letter in ESCAPES:
        return ESCAPES[letter], at + 2
    if letter and letter in "'`\"\\/":
        return letter, at + 2
    raise PathInvalid("this escape is not part of FHIRPath", at + 1)
