"""What kind of line a line is, told from its own words alone."""

from __future__ import annotations

import re

from pipeline.extract.pieces import pieces_of


def _any(*patterns: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(patterns), flags)


# what a station prints under an article; nothing after it is the article's
END = re.compile(
    r"^\W*(?:jump to comments|be part of the conversation|join the conversation|leave a (?:comment|reply)"
    r"|comments? are closed|view comments|(?:post|add) a comment|comments policy)",
    re.IGNORECASE,
)
# a heading over a list of links, which can stand in mid-article too
LINKS = re.compile(
    r"^\W*(?:\d+ comments?$|report a typo|suggest a correction|most read\W*$|more from \w+ ?\w*\W*$"
    r"|(?:related|recommended|popular|trending|latest) (?:articles|stories|topics|news|posts|content)\W*$"
    r"|you (?:may|might) also like|around the web|from our partners|sponsored (?:content|links)"
    r"|(?:(?:read|see) (?:more|also|next|related)|also|related(?: coverage)?|more on this(?: story| topic)?|"
    r"further reading|updates?)\W*$)",
    re.IGNORECASE,
)
_CHROME = re.compile(
    r"^\W*(?:skip to (?:main )?content|advertisement|advertising|story continues below|continue reading"
    r"|article continues (?:below|after)|cnn newsource$"
    r"|click here to (?:follow|read|sign|subscribe|submit|view|get)\b"
    r"|the post .{3,200} (?:appeared first on|first appeared on) "
    r"|sign up (?:for|to)\b.{0,120}\b(?:newsletters?|alerts?|emails?|updates)"
    r"|(?:get|receive)\b.{0,80}\b(?:newsletter|in your inbox|(?:delivered|straight) to your inbox)"
    r"|subscribe (?:to|now|today)\b|(?:follow|like) us on\b|download (?:the|our)\b.{0,60}\bapps?\b"
    r"|(?:we|this (?:site|website)) uses? cookies|accept (?:all )?cookies"
    r"|by (?:continuing|clicking|subscribing|signing up)\b.{0,120}\b(?:agree|terms|policy)"
    r"|(?:share|print|email|tweet|save|copy link|listen|loading|posted|sent)\W*$|share (?:this|on)\b"
    r"|all rights reserved\W*$|- tweet$|- share this$"
    r"|we (?:value|respect|care about) your privacy|want more stories like this"
    r"|join [\d,]+ (?:\w+ )?(?:readers|neighbors|subscribers|others)\b"
    r"|if you would like to share a story idea|watch (?:live|now)\W*$"
    r"|(?:first |last )?(?:published|posted|updated)\b[^.!?]{0,60}\d{1,2}[:.]\d\d[^.!?]{0,30}$)",
    re.IGNORECASE,
)
# a link to another article that its label alone gives away
_TEASER = re.compile(
    r"^\W*(?:related|read(?: more)?|see also|also read|watch(?: live| now)?|videos?|photos|gallery)"
    r"(?: (?:stories|story|coverage|content|photos|video))?\s*[:»>|]\s*[^.]{3,160}$",
    re.IGNORECASE,
)
# where to write to the reporter: an account, an address, a number
_CONTACT = re.compile(
    r"^\W*(?:(?:you can )?(?:follow|contact|reach|e-?mail|write)\b(?! ap\b).{0,100}"
    r"(?:@\w|\b(?:on|at) \W?(?:twitter|facebook)\b).{0,60}"
    r"|(?:on )?twitter\W{0,3}\s?@\w.{0,60}"
    r"|\S+@\S+\.\w{2,}(?:\W{1,4}(?:on )?twitter.{0,40})?"
    r"|\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4})$",
    re.IGNORECASE,
)
TOPIC = re.compile(r"^Article Topic Follows:\s*(?P<topic>.{1,80})$", re.IGNORECASE)
_BYLINE = re.compile(
    r"^\W*(?:(?:written|reported|compiled|story)\s+)?(?:by|von|par)\b:?\s+"
    r"(?P<names>[^\W\d_](?:[^.!?]|(?:(?<=\bJr)|(?<=\bSr)|(?<=\bSt)|(?<=\bDr)|(?<=\b\w))\.){2,120})$",
    re.IGNORECASE,
)
_SERVICE_ALONE = re.compile(
    r"^\W*(?:AP|AFP|dpa|EFE|UPI|CNN|PTI|IANS|AAP|TASS|ANSA|Xinhua|Reuters|(?:The )?Associated Press|CBS/AP"
    r"|Bloomberg(?: News)?|Agence France-Presse|Press Trust of India|The Canadian Press"
    r"|The Washington Post)\W*$"
)
_NAMELESS_BYLINE = re.compile(
    rf"{_SERVICE_ALONE.pattern}|^[A-Z][^.!?]{{2,50}} staff(?: (?:report|reporter|writer)s?)?$"
)
_RULE = re.compile(r"^[\W_]{1,12}$")
_DATE_WORDS = frozenset(
    re.findall(
        r"\w+",
        "january february march april may june july august september october november december"
        " jan feb mar apr jun jul aug sep sept oct nov dec"
        " monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri sat sun"
        " at on am pm a p m utc gmt est edt cst cdt mst mdt pst pdt et ct mt pt",
    )
)

