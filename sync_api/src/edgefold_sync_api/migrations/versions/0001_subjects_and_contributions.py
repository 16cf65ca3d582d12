"""Create subjects and contributions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subjects",
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("imported", sa.Text()),
        sa.Column("retired", sa.Text()),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("erased_at_ms", sa.BigInteger()),
    )
    op.create_table(
        "contributions",
        sa.Column("subject", sa.String(255), sa.ForeignKey("subjects.subject", ondelete="CASCADE"), primary_key=True),
        sa.Column("replica", sa.String(32), primary_key=True),
        sa.Column("acked", sa.BigInteger(), nullable=False),
        sa.Column("recent", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text()),
        sa.Column("seen_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
    )
