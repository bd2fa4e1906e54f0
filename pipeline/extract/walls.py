"""A wall is not an article: what asks for consent or money is told from the text that it stands in front of.

Asked only of pages with little text, which is where it matters and where a second look costs nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import html

from pipeline.extract import lines as kinds
from pipeline.extract.shown import blocks_of, lines_of

_CONSENT = re.compile(
    r"\bwe (?:value|respect|care about) your (?:privacy|data)"
    r"|\b(?:we|us) and our (?:\d+ )?(?:\w+ )?(?:partners|vendors)\b"
    r"|\b(?:store|storing|access|accessing) (?:and/?or \w+ )?information on (?:a|your) device"
    r"|\b(?:accept|reject|decline|manage|allow)\b.{0,20}\b(?:cookies|preferences|choices)\b"
    r"|\b(?:uses?|using|and|of|set) (?:\w+ )?cookies\b|\bcookie (?:policy|settings|preferences|notice|banner)"
    r"|\blegitimate interests?\b|\bwithdraw (?:your )?consent|\byour consent\b|\bconsent to\b"
    r"|\bprocess(?:ing)? (?:of )?(?:your )?personal (?:data|information)\b"
    r"|\bpersonali[sz]ed (?:ads|advertising|content)\b"
    r"|\bbefore you continue\b|\bprivacy (?:policy|settings|choices|dashboard)\b"
    r"|\bdatenschutz\w*|\beinwilligung\b|\bzustimm\w+|\bpersonenbezogene\w* daten"
    r"|\bmit werbung (?:weiter)?lesen"
    r"|\bprotection de vos données|\bconsentement\b|\bvos choix\b|\btraceurs\b"
    r"|\bconsentimiento\b|\bpolítica de (?:privacidad|cookies)",
    re.IGNORECASE,
)
# a page of which so many words ask for consent shows nothing else
_CONSENT_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Wall:
    """What stands in front of an article and asks for consent, or else for money; `quote` says so."""

    asks_consent: bool
    quote: str


def find_wall(text: str, tree: html.HtmlElement | None, is_free: bool | None) -> Wall | None:
    """The wall that a page shows, or None. `is_free`: what the page itself declares."""
    shown = lines_of(text) if tree is None else [block for _, block in blocks_of(tree)]
    asking = [line for line in shown if _CONSENT.search(line)]
    words = sum(len(line.split()) for line in shown)
    if sum(len(line.split()) for line in asking) >= _CONSENT_SHARE * max(words, 1):
        return Wall(True, asking[0][:200]) if asking else None
    if paid := next((found[0] for line in shown if (found := kinds.PAYWALL.search(line[:1_000]))), None):
        return Wall(False, paid)
    return Wall(False, "isAccessibleForFree: false") if is_free is False else None
