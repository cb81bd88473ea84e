"""Zones of the tests: a healthy one of each kind, and one for each fault."""

from typing import Final

from tests.support.dns_network import ZONE_SERVER, ZoneFile

SCRIPTED = "127.0.0.11"
SECOND_SCRIPTED = "127.0.0.12"
LAME = "127.0.0.13"
SILENT = "127.0.0.14"
SLOW = "127.0.0.15"
TRUNCATING = "127.0.0.16"
TRUNCATING_TCP = "127.0.0.17"
LIAR = "127.0.0.18"
CAA_REFUSING = "127.0.0.19"
REFUSING = "127.0.0.20"
SERVFAIL = "127.0.0.21"
CHANGING = "127.0.0.22"
CAA_SILENT = "127.0.0.25"
SLOW_RESOLVER = "127.0.0.23"
FOREIGN_IDS = "127.0.0.24"
WITHOUT_PARENTS = "127.0.0.26"

EDGE_A = "192.0.2.10"
EDGE_AAAA = "2001:db8::10"
CNAME_TO_EDGE = "links CNAME edge.own.test."
CLOUDFLARE = "104.16.1.1"

HEALTHY: Final = {
    "own.test": ZoneFile(
        records=f"edge A {EDGE_A}\nedge AAAA {EDGE_AAAA}\nedge2 A 192.0.2.20\nedge6 AAAA 2001:db8::66\n"
        f"behindcdn A {CLOUDFLARE}\nempty TXT text\nmulti A 192.0.2.31\nmulti A 192.0.2.32\n"
        'alias CNAME edge\nforbidden A 192.0.2.40\nforbidden CAA 0 issue "pki.goog"'
    ),
    "sendgrid.net": ZoneFile(records="@ A 198.51.100.1\nclick A 198.51.100.2\neu A 198.51.100.3"),
    "mailgun.org": ZoneFile(records="@ A 198.51.100.11\neu A 198.51.100.12"),
    "klaviyodns.com": ZoneFile(records="dct A 198.51.100.21"),
    "pstmrk.net": ZoneFile(records="abc123 A 198.51.100.31"),
    "mtasv.net": ZoneFile(records="pm A 198.51.100.32"),
    "spamhaus.org": ZoneFile(records="listed.test.dbl A 127.0.1.2\nrefused.test.dbl A 127.255.255.254"),
    "surbl.org": ZoneFile(records="listed.test.multi A 127.0.0.64\nrefused.test.multi A 127.0.0.1"),
    "uribl.com": ZoneFile(records="listed.test.multi A 127.0.0.2\nrefused.test.multi A 127.0.0.1"),
    "cname.test": ZoneFile(records=CNAME_TO_EDGE),
    "chain.test": ZoneFile(records="links CNAME alias.own.test."),
    "signed.test": ZoneFile(records=CNAME_TO_EDGE, is_signed=True),
    "flattened.test": ZoneFile(records=f"links A {EDGE_A}\nlinks AAAA {EDGE_AAAA}"),
    "ipv4.test": ZoneFile(records=f"links A {EDGE_A}"),
    "flattenedcdn.test": ZoneFile(records=f"links A {CLOUDFLARE}"),
    "edges.test": ZoneFile(records=f"links A {EDGE_A}\nlinks A 192.0.2.20"),
    "apex.test": ZoneFile(records=f"@ A {EDGE_A}"),
    "wild.test": ZoneFile(records="* CNAME edge.own.test."),
    "caa.test": ZoneFile(records=f'{CNAME_TO_EDGE}\n@ CAA 0 issue "letsencrypt.org; validationmethods=http-01"'),
    "caawild.test": ZoneFile(
        records=f'{CNAME_TO_EDGE}\n@ CAA 0 issuewild "pki.goog"\n@ CAA 0 iodef "mailto:a@example.com"'
    ),
    "challenge.test": ZoneFile(
        records="links CNAME click.sendgrid.net.\n_acme-challenge.links CNAME links.0a1b.dcv.cloudflare.com."
    ),
    "sendgrid.test": ZoneFile(
        records="links CNAME sendgrid.net.\nauto CNAME click.sendgrid.net.\neu CNAME eu.sendgrid.net."
    ),
    "mailgun.test": ZoneFile(records="links CNAME mailgun.org.\neu CNAME eu.mailgun.org."),
    "klaviyo.test": ZoneFile(records='links CNAME dct.klaviyodns.com.\n@ CAA 0 issue "pki.goog"'),
    "postmark.test": ZoneFile(records="links CNAME abc123.pstmrk.net."),
    "several-levels.test": ZoneFile(records="a.b.c CNAME edge.own.test."),
    "tcp.test": ZoneFile(servers=(TRUNCATING_TCP,)),
    "slow.test": ZoneFile(servers=(SLOW,)),
    "onesilent.test": ZoneFile(records=CNAME_TO_EDGE, servers=(SILENT, ZONE_SERVER)),
}

