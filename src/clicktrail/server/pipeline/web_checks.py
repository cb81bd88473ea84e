"""The checks of a tracking domain's ports, certificate, edge and redirect, from what `web_probe` found."""

from collections.abc import Callable, Iterable
from functools import partial

from ada_url import URL

from clicktrail.server.pipeline.domain_checks import Check, CheckCode, CheckStatus
from clicktrail.server.pipeline.web_facts import AddressFacts, PortState, WebFacts

_MISDIRECTED = 421
_BAD_GATEWAY, _GATEWAY_TIMEOUT = 502, 504
_REDIRECTS = range(300, 400)
_CERTIFICATE_CODES = (
    CheckCode.HSTS_OF_PARENT,
    CheckCode.CERTIFICATE_MISSING,
    CheckCode.CERTIFICATE_OF_OTHER_NAME,
    CheckCode.CERTIFICATE_EXPIRED,
    CheckCode.CERTIFICATE_CHAIN,
)
_SHOWN_NAMES = 5
_CADDYFILE = "`clicktrail domain caddyfile` (docs/howto/tracking-domain.md)"


def check_web(facts: WebFacts, *, esp: str = "") -> list[Check]:
    """Check ports, certificate, edge and redirect at every address; the first address with a fault is named.

    Args:
        facts: what `probe_web` found.
        esp: name of the ESP that the host leads to; empty for our own edge. An ESP's server proves nothing to us, so
            that ``not-our-edge`` has no result.
    """
    tested = [
        address for address in facts.addresses if PortState.NO_ROUTE not in {address.http, address.https}
    ] or list(facts.addresses)
    if not tested:
        return []
    check = _WebChecks(facts, tested, esp)
    results = [check.check_port(CheckCode.PORT_80_CLOSED), check.check_port(CheckCode.PORT_443_CLOSED)]
    results += check.check_certificates()
    if not esp:
        results.append(check.check_edge())
    results.append(check.check_redirect())
    return results


def has_certificate_fault(facts: WebFacts) -> bool:
    """Whether HTTPS does not work at an address whose port is open."""
    return next(iter(_WebChecks(facts, list(facts.addresses), "").list_certificate_faults()), None) is not None


