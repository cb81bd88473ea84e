"""A redirect in PHP that writes each click to SQLite."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.programs import find_free_port, find_program
from bench.redirect.servers import Server, running_program

_POOL_CONFIG: Final = """\
[global]
daemonize = no
[www]
listen = 127.0.0.1:{port}
user = {user}
pm = static
pm.max_children = 5
"""
"""Debian's default number of processes."""

_SCRIPT: Final = """\
<?php
$clicks = new PDO('sqlite:{folder}/clicks.db', null, null, [PDO::ATTR_PERSISTENT => true, PDO::ATTR_TIMEOUT => 5]);
$clicks->exec('PRAGMA synchronous = FULL');
$clicks->prepare('INSERT INTO clicks VALUES (?, ?, ?, ?)')->execute([
    microtime(true), $_SERVER['REQUEST_URI'], $_SERVER['REMOTE_ADDR'], $_SERVER['HTTP_USER_AGENT'] ?? '',
]);
header('Location: {location}', true, 302);
"""

_FASTCGI_DIRECTIVES: Final = (
    "fastcgi_pass 127.0.0.1:{port}; "
    "fastcgi_param SCRIPT_FILENAME {folder}/redirect.php; "
    "fastcgi_param REQUEST_METHOD $request_method; "
    "fastcgi_param REQUEST_URI $request_uri; "
    "fastcgi_param REMOTE_ADDR $remote_addr;"
)


@contextlib.contextmanager
def php_fpm(folder: Path, *, location: str) -> Iterator[Server]:
    """Run PHP-FPM, a FastCGI server.

    Each click is durable before its response. No token is opened; every request gets the same redirect.

    Raises:
        BenchError: PHP-FPM is not installed or did not start.
    """
    with contextlib.closing(sqlite3.connect(folder / "clicks.db")) as clicks:
        clicks.execute("PRAGMA journal_mode = WAL")
        clicks.execute("CREATE TABLE clicks (at REAL, path TEXT, ip TEXT, user_agent TEXT)")
    (folder / "redirect.php").write_text(_SCRIPT.format(folder=folder, location=location), "utf-8")
    with running_php_fpm(folder) as server:
        yield server


@contextlib.contextmanager
def running_php_fpm(folder: Path) -> Iterator[Server]:
    """Run PHP-FPM with its files in a folder.

    Raises:
        BenchError: it is not installed or did not start.
    """
    port = find_free_port()
    pool = folder / "php.conf"
    pool.write_text(_POOL_CONFIG.format(port=port, user=os.getuid()), "utf-8")
    command = [_find_php_fpm(), "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", str(pool)]
    with running_program(command, port, log=folder / "php.log") as server:
        yield server


def format_fastcgi_directives(folder: Path, *, port: int) -> str:
    """Format the directives that make nginx forward requests to PHP-FPM."""
    return _FASTCGI_DIRECTIVES.format(folder=folder, port=port)


def _find_php_fpm() -> str:
    # On Debian, the program's name contains its version.
    versions = sorted(Path("/usr/sbin").glob("php-fpm[0-9]*"))
    return str(versions[-1]) if versions else find_program("php-fpm")
