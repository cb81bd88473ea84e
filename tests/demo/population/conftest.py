import pytest

from clicktrail.demo.newsletter import build_newsletter
from clicktrail.demo.population.received import MessageLinks


@pytest.fixture(scope="session")
def message() -> MessageLinks:
    content = build_newsletter("ada@a.example", first_name="Ada", site_origin="http://127.0.0.1:8080")
    return MessageLinks.from_bytes(content, recipient="ada@a.example")
