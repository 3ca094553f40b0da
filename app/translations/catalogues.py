"""From the source to the catalogues: which messages there are, and which are translated."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.languages import CATALOGUES, LANGUAGES, SOURCE

SOURCES = CATALOGUES.parent
METHODS = [("**/templates/**", "jinja2"), ("**.py", "python")]
OPTIONS = {"**/templates/**": {"trimmed": "true", "encoding": "utf-8"}}
NAME = "abcdefghijklmnopqrstuvwxyz_"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
TRANSLATED = tuple(language for language in LANGUAGES if language != SOURCE)


def messages() -> Catalog:
    """Every message of the source, with the files that say it."""
    found = Catalog(project="Tocsin", fuzzy=False)
    for file, _line, text, _comments, context in extract_from_dir(
        SOURCES, METHODS, OPTIONS, KEYWORDS
    ):
        found.add(text, locations=[(f"app/{file}", 0)], context=context)
    return found


def path_of(language: str) -> Path:
    """Where the catalogue of a language is kept."""
    return CATALOGUES / f"{language}.po"


HEADER = """\
# What Tocsin says in {name}. After a change of the source: python -m app.translations
#
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: nplurals=2; plural={plural};\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
# one form for one and another for more: that of millions ("un million d'événements") never occurs
PLURAL = {"fr": "(n > 1)", "es": "(n != 1)"}


def catalogue(language: str) -> Catalog:
    """The catalogue of a language as it is kept; an empty one when there is none yet."""
    path = path_of(language)
    written = path.read_bytes() if path.exists() else _header(language).encode()
    return read_po(BytesIO(written), locale=language)


def update(language: str) -> Catalog:
    """Bring a catalogue up to the messages of the source, and write it."""
    held = catalogue(language)
    held.update(messages(), no_fuzzy_matching=True)
    held.obsolete.clear()
    body = BytesIO()
    write_po(body, held, width=100, omit_header=True, include_lineno=False, sort_output=True)
    path_of(language).write_bytes(_header(language).encode() + body.getvalue())
    return catalogue(language)


def _header(language: str) -> str:
    return HEADER.format(
        language=language, name=Locale.parse(language).english_name, plural=PLURAL[language]
    )


def untranslated(kept: Catalog) -> list[Message]:
    """The messages of a catalogue that are not, or not wholly, translated."""
    return [one for one in kept if one.id and not _whole(one)]


def misplaced(kept: Catalog) -> list[Message]:
    """The messages whose translation has other places for values than the message."""
    return [one for one in kept if one.id and _whole(one) and not _same_places(one)]


def _whole(message: Message) -> bool:
    said = message.string
    return all(said) if isinstance(said, tuple | list) else bool(said)


def _same_places(message: Message) -> bool:
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    texts = message.string or ""
    said = texts if isinstance(texts, tuple | list) else (texts,)
    wanted = set().union(*(_places(text) for text in ids))
    # what is said of one may leave out how many that is, in any language
    return all(_places(text) <= wanted for text in said) and _places(said[-1]) == wanted


def _places(text: str) -> set[str]:
    return set(_named(text))


def _named(text: str) -> Iterator[str]:
    rest = text
    while "%(" in rest:
        name, _, rest = rest.partition("%(")[2].partition(")")
        if set(name) <= set(NAME):
            yield name
