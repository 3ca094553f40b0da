"""Pairs that may be one event, groups that are, and how far reports have been compared

Reports are named by authority and reference, so that nothing of a report changes.

Revision: 0007; after: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duplicate_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_authority_id", sa.Integer(), nullable=False),
        sa.Column("first_reference", sa.String(length=200), nullable=False),
        sa.Column("second_authority_id", sa.Integer(), nullable=False),
        sa.Column("second_reference", sa.String(length=200), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=254), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["first_authority_id"],
            ["authority.id"],
            name=op.f("fk_duplicate_pair_first_authority_id"),
        ),
        sa.ForeignKeyConstraint(
            ["second_authority_id"],
            ["authority.id"],
            name=op.f("fk_duplicate_pair_second_authority_id"),
        ),
        sa.ForeignKeyConstraint(
            ["first_id"], ["report.id"], name=op.f("fk_duplicate_pair_first_id")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["report.id"], name=op.f("fk_duplicate_pair_second_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pair")),
        sa.UniqueConstraint(
            "first_authority_id",
            "first_reference",
            "second_authority_id",
            "second_reference",
            name="uq_duplicate_pair_cases",
        ),
    )
    op.create_index(
        "ix_duplicate_pair_second", "duplicate_pair", ["second_authority_id", "second_reference"]
    )
    op.create_index("ix_duplicate_pair_queue", "duplicate_pair", ["status", "weight"])
    op.create_index(op.f("ix_duplicate_pair_first_id"), "duplicate_pair", ["first_id"])
    op.create_index(op.f("ix_duplicate_pair_second_id"), "duplicate_pair", ["second_id"])
    op.create_table(
        "duplicate_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_group")),
    )
    op.create_table(
        "duplicate_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["authority.id"], name=op.f("fk_duplicate_member_authority_id")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["duplicate_group.id"], name=op.f("fk_duplicate_member_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_member")),
    )
    op.create_index(op.f("ix_duplicate_member_group_id"), "duplicate_member", ["group_id"])
    op.create_index(
        "uq_duplicate_member_standing",
        "duplicate_member",
        ["authority_id", "reference"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "duplicate_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("up_to", sa.Integer(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("bounded", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_run")),
    )


def downgrade() -> None:
    for table in ("duplicate_run", "duplicate_member", "duplicate_group", "duplicate_pair"):
        op.drop_table(table)
