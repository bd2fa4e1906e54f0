"""The desk over HTTP: JSON of a release, the page that shows it, and judgements taken down.

Whoever may not read gets nothing here, not even the script; what is answered to whom is for the caller to
say (`Guards`). Texts of pages are data: they go out as JSON and nothing is made HTML of.

Annotations are evaluated here, not postponed: FastAPI reads them, and they name what is local.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from pipeline.desk import outlets, queue, releases, stories, story
from pipeline.desk.shelf import Desk
from pipeline.errors import BadInput, Failed
from pipeline.judge import judge, judged
from pipeline.lake.store import Missing

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A form of another site cannot set it, and a script of one only where the browser has asked us first.
WRITE_HEADER = "x-wirefold-desk"
_PAGE = files("pipeline.desk") / "page"
_TYPES = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "html": "text/html"}
_STATIC = {
    entry.name: _TYPES[entry.name.rpartition(".")[2]]
    for entry in _PAGE.iterdir()
    if entry.name != "index.html"
}

Guard = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Guards:
    """FastAPI dependencies: `may_read` and `may_judge` raise for those who may not; `who` gives the name."""

    may_read: Guard
    may_judge: Guard
    who: Guard


class Said(BaseModel):
    """What a person says of two republications."""

    model_config = ConfigDict(extra="forbid")

    doc_id_a: str = Field(min_length=1, max_length=500)
    doc_id_b: str = Field(min_length=1, max_length=500)
    verdict: Literal["same", "different", "skip"]
    why: str = Field(min_length=1, max_length=2000)


def make_app(
    open_desk: Callable[[], Desk],
    guards: Guards,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FastAPI:
    """The application. `open_desk` is called once a request, in a thread, and may raise `BadInput`."""
    app = FastAPI(title="wirefold", docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(_with_headers)
    app.exception_handler(BadInput)(_say(404))
    app.exception_handler(Failed)(_say(503))
    # a file of a release that was collected between two clicks
    app.exception_handler(Missing)(_say(503, "the release changed while it was read: try again"))
    app.exception_handler(RequestValidationError)(_say(422, "a parameter is missing or out of range"))
    # what is raised for this comes from outside all that adds headers
    app.exception_handler(Exception)(_say(500, "something went wrong here: the log says what", HEADERS))
    app.include_router(_page(guards))
    app.include_router(_reading(open_desk, guards))
    app.include_router(_writing(open_desk, guards, clock))
    return app


def _page(guards: Guards) -> APIRouter:
    router = APIRouter(dependencies=[Depends(guards.may_read)])

    def file(name: str, kind: str) -> Response:
        return Response((_PAGE / name).read_bytes(), media_type=kind, headers={"Cache-Control": "no-cache"})

    @router.get("/")
    def page() -> Response:
        return file("index.html", "text/html")

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in _STATIC:
            raise HTTPException(404, "no such file")
        return file(name, _STATIC[name])

    return router


def _reading(open_desk: Callable[[], Desk], guards: Guards) -> APIRouter:
    router = APIRouter(prefix="/api", dependencies=[Depends(guards.may_read)])
    opened = Annotated[Desk, Depends(open_desk)]
    name = Annotated[str, Query(min_length=1, max_length=500)]

    @router.get("/summary")
    def summary(desk: opened) -> Response:
        manifest = desk.newest()
        newest = releases.release(desk, manifest)
        shown = ("release", "created_at", "run_id", "stories", "republications", "changed_stories")
        return _json({key: newest[key] for key in (*shown, "checks_failed", "counts")})

    @router.get("/choices")
    def choices(desk: opened) -> Response:
        return _json(stories.choices(desk, desk.newest()))

    @router.get("/stories")
    def listed(
        desk: opened,
        text: Annotated[str, Query(max_length=200)] = "",
        wire: str | None = None,
        outlet: str | None = None,
        day: date | None = None,
        at_least: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        status: str | None = None,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        asked = stories.Asked(text, wire or None, outlet or None, day, at_least, status or None)
        return _json(stories.search(desk, desk.newest(), asked, offset, limit))

    @router.get("/story")
    def one(desk: opened, story_id: name) -> Response:
        return _json(story.story(desk, desk.newest(), story_id))

    @router.get("/copy")
    def copy(desk: opened, story_id: name, doc_id: name) -> Response:
        return _json(story.copy_of(desk, desk.newest(), story_id, doc_id))

    @router.get("/version")
    def version(desk: opened, story_id: name, version_no: Annotated[int, Query(ge=1)]) -> Response:
        return _json(story.version_of(desk, desk.newest(), story_id, version_no))

    @router.get("/outlets")
    def all_outlets(desk: opened) -> Response:
        return _json(outlets.outlets(desk, desk.newest()))

    @router.get("/releases")
    def all_releases(desk: opened) -> Response:
        return _json(releases.releases(desk))

    @router.get("/release")
    def one_release(
        desk: opened, release: Annotated[str, Query(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
    ) -> Response:
        return _json(releases.release(desk, desk.manifest(release)))

    @router.get("/queue")
    def borderline(desk: opened, within: Annotated[float, Query(gt=0, le=queue.WIDEST)] = 1.0) -> Response:
        return _json(queue.queue(desk, desk.newest(), within))

    @router.get("/pair")
    def pair(desk: opened, doc_a: name, doc_b: name, near: date | None = None) -> Response:
        return _json(queue.pair(desk, desk.newest(), doc_a, doc_b, near))

    @router.get("/judgements")
    def judgements(desk: opened) -> Response:
        return _json(judged(desk.lake).sort_by([("at", "descending")]).to_pylist())

    return router


def _writing(open_desk: Callable[[], Desk], guards: Guards, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api", dependencies=[Depends(guards.may_judge), Depends(_of_our_page)])

    @router.post("/judgements", status_code=201)
    def say(
        said: Said, desk: Annotated[Desk, Depends(open_desk)], who: Annotated[str, Depends(guards.who)]
    ) -> Response:
        try:
            row = judge(
                desk.lake, said.doc_id_a, said.doc_id_b, said.verdict, by=who, at=clock(), why=said.why
            )
        except BadInput as wrong:
            raise HTTPException(409, str(wrong)) from wrong
        return _json(row, 201)

    return router


def _of_our_page(request: Request) -> None:
    """Raises 403 for a write that no script of our own page sent.

    The session is a cookie, so a browser sends it along with what another site makes it send.
    """
    site, origin = (request.headers.get(name) for name in ("sec-fetch-site", "origin"))
    if site:
        ours = site == "same-origin"
    else:  # a browser older than 2023, or none: behind a proxy that hides the host it has to send the above
        ours = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not ours or WRITE_HEADER not in request.headers:
        raise HTTPException(403, "a judgement comes from the desk's own page")


async def _with_headers(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    answer = await go_on(request)
    for header, value in HEADERS.items():
        answer.headers[header] = value
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


def _say(
    status: int, words: str | None = None, headers: Mapping[str, str] | None = None
) -> Callable[[Request, Exception], Response]:
    """An error as JSON that a person can read."""

    def answer(_: Request, error: Exception) -> Response:
        return JSONResponse({"detail": words or str(error)}, status, headers)

    return answer


def _json(value: Mapping[str, Any] | list[Any], status: int = 200) -> Response:
    text = json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json")


def _plain(value: object) -> str:
    """A time or day in the form of ISO 8601."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{type(value)} is in no table")