# what stands where the rest of an article is for sale
PAYWALL = re.compile(
    r"\b(?:subscribe|sign in|log in|register|sign up|create (?:a|an|your) (?:\w+ )?account)\b[^.]{0,60}"
    r"\b(?:to|and) (?:continue|keep|finish) (?:on )?reading\b"
    r"|\bto (?:continue|keep) reading(?: this (?:article|story))?,? (?:please )?"
    r"(?:subscribe|log in|sign in|register|become)\b"
    r"|\b(?:this|rest of (?:this|the)|full) (?:article|story|content) is (?:\w+ ){0,2}(?:for|to) (?:our )?"
    r"(?:\w+ )?(?:subscribers|members)\b|\bsubscribers only\b|\bsubscriber[- ](?:only|exclusive)\b"
    r"|\b(?:unlock|access|read) (?:this|the (?:full|entire|complete|rest of (?:this|the))) "
    r"(?:article|story)\b[^.]{0,40}\b(?:subscri\w+|member\w*|trial|account)\b"
    r"|\bsubscribe to (?:read|unlock|access)\b"
    r"|\byou(?:[’']ve| have) (?:reached|read|used|exhausted) (?:your|all|the)\b.{0,40}\bfree\b"
    r"|\bjetzt weiterlesen\b|\bweiterlesen mit\b|\b(?:exklusiv|nur) für abonnent\w+"
    r"|\bum den (?:ganzen|vollständigen|kompletten) artikel zu lesen"
    r"|\bréservé (?:à|aux) (?:nos )?abonnés|\bpour lire la suite\b|\bil vous reste .{1,12}% de cet article"
    r"|\bexclusivo para suscriptores|\bpara seguir leyendo\b",
    re.IGNORECASE,
)
_PAYWALL_WORDS = pieces_of(PAYWALL)[1]
_MAX_WALL_WORDS = 30

