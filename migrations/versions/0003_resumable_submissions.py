"""A submission says how it is read, how far that has come, and which earlier one it repeats

Revision: 0003; after: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("submission") as table:
        table.add_column(sa.Column("reading", sa.String(160), nullable=False, server_default=""))
        table.add_column(sa.Column("rows_done", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("tally", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("reader", sa.String(32), nullable=True))
        table.add_column(sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("repeats_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_submission_repeats_id"), "submission", ["repeats_id"], ["id"]
        )
        table.create_index("ix_submission_waiting", ["state", "leased_until"])
    with op.batch_alter_table("submission") as table:
        for name in ("reading", "rows_done", "tally"):
            table.alter_column(name, server_default=None)


def downgrade() -> None:
    # the older schema knows no repeats: their bytes go back to where it looks for them
    op.execute(
        "INSERT INTO submission_part (submission_id, part, data) "
        "SELECT again.id, kept.part, kept.data FROM submission AS again "
        "JOIN submission_part AS kept ON kept.submission_id = again.repeats_id"
    )
    with op.batch_alter_table("submission") as table:
        table.drop_index("ix_submission_waiting")
        table.drop_constraint(op.f("fk_submission_repeats_id"), type_="foreignkey")
        for name in ("repeats_id", "leased_until", "reader", "tally", "rows_done", "reading"):
            table.drop_column(name)
