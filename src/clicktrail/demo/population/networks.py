"""IP networks of the simulated clients, by owner in the public routing tables of 2026.

Addresses drawn from them appear only in X-Forwarded-For headers sent to 127.0.0.1.
"""

from typing import Final

__all__ = [
    "AMAZON",
    "BARRACUDA",
    "CISCO",
    "DATACENTRE",
    "MAIL_GATEWAY",
    "MICROSOFT",
    "MIMECAST",
    "MOBILE",
    "OFFICE",
    "PRIVATE_RELAY",
    "PROOFPOINT",
    "RESIDENTIAL",
    "RESIDENTIAL_SCANNER",
    "SECURE_WEB_GATEWAY",
    "TREND_MICRO",
]

# Residential connections: BT, Comcast, Deutsche Telekom, Orange, Vodafone Germany.
RESIDENTIAL: Final = (
    "86.128.0.0/11",
    "2a00:23c7::/32",
    "73.120.0.0/14",
    "2601:1c2::/32",
    "80.128.0.0/12",
    "2003:ea::/32",
    "90.0.0.0/12",
    "2a02:8108::/32",
)
# Telefonica UK, Three UK, T-Mobile US, Vodafone Germany, Deutsche Telekom.
MOBILE: Final = ("82.132.216.0/21", "92.40.168.0/21", "172.58.0.0/18", "109.41.0.0/17", "37.80.0.0/14")
# Static addresses of one company at Deutsche Telekom.
OFFICE: Final = ("217.91.14.16/29",)
# Apple's iCloud Private Relay, at Akamai, Cloudflare and Fastly.
PRIVATE_RELAY: Final = ("172.225.0.0/18", "104.28.32.0/20", "146.75.160.0/20", "2a02:26f7:c0::/44")
# Zscaler: companies route their employees' browsing through it.
SECURE_WEB_GATEWAY: Final = ("165.225.80.0/22", "136.226.8.0/22")

# The parts of Barracuda's two published blocks that it still announces.
BARRACUDA: Final = ("64.235.144.0/22", "64.235.152.0/21", "209.222.80.0/21")
CISCO: Final = ("68.232.128.0/19", "216.71.128.0/19")
MICROSOFT: Final = ("40.94.16.0/24", "40.107.218.0/24", "40.107.235.0/24", "52.112.4.0/22", "20.79.0.0/18")
MIMECAST: Final = ("207.211.30.0/24", "205.139.110.0/24", "91.220.42.0/24", "195.130.217.0/24")
PROOFPOINT: Final = ("148.163.128.0/19", "67.231.152.0/21", "205.220.160.0/20")
TREND_MICRO: Final = ("150.70.0.0/17",)
# Musarubra, which runs the former Symantec mail gateway.
MAIL_GATEWAY: Final = ("208.65.144.0/22",)
AMAZON: Final = ("3.64.0.0/13", "18.184.0.0/15", "52.28.0.0/16", "34.200.0.0/13")
# Hetzner, OVH, DigitalOcean.
DATACENTRE: Final = ("88.198.0.0/16", "54.36.0.0/16", "165.227.0.0/16")
# A Brazilian access provider; a scanner clicked from its customers' addresses (resend-node issue 901).
RESIDENTIAL_SCANNER: Final = ("168.90.91.0/24",)
