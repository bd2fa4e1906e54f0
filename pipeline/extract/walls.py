"""A wall is not an article: what asks for consent or money is told from the text that it stands in front of.

Asked only of pages with little text, which is where it matters and where a second look costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.extract import lines as kinds

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
# a text of which so many words ask for consent says nothing else
_CONSENT_SHARE = 0.5
_QUOTE, _LINE = 200, 1_000  # characters


def asks_consent(lines: Sequence[str]) -> str | None:
    """The first of the lines that ask for consent, if most of the words stand in such lines."""
    asking = [line for line in lines if _CONSENT.search(line)]
    words, all_words = (sum(len(line.split()) for line in some) for some in (asking, lines))
    return asking[0][:_QUOTE] if asking and words >= _CONSENT_SHARE * all_words else None


def asks_money(lines: Sequence[str], is_free: bool | None) -> str | None:
    """What offers the rest of the article for sale. `is_free`: what the page itself declares."""
    offers = (found[0] for line in lines if (found := kinds.PAYWALL.search(line[:_LINE])))
    return next(offers, None) or ("isAccessibleForFree: false" if is_free is False else None)
