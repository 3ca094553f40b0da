"""How alike spectra are: worked out by hand, and the same through the index as one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.intake.attachments.detection import JCAMP, read
from app.intake.attachments.index import SpectrumIndex
from app.intake.attachments.similarity import (
    FEWEST_MATCHED,
    Essence,
    comparable,
    correlation,
    cosine,
    essence,
    packed_essence,
    strongest,
)
from app.intake.attachments.spectrum import Spectrum, Technique, is_exact, peaks
from tests.intake.attachments.making import Pairs, curve


def mass_spectrum(pairs: Pairs, technique: Technique = Technique.EI_MS) -> Spectrum:
    flat = np.array(pairs, dtype=float)
    x, y = peaks(flat[:, 0], flat[:, 1])
    return Spectrum(technique, x, y, "m/z", "", sticks=True, exact=is_exact(x))


def of(pairs: Pairs, technique: Technique = Technique.EI_MS) -> Essence:
    found = essence(mass_spectrum(pairs, technique))
    assert found is not None
    return found


def test_a_cosine_worked_out_by_hand() -> None:
    """The weights √I·m², with 5000 taken out of all: a is 5, 10, 32; b is 5, 20, 16 and 18."""
    a = of([(50, 100), (100, 25), (200, 16)])
    b = of([(50, 100), (100, 100), (200, 4), (300, 1)])
    top = 5 * 5 + 10 * 20 + 32 * 16
    wanted = top / math.sqrt((25 + 100 + 1024) * (25 + 400 + 256 + 324))
    found = cosine(a, b)
    assert found.matched == 3
    assert found.score == pytest.approx(wanted, abs=1e-6)
    assert wanted == pytest.approx(0.68585, abs=1e-5)


def test_a_spectrum_is_itself_and_unlike_one_that_shares_nothing() -> None:
    one = of([(50, 100), (100, 25), (200, 4)])
    assert cosine(one, one).score == pytest.approx(1)
    assert cosine(one, of([(51, 100), (102, 25), (203, 4)])).score == 0


def test_nominal_masses_agree_within_half_a_dalton_and_exact_ones_within_a_hundredth() -> None:
    nominal = of([(50, 9), (100, 9), (150, 9)])
    assert cosine(nominal, of([(50.4, 9), (100.1, 9), (149.6, 9)])).matched == 3
    exact = of([(50.0123, 9), (100.0456, 9), (150.0789, 9)])
    near = of([(50.0203, 9), (100.0356, 9), (150.0871, 9)])
    far = of([(50.0253, 9), (100.0236, 9), (150.0921, 9)])
    assert (cosine(exact, near).matched, cosine(exact, far).matched) == (3, 0)
    assert cosine(exact, nominal).matched == 3  # the coarser one decides


def test_a_peak_is_matched_once_with_the_heaviest_partner() -> None:
    one = of([(100.0, 100), (150, 1), (180, 1)])
    two = of([(99.7, 10), (100.2, 90), (150, 1), (180, 1)])
    assert cosine(one, two).matched == 3
    assert cosine(one, two).score < 1


def test_one_shared_peak_is_no_likeness() -> None:
    many, other = [(50, 1), (60, 1), (70, 1), (300, 99)], [(51, 1), (61, 1), (71, 1), (300, 99)]
    assert cosine(of(many), of(other)).score == 0
    assert cosine(of([(300, 99)]), of([(300, 99)])).score == pytest.approx(1)
    assert FEWEST_MATCHED == 3


def test_noise_and_the_weakest_of_many_are_left_out() -> None:
    x, y = strongest(np.arange(1.0, 301), np.arange(1.0, 301))
    assert len(x) == 150 and x[0] == 151 and y[-1] == 1
    x, _ = strongest(np.array([10.0, 20]), np.array([1e-4, 1.0]))
    assert x.tolist() == [20]


BANDS = [(1665, 0.9), (1345, 0.95), (1110, 0.4), (830, 0.5)]


def infrared(content: bytes) -> Spectrum:
    return read(content, JCAMP)[0]


def test_the_same_curve_correlates_in_whichever_unit_it_is_told() -> None:
    absorbance = infrared(curve(BANDS))
    percent = Spectrum(
        Technique.IR, absorbance.x, 100 * 10**-absorbance.y, "1/cm", "transmittance", sticks=False
    )
    other = infrared(curve([(1700, 0.9), (1250, 0.9), (900, 0.5)]))
    one, two, three = essence(absorbance), essence(percent), essence(other)
    assert one and two and three
    assert correlation(one, two).score == pytest.approx(1, abs=1e-4)
    assert correlation(one, three).score < 0.3
    assert correlation(one, two).matched == 0


def test_what_cannot_be_compared_has_nothing_to_compare() -> None:
    assert packed_essence(infrared(curve(BANDS, last=1000))) == b""
    flat = np.linspace(600, 4000, 2000)
    assert packed_essence(Spectrum(Technique.IR, flat, flat * 0, "1/cm", "", False)) == b""
    assert packed_essence(Spectrum(Technique.NMR, flat, flat, "ppm", "", False)) == b""


def test_like_is_compared_with_like() -> None:
    assert comparable(Technique.MS, Technique.EI_MS) and comparable(Technique.MS, Technique.MS)
    assert not comparable(Technique.EI_MS, Technique.ESI_MSN)
    assert not comparable(Technique.IR, Technique.RAMAN)


masses = st.one_of(st.integers(30, 400).map(float), st.floats(30, 400).map(lambda mz: round(mz, 4)))
lists = st.lists(st.tuples(masses, st.floats(0.01, 1000)), min_size=1, max_size=30)
techniques = st.sampled_from([Technique.EI_MS, Technique.ESI_MSN, Technique.MS])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(lists, techniques), min_size=1, max_size=12), lists, techniques)
def test_the_index_finds_what_comparing_with_all_finds(stored, asked, technique) -> None:
    held = [mass_spectrum(pairs, kind) for pairs, kind in stored]
    wanted = of(asked, technique)
    index = SpectrumIndex()
    for number, spectrum in enumerate(held):  # one at a time, so that blocks grow and merge
        index.add_all([(str(number), packed_essence(spectrum))])
    assert len(index) == len(held)
    found = {hit.id: hit.score for hit in index.like(wanted, 0.3)}
    for number, spectrum in enumerate(held):
        other = essence(spectrum)
        assert other is not None
        score = cosine(wanted, other).score if comparable(technique, spectrum.technique) else 0
        if abs(score - 0.3) > 1e-4:
            assert (number in found) == (score >= 0.3)
        if number in found:
            assert found[number] == pytest.approx(score, abs=1e-4)


def test_curves_are_found_beside_peaks() -> None:
    index = SpectrumIndex()
    held = [infrared(curve(BANDS)), infrared(curve([(1700, 1), (900, 1)])),
            mass_spectrum([(50, 1), (60, 2), (70, 3)])]  # fmt: skip
    index.add_all((str(n), packed_essence(one)) for n, one in enumerate(held))
    asked = essence(held[0])
    assert asked
    assert [hit.id for hit in index.like(asked, 0.9)] == [0]
    assert [hit.id for hit in index.like(of([(50, 1), (60, 2), (70, 3)]), 0.9)] == [2]
