"""Run YOURLS, a link shortener in PHP that writes each click into MariaDB."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bench.peers.mariadb import Database, mariadb
from bench.programs import BenchError, find_program
from bench.redirect.php import running_php_fpm
from bench.redirect.servers import Server, nginx

_CONFIG: Final = """\
<?php
define('YOURLS_DB_USER', 'root');
define('YOURLS_DB_PASS', '');
define('YOURLS_DB_NAME', 'yourls');
define('YOURLS_DB_HOST', 'localhost;unix_socket={socket}');
define('YOURLS_DB_PREFIX', 'yourls_');
define('YOURLS_SITE', 'http://' . ($_SERVER['HTTP_HOST'] ?? '127.0.0.1'));
define('YOURLS_COOKIEKEY', 'bench');
define('YOURLS_NO_VERSION_CHECK', true);
$yourls_user_passwords = [];
"""

# Each line of the file is a keyword and a destination.
_INSTALL_SCRIPT: Final = """\
<?php
(new PDO('mysql:unix_socket={socket}', 'root', ''))->exec('CREATE DATABASE yourls');
define('YOURLS_ADMIN', true);
define('YOURLS_INSTALLING', true);
require '{root}/includes/load-yourls.php';
if (yourls_create_sql_tables()['error']) {{
    exit(1);
}}
foreach (file('{links}', FILE_IGNORE_NEW_LINES) as $line) {{
    [$keyword, $url] = explode(' ', $line, 2);
    yourls_insert_link_in_db($url, $keyword);
}}
"""
_COUNT_SCRIPT: Final = """\
echo (new PDO('mysql:unix_socket={socket};dbname=yourls', 'root', ''))->query('SELECT COUNT(*) FROM yourls_log')
    ->fetchColumn();
"""
_DIRECTIVES: Final = (
    "fastcgi_pass 127.0.0.1:{port}; "
    "fastcgi_param SCRIPT_FILENAME {root}/yourls-loader.php; "
    "fastcgi_param REQUEST_METHOD $request_method; "
    "fastcgi_param REQUEST_URI $request_uri; "
    "fastcgi_param REMOTE_ADDR $remote_addr; "
    "fastcgi_param SERVER_NAME $host;"
)


class Yourls(NamedTuple):
    """YOURLS behind nginx.

    Attributes:
        server: nginx.
        php: PHP-FPM.
        database: MariaDB.
    """

    server: Server
    php: Server
    database: Database

    def count_clicks(self) -> int:
        """Count the clicks in YOURLS' log."""
        return int(_run_php("-r", _COUNT_SCRIPT.format(socket=self.database.socket)))


@contextlib.contextmanager
def yourls(
    source: Path, folder: Path, links: Iterable[tuple[str, str]], *, flush_log_at_commit: int
) -> Iterator[Yourls]:
    """Install YOURLS with links, and run it with nginx, PHP-FPM and MariaDB while the context is open.

    Args:
        source: a checkout of YOURLS; it is copied.
        folder: folder for all files.
        links: keywords and destinations.
        flush_log_at_commit: as in `mariadb`.

    Raises:
        BenchError: a program is missing or did not start, or YOURLS could not be installed.
    """
    root = folder / "yourls"
    shutil.copytree(source, root, ignore=shutil.ignore_patterns(".git"))
    links_file, install = folder / "links", folder / "install.php"
    links_file.write_text("".join(f"{keyword} {destination}\n" for keyword, destination in links), "utf-8")
    with mariadb(folder, flush_log_at_commit=flush_log_at_commit) as database:
        (root / "user" / "config.php").write_text(_CONFIG.format(socket=database.socket), "utf-8")
        script = _INSTALL_SCRIPT.format(socket=database.socket, root=root, links=links_file)
        install.write_text(script, "utf-8")
        _run_php(str(install))
        with running_php_fpm(folder) as php:
            directives = _DIRECTIVES.format(port=php.port, root=root)
            with nginx(folder, workers=1, directives=directives) as server:
                yield Yourls(server=server, php=php, database=database)


def _run_php(*arguments: str) -> str:
    process = subprocess.run([find_program("php"), *arguments], capture_output=True, text=True, check=False)
    if process.returncode:
        raise BenchError(f"a script of YOURLS failed: {process.stderr.strip() or process.stdout.strip()[-300:]}")
    return process.stdout
