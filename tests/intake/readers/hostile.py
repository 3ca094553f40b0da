"""Broken files of every kind, the same ones for the same seed.

A sound file of each kind is broken in one to three ways. `python -m tests.intake.readers.hostile
20000` reads that many, takes every tenth in, and says what became of them.
"""

from __future__ import annotations

import io
import json
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from app.access.roles import Actor
from app.db import Database
from app.errors import Problem, Refused
from app.intake.files import take_file
from app.intake.models import Submission
from app.intake.queries import submission_rows
from app.intake.readers import open_rows
from app.intake.words import SubmissionState
from tests.intake.readers.books import HEADER, book, by_hand, cell, row
from tests.intake.readers.reading import COLUMNS, ETHANOL
from tests.reporting import NOW, PROTONITAZENE, laboratory, report

Break = Callable[[random.Random, bytes], bytes]

INJECTED = (
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "+1",
    "-1",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://x")',
    "<script>alert(1)</script>",
    "'; DROP TABLE report;--",
    "{0.__class__}",
    "../../etc/passwd",
)
ODD = (
    "\x00",
    "\ud800",
    "\ufffd",
    "\ufeff",
    "\u202e",
    "\u2028",
    "\x85",
    "\x1a",
    "\x0c",
    "💊",
    "İ",
    "ﬀ",
    "\r",
    "\n",
    '"',
    '""',
    "'",
    ",",
    ";",
    "\t",
    "|",
    "\\",
    "$$$$",
    "M  END",
    "> <reference>",
)
JUNK_JSON = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 5000,
    b"[" * 2000,
    b'"\\ud800"',
    b'"\\u0000"',
    b"{}",
    b"[[]]",
    b"null",
    b"true",
    b"-0",
    b'{"a":' * 900,
    b'"\\x"',
    b"1" * 300,
)
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "utf-7", "cp037")


def _table(rng: random.Random) -> bytes:
    delimiter = rng.choice(",;\t|")
    lines = [delimiter.join((*COLUMNS, "substance_name", "quantity", "unit", "structure"))]
    for n in range(rng.randint(1, 8)):
        last = rng.choice((PROTONITAZENE, f'"{ETHANOL}"', "", f'"{INJECTED[n % 4]}"'))
        cells = (f"R-{n // 2}", "seizure", "2026-11", "DE", f'"Süßes {n}"', '"1,5"', "g", last)
        lines.append(delimiter.join(cells))
    return "\n".join(lines).encode()


def _json(rng: random.Random) -> bytes:
    reports = [report(reference=f"R-{n}", sold_as="Süßes") for n in range(rng.randint(1, 4))]
    return json.dumps(reports, ensure_ascii=rng.random() < 0.5).encode()


def _ndjson(rng: random.Random) -> bytes:
    return b"\n".join(
        json.dumps(report(reference=f"R-{n}")).encode() for n in range(rng.randint(1, 4))
    )


def _sdf(rng: random.Random) -> bytes:
    data = {"reference": "R", "event_kind": "seizure", "event_date": "2026", "country": "DE"}
    records = []
    for n in range(rng.randint(1, 4)):
        said = {**data, "reference": f"R-{n // 2}", "substance_name": "Süßes"}
        items = "".join(f">  <{name}>\n{value}\n\n" for name, value in said.items())
        records.append(f"{ETHANOL}\n{items}$$$$\n")
    return "".join(records).encode()


def _sheet(rng: random.Random) -> str:
    values = [rng.choice((*INJECTED, "x", "2026", "DE")) for _ in range(4)]
    odd = rng.choice(
        (
            '<c t="s"><v>9</v></c>',
            '<c t="e"><v>#N/A</v></c>',
            "<c><f>A1</f></c>",
            "<c><v>1e9</v></c>",
            '<c s="7"><v>1</v></c>',
            '<c t="b"><v>x</v></c>',
            '<c r="ZZ1"/>',
            '<c t="z"><v>1</v></c>',
        )
    )
    line = f"<row>{''.join(map(cell, ('R-1', 'seizure', *values)))}{odd}</row>"
    return row(*COLUMNS, "substance_name", "sold_as") + line * rng.randint(1, 3)


