"""Webhooks rotate their secret, are ended when they fail for long, and have a log of tries

Revision: 0016; after: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("webhook") as table:
        table.add_column(sa.Column("old_secret", sa.String(100), nullable=True))
        table.add_column(sa.Column("old_secret_until", MOMENT, nullable=True))
        table.add_column(sa.Column("failing_since", MOMENT, nullable=True))
        table.add_column(sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("ended_why", sa.String(300), nullable=True))
    with op.batch_alter_table("webhook") as table:
        table.alter_column("failures", existing_type=sa.Integer(), server_default=None)
    # mail has none; what waits for a webhook that was made before goes there
    op.execute(
        "UPDATE message SET webhook_id = (SELECT webhook_id FROM subscription "
        "WHERE subscription.id = message.subscription_id) WHERE webhook_id IS NULL"
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("delivery", sa.String(254), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_attempt_webhook_id")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("fk_webhook_attempt_message_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index("ix_webhook_attempt_webhook_id_id", "webhook_attempt", ["webhook_id", "id"])
    op.create_index("ix_webhook_attempt_message_id", "webhook_attempt", ["message_id"])


def downgrade() -> None:
    """The log and old secrets go; a receiver that still knows an old one refuses what is sent."""
    op.drop_table("webhook_attempt")
    with op.batch_alter_table("webhook") as table:
        for column in ("old_secret", "old_secret_until", "failing_since", "failures", "ended_why"):
            table.drop_column(column)
