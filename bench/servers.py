"""The two servers that are compared: nginx, which records nothing, and our edge, which records before it answers."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.programs import free_port, listens, program, stop, until

__all__ = ["DATA", "edge", "nginx"]

DATA: Final = "data"
"""The edge's data folder, below the one it is given."""

# keepalive_requests: nginx would otherwise end each connection after 1,000 requests, and our edge never does.
_NGINX: Final = """\
daemon off;
worker_processes {workers};
pid nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 302 "{location}"; }}
    }}
}}
"""

_EDGE: Final = """\
data_dir = "{data}"
[edge]
listen = "127.0.0.1:{port}"
workers = {workers}
[metrics]
listen = "127.0.0.1:0"
"""


@contextlib.contextmanager
def nginx(folder: Path, *, workers: int, location: str) -> Iterator[int]:
    """Run nginx that redirects every request to one place, without a log; yields its port.

    Raises:
        BenchError: it is not installed, or did not start.
    """
    port = free_port()
    config, log = folder / "nginx.conf", folder / "nginx.log"
    config.write_text(_NGINX.format(workers=workers, port=port, location=location), "utf-8")
    command = [program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(config)]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stderr=errors)
    try:
        until(lambda: listens(port), process, log=log)
        yield port
    finally:
        stop(process)


@contextlib.contextmanager
def edge(folder: Path, *, workers: int) -> Iterator[int]:
    """Run ``clicktrail serve --only edge`` with its data in a folder; yields its port.

    It ends by SIGKILL, all its processes at once: what it had answered and not yet written is lost then, and missing
    where the journal is counted.

    Raises:
        BenchError: it did not start.
    """
    port = free_port()
    config, log = folder / "clicktrail.toml", folder / "serve.log"
    config.write_text(_EDGE.format(data=DATA, port=port, workers=workers), "utf-8")
    command = [sys.executable, "-m", "clicktrail", "serve", "--only", "edge", "--config", str(config)]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stderr=errors, start_new_session=True)
    try:
        until(lambda: log.read_text("utf-8").count('"event": "child ready"') == workers, process, log=log)
        yield port
    finally:
        if process.poll() is None:  # its workers would end by themselves
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
