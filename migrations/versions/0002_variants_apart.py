"""Variants that regulators treat apart are substances of their own

Two of them share a connectivity, so a substance now goes by its key: the connectivity, and for a
variant the stereo block of its InChIKey after it.

Revision: 0002; after: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("substance") as table:
        table.add_column(sa.Column("key", sa.String(length=25), nullable=True))
    # a row that the older schema holds under its stereo block is a variant; see downgrade
    op.execute(
        "UPDATE substance SET key = CASE WHEN length(connectivity) = 14 THEN connectivity "
        "ELSE substr(inchikey, 1, 25) END"
    )
    with op.batch_alter_table("substance") as table:
        table.alter_column("key", existing_type=sa.String(length=25), nullable=False)
        table.drop_constraint("uq_substance_connectivity", type_="unique")
        table.create_unique_constraint(op.f("uq_substance_key"), ["key"])
        table.create_index(op.f("ix_substance_connectivity"), ["connectivity"])
    op.execute("UPDATE substance SET connectivity = substr(key, 1, 14) WHERE length(key) = 25")


def downgrade() -> None:
    # the older schema wants a connectivity once: a variant keeps its stereo block in that place,
    # so that no report loses its substance and the way up finds it again
    op.execute("UPDATE substance SET connectivity = substr(key, 16, 10) WHERE length(key) = 25")
    with op.batch_alter_table("substance") as table:
        table.drop_index(op.f("ix_substance_connectivity"))
        table.drop_constraint("uq_substance_key", type_="unique")
        table.create_unique_constraint(op.f("uq_substance_connectivity"), ["connectivity"])
        table.drop_column("key")
