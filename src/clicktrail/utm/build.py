"""Build a link with the UTM parameters of a convention."""

import dataclasses
from dataclasses import dataclass

from clicktrail.config_text import suggest_name
from clicktrail.errors import ClicktrailError
from clicktrail.model.control_characters import check_no_control_characters
from clicktrail.model.hosts import extract_host, is_host_listed
from clicktrail.secret_urls import find_secret
from clicktrail.utm import query
from clicktrail.utm.convention import Convention, ExistingUtmAction
from clicktrail.utm.lint import lint_url
from clicktrail.utm.spelling import normalize_value
from clicktrail.utm.tag import add_utm_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class UtmValues:
    """Values that differ from link to link. Empty ones are the convention's."""

    campaign: str
    medium: str = ""
    content: str = ""
    term: str = ""


def build_url(url: str, convention: Convention, values: UtmValues) -> str:
    """Return a link with the convention's parameters; values that the link already has are replaced.

    Raises:
        ClicktrailError: a value breaks the convention, or the link has damaged parameters or may get none.
    """
    for name in ("campaign", "medium", "content", "term"):
        check_no_control_characters(name, getattr(values, name))
    medium = values.medium or convention.medium
    if medium not in convention.mediums:
        raise ClicktrailError(f"the convention has no medium '{medium}'", hint=suggest_name(medium, convention.mediums))
    if reason := _explain_refusal(url, convention):
        raise ClicktrailError(f"'{url}' gets no UTM parameters: {reason}")
    parameters = dataclasses.replace(convention, medium=medium).build_parameters(campaign=values.campaign)
    parameters |= {f"utm_{name}": value for name in ("content", "term") if (value := getattr(values, name))}
    if convention.existing is not ExistingUtmAction.REFUSE:
        convention = dataclasses.replace(convention, existing=ExistingUtmAction.REPLACE)
    built = add_utm_parameters(url, parameters, convention.own_hosts or ["*"], existing=convention.existing)
    if findings := lint_url(built, convention):
        raise ClicktrailError(findings[0].message, hint=_suggest_value(findings[0].parameter, parameters, convention))
    return built


def _explain_refusal(url: str, convention: Convention) -> str:
    host = extract_host(url)
    if not host:
        return "it is not an http or https URL"
    if secret := find_secret(url):
        return f"it carries a secret or a signature ({secret})"
    if convention.own_hosts and not is_host_listed(host, convention.own_hosts):
        return f"{host} is not one of your own hosts"
    return "it is too long" if query.is_too_large(url) else ""


def _suggest_value(parameter: str, parameters: dict[str, str], convention: Convention) -> str:
    """Hint with the value that the convention wants; empty if there is none."""
    value = parameters.get(parameter, "")
    normalized = normalize_value(parameter, value, convention, medium=parameters["utm_medium"]) if value else ""
    if normalized == value:
        return ""
    return f"did you mean '{normalized}'?"
