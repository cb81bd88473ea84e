"""The public port: redirects, and nothing that could keep a reader waiting.

``server`` listens and drains, ``protocol`` speaks HTTP on one connection, ``routes`` says what a request is answered
with, ``responses`` holds the answers' bytes, ``sites`` those of each tracking domain, ``beacon`` the landing pages'.
"""