class _WebChecks:
    def __init__(self, facts: WebFacts, tested: list[AddressFacts], esp: str) -> None:
        self._facts = facts
        self._tested = tested
        self._esp = esp
        self._host = facts.host

    def check_port(self, code: CheckCode) -> Check:
        is_plain = code is CheckCode.PORT_80_CLOSED
        port = self._facts.http_port if is_plain else self._facts.https_port
        expected = f"TCP port {port} open at every address"
        for address in self._tested:
            state = address.http if is_plain else address.https
            if state is PortState.OPEN:
                continue
            found = {
                PortState.REFUSED: f"{address.address} refuses connections on port {port}",
                PortState.SILENT: f"{address.address} does not answer on port {port}",
                PortState.NO_ROUTE: f"this machine has no route to {address.address}",
            }[state]
            need = "http links and the certificate's renewal need" if is_plain else "every https link needs"
            return _fail(
                code,
                found=found,
                expected=expected,
                cause=f"Over {address.family}, {found}, which {need}.",
                fix=self._explain_port(address, state, port),
            )
        untested = [address.address for address in self._facts.addresses if address not in self._tested]
        note = f"; not tested, because this machine has no route: {_join(untested)}" if untested else ""
        return _pass(
            code, found=f"open at {_join(address.address for address in self._tested)}{note}", expected=expected
        )

    def _explain_port(self, address: AddressFacts, state: PortState, port: int) -> str:
        if state is PortState.NO_ROUTE:
            return f"Run this check on a machine with {address.family}."
        if self._esp:
            return f"Check again in an hour; if it stays so, ask {self._esp}'s support, because the server is theirs."
        if state is PortState.REFUSED:
            return (
                f"Start Caddy (`systemctl start caddy`) on the host with address {address.address}, and let it serve "
                f"{self._host} on port {port} by {_CADDYFILE}."
            )
        return (
            f"Open TCP port {port} over {address.family} in the firewall of the host with address {address.address}, "
            "and in that of its provider."
        )

    def check_certificates(self) -> list[Check]:
        """Results of the certificate's codes, up to the first fault."""
        fault = next(iter(self.list_certificate_faults()), None)
        if fault and self._facts.hsts_parent:
            fault = self._explain_hsts(fault)
        passed = [code for code in _CERTIFICATE_CODES if fault is None or code is not fault.code]
        if fault:
            passed = passed[: _CERTIFICATE_CODES.index(fault.code)]
        return [*map(self._pass_certificate, passed), *([fault] if fault else [])]

    def list_certificate_faults(self) -> Iterable[Check]:
        """The first fault of each kind, in the order of the codes."""
        kinds: tuple[Callable[[AddressFacts], Check | None], ...] = (
            self._find_missing,
            self._find_other_name,
            self._find_expired,
            self._find_chain,
        )
        for find in kinds:
            if fault := next(filter(None, map(find, self._tested)), None):
                yield fault

    def _find_missing(self, address: AddressFacts) -> Check | None:
        if address.https is not PortState.OPEN or address.certificate:
            return None
        found = f"{address.address} offers no TLS connection for {self._host}: {address.tls_error}"
        return self._fail_certificate(
            CheckCode.CERTIFICATE_MISSING,
            found=found,
            expected=f"TLS with a certificate for {self._host}",
            cause=f"Over {address.family}, port {self._facts.https_port} is open, but {found}.",
        )

    def _find_other_name(self, address: AddressFacts) -> Check | None:
        certificate = address.certificate
        if not certificate or any(_matches(name, self._host) for name in certificate.names):
            return None
        names = _join(certificate.names[:_SHOWN_NAMES]) or "no name"
        return self._fail_certificate(
            CheckCode.CERTIFICATE_OF_OTHER_NAME,
            found=f"{address.address} sends a certificate for {names}",
            expected=f"a certificate for {self._host}",
            cause=f"{self._host} answers with a certificate for {names}, so that browsers stop with a warning.",
        )

    def _find_expired(self, address: AddressFacts) -> Check | None:
        certificate, now = address.certificate, self._facts.probed_at
        if not certificate or certificate.not_before <= now <= certificate.not_after:
            return None
        if now < certificate.not_before:
            found = (
                f"the certificate at {address.address} is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC"
            )
        else:
            found = f"the certificate at {address.address} ended on {certificate.not_after:%Y-%m-%d %H:%M} UTC"
        return self._fail_certificate(
            CheckCode.CERTIFICATE_EXPIRED,
            found=found,
            expected="a certificate that is valid now",
            cause=f"For {self._host}, {found}, so that browsers stop with a warning.",
        )

    def _find_chain(self, address: AddressFacts) -> Check | None:
        certificate = address.certificate
        if not certificate or not certificate.chain_error:
            return None
        issuer = certificate.issuer or "an unnamed issuer"
        return self._fail_certificate(
            CheckCode.CERTIFICATE_CHAIN,
            found=f"{address.address} sends a certificate by {issuer}: {certificate.chain_error}",
            expected="a chain of certificates that leads to a root of this system's store",
            cause=f"The certificate of {self._host} by {issuer} is not trusted: {certificate.chain_error}.",
            own_fix=(
                f"Let a public authority issue the certificate, and let the server send the intermediate certificates "
                f"with it (fullchain.pem, not cert.pem). Caddy does both, with {_CADDYFILE}."
            ),
        )

    def _fail_certificate(self, code: CheckCode, *, found: str, expected: str, cause: str, own_fix: str = "") -> Check:
        own_fix = own_fix or (
            f"Let Caddy serve {self._host} by {_CADDYFILE}, so that it gets the certificate; if it does not, "
            f"`journalctl -u caddy` on the edge's host says why."
        )
        fix = own_fix
        if self._esp:
            fix = (
                f"Turn on HTTPS for {self._host} at {self._esp}: docs/howto/tracking-domain.md says where; {self._esp} "
                f"may take a day to issue the certificate."
            )
        return _fail(code, found=found, expected=expected, cause=cause, fix=fix)

    def _explain_hsts(self, fault: Check) -> Check:
        """The same fault where browsers cannot fall back to plain HTTP."""
        parent = self._facts.hsts_parent
        return _fail(
            CheckCode.HSTS_OF_PARENT,
            found=f"{parent} sends Strict-Transport-Security with includeSubDomains, and {fault.found}",
            expected=fault.expected,
            cause=(
                f"{parent} makes browsers use HTTPS for all names below it, and HTTPS does not work: {fault.found}. "
                "Readers who have visited that site cannot open any link, an http link neither."
            ),
            fix=fault.fix,
        )

    def _pass_certificate(self, code: CheckCode) -> Check:
        certificate = next((address.certificate for address in self._tested if address.certificate), None)
        if not certificate or code is CheckCode.HSTS_OF_PARENT:
            return _pass(code, found="", expected="")
        found = (
            f"{_join(certificate.names[:_SHOWN_NAMES])} by {certificate.issuer}, until {certificate.not_after:%Y-%m-%d}"
        )
        return _pass(code, found=found, expected=f"a valid certificate for {self._host}")

    def check_edge(self) -> Check:
        expected = "our edge answers at every address, over IPv4 and IPv6"
        fail = partial(_fail, CheckCode.NOT_OUR_EDGE, expected=expected)
        for address in self._tested:
            answer = address.proof
            if address.is_our_edge or answer is None:
                continue
            who = f"{address.address} ({address.family})"
            if answer.status == _MISDIRECTED:
                return fail(
                    found=f"{who} answered {answer.status}",
                    cause=f"Over {address.family}, an edge answers, but it does not serve the host {self._host}.",
                    fix=f"Run `clicktrail domain add {self._host}` with the settings of that edge.",
                )
            if _BAD_GATEWAY <= answer.status <= _GATEWAY_TIMEOUT:
                return fail(
                    found=f"{who} answered {answer.status}",
                    cause=f"Over {address.family}, a proxy answers, but it reaches no edge behind it.",
                    fix="Start the edge (`systemctl start clicktrail`), to which the proxy must pass all requests.",
                )
            found = f"{who} answered {answer.status or answer.error}" + (
                f" by {answer.server}" if answer.server else ""
            )
            record = "AAAA" if address.family == "IPv6" else "A"
            return fail(
                found=found,
                cause=f"Over {address.family}, {self._host} leads to a server that is not our edge: {found}.",
                fix=(
                    f"Let the {record} record lead to your edge; if {address.address} is your edge's, let the proxy "
                    "there pass every request with its Host header to the edge, and use one key ring on all edges."
                ),
            )
        proven = [address for address in self._tested if address.is_our_edge]
        found = f"our edge at {_join(f'{address.address} ({address.family})' for address in proven)}"
        return _pass(CheckCode.NOT_OUR_EDGE, found=found, expected=expected)

    def check_redirect(self) -> Check:
        port = self._facts.https_port
        origin = f"https://{self._host}" + ("" if port == 443 else f":{port}")  # noqa: PLR2004 - https
        expected = f"a redirect to {origin}{self._facts.path}"
        for address in self._tested:
            answer = address.plain
            if answer is None or self._is_https_redirect(answer.status, answer.location, expected=expected):
                continue
            if answer.status in _REDIRECTS and answer.location:
                found = f"{address.address} redirects to {answer.location[:200]}"
            else:
                found = f"{address.address} answers {answer.status or answer.error} over plain HTTP"
            fix = f"Redirect http://{self._host} to {origin} with the same path, as Caddy does with {_CADDYFILE}."
            if self._esp:
                fix = f"Turn on HTTPS for {self._host} at {self._esp}, and send links with https."
            return Check(
                code=CheckCode.HTTPS_REDIRECT_MISSING,
                status=CheckStatus.WARN,
                found=found,
                expected=expected,
                cause=f"An http link to {self._host} is not led to the same link with https: {found}.",
                fix=fix,
            )
        return _pass(CheckCode.HTTPS_REDIRECT_MISSING, found=expected, expected=expected)

    def _is_https_redirect(self, status: int, location: str, *, expected: str) -> bool:
        if status not in _REDIRECTS:
            return False
        try:
            base = f"http://{self._host}:{self._facts.http_port}{self._facts.path}"
            return bool(URL(location, base).href == URL(expected.removeprefix("a redirect to ")).href)
        except ValueError:
            return False


def _matches(pattern: str, host: str) -> bool:
    """Whether a name of a certificate covers a host (RFC 9525 section 6.3): a wildcard is one whole label."""
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return pattern == host


def _join(texts: Iterable[str]) -> str:
    return ", ".join(texts)


def _pass(code: CheckCode, *, found: str, expected: str) -> Check:
    return Check(code=code, status=CheckStatus.PASS, found=found, expected=expected)


def _fail(code: CheckCode, *, found: str, expected: str, cause: str, fix: str) -> Check:
    return Check(code=code, status=CheckStatus.FAIL, found=found, expected=expected, cause=cause, fix=fix)
