"""The public port: redirects, the beacon of landing pages, and nothing that could delay a reader.

``connection`` serves HTTP/1.x on a socket, ``quick_lane`` answers most clicks. For all other requests, ``http_reader``
parses, ``routes`` decides on responses, ``pages`` renders the public pages of each tracking domain, and
``responses`` encodes what is sent.
"""
