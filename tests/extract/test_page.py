"""A page's words end where they belong: text, byline, footer, picture, or nowhere."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.extract import lines
from pipeline.extract.result import Page
from pipeline.params import Params
from tests.extract.sample import CLOSING, HEADLINE, PARAGRAPHS, PLAIN, extract, html_page

CHROME = (
    "Skip to",
    "Jump to",
    "Newsource",
    "BE PART",
    "forum",
    "story idea",
    "Halloran",
    "Visitors wait",
    "wire",
)


def page_of(content: str | bytes, **known: object) -> Page:
    page = extract(content, **known).page  # type: ignore[arg-type]
    assert page is not None
    return page


def proves_itself(page: Page) -> bool:
    texts = {"body": page.body, "byline": page.byline or "", "footer": page.footer}
    return all(texts[e.where][e.start : e.end] == e.quote for e in page.wire_evidence if e.where in texts)


def test_a_plain_text_page_of_a_station() -> None:
    page = page_of(PLAIN, url="file:///tmp/page.txt")
    assert page.headline == HEADLINE
    assert page.byline == "By Maren Idowu and Piers Castellan, CNN"
    assert page.authors == ("Maren Idowu", "Piers Castellan")
    assert page.contributors == ("Odile Farrant", "Bram Osei")
    assert (page.copyright_line, page.copyright_year) == (CLOSING[1], 2026)
    assert page.topic == "CNN - Travel/Islands"
    assert page.language == "en"
    assert page.image_credits == ("Greta Halloran/Skerry Harbor Trust",)
    assert page.body == "\n".join(PARAGRAPHS)
    assert page.footer == "\n".join(CLOSING)
    assert page.wire_services == ("CNN",)
    assert {e.where for e in page.wire_evidence} == {"byline", "footer"}
    assert proves_itself(page)


JSON_LD = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": "WebSite", "name": "Channel 12"},
        {
            "@type": ["NewsArticle", "Article"],
            "headline": HEADLINE,
            "author": {"@type": "Organization", "name": "Channel 12 Staff"},
            "publisher": {"@type": "Organization", "name": "Channel 12"},
            "datePublished": "2026-03-05T09:30:00-05:00",
            "dateModified": "2026-03-05T11:00:00-05:00",
            "articleSection": "Travel",
        },
    ],
}
STATION = html_page(
    ("ISLE OF SKERRY (AP) — " + PARAGRAPHS[0], *PARAGRAPHS[1:]),
    head=f"""<script type="application/ld+json">{json.dumps(JSON_LD)}</script>
<link rel="canonical" href="/news/skerry?utm_source=feed"><meta name="robots" content="max-snippet:-1">
<meta name="Googlebot-News" content="noindex">""",
    before="""<div class="byline">By Maren Idowu, Associated Press Published 9:30 AM</div>
<figure><img src="x.jpg">
<figcaption>Visitors wait below the light. (AP Photo/Greta Halloran)</figcaption></figure>
<div class="newsletter-signup"><p>Sign up for our Morning Wire newsletter</p></div>""",
    after="""<p>Copyright 2026 The Associated Press. All rights reserved.</p>
