"""Sample events for the judge and the reports: one message, sent at noon, and requests some seconds later."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files

from clicktrail.judge import Context
from clicktrail.judge.networks import Networks, unpack_table
from clicktrail.model.event import AnyEvent, Click, Delivered, Engagement, Sent
from clicktrail.model.timeline import Timeline

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CHROME_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
HOME_IP = "192.0.2.10"
"""An address of RFC 5737's documentation range; the shipped table has no network for it."""

BARRACUDA_IP = "209.222.80.7"
AZURE_IP = "40.94.16.33"


def read_judge_data(name: str) -> str:
    """Read one of the judge's data files."""
    return files("clicktrail.judge").joinpath("data", name).read_text(encoding="utf-8")


def read_networks() -> Networks:
    """The shipped networks."""
    return Networks(unpack_table(files("clicktrail.judge").joinpath("data", "networks.bin").read_bytes()))


def build_context() -> Context:
    """Context with the shipped data."""
    return Context.from_toml(
        rules_toml=read_judge_data("rules.toml"), networks=read_networks(), agents_toml=read_judge_data("agents.toml")
    )


CONTEXT = build_context()


def noon_plus(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def sent(*, links: int = 12) -> Sent:
    """The message's sent event, at noon."""
    return Sent(id="sent", at=NOON, campaign="spring", message_id="m1", links=links)


def delivered(seconds: float) -> Delivered:
    """The message's delivery, some seconds after noon."""
    return Delivered(id="delivered", at=noon_plus(seconds), message_id="m1")


def click(
    seconds: float = 3_600, *, link: int = 0, ip: str = HOME_IP, agent: str = CHROME_AGENT, id: str = ""
) -> Click:
    """A click some seconds after noon; by default like a person's."""
    return Click(
        id=id or f"{seconds}-{link}-{ip}",
        at=noon_plus(seconds),
        campaign="spring",
        message_id="m1",
        link=link,
        url=f"https://shop.example/{link}",
        ip=ip,
        user_agent=agent,
    )


def sweep(seconds: float, *, links: int, gap: float, ip: str = HOME_IP) -> list[Click]:
    """Clicks on the first links, ``gap`` seconds apart."""
    return [click(seconds + gap * link, link=link, ip=ip) for link in range(links)]


def engagement(click_id: str, *, kind: str = "engaged", seconds: float = 3_610) -> Engagement:
    """Engagement on the landing page of a click."""
    return Engagement(
        id=f"{click_id}-{kind}-{seconds}", at=noon_plus(seconds), message_id="m1", click_id=click_id, kind=kind
    )


def timeline(*events: AnyEvent) -> Timeline:
    return Timeline.from_events("m1", events)
