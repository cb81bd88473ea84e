from datetime import timedelta

from clicktrail.server.pipeline.recent import RecentMessages
from tests.judged import SENT_AT, click, judged, sent, verdict


def test_the_latest_are_at_hand() -> None:
    """What was judged longest ago goes first; judged again, it is late."""
    one, two, three = (judged(sent(name)) for name in ("m1", "m2", "m3"))
    recent = RecentMessages(2)
    recent.keep([one, two])
    recent.keep([one])
    recent.keep([three])
    assert {"m1": one, "m3": three} == recent.of(["m1", "m2", "m3", "m4"])
    assert {} == recent.of([])


def test_what_holds_an_old_click_is_let_go() -> None:
    """Whatever else it holds; a message without clicks holds no address."""
    young, old = verdict(click("m1", "young", after_s=60)), verdict(click("m2", "old", after_s=59))
    both = judged(clicks=(old, verdict(click("m2", "new", after_s=90))))
    recent = RecentMessages(9)
    recent.keep([judged(clicks=(young,)), both, judged(sent("m3"))])
    recent.forget_old(before=SENT_AT + timedelta(seconds=60))
    assert ["m1", "m3"] == list(recent.of(["m1", "m2", "m3"]))
