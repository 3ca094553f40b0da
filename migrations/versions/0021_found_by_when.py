"""Regrouped and rehandled reports are found by when that was, and what a report is grouped with by
its case: an assessment read every member of every group

Revision: 0021; after: 0020
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_duplicate_member_case", "duplicate_member", ["authority_id", "reference"]),
    ("ix_duplicate_member_since", "duplicate_member", ["since"]),
    ("ix_duplicate_member_until", "duplicate_member", ["until"]),
    ("ix_handling_change_changed_at", "handling_change", ["changed_at"]),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table)