COPYRIGHT = re.compile(
    r"^\W*(?:(?:™|TM)\s*(?:&|and)\s*)?(?:©|copyright\b|\(c\)(?=\s*(?:19|20)\d\d))"
    r"(?=.{0,60}\b(?:19|20)\d\d\b|\s*[A-Z][\w-]{1,20}\W*$)",
    re.IGNORECASE,
)
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_CONTRIBUTORS = _any(
    r"\bcontributed (?:reporting )?(?:to|from) this (?:report|story|article)",
    r"\bcontributed(?: reporting)?\W*$",
    r"^\W*(?:additional )?reporting (?:and writing )?by\b",
)
# the wire's own closing lines; anchored, since articles quote them
_CLOSING = re.compile(
    r"^\W*(?:the-cnn-wire\b|\(?(?:writing|editing|compiled|reporting) (?:and editing )?by\b.{3,}"
    r"|our standards: the thomson reuters|this material may not be published"
    r"|(?:follow|more) ap\b.{0,200}(?:apnews\.com|twitter\.com|https?://)"
    r"|this (?:article|story|post) (?:is|was) (?:originally |first )?(?:re)?published"
    r" (?:from|by|on|in|with|at)\b"
    r"|(?:\d{1,2}(?::\d\d)? [ap]\.?m\.?[^:]{0,30}:? )?this (?:article|story|post) (?:was|has been) updated\b"
    r"|this (?:article|story|piece) (?:originally|first) (?:appeared|ran|published)\b"
    r"|originally published (?:by|on|in)\b|distributed by tribune content agency"
    r"|visit .{3,60}\bat .{3,60}\.com"
    r"|(?:©|\(c\)|copyright).{0,120}(?:distributed by|all rights reserved)"
    r"|(?:kff health news|propublica|the conversation|states newsroom|stacker) is an? \b"
    r"|[\w ]{3,60} is (?:a )?part of states newsroom"
    r"|this story was (?:produced|written|distributed) (?:by|in partnership)\b"
    r"|(?:dpa|apa|sda|afp)(?:[/-]\w{2,8}){1,5}\W*$)",
    re.IGNORECASE,
)

_AGENCY = (
    r"(?:ap|associated press|reuters|afp|getty|dpa|epa|efe|bloomberg|usa today|shutterstock|istock"
    r"|alamy|upi|tns|cnn)"
)
# by what a line must hold to be one: a bracket, a slash or "via", a first word
_CAPTION_IN_BRACKETS = _any(
    rf"\({_AGENCY}[^()]{{0,40}}(?:photo|images|pool|via)[^()]{{0,80}}\)\W*$",
    rf"\([^()]{{2,60}}/[^()]{{0,20}}{_AGENCY}[^()]{{0,30}}\)\W*$",
    r"\((?:photo|image|credit|courtesy|file)[^()]{1,80}\)\W*$",
)
_CAPTION_BY_AGENCY = _any(
    rf"[^.!?]{{2,60}}\s?/\s?(?:{_AGENCY}|file|pool)(?: images| photo| via .{{2,40}})?\W*$",
    r"[^.!?]{2,60}(?:/|\bvia )\s?(?:getty images|ap|afp|reuters)\W*$",
)
_CAPTION_BY_NAME = _any(
    r"(?:photo|image|photograph|picture|file photo|file image|credit|photo credit|image credit)s?"
    r"\s*(?:by\b|:|/|courtesy\b)\s*.{2,80}$",
    r"(?:courtesy|via) (?:of )?[^.!?]{2,60}$",
)
_CREDIT_IN_CAPTION = re.compile(
    rf"\(((?:{_AGENCY}|photo|file|image|credit|courtesy|[^()]{{2,60}}/)[^()]{{0,100}})\)\W*$", re.IGNORECASE
)

_MONTH = (
    r"(?:[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec"
    r"|[Ee]ne|[Aa]br|[Aa]go|[Dd]ic|[Ff]év|[Aa]vr|[Mm]ai|[Jj]uin|[Jj]uil|[Aa]oû|[Dd]éc|[Mm]är|[Oo]kt|[Dd]ez)[a-zé]*"
)
# a place in capitals or title case, a date or a service, a dash
_DATELINE = re.compile(
    r"^(?P<dateline>(?P<place>[^\W\d_][\w.’'/-]*(?:[ ,]{1,2}[^\W\d_(][\w.’'/&-]*){0,7})?"
    rf"(?:,? (?:\d{{1,2}}\.? (?:de )?)?{_MONTH}\.?(?: \d{{1,2}})?(?:,? (?:19|20)\d\d)?)?"
    r"\s?(?:\((?P<service>(?:[A-Z][\w./&-]*(?: [A-Z][\w.&-]*){0,3}|dpa[\w/-]*))\)"
    r"\s?(?:\.-|--|[-–—:_])|(?:--|[–—])))(?=\s)"
)
_DATELINE_MARKS = ("(", "--", "–", "—")
_IN_CAPITALS = re.compile(r"^[^a-z]{4,}(?:, [A-Z][\w. ]{1,20})?$")


