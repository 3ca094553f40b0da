"""What else is known of a substance: measures, uses, surveillance lists, reference standards

Revision: 0010; after: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=True),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("substance_id", sa.Integer(), nullable=True),
        sa.Column("covers", sa.String(80), nullable=True),
        sa.Column("country", sa.String(2), nullable=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("since", sa.String(10), nullable=True),
        sa.Column("until", sa.String(10), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("handling", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["authority.id"], name=op.f("fk_fact_authority_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_fact_submission_id")
        ),
        sa.ForeignKeyConstraint(
            ["substance_id"], ["substance.id"], name=op.f("fk_fact_substance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
        sa.UniqueConstraint(
            "authority_id",
            "topic",
            "reference",
            "version",
            name=op.f("uq_fact_authority_id_topic_reference_version"),
        ),
    )
    for name, columns in INDEXES.items():
        op.create_index(op.f(name), "fact", columns)


def downgrade() -> None:
    # what was sent stays in its submission, verbatim
    for name in reversed(INDEXES):
        op.drop_index(op.f(name), table_name="fact")
    op.drop_table("fact")


INDEXES = {
    "ix_fact_number": ["number"],
    "ix_fact_submission_id": ["submission_id"],
    "ix_fact_substance_id": ["substance_id"],
    "ix_fact_covers": ["covers"],
    "ix_fact_of": ["topic", "substance_id"],
    "ix_fact_where": ["topic", "country"],
}
