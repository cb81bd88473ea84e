"""Signals: one function for each fact that separates bots from humans.

A signal function returns the clicks that the fact is true of, with a detail for each. The rule of the same name in
``data/rules.toml`` holds its verdict or points, and its thresholds, which are the function's keyword arguments.

A signal does not match a click that lacks the data the signal needs: IP address, User-Agent or headers. So missing data
never counts against a click.
"""

from collections.abc import Mapping
from typing import Final

from clicktrail.judge.evidence import Signal, SignalMatches
from clicktrail.judge.signals.activity import always_early, busy_address, habitual_sweep
from clicktrail.judge.signals.landing_page import engaged, no_engagement
from clicktrail.judge.signals.network import (
    bounced,
    datacentre_many_networks,
    datacentre_network,
    datacentre_shared_address,
    head_before_get,
    mail_security_network,
    many_networks,
    paired_fetch,
    shared_address,
    tampered_token_nearby,
    time_of_click_scan,
    trap_link_nearby,
)
from clicktrail.judge.signals.request import (
    automation_user_agent,
    esp_bot,
    impossible_headers,
    late_browser,
    no_accept_language,
    no_client_hints,
    no_fetch_metadata,
    no_user_agent,
    non_get_method,
    old_internet_explorer,
    prefetch,
    preview_user_agent,
    relay_program,
    signed_agent,
    stale_chrome,
    tampered_token,
    trap_link,
)
from clicktrail.judge.signals.timing import (
    all_links,
    burst,
    datacentre_burst,
    datacentre_many_links,
    early,
    fast,
    serial_sweep,
)

__all__ = ["SIGNALS", "Signal", "SignalMatches"]

SIGNALS: Final[Mapping[str, Signal]] = {
    "non-get-method": non_get_method,
    "preview-user-agent": preview_user_agent,
    "prefetch": prefetch,
    "automation-user-agent": automation_user_agent,
    "signed-agent": signed_agent,
    "no-user-agent": no_user_agent,
    "tampered-token": tampered_token,
    "trap-link": trap_link,
    "bounced": bounced,
    "burst": burst,
    "mail-security-network": mail_security_network,
    "esp-bot": esp_bot,
    "trap-link-nearby": trap_link_nearby,
    "tampered-token-nearby": tampered_token_nearby,
    "impossible-headers": impossible_headers,
    "datacentre-network": datacentre_network,
    "fast": fast,
    "datacentre-burst": datacentre_burst,
    "shared-address": shared_address,
    "many-networks": many_networks,
    "busy-address": busy_address,
    "always-early": always_early,
    "habitual-sweep": habitual_sweep,
    "paired-fetch": paired_fetch,
    "head-before-get": head_before_get,
    "no-accept-language": no_accept_language,
    "serial-sweep": serial_sweep,
    "all-links": all_links,
    "early": early,
    "datacentre-many-links": datacentre_many_links,
    "datacentre-many-networks": datacentre_many_networks,
    "datacentre-shared-address": datacentre_shared_address,
    "time-of-click-scan": time_of_click_scan,
    "stale-chrome": stale_chrome,
    "relay-program": relay_program,
    "no-client-hints": no_client_hints,
    "old-internet-explorer": old_internet_explorer,
    "no-engagement": no_engagement,
    "no-fetch-metadata": no_fetch_metadata,
    "late-browser": late_browser,
    "engaged": engaged,
}
"""Signal functions by rule name."""
