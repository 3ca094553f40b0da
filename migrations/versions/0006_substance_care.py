"""Substances can be merged, split, named and identified, and all of it undone

Findings remember what they meant before they were moved; acts remember what they changed. The CAS
numbers held so far become identifiers where their check digit holds.

Revision: 0006; after: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("substance") as table:
        table.add_column(
            sa.Column("name_chosen", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        table.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("tautomer_key", sa.String(length=16), nullable=True))
        table.create_foreign_key(
            op.f("fk_substance_merged_into_id"), "substance", ["merged_into_id"], ["id"]
        )
        table.create_index(op.f("ix_substance_merged_into_id"), ["merged_into_id"])
        table.create_index(op.f("ix_substance_tautomer_key"), ["tautomer_key"])
    with op.batch_alter_table("control_listing") as table:
        table.add_column(sa.Column("of_substance_id", sa.Integer(), nullable=True))
    op.execute("UPDATE control_listing SET of_substance_id = substance_id")
    with op.batch_alter_table("control_listing") as table:
        table.alter_column("of_substance_id", existing_type=sa.Integer(), nullable=False)
        table.create_foreign_key(
            op.f("fk_control_listing_of_substance_id"), "substance", ["of_substance_id"], ["id"]
        )
        table.drop_constraint("uq_control_listing_substance_id_convention_schedule", type_="unique")
        table.create_unique_constraint(
            op.f("uq_control_listing_of_substance_id_convention_schedule"),
            ["of_substance_id", "convention", "schedule"],
        )
        table.create_index(op.f("ix_control_listing_substance_id"), ["substance_id"])
    op.create_table(
        "registry_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("substance_id", sa.Integer(), nullable=True),
        sa.Column("other_id", sa.Integer(), nullable=True),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=254), nullable=True),
        sa.ForeignKeyConstraint(
            ["other_id"], ["substance.id"], name=op.f("fk_registry_act_other_id")
        ),
        sa.ForeignKeyConstraint(
            ["substance_id"], ["substance.id"], name=op.f("fk_registry_act_substance_id")
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["registry_act.id"], name=op.f("fk_registry_act_undoes_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_act")),
    )
    op.create_index(op.f("ix_registry_act_other_id"), "registry_act", ["other_id"])
    op.create_index(op.f("ix_registry_act_substance_id"), "registry_act", ["substance_id"])
    op.create_table(
        "finding_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("act_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_substance_id", sa.Integer(), nullable=True),
        sa.Column("to_substance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["act_id"], ["registry_act.id"], name=op.f("fk_finding_move_act_id")
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["finding.id"], name=op.f("fk_finding_move_finding_id")
        ),
        sa.ForeignKeyConstraint(
            ["from_substance_id"],
            ["substance.id"],
            name=op.f("fk_finding_move_from_substance_id"),
        ),
        sa.ForeignKeyConstraint(
            ["to_substance_id"], ["substance.id"], name=op.f("fk_finding_move_to_substance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_move")),
    )
    op.create_index("ix_finding_move_finding", "finding_move", ["finding_id", "id"])
    op.create_index(op.f("ix_finding_move_act_id"), "finding_move", ["act_id"])
    op.create_index(op.f("ix_finding_move_at"), "finding_move", ["at"])
    identifier = op.create_table(
        "external_identifier",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("substance_id", sa.Integer(), nullable=False),
        sa.Column("of_substance_id", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=20), nullable=False),
        sa.Column("of_form", sa.String(length=120), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("added_by", sa.String(length=254), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["of_substance_id"],
            ["substance.id"],
            name=op.f("fk_external_identifier_of_substance_id"),
        ),
        sa.ForeignKeyConstraint(
            ["substance_id"], ["substance.id"], name=op.f("fk_external_identifier_substance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_identifier")),
        sa.UniqueConstraint(
            "scheme",
            "value",
            "of_substance_id",
            name=op.f("uq_external_identifier_scheme_value_of_substance_id"),
        ),
    )
    op.create_index(
        op.f("ix_external_identifier_substance_id"), "external_identifier", ["substance_id"]
    )
    op.create_index(op.f("ix_external_identifier_value"), "external_identifier", ["value"])
    _carry_cas_over(identifier)


def _carry_cas_over(identifier: sa.Table) -> None:
    substance = sa.table(
        "substance",
        sa.column("id", sa.Integer),
        sa.column("cas", sa.String),
        sa.column("enrolled_at", sa.DateTime(timezone=True)),
    )
    held = op.get_bind().execute(
        sa.select(substance).where(substance.c.cas.is_not(None)).order_by(substance.c.id)
    )
    rows = [
        {
            "substance_id": number,
            "of_substance_id": number,
            "scheme": "cas",
            "value": cas,
            "of_form": "",
            "source": "shipped knowledge base",
            "added_by": "system",
            "at": enrolled_at,
        }
        for number, cas, enrolled_at in held
        if _check_digit_holds(cas)
    ]
    if rows:
        op.bulk_insert(identifier, rows)


def _check_digit_holds(cas: str) -> bool:
    """The last digit is the sum of the others, each times its place from the right, modulo 10."""
    parts = cas.split("-")
    if not (cas.isascii() and len(parts) == 3 and all(part.isdecimal() for part in parts)):
        return False
    digits = "".join(parts)
    weighed = sum(place * int(digit) for place, digit in enumerate(digits[-2::-1], start=1))
    return weighed % 10 == int(digits[-1])


def downgrade() -> None:
    # what was merged or split stays so: its findings mean what they mean today
    op.drop_table("external_identifier")
    op.drop_table("finding_move")
    op.drop_table("registry_act")
    # a listing that came with a merge goes back to the substance it is of
    op.execute("UPDATE control_listing SET substance_id = of_substance_id")
    with op.batch_alter_table("control_listing") as table:
        table.drop_index(op.f("ix_control_listing_substance_id"))
        table.drop_constraint(
            "uq_control_listing_of_substance_id_convention_schedule", type_="unique"
        )
        table.create_unique_constraint(
            op.f("uq_control_listing_substance_id_convention_schedule"),
            ["substance_id", "convention", "schedule"],
        )
        table.drop_constraint("fk_control_listing_of_substance_id", type_="foreignkey")
        table.drop_column("of_substance_id")
    with op.batch_alter_table("substance") as table:
        table.drop_index(op.f("ix_substance_tautomer_key"))
        table.drop_index(op.f("ix_substance_merged_into_id"))
        table.drop_constraint("fk_substance_merged_into_id", type_="foreignkey")
        table.drop_column("tautomer_key")
        table.drop_column("merged_into_id")
        table.drop_column("name_chosen")
