"""What can go wrong in the house, in words for the person who can mend it.

    TocsinError
    ├── Refused         the input cannot be taken as it is; carries Problems (where, what, remedy)
    │   └── Unreadable  it is not even what it claims to be (JSON, CSV)
    ├── NotFound        there is no such thing, or the reader may not know that there is
    ├── Conflict        it contradicts something already held
    ├── Forbidden       known, but not allowed
    │   └── TooManyTries  shut out for a while
    └── Misconfigured   a setting is missing or unsafe; the service will not start

No HTTP here: the doors map kinds to status codes.
"""

from dataclasses import asdict, dataclass
from typing import Any


def shown(value: object, most: int = 60) -> str:
    """What was sent, short and printable, for quoting it back to the sender."""
    text = str(value)
    text = text if len(text) <= most else text[: most - 1] + "…"
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field of one row.

    `row` counts from 1 in the order sent; `field` is a path such as `findings[1].structure`.
    """

    field: str
    message: str
    row: int | None = None
    code: str = "invalid"

    def __str__(self) -> str:
        where = f"{self.field}, row {self.row}" if self.row is not None else self.field
        return f"{where}: {self.message}"

    def as_dict(self) -> dict[str, Any]:
        """The plain form that receipts and problem documents carry."""
        return {key: value for key, value in asdict(self).items() if value is not None}


class TocsinError(Exception):
    """Base of every error that a door turns into an answer.

    Told in English. A page says it in the language of its reader where `message`, with places for
    `values`, is translated (`app.languages`). `submission` is the receipt's code when what was sent
    has been kept.
    """

    submission: str | None = None

    def __init__(self, message: str = "", **values: Any) -> None:
        super().__init__(message % values if values else message)
        self.message, self.values = message, values


class Refused(TocsinError):
    """Input that cannot be taken; `problems` say where and what would be right."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = (), **values: Any) -> None:
        super().__init__(message, **values)
        self.problems = problems


class Unreadable(Refused):
    """Input that is not even what it claims to be."""


class NotFound(TocsinError):
    """Nothing of that name, as far as this reader may know."""


class Conflict(TocsinError):
    """Contradicts what is already held."""


class Forbidden(TocsinError):
    """Not for this actor."""


class TooManyTries(Forbidden):
    """Shut out for a while."""


class Misconfigured(TocsinError):
    """A setting is missing, malformed or unsafe."""
