"""URLs that a mail gateway, a mail program or a chat put into a URL of its own, to check or count the click.

1. `rules` knows the services by host and path, from data/wrappers.toml.
2. `unwrap` finds the URL inside, layer by layer: a link may pass several gateways. What it finds is a web URL that is
   percent-encoded, in Base64, or in compressed JSON; it is known by its form, so that most services need no code.
3. `proofpoint` decodes the two forms that are like no other.
4. `pasted` finds the URL in what people paste: quoted, wrapped, in brackets, with punctuation.

Nothing is fetched. A URL of an unknown host is never unwrapped: a link to a page may have a URL as a parameter.
"""

from clicktrail.wrapped_urls.pasted import find_pasted_url
from clicktrail.wrapped_urls.unwrap import UnwrappedUrl, Wrapper, unwrap_url

__all__ = ["UnwrappedUrl", "Wrapper", "find_pasted_url", "unwrap_url"]
