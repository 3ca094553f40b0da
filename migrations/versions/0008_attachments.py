"""Spectra and documents attached to reports

The way down takes the files with it: the older schema has no place for them.

Revision: 0008; after: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_file",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_stored_file")),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("finding", sa.Integer(), nullable=True),
        sa.Column("filename", sa.String(length=140), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added_by", sa.String(length=254), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.String(length=254), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["authority.id"], name=op.f("fk_attachment_authority_id")
        ),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_attachment_report_id")),
        sa.ForeignKeyConstraint(
            ["sha256"], ["stored_file.sha256"], name=op.f("fk_attachment_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    with op.batch_alter_table("attachment") as table:
        table.create_index("ix_attachment_report", ["authority_id", "reference"], unique=False)
        table.create_index(table.f("ix_attachment_report_id"), ["report_id"], unique=False)
        table.create_index(table.f("ix_attachment_sha256"), ["sha256"], unique=False)

    op.create_table(
        "spectrum",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attachment_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=24), nullable=False),
        sa.Column("technique", sa.String(length=40), nullable=False),
        sa.Column("ion_mode", sa.String(length=40), nullable=True),
        sa.Column("precursor_mz", sa.Double(), nullable=True),
        sa.Column("instrument", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("x_unit", sa.String(length=20), nullable=False),
        sa.Column("y_unit", sa.String(length=20), nullable=False),
        sa.Column("sticks", sa.Boolean(), nullable=False),
        sa.Column("exact", sa.Boolean(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("x", sa.LargeBinary(), nullable=False),
        sa.Column("y", sa.LargeBinary(), nullable=False),
        sa.Column("essence", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_spectrum_attachment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spectrum")),
        sa.UniqueConstraint(
            "attachment_id", "position", name=op.f("uq_spectrum_attachment_id_position")
        ),
    )
    with op.batch_alter_table("spectrum") as table:
        table.create_index(table.f("ix_spectrum_key"), ["key"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("spectrum") as table:
        table.drop_index(table.f("ix_spectrum_key"))

    op.drop_table("spectrum")
    with op.batch_alter_table("attachment") as table:
        table.drop_index(table.f("ix_attachment_sha256"))
        table.drop_index(table.f("ix_attachment_report_id"))
        table.drop_index("ix_attachment_report")

    op.drop_table("attachment")
    op.drop_table("stored_file")
