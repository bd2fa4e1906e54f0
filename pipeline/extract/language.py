"""A text's language is told from its commonest words; what the page declares counts where they are few."""

from __future__ import annotations

from collections import Counter

from pipeline.extract.text import words

_WORDS_READ = 400
_MIN_HITS = 8
_MARGIN = 2.0

# words among the commonest of one language and rare in the others here
_COMMON = {
    "en": "the of and to that was for with said has from are were this have they which would",
    "de": "der die und das den nicht mit sich des auf ist dem eine auch wird sind wurde nach",
    "fr": "les des une est dans qui pas sur par sont avec ont cette aux ses mais nous été",
    "es": "el los las del una por con para según pero más este fue sus esta también ha ser",
    "pt": "não uma dos das ao são foi em pela pelo também mais já ser à seu sua isso",
    "it": "il di che gli della è sono nel alla dei per anche più stato delle ha questo dal",
    "nl": "het een van dat niet zijn voor met ook naar bij wordt door deze maar heeft aan zich",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _COMMON.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)


def language_of(text: str, declared: str | None) -> tuple[str | None, bool]:
    """(ISO 639-1 code, whether the words tell it); None if neither the words nor the page tell.

    The words overrule a declared language only if both are languages told apart here: templates
    declare English over Spanish text, but a page that declares Catalan knows better.
    """
    if declared and declared not in _COMMON:
        return declared, False
    hits: Counter[str] = Counter()
    for word in words(text[: _WORDS_READ * 12])[:_WORDS_READ]:
        for language in _LANGUAGES_OF.get(word.casefold(), ()):
            hits[language] += 1
    (best, most), (_, second) = [*hits.most_common(2), ("", 0), ("", 0)][:2]
    if most >= _MIN_HITS and most >= _MARGIN * second:
        return best, True
    return declared, False
