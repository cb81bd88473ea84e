"""A letter to plan for."""

import pytest

from clicktrail.demo.newsletter import newsletter
from clicktrail.demo.population.received import Letter


@pytest.fixture(scope="session")
def letter() -> Letter:
    """Give the newsletter as Ada gets it, with its original links."""
    content = newsletter("ada@a.example", first_name="Ada", site="http://127.0.0.1:8080")
    return Letter.read(content, recipient="ada@a.example")
