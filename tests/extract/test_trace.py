"""Each block of a page is told where it went, and why it went nowhere."""

from __future__ import annotations

from pipeline.extract.page import extract_page
from pipeline.extract.trace import Block, trace_blocks
from pipeline.model import RawPage
from pipeline.params import Params
from tests.extract.sample import CLOSING, HEADLINE, PARAGRAPHS, PLAIN, RULES, RUN, html_page

PAGE = html_page(
    before="""<p class="byline">By Maren Idowu, CNN</p>
<figure><img src=x><figcaption>Visitors wait. (Quill Photo/Greta Halloran)</figcaption></figure>
<div class="newsletter-signup"><p>The Morning Tide, by mail</p></div>
<p><a href="/x">Ferry late again as engine fails</a></p><p>ADVERTISEMENT</p>""",
    after=f"<p>{'<br>'.join(CLOSING[:2])}</p>",
    foot="<footer><p>Channel 12 belongs to its viewers, it says.</p></footer><script>var hidden = 1</script>",
)


def traced(content: str) -> list[Block]:
    raw = RawPage("https://channel12.example/skerry", content.encode(), RUN.now)
    return list(trace_blocks(raw, extract_page(raw, RULES, Params(), RUN).page, Params()))


def test_the_blocks_of_a_page() -> None:
    blocks = {block.text: block for block in traced(PAGE)}
    places = {text: block.place for text, block in blocks.items()}
    assert places[HEADLINE] == "headline"
    assert places["By Maren Idowu, CNN"] == "byline"
    assert {places[paragraph] for paragraph in PARAGRAPHS} == {"body"}
    assert places[" ".join(CLOSING[:2])] == "footer"
    why = {text: block.why for text, block in blocks.items() if block.place == "dropped"}
    assert why["Visitors wait. (Quill Photo/Greta Halloran)"] == "caption of a picture: figcaption"
    assert why["The Morning Tide, by mail"] == "named as chrome by its markup: div.newsletter-signup"
    assert why["Ferry late again as engine fails"] == "link to another article: p"
    assert why["ADVERTISEMENT"] == "no line that an article has"
    assert why["Channel 12 belongs to its viewers, it says."] == "outside of the text, as evident reads it"
    assert blocks["By Maren Idowu, CNN"].element == "p.byline"
    assert not [text for text in blocks if "hidden" in text]


def test_the_lines_of_a_plain_text_page() -> None:
    blocks = traced(PLAIN)
    assert [block.place for block in blocks if block.text in PARAGRAPHS] == ["body"] * len(PARAGRAPHS)
    assert {block.text: block.place for block in blocks}[CLOSING[0]] == "footer"
    assert {block.text: block.why for block in blocks}["Skip to Content"] == "no line that an article has"


def test_a_page_that_is_refused_has_blocks_and_one_that_is_no_page_has_none() -> None:
    [block] = traced("<html><body><p>Tickets are gone.</p></body></html>")
    assert (block.place, block.why) == ("dropped", "the page was refused")
    assert traced("") == []
