import asyncio
import re
from pathlib import Path

import httpx2

from tests.support.command_line import run_clicktrail
from tests.support.serving import running_server, wait_for_report

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html",
    "Accept-Language": "en",
}


async def test_a_template_that_an_esp_filled_leads_its_readers_on(tmp_path: Path) -> None:
    (tmp_path / "mail.html").write_text(
        "".join(f'<a href="https://shop.example/{name}" data-clicktrail-group="tiles">{name}</a>' for name in "ab"),
        "utf-8",
    )
    async with running_server(tmp_path) as running:
        command = ["rewrite", "mail.html", "--esp", "klaviyo", "--campaign", "spring"]
        done = await asyncio.to_thread(run_clicktrail, *command, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        a, b = re.findall(r'href="([^"]+)"', done.stdout)
        async with httpx2.AsyncClient(headers=BROWSER) as client:
            sent_to = [a.replace("{{person.KlaviyoID}}", "01ANN"), b.replace("{{person.KlaviyoID}}", "01BOB")]
            arrived = [(await client.get(url)).headers["location"] for url in sent_to]
            unfilled = await client.get(a)
        report = await wait_for_report(running, "spring", clicks=2)
    assert arrived == ["https://shop.example/a", "https://shop.example/b"]
    assert unfilled.status_code == 404
    (link,) = report["links"]
    assert (link["position"], link["group"], link["clicks"]["total"], link["unique"]["raw"]) == (0, "tiles", 2, 2)
