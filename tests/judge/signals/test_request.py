import pytest
from msgspec.structs import replace

from clicktrail.demo.population import browsers
from clicktrail.judge import judge
from clicktrail.model.event import Click
from clicktrail.model.verdict import Verdict
from tests.support.events import AZURE_IP, CONTEXT, HOME_IP, click, engagement, noon_plus, sent, timeline
from tests.support.signals import evaluate_signal


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_non_get_method_matches(method: str) -> None:
    assert evaluate_signal("non-get-method", replace(click(id="c"), method=method)) == {"c": f"{method} request"}


def test_non_get_method_does_not_match() -> None:
    assert evaluate_signal("non-get-method", click()) == {}


def test_preview_user_agent_matches() -> None:
    agent = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
    assert evaluate_signal("preview-user-agent", click(agent=agent, id="c")) == {"c": "calls itself Slackbot"}


def test_preview_user_agent_does_not_match() -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Slack/4.46.99 Chrome/150.0.0.0 Safari/537.36"
    assert evaluate_signal("preview-user-agent", click(agent=agent)) == {}


def test_prefetch_matches() -> None:
    prefetched = replace(click(id="c"), headers={"sec-purpose": "prefetch;prerender"})
    assert evaluate_signal("prefetch", prefetched) == {"c": "prefetched by the browser"}


def test_prefetch_does_not_match() -> None:
    assert (
        evaluate_signal("prefetch", replace(click(), headers={"accept-language": "en", "sec-fetch-user": "?1"})) == {}
    )


def test_prefetch_does_not_match_with_engagement() -> None:
    prefetched = replace(click(id="c"), headers={"sec-purpose": "prefetch;prerender"})
    assert evaluate_signal("prefetch", prefetched, engagement("c")) == {}


def test_automation_user_agent_matches() -> None:
    assert evaluate_signal("automation-user-agent", click(agent="python-requests/2.32.5", id="c")) == {
        "c": "calls itself python-requests"
    }


def test_automation_user_agent_does_not_match() -> None:
    agent = "Mozilla/5.0 (Linux; Android 10; CUBOT J9) AppleWebKit/537.36 Chrome/88.0.4324.152 Mobile Safari/537.36"
    assert evaluate_signal("automation-user-agent", click(agent=agent)) == {}


@pytest.mark.parametrize("agent", ["", "  "])
def test_no_user_agent_matches(agent: str) -> None:
    assert evaluate_signal("no-user-agent", click(agent=agent, id="c")) == {"c": "no User-Agent"}


def test_no_user_agent_does_not_match() -> None:
    assert evaluate_signal("no-user-agent", click()) == {}


@pytest.mark.parametrize("source", [{"esp": "klaviyo"}, {"source": "klaviyo"}])
def test_no_user_agent_does_not_match_in_esp_events(source: dict[str, str]) -> None:
    assert evaluate_signal("no-user-agent", replace(click(agent=""), **source)) == {}


def test_tampered_token_matches() -> None:
    tampered = replace(click(id="c"), tampered=True)
    assert evaluate_signal("tampered-token", tampered) == {"c": "the link's token was tampered with"}


def test_tampered_token_does_not_match() -> None:
    assert evaluate_signal("tampered-token", click()) == {}


def test_trap_link_matches() -> None:
    assert evaluate_signal("trap-link", replace(click(id="c"), trap=True)) == {"c": "followed a hidden link"}


def test_trap_link_does_not_match() -> None:
    assert set(evaluate_signal("trap-link", replace(click(id="c"), trap=True), click(3_601))) == {"c"}


def test_esp_bot_matches() -> None:
    flagged = replace(click(id="c"), esp="klaviyo", esp_bot=True)
    assert evaluate_signal("esp-bot", flagged) == {"c": "klaviyo flagged it as a bot"}


@pytest.mark.parametrize("flag", [False, None])
def test_esp_bot_does_not_match(flag: bool | None) -> None:
    assert evaluate_signal("esp-bot", replace(click(), esp="mailgun", esp_bot=flag)) == {}


def test_automation_user_agent_matches_on_client_hints() -> None:
    headless = replace(click(id="c"), headers={"sec-ch-ua": '"HeadlessChrome";v="156", "Chromium";v="156"'})
    assert evaluate_signal("automation-user-agent", headless) == {"c": "client hints say HeadlessChrome"}


HEADER_SIGNALS = ["no-accept-language", "no-fetch-metadata", "no-client-hints", "impossible-headers", "stale-chrome"]
LANGUAGE = "en-GB,en;q=0.9"