FAULTY: Final = {
    "refused.test": ZoneFile(servers=(REFUSING,)),
    "absent.test": ZoneFile(),
    "notauth.test": ZoneFile(servers=(LAME,)),
    "silent.test": ZoneFile(servers=(SILENT,)),
    "truncated.test": ZoneFile(servers=(TRUNCATING,)),
    "onelame.test": ZoneFile(records=CNAME_TO_EDGE, servers=(REFUSING, ZONE_SERVER)),
    "bogus.test": ZoneFile(
        records=f"{CNAME_TO_EDGE}\nedge A {EDGE_A}",
        is_signed=True,
        anchor=f"bogus.test. DS 12345 13 2 {'ab' * 32}",
    ),
    "missing.test": ZoneFile(records="www A 203.0.113.1"),
    "nodata.test": ZoneFile(records="links TXT text"),
    "doubled.test": ZoneFile(records="links.doubled.test CNAME edge.own.test."),
    "doubledwild.test": ZoneFile(records="* A 203.0.113.7\nlinks.doubledwild.test CNAME edge.own.test."),
    "lastdot.test": ZoneFile(records="links CNAME edge.own.test"),
    "lastdotesp.test": ZoneFile(records="links CNAME sendgrid.net"),
    "wildcard.test": ZoneFile(records="* A 203.0.113.7"),
    "wildcardcname.test": ZoneFile(records="* CNAME shop.example.net."),
    "wrong.test": ZoneFile(records="links A 203.0.113.8"),
    "wrongname.test": ZoneFile(records="links CNAME www.wrongname.test.\nwww A 203.0.113.8"),
    "otheresp.test": ZoneFile(records="links CNAME mailgun.org."),
    "emptytarget.test": ZoneFile(records="links CNAME empty.own.test."),
    "loop.test": ZoneFile(records="links CNAME a\na CNAME b\nb CNAME links"),
    "mixed.test": ZoneFile(records=f"links A {EDGE_A}\nlinks A 203.0.113.9"),
    "typo.test": ZoneFile(records="links CNAME edg.own.test.\nesp CNAME sendgird.net."),
    "region.test": ZoneFile(records="links CNAME eu.sendgrid.net.\nus CNAME mailgun.org."),
    "returnpath.test": ZoneFile(records="links CNAME pm.mtasv.net.\nsg CNAME u1.wl2.sendgrid.net."),
    "proxied.test": ZoneFile(records="links A 104.21.3.4\nlinks A 172.67.5.6\nlinks AAAA 2606:4700::6810:1"),
    "fastly.test": ZoneFile(records="links A 151.101.1.6"),
    "ipv6.test": ZoneFile(records=f"links A {EDGE_A}\nlinks AAAA 2001:db8::bad"),
    "ipv6mixed.test": ZoneFile(records=f"links A {EDGE_A}\nlinks AAAA {EDGE_AAAA}\nlinks AAAA 2001:db8::bad"),
    "onlyipv6.test": ZoneFile(records=f"links AAAA {EDGE_AAAA}\nname CNAME edge6.own.test."),
    "late.test": ZoneFile(records=CNAME_TO_EDGE),
    "differ.test": ZoneFile(records=CNAME_TO_EDGE, servers=(ZONE_SERVER, SECOND_SCRIPTED)),
    "differ2.test": ZoneFile(records=CNAME_TO_EDGE, servers=(ZONE_SERVER, SECOND_SCRIPTED)),
    "created.test": ZoneFile(servers=(CHANGING,)),
    "gonewrong.test": ZoneFile(records="links A 203.0.113.9"),
    "longttl.test": ZoneFile(records="links 86400 CNAME edge.own.test."),
    "caaforbids.test": ZoneFile(records=f'{CNAME_TO_EDGE}\n@ CAA 0 issue "pki.goog"'),
    "caanone.test": ZoneFile(records=f'{CNAME_TO_EDGE}\n@ CAA 0 issue ";"'),
    "caaown.test": ZoneFile(
        records=f'links A {EDGE_A}\nlinks CAA 0 issue "digicert.com"\n@ CAA 0 issue "letsencrypt.org"'
    ),
    "caatarget.test": ZoneFile(records='links CNAME forbidden.own.test.\n@ CAA 0 issue "letsencrypt.org"'),
    "caacritical.test": ZoneFile(records=f'{CNAME_TO_EDGE}\n@ CAA 128 tbs "unknown"'),
    "caarefused.test": ZoneFile(servers=(CAA_REFUSING,)),
    "caasilent.test": ZoneFile(servers=(CAA_SILENT,)),
    "aliastobogus.test": ZoneFile(records="links CNAME edge.bogus.test."),
    "innerloop.test": ZoneFile(records="links CNAME a\na CNAME b\nb CNAME a"),
    "leftover.test": ZoneFile(records=f"{CNAME_TO_EDGE}\n_acme-challenge.links TXT old-token"),
    "leftovercname.test": ZoneFile(records=f"{CNAME_TO_EDGE}\n_acme-challenge.links CNAME old.acme-dns.example."),
    "apexcname.test": ZoneFile(servers=(SCRIPTED,)),
    "beside.test": ZoneFile(servers=(SCRIPTED,)),
    "besidea.test": ZoneFile(servers=(SCRIPTED,)),
    "two.test": ZoneFile(servers=(SCRIPTED,)),
    "huge.test": ZoneFile(records="\n".join(f"links A 10.1.{number // 250}.{number % 250}" for number in range(4_000))),
}
