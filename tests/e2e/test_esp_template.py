import asyncio
import re
from pathlib import Path

import httpx2

from tests.support.command_line import run_clicktrail
from tests.support.serving import running_server, wait_for_report
from tests.support.waiting import TIMEOUT_S

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html",
    "Accept-Language": "en",
}


async def test_links_of_a_filled_esp_template_redirect(tmp_path: Path) -> None:
    (tmp_path / "mail.html").write_text(
        "".join(f'<a href="https://shop.example/{name}" data-clicktrail-group="tiles">{name}</a>' for name in "ab"),
        "utf-8",
    )
    async with running_server(tmp_path) as server:
        command = ["rewrite", "mail.html", "--esp", "klaviyo", "--campaign", "spring"]
        process = await asyncio.to_thread(run_clicktrail, *command, folder=tmp_path)
        assert process.returncode == 0, process.stderr
        url_a, url_b = re.findall(r'href="([^"]+)"', process.stdout)
        async with httpx2.AsyncClient(headers=BROWSER, timeout=TIMEOUT_S) as client:
            personal_urls = [
                url_a.replace("{{person.KlaviyoID}}", "01ANN"),
                url_b.replace("{{person.KlaviyoID}}", "01BOB"),
            ]
            locations = [(await client.get(url)).headers["location"] for url in personal_urls]
            locations.append((await client.get(url_a)).headers["location"])  # the ESP filled no id in
        report = await wait_for_report(server, "spring", clicks=3)
    assert locations == ["https://shop.example/a", "https://shop.example/b", "https://shop.example/a"]
    (link,) = report["links"]
    assert (link["position"], link["group"], link["clicks"]["total"], link["unique"]["raw"]) == (0, "tiles", 3, 3)
