"""What is known beforehand of a substance."""

import subprocess
import sys
import time

from chem.identity import identify
from chem.known import (
    MARKETED,
    by_connectivity,
    by_name,
    everything,
    known,
    known_variants,
    marketed,
    standing_of,
)
from chem.normalise import normalise
from chem.parse import parse


def connectivity(smiles):
    return identify(normalise(parse(smiles).mol).components[0].parent).connectivity


def test_a_known_substance_is_found_in_any_form():
    mephedrone = connectivity("C[NH2+]C(C)C(=O)c1ccc(C)cc1.[Cl-]")
    assert standing_of(mephedrone) == "nps"
    assert by_connectivity()[mephedrone].name == "Mephedrone"


def test_a_medicine_that_shares_a_core_is_told_apart():
    assert standing_of(connectivity("CC(NC(C)(C)C)C(=O)c1cccc(Cl)c1")) == "medicine"


def test_an_unknown_substance_has_no_standing():
    assert standing_of("AAAAAAAAAAAAAA") is None


def test_every_row_can_be_read():
    wrong = {
        substance.name: connectivity(substance.smiles)
        for substance in known()
        if connectivity(substance.smiles) != substance.connectivity
    }
    assert wrong == {}, "put these connectivities into chem/data/substances.csv"


def test_names_and_synonyms_lead_to_the_substance_whatever_their_case():
    assert by_name()["mephedrone"].name == "Mephedrone"


def test_a_variant_is_known_under_its_own_key_and_names():
    assert by_name()["dxm"].connectivity == "MKXZASYAUGDDCJ-NJAFHUGGSA"
    assert standing_of("MKXZASYAUGDDCJ-NJAFHUGGSA") == "medicine"
    assert by_connectivity()["MKXZASYAUGDDCJ"].name == "Racemethorphan"


def test_known_substances_and_variants_share_no_key():
    keys = [substance.connectivity for substance in everything()]
    assert len(set(keys)) == len(keys) == len(known()) + len(known_variants())


def test_importing_chem_reads_no_list():
    begun = time.perf_counter()
    code = "import chem, chem.known as k; assert k.known.cache_info().currsize == 0"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert time.perf_counter() - begun < 10


def test_an_nps_that_is_a_medicine_somewhere_says_where_and_stays_an_nps():
    etizolam = by_name()["etizolam"]
    assert etizolam.standing == "nps"
    assert "Japan" in marketed(etizolam.connectivity).where
    assert marketed(by_name()["mephedrone"].connectivity) is None


def test_only_what_is_no_medicine_by_its_standing_is_listed_as_marketed():
    names = [line.split(",")[0] for line in MARKETED.read_text().splitlines() if line[0] != "#"][1:]
    assert names == sorted(names, key=str.casefold)
    assert {by_name()[name.casefold()].standing for name in names} == {"nps"}
