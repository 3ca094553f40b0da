"""mzML: what it says is read, what XML could do is not."""

from __future__ import annotations

import base64
import zlib

import pytest

from app.errors import Unreadable
from app.intake.attachments.mzml import read_mzml, summits
from app.intake.attachments.spectrum import IonMode, Technique
from tests.intake.attachments.making import DOPAMINE, array, mzml, scan, term

MASSES = [mz for mz, _ in DOPAMINE]


@pytest.mark.parametrize("packed", [True, False])
def test_arrays_are_read_packed_or_not(packed: bool) -> None:
    spectrum = read_mzml(mzml(scan(packed=packed)))[0]
    assert spectrum.x.tolist() == MASSES and spectrum.exact
    assert (spectrum.technique, spectrum.ion_mode) == (Technique.ESI_MSN, IonMode.POSITIVE)
    assert spectrum.precursor_mz == 154.0863


def test_arrays_of_single_precision() -> None:
    assert read_mzml(mzml(scan(bits=32)))[0].x == pytest.approx(MASSES, abs=1e-5)


def test_terms_of_a_group_hold_where_it_is_referred_to() -> None:
    group = (
        '<referenceableParamGroup id="g"><cvParam accession="MS:1000129"/>'
        '</referenceableParamGroup>'
    )  # fmt: skip
    refers = scan(level=1).replace(term("MS:1000130"), '<referenceableParamGroupRef ref="g"/>')
    content = mzml(refers).replace(b"<run>", f"{group}<run>".encode())
    spectrum = read_mzml(content)[0]
    assert (spectrum.ion_mode, spectrum.technique) == (IonMode.NEGATIVE, Technique.MS)


def test_a_profile_is_reduced_to_its_summits() -> None:
    profile = [(100.0 + n / 100, h) for n, h in enumerate([0, 3, 9, 4, 0, 0, 2, 5, 1])]
    more = '<cvParam accession="MS:1000128"/>'
    spectrum = read_mzml(mzml(scan(profile, more=more)))[0]
    assert spectrum.x == pytest.approx([100.02, 100.07]) and spectrum.y.tolist() == [9, 5]


def test_a_chromatogram_is_left_aside() -> None:
    arrays = array([1, 2], "MS:1000595") + array([3, 4], "MS:1000515")
    content = mzml(scan()).replace(
        b"</run>", f"<chromatogramList>{arrays}</chromatogramList></run>".encode()
    )
    assert len(read_mzml(content)) == 1


BOMB = '<!DOCTYPE mzML [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]>\n'
OUTSIDE = '<!DOCTYPE mzML [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'
SWOLLEN = base64.b64encode(zlib.compress(bytes(50_000_000))).decode()


SWELLING = array([1.0] * 100_000, "MS:1000514")  # a few hundred bytes each
GROUP = (
    b'<referenceableParamGroup id="g">'
    + b"".join(b'<cvParam accession="%d"/>' % n for n in range(100))
    + b"</referenceableParamGroup>"
)


def swollen() -> bytes:
    good = array(MASSES, "MS:1000514")
    start, end = good.index("<binary>") + 8, good.index("</binary>")
    return mzml(scan().replace(good, good[:start] + SWOLLEN + good[end:]))


@pytest.mark.parametrize(("content", "wanted"), [
    (mzml(scan(), head=BOMB), "line 2: a document type"),
    (mzml(scan(), head=OUTSIDE), "line 2: a document type"),
    (swollen(), "more than 200,000 points"),
    (mzml(scan().replace("<binaryDataArrayList>", "<binaryDataArrayList>" + SWELLING * 20)),
     "more than 500,000 points in one file"),
    (mzml(scan()).replace(b"<run>", GROUP + b"<run>"), "a group of terms larger"),
    (mzml(*[scan()] * 51), "more than 50 spectra"),
    (mzml(scan()).replace(b"MS:1000574", b"MS:1002312"), "packed in a way that is not read"),
    (mzml(scan()).replace(b"MS:1000523", b"MS:0000000"), "32 or 64 bits"),
    (mzml(scan()).replace(b"<binary>", b"<binary>*"), "no base64"),
    (mzml(scan(packed=False)).replace(b"MS:1000576", b"MS:1000574"), "no zlib stream"),
    (mzml(scan().replace("MS:1000515", "MS:1000595")), "do not come in pairs"),
    (mzml(scan([(1.0, float("nan"))])), "beyond all measure"),
    (mzml(scan([(1.0, float("inf"))])), "beyond all measure"),
    (mzml(scan([(1.0, -5.0)])), "negative"),
    (mzml(scan())[:-200], "this is no XML"),
    (b"<mzML>" * 100, "without end"),
    (b"<html/>", "this is <html>, not mzML"),
    (b'<?xml version="1.0" encoding="nonsense"?><mzML/>', "this is no XML"),
])  # fmt: skip
def test_what_is_wrong_or_hostile_is_refused(content: bytes, wanted: str) -> None:
    with pytest.raises(Unreadable, match=wanted):
        read_mzml(content)


def test_a_zlib_stream_that_is_cut_short_is_refused() -> None:
    packed = zlib.compress(b"".join(bytes(8) for _ in MASSES))[:-6]
    good = array(MASSES, "MS:1000514")
    start, end = good.index("<binary>") + 8, good.index("</binary>")
    content = mzml(
        scan().replace(good, good[:start] + base64.b64encode(packed).decode() + good[end:])
    )
    with pytest.raises(Unreadable, match="cut short"):
        read_mzml(content)


def test_summits_of_a_plateau_are_counted_once() -> None:
    import numpy as np

    x, y = summits(np.array([1.0, 2, 3, 4]), np.array([5.0, 7, 7, 1]))
    assert (x.tolist(), y.tolist()) == ([3], [7])