def request(headers: browsers.Headers, *, https: bool = True, without: str = "") -> Click:
    """A click with a browser's headers, without those that begin with ``without``."""
    headers_sent = {
        name: value
        for name, value in headers.items()
        if name != "user-agent" and not (without and name.startswith(without))
    }
    return replace(click(id="c"), user_agent=headers["user-agent"], headers=headers_sent, https=https)


def request_from(agent: str, **headers: str) -> Click:
    """A click with this User-Agent, or with one of Chrome that ends in it."""
    engine = "AppleWebKit/537.36 (KHTML, like Gecko)"
    name = agent if agent.startswith("Mozilla") else f"Mozilla/5.0 (Windows NT 10.0) {engine} {agent} Safari/537.36"
    return request({"user-agent": name, **{key.replace("_", "-"): value for key, value in headers.items()}})


@pytest.mark.parametrize("signal", HEADER_SIGNALS)
@pytest.mark.parametrize(
    "person",
    [
        request(browsers.chrome(LANGUAGE)),
        request(browsers.chrome(LANGUAGE, mac=True, webmail="https://mail.example")),
        request(browsers.edge(LANGUAGE)),
        request(browsers.mobile_chrome(LANGUAGE)),
        request(browsers.webview(LANGUAGE)),
        request(browsers.firefox(LANGUAGE)),
        request(browsers.safari(LANGUAGE)),
        request(browsers.safari(LANGUAGE, mac=True)),
        click(id="old"),
        replace(click(id="esp"), esp="mailgun", headers={"accept": "*/*"}),
    ],
    ids=[
        "Chrome",
        "Chrome in web mail",
        "Edge",
        "Chrome on Android",
        "a web view",
        "Firefox",
        "Safari on an iPhone",
        "Safari on a Mac",
        "an old log",
        "an ESP",
    ],
)
def test_real_browsers_do_not_match(signal: str, person: Click) -> None:
    assert evaluate_signal(signal, sent(), person) == {}


def test_no_accept_language_matches() -> None:
    assert evaluate_signal("no-accept-language", request(browsers.spoofed_chrome(156, sends_language=False))) == {
        "c": "no Accept-Language"
    }


def test_no_accept_language_does_not_match() -> None:
    assert evaluate_signal("no-accept-language", click()) == {}


def test_no_fetch_metadata_matches() -> None:
    spoofed = request(browsers.spoofed_chrome(156, sends_language=True))
    assert evaluate_signal("no-fetch-metadata", spoofed) == {"c": "Chrome 156 without Sec-Fetch headers"}


@pytest.mark.parametrize(
    "person",
    [
        request(browsers.spoofed_chrome(156, sends_language=True), https=False),
        request_from("Chrome/79.0.3945.88", accept_language="en"),
        request_from("Mozilla/5.0 (Windows NT 6.1; rv:78.0) Gecko/20100101 Firefox/78.0", accept_language="en"),
        request_from(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 15_8 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/15.6 Mobile/15E148 Safari/604.1",
            accept_language="en",
        ),
        request_from("Chrome/140.0.0.0 SamsungBrowser/29.0", accept_language="en"),
    ],
    ids=["without TLS", "old Chrome", "old Firefox", "old Safari", "another browser"],
)
def test_no_fetch_metadata_does_not_match(person: Click) -> None:
    assert evaluate_signal("no-fetch-metadata", person) == {}


def test_no_client_hints_matches() -> None:
    scripted = request(browsers.scripted_chrome(156))
    assert evaluate_signal("no-client-hints", scripted) == {"c": "Chrome 156 without client hints"}


def test_no_client_hints_does_not_match() -> None:
    assert evaluate_signal("no-client-hints", request(browsers.chrome(LANGUAGE), without="sec-")) == {}


def test_no_client_hints_does_not_match_on_phones() -> None:
    assert evaluate_signal("no-client-hints", request(browsers.mobile_chrome(LANGUAGE), without="sec-ch-ua")) == {}


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"accept_encoding": "gzip, br, zstd"}, "Chrome 120 with zstd, which came with Chrome 123"),
        ({"accept": "text/html,image/jxl"}, "Chrome 120 with image/jxl, which came with Chrome 145"),
        ({"sec_ch_ua": '"Chromium";v="156"'}, "Chrome 120, but client hints say 156"),
        (
            {"sec_ch_ua": '"Chromium";v="120"', "sec_ch_ua_platform": '"Linux"'},
            "client hints say Linux, the User-Agent Windows",
        ),
        (
            {"sec_ch_ua": '"Chromium";v="120"', "sec_ch_ua_mobile": "?1"},
            "desktop User-Agent, but client hints say the opposite",
        ),
    ],
)
def test_impossible_headers_matches(changes: dict[str, str], detail: str) -> None:
    assert evaluate_signal("impossible-headers", request_from("Chrome/120.0.0.0", **changes)) == {"c": detail}


