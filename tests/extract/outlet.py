"""Pages of a fictional outlet in its own layouts, as many as a test wants, each with a text of its own."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from pipeline.extract.course import Course
from pipeline.extract.page import Outcome, read_page
from pipeline.model import RawPage
from pipeline.params import Params
from tests.benchmarks.prose import Prose
from tests.extract.sample import RULES, RUN

OUTLET = "lampkeeper.example"
PARAMS = Params()
CLOSING = "Copyright 2026 The Associated Press. All rights reserved."


def paragraphs(number: int, count: int = 6) -> list[str]:
    """The text of an article: invented words, the same for the same number."""
    prose = Prose(7, number)
    return [" ".join(sentences) for sentences in prose.paragraphs(count)]


def page(
    number: int, layout: str = "story", *, text: Sequence[str] | None = None, among: str = "", more: str = ""
) -> str:
    """A page in a layout; `among` is markup after the second paragraph, `more` under the last one."""
    told = paragraphs(number) if text is None else text
    written = [f"<p>{paragraph}</p>" for paragraph in told]
    body = "\n".join([*written[:2], among, *written[2:], more])
    chrome = Random(number).sample(_CHROME, 3)
    side = "".join(f"<li><a href='/{n}'>{line}</a></li>" for n, line in enumerate(chrome))
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Lamp {number}</title>
<link rel="canonical" href="https://{OUTLET}/{number}"></head>
<body class="page page-{number}"><header class="masthead"><a href="/">The Lamp Keeper</a></header>
{_LAYOUTS[layout].format(number=number, body=body)}
<div class="rail"><h3>Read by the harbor</h3><ul>{side}</ul></div>
<footer class="site-footer"><p>Set by hand in a shed behind the old customs house of the harbor.</p></footer>
</body></html>"""


_LAYOUTS = {
    "story": '<main><article id="a{number}" class="story"><h1>Lamp {number}</h1>'
    '<div class="copy">{body}</div></article></main>',
    "feature": '<section class="feature wide"><h1>Lamp {number}</h1>'
    '<div class="long-read">{body}</div></section>',
}
_CHROME = [
    "A shed full of ladders finds its owners one by one",
    "Which of the harbor's gulls is the oldest of them all",
    "Marmalade is dear this year and will be dearer next year",
    "The tide table was wrong on Tuesday and nobody drowned",
    "Seven ways to tell a good rope from a rope that is not",
]


def raw(number: int, content: str | bytes, outlet: str | None = OUTLET) -> RawPage:
    data = content.encode() if isinstance(content, str) else content
    return RawPage(f"https://{OUTLET}/{number}", data, RUN.now, outlet_id=outlet)


def read_all(raws: Sequence[RawPage], course: Course, params: Params = PARAMS) -> list[Outcome]:
    """The pages one after the other, as one worker would read them."""
    outcomes = []
    for at, each in enumerate(raws):
        outlet = course.enter(each)
        outcome = read_page(each, RULES, params, RUN, course.send(at, outlet))
        course.tell(at, outlet, outcome.told)
        outcomes.append(outcome)
    return outcomes


def extractors(outcomes: Sequence[Outcome]) -> list[str]:
    return [each.extracted.page.extractor if each.extracted.page else "-" for each in outcomes]
