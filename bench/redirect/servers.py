"""Run the compared servers, each on a port of 127.0.0.1 while its context is open."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench.programs import BenchError, find_free_port, find_program, is_listening, stop_process, wait_until_ready
from bench.redirect.apps import KEYS_VARIABLE
from clicktrail import keyring_file
from clicktrail.server.journal.frames import SEGMENT_ID_BYTES
from clicktrail.server.settings import get_environment
from clicktrail.tokens import KeyRing, TokenFormat
from clicktrail.tokens.compression import DICTIONARY

DATA_FOLDER: Final = "data"
"""Name of the edge's data folder."""

LIMIT_FOLDER: Final = "limit"
"""Name of the limit server's folder."""

_LIMIT_SOURCE: Final = Path(__file__).with_name("limit_server.c")
_LIMIT_COMPILER: Final = ("-O3", "-march=native")
_LIMIT_LIBRARIES: Final = ("-l:libzstd.so.1", "-l:libz.so.1")  # without their -dev packages, which have the headers

# keepalive_requests: by default, nginx closes each connection after 1,000 requests; the edge never does.

_NGINX_CONFIG: Final = """\
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
        location / {{ {directives} }}
    }}
}}
"""

_EDGE_CONFIG: Final = """\
data_dir = "{data}"
[edge]
listen = "127.0.0.1:{port}"
workers = {workers}
[metrics]
listen = "127.0.0.1:0"
[journal]
durability = "{durability}"
"""

_CADDYFILE: Final = """\
{{
    admin off
    skip_install_trust
    auto_https disable_redirects
    storage file_system {folder}/caddy
    log {{
        level ERROR
    }}
}}
https://localhost:{port} {{
    bind 127.0.0.1
    tls internal
    reverse_proxy 127.0.0.1:{upstream}
}}
"""


class Server(NamedTuple):
    """A running server.

    Attributes:
        port: port on 127.0.0.1.
        pid: process id of its main process.
        url: base URL.
    """

    port: int
    pid: int
    url: str


@contextlib.contextmanager
def nginx(folder: Path, *, workers: int, directives: str) -> Iterator[Server]:
    """Run nginx without an access log.

    Args:
        folder: folder for its files.
        workers: number of processes.
        directives: directives that answer every request.

    Raises:
        BenchError: nginx is not installed or did not start.
    """
    port = find_free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX_CONFIG.format(workers=workers, port=port, directives=directives), "utf-8")
    command = [find_program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(config)]
    with running_program(command, port, log=folder / "nginx.log") as server:
        yield server


@contextlib.contextmanager
def limit(folder: Path, ring: KeyRing) -> Iterator[Server]:
    """Compile and run ``limit_server.c``: a durable edge in C, in one process. Its journal is in `LIMIT_FOLDER`.

    Raises:
        BenchError: gcc is not installed, or the program does not compile or start here.
    """
    port = find_free_port()
    program, dictionary = folder / "limit_server", folder / "dictionary"
    command = [find_program("gcc"), *_LIMIT_COMPILER, "-o", str(program), str(_LIMIT_SOURCE), *_LIMIT_LIBRARIES]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise BenchError(f"{_LIMIT_SOURCE.name} does not compile on this machine")
    dictionary.write_bytes(DICTIONARY)
    segment = folder / LIMIT_FOLDER / "journal" / "edge-0" / f"0000000001-{secrets.token_hex(SEGMENT_ID_BYTES)}.segment"
    segment.parent.mkdir(parents=True)
    key = ring.sealing_key
    arguments = (port, segment, key.secret.hex(), key.last_character(TokenFormat.SEALED), dictionary)
    with running_program([str(program), *map(str, arguments)], port, log=folder / "limit.log") as server:
        yield server


@contextlib.contextmanager
def uvicorn(folder: Path, *, workers: int) -> Iterator[Server]:
    """Run `bench.redirect.apps.create_asgi_app` on uvicorn, uvloop and httptools."""
    port = find_free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "bench.redirect.apps:create_asgi_app", "--port", str(port)]
    command += ["--workers", str(workers), "--no-access-log", "--log-level", "error"]
    with running_program(command, port, log=folder / "uvicorn.log", env=_build_environment(folder)) as server:
        yield server


@contextlib.contextmanager
def flask(folder: Path, *, workers: int) -> Iterator[Server]:
    """Run `bench.redirect.apps.create_wsgi_app` on gunicorn's defaults, which have no keep-alive."""
    port = find_free_port()
    command = [sys.executable, "-m", "gunicorn", "bench.redirect.apps:create_wsgi_app()", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(workers), "--log-level", "error"]
    with running_program(command, port, log=folder / "flask.log", env=_build_environment(folder)) as server:
        yield server


@contextlib.contextmanager
def no_op(folder: Path) -> Iterator[Server]:
    """Run `bench.redirect.no_op_server` in one process."""
    port = find_free_port()
    with running_program(
        [sys.executable, "-m", "bench.redirect.no_op_server", str(port)], port, log=folder / "no_op.log"
    ) as server:
        yield server


@contextlib.contextmanager
def caddy(folder: Path, *, upstream: int) -> Iterator[Server]:
    """Run Caddy with TLS and a self-signed certificate in front of another server."""
    port = find_free_port()
    config = folder / "Caddyfile"
    config.write_text(_CADDYFILE.format(folder=folder, port=port, upstream=upstream), "utf-8")
    command = [find_program("caddy"), "run", "--adapter", "caddyfile", "--config", str(config)]
    with running_program(command, port, log=folder / "caddy.log") as server:
        yield server._replace(url=f"https://localhost:{port}")


@contextlib.contextmanager
def edge(folder: Path, *, workers: int, durability: str = "durable") -> Iterator[Server]:
    """Run ``clicktrail serve --only edge`` with its data in a folder.

    At the end all its processes are killed by SIGKILL, so clicks that were answered before they were written are lost.

    Raises:
        BenchError: the edge did not start.
    """
    port = find_free_port()
    config, log = folder / "clicktrail.toml", folder / "serve.log"
    config.write_text(_EDGE_CONFIG.format(data=DATA_FOLDER, port=port, workers=workers, durability=durability), "utf-8")
    command = [sys.executable, "-m", "clicktrail", "serve", "--only", "edge", "--config", str(config)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stderr=output, process_group=0)
    try:
        wait_until_ready(lambda: log.read_text("utf-8").count('"event": "child ready"') == workers, process, log=log)
        yield Server(port=port, pid=process.pid, url=f"http://127.0.0.1:{port}")
    finally:
        if process.poll() is None:  # otherwise the workers have ended too
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _build_environment(folder: Path) -> dict[str, str]:
    return {**get_environment(), KEYS_VARIABLE: str(folder / DATA_FOLDER / keyring_file.FILE_NAME)}


@contextlib.contextmanager
def running_program(
    command: Sequence[str], port: int, *, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a program, and wait until it listens on a port."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=env)
    try:
        wait_until_ready(lambda: is_listening(port), process, log=log)
        yield Server(port=port, pid=process.pid, url=f"http://127.0.0.1:{port}")
    finally:
        stop_process(process)
