"""A member's weak signal is listed under that of its family; previews of rule sets are kept

Revision: 0015; after: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("episode") as table:
        table.add_column(sa.Column("inhibited_by_id", sa.Integer(), nullable=True))
        table.create_index("ix_episode_inhibited_by_id", ["inhibited_by_id"])
        table.create_foreign_key(
            "fk_episode_inhibited_by_id_episode", "episode", ["inhibited_by_id"], ["id"]
        )
    op.create_table(
        "ruleset_preview",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("asked_by", sa.String(254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("compared_with", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
    )
    op.create_index("ix_ruleset_preview_state", "ruleset_preview", ["state"])


def downgrade() -> None:
    op.drop_table("ruleset_preview")
    with op.batch_alter_table("episode") as table:
        table.drop_constraint("fk_episode_inhibited_by_id_episode", type_="foreignkey")
        table.drop_index("ix_episode_inhibited_by_id")
        table.drop_column("inhibited_by_id")
