"""Where requests come from."""

from collections.abc import Collection

from clicktrail.judge.case import DATACENTRES, Case
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.signals.findings import Findings

__all__ = ["datacentre_network", "mail_security_network"]


def mail_security_network(case: Case) -> Findings:
    """An address of a company that scans mail."""
    return _within(case, {NetworkClass.MAIL_SECURITY})


def datacentre_network(case: Case) -> Findings:
    """An address of a data centre."""
    return _within(case, DATACENTRES)


def _within(case: Case, kinds: Collection[NetworkClass]) -> Findings:
    return {click_id: f"network {network}" for click_id, network in case.networks.items() if network.kind in kinds}
