"""Names of an authority, of a set and of nothing; decisions about names that can be taken back

A name may count for one authority's reports alone, mean an isomer set, a family or no substance at
all, and be as restricted as the reports that bear it. What a finding was taken for before a
decision was taken back is kept, so that a replay still sees it.

Revision: 0005; after: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SHARED = sa.text("authority_id IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("substance_name") as table:
        table.add_column(sa.Column("language", sa.String(length=8), nullable=True))
        table.add_column(
            sa.Column("handling", sa.SmallInteger(), nullable=False, server_default="0")
        )
        table.add_column(sa.Column("authority_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("family", sa.String(length=60), nullable=True))
        table.add_column(
            sa.Column("no_substance", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.drop_constraint("uq_substance_name_key", type_="unique")
        table.create_unique_constraint(
            op.f("uq_substance_name_key_authority_id"), ["key", "authority_id"]
        )
        table.create_foreign_key(
            op.f("fk_substance_name_authority_id"), "authority", ["authority_id"], ["id"]
        )
        table.create_index(op.f("ix_substance_name_authority_id"), ["authority_id"])
    with op.batch_alter_table("substance_name") as table:
        table.alter_column("handling", existing_type=sa.SmallInteger(), server_default=None)
        table.alter_column("no_substance", existing_type=sa.Boolean(), server_default=None)
    op.create_index(
        "uq_substance_name_shared",
        "substance_name",
        ["key"],
        unique=True,
        sqlite_where=SHARED,
        postgresql_where=SHARED,
    )
    op.create_table(
        "name_member",
        sa.Column("name_id", sa.Integer(), nullable=False),
        sa.Column("substance_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name_id"],
            ["substance_name.id"],
            name=op.f("fk_name_member_name_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["substance_id"], ["substance.id"], name=op.f("fk_name_member_substance_id")
        ),
        sa.PrimaryKeyConstraint("name_id", "substance_id", name=op.f("pk_name_member")),
    )
    op.create_index(op.f("ix_name_member_substance_id"), "name_member", ["substance_id"])
    op.create_table(
        "name_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("written", sa.String(length=300), nullable=False),
        sa.Column("handling", sa.SmallInteger(), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=True),
        sa.Column("meant", sa.String(length=40), nullable=False),
        sa.Column("substance_id", sa.Integer(), nullable=True),
        sa.Column("family", sa.String(length=60), nullable=True),
        sa.Column("unodc_group", sa.String(length=40), nullable=True),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("made_name", sa.Boolean(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.String(length=254), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(length=254), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["authority.id"], name=op.f("fk_name_decision_authority_id")
        ),
        sa.ForeignKeyConstraint(
            ["substance_id"], ["substance.id"], name=op.f("fk_name_decision_substance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_name_decision")),
    )
    for column in ("decided_at", "key", "substance_id"):
        op.create_index(op.f(f"ix_name_decision_{column}"), "name_decision", [column])
    op.create_table(
        "outside_answer",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("asked", sa.String(length=300), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("compounds", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_outside_answer")),
    )
    op.create_table(
        "former_resolution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("substance_id", sa.Integer(), nullable=True),
        sa.Column("resolution", sa.String(length=40), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["finding.id"], name=op.f("fk_former_resolution_finding_id")
        ),
        sa.ForeignKeyConstraint(
            ["substance_id"], ["substance.id"], name=op.f("fk_former_resolution_substance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_resolution")),
    )
    for column in ("finding_id", "substance_id", "until"):
        op.create_index(op.f(f"ix_former_resolution_{column}"), "former_resolution", [column])


def downgrade() -> None:
    # the older schema knows no name of nothing and none of one authority: their findings wait again
    for name in ("former_resolution", "outside_answer", "name_decision", "name_member"):
        op.drop_table(name)
    op.execute(
        "UPDATE finding SET resolution = 'queued', resolved_at = NULL "
        "WHERE resolution = 'not_a_substance'"
    )
    op.execute("DELETE FROM substance_name WHERE authority_id IS NOT NULL OR no_substance")
    op.execute(
        "UPDATE substance_name SET unodc_group = 'other' WHERE substance_id IS NULL AND unodc_group IS NULL"
    )
    op.drop_index("uq_substance_name_shared", "substance_name")
    with op.batch_alter_table("substance_name") as table:
        table.drop_index(op.f("ix_substance_name_authority_id"))
        table.drop_constraint("fk_substance_name_authority_id", type_="foreignkey")
        table.drop_constraint("uq_substance_name_key_authority_id", type_="unique")
        table.create_unique_constraint(op.f("uq_substance_name_key"), ["key"])
        for column in ("no_substance", "family", "authority_id", "handling", "language"):
            table.drop_column(column)
