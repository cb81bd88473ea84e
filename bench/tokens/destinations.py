"""Generate destinations as senders use them, to train and measure the compression dictionary of tokens.

Hosts, paths and campaigns use one list of words for training and another one for measuring, because the words of real
senders are not in the dictionary either. The structure of URLs and the names of parameters are the same in both.
"""

import random
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from clicktrail.tokens import SealedLink

_WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
TRAINING_WORDS = tuple(_WORDS["trained"].split())
MEASUREMENT_WORDS = tuple(_WORDS["measured"].split())

_TLDS = ("com", "com", "com", "com", "org", "net", "io", "co", "co.uk", "de", "fr", "nl", "eu", "ca", "com.au", "shop")
_SUBDOMAINS = ("www", "www", "www", "", "", "shop", "blog", "store", "app", "go", "news", "help", "info", "my", "docs")
_SECTIONS = (
    "products", "products", "collections", "blog", "p", "shop", "category", "news", "articles", "events", "account",
    "account/orders", "en", "en-us", "en-gb", "de", "fr", "us/en", "pages", "store", "campaigns", "item", "product",
    "checkout", "cart", "help", "support", "about", "posts", "stories", "learn", "resources", "download", "webinar",
    "register", "login", "offers", "deals", "sale", "new", "features", "pricing", "customers", "case-studies", "jobs",
    "careers", "contact", "community", "podcast", "videos", "watch", "reviews", "orders", "tracking", "invoices",
)  # fmt: skip
_PATH_SUFFIXES = ("", "", "", "", "", "/", ".html", "/index.html", ".php", ".aspx", ".pdf", ".htm")
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


def generate_payloads(words: Sequence[str], *, count: int, seed: int) -> Iterator[SealedLink]:
    """Generate the contents of tokens; the same words and seed give the same contents."""
    rng = random.Random(seed)
    for _ in range(count):
        campaign = _make_campaign(rng, words)
        link_count = rng.randint(1, 40)
        yield SealedLink(
            destination=_make_destination(rng, words, campaign),
            message_id="".join(rng.choices(_BASE36, k=18)),
            recipient="".join(rng.choices(_BASE36, k=8)),
            campaign=campaign,
            position=rng.randrange(link_count),
            link_count=link_count,
            sent_at=datetime.fromtimestamp(rng.randint(1_790_000_000, 1_890_000_000), UTC),
        )


def encode_payload(link: SealedLink) -> bytes:
    """Encode a link without group and trap as the payload of a token, not compressed."""
    fields = (link.destination, link.message_id, link.recipient, link.campaign, link.position, link.link_count)
    return msgspec.msgpack.encode((*fields, int(link.sent_at.timestamp())))


def _make_destination(rng: random.Random, words: Sequence[str], campaign: str) -> str:
    path = "/".join([rng.choice(_SECTIONS), *(_make_slug(rng, words, 4) for _ in range(rng.randint(0, 2)))])
    pairs = [_make_parameter(rng, words) for _ in range(rng.choice((0, 0, 0, 1, 1, 2)))]
    if _happens(rng, 85):
        pairs += _make_utm_pairs(rng, words, campaign)
    query = f"?{'&'.join(pairs)}" if pairs else ""
    fragment = f"#{rng.choice(words)}" if _happens(rng, 5) else ""
    return f"https://{_make_host(rng, words)}/{path}{rng.choice(_PATH_SUFFIXES)}{query}{fragment}"


def _make_host(rng: random.Random, words: Sequence[str]) -> str:
    name = rng.choice(("", "-")).join(rng.sample(words, rng.choice((1, 2, 2))))
    return ".".join(filter(None, (rng.choice(_SUBDOMAINS), name, rng.choice(_TLDS))))


def _make_slug(rng: random.Random, words: Sequence[str], max_words: int) -> str:
    slug = "-".join(rng.sample(words, rng.randint(1, max_words)))
    return f"{slug}-{rng.randint(100, 99_999)}" if _happens(rng, 20) else slug


def _make_campaign(rng: random.Random, words: Sequence[str]) -> str:
    name = "_".join(rng.sample(words, rng.randint(1, 3)))
    if _happens(rng, 60):
        return f"{rng.randint(2026, 2029)}-{rng.randint(1, 12):02}_{name}"
    return f"{name}_{rng.randint(1, 9)}"


def _make_utm_pairs(rng: random.Random, words: Sequence[str], campaign: str) -> list[str]:
    pairs = [f"utm_source={rng.choice(_SOURCES)}", f"utm_medium={rng.choice(_MEDIUMS)}", f"utm_campaign={campaign}"]
    if _happens(rng, 60):
        pairs.append(f"utm_content={rng.choice(_CONTENTS)}")
    if _happens(rng, 10):
        pairs.append(f"utm_term={rng.choice(words)}")
    return pairs


def _make_parameter(rng: random.Random, words: Sequence[str]) -> str:
    return rng.choice(_PARAMETERS).format(
        number=rng.randint(1, 9_999),
        long=rng.randint(10**9, 10**13),
        word=rng.choice(words),
        hex=f"{rng.getrandbits(40):010x}",
    )


def _happens(rng: random.Random, percent: int) -> bool:
    return rng.randrange(100) < percent
