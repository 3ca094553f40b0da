"""An alert may be about any node or be written by people; subscriptions have filters and a rhythm

Revision: 0013; after: 0012
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOT_CLOSED = sa.text("state != 'closed'")
OPEN_NOTICE = sa.text("state = 'issued' AND product = 'notice'")
ALERT = sa.table(
    "alert", sa.column("id"), sa.column("substance_id"), sa.column("product"), sa.column("state")
)
EDITION = sa.table("edition", sa.column("id"), sa.column("alert_id"))
MESSAGE = sa.table(
    "message",
    sa.column("id"),
    sa.column("edition_id"),
    sa.column("subscription_id"),
    sa.column("recipient"),
)
SUBSCRIPTION = sa.table(
    "subscription",
    sa.column("id"),
    sa.column("email"),
    sa.column("unodc_group"),
    sa.column("country"),
    sa.column("filters", sa.JSON()),
)


def upgrade() -> None:
    _alerts()
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("secret", sa.String(100), nullable=False),
        sa.Column("created_by", sa.String(254), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["authority.id"], name=op.f("fk_webhook_authority_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index("ix_webhook_authority_id", "webhook", ["authority_id"])
    _subscriptions()
    _messages()
    op.create_table(
        "digest_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_digest_entry_subscription_id")
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["edition.id"], name=op.f("fk_digest_entry_edition_id")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_digest_entry_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_entry")),
        sa.UniqueConstraint(
            "subscription_id",
            "edition_id",
            name=op.f("uq_digest_entry_subscription_id_edition_id"),
        ),
    )
    op.create_index("ix_digest_entry_due", "digest_entry", ["message_id", "due_at"])


def _alerts() -> None:
    op.drop_index("uq_alert_open", table_name="alert")
    with op.batch_alter_table("alert") as table:
        table.add_column(
            sa.Column("product", sa.String(40), nullable=False, server_default="notice")
        )
        table.add_column(sa.Column("node_kind", sa.String(40), nullable=True))
        table.add_column(sa.Column("node_key", sa.String(200), nullable=True))
        table.add_column(sa.Column("node_name", sa.String(200), nullable=True))
        table.add_column(sa.Column("valid_until", sa.Date(), nullable=True))
        table.alter_column("substance_id", existing_type=sa.Integer(), nullable=True)
    # TS-00042, as people quote a substance
    op.execute(
        "UPDATE alert SET node_kind = 'substance', node_key = 'TS-' || "
        "CASE WHEN substance_id < 10000 "
        "THEN SUBSTR('00000', LENGTH(CAST(substance_id AS VARCHAR(20))) + 1) ELSE '' END || "
        "CAST(substance_id AS VARCHAR(20))"
    )
    with op.batch_alter_table("alert") as table:
        table.alter_column("product", existing_type=sa.String(40), server_default=None)
    op.create_index(
        "uq_alert_open",
        "alert",
        ["node_kind", "node_key", "simulated"],
        unique=True,
        sqlite_where=OPEN_NOTICE,
        postgresql_where=OPEN_NOTICE,
    )


def _subscriptions() -> None:
    with op.batch_alter_table("subscription") as table:
        table.add_column(sa.Column("filters", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(
            sa.Column("rhythm", sa.String(40), nullable=False, server_default="immediate")
        )
        table.add_column(
            sa.Column("time_zone", sa.String(64), nullable=False, server_default="UTC")
        )
        table.add_column(sa.Column("quiet_from", sa.SmallInteger(), nullable=True))
        table.add_column(sa.Column("quiet_until", sa.SmallInteger(), nullable=True))
        table.add_column(sa.Column("language", sa.String(5), nullable=False, server_default="en"))
        table.add_column(sa.Column("second_contact", sa.String(254), nullable=True))
        table.add_column(sa.Column("webhook_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("confirmed_at", MOMENT, nullable=True))
        table.add_column(sa.Column("paused_until", MOMENT, nullable=True))
        table.add_column(sa.Column("bounced_at", MOMENT, nullable=True))
        table.alter_column("email", existing_type=sa.String(254), nullable=True)
        table.create_foreign_key(
            op.f("fk_subscription_webhook_id"), "webhook", ["webhook_id"], ["id"]
        )
    op.execute("UPDATE subscription SET confirmed_at = created_at")
    bind = op.get_bind()
    for row in bind.execute(sa.select(SUBSCRIPTION)).all():
        filters = {
            name: [value]
            for name, value in (("groups", row.unodc_group), ("countries", row.country))
            if value
        }
        if filters:
            bind.execute(
                sa.update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == row.id).values(filters=filters)
            )
    with op.batch_alter_table("subscription") as table:
        for column in ("filters", "rhythm", "time_zone", "language"):
            table.alter_column(column, server_default=None)
        table.drop_column("unodc_group")
        table.drop_column("country")


def _messages() -> None:
    with op.batch_alter_table("message") as table:
        table.add_column(
            sa.Column("purpose", sa.String(40), nullable=False, server_default="alert")
        )
        table.add_column(sa.Column("webhook_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("acknowledged_at", MOMENT, nullable=True))
        table.add_column(sa.Column("detail", sa.JSON(), nullable=False, server_default="{}"))
        table.alter_column("edition_id", existing_type=sa.Integer(), nullable=True)
        table.alter_column("subscription_id", existing_type=sa.Integer(), nullable=True)
        table.drop_constraint(op.f("uq_message_edition_id_recipient"), type_="unique")
        table.create_foreign_key(op.f("fk_message_webhook_id"), "webhook", ["webhook_id"], ["id"])
    with op.batch_alter_table("message") as table:
        table.alter_column("purpose", existing_type=sa.String(40), server_default=None)
        table.alter_column("detail", existing_type=sa.JSON(), server_default=None)
    op.create_index("ix_message_edition", "message", ["edition_id", "recipient"])


def downgrade() -> None:
    """What the older schema has no place for goes: alerts about other things than one substance,
    webhooks, digests and mail that is no alert."""
    op.drop_table("digest_entry")
    gone = sa.or_(
        ALERT.c.substance_id.is_(None), ALERT.c.product != "notice", ALERT.c.state == "retracted"
    )
    editions = sa.select(EDITION.c.id).where(
        EDITION.c.alert_id.in_(sa.select(ALERT.c.id).where(gone))
    )
    again = sa.select(sa.func.min(MESSAGE.c.id)).group_by(MESSAGE.c.edition_id, MESSAGE.c.recipient)
    of_webhooks = sa.select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.email.is_(None))
    op.execute(
        sa.delete(MESSAGE).where(
            sa.or_(
                MESSAGE.c.edition_id.is_(None),
                MESSAGE.c.subscription_id.is_(None),
                MESSAGE.c.subscription_id.in_(of_webhooks),
                MESSAGE.c.edition_id.in_(editions),
                MESSAGE.c.id.not_in(again),
            )
        )
    )
    op.execute(sa.delete(EDITION).where(EDITION.c.id.in_(editions)))
    op.execute(sa.delete(ALERT).where(gone))
    op.execute(sa.delete(SUBSCRIPTION).where(SUBSCRIPTION.c.email.is_(None)))
    op.drop_index("ix_message_edition", table_name="message")
    with op.batch_alter_table("message") as table:
        table.drop_constraint(op.f("fk_message_webhook_id"), type_="foreignkey")
        for column in ("purpose", "webhook_id", "acknowledged_at", "detail"):
            table.drop_column(column)
        table.alter_column("edition_id", existing_type=sa.Integer(), nullable=False)
        table.alter_column("subscription_id", existing_type=sa.Integer(), nullable=False)
        table.create_unique_constraint(
            op.f("uq_message_edition_id_recipient"), ["edition_id", "recipient"]
        )
    _old_subscriptions()
    op.drop_table("webhook")
    op.drop_index("uq_alert_open", table_name="alert")
    with op.batch_alter_table("alert") as table:
        for column in ("product", "node_kind", "node_key", "node_name", "valid_until"):
            table.drop_column(column)
        table.alter_column("substance_id", existing_type=sa.Integer(), nullable=False)
    op.create_index(
        "uq_alert_open",
        "alert",
        ["substance_id", "simulated"],
        unique=True,
        sqlite_where=NOT_CLOSED,
        postgresql_where=NOT_CLOSED,
    )


def _old_subscriptions() -> None:
    """One group and one country are kept of each."""
    with op.batch_alter_table("subscription") as table:
        table.add_column(sa.Column("unodc_group", sa.String(40), nullable=True))
        table.add_column(sa.Column("country", sa.String(2), nullable=True))
    bind = op.get_bind()
    for row in bind.execute(sa.select(SUBSCRIPTION)).all():
        filters = json.loads(row.filters) if isinstance(row.filters, str) else row.filters
        bind.execute(
            sa.update(SUBSCRIPTION)
            .where(SUBSCRIPTION.c.id == row.id)
            .values(
                unodc_group=next(iter(filters.get("groups", ())), None),
                country=next(iter(filters.get("countries", ())), None),
            )
        )
    with op.batch_alter_table("subscription") as table:
        table.drop_constraint(op.f("fk_subscription_webhook_id"), type_="foreignkey")
        for column in (
            "filters", "rhythm", "time_zone", "quiet_from", "quiet_until", "language",
            "second_contact", "webhook_id", "confirmed_at", "paused_until", "bounced_at",
        ):  # fmt: skip
            table.drop_column(column)
        table.alter_column("email", existing_type=sa.String(254), nullable=False)
