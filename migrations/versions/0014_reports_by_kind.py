"""Reports of a kind by when they ended, and the aggregates apart: an assessment reads a few of them

The rollup is made anew by the next roll, in what it keeps by now.

Revision: 0014; after: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

AGGREGATE = sa.text("type = 'aggregate'")


def upgrade() -> None:
    op.create_index("ix_report_kind_end", "report", ["event_kind", "event_end"])
    op.create_index(
        "ix_report_aggregate",
        "report",
        ["event_end"],
        sqlite_where=AGGREGATE,
        postgresql_where=AGGREGATE,
    )


def downgrade() -> None:
    for name in ("ix_report_aggregate", "ix_report_kind_end"):
        op.drop_index(name, table_name="report")
