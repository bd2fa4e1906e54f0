"""What the markup itself names as no part of an article leaves the tree before anybody reads it."""

from __future__ import annotations

import re
from functools import lru_cache

from lxml import etree, html

from pipeline.extract import lines as kinds
from pipeline.extract.text import count_words, squash

_CAPTION_MARK = re.compile(
    r"(?:^|[\s_-])(?:(?:fig)?caption(?:-text)?|cutline|(?:photo|image|media|picture)[_-]?credits?|credits?|photographer)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_CREDIT = re.compile(r"\W*(?:(?:by|von|par|updated|published|posted)\b|[A-Z][a-z]+\.? \d)", re.IGNORECASE)
_CHROME_MARK = re.compile(
    r"newsletter|sign-?up|subscri|consent|cookie|gdpr|(?:^|[\s_-])(?:related|recirc\w*|read-?more|also-read|promo|"
    r"advert\w*|ad|outbrain|taboola|share|sharing|social|breadcrumbs?|comments?|disqus|trending|most-read|"
    r"recommended|playlist|skip-link|tags)(?:$|[\s_-])",
    re.IGNORECASE,
)
_CAPTIONED = ("figure", "figcaption", "p", "div", "span", "small", "cite", "em")
_MARKED = ("div", "aside", "section", "p", "ul", "nav", "form", "span", "a")
_LINKED = etree.XPath("//p[.//a[@href]]")
# pages of an outlet repeat their classes: two thirds of the time of pruning was asking about them anew
_MARKS_KEPT = 8_192
_PICTURES = frozenset({"img", "picture", "amp-img", "video", "figcaption", "svg"})
MAX_CHROME_WORDS = 150
_MAX_CHROME_SHARE = 0.2
MAX_CAPTION_WORDS = 110
MAX_CREDIT_WORDS = 16
# a paragraph that is one link, but for a word like "Related:", points to another article
_MAX_TEASER_WORDS = 25
_MAX_TEASER_LABEL = 3


def drop_silent(tree: html.HtmlElement) -> None:
    """Remove what is no text, but for data in JSON, where trafilatura looks for a body that it misses.

    Trafilatura would drop it from each of the trees that it makes of the page: 4 % of the time.
    """
    for element in list(tree.iter("script", "style", "svg")):
        if element.getparent() is not None and "json" not in (element.get("type") or ""):
            element.drop_tree()


def take_captions(tree: html.HtmlElement) -> list[str]:
    """Remove pictures' captions from the tree and return the credits in them."""
    found: list[str] = []
    for element in list(tree.iter(*_CAPTIONED)):
        if not _is_caption(element) or element.getparent() is None:
            continue
        text = _text(element)
        if count_words(text) > MAX_CAPTION_WORDS:
            continue
        found += filter(None, [_credit_in(element, text)])
        element.drop_tree()
    return list(dict.fromkeys(found))


def _credit_in(caption: html.HtmlElement, text: str) -> str | None:
    """The credit in a picture's caption: marked as such, set apart by small print, or in brackets."""
    marked = [one for one in caption.iter() if "credit" in marks(one).lower()]
    for element in [*marked, *caption.iter("small", "i", "em", "cite")]:
        credit = _text(element)
        if 0 < len(credit.split()) <= MAX_CREDIT_WORDS:
            return credit.strip("()[] ")
    credit = kinds.photo_credit(text)
    return credit if credit != text or kinds.is_caption(text) else None


def _is_caption(element: html.HtmlElement) -> bool:
    if element.tag == "figcaption":
        return True
    if element.tag == "figure":
        tags = {child.tag for child in element.iter()}
        return bool(tags & _PICTURES) and not tags & {"table", "blockquote"}
    if not names_caption(element.get("class") or ""):
        return False
    # a story's own credits are sometimes marked with the same words
    text = _text(element)
    return not kinds.is_footer(text) and not kinds.is_byline(text) and not _NOT_CREDIT.match(text)


@lru_cache(_MARKS_KEPT)
def names_caption(mark: str) -> bool:
    """True for a class that says caption or credit."""
    return bool(_CAPTION_MARK.search(mark))


@lru_cache(_MARKS_KEPT)
def names_chrome(mark: str) -> bool:
    """True for a class or id that says sign-up, promotion, comments and the like."""
    return bool(_CHROME_MARK.search(mark))


def drop_chrome(tree: html.HtmlElement) -> None:
    """Remove small elements whose class or id names them as no part of an article."""
    limit = min(MAX_CHROME_WORDS, _MAX_CHROME_SHARE * _paragraph_words(tree))
    for element in list(tree.iter(*_MARKED)):
        if not names_chrome(marks(element)) or element.getparent() is None:
            continue
        # an embedded post is quoted by the article, whatever "social" box it sits in
        if element.find(".//blockquote") is None and not _has_more_words(element, limit):
            element.drop_tree()


def _has_more_words(element: html.HtmlElement, limit: float) -> bool:
    # boxes of comments are named in each other: counted to the end they took a third of the time of pruning
    words = 0
    for text in element.itertext():
        words += len(text.split())
        if words > limit:
            return True
    return False


def drop_teasers(tree: html.HtmlElement) -> None:
    """Remove paragraphs that only point to other articles, unless they are the page's text: a round-up."""
    teasers = list(filter(_is_teaser, _LINKED(tree)))
    words = sum(len(_text(teaser).split()) for teaser in teasers)
    if words <= _MAX_CHROME_SHARE * _paragraph_words(tree):
        for teaser in teasers:
            teaser.drop_tree()


def _is_teaser(paragraph: html.HtmlElement) -> bool:
    text = _text(paragraph)
    links = [link for link in paragraph.iter("a") if link.get("href")]
    if len(links) != 1 or not is_pointer(text, _text(links[0])):
        return False
    return not kinds.is_byline(text) and not kinds.is_footer(text)


def is_pointer(line: str, linked: str) -> bool:
    """True for a short line that is one link (`linked`, the words of it), but for a word like "Related:"."""
    words = len(line.split())
    if not 0 < words <= _MAX_TEASER_WORDS or words - len(linked.split()) > _MAX_TEASER_LABEL:
        return False
    # a sentence, or what introduces a quotation ("The Courier reports:")
    return not line.rstrip("”\"’')").endswith((".", ":"))


def _paragraph_words(tree: html.HtmlElement) -> int:
    # XPath's //p//text() takes quadratic time: 3.4 s for 90,000 paragraphs
    return sum(len(text.split()) for paragraph in tree.iter("p") for text in paragraph.itertext())


def _text(element: html.HtmlElement) -> str:
    return squash(" ".join(element.itertext()))


def marks(element: html.HtmlElement) -> str:
    """An element's class and id."""
    return f"{element.get('class') or ''} {element.get('id') or ''}"
