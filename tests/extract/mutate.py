"""Pages as nobody should write them: our own fiction, broken in ways that are seen or that hurt. Page n is
always the same page."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable

from pipeline.model import RawPage
from tests.extract.sample import CLOSING, HEADLINE, PARAGRAPHS, PLAIN, RUN, html_page

MOST_DEPTH, MOST_BYTES = 200_000, 30 << 20
_LINKED = json.dumps(
    {
        "@type": "NewsArticle",
        "headline": HEADLINE,
        "author": [{"name": "Maren Idowu"}, {"name": "CNN"}],
        "datePublished": "2026-03-05T09:30:00-05:00",
    }
)
_HEAD = f"""<script type="application/ld+json">{_LINKED}</script><link rel="canonical" href="/news/skerry">
<meta property="og:title" content="{HEADLINE}"><meta name="author" content="Maren Idowu, CNN">"""
_BASES = (
    html_page(),
    html_page(head=_HEAD, before='<p class="byline">By Maren Idowu, CNN</p>', after="<br>".join(CLOSING)),
    html_page(("ISLE OF SKERRY (AP) — " + PARAGRAPHS[0], *PARAGRAPHS[1:]), head=_HEAD),
    PLAIN,
)
_TAGS = ("div", "span", "b", "a href=x", "table><tr><td", "ul><li", "blockquote", "font", "svg", "form", "p")
_CHARSETS = ("utf-8", "cp1252", "utf-16", "utf-7", "shift_jis", "big5", "koi8-r", "iso2022_jp", "cp037")
_NASTY = (
    "\x00",
    "\ufeff",
    "\u202e",
    "\u0301",
    "\U0001f9ea",
    "]]>",
    "-->",
    "<![CDATA[",
    "&#x110000;",
    "&;",
    "\r",
)
_LINES = (
    "By " + "Aa " * 3_000,
    "By " + "a" * 60_000,
    "(" * 20_000,
    "CALDER, " + "x. " * 9_000 + "(AP) —",
    "© " * 20_000 + "2026",
    "Copyright 2026 " + " " * 50_000 + "The Associated Press",
    "Reporting by " + "A, " * 20_000 + "; Editing by",
    "Associated Press writer " + "and " * 20_000,
    "Follow " + "@" * 40_000,
    "By " + "d'" * 20_000,
    "CORRECTION " * 5_000,
    "Subscribe " + "to continue " * 5_000,
    "we value your privacy " * 5_000,
)
_DATES = (
    "2026-02-30",
    "9" * 4_000,
    "0000-00-00T00:00:00Z",
    "2026-03-05T25:61:00+99:99",
    "March " * 900,
    "-1",
)

Mutation = Callable[[random.Random, str], str | bytes]


def _cut(pick: random.Random, page: str) -> bytes:
    data = page.encode()
    return data[: pick.randrange(len(data))]


def _nest(pick: random.Random, page: str) -> str:
    depth = int(10 ** pick.uniform(1, 5.3)) if pick.random() < 0.98 else MOST_DEPTH
    tag = pick.choice(_TAGS)
    closing = f"</{tag.split()[0].split('>')[0]}>" * (depth if pick.random() < 0.5 else 0)
    at = pick.randrange(len(page))
    return f"{page[:at]}{f'<{tag}>' * depth}{page[at : at + 400]}{closing}{page[at:]}"


def _sprinkle(pick: random.Random, page: str) -> str:
    for _ in range(pick.randrange(1, 200)):
        at = pick.randrange(len(page))
        page = page[:at] + pick.choice(_NASTY) * pick.randrange(1, 4) + page[at:]
    return page


def _flip(pick: random.Random, page: str) -> bytes:
    data = bytearray(page.encode())
    for _ in range(pick.randrange(1, 300)):
        data[pick.randrange(len(data))] = pick.randrange(256)
    return bytes(data)


def _lie(pick: random.Random, page: str) -> bytes:
    said, meant = pick.choice(_CHARSETS), pick.choice(_CHARSETS)
    return page.replace('charset="utf-8"', f'charset="{said}"').encode(meant, "replace")


def _shuffle(pick: random.Random, page: str) -> str:
    cuts = sorted(pick.randrange(len(page)) for _ in range(pick.randrange(2, 40)))
    parts = [page[a:b] for a, b in zip([0, *cuts], [*cuts, len(page)], strict=True)]
    pick.shuffle(parts)
    return "".join(parts)


def _hurt(pick: random.Random, page: str) -> str:
    line = pick.choice(_LINES)
    paragraph = pick.choice(PARAGRAPHS)
    tag = pick.choice(("p", "p class=byline", "figcaption", "h1", "div"))
    return page.replace(paragraph, f"{paragraph}</p><{tag}>{line}</{tag.split()[0]}><p>", 1)


def _misdate(pick: random.Random, page: str) -> str:
    meta = f'<meta property="article:published_time" content="{pick.choice(_DATES)}">'
    return page.replace("</head>", f"{meta}<time datetime='{pick.choice(_DATES)}'></time></head>", 1)


def _mislink(pick: random.Random, page: str) -> str:
    value: object = pick.choice((None, 1e308, [], {}, "x" * 9_000, [[[[]]]] * 900))
    deep = '{"@graph":[' * pick.choice((3, 900, 60_000))
    linked = pick.choice((json.dumps({"@type": "NewsArticle", "author": value, "headline": value}), deep))
    return page.replace("</head>", f'<script type="application/ld+json">{linked}</script></head>', 1)


def _swell(pick: random.Random, page: str) -> str:
    piece = pick.choice(
        ("<br>", "<p>x", "<td>", "<li><a href=x>y</a>", "<p>one two</p>", "&amp;", " ", "<!--")
    )
    many = piece * int(10 ** pick.uniform(2, 3.7) if pick.random() < 0.99 else 1e5)
    at = pick.randrange(len(page))
    return page[:at] + many + page[at:]


def _attributes(pick: random.Random, page: str) -> str:
    many = "".join(f" a{n}='{n}'" for n in range(pick.randrange(10, 9_000)))
    return page.replace("<article", f"<article class='{'x ' * pick.randrange(90_000)}'{many}", 1)


def _other(pick: random.Random, page: str) -> bytes:
    data = page.encode()
    bomb = b'<!DOCTYPE a [<!ENTITY b "' + b"c" * 900 + b'">]><a>' + b"&b;" * 9_000 + b"</a>"
    return pick.choice(
        (
            b"",
            b" \n",
            gzip.compress(data),
            b"%PDF-1.7" + data,
            bomb,
            json.dumps([page]).encode(),
            b"\xff\xfe" + data,
        )
    )


def _huge(pick: random.Random, page: str) -> bytes:
    data = page.encode() + pick.choice((b"<p>And so on and so forth.</p>", b"<div>", b"\x00", b" ")) * 10_000
    return data * (MOST_BYTES // len(data))


_USUAL: tuple[Mutation, ...] = (
    _cut, _nest, _sprinkle, _flip, _lie, _shuffle, _hurt, _misdate, _mislink, _swell, _attributes, _other,
)  # fmt: skip
_HUGE_SHARE = 0.002


def mutated(number: int) -> RawPage:
    """Page `number` of the fuzz."""
    pick = random.Random(number)
    page: str | bytes = pick.choice(_BASES)
    if pick.random() < _HUGE_SHARE:
        page = _huge(pick, str(page))
    for mutation in pick.sample(_USUAL, pick.choice((0, 1, 1, 1, 2, 3))):
        if isinstance(page, str):
            page = mutation(pick, page)
    content = page if isinstance(page, bytes) else page.encode("utf-8", "surrogatepass")
    url = f"https://channel12.example/{number}"
    charset = pick.choice((None, None, None, "utf-8", "latin-1", "no-such-charset"))
    return RawPage(url, content, RUN.now, charset=charset)
