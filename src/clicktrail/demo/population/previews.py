"""Programs that fetch a link without a click: previews in chat apps, and prefetching browsers."""

from collections.abc import Iterator
from typing import Final

from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import Headers
from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.received import MessageLinks


def _plan_slack(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    # Slackbot requests only the beginning of the page (api.slack.com/robots).
    user_agent = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
    headers = {**browsers.http_library(user_agent), "range": "bytes=0-32768"}
    return _fetch_once(message, rng, ip=rng.pick_host(networks.AMAZON), headers=headers)


def _plan_teams(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    user_agent = "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com"
    return _fetch_once(message, rng, ip=rng.pick_host(networks.MICROSOFT), headers=browsers.http_library(user_agent))


def _plan_imessage(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    # The phone itself fetches the preview.
    user_agent = (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
        "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
    )
    headers = {**browsers.http_library(user_agent), "accept-language": "en-GB,en;q=0.9"}
    return _fetch_once(message, rng, ip=rng.pick_host(networks.MOBILE), headers=headers)


def _plan_whatsapp(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    headers = browsers.http_library("WhatsApp/2.26.11.78 A")
    return _fetch_once(message, rng, ip=rng.pick_host(networks.MOBILE), headers=headers)


def _plan_prefetch(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    # WHATWG Fetch, section "Sec-Purpose header"
    headers = {
        **browsers.chrome("en-GB,en;q=0.9", webmail="https://mail.google.com"),
        "sec-purpose": "prefetch",
        "purpose": "prefetch",
    }
    return _fetch_once(message, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=headers)


PREVIEWS: Final = (
    Actor(name="preview, Slack", plan=_plan_slack),
    Actor(name="preview, Teams", plan=_plan_teams),
    Actor(name="preview, iMessage", plan=_plan_imessage),
    Actor(name="preview, WhatsApp", plan=_plan_whatsapp),
    Actor(name="browser, prefetch", plan=_plan_prefetch),
)
"""All kinds, each as frequent as the others."""


def _fetch_once(message: MessageLinks, rng: SeededRandom, *, ip: str, headers: Headers) -> Iterator[PlannedRequest]:
    yield PlannedRequest(
        delay_s=rng.uniform_delay(4, 40), url=rng.choice(message.content_links), ip=ip, headers=headers
    )