<div class="related"><h3>Related stories</h3><ul><li><a href="/a">Ferry late again</a></li></ul></div>""",
)


def test_a_page_of_a_station_that_claims_to_be_the_author() -> None:
    page = page_of(STATION)
    assert page.body.startswith("ISLE OF SKERRY (AP) — The last keeper")
    assert page.body.endswith("the keeper’s dog.")
    assert not [word for word in (*CHROME, "Ferry", "Copyright", HEADLINE) if word in page.body]
    assert (page.headline, page.headline_source) == (HEADLINE, "h1")
    assert (page.byline, page.authors) == ("By Maren Idowu, Associated Press", ("Maren Idowu",))
    assert (page.dateline, page.dateline_place) == ("ISLE OF SKERRY (AP) —", "ISLE OF SKERRY")
    assert (page.published_at, page.published_at_source) == (
        datetime(2026, 3, 5, 14, 30, tzinfo=UTC),
        "json_ld",
    )
    assert page.modified_at == datetime(2026, 3, 5, 16, tzinfo=UTC)
    assert (page.section, page.language) == ("Travel", "en")
    assert page.declared_canonical_url == "https://www.channel12.example/news/skerry?utm_source=feed"
    assert (page.robots_noindex, page.news_noindex) == (False, True)
    assert page.image_credits == ("AP Photo/Greta Halloran",)
    assert page.wire_services == ("AP",)
    assert {e.rule for e in page.wire_evidence} == {"ap-dateline", "ap-byline", "ap-copyright"}
    assert proves_itself(page)
    assert page.outlet_id == "channel12.example"


def test_markup_without_end_tags_does_not_run_together() -> None:
    page = page_of(
        html_page(
            before="<span class=by><b>By Maren Idowu, AP</span>"
            "<figure><img src=x><figcaption>The light <i>Greta Halloran/AP</figcaption></figure></i>"
        ).replace("</h1>", "")
    )
    assert (page.headline, page.byline) == (HEADLINE, "By Maren Idowu, AP")
    assert page.image_credits == ("Greta Halloran/AP",)
    assert page.body == "\n".join(PARAGRAPHS)


def test_a_byline_that_is_a_bare_paragraph_outranks_the_station_in_the_markup() -> None:
    article = {"@type": "NewsArticle", "author": {"@type": "Person", "name": "WKVE Calder"}}
    head = f'<script type="application/ld+json">{json.dumps(article)}</script>'
    page = page_of(html_page(head=head, before="<i class=byline>WKVE Calder</i><p>By Maren Idowu, CNN</p>"))
    assert (page.byline, page.authors) == ("By Maren Idowu, CNN", ("Maren Idowu",))


def test_closing_lines_that_the_extractor_drops_are_put_back() -> None:
    after = "<footer class='credits'>" + "<br>".join(CLOSING) + "</footer>"
    page = page_of(html_page(after=after, foot="<footer>© 2026 Associated Press Hall of Fame</footer>"))
    assert page.footer == "\n".join(CLOSING)
    assert page.wire_services == ("CNN",)


@pytest.mark.parametrize(
    "page",
    [
        html_page(
            foot="<footer><p>Associated Press articles: Copyright © 2016 The Associated Press.</p></footer>"
        ),
        html_page(before="<p class='caption'>The tower at dusk. (AP Photo/Greta Halloran)</p>"),
        html_page(("The tower at dusk. Greta Halloran / Reuters", *PARAGRAPHS)),
        html_page((*PARAGRAPHS[:2], "The party (PTI) - told Reuters it was glad.", *PARAGRAPHS[2:])),
        html_page((*PARAGRAPHS[:3], "“I read it in the Associated Press,” he said.", *PARAGRAPHS[3:])),
    ],
    ids=["site footer", "caption", "credit line", "a party", "a quote"],
)
def test_what_only_looks_like_a_credit_is_none(page: str) -> None:
    assert page_of(page).wire_services == ()


def test_a_heading_over_links_in_mid_article_does_not_end_it() -> None:
    page = page_of("\n\n".join([HEADLINE, *PARAGRAPHS[:3], "Related stories", *PARAGRAPHS[3:]]))
    assert page.body == "\n".join(PARAGRAPHS)


def test_closing_lines_between_the_parts_of_a_digest_leave_its_text_whole() -> None:
    closing = "(Reporting by Joan Ashdown in Calder; Editing by Finn Moray)"
    page = page_of("\n\n".join([HEADLINE, *PARAGRAPHS[:2], closing, *PARAGRAPHS[2:], closing]))
    assert page.body == "\n".join(PARAGRAPHS)
    assert page.contributors == ("Joan Ashdown",)


@pytest.mark.parametrize(
    ("line", "notice"),
    [
        ("CORRECTION: An earlier version of this story gave the wrong number of steps.", "correction"),
        ("KILL: The harbor trust story has been withdrawn. A kill is mandatory.", "kill"),
        ("WITHHOLD: Please withhold this story until further notice.", "withhold"),
        ("EMBARGOED until 6 p.m. on Friday.", "embargo"),
        ("Retraction: The trust never sold marmalade.", "retraction"),
        ("Editor’s note: This story contains moths.", "editors_note"),
        ("Attention editors: the bill is in crowns, not pounds.", "advisory"),
    ],
)
def test_notices(line: str, notice: str) -> None:
    for page in (page_of(html_page((line, *PARAGRAPHS))), page_of(html_page((*PARAGRAPHS, line)))):
        assert page.notices == (notice,)
        (proof,) = page.notice_evidence
        assert (proof.rule, proof.quote) == (notice, line)
        assert getattr(page, proof.where)[proof.start : proof.end] == line


def test_identity() -> None:
    page = page_of(html_page(), url="https://www.channel12.example/news/skerry?utm_source=x&id=4#top")
    assert page.url_normalised == "https://www.channel12.example/news/skerry?id=4"
    assert page.body_sha256 == hashlib.sha256(page.body.encode()).hexdigest()
    seed = f"{page.url_normalised}\n{page.body_sha256}"
    assert page.doc_id == "d_" + hashlib.sha256(seed.encode()).hexdigest()[:16]
    assert page_of(html_page(), doc_id="given").doc_id == "given"


def test_a_page_from_disk_is_known_by_the_address_it_names() -> None:
    own = '<meta property="og:url" content="https://courier.example/skerry">'
    assert page_of(html_page(head=own), url="file:///x/1.html").outlet_id == "courier.example"
    assert page_of(html_page(), url="file:///x/1.html").url == "file:///x/1.html"
    assert page_of(html_page(head=own)).outlet_id == "channel12.example"
    # a copy that names its source as canonical is still the copy's own page
    source = '<link rel="canonical" href="https://harborwire.example/skerry">'
    copy = page_of(html_page(head=source + own), url="file:///x/1.html")
    assert (copy.outlet_id, copy.declared_canonical_url) == (
        "courier.example",
        "https://harborwire.example/skerry",
    )


def test_a_page_in_an_archive_is_known_by_the_address_it_was_taken_from() -> None:
    prefix = "https://archive.example/web/20260306120000"
    head = (
        f'<meta property="og:url" content="{prefix}/http://courier.example/skerry">'
        f'<link rel="canonical" href="/web/20260306120000/http://courier.example/skerry">'
    )
    for page in (
        page_of(html_page(head=head), url="file:///x/1.html"),
        page_of(html_page(head=head), url=f"{prefix}id_/http://courier.example/skerry"),
    ):
        assert page.outlet_id == "courier.example"
        assert page.url == page.declared_canonical_url == "http://courier.example/skerry"


def teaser(text: str, label: str = "") -> str:
    return f'<p>{label}<a href="/x">{text}</a></p>'


def test_links_to_other_articles_among_the_paragraphs_are_no_text() -> None:
    teasers = [
        teaser("Ferry late again as engine fails", "Related: "),
        f"<p>[<em>{teaser('Who pays for the iron treads?')[3:-4]}</em>]</p>",
        "<p>WATCH: Petrels circle the lamp at night</p>",
    ]
    text = "".join(f"<p>{p}</p>{t}" for p, t in zip(PARAGRAPHS, [*teasers, "", ""], strict=True))
    tail = "<p><strong>ALSO</strong></p>" + teaser("Marmalade prices climb for a third year")
    page = page_of(html_page((), before=text, after=tail))
    assert page.body == "\n".join(PARAGRAPHS)


def test_linked_paragraphs_that_are_text_stay() -> None:
    said = (
        teaser("The trust says that the lamp will be lit again in May."),
        teaser("Calder Courier", "As told to the ").replace("</p>", " reports:</p>"),
        f"<p>{'<a href=/x>Keeper</a> '}"
        + "of the light since 1962, he had a dog called Bosun, and two cats</p>",
    )
    page = page_of(html_page(before="".join(said)))
    for words in ("lit again in May.", "Courier reports:", "called Bosun"):
        assert words in page.body
    links = "".join(teaser(f"Lighthouse number {n} is open to its neighbors") for n in range(30))
    assert "number 17" in page_of(html_page(PARAGRAPHS[:1], before=links)).body  # a list is its links


def test_what_stands_under_the_text_differs_from_copy_to_copy() -> None:
    log = (
        "UPDATES:",
        "4:20 p.m.: This article was updated with the number of steps.",
        "This article was originally published at 2:05 p.m.",
    )
    contact = ("Follow Maren Idowu on Twitter: @marenidowu", "midowu@courier.example", "Twitter @marenidowu")
    page = page_of(html_page((*PARAGRAPHS, *contact, *log)))
    assert page.body == "\n".join(PARAGRAPHS)
    assert page.footer == "\n".join(log[1:])
    signed = page_of(html_page((*PARAGRAPHS, "Associated Press")))
    assert (signed.body, signed.wire_services) == ("\n".join(PARAGRAPHS), ("AP",))
    assert [e.rule for e in signed.wire_evidence] == ["ap-signature"]


def test_the_list_of_other_videos_is_no_text() -> None:
    shelves = "".join(
        f'<h2 class="item-heading">{name}</h2><div class="playlist-desc"><p>Our best {name} films.</p></div>'
        for name in ("Harbor", "Weather", "People", "Islands")
    )
    page = page_of(html_page(before=shelves))
    assert "films" not in page.body and PARAGRAPHS[0] in page.body


def declaring(name: str) -> str:
    return html_page().replace('charset="utf-8"', f'charset="{name}"')


@pytest.mark.parametrize(
    ("content", "known", "reason"),
    [
        (b"", {}, "parse"),
        (b"%PDF-1.7 " + b"x" * 900, {}, "parse"),
        (html_page(PARAGRAPHS[:1])[:420], {}, "too_short"),
        (html_page(("Tickets are gone.",)), {}, "too_short"),
        (html_page(), {"params": replace(Params(), max_page_bytes=1_000)}, "too_large"),
        (declaring("utf-8").encode("cp1252"), {}, "charset"),
        (declaring("utf-8").encode("cp1252"), {"charset": "utf-8"}, "charset"),
        (
            html_page(head='<meta property="article:published_time" content="2026-02-30">'),
            {},
            "impossible_date",
        ),
        (
            html_page(head='<meta property="article:published_time" content="2031-01-01">'),
            {},
            "impossible_date",
        ),
    ],
)
def test_rejections(content: str | bytes, known: dict[str, object], reason: str) -> None:
    rejection = extract(content, **known).rejection
    assert rejection is not None
    assert (rejection.reason, rejection.outlet_id) == (reason, "channel12.example")
    assert rejection.detail


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (declaring("windows-1252").encode("cp1252"), None),
        (declaring("utf-8").encode("cp1252"), "iso-8859-1"),
        (declaring("iso-8859-1").encode("utf-8"), "iso-8859-1"),
        (declaring("utf-8").encode("utf-16"), None),
        (html_page().replace('<meta charset="utf-8">', "").encode("cp1252"), None),
    ],
    ids=["as declared", "header before meta", "utf-8 speaks for itself", "byte order mark", "detected"],
)
def test_charsets(content: bytes, charset: str | None) -> None:
    assert page_of(content, charset=charset).body == "\n".join(PARAGRAPHS)


def test_an_impossible_date_is_passed_over_for_a_possible_one() -> None:
    head = '<meta property="article:published_time" content="2026-02-30">'
    page = page_of(html_page(head=head), feed_published_at=datetime(2026, 3, 5, 9, tzinfo=UTC))
    assert (page.published_at, page.published_at_source) == (datetime(2026, 3, 5, 9, tzinfo=UTC), "feed")


def test_hostile_markup_is_read_or_refused_but_never_raises() -> None:
    deep = "<div>" * 20_000 + PARAGRAPHS[0]
    nested = '<script type="application/ld+json">' + '{"a":' * 50_000 + "</script>"
    for content in (
        html_page(before=deep),
        html_page(head=nested),
        "<html" + "\x00\x08<p>" * 5_000,
        "<p>" * 20_000,
    ):
        extract(content)


@pytest.mark.parametrize(
    ("line", "is_date"),
    [
        ("March 5, 2026 6:52 AM CST", True),
        ("Thursday, Mar. 5 at 9 p.m.", True),
        ("May 5 brought rain to Osprey Bay", False),
        ("1,204 2,300", False),
        ("1" * 58 + "x", False),
    ],
)
def test_a_line_of_date_and_time_is_no_text(line: str, is_date: bool) -> None:
    assert lines.is_date(line) == is_date


CONSENT = (
    "We value your privacy",
    "We and our 842 partners store and access information on your device, such as cookies, and process "
    "personal data to show you personalised ads and content. You can withdraw your consent at any time.",
    "Accept all cookies",
)
WALL = "<div class='gate'><p>Subscribe now to <b>continue reading</b> this article.</p></div>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (html_page(CONSENT), "consent_wall"),
        ("\n\n".join([HEADLINE, *CONSENT]), "consent_wall"),
        (html_page(("Tickets are gone.",), after=WALL), "paywall"),
        (html_page((), after=WALL), "paywall"),
        (
            html_page(("Gone.",), head='<meta property="article:content_tier" content="locked">'),
            "paywall",
        ),
    ],
)
def test_a_wall_is_no_short_article(content: str, reason: str) -> None:
    rejection = extract(content).rejection
    assert rejection is not None
    assert rejection.reason == reason


NOT_FREE = (
    '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>'
)


def test_a_teaser_is_told_from_an_article_that_is_there() -> None:
    teaser = page_of(html_page(PARAGRAPHS[:2], after=WALL))
    assert (teaser.paywall, teaser.body) == ("teaser", "\n".join(PARAGRAPHS[:2]))
    assert page_of(html_page(PARAGRAPHS[:2], head=NOT_FREE)).paywall == "teaser"
    assert page_of(html_page(PARAGRAPHS * 2, head=NOT_FREE)).paywall == "declared"
    for free in (html_page(PARAGRAPHS * 2, after=WALL), html_page(), html_page(PARAGRAPHS[:2])):
        assert page_of(free).paywall is None
    banner = "".join(f"<p>{line}</p>" for line in CONSENT * 9)
    assert page_of(html_page(PARAGRAPHS[:2], foot=f"<div>{banner}</div>")).paywall is None
    about = (
        "Readers of the paper must now subscribe to continue reading, its owner said in a letter to staff. "
        * 3
    )
    assert about.strip() in page_of(html_page((*PARAGRAPHS, about))).body


def test_each_field_tells_where_it_was_read() -> None:
    head = f"""<script type="application/ld+json">{json.dumps(JSON_LD)}</script>
