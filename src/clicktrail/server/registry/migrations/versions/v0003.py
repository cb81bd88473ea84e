"""Tracking domains, and their states over time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables. Times are milliseconds since 1970."""
    op.create_table(
        "domains",
        sa.Column("host", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("esp", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("removed_at", sa.BigInteger),
        sa.Column("checked_at", sa.BigInteger),
        sa.Column("verified_at", sa.BigInteger),
        sa.Column("gone_since", sa.BigInteger),
        sa.Column("certificate_ends_at", sa.BigInteger),
    )
    op.create_table(
        "domain_states",
        sa.Column("host", sa.Text, sa.ForeignKey("domains.host", ondelete="CASCADE"), primary_key=True),
        sa.Column("since", sa.BigInteger, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("next_step", sa.Text, nullable=False),
    )