def is_chrome(line: str) -> bool:
    """True for a line that no article contains: buttons, sign-ups, dates, headings over links."""
    return len(line) < 250 and bool(
        _CHROME.match(line)
        or LINKS.match(line)
        or _TEASER.match(line)
        or _CONTACT.match(line)
        or _RULE.match(line)
        or is_date(line)
        or is_wall(line)
    )


def is_wall(line: str) -> bool:
    """True for a short line that sells the rest of the article."""
    # 1.4 us for the words that it must hold, 22 us for the pattern
    lowered = line.lower()
    return (
        any(map(lowered.__contains__, _PAYWALL_WORDS))
        and len(line.split()) <= _MAX_WALL_WORDS
        and bool(PAYWALL.search(line))
    )


def is_date(line: str) -> bool:
    """True for a line that is nothing but a date or time: "March 5, 2026 6:52 AM CST"."""
    words = re.findall(r"\w+", line.lower()) if len(line) <= 60 else []
    numbers = [word for word in words if word[0].isdigit()]
    return 0 < len(numbers) < len(words) and all(word in _DATE_WORDS for word in words if word not in numbers)


def is_footer(line: str) -> bool:
    """True for a wire's closing line: credit, copyright, contributors, editing."""
    return len(line) <= 700 and bool(
        _CLOSING.match(line) or COPYRIGHT.match(line) or names_contributors(line)
    )


def names_contributors(line: str) -> bool:
    """True for a line that says who contributed."""
    # a word that it must hold is looked for first: 15 times faster
    lowered = line.lower()
    return ("contributed" in lowered or "reporting" in lowered) and bool(_CONTRIBUTORS.search(line))


def is_signature(line: str) -> bool:
    """True for a line that is a service's name: under a text it says whose text it was."""
    return bool(_SERVICE_ALONE.match(line))


def is_caption(line: str) -> bool:
    """True for a photo's credit line, or a caption that ends in its credit."""
    found = (
        _CAPTION_BY_NAME.match(line)
        or (")" in line[-8:] and _CAPTION_IN_BRACKETS.search(line))
        or (("/" in line or "via " in line.lower()) and _CAPTION_BY_AGENCY.match(line))
    )
    return bool(found) and len(line.split()) <= 90


def photo_credit(caption: str) -> str:
    """The credit in a caption's closing brackets, or the whole line."""
    found = _CREDIT_IN_CAPTION.search(caption)
    return found[1].strip() if found else caption


def is_byline(line: str) -> bool:
    """True for a line that is a byline only: `By`, then capitalised words; or a desk or service alone."""
    if _NAMELESS_BYLINE.match(line):
        return True
    found = _BYLINE.match(line)
    if not found or len(line.split()) > 20:
        return False
    tokens = found["names"].split()
    return tokens[0][0].isupper() and sum(token[0].isupper() for token in tokens) >= 0.6 * len(tokens)


def read_dateline(line: str) -> tuple[str, str | None] | None:
    """`(dateline as printed, its place)` of a paragraph that begins with one; the place may be None.

    Without a service in brackets a dateline must stand in capitals (`WASHINGTON —`).
    """
    head = line[:160]
    found = _DATELINE.match(head) if any(mark in head for mark in _DATELINE_MARKS) else None
    if not found or not (found["service"] or found["place"]):
        return None
    if not found["service"] and not _IN_CAPITALS.match(found["place"]):
        return None
    return found["dateline"].strip(), found["place"]
