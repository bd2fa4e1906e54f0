"""The desk over HTTP: who is let in, what each answer carries, and what a judgement leaves behind."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest
from fastapi import HTTPException
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from pipeline.desk.api import HEADERS, WRITE_HEADER, Guards, make_app
from pipeline.desk.shelf import Desk
from pipeline.lake.locate import open_store
from pipeline.publish.release import read_table
from tests.desk.lakes import HOSTILE, LONG
from tests.e2e.test_cli import wirefold

AT = datetime(2026, 3, 6, 9, tzinfo=UTC)
OURS = {WRITE_HEADER: "1", "Sec-Fetch-Site": "same-origin"}
PAGE = files("pipeline.desk") / "page"


def nobody() -> None:
    raise HTTPException(401, "who are you?")


def anybody() -> None:
    pass


def client(desk: Desk, may_read: Any = anybody, may_judge: Any = anybody) -> TestClient:
    guards = Guards(may_read, may_judge, lambda: "petra")
    return TestClient(make_app(lambda: desk, guards, clock=lambda: AT))


def routes(desk: Desk) -> list[tuple[str, str]]:
    """Method and path of all that the application answers to."""
    app: Any = client(desk).app
    found = [route for route in app.routes if not isinstance(route, APIRoute)]
    assert not found, "a mount would stand beside the guards"
    return [(method, route.path) for route in app.routes for method in route.methods]


@pytest.fixture
def at_the_lake(lake: str) -> Iterator[TestClient]:
    yield client(Desk(open_store(lake)))


def said(client: TestClient, a: str, b: str, verdict: str, why: str = "cut", **headers: str) -> Any:
    body = {"doc_id_a": a, "doc_id_b": b, "verdict": verdict, "why": why}
    return client.post("/api/judgements", json=body, headers=headers or OURS)


def test_every_route_asks_its_guard_before_anything_else(days: Desk) -> None:
    walked = routes(days)
    assert len(walked) >= 15
    for method, path in walked:
        outside = client(days, may_read=nobody) if method == "GET" else client(days, may_judge=nobody)
        asked = outside.request(method, path.replace("{name}", "desk.js"))
        assert (method, path, asked.status_code) == (method, path, 401)


def test_there_is_no_description_of_the_api_for_outsiders(days: Desk) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/static/index.html", "/static/..%2fapi.py"):
        assert client(days).get(path).status_code == 404


def test_every_answer_carries_the_policy(days: Desk) -> None:
    for path in (
        "/",
        "/static/desk.js",
        "/api/stories",
        "/api/story?story_id=none",
        "/nothing",
        "/api/story",
    ):
        answer = client(days).get(path)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
    assert client(days).get("/api/stories").headers["cache-control"] == "no-store"


def test_errors_are_words_and_no_traceback(days: Desk) -> None:
    for path, status, words in (
        ("/api/story?story_id=s-none", 404, "s-none: no such story"),
        ("/api/release?release=r9", 404, "no release 'r9'"),
        ("/api/release?release=../x", 422, "a parameter"),
        ("/api/release?release=..", 404, "release id '..'"),
        ("/api/release?release=.", 404, "release id '.'"),
        ("/api/stories?limit=9999", 422, "a parameter"),
        ("/api/stories?day=yesterday", 422, "a parameter"),
    ):
        answer = client(days).get(path)
        assert (path, answer.status_code) == (path, status)
        assert words in answer.json()["detail"]


def test_a_lake_that_cannot_be_opened_is_said(days: Desk) -> None:
    from pipeline.errors import Failed

    def closed() -> Desk:
        raise Failed("WIREFOLD_CONFIG: not set")

    answer = TestClient(make_app(closed, Guards(anybody, anybody, anybody))).get("/api/summary")
    assert (answer.status_code, answer.json()) == (503, {"detail": "WIREFOLD_CONFIG: not set"})


def test_all_pages_answer(at_the_lake: TestClient) -> None:
    listed = at_the_lake.get("/api/stories").json()["rows"]
    story = next(row["story_id"] for row in listed if row["n_outlets"] == 3)
    release = at_the_lake.get("/api/summary").json()["release"]
    for path in (
        *("choices", "outlets", "releases", "queue?within=5", "judgements", f"release?release={release}"),
        *(f"story?story_id={story}", f"copy?story_id={story}&doc_id=a2"),
        *(f"version?story_id={story}&version_no=1", "pair?doc_a=a1&doc_b=b1&near=2026-03-05"),
    ):
        assert at_the_lake.get(f"/api/{path}").status_code == 200, path


def test_a_hostile_headline_leaves_as_data_and_comes_to_no_markup(days: Desk) -> None:
    """The page makes elements in one place and sets text as text; none can make markup of it."""
    answer = client(days).get("/api/stories?text=img")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text)["rows"][0]["headline"] == HOSTILE
    scripts = [entry for entry in PAGE.iterdir() if entry.name.endswith(".js")]
    assert len(scripts) >= 10
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|https?://(?!www\.w3\.org/2000/svg)"
    for script in scripts:
        assert not re.search(forbidden, script.read_text()), script.name
    index = (PAGE / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|style=|//", index)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {WRITE_HEADER: "1", "Sec-Fetch-Site": "cross-site"},
        {WRITE_HEADER: "1", "Sec-Fetch-Site": "same-site"},
        {WRITE_HEADER: "1", "Sec-Fetch-Site": "none"},
        {WRITE_HEADER: "1", "Origin": "https://elsewhere.example"},
        {WRITE_HEADER: "1", "Origin": "null"},
        {"X-Other": "1"},
    ],
)
def test_a_write_from_elsewhere_is_refused(
    at_the_lake: TestClient, lake: str, headers: dict[str, str]
) -> None:
    assert said(at_the_lake, "a1", "a2", "same", **headers).status_code == 403
    assert at_the_lake.get("/api/judgements").json() == []


def test_a_write_of_our_page_or_of_a_program_is_taken(at_the_lake: TestClient) -> None:
    assert said(at_the_lake, "a1", "a2", "same", **OURS).status_code == 201
    program = {WRITE_HEADER: "1", "Origin": "http://testserver"}
    assert said(at_the_lake, "a1", "a2", "skip", **program).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"verdict": "perhaps"}, 422),
        ({"why": ""}, 422),
        ({"why": "  "}, 409),
        ({"doc_id_b": "zzz"}, 409),
        ({"doc_id_b": "a1"}, 409),
        ({"by": "somebody else"}, 422),
    ],
)
def test_bad_judgements(at_the_lake: TestClient, body: dict[str, str], status: int) -> None:
    good = {"doc_id_a": "a1", "doc_id_b": "a2", "verdict": "same", "why": "cut"}
    assert at_the_lake.post("/api/judgements", json=good | body, headers=OURS).status_code == status
    assert at_the_lake.get("/api/judgements").json() == []


def test_a_contradiction_is_told(at_the_lake: TestClient) -> None:
    said(at_the_lake, "a1", "a2", "same")
    said(at_the_lake, "a2", "a3", "same")
    answer = said(at_the_lake, "a1", "a3", "different")
    assert answer.status_code == 409
    assert "by `same` a1 = a2 = a3" in answer.json()["detail"]


def test_a_judgement_says_who_and_when_leaves_the_queue_and_binds_in_the_next_run(
    at_the_lake: TestClient, lake: str, tmp_path: Path
) -> None:
    def together() -> bool:
        rows = read_table(open_store(lake), "republications").to_pylist()
        stories = {row["doc_id"]: row["story_id"] for row in rows}
        return stories["a1"] == stories["a3"]

    assert together()
    answer = said(at_the_lake, "a3", "a1", "different", "another fair")
    (row,) = at_the_lake.get("/api/judgements").json()
    assert answer.json()["judgement_id"] == row["judgement_id"]
    assert (row["by"], row["at"], row["why"]) == ("petra", "2026-03-06T09:00:00+00:00", "another fair")
    queued = at_the_lake.get("/api/queue?within=5").json()["rows"]
    assert ("a1", "a3") not in {(pair["doc_id_a"], pair["doc_id_b"]) for pair in queued}
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps({"doc_id": "c1", "url": "http://one.example/c1", "text": "words " * 90}))
    wirefold("cluster", str(more), "--out", lake, "--now", "2026-03-06T10:00:00Z")
    assert not together()
    pair = at_the_lake.get("/api/pair?doc_a=a1&doc_b=a3").json()
    assert (pair["judgement"]["verdict"], pair["a"]["story_id"] == pair["b"]["story_id"]) == (
        "different",
        False,
    )


def test_hostile_texts_are_answered_short_and_whole(days: Desk) -> None:
    """A megabyte of headline, NUL and marks that turn the writing round."""
    listed = client(days).get("/api/stories")
    assert len(listed.content) < 20_000
    [row] = [row for row in listed.json()["rows"] if row["story_id"] == "s-4-a"]
    assert row["headline"] == LONG[:500]
    assert client(days).get("/api/story?story_id=s-4-a").json()["story"]["headline"] == LONG
    css = (PAGE / "desk.css").read_text()
    assert re.search(r"\ba, span, del, ins \{ unicode-bidi: isolate; \}", css)


@pytest.mark.parametrize("name", ["..", "", "a\0b", "\u202ex", "<script>", "'", "x" * 501, "*", "r1/.."])
def test_no_name_that_is_asked_for_is_an_error_of_ours(days: Desk, tmp_path: Path, name: str) -> None:
    empty = Desk(open_store(str(tmp_path)))
    for method, path in routes(days):
        if method != "GET":
            continue
        names = ("release", "story_id", "doc_id", "doc_a", "doc_b", "text", "wire", "outlet", "status")
        asked = dict.fromkeys(names, name) | {"version_no": 1}
        for desk in (days, empty):
            answer = client(desk).get(path.replace("{name}", quote(name, safe="")), params=asked)
            assert answer.status_code in (200, 404, 422), (path, desk.lake.url, answer.text)
            assert {one: answer.headers.get(one) for one in HEADERS} == HEADERS


def test_what_cannot_be_read_is_one_line(released_days: Path, tmp_path: Path) -> None:
    manifest = "releases/r1/manifest.json"

    def told(spoil: Callable[[Path], object]) -> str:
        folder = Path(mkdtemp(dir=tmp_path))
        shutil.copytree(released_days, folder, dirs_exist_ok=True)
        spoil(folder)
        answer = client(Desk(open_store(str(folder)))).get("/api/stories")
        assert (answer.status_code, "\n" in answer.text) == (503, False)
        return str(answer.json()["detail"])

    def older(folder: Path) -> None:
        for path in (folder / "tables" / "stories").rglob("*.parquet"):
            pq.write_table(pq.ParquetFile(path).read().drop_columns(["pub_status"]), path)

    def without(column: str) -> Callable[[Path], object]:
        return lambda folder: (folder / manifest).write_text(
            json.dumps({**json.loads((folder / manifest).read_text()), column: None})
        )

    assert "without pub_status: publish a new release" in told(older)
    assert f"{manifest} cannot be read by version" in told(without("checks"))
    assert "latest.json cannot be read" in told(lambda folder: (folder / "latest.json").write_text("{"))
    assert "names r1, whose manifest is missing" in told(lambda folder: (folder / manifest).unlink())
    assert "cannot be read: " in told(
        lambda folder: [path.write_bytes(b"PAR1") for path in (folder / "tables").rglob("*.parquet")]
    )


def test_an_error_of_ours_carries_the_policy_and_no_traceback(days: Desk) -> None:
    def broken() -> Desk:
        raise RuntimeError("the words of a page")

    app = make_app(broken, Guards(anybody, anybody, anybody))
    answer = TestClient(app, raise_server_exceptions=False).get("/api/summary")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/json")
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "words" not in answer.text
