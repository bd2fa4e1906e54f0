"""Only people are authors: never a service, a title, a place or a date."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.extract.text import squash

_BY = re.compile(
    r"^\W*(?:(?:written|reported|story|article|posted|published|analysis|opinion|report)\s+)?"
    r"(?:by|von|par)\b[:\s]+"
    # a column's name before it; not who took the pictures
    r"|^(?-i:(?!Edited|Photo|Illustrat|Video|Produced|Translated)(?:[A-Z][\w’'-]*\s+){1,3}By\s+(?=[A-Z]))",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\s*(?:[|•·(]|\s[-–—]\s|\b(?:updated|published|posted|modified|last|special to|for the|follow|twitter)\b"
    r"|@|https?:).*$",
    re.IGNORECASE,
)
_NOT_BYLINE = re.compile(
    r"\s*(?:[|•·]\s*)?(?:\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}\b"
    r"|\b\d{1,2}:\d\d\b|\b\d{1,2}/\d{1,2}/\d|@"
    r"|\b(?:published|(?:last )?updated|posted|close|follow|twitter|facebook|instagram"
    r"|linkedin|email|share[sd]?|bio)\b).*$",
    re.IGNORECASE,
)
_JUNIOR = re.compile(r",\s+(Jr\.?|Sr\.?|III?|IV)(?!\w)")
_SPLIT = re.compile(r"\s*(?:[,;/&\n]|\b(?:and|und|with)\b)\s*", re.IGNORECASE)
_PLACE = re.compile(r"\s+(?:in|from|at|for|of|near)\s.*$")
_TITLE = re.compile(
    r"^(?:(?:Dr|Prof|Mr|Mrs|Ms)\.?|Meteorologists?|(?:Chief|Senior|Staff|Special|Guest)\s+\w+|Reporters?|"
    r"Correspondents?|Columnist|Editor|Photographer|Anchor)\s+(?=\S+\s+\S)",
    re.IGNORECASE,
)
_PARTICLE = re.compile(
    r"de|del|della|der|den|di|da|do|dos|du|la|le|las|los|van|von|vom|zu|zur|bin|ibn|al|el|e|y", re.IGNORECASE
)
_NOT_A_NAME = re.compile(
    r"""news|staff|press|associated|reuters|cnn|ap|afp|upi|dpa|efe|bloomberg|agency|agencies|network|team|desk
    |editors?|editorial|board|writers?|reporters?|correspondents?|producers?|columnists?|contributors?
    |contributing|senior|journalists?|photographers?|media|times|post|today|tribune|journal|herald|gazette
    |chronicle|magazine|radio|television|tv|business|politics|political|sports?|health|science|technology
    |world|weather|digital|services?|wire|reports?|special|admin|administrator|website|online|twitter|instagram|linkedin
    |facebook|google|email|share|sign|authors?|interviews|published|updated|january|february|march
    |july|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday
    |university|institute|department|cbs|nbc|abc|npr|msnbc|kff|stacker|propublica|nexstar|scripps|sinclair
    |newsroom|newsource|conversation|bureau|inc|llc|company|corporation|group|international|national
    |baseball|football|basketball|hockey|golf|economics|entertainment|legal|investigative|follow
    |subscribe|comments|photos?|video|getty|images""",
    re.IGNORECASE | re.VERBOSE,
)
_A_PLACE = re.compile(
    r"new (?:hampshire|york|jersey|mexico|orleans|delhi)|(?:north|south) (?:carolina|dakota|africa|korea)"
    r"|west virginia|rhode island|puerto rico|british columbia|nova scotia|los angeles|las vegas"
    r"|san (?:francisco|diego|jose|antonio)|hong kong|united (?:states|kingdom)|saudi arabia|tel aviv"
    r"|sao paulo|washington d\.c",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_FILLER = re.compile(
    r"the|in|by|of|and|com|org|www|am|pm|et|\d+|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)|april|may|june|august",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[^\W\d_][\w.'’‘-]*\.?")
# stations sign with call sign and town; WILL and KATE are names only among other capitals
_CALL_SIGN = re.compile(r"[KW][A-Z]{2,3}(?:-(?:TV|DT|FM|AM))?")
_FULL_STOP = re.compile(r"(?<=\w{4})\.$")
_ELISION = re.compile(r"^[dlDL]['’]")
_WIDE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]{2,8}")

_CONTRIBUTED = re.compile(r"[^.!?(]*?(?:[A-Z]\.\s[^.!?(]*?)*\bcontributed\b[^.]*", re.DOTALL)
_REPORTING = re.compile(r"\breporting(?: and writing)? by\s+([^;)]+)", re.IGNORECASE)
_ROLE = re.compile(
    r"^\W*(?:(?:The\s+)?[A-Z][\w.&-]*(?:\s[A-Z][\w.&-]*){0,4}[’']s?\s+(?=[A-Z])|"
    r".*?\b(?:[Ww]riters?|[Jj]ournalists?|[Rr]eporters?|[Cc]orrespondents?|[Pp]roducers?|[Ee]ditors?)\s+(?=[A-Z]))"
)


def clean_byline(text: str) -> str:
    """A byline element's text without the date, the counters and the buttons that stand in it."""
    return _NOT_BYLINE.sub("", squash(text)).strip(" ,|•·-–—")


def split_authors(printed: str) -> tuple[str, ...]:
    """The people in a byline as printed, in order: `By A and B, CNN` gives (A, B)."""
    text = _CUT.sub("", _BY.sub("", squash(printed)))
    text = text.title() if text.islower() else text
    return people(_SPLIT.split(_JUNIOR.sub(r" \1", text)))


def people(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that can be people's, without titles and places, each once, in order."""
    found: dict[str, None] = {}
    for name in names:
        plain = _PLACE.sub("", _TITLE.sub("", _FULL_STOP.sub("", squash(name).strip(" ,;:*-–—")))).strip(" ,")
        if is_person(plain):
            found.setdefault(plain)
    return tuple(found)


def is_person(name: str) -> bool:
    """True for two to five name-like tokens, the first and the last capitalised, none a known non-name."""
    if _WIDE.fullmatch(name):
        return True
    tokens = name.split()
    if not 2 <= len(tokens) <= 5 or _A_PLACE.fullmatch(name):
        return False
    if any(not _TOKEN.fullmatch(token) for token in tokens):
        return False
    if tokens[0] in ("The", "FOX"):
        return False
    if any(map(_CALL_SIGN.fullmatch, tokens)) and not name.isupper():
        return False
    if any(_NOT_A_NAME.fullmatch(token.strip(".'’")) for token in tokens):
        return False
    return (
        tokens[0][0].isupper()
        and _ELISION.sub("", tokens[-1])[:1].isupper()
        and all(_ELISION.sub("", token)[:1].isupper() or _PARTICLE.fullmatch(token) for token in tokens[1:-1])
    )


def is_nobody(name: str) -> bool:
    """True for a name of which every word is known to be no person's: a service, a desk, a button, a date."""
    tokens = _WORD.findall(name)
    return all(_NOT_A_NAME.fullmatch(token) or _FILLER.fullmatch(token) for token in tokens)


def contributors_in(text: str) -> tuple[str, ...]:
    """People named in contributor lines: `X's A and B contributed to this report`, `(Reporting by A; …)`.

    Editors and the places people reported from are left out.
    """
    names: list[str] = []
    for line in text.splitlines():
        for clause in _REPORTING.findall(line):
            names += _SPLIT.split(clause)
        for sentence in _CONTRIBUTED.findall(line):
            names += [_ROLE.sub("", part) for part in _SPLIT.split(sentence.partition("contributed")[0])]
    return people(names)
