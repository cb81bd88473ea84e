from dataclasses import replace

from clicktrail.demo.population.request import Request


def test_later_is_the_same_request_again() -> None:
    """Only the time is another one."""
    request = Request(at=2.0, url="http://127.0.0.1/a", ip="192.0.2.7", headers={"accept": "*/*"}, human=True)

    assert replace(request, at=7.5) == request.later(5.5)
