"""A signal may be about a family, a building block or an unresolved name, not a substance alone

Revision: 0012; after: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OPEN = sa.text("state != 'closed'")
OLDER_RULES = ("FIRST_WORLD", "FIRST_REGION", "FIRST_COUNTRY", "NEW_SPREAD")
EPISODE = sa.table("episode", sa.column("id"), sa.column("substance_id"), sa.column("rule"))
VIEW = sa.table("episode_view", sa.column("episode_id"))


def upgrade() -> None:
    op.drop_index("uq_episode_open", table_name="episode")
    with op.batch_alter_table("episode") as table:
        table.add_column(
            sa.Column("node_kind", sa.String(40), nullable=False, server_default="substance")
        )
        table.add_column(sa.Column("node_key", sa.String(200), nullable=False, server_default=""))
        table.add_column(sa.Column("node_name", sa.String(200), nullable=True))
        table.alter_column("substance_id", existing_type=sa.Integer(), nullable=True)
    # TS-00042, as people quote a substance
    op.execute(
        "UPDATE episode SET node_key = 'TS-' || "
        "CASE WHEN substance_id < 10000 "
        "THEN SUBSTR('00000', LENGTH(CAST(substance_id AS VARCHAR(20))) + 1) ELSE '' END || "
        "CAST(substance_id AS VARCHAR(20))"
    )
    with op.batch_alter_table("episode") as table:
        table.alter_column("node_kind", existing_type=sa.String(40), server_default=None)
        table.alter_column("node_key", existing_type=sa.String(200), server_default=None)
    _index("node_kind", "node_key")


def downgrade() -> None:
    # what is not about a substance has no place in the older schema, and the code that goes with
    # it cannot read the rules that came later
    gone = sa.or_(EPISODE.c.substance_id.is_(None), EPISODE.c.rule.not_in(OLDER_RULES))
    of_gone = VIEW.c.episode_id.in_(sa.select(EPISODE.c.id).where(gone))
    op.execute(sa.delete(VIEW).where(of_gone))
    op.execute(sa.delete(EPISODE).where(gone))
    op.drop_index("uq_episode_open", table_name="episode")
    with op.batch_alter_table("episode") as table:
        table.alter_column("substance_id", existing_type=sa.Integer(), nullable=False)
        for column in ("node_name", "node_key", "node_kind"):
            table.drop_column(column)
    _index("substance_id")


def _index(*node: str) -> None:
    op.create_index(
        "uq_episode_open",
        "episode",
        ["rule", *node, "scope"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