<meta property="og:title" content="The Skerry light, by night">"""
    page = page_of(html_page(head=head), feed_headline="Skerry light opens")
    assert (page.headline_source, page.section_source, page.language_source) == ("h1", "json_ld", "text")
    assert (page.feed_headline, page.og_headline) == ("Skerry light opens", "The Skerry light, by night")
    assert (page.published_at_offset, page.modified_at_offset) == (-300, -300)
    fed = page_of(html_page(), feed_byline="Maren Idowu, CNN")
    assert (fed.byline, fed.byline_source, fed.authors) == ("Maren Idowu, CNN", "feed", ("Maren Idowu",))
    local = page_of(html_page(before="<time>March 5, 2026 7:30 AM</time>"), time_zone="America/Denver")
    assert (local.published_at, local.published_at_source, local.published_at_offset) == (
        datetime(2026, 3, 5, 14, 30, tzinfo=UTC),
        "time_tag_outlet_zone",
        -420,
    )


def test_a_byline_element_for_each_author() -> None:
    both = "<span class=byline><i itemprop=author>Maren Idowu</i></span> <i itemprop=author>Ada Renfrew</i>"
    page = page_of(html_page(head='<meta name="author" content="Maren Idowu, Ada Renfrew">', before=both))
    assert (page.authors, page.authors_source) == (("Maren Idowu", "Ada Renfrew"), "meta")


def test_a_time_of_modification_is_not_the_publication() -> None:
    changed = '<time itemprop="dateModified" datetime="2026-03-05T11:00:00-05:00">March 4, 2026</time>'
    page = page_of(html_page(before=changed))
    assert (page.published_at, page.modified_at) == (None, datetime(2026, 3, 5, 16, tzinfo=UTC))
    assert page.modified_at_source == "time_tag"
    own = '<meta property="site:first" itemprop="datePublished" content="2026-03-04T09:30:00-05:00">'
    page = page_of(html_page(head=own, before=changed))
    assert (page.published_at, page.published_at_source) == (datetime(2026, 3, 4, 14, 30, tzinfo=UTC), "meta")
