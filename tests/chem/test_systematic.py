"""Systematic names of synthetic cannabinoids, as catalogues and laboratories write them."""

import csv
import os
from pathlib import Path

import pytest

from chem import examine
from chem.anatomy.codename import CodeName, blocks_of, readings, same_name
from chem.anatomy.systematic import read

SHARED = Path(os.environ.get("TOCSIN_SHARED_DATA", "../shared/data"))


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        (
            "N-(1-Amino-3-methyl-1-oxobutan-2-yl)-1-(5-fluoropentyl)-1H-indazole-3-carboxamide",
            ("AB", "CA", "IN", "5F-P"),
        ),
        (
            "methyl (S)-2-[[1-(4-fluorobutyl)-1H-indole-3-carbonyl]amino]-3,3-dimethylbutanoate",
            ("MDMB", "CA", "I", "4F-B"),
        ),
        (
            "Methyl 2-(1-(pent-4-en-1-yl)-1H-indazole-3-carboxamido)-3,3-dimethylbutanoate",
            ("MDMB", "CA", "IN", "4en-P"),
        ),
        (
            "1-(4-cyanobutyl)-N-(2-phenylpropan-2-yl)-1H-indazole-3-carboxamide",
            ("CUMYL", "CA", "IN", "4CN-B"),
        ),
        (
            "5-bromo-1-butyl-N-[(2S)-1-amino-3,3-dimethyl-1-oxobutan-2-yl]indazole-3-carboxamide",
            ("ADB", "CA", "5Br-IN", "BUT"),
        ),
        ("Quinolin-8-yl 1-pentyl-1H-indole-3-carboxylate", ("QU", "C", "I", "P")),
        ("1-Pentyl-3-(1-naphthoyl)indole", ("1-naphthyl", "methanone", "I", "P")),
        (
            "(2-Methyl-1-propyl-1H-indol-3-yl)(naphthalen-1-yl)methanone",
            ("1-naphthyl", "methanone", "2Me-I", "PR"),
        ),
        (
            "naphthalen-1-yl(1-pentyl-1H-indol-3-yl)methanone",
            ("1-naphthyl", "methanone", "I", "P"),
        ),
        (
            "2-(2-Methoxyphenyl)-1-(1-pentyl-1H-indol-3-yl)ethanone",
            ("2-methoxybenzyl", "methanone", "I", "P"),
        ),
        ("N-cyclohexyl-2-(1-pentyl-1H-indol-3-yl)acetamide", ("CH", "ATA", "I", "P")),
        (
            "N-(1-amino-3,3-dimethyl-1-oxobutan-2-yl)-1H-indazole-3-carboxamide",
            ("ADB", "CA", "IN", "none"),
        ),
    ],
)
def test_a_systematic_name_is_read_into_the_same_four_blocks(name, blocks):
    assert readings(name) == (CodeName(*blocks),)


@pytest.mark.parametrize(
    "name",
    [
        "N-(1-Adamantyl)-1-(5-fluoropentyl)-1H-indazole-3-carboxamide metabolite",
        "N-(1-amino-3-methyl-1-oxobutan-2-yl)-1-(5-fluoropentyl)-1H-indazole-2-carboxamide",
        "1-(5-fluoropentyl)-1H-indazole-3-carboxylic acid",
        "methyl 2-amino-3,3-dimethylbutanoate",
        "N-(1-adamantyl)-1-(9-fluoropentyl)-1H-indazole-3-carboxamide",
        "x" * 10_000,
        "",
    ],
)
def test_a_name_that_is_not_understood_to_its_end_is_not_read(name):
    assert read(name) is None


def test_a_systematic_name_and_a_code_name_are_one():
    systematic = "N-(1-adamantyl)-1-(5-fluoropentyl)-1H-indazole-3-carboxamide"
    assert same_name(systematic, "5F-APINACA")
    assert same_name("5F-AKB48", systematic)
    assert not same_name(systematic, "5F-APICA")


def test_the_names_of_the_chinese_catalogue_agree_with_their_structures():
    path = SHARED / "control" / "china_catalogue_2025.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["smiles_resolved"]]
    agreed = 0
    for row in rows:
        if blocks := read(row["name_en"]):
            component = examine(row["smiles_resolved"]).components[0]
            assert blocks_of(component.parent, component.classification) == blocks, row["name_en"]
            agreed += 1
    assert agreed > 40
