"""What was erased of a recipient, for the command that waits for it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column: JSON, empty while the erasure is pending."""
    op.add_column("erasures", sa.Column("result", sa.Text, nullable=False, server_default=""))