def test_impossible_headers_matches_on_another_engine() -> None:
    spoofed = request({**browsers.chrome(LANGUAGE), "user-agent": browsers.safari(LANGUAGE, mac=True)["user-agent"]})
    assert evaluate_signal("impossible-headers", spoofed) == {"c": "Safari 26 with client hints"}


def test_impossible_headers_does_not_match() -> None:
    assert (
        evaluate_signal("impossible-headers", request_from("Chrome/123.0.0.0", accept_encoding="gzip, br, zstd")) == {}
    )


def test_stale_chrome_matches() -> None:
    stale = request_from("Chrome/120.0.0.0", accept_language="en")
    assert evaluate_signal("stale-chrome", stale) == {"c": "Chrome 120, replaced 1007 days before"}


@pytest.mark.parametrize("version", [109, 150, 156, 400])
def test_stale_chrome_does_not_match(version: int) -> None:
    assert evaluate_signal("stale-chrome", request_from(f"Chrome/{version}.0.0.0", accept_language="en")) == {}


MAC, ANDROID, LINUX = "Macintosh; Intel Mac OS X 10_15_7", "Linux; Android 10; K", "X11; Linux x86_64"


@pytest.mark.parametrize(
    ("version", "system", "matches"),
    [
        (109, LINUX, True),
        (109, MAC, True),
        (116, MAC, False),
        (116, ANDROID, True),
        (119, ANDROID, False),
        (119, "Windows NT 10.0; Win64; x64", True),
        (128, MAC, False),
        (128, "Windows NT 10.0; Win64; x64", True),
        (138, MAC, False),
        (138, ANDROID, False),
        (138, LINUX, True),
    ],
)
def test_last_version_for_one_system_is_stale_on_others(version: int, system: str, matches: bool) -> None:
    agent = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    assert bool(evaluate_signal("stale-chrome", request_from(agent, accept_language="en"))) is matches


@pytest.mark.parametrize("source", [{"esp": "sendgrid", "source": "sendgrid"}, {}])
def test_stale_chrome_matches_where_a_source_has_no_headers(source: dict[str, str]) -> None:
    stale = replace(request_from("Chrome/120.0.0.0"), https=False, headers={}, **source)
    current = replace(request_from("Chrome/156.0.0.0"), https=False, headers={}, **source)
    assert [bool(evaluate_signal("stale-chrome", click_)) for click_ in (stale, current)] == [True, False]


def test_stale_chrome_does_not_match_if_client_hints_confirm_the_version() -> None:
    assert evaluate_signal("stale-chrome", request(browsers.chrome(LANGUAGE, version=130))) == {}
    changed = {**browsers.chrome(LANGUAGE, version=130), "sec-ch-ua": '"Chromium";v="156"'}
    assert evaluate_signal("stale-chrome", request(changed)).keys() == {"c"}


def test_stale_chrome_does_not_match_without_tls() -> None:
    assert (
        evaluate_signal("stale-chrome", replace(request_from("Chrome/120.0.0.0", accept_language="en"), https=False))
        == {}
    )


def test_stale_chrome_does_not_match_in_old_logs() -> None:
    old_click = replace(
        request_from("Chrome/120.0.0.0", accept_language="en"), at=click().at.replace(year=2024, month=1)
    )
    assert evaluate_signal("stale-chrome", old_click) == {}


def test_old_internet_explorer_matches() -> None:
    for version, engine in ((9, "Windows NT 6.1; Trident/5.0"), (7, "Windows NT 5.1")):
        agent = f"Mozilla/5.0 (compatible; MSIE {version}.0; {engine})"
        assert evaluate_signal("old-internet-explorer", request_from(agent)) == {"c": f"Internet Explorer {version}"}


def test_old_internet_explorer_does_not_match() -> None:
    for agent in (
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E)",
    ):
        assert evaluate_signal("old-internet-explorer", request_from(agent)) == {}


SYSTEMS = {
    "Windows": "Windows NT 10.0; Win64; x64",
    "macOS": MAC,
    "Android": ANDROID,
    "Chrome OS": "X11; CrOS x86_64 14541.0.0",
    "Linux": LINUX,
}


