"""Blocks of substances are cut once, and again when the rules have changed."""

from __future__ import annotations

from sqlalchemy import select, update

from app.db import Database
from app.registry.blocks import SubstanceBlocks, blocks_of, settle_blocks
from app.registry.models import Substance
from app.surveillance.nodes import NodeKind, kin, nodes


def test_substances_are_cut_once_under_each_set_of_rules(
    known: Database,
) -> None:
    with known.transaction() as session:
        cut = settle_blocks(session, limit=10_000)
        assert cut == len(session.scalars(select(Substance.id)).all())
        assert settle_blocks(session, limit=10_000) == 0
        session.execute(update(SubstanceBlocks).values(ruleset="older", blocks=[]))
        assert settle_blocks(session, limit=10_000) == cut
        wanted = ("MDMB-4en-PINACA", "ADB-4en-PINACA", "Mephedrone")
        ids = [
            session.scalars(select(Substance.id).where(Substance.name == name)).one()
            for name in wanted
        ]
        first, second, third = (set(blocks_of(session).get(number, ())) for number in ids)
        tails = {slot for slot, _, _ in first & second}
        every = nodes(kin(session))
    assert "tail" in tails
    assert "linked_group" not in tails
    assert third == set()
    assert {node.kind for node in every} == set(NodeKind) - {NodeKind.NAME}
    assert any(
        set(ids[:2]) <= set(node.members) and node.key.startswith("tail:")
        for node in every
        if node.kind is NodeKind.BLOCK
    )
