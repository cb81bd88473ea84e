"""IP networks of the actors that the demo does not have, from the public routing tables of 2026."""

from typing import Final

# Outgoing addresses of Windows 365 and Azure Virtual Desktop (AS8075).
AZURE: Final = ("20.79.0.0/18", "51.140.0.0/16", "20.50.0.0/18")
# Google's crawlers and safety checkers.
GOOGLE: Final = ("66.249.64.0/19",)
# Rented remote desktops: Hetzner, OVH.
HOSTED_DESKTOPS: Final = ("88.198.0.0/16", "54.36.0.0/16", "5.9.0.0/16")
# Mimecast's browser isolation: pages are opened there and shown to people as pictures.
BROWSER_ISOLATION: Final = ("207.211.30.0/24", "205.139.110.0/24")
# Netskope, Cisco Umbrella.
SECURE_WEB_GATEWAYS: Final = ("163.116.128.0/17", "146.112.0.0/16")
# M247, 31173 Services, Datacamp, Proton.
VPN_EXITS: Final = ("146.70.0.0/16", "193.138.218.0/24", "89.187.160.0/19", "185.159.156.0/22")
# Sandboxes with unpublished addresses: Google's cloud, Oracle, DigitalOcean, Azure.
SANDBOXES: Final = ("34.89.0.0/16", "132.145.0.0/16", "165.227.0.0/16", "20.79.0.0/18")
# Infomaniak, Mythic Beasts, Gandi, netcup, Aruba.
SMALL_HOSTERS: Final = ("84.16.64.0/19", "93.93.128.0/21", "46.226.104.0/21", "46.38.224.0/19", "62.149.128.0/17")
# Prisma Access, Symantec Cloud SWG, and Microsoft's Global Secure Access, announced by Google, Amazon and Microsoft.
CLOUD_GATEWAYS: Final = ("208.127.0.0/16", "134.238.0.0/16", "137.83.192.0/19", "199.19.248.0/21", "151.206.0.0/16")
ZSCALER: Final = ("165.225.80.0/22", "136.226.8.0/22", "147.161.128.0/17")
# Cloudflare: WARP's customers, and programs in its cloud.
WARP: Final = ("2a09:bac5::/32", "104.28.0.0/20")
# Cogent, GTT: carriers that also connect servers.
CARRIERS: Final = ("38.32.0.0/16", "77.67.0.0/17")
# Exchange Online Protection.
EXCHANGE: Final = ("104.47.0.0/17",)
# Cortex Xpanse, of Palo Alto Networks.
XPANSE: Final = ("198.235.24.0/24", "205.210.31.0/24")
# Opera's VPN and its compressing proxies.
OPERA: Final = ("82.145.208.0/20", "185.26.180.0/22")
