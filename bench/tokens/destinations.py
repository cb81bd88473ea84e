"""Made-up destinations as senders put them into messages: what the tokens' dictionary is trained on and measured with.

The words of hosts, paths and campaigns are two lists, one to train with and one to measure with: a sender's own words
are never in the dictionary. How URLs are built, and what parameters are called, is common to all senders.
"""

import random
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from clicktrail.tokens import Sealed

__all__ = ["MEASURED", "TRAINED", "payloads"]

_WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
TRAINED = tuple(_WORDS["trained"].split())
MEASURED = tuple(_WORDS["measured"].split())

_TLDS = ("com", "com", "com", "com", "org", "net", "io", "co", "co.uk", "de", "fr", "nl", "eu", "ca", "com.au", "shop")
_SUBDOMAINS = ("www", "www", "www", "", "", "shop", "blog", "store", "app", "go", "news", "help", "info", "my", "docs")
_SECTIONS = (
    "products", "products", "collections", "blog", "p", "shop", "category", "news", "articles", "events", "account",
    "account/orders", "en", "en-us", "en-gb", "de", "fr", "us/en", "pages", "store", "campaigns", "item", "product",
    "checkout", "cart", "help", "support", "about", "posts", "stories", "learn", "resources", "download", "webinar",
    "register", "login", "offers", "deals", "sale", "new", "features", "pricing", "customers", "case-studies", "jobs",
    "careers", "contact", "community", "podcast", "videos", "watch", "reviews", "orders", "tracking", "invoices",
)  # fmt: skip
_ENDINGS = ("", "", "", "", "", "/", ".html", "/index.html", ".php", ".aspx", ".pdf", ".htm")
_SOURCES = ("email", "newsletter", "newsletter", "mailchimp", "klaviyo", "hubspot", "sendgrid", "crm", "customer.io")
_MEDIUMS = ("email", "email", "email", "newsletter", "automation", "drip", "transactional")
_CONTENTS = (
    "header_image", "header_logo", "hero_button", "hero_image", "body_button", "body_text", "body_image", "cta",
    "footer_text", "footer_link", "product_1", "product_2", "body_button_2", "body_text_3", "main_cta", "top_story",
)  # fmt: skip
_PARAMETERS = (
    "id={number}", "variant={long}", "ref={word}", "sku={number}", "color={word}", "size=m", "lang=en", "page=2",
    "category={word}", "q={word}", "coupon={word}20", "promo={word}10", "source=email", "order={long}", "sort=price",
    "token={hex}", "uid={hex}", "email_id={hex}", "mc_cid={hex}", "mc_eid={hex}", "currency=EUR", "view=all",
)  # fmt: skip
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def payloads(words: Sequence[str], *, count: int, seed: int) -> Iterator[Sealed]:
    """What tokens of many senders hold: the same words and seed give the same ones."""
    draw = random.Random(seed)
    for _ in range(count):
        campaign = _campaign(draw, words)
        links = draw.randint(1, 40)
        yield Sealed(
            destination=_destination(draw, words, campaign),
            message_id="".join(draw.choices(_BASE36, k=18)),
            recipient="".join(draw.choices(_BASE36, k=8)),
            campaign=campaign,
            position=draw.randrange(links),
            links=links,
            sent_at=datetime.fromtimestamp(draw.randint(1_790_000_000, 1_890_000_000), UTC),
        )


def _destination(draw: random.Random, words: Sequence[str], campaign: str) -> str:
    path = "/".join([draw.choice(_SECTIONS), *(_slug(draw, words, 4) for _ in range(draw.randint(0, 2)))])
    pairs = [_parameter(draw, words) for _ in range(draw.choice((0, 0, 0, 1, 1, 2)))]
    if _happens(draw, 85):
        pairs += _utm(draw, words, campaign)
    query = f"?{'&'.join(pairs)}" if pairs else ""
    fragment = f"#{draw.choice(words)}" if _happens(draw, 5) else ""
    return f"https://{_host(draw, words)}/{path}{draw.choice(_ENDINGS)}{query}{fragment}"


def _host(draw: random.Random, words: Sequence[str]) -> str:
    name = draw.choice(("", "-")).join(draw.sample(words, draw.choice((1, 2, 2))))
    return ".".join(filter(None, (draw.choice(_SUBDOMAINS), name, draw.choice(_TLDS))))


def _slug(draw: random.Random, words: Sequence[str], longest: int) -> str:
    slug = "-".join(draw.sample(words, draw.randint(1, longest)))
    return f"{slug}-{draw.randint(100, 99_999)}" if _happens(draw, 20) else slug


def _campaign(draw: random.Random, words: Sequence[str]) -> str:
    name = "_".join(draw.sample(words, draw.randint(1, 3)))
    if _happens(draw, 60):
        return f"{draw.randint(2026, 2029)}-{draw.randint(1, 12):02}_{name}"
    return f"{name}_{draw.randint(1, 9)}"


def _utm(draw: random.Random, words: Sequence[str], campaign: str) -> list[str]:
    pairs = [f"utm_source={draw.choice(_SOURCES)}", f"utm_medium={draw.choice(_MEDIUMS)}", f"utm_campaign={campaign}"]
    if _happens(draw, 60):
        pairs.append(f"utm_content={draw.choice(_CONTENTS)}")
    if _happens(draw, 10):
        pairs.append(f"utm_term={draw.choice(words)}")
    return pairs


def _parameter(draw: random.Random, words: Sequence[str]) -> str:
    return draw.choice(_PARAMETERS).format(
        number=draw.randint(1, 9_999),
        long=draw.randint(10**9, 10**13),
        word=draw.choice(words),
        hex=f"{draw.getrandbits(40):010x}",
    )


def _happens(draw: random.Random, percent: int) -> bool:
    return draw.randrange(100) < percent
