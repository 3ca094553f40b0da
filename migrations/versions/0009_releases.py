"""A focal point may handle a report anew, and any past day still knows how it was handled then

Revision: 0009; after: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handling_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("handling_before", sa.SmallInteger(), nullable=False),
        sa.Column("handling_after", sa.SmallInteger(), nullable=False),
        sa.Column("embargo_before", sa.Date(), nullable=True),
        sa.Column("embargo_after", sa.Date(), nullable=True),
        sa.Column("changed_by", sa.String(length=254), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_handling_change_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handling_change")),
    )
    op.create_index(op.f("ix_handling_change_report_id"), "handling_change", ["report_id"])


def downgrade() -> None:
    # the handling that counts stays on the reports; only how it came about is lost
    op.drop_table("handling_change")
