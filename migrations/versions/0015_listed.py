"""A weak signal of a member is listed under the signal of its family

Revision: 0015; after: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("episode") as table:
        table.add_column(sa.Column("inhibited_by_id", sa.Integer(), nullable=True))
        table.create_index("ix_episode_inhibited_by_id", ["inhibited_by_id"])
        table.create_foreign_key(
            "fk_episode_inhibited_by_id_episode", "episode", ["inhibited_by_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("episode") as table:
        table.drop_constraint("fk_episode_inhibited_by_id_episode", type_="foreignkey")
        table.drop_index("ix_episode_inhibited_by_id")
        table.drop_column("inhibited_by_id")
