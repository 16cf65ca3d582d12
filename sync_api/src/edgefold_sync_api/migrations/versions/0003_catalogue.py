"""Create the catalogue: specs, bundles and their files, and what the operators configured."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "specs",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "bundles",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("manifest", sa.String(64), sa.ForeignKey("blobs.sha256"), primary_key=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("spec", sa.String(64), sa.ForeignKey("specs.id"), nullable=False),
        sa.Column("published_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "configured",
        sa.Column("part", sa.String(300), primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("seen_at_ms", sa.BigInteger(), nullable=False),
    )
