import httpx2

from clicktrail.server.monitoring.app import create_app
from clicktrail.server.monitoring.heartbeat import Health, ProcessStatus
from tests.support.processes import process_health


async def get(path: str, *processes: Health) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=create_app(lambda: processes))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8082") as client:
        return await client.get(path)


async def test_metrics_are_served() -> None:
    response = await get("/metrics", process_health("edge-0"))

    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (response.status_code, response.headers["content-type"])
    assert 'clicktrail_up{process="edge-0"} 1.0\n' in response.text


async def test_healthz_lists_processes() -> None:
    response = await get("/healthz", process_health("edge-0"), process_health("engine"))

    assert (200, "ok", ["edge-0", "engine"]) == (
        response.status_code,
        response.json()["status"],
        list(response.json()["processes"]),
    )


async def test_healthz_is_503_while_a_process_is_down() -> None:
    response = await get("/healthz", process_health("edge-0"), process_health("engine", status=ProcessStatus.DOWN))

    assert (503, "down") == (response.status_code, response.json()["status"])


async def test_other_paths_are_not_found() -> None:
    response = await get("/")

    assert (404, "Not found. Try /metrics or /healthz.\n") == (response.status_code, response.text)
