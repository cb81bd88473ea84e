"""The public port: redirects, the beacon of landing pages, and nothing that could delay a reader.

``connection`` serves HTTP/1.x on a socket, ``http_reader`` parses requests, ``routes`` decides on responses, ``pages``
renders the public pages of each tracking domain, ``responses`` encodes what is sent.
"""
