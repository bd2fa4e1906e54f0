"""JSON-LD is a stranger's claim: read within bounds, believed only where its shape is known."""

from __future__ import annotations

import html as htmllib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import html

from pipeline.extract.text import same_words, squash

_MAX_SCRIPT = 1 << 20
_MAX_DEPTH = 12
_MAX_NODES = 5_000
_OPENS = re.compile(r"(?://)?\s*(?:<!--|<!\[CDATA\[|/\*.*?\*/)", re.DOTALL)
_CLOSES = re.compile(r"(?://)?\s*(?:-->|\]\]>)\s*;?$")
_LONGEST_CLOSE = 40  # searched for over a whole script it took minutes on runs of white space
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_ARTICLE = re.compile(r"(?:Article|Posting|Report|Review)$")
# what plugins describe beside the article, or in its place: its times are the article's
_PAGES = frozenset({"WebPage", "ItemPage"})
_CREDITS = (
    "author",
    "creator",
    "publisher",
    "provider",
    "sourceOrganization",
    "copyrightHolder",
    "creditText",
)


@dataclass(frozen=True, slots=True)
class Linked:
    """What a page's article object says. `credits` are the names of whoever it names as a source."""

    headline: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    section: str | None = None
    language: str | None = None
    is_free: bool | None = None  # isAccessibleForFree
    credits: tuple[str, ...] = ()


def read_linked(tree: html.HtmlElement, title: str) -> Linked:
    """The article object among the page's JSON-LD; if there are several, the one that bears `title`.

    Reads @graph, lists, references by @id, and the usual broken JSON (comments around it, trailing
    commas, raw newlines, HTML entities); what is nested deeper than 12 or larger than 1 MiB is not read.
    """
    nodes = [node for script in tree.iterfind(".//script") if _is_linked(script) for node in _nodes(script)]
    articles = [node for node in nodes if _ARTICLE.search(_type_of(node))]
    page = next((node for node in nodes if _type_of(node) in _PAGES), {})
    if not articles:
        return Linked(published=_text(page.get("datePublished")), modified=_text(page.get("dateModified")))
    titled = [node for node in articles if title and same_words(_text(node.get("headline")) or "", title)]
    article = (titled or articles)[0]
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and node.get("name")}
    sources = {role: tuple(_names(article.get(role), by_id)) for role in _CREDITS}
    return Linked(
        headline=_text(article.get("headline")) or _text(article.get("name")),
        authors=sources["author"] or sources["creator"],
        published=_text(article.get("datePublished")) or _text(article.get("dateCreated")),
        modified=_text(article.get("dateModified")),
        section=_text(article.get("articleSection")),
        language=_text(article.get("inLanguage")),
        is_free=_truth(article.get("isAccessibleForFree")),
        credits=tuple(dict.fromkeys(name for names in sources.values() for name in names)),
    )


def _is_linked(script: html.HtmlElement) -> bool:
    return "ld+json" in (script.get("type") or "").lower()


def _nodes(script: html.HtmlElement) -> Iterator[dict[str, Any]]:
    """The objects of a script, outermost first, at most 5,000 of them."""
    queue = [(value, 0) for value in _values(script.text or "")]
    for _ in range(_MAX_NODES):
        if not queue:
            return
        value, depth = queue.pop(0)
        if isinstance(value, dict):
            yield value
        inner = value.values() if isinstance(value, dict) else value
        if depth < _MAX_DEPTH:
            queue += [(child, depth + 1) for child in inner if isinstance(child, dict | list)]


def _values(text: str) -> list[Any]:
    if len(text) > _MAX_SCRIPT:
        return []
    bare = _unwrapped(text.strip())
    for attempt in (bare, _TRAILING_COMMA.sub("", bare), htmllib.unescape(_TRAILING_COMMA.sub("", bare))):
        try:
            value = json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
        return [value] if isinstance(value, dict | list) else []
    return []


def _unwrapped(text: str) -> str:
    """The script without the comment or CDATA section that it is wrapped in."""
    opens, tail = _OPENS.match(text), text[-_LONGEST_CLOSE:]
    closes = _CLOSES.search(tail)
    end = len(text) - (len(tail) - closes.start() if closes else 0)
    return text[opens.end() if opens else 0 : end]


def _type_of(node: dict[str, Any]) -> str:
    kind = node.get("@type", node.get("type"))
    if isinstance(kind, list):
        named = [one for one in kind if isinstance(one, str)]
        kind = next((one for one in named if _ARTICLE.search(one)), next(iter(named), ""))
    return kind if isinstance(kind, str) else ""


def _names(value: Any, by_id: dict[str, dict[str, Any]]) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        node = by_id.get(str(one.get("@id")), one) if isinstance(one, dict) and "name" not in one else one
        name = _text(node.get("name") if isinstance(node, dict) else node)
        if name and not name.startswith(("http://", "https://")):
            yield name


def _truth(value: Any) -> bool | None:
    """A boolean, also one that is written as text or by its schema.org address."""
    word = str(value).lower().rsplit("/", 1)[-1]
    return {"true": True, "false": False}.get(word)


def _text(value: Any) -> str | None:
    """A string value on one line, entities resolved; the first of a list; None for anything else."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("@value", value.get("name"))
    if not isinstance(value, str):
        return None
    return squash(htmllib.unescape(value))[:1000] or None