@pytest.mark.parametrize("claimed", SYSTEMS)
def test_impossible_headers_compares_the_system(claimed: str) -> None:
    agent = f"Mozilla/5.0 ({SYSTEMS[claimed]}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    contradicting = {
        platform
        for platform in (*SYSTEMS, "Unknown", "")
        if evaluate_signal(
            "impossible-headers",
            request_from(agent, sec_ch_ua='"Chromium";v="156"', sec_ch_ua_platform=f'"{platform}"'),
        )
    }
    a_phone_asks_for_the_desktop_site = {"Android"} if claimed == "Linux" else set()
    assert contradicting == SYSTEMS.keys() - {claimed} - a_phone_asks_for_the_desktop_site


@pytest.mark.parametrize(
    "headers",
    [
        {"signature_agent": '"https://chatgpt.com"'},
        {"signature_input": 'sig1=("@authority" "signature-agent");created=1;keyid="k";tag="web-bot-auth"'},
    ],
)
def test_signed_agent_matches(headers: dict[str, str]) -> None:
    assert evaluate_signal("signed-agent", request_from("Chrome/156.0.0.0", **headers)).keys() == {"c"}


def test_signed_agent_does_not_match() -> None:
    signed_message = {"signature_input": 'sig1=("@method");tag="another-profile"', "signature_agent": ""}
    assert evaluate_signal("signed-agent", request_from("Chrome/156.0.0.0", **signed_message)) == {}


def test_signed_agent_is_a_bot_even_when_engaged() -> None:
    signed = request_from("Chrome/156.0.0.0", signature_agent='"https://chatgpt.com"', accept_language="en")
    (judged,) = judge(timeline(sent(), signed, engagement("c")), CONTEXT)
    assert judged.verdict is Verdict.BOT


RELAY_IP = "2a09:bac5:665f:1541::21e:154"


def test_relay_program_matches() -> None:
    program = replace(request_from("Chrome/119.0.0.0", accept_language="en"), ip=RELAY_IP)
    assert evaluate_signal("relay-program", program) == {"c": "Chrome 119 in the network Cloudflare AS13335"}


def test_relay_program_does_not_match() -> None:
    person = replace(request(browsers.safari(LANGUAGE)), ip=RELAY_IP)
    at_home = request_from("Chrome/119.0.0.0", accept_language="en")
    assert [evaluate_signal("relay-program", click_) for click_ in (person, at_home)] == [{}, {}]


CHROME = browsers.chrome(LANGUAGE)


def from_azure(seconds: float, headers: browsers.Headers = CHROME, *, link: int = 0) -> Click:
    """A click from Azure some seconds after the message was sent."""
    return replace(request(headers), id=f"c{link}", at=noon_plus(seconds), ip=AZURE_IP, link=link)


def test_late_browser_matches() -> None:
    assert evaluate_signal("late-browser", sent(), from_azure(9_000)) == {
        "c0": "Chrome 156 with all its headers, over 1 h after arrival"
    }


def test_late_browser_matches_where_the_source_reports_no_headers() -> None:
    by_esp = replace(from_azure(9_000), headers={}, https=False, esp="sendgrid", source="sendgrid")
    assert evaluate_signal("late-browser", sent(), by_esp) == {"c0": "Chrome 156, over 1 h after arrival"}
    old = by_esp.user_agent.replace("156", "150")
    assert evaluate_signal("late-browser", sent(), replace(by_esp, user_agent=old)) == {}
    assert evaluate_signal("late-browser", sent(), replace(by_esp, user_agent="an app")) == {}


def test_late_browser_does_not_match() -> None:
    sweep = [from_azure(9_000 + 60 * link, link=link) for link in range(3)]
    assert [
        evaluate_signal("late-browser", sent(), from_azure(900)),
        evaluate_signal("late-browser", sent(), from_azure(9_000, browsers.scripted_chrome(156))),
        evaluate_signal("late-browser", sent(), replace(from_azure(9_000), headers={})),
        evaluate_signal("late-browser", sent(), replace(from_azure(9_000), ip=HOME_IP)),
        evaluate_signal("late-browser", from_azure(9_000)),
        evaluate_signal("late-browser", sent(), *sweep),
    ] == [{}] * 6


def test_missing_headers_with_one_cause_count_once() -> None:
    spoofed = request(browsers.spoofed_chrome(156, sends_language=False))
    assert [len(evaluate_signal(signal, spoofed)) for signal in ("no-accept-language", "no-fetch-metadata")] == [1, 0]
