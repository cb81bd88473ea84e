from pathlib import Path

import pytest

from clicktrail.cli.files import read_bytes, read_text, write_bytes
from clicktrail.errors import ClicktrailError


def test_written_bytes_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    write_bytes(file, "é\r\n".encode())
    assert ("é\r\n".encode(), "é\r\n") == (read_bytes(file), read_text(file))


def test_error_names_the_file(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"\xe9")
    with pytest.raises(ClicktrailError, match=r"cannot read .*none\.txt: No such file"):
        read_bytes(tmp_path / "none.txt")
    with pytest.raises(ClicktrailError, match=r"cannot write .*: Is a directory"):
        write_bytes(tmp_path, b"")
    with pytest.raises(ClicktrailError, match=r"latin\.toml is not UTF-8"):
        read_text(latin)
