"""Blocks of substances, and counted events kept from one assessment to the next

All of it can be made anew from what is there.

Revision: 0011; after: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

EMBARGOED = sa.text("embargo_until IS NOT NULL")
CURATED = sa.text("resolution = 'curator'")


def upgrade() -> None:
    op.create_table(
        "substance_blocks",
        sa.Column("substance_id", sa.Integer(), nullable=False),
        sa.Column("ruleset", sa.String(40), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["substance_id"], ["substance.id"], name=op.f("fk_substance_blocks_substance_id")
        ),
        sa.PrimaryKeyConstraint("substance_id", name=op.f("pk_substance_blocks")),
    )
    op.create_table(
        "rollup",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("rolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newest_substance", sa.Integer(), nullable=False),
        sa.Column("watched", sa.String(64), nullable=False),
        sa.Column("layout", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollup")),
    )
    op.create_table(
        "rolled_month",
        sa.Column("part", sa.String(40), nullable=False),
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("substance_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("part", "month", "substance_id", name=op.f("pk_rolled_month")),
    )
    op.create_index(
        "ix_report_embargo",
        "report",
        ["embargo_until"],
        sqlite_where=EMBARGOED,
        postgresql_where=EMBARGOED,
    )
    op.create_index(
        "ix_finding_curated",
        "finding",
        ["resolved_at"],
        sqlite_where=CURATED,
        postgresql_where=CURATED,
    )


def downgrade() -> None:
    op.drop_index("ix_finding_curated", table_name="finding")
    op.drop_index("ix_report_embargo", table_name="report")
    for table in ("rolled_month", "rollup", "substance_blocks"):
        op.drop_table(table)
