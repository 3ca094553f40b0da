"""The compressed numbers of JCAMP-DX, ASDF: the forms PAC, SQZ, DIF and DUP, and plain AFFN.

After R. S. McDonald and P. A. Wilks, "JCAMP-DX: A Standard Form for Exchange of Infrared Spectra
in Computer Readable Form", Appl. Spectrosc. 42 (1988) 151-162, tables of section 5:

    SQZ  the first digit and its sign in one letter     @ +0   A-I +1..+9   a-i -1..-9
    DIF  the difference to the ordinate before it       % +0   J-R +1..+9   j-r -1..-9
    DUP  how many times the value stands in all         S-Z 1..8   s 9
"""

from __future__ import annotations

import re

from app.intake.attachments.spectrum import LARGEST, MOST_POINTS, malformed, too_many_points

_SQZ = {"@": "0"} | {c: str(n) for n, c in enumerate("ABCDEFGHI", 1)}
_SQZ |= {c: f"-{n}" for n, c in enumerate("abcdefghi", 1)}
_DIF = {"%": "0"} | {c: str(n) for n, c in enumerate("JKLMNOPQR", 1)}
_DIF |= {c: f"-{n}" for n, c in enumerate("jklmnopqr", 1)}
_DUP = {c: str(n) for n, c in enumerate("STUVWXYZs", 1)}

_TOKEN = re.compile(
    r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]\d{1,3})?"  # AFFN and PAC
    r"|[@A-Ia-i%J-Rj-rS-Zs](?:\d+\.?\d*|\.\d+)?"
    r"|\?"
)
_BETWEEN = re.compile(r"[\s,;]*")
_LONGEST_NUMBER = 40


def numbers_of(line: str, number: int) -> list[str]:
    """The pieces of one line, as written. Raises Unreadable for what is no number in any form."""
    found, at = [], _BETWEEN.match(line).end()  # type: ignore[union-attr]
    while at < len(line):
        token = _TOKEN.match(line, at)
        if token is None or token.end() - at > _LONGEST_NUMBER:
            raise malformed(f'"{line[at : at + 12]}" is no number in any form of JCAMP-DX', number)
        if token[0] == "?":
            raise malformed('a "?" stands for a value that was lost; export it again', number)
        found.append(token[0])
        if len(found) > 3 * MOST_POINTS:
            raise too_many_points(number)
        at = _BETWEEN.match(line, token.end()).end()  # type: ignore[union-attr]
    return found


class Ordinates:
    """The ordinates of one table, line by line; what a line repeats of the one before is checked.

    A line that follows one ending in a difference begins with the ordinate that one ended with:
    the form's own check that no line was lost.
    """

    def __init__(self) -> None:
        self.values: list[float] = []
        self._in_differences = False

    def add_line(self, line: str, number: int) -> None:
        """Take in `X Y Y Y …`; the abscissa at its start is not needed."""
        tokens = numbers_of(line, number)
        if not tokens:
            return
        if tokens[0][0] in _DIF or tokens[0][0] in _DUP:
            raise malformed("the line does not begin with an abscissa", number)
        check, step = self._in_differences and len(self.values) > 0, 0.0
        self._in_differences = False
        fresh = False  # whether a value of this line stands, which a DUP may repeat
        for token in tokens[1:]:
            letter = token[0]
            if letter in _DUP:
                if not fresh:
                    raise malformed("a repeat comes before any value to repeat", number)
                self._repeat(int(_as_number(_DUP[letter] + token[1:], number)), step, number)
                continue
            if letter in _DIF:
                if not self.values:
                    raise malformed("a difference comes before any ordinate", number)
                step = _as_number(_DIF[letter] + token[1:], number)
                self._in_differences = True
                self._append(self.values[-1] + step, number)
            else:
                text = _SQZ[letter] + token[1:] if letter in _SQZ else token
                step, value = 0.0, _as_number(text, number)
                self._in_differences = False
                if check:
                    self._compare(value, number)
                else:
                    self._append(value, number)
            check, fresh = False, True
        if len(tokens) == 1 and check:
            raise malformed("the line holds no ordinate", number)

    def _append(self, value: float, number: int) -> None:
        if not abs(value) <= LARGEST:
            raise malformed(f"{value} is beyond all measure", number)
        if len(self.values) >= MOST_POINTS:
            raise too_many_points(number)
        self.values.append(value)

    def _repeat(self, times: int, step: float, number: int) -> None:
        if times < 1 or len(self.values) + times - 1 > MOST_POINTS:
            raise too_many_points(number)
        for _ in range(times - 1):
            self._append(self.values[-1] + step, number)

    def _compare(self, value: float, number: int) -> None:
        """The ordinate at the start of the line against the last of the line before."""
        before = self.values[-1]
        if abs(value - before) > 1e-6 * max(abs(value), abs(before), 1.0):
            raise malformed(
                f"begins with {value:g} where the line before ends with {before:g}; "
                "a line is missing or damaged",
                number,
            )


def _as_number(text: str, number: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise malformed(f'"{text[:20]}" is no number', number) from None
