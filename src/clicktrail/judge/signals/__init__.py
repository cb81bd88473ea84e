"""One function a signal: which clicks of a message it speaks of, and what it says of each, in words.

A signal states a fact and gives no verdict; what the fact is worth stands in ``data/rules.toml``, under the same
name, with the thresholds that the function takes. Thresholds in seconds are seconds.

What a source cannot tell counts against nobody: a signal is silent on clicks whose address, agent or headers it needs
and does not have.
"""

from collections.abc import Mapping
from typing import Final

from clicktrail.judge.signals.base import Findings, Signal
from clicktrail.judge.signals.headers import (
    impossible_headers,
    no_client_hints,
    no_fetch_metadata,
    no_language,
    old_explorer,
    stale_chrome,
)
from clicktrail.judge.signals.landing_page import engaged, untouched
from clicktrail.judge.signals.neighbours import (
    damaged_link_nearby,
    datacentre_sweep,
    head_twin,
    person_elsewhere,
    shared_address,
    trap_nearby,
)
from clicktrail.judge.signals.network import datacentre_network, hosted_addresses, mail_security_network, many_networks
from clicktrail.judge.signals.request import (
    automation_agent,
    esp_bot,
    method,
    no_agent,
    prefetch,
    preview_agent,
    tampered_token,
    trap_link,
)
from clicktrail.judge.signals.timing import all_links, burst, early, fast, hosted_burst, many_links_hosted

__all__ = ["SIGNALS", "Findings", "Signal"]

SIGNALS: Final[Mapping[str, Signal]] = {
    "method": method,
    "preview-agent": preview_agent,
    "prefetch": prefetch,
    "automation-agent": automation_agent,
    "no-agent": no_agent,
    "tampered-token": tampered_token,
    "trap-link": trap_link,
    "burst": burst,
    "mail-security-network": mail_security_network,
    "esp-bot": esp_bot,
    "trap-nearby": trap_nearby,
    "damaged-link-nearby": damaged_link_nearby,
    "impossible-headers": impossible_headers,
    "datacentre-network": datacentre_network,
    "fast": fast,
    "hosted-burst": hosted_burst,
    "shared-address": shared_address,
    "many-networks": many_networks,
    "head-twin": head_twin,
    "no-language": no_language,
    "all-links": all_links,
    "early": early,
    "many-links-hosted": many_links_hosted,
    "hosted-addresses": hosted_addresses,
    "datacentre-sweep": datacentre_sweep,
    "person-elsewhere": person_elsewhere,
    "stale-chrome": stale_chrome,
    "no-client-hints": no_client_hints,
    "old-explorer": old_explorer,
    "untouched": untouched,
    "no-fetch-metadata": no_fetch_metadata,
    "engaged": engaged,
}
"""Every signal by the name of its rule."""
