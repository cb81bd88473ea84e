import subprocess
import sys

import clicktrail

NAMES = """
ClicktrailError Consent Convention KeyRing Link LinkReason MessageMetadata Policy RewriteResult RewrittenBody
SealedLink SkipReason Tracker load_key_ring open_token
"""


def test_the_public_names() -> None:
    assert NAMES.split() == clicktrail.__all__
    assert [] == [name for name in clicktrail.__all__ if not hasattr(clicktrail, name)]


def test_the_library_needs_no_server() -> None:
    without = "import sys; sys.modules |= dict.fromkeys(['aiosmtpd', 'chdb', 'litestar', 'structlog', 'uvloop'])"
    subprocess.run([sys.executable, "-c", f"{without}; import clicktrail"], check=True)
