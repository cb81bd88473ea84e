"""Programs that fetch a link without a click: previews in chat apps, and prefetching browsers."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PlannedRequest
from clicktrail.demo.population import browsers, networks

_SLACK_AGENT: Final = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
_TEAMS_AGENT: Final = "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com"
_OUTLOOK_AGENT: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; MicrosoftPreview/2.0; +https://aka.ms/MicrosoftPreview)"
)
_IMESSAGE_AGENT: Final = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
)
_PREFETCH_HEADERS: Final = {
    **browsers.chrome("en-GB,en;q=0.9", webmail="https://mail.google.com"),
    "sec-purpose": "prefetch",
    "purpose": "prefetch",
}


def _fetch_preview(
    content: MessageContent, rng: PerturbedRandom, *, ip_ranges: tuple[str, ...], headers: Mapping[str, str]
) -> Iterator[PlannedRequest]:
    yield PlannedRequest(
        delay_s=rng.lognormal_perturbed("preview delay", 5_000, 1.5),
        link=rng.choice(content.content_links),
        ip=rng.pick_host(ip_ranges),
        headers=headers,
        kind=ClickerKind.PREVIEW,
    )


def _create_preview_actor(name: str, *, ip_ranges: tuple[str, ...], headers: Mapping[str, str]) -> Actor:
    return Actor(name=name, plan=partial(_fetch_preview, ip_ranges=ip_ranges, headers=headers))


PREVIEWS: Final = (
    _create_preview_actor("preview, Slack", ip_ranges=networks.AMAZON, headers=browsers.http_library(_SLACK_AGENT)),
    _create_preview_actor("preview, Teams", ip_ranges=networks.MICROSOFT, headers=browsers.http_library(_TEAMS_AGENT)),
    _create_preview_actor(
        "preview, Outlook", ip_ranges=("52.167.144.0/24",), headers=browsers.http_library(_OUTLOOK_AGENT)
    ),
    _create_preview_actor(
        "preview, iMessage", ip_ranges=networks.MOBILE, headers=browsers.http_library(_IMESSAGE_AGENT)
    ),
    _create_preview_actor(
        "preview, WhatsApp", ip_ranges=networks.MOBILE, headers=browsers.http_library("WhatsApp/2.26.11.78 A")
    ),
    _create_preview_actor("browser, prefetch", ip_ranges=networks.RESIDENTIAL, headers=_PREFETCH_HEADERS),
)