def _xlsx(rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return by_hand(_sheet(rng), packing=rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    return _BOOK


_BOOK = book(
    ("R-1", "seizure", 2026, "DE", "Süßes", 1.5, "g", 99, PROTONITAZENE),
    (None,) * 3,
    ("R-2", "seizure", "2026-11-02", "DE", "=1+1", True, "g", None, ETHANOL),
    HEADER,
)


def _flipped(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def _beheaded(rng: random.Random, content: bytes) -> bytes:
    return content[rng.randrange(len(content)) :]


def _spliced(rng: random.Random, content: bytes) -> bytes:
    start, end = sorted((rng.randrange(len(content)), rng.randrange(len(content))))
    at = rng.randrange(len(content))
    return content[:at] + content[start:end] * rng.randint(1, 3) + content[at:]


def _holed(rng: random.Random, content: bytes) -> bytes:
    start, end = sorted((rng.randrange(len(content)), rng.randrange(len(content))))
    return content[:start] + content[end:]


def _odd(rng: random.Random, content: bytes) -> bytes:
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(content))
        text = rng.choice((*ODD, *INJECTED))
        content = content[:at] + text.encode("utf-8", "surrogatepass") + content[at:]
    return content


def _recoded(rng: random.Random, content: bytes) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(rng.choice(ENCODINGS), "replace")


def _huge(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    filling = rng.choice((b"x", b'"', b",", b"\n", b" ", b"[", b"\xff", b"a,b\n", b"\x00"))
    times = 300 if b"\n" in filling else rng.choice((300, 9_000, 9_000, 250_000, 1_100_000))
    return content[:at] + filling * times + content[at:]


def _json_value(rng: random.Random, content: bytes) -> bytes:
    start = content.find(b":", rng.randrange(len(content))) + 1
    end = content.find(b",", start)
    return content[:start] + rng.choice(JUNK_JSON) + (content[end:] if end > 0 else b"")


def _without_ends(rng: random.Random, content: bytes) -> bytes:
    return content.replace(rng.choice((b"$$$$", b"M  END", b"\n\n", b">", b"V2000")), b"")


def _member(rng: random.Random, content: bytes) -> bytes:
    """A workbook with one of its members broken, and packed again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        broken = rng.choice(old.namelist())
        way = rng.choice((_flipped, _cut, _spliced, _holed, _odd, _huge, _recoded, _bomb))
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, way(rng, text) if name == broken else text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _bomb(rng: random.Random, content: bytes) -> bytes:
    at = content.rfind(b"</")
    part = rng.choice((b"<row/>", b"<si/>", b"<a>", b"<xf/>", b"<c/>", b'<sheet name="a"/>', b" "))
    entity = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>&b;'
    return rng.choice((content[:at] + part * rng.choice((99, 200_000)) + content[at:], entity))


ANY: tuple[Break, ...] = (_flipped, _cut, _beheaded, _spliced, _holed, _odd, _recoded, _huge)
KINDS: dict[str, tuple[Callable[[random.Random], bytes], tuple[Break, ...]]] = {
    "csv": (_table, (*ANY, _odd, _odd)),
    "tsv": (_table, ANY),
    "json": (_json, (*ANY, _json_value, _json_value)),
    "ndjson": (_ndjson, (*ANY, _json_value, _json_value)),
    "sdf": (_sdf, (*ANY, _without_ends, _odd)),
    "xlsx": (_xlsx, (*ANY, *[_member] * 9)),
}


def hostile(seed: int, number: int) -> Iterator[tuple[str, bytes]]:
    """File names with their suffix, and what is in them."""
    for n in range(number):
        rng = random.Random(f"{seed} {n}")
        kind = rng.choice(list(KINDS))
        make, ways = KINDS[kind]
        content = make(rng)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            try:
                content = rng.choice(ways)(rng, content) or content
            except (
                zipfile.BadZipFile,
                NotImplementedError,
                RuntimeError,
                ValueError,
                OSError,
                zipfile.zlib.error,
                EOFError,
                KeyError,
            ):
                break  # so broken that it cannot be packed again: good
        if rng.random() < 0.05:
            kind = rng.choice(list(KINDS))
        yield f"{n}.{kind}", content


def read_fully(path: Path) -> str:
    """What became of a file: "unreadable", "wrong" for any problem, else "read".

    Asserts that rows are in order, each with fields or problems, and that problems can be told.
    """
    last, fate = 0, "read"
    try:
        for one in open_rows(path):
            assert one.fields is not None or one.problems
            for number in one.numbers:
                assert number > last
                last = number
            for problem in one.problems:
                can_be_told(problem)
                fate = "wrong"
    except Refused as refused:
        assert last == 0, "what was read before is taken already"
        assert 0 < len(str(refused)) < 2_000
        for problem in refused.problems:
            can_be_told(problem)
        fate = "unreadable"
    return fate


def can_be_told(problem: Problem) -> None:
    """A problem is short, printable and storable."""
    assert len(str(problem)) < 1_000
    assert str(problem).isprintable()
    json.dumps(problem.as_dict(), ensure_ascii=False).encode()


def take_fully(database: Database, by: Actor, path: Path) -> Counter[str]:
    """The fates of a file's rows; every row has its line on a receipt, every file a submission."""
    try:
        receipt = take_file(database, path, by=by, clock=lambda: NOW)
    except Refused as refused:
        assert refused.submission
        return Counter({"refused": 1})
    if receipt.repeated:
        return Counter({"repeated": 1})
    with database.reading() as session:
        kept = session.get_one(Submission, receipt.submission.id)
        assert kept.state is SubmissionState.PROCESSED
        lines = [line for line, _ in submission_rows(session, kept, limit=10_000)]
    assert lines
    assert {line.fate for line in lines} == set(receipt.fates)
    for line in lines:
        json.dumps(line.notes, ensure_ascii=False).encode()
    return Counter({fate.value: n for fate, n in receipt.fates.items()})


def main(number: int, seed: int = 0, every: int = 10) -> None:
    """Read `number` hostile files, and take some of them in: one in `every`."""
    read: Counter[tuple[str, str]] = Counter()
    taken: Counter[str] = Counter()
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/hostile.db")
        database.migrate()
        lab = laboratory(database, "DE")
        for n, (name, content) in enumerate(hostile(seed, number)):
            path = Path(folder) / name
            path.write_bytes(content)
            started = time.process_time()
            read[path.suffix, read_fully(path)] += 1
            if n % every == 0:
                taken += take_fully(database, lab, path)
            slowest = max(slowest, (time.process_time() - started, name))
            path.unlink()
    print(f"{read.total():,} read:", dict(sorted(read.items())))
    print(f"rows of {number // every:,} taken in:", dict(taken))
    print(f"slowest: {slowest[1]} with {slowest[0]:.1f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
