"""A message keeps when it was due, what went wrong with each try, and who acknowledged it

Revision: 0019; after: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("message") as table:
        table.add_column(sa.Column("due_at", MOMENT, nullable=True))
        table.add_column(sa.Column("acknowledged_by", sa.String(254), nullable=True))
        table.add_column(sa.Column("trouble", sa.String(40), nullable=True))
    op.execute(
        "UPDATE message SET due_at = COALESCE("
        "(SELECT issued_at FROM edition WHERE edition.id = message.edition_id), next_try_at)"
    )
    with op.batch_alter_table("message") as table:
        table.alter_column("due_at", existing_type=MOMENT, nullable=False)
    op.create_table(
        "failed_try",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("trouble", sa.String(40), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("fk_failed_try_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_try")),
    )
    op.create_index("ix_failed_try_message_id", "failed_try", ["message_id"])


def downgrade() -> None:
    """What was given up is parked again: the older code knows no other end."""
    op.drop_table("failed_try")
    op.execute("UPDATE message SET state = 'parked' WHERE state = 'given_up'")
    with op.batch_alter_table("message") as table:
        table.drop_column("trouble")
        table.drop_column("acknowledged_by")
        table.drop_column("due_at")
