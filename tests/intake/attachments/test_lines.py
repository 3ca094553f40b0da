"""MSP of several makers, MassBank's records, and lines pasted from a screen."""

from __future__ import annotations

import pytest

from app.errors import Unreadable
from app.intake.attachments.lines import read_bare, read_massbank, read_msp
from app.intake.attachments.spectrum import IonMode, Technique
from tests.conftest import SHARED, shared_data
from tests.intake.attachments.making import DOPAMINE, msp

NIST = """Name: Amphetamine
Formula: C9H13N
MW: 135
CASNO: 300-62-9
Instrument_type: GC-EI-TOF
Num Peaks: 6
44 999; 91 160; 65 65;
42 40; 51 35; 39 60;

Name: Second
Num Peaks: 2
50 1
51 2
"""
MONA = """NAME: Dopamine
PRECURSORMZ: 154.0863
PRECURSORTYPE: [M+H]+
IONMODE: Negative
Spectrum_type: MS2
Num Peaks: 2
91.0542 100 "C7H7+ 0.1 ppm"
137.0597 20 "C8H9O2+"
"""


def test_nist_puts_several_peaks_on_a_line() -> None:
    first, second = read_msp(NIST)
    assert first.x.tolist() == [39, 42, 44, 51, 65, 91]
    assert first.technique is Technique.EI_MS and not first.exact
    assert second.technique is Technique.MS and second.y.tolist() == [1, 2]


def test_others_add_a_remark_to_each_peak() -> None:
    spectrum = read_msp(MONA)[0]
    assert spectrum.x.tolist() == [91.0542, 137.0597]
    assert spectrum.technique is Technique.ESI_MSN and spectrum.exact
    assert (spectrum.ion_mode, spectrum.precursor_mz) == (IonMode.NEGATIVE, 154.0863)


def test_what_is_written_is_read() -> None:
    spectrum = read_msp(msp().decode())[0]
    assert list(zip(spectrum.x, spectrum.y, strict=True)) == list(DOPAMINE)


@pytest.mark.parametrize(
    "text",
    ["58 999\n91 102\n65 23", "58\t999\n\n91\t102\n65\t23\n", "58,999\n91,102\n65,23",
     "58 999 91 102 65 23", "58:999 91:102 65:23", "58 999; 91 102; 65 23"],
)  # fmt: skip
def test_peaks_are_read_however_they_were_copied(text: str) -> None:
    spectrum = read_bare(text)[0]
    assert spectrum.x.tolist() == [58, 65, 91] and spectrum.y.tolist() == [999, 23, 102]


@pytest.mark.parametrize(("text", "wanted"), [
    ("91,0542 20", "line 1: .*decimals with a point"),
    ("91,0542 20,5", "line 1: .*decimals with a point"),
    ("58 999\nninety one", 'line 2: m/z is "ninety"'),
    ("58", "line 1: .*no pair"),
    ("58 nan", "beyond all measure"),
    ("58 0", "none has an intensity above zero"),
    ("-58 3", "negative"),
    ("", "no peaks"),
])  # fmt: skip
def test_lines_that_are_no_peaks_are_refused_by_number(text: str, wanted: str) -> None:
    with pytest.raises(Unreadable, match=wanted):
        read_bare(text)


@pytest.mark.parametrize(("text", "wanted"), [
    (NIST.replace("Num Peaks: 6", "Num Peaks: 7"), "line 9: Num Peaks promises 7; 6"),
    (NIST.replace("Num Peaks: 6", "Num Peaks: 5"), "line 8: Num Peaks promises 5; 6"),
    (NIST.replace("Num Peaks: 6", "Num Peaks: many"), 'line 6: Num Peaks is "many"'),
    (NIST.replace("Num Peaks: 6", "Num Peaks: 999999"), "line 6: more than 200,000"),
    (NIST.replace("44 999", "44 x"), 'line 7: an intensity is "x"'),
    (NIST + "\nName: Third\n", "cut short"),
    ("Num Peaks: 1\n5 5\n" * 51, "more than 50 spectra"),
    ("what is this\nNum Peaks: 1\n5 5\n", "line 1: .*neither"),
])  # fmt: skip
def test_a_damaged_msp_is_refused_where_it_is_damaged(text: str, wanted: str) -> None:
    with pytest.raises(Unreadable, match=wanted):
        read_msp(text)


RECORD = """ACCESSION: TEST-1
CH$NAME: Dopamine
AC$INSTRUMENT: Agilent 6530 QTOF
AC$INSTRUMENT_TYPE: LC-ESI-QTOF
AC$MASS_SPECTROMETRY: MS_TYPE MS2
AC$MASS_SPECTROMETRY: ION_MODE POSITIVE
MS$FOCUSED_ION: PRECURSOR_M/Z 154.0863
PK$NUM_PEAK: 2
PK$PEAK: m/z int. rel.int.
  91.0529 7426.5 999
  137.0568 1248 167
//
"""


def test_a_record_of_massbank() -> None:
    spectrum = read_massbank(RECORD)[0]
    assert spectrum.x.tolist() == [91.0529, 137.0568] and spectrum.y.tolist() == [7426.5, 1248]
    assert (spectrum.name, spectrum.instrument) == ("Dopamine", "Agilent 6530 QTOF")
    assert (spectrum.technique, spectrum.precursor_mz) == (Technique.ESI_MSN, 154.0863)
    for damaged in (RECORD.replace("//", ""), RECORD.replace("PEAK: 2", "PEAK: 3")):
        with pytest.raises(Unreadable):
            read_massbank(damaged)


def test_every_real_record_is_read_with_all_its_peaks() -> None:
    shared_data("massbank/records")
    files = sorted((SHARED / "massbank" / "records").glob("*.txt"))
    assert len(files) > 100
    for file in files:
        text = file.read_text(encoding="utf-8")
        promised = int(text.split("PK$NUM_PEAK:", 1)[1].split("\n", 1)[0])
        spectrum = read_massbank(text)[0]
        assert len(spectrum.x) == promised, file.name
        assert spectrum.technique is Technique.ESI_MSN
