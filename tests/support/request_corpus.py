"""Lines of HTTP requests, from ordinary to malformed."""

HEADER_LINES = (
    *(
        "Host: click.example",
        "host:h",
        "User-Agent: Mozilla/5.0 (X11; Linux)",
        "Accept: */*;q=0.8",
        "X:",
        "X: ",
        "x:  a",
    ),
    *(
        "Connection: keep-alive",
        "connection: close",
        "Connection: Close, x",
        "Upgrade: h2c",
        "Content-Length: 0",
        "Content-Length: 3",
        "Te: t",
    ),
    *(
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-For:  203.0.113.9, 192.0.2.7",
        "x-forwarded-for: 203.0.113.9",
        "X-Forwarded-For: é",
        "X-Forwarded-Proto: https",
    ),
    *(
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "A B: c",
        " folded",
        "no colon",
        "x: a\tb",
        "x: a ",
        "x: é",
    ),
    *("", "x\r: y", "x: a\0", "Sec-Fetch-Site: none", "Cookie: a=b; c=d", ": empty name"),
)
REQUEST_LINES = (
    *("GET /token HTTP/1.1", "GET /a?b=c HTTP/1.1", "GET /a?b?c HTTP/1.1", "GET /a HTTP/1.0", "HEAD / HTTP/1.1"),
    *("GET /a#b HTTP/1.1", "GET /a b HTTP/1.1", "GET http://x/ HTTP/1.1", "GET * HTTP/1.1", "GET /%zz//. HTTP/1.1"),
    *("GET  / HTTP/1.1", "get / HTTP/1.1", "GET / HTTP/2.0", "GET /é HTTP/1.1", 'GET /"<> HTTP/1.1', ""),
)
