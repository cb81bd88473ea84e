from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clicktrail.model.consent import Consent
from clicktrail.server.pipeline.consent import with_consent
from clicktrail.server.pipeline.instructions import Instructions
from clicktrail.server.ports import Consents
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.registry import open_registry

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
async def consents(tmp_path: Path) -> AsyncIterator[Consents]:
    """Two who agreed, one who denied, one who has not decided."""
    async with open_registry(Settings(data_dir=str(tmp_path))) as registry:
        for recipient, consent in (
            ("anna@example.net", Consent.GRANTED),
            ("ben@example.net", Consent.GRANTED),
            ("dan@example.net", Consent.DENIED),
            ("una@example.net", Consent.UNKNOWN),
            ("person-17", Consent.DENIED),
        ):
            await registry.consents.set(recipient, consent, at=NOW)
        yield registry.consents


@pytest.mark.parametrize(
    ("asked", "recipients", "expected"),
    [
        (Instructions(raw=b""), ["anna"], Consent.GRANTED),
        (Instructions(raw=b""), ["dan"], Consent.DENIED),
        (Instructions(raw=b""), ["una"], Consent.UNKNOWN),
        (Instructions(raw=b""), ["nobody"], Consent.UNKNOWN),
        (Instructions(raw=b""), [], Consent.UNKNOWN),
        (Instructions(raw=b""), ["anna", "ben"], Consent.GRANTED),
        (Instructions(raw=b""), ["anna", "nobody"], Consent.UNKNOWN),
        (Instructions(raw=b""), ["anna", "nobody", "dan"], Consent.DENIED),
        (Instructions(raw=b"", recipient="person-17"), ["anna"], Consent.DENIED),
        (Instructions(raw=b"", recipient="person-18"), ["dan"], Consent.UNKNOWN),
        (Instructions(raw=b"", consent="granted"), ["dan"], Consent.GRANTED),
        (Instructions(raw=b"", consent="no"), ["anna"], Consent.DENIED),
    ],
)
async def test_the_sender_is_asked_first_and_the_strictest_counts(
    asked: Instructions, recipients: list[str], expected: Consent, consents: Consents
) -> None:
    """A person is asked for by the name that they are recorded under."""
    addresses = [f"{name}@example.net" for name in recipients]
    assert expected is (await with_consent(asked, addresses, consents)).told_consent
