"""Bytes become text by what the page declares; a declaration that does not fit the bytes is a lie."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import cchardet
from lxml import etree, html

from pipeline.extract.result import Refused
from pipeline.extract.text import has_controls, without_controls
from pipeline.model import RawPage
from pipeline.params import Params

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_PARAMETER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_HTML = re.compile(
    r"<(?:!doctype|html|head|body|title|meta|link|div|article|section|main|table|ul|h1|h2|p|span)\b",
    re.IGNORECASE,
)
_BINARY = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"\x1f\x8b", b"RIFF")

# what browsers decode under these names (WHATWG Encoding Standard, names and labels)
_WEB_NAMES = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# lxml's own look-up asks a Python function for the class of each element, copies of it too: 8 % of the time
_ELEMENTS = etree.ElementDefaultClassLookup(element=html.HtmlElement, entity=html.HtmlEntity)


@dataclass(frozen=True, slots=True)
class Document:
    """A decoded page. `markup` is its text in UTF-8, or None for a page that is plain text."""

    text: str
    markup: bytes | None


def read_document(raw: RawPage, params: Params) -> Document:
    """Decode a page. Raises `Refused` for too_large, parse and charset."""
    size = len(raw.content)
    if size > params.max_page_bytes:
        raise Refused("too_large", f"{size} bytes, more than {params.max_page_bytes}")
    if not raw.content.strip():
        raise Refused("parse", "the page is empty")
    if raw.content.startswith(_BINARY):
        raise Refused("parse", f"not text: begins with {raw.content[:4]!r}")
    text, is_utf8 = decode(raw, params.max_bad_characters_share)
    markup = raw.content if is_utf8 else text.encode("utf-8", "replace")
    if has_controls(markup):
        text = without_controls(text)
        markup = text.encode("utf-8", "replace")
    return Document(text, markup if _HTML.search(text, 0, 1 << 16) else None)


def decode(raw: RawPage, max_bad_share: float) -> tuple[str, bool]:
    """The page's text, and whether its bytes are just that in UTF-8. Raises `Refused` (charset) if no
    declared charset fits them.

    A byte order mark and strict UTF-8 speak for themselves: text in another charset is practically
    never valid UTF-8, while servers declare Latin-1 by default. Else the header's charset, then the
    meta tag's; detection (cchardet) only where nothing is declared, since it always finds some
    single-byte charset that fits and would turn each lie into quiet nonsense.
    """
    content = raw.content
    for mark, name in _BOMS:
        if content.startswith(mark):
            return _checked(content, [name], max_bad_share), False
    declared = [name for name in _declared(raw) if name is not None]
    if not any(name.startswith("iso2022") for name in declared):
        try:
            return content.decode("utf-8"), True
        except UnicodeDecodeError:
            pass
    detected = None if declared else _codec(cchardet.detect(content)["encoding"])
    return _checked(content, declared or [detected or "utf-8"], max_bad_share), False


def _declared(raw: RawPage) -> tuple[str | None, str | None]:
    parameter = _PARAMETER.search(raw.content_type or "")
    meta = _META.search(raw.content, 0, 4096)
    header = raw.charset or (parameter[1] if parameter else None)
    # bytes in which a meta tag can be read are not UTF-16 (WHATWG, "prescan a byte stream")
    name = meta[1].decode("ascii") if meta else None
    return _codec(header), None if name and name.lower().startswith("utf-16") else _codec(name)


def _codec(name: str | None) -> str | None:
    try:
        known = codecs.lookup(name).name if name else None
    except LookupError:
        return None
    return _WEB_NAMES.get(known, known) if known else None


def _checked(content: bytes, names: list[str], max_bad_share: float) -> str:
    shares = []
    for name in names:
        text = content.decode(name, "replace")
        share = _bad_share(text)
        if share <= max_bad_share:
            return text
        shares.append(f"{share:.2%} of the characters are not {name}")
    raise Refused("charset", "; ".join(shares))


def _bad_share(text: str) -> float:
    """Share of replacement characters in what a reader would see, markup aside."""
    bad = text.count("\ufffd")
    if not bad:
        return 0.0
    visible = _MARKUP.sub("", text)
    return visible.count("\ufffd") / max(len(visible), 1)


def parse(markup: bytes) -> html.HtmlElement:
    """The lxml root of a page. Raises `Refused` (parse) and `MemoryError`."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    parser.set_element_class_lookup(_ELEMENTS)
    try:
        tree = html.document_fromstring(markup, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:  # lxml says "unknown error"
            raise MemoryError from error
        raise Refused("parse", f"not HTML: {error}") from None
    if tree.find(".//body") is None:
        raise Refused("parse", "the page has no body")
    return tree
