import subprocess
import sys


def test_a_line_of_the_log_is_key_and_value() -> None:
    """It goes to standard error, with time, level and event first."""
    program = (
        "import structlog; from clicktrail.server.log import configure_logging; configure_logging();"
        "structlog.get_logger(part='engine').info('ready', port=1)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "" == done.stdout
    assert ["timestamp", "level", "event", "part", "port"] == [pair.partition("=")[0] for pair in done.stderr.split()]
