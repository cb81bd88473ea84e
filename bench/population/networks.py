"""Networks of the actors that the demo has not, by the public routing tables of 2026."""

from typing import Final

__all__ = [
    "AZURE",
    "BROWSER_ISOLATION",
    "GOOGLE",
    "HOSTED_DESKTOPS",
    "SANDBOXES",
    "SECURE_WEB_GATEWAYS",
    "SMALL_HOSTERS",
    "VPN_EXITS",
]

# Where Windows 365 and Azure Virtual Desktop leave to the internet (AS8075).
AZURE: Final = ("20.79.0.0/18", "51.140.0.0/16", "20.50.0.0/18")
# Google's own crawlers and checkers.
GOOGLE: Final = ("66.249.64.0/19",)
# Remote desktops that somebody rents out: Hetzner, OVH.
HOSTED_DESKTOPS: Final = ("88.198.0.0/16", "54.36.0.0/16", "5.9.0.0/16")
# People whose pages are opened at Mimecast and shown to them as pictures.
BROWSER_ISOLATION: Final = ("207.211.30.0/24", "205.139.110.0/24")
# Netskope, Cisco Umbrella.
SECURE_WEB_GATEWAYS: Final = ("163.116.128.0/17", "146.112.0.0/16")
# M247, 31173 Services, Datacamp, Proton.
VPN_EXITS: Final = ("146.70.0.0/16", "193.138.218.0/24", "89.187.160.0/19", "185.159.156.0/22")
# Where sandboxes that nobody published run: Google's cloud, Oracle, DigitalOcean, Azure.
SANDBOXES: Final = ("34.89.0.0/16", "132.145.0.0/16", "165.227.0.0/16", "20.79.0.0/18")
# Infomaniak, Mythic Beasts, Gandi, netcup, Aruba.
SMALL_HOSTERS: Final = ("84.16.64.0/19", "93.93.128.0/21", "46.226.104.0/21", "46.38.224.0/19", "62.149.128.0/17")
