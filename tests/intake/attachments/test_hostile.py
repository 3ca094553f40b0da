"""Whatever is sent, it is a reading within bounds or an error that says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Refused
from app.intake.attachments.detection import FORMATS, Format, Kind, file_name, format_of, read
from app.intake.attachments.seen import question
from app.intake.attachments.similarity import packed_essence, unpacked_essence
from app.intake.attachments.spectrum import MOST_POINTS, MOST_SPECTRA, Spectrum
from app.web.spectra import both_widths, mirrored, said, table
from tests.conftest import SHARED
from tests.intake.attachments import making
from tests.intake.attachments.test_jcamp import NTUPLES, PEAKS
from tests.intake.attachments.test_lines import MONA, NIST, RECORD

SOUND = (
    making.curve([(1665, 1.0), (1100, 0.4)], step=20),
    making.jcamp("400AJJ%\n403Cjjjjjj", points=10).encode(),
    PEAKS.encode(), NTUPLES.encode(), NIST.encode(), MONA.encode(), RECORD.encode(),
    making.mzml(making.scan(), making.scan(packed=False)), making.PDF, making.PNG,
)  # fmt: skip
PIECES = (
    b"##", b"##END=", b"##XYDATA= (X++(Y..Y))", b"##NPOINTS= 0", b"##XFACTOR= 1e308", b"1e308 ",
    b"99999999", b"Num Peaks: 3\n", b"\x00", b"\xff\xfe", b"-", b"nan", b"inf", b";", b"\n", b"?",
    b"<!DOCTYPE x>", b"<cvParam/>", b"</binary>", b"S9999", b"%", b"\xe2\x80\xae", b"//", b"0",
    b"##TITLE=", b"1/CM", b"MICROMETERS", b"HZ",
)  # fmt: skip

forms = st.sampled_from([form for form in FORMATS if form.kind is Kind.SPECTRUM])


def sound(spectra: list[Spectrum]) -> bool:
    """Within bounds, drawable, comparable; it fails where it is not."""
    assert 1 <= len(spectra) <= MOST_SPECTRA
    for one in spectra:
        assert 1 <= len(one.x) == len(one.y) <= MOST_POINTS
        assert np.isfinite(one.x.astype("<f4")).all() and np.isfinite(one.y.astype("<f4")).all()
        assert (np.diff(one.x) >= 0).all()
        assert len(one.name) <= 200 and "\n" not in one.name and "\x00" not in one.name
        unpacked_essence(packed_essence(one))
        assert both_widths("x", one) and mirrored("x", one, one) and said(one) and table(one)
    return True


def said_or_read(content: bytes, form: Format | None = None) -> bool:
    """Whether it is refused in words, or read as something that lies within bounds."""
    try:
        form = form or format_of(content)
        spectra = read(content, form) if form.kind is Kind.SPECTRUM else []
    except Refused as refusal:
        return bool(str(refusal))
    return form.kind is not Kind.SPECTRUM or sound(spectra)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400), forms)
def test_bytes_of_no_meaning(content: bytes, form) -> None:
    assert said_or_read(content, form) and said_or_read(content)
    try:
        question(content)
    except Refused as refusal:
        assert str(refusal)


@st.composite
def mutated(draw) -> bytes:
    """A sound file with a few places cut out, doubled, or filled with what hurts."""
    content = draw(st.sampled_from(SOUND))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 30))
        piece = draw(
            st.one_of(
                st.sampled_from(PIECES), st.binary(max_size=6), st.just(content[at : at + length])
            )
        )
        content = content[:at] + piece + content[at + draw(st.sampled_from([0, length])) :]
    return content


@settings(max_examples=1500, deadline=None)
@given(mutated())
def test_files_that_were_damaged(content: bytes) -> None:
    assert said_or_read(content)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from(FORMATS))
def test_names_of_any_kind(name: str, form) -> None:
    try:
        kept = file_name(name, form)
    except Refused:
        return
    assert kept.isprintable() and "/" not in kept and "\\" not in kept
    assert kept.rsplit(".", 1)[1].lower() in form.endings and len(kept) <= 140


def test_real_records_cut_anywhere_are_read_or_refused() -> None:
    folder = SHARED / "massbank" / "records"
    if not folder.exists():
        pytest.skip("real data is not here: massbank/records (set TOCSIN_SHARED_DATA)")
    for file in sorted(folder.glob("*.txt"))[::10]:
        content = file.read_bytes()
        for cut in range(0, len(content), 97):
            assert said_or_read(content[:cut], format_of(content)), (file.name, cut)


LONG = 3_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"Num Peaks: 1\n" + b"\n" * LONG,  # a million lines and more
        b"Name: x\nNum Peaks: 9\n" + b"1 1 " * LONG,  # one line of many peaks
        b"ACCESSION: x\nPK$PEAK: m/z\n  " + b"1" * LONG + b"\n//\n",
        b"Name" + b" " * LONG + b"\nNum Peaks: 1\n1 1\n",  # on which a careless pattern never ends
        b"##TITLE= x\n##DATA TYPE= INFRARED SPECTRUM\n##XYDATA= (X++(Y..Y))\n" + b"1 " * LONG,
        b"##TITLE" + b" " * LONG + b"x",
        b"##TITLE= x\n" * 1000,
        b"<mzML" + b" " * LONG,
    ],
)
def test_what_is_long_to_no_purpose_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        read(content, format_of(content))
