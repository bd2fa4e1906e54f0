"""A fictional wire story and the pages that carry it. Nobody and nothing in it exists."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from pipeline.extract.credit import load_rules
from pipeline.extract.page import extract_page
from pipeline.extract.result import Extracted
from pipeline.model import RawPage, Run
from pipeline.params import Params

RUN = Run("20260305T180000Z", datetime(2026, 3, 5, 18, tzinfo=UTC))
RULES = load_rules()
HEADLINE = "Lamp room of the Skerry light opens to night visitors"
PARAGRAPHS = (
    "The last keeper of the Skerry light handed over a brass key on Thursday, and a queue of forty people "
    "climbed one hundred and ninety steps to see the lamp turn in the dark for the first time in decades.",
    "“I used to be alone up here with the moths,” said Tormod Vesk, 81, who tended the lamp until it was "
    "automated. “Now I shall have to sweep the stairs.”",
    "The harbor trust that owns the tower spent two winters replacing iron treads eaten away by salt. Its "
    "director, Ailsa Brandreth, put the bill at 640,000 crowns, a third of it raised by selling marmalade.",
    "Ships no longer need the beam, which is kept on a low setting so as not to confuse migrating petrels. "
    "Ornithologists counted eleven birds on the gallery during the trial evenings and none were hurt.",
    "Tickets for the summer have gone already. The trust will hold back six places a night for people who "
    "grew up on the island and can prove it by naming the keeper’s dog.",
)
CLOSING = (
    "The-CNN-Wire",
    "™ & © 2026 Cable News Network, Inc., a Warner Bros. Discovery Company. All rights reserved.",
    "CNN’s Odile Farrant and Bram Osei contributed to this report",
)

PLAIN = "\n\n".join(
    [
        "Skip to Content",
        HEADLINE,
        "<i>Greta Halloran/Skerry Harbor Trust</i><br/>Visitors wait below the Skerry light on Thursday.\n"
        "The Skerry light is open at night for the fi\n"
        "Greta Halloran/Skerry Harbor Trust\n"
        "Visitors wait below the Skerry light on Thursday.",
        "By Maren Idowu and Piers Castellan, CNN",
        *PARAGRAPHS,
        "\n".join(CLOSING[:2]),
        CLOSING[2],
        "Article Topic Follows: CNN - Travel/Islands",
        "Jump to comments ↓",
        "CNN Newsource",
        "BE PART OF THE CONVERSATION",
        "Channel 12 News is committed to a forum where neighbors disagree politely.",
        "If you would like to share a story idea, please submit it here.",
        "Skip to content",
    ]
)


def html_page(
    paragraphs: tuple[str, ...] = PARAGRAPHS,
    *,
    head: str = "",
    before: str = "",
    after: str = "",
    foot: str = "",
) -> str:
    """A page with the story in an `<article>`; the arguments are markup put at their places."""
    text = "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in paragraphs)
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>{HEADLINE} | Channel 12</title>{head}</head><body>
<nav><a href="/">Home</a> <a href="/cnn">CNN Newsource</a></nav>
<main><article><h1>{HEADLINE}</h1>{before}
{text}
{after}</article></main>{foot}</body></html>"""


def extract(
    content: str | bytes, url: str = "https://www.channel12.example/news/skerry", **known: object
) -> Extracted:
    """What extraction makes of a page; `known` are further fields of `RawPage`, or `params`."""
    params = known.pop("params", Params())
    assert isinstance(params, Params)
    data = content.encode() if isinstance(content, str) else content
    return extract_page(RawPage(url, data, RUN.now, **known), RULES, params, RUN)  # type: ignore[arg-type]
