"""The rollup has a mark: what was worked out of it in a process is told from that of an older one

It is made anew by the next roll, in what it keeps by now.

Revision: 0020; after: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("rollup") as table:
        table.add_column(sa.Column("mark", sa.String(32), nullable=False, server_default=""))
    with op.batch_alter_table("rollup") as table:
        table.alter_column("mark", existing_type=sa.String(32), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("rollup") as table:
        table.drop_column("mark")
