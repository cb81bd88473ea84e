from msgspec.structs import replace

from tests.support.events import AZURE_IP, click, engagement
from tests.support.signals import evaluate_signal

TABS = [click(3_600 + 2 * link, link=link, id=f"c{link}") for link in range(4)]


def test_engaged_fires() -> None:
    assert {"c": "pressed, scrolled or typed"} == evaluate_signal("engaged", click(id="c"), engagement("c"))


def test_engaged_fires_on_tab_after_tab() -> None:
    told = [engagement(tab.id, seconds=3_610 + 3 * number) for number, tab in enumerate(TABS)]
    assert {tab.id for tab in TABS} == evaluate_signal("engaged", *TABS, *told).keys()


def test_engaged_fires_for_several_people_at_once() -> None:
    readers = [replace(tab, user_agent=f"browser {tab.link}") for tab in TABS]
    told = [engagement(reader.id, seconds=3_610) for reader in readers]
    assert {reader.id for reader in readers} == evaluate_signal("engaged", *readers, *told).keys()


def test_engaged_is_silent() -> None:
    assert {} == evaluate_signal("engaged", click(id="c"), engagement("c", kind="loaded"), engagement("other"))


def test_engaged_is_silent_on_several_pages_at_once() -> None:
    swept = [replace(tab, ip=AZURE_IP) for tab in TABS]
    told = [engagement(tab.id, seconds=3_610 + 0.4 * number) for number, tab in enumerate(swept)]
    assert {} == evaluate_signal("engaged", *swept, *told)


def test_no_engagement_fires() -> None:
    told = [engagement(tab.id, kind="loaded") for tab in TABS]
    words = "4 pages loaded and none touched"
    assert {tab.id: words for tab in TABS} == evaluate_signal("no-engagement", *TABS, *told)


def test_no_engagement_is_silent() -> None:
    told = [engagement(tab.id, kind="loaded") for tab in TABS]
    again = [replace(tab, link=0) for tab in TABS]
    others = [replace(tab, user_agent=f"browser {tab.link}") for tab in TABS]
    assert [{}] * 5 == [
        evaluate_signal("no-engagement", *TABS[:2], *told),
        evaluate_signal("no-engagement", *TABS, *told, engagement("c2")),
        evaluate_signal("no-engagement", *again, *told),
        evaluate_signal("no-engagement", *others, *told),
        evaluate_signal("no-engagement", *TABS),
    ]


def test_no_engagement_is_silent_behind_our_own_proxy() -> None:
    told = [engagement(tab.id, kind="loaded") for tab in TABS]
    assert {} == evaluate_signal("no-engagement", *(replace(tab, ip="10.0.0.1") for tab in TABS), *told)
