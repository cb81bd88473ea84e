import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from clicktrail.server.pipeline.addresses import LEAST
from tests.e2e.serving import Serving, serving
from tests.edges import token_path


async def click(running: Serving, times: int) -> None:
    """Follow one link as often, by a client on this machine."""
    async with httpx2.AsyncClient(base_url=running.edge) as client:
        for _ in range(times):
            await client.get(token_path(ring=running.ring))


async def engine_once_troubled(running: Serving) -> dict[str, Any]:
    """What the private port says of the engine, once that has troubles and has logged them."""
    async with httpx2.AsyncClient(base_url=running.metrics) as client:
        async with asyncio.timeout(20):
            while True:
                engine: dict[str, Any] = (await client.get("/healthz")).json()["processes"]["engine"]
                if engine["troubles"] and any("too many clicks" in line for line in running.log):
                    return engine
                await asyncio.sleep(0.05)


async def test_a_proxy_that_is_not_trusted_is_noticed(tmp_path: Path) -> None:
    """Health and log say from which network too many clicks come, and what to set; figures count them."""
    async with serving(tmp_path, workers=1) as running:
        await click(running, LEAST)
        engine = await engine_once_troubled(running)
        async with httpx2.AsyncClient(base_url=running.metrics) as client:
            metrics = (await client.get("/metrics")).text

    (trouble,) = engine["troubles"]
    (warning,) = [json.loads(line) for line in running.log if "too many clicks" in line]
    samples = [sample for family in text_string_to_metric_families(metrics) for sample in family.samples]
    processed = {sample.value for sample in samples if sample.name == "clicktrail_events_processed_total"}
    assert ("shared-address", warning["hint"]) == (trouble["code"], trouble["hint"])
    assert "127.0.0.0/24" in trouble["hint"]
    assert "edge.trusted_proxies" in trouble["hint"]
    assert {LEAST} == processed
