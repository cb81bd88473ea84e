"""Name the program behind a click that is not human, by its network and by what it calls itself."""

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from importlib import resources
from typing import Final

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.judge import Context
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.user_agents import AgentKind
from clicktrail.model.verdict import JudgedClick
from clicktrail.report.scanners import Scanner

_NETWORK_SIGNALS: Final = frozenset({"mail-security-network", "datacentre-network"})
_AGENT_SIGNALS: Final = frozenset({"automation-user-agent", "preview-user-agent"})

_OWNER_CLASSES: Final = frozenset({NetworkClass.MICROSOFT, NetworkClass.GOOGLE})
"""Clouds whose owners scan mail themselves."""

_MAIL_SECURITY_RANK, _AGENT_RANK, _OWNER_RANK, _RENTED_RANK, _UNNAMED_RANK = range(5)
"""The lower, the more precise: a gateway's own network, a name, a cloud with a scanner of its own, any other cloud."""

_CACHE_SIZE: Final = 16_384
"""Scanners return from the same addresses."""

NOT_NAMED: Final = "Not named"
FLAGGED_BY_ESP: Final = Scanner(_UNNAMED_RANK, NOT_NAMED, "flagged by the ESP")
RECOGNISED_BY_BEHAVIOUR: Final = Scanner(_UNNAMED_RANK, NOT_NAMED, "recognised by its behaviour")


class _Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    vendor: str
    product: str
    source: str
    date: date


class _ScannersFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    scanners: tuple[_Product, ...]


class ScannerDirectory:
    """Names scanners.

    Args:
        context: the networks and agents that the clicks were judged with.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._products = _load_products()
        self._identify_cached = lru_cache(_CACHE_SIZE)(self._identify)

    def identify(self, judged: JudgedClick) -> Scanner:
        """Name the scanner that made a click, by the most precise of what the judge saw."""
        ip = user_agent = ""
        is_flagged = False
        for reason in judged.reasons:
            if reason.signal in _NETWORK_SIGNALS:
                ip = judged.click.ip
            elif reason.signal in _AGENT_SIGNALS:
                user_agent = judged.click.user_agent
            elif reason.signal == "esp-bot":
                is_flagged = True
        if ip or user_agent:
            return self._identify_cached(ip, user_agent)
        return FLAGGED_BY_ESP if is_flagged else RECOGNISED_BY_BEHAVIOUR

    def _identify(self, ip: str, user_agent: str) -> Scanner:
        network = self._context.networks.find(ip) if ip else None
        agent = self._context.agents.find(user_agent) if user_agent else None
        agent_name = agent.name if agent else ""
        if network and network.network_class is NetworkClass.MAIL_SECURITY:
            return self._describe(_MAIL_SECURITY_RANK, network.name, "mail scanner", agent_name)
        if agent and agent.kind is AgentKind.PREVIEW:
            return self._describe(_AGENT_RANK, agent.name, "link previews")
        if network and network.network_class in _OWNER_CLASSES:
            return self._describe(_OWNER_RANK, network.name, "computers in its cloud", agent_name)
        if agent:
            return self._describe(_AGENT_RANK, agent.name, "a program that names itself")
        if network:
            return self._describe(_RENTED_RANK, network.name, "rented computers")
        return RECOGNISED_BY_BEHAVIOUR

    def name_vendor(self, judged: JudgedClick) -> str:
        """The vendor of the scanner; empty if it is unknown."""
        vendor = self.identify(judged).vendor
        return "" if vendor == NOT_NAMED else vendor

    def _describe(self, rank: int, name: str, product: str, agent_name: str = "") -> Scanner:
        known = self._products.get(name)
        vendor = known.vendor if known else name
        product = known.product if known else product
        return Scanner(rank, vendor, f"calls itself {agent_name}" if agent_name else product)


@cache
def _load_products() -> Mapping[str, _Product]:
    text = (resources.files("clicktrail.audit") / "data" / "scanners.toml").read_text("utf-8")
    return {product.name: product for product in decode_toml(text, _ScannersFile, name="the list of scanners").scanners}
