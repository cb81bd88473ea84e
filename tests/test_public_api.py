import subprocess
import sys

import clicktrail

NAMES = """
ClicktrailError Consent Convention KeyRing Link LinkReason MessageMetadata Policy RewriteResult RewrittenBody
SealedLink SkipReason Tracker load_key_ring open_token
"""


def test_public_names() -> None:
    assert NAMES.split() == clicktrail.__all__
    assert [name for name in clicktrail.__all__ if not hasattr(clicktrail, name)] == []
    assert set(clicktrail.__all__) <= set(dir(clicktrail))


def test_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(clicktrail, "Trakcer")


def test_names_are_imported_on_first_use() -> None:
    code = "import sys, clicktrail; assert 'clicktrail.tracking' not in sys.modules; clicktrail.Tracker"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_library_works_without_server_packages() -> None:
    missing = "import sys; sys.modules |= dict.fromkeys(['aiosmtplib', 'chdb', 'litestar', 'structlog', 'uvloop'])"
    code = f"{missing}; import clicktrail; [getattr(clicktrail, name) for name in clicktrail.__all__]"
    subprocess.run([sys.executable, "-c", code], check=True)
