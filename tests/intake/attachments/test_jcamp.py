"""JCAMP-DX in all its forms says the same, and a damaged file says where."""

from __future__ import annotations

import numpy as np
import pytest

from app.errors import Unreadable
from app.intake.attachments.jcamp import read_jcamp
from app.intake.attachments.spectrum import IonMode, Technique
from tests.intake.attachments.making import jcamp

# the ordinates of the example of McDonald and Wilks (1988), in each of its forms
ORDINATES = [1, 2, 3, 3, 2, 1, 0, -1, -2, -3]
FORMS = {
    "AFFN": "400 1 2 3 3 2 1 0 -1 -2 -3",
    "AFFN with commas": "400, 1.0, 2., 3, 3, 2, 1, 0.0, -1, -2, -3",
    "AFFN with exponents": "400 1.0E+00 0.2E+01 3 3 20E-01 1 0 -1 -2 -3",
    "PAC": "400+1+2+3+3+2+1+0-1-2-3",
    "SQZ": "400ABCCBA@abc",
    "DIF": "400AJJ%jjjjjj",
    "DIFDUP": "400AJJ%jX",
    "SQZ with DUP": "400ABCTBA@abc",
    "DIF over two lines": "400AJJ%\n403Cjjjjjj",
    "DIF with its last check": "400AJJ%jjjjjj\n409c",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_numbers_says_the_same(form: str) -> None:
    spectrum = read_jcamp(jcamp(FORMS[form], points=10))[0]
    assert spectrum.y.tolist() == ORDINATES
    assert spectrum.x.tolist() == list(range(400, 410))


def test_a_curve_that_runs_down_is_turned_and_scaled() -> None:
    text = jcamp("40 10 20 30", points=3, FIRSTX="4000", LASTX="3998", YFACTOR="0.01")
    spectrum = read_jcamp(text)[0]
    assert spectrum.x.tolist() == [3998, 3999, 4000]
    assert spectrum.y == pytest.approx([0.3, 0.2, 0.1])
    assert (spectrum.technique, spectrum.x_unit, spectrum.sticks) == (Technique.IR, "1/cm", False)


def test_units_are_brought_to_those_of_the_technique() -> None:
    microns = read_jcamp(jcamp("1 5 6", XUNITS="MICROMETERS", FIRSTX="2.5", LASTX="10"))[0]
    assert microns.x.tolist() == [1000, 4000] and microns.y.tolist() == [6, 5]
    hertz = read_jcamp(
        jcamp("1 5 6", DATA_TYPE="NMR SPECTRUM", XUNITS="HZ", FIRSTX="4000", LASTX="0",
              **{".OBSERVE FREQUENCY": "400"})
    )[0]  # fmt: skip
    assert hertz.x.tolist() == [0, 10] and hertz.x_unit == "ppm"


PEAKS = """##TITLE= Methamphetamine, EI
##JCAMP-DX= 5.00
##DATA TYPE= MASS SPECTRUM
##.SPECTROMETER TYPE= QUADRUPOLE
##.IONIZATION MODE= EI+
##XUNITS= M/Z
##YUNITS= RELATIVE ABUNDANCE
##NPOINTS= 4
##PEAK TABLE= (XY..XY)
58, 999; 91, 102 $$ tropylium
65,23
56,58
##END=
"""


def test_a_peak_table_is_a_mass_spectrum() -> None:
    spectrum = read_jcamp(PEAKS)[0]
    assert spectrum.technique is Technique.EI_MS and spectrum.ion_mode is IonMode.POSITIVE
    assert spectrum.x.tolist() == [56, 58, 65, 91] and spectrum.y.tolist() == [58, 999, 23, 102]
    assert spectrum.sticks and not spectrum.exact and spectrum.name == "Methamphetamine, EI"


NTUPLES = """##TITLE= MS by NTUPLES
##DATA TYPE= MASS SPECTRUM
##NTUPLES= MASS SPECTRUM
##VAR_NAME= MASS, INTENSITY, RETENTION TIME
##SYMBOL= X, Y, T
##VAR_FORM= AFFN, AFFN, AFFN
##UNITS= M/Z, RELATIVE ABUNDANCE, SECONDS
##FACTOR= 1, 2, 1
##PAGE= T=5
##DATA TABLE= (XY..XY), PEAKS
50,10 51,20
##PAGE= T=10
##DATA TABLE= (XY..XY), PEAKS
50,30
52,40
##END NTUPLES= MASS SPECTRUM
##END=
"""


def test_ntuples_give_a_spectrum_a_page() -> None:
    one, other = read_jcamp(NTUPLES)
    assert (one.x.tolist(), one.y.tolist()) == ([50, 51], [20, 40])
    assert (other.x.tolist(), other.y.tolist()) == ([50, 52], [60, 80])


def test_linked_blocks_give_a_spectrum_each() -> None:
    inner = jcamp("400 1 2", points=2)
    text = f"##TITLE= Both\n##DATA TYPE= LINK\n##BLOCKS= 3\n{inner}{PEAKS}##END=\n"
    assert [one.technique for one in read_jcamp(text)] == [Technique.IR, Technique.EI_MS]


WRONG = {
    "a line is lost": (jcamp("400AJJ%\n405Ajjj"), "line 14: begins with 1 where"),
    "a promise is not kept": (jcamp("400 1 2 3", points=4), "line 13: ##NPOINTS= promises 4; 3"),
    "a letter among numbers": (jcamp("400 1 2 x3"), 'line 13: "x3" is no number'),
    "a value was lost": (jcamp("400 1 ? 3"), "stands for a value that was lost"),
    "cut short": (jcamp("400 1 2").replace("##END=", ""), "line 1: the block that begins here"),
    "a repeat of nothing": (jcamp("400X"), "line 13: a repeat comes before any value"),
    "a difference to nothing": (jcamp("400J"), "line 13: a difference comes before"),
    "one repeat of millions": (jcamp("400AS99999999"), "line 13: more than 200,000 points"),
    "half a point": (PEAKS.replace("56,58", "56"), "7 numbers do not make whole points"),
    "a negative peak": (PEAKS.replace("56,58", "56,-58"), "there is a negative number"),
    "no technique": (jcamp("400 1", DATA_TYPE="CHROMATOGRAM"), '##DATA TYPE= is "CHROMATOGRAM"'),
    "an FID": (jcamp("400 1", DATA_TYPE="NMR FID"), "an FID is no spectrum yet"),
    "another form": (
        jcamp("400 1").replace("(X++(Y..Y))", "(XYZ..XYZ)"), '"(XYZ..XYZ)" is not read',
    ),
    "no start": ("400 1 2\n", "line 1: a JCAMP-DX file begins with"),
    "a factor of nothing": (jcamp("400 1 2", YFACTOR="none"), 'line 11: ##YFACTOR is "none"'),
    "infinity": (jcamp("400 1 2", FIRSTX="1e999"), "beyond all measure"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_damaged_file_is_refused_where_it_is_damaged(case: str) -> None:
    text, wanted = WRONG[case]
    with pytest.raises(Unreadable) as refusal:
        read_jcamp(text)
    assert wanted in str(refusal.value)


def test_what_the_readers_leave_is_finite() -> None:
    spectrum = read_jcamp(jcamp("400 1 2 3", points=3))[0]
    assert np.isfinite(spectrum.x).all() and np.isfinite(spectrum.y).all()
