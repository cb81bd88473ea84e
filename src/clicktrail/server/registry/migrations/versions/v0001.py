"""The first schema: link sets, short links, consents, link edits and erasures."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables. Times are milliseconds since 1970."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "link_sets",
        sa.Column("id", number, primary_key=True),
        sa.Column("campaign", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "link_set_links",
        sa.Column("link_set_id", number, sa.ForeignKey("link_sets.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("is_trap", sa.Boolean, nullable=False),
    )
    op.create_table(
        "short_messages",
        sa.Column("code", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("message_id", sa.Text, nullable=False, index=True),
        sa.Column("recipient", sa.Text, nullable=False, index=True),
        sa.Column("campaign", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "short_links",
        sa.Column("code", sa.BigInteger, sa.ForeignKey("short_messages.code", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("is_trap", sa.Boolean, nullable=False),
    )
    op.create_table(
        "consents",
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("consent", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "link_edits",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("campaign", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
    )
    op.create_table(
        "erasures",
        sa.Column("recipient_hash", sa.Text, primary_key=True),
        sa.Column("requested_at", sa.BigInteger, nullable=False),
        sa.Column("pending_recipient", sa.Text, nullable=False),
    )
