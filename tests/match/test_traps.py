"""What looks like a copy and is none, and what is one and hardly looks like it: by the built-in scorecard."""

from __future__ import annotations

from itertools import chain

import pytest

from pipeline.match.fold import fold
from pipeline.match.scorecard import load_scorecard
from pipeline.params import Params
from tests.match.texts import prose, rows


def stories_of(texts: list[str]) -> list[int]:
    """Each text's story, numbered in the order in which they come."""
    background = [prose(5_000 + n, 300) for n in range(20)]
    labels = fold([rows([*texts, *background])], Params(), load_scorecard(None)).labels[: len(texts)].tolist()
    return [list(dict.fromkeys(labels)).index(label) for label in labels]


def words(seed: int, n: int) -> list[str]:
    return prose(seed, n).split()


STATEMENT = prose(1, 120)
CAPTIONS = "\n".join(f"{prose(100 + n, 9)}. Photo {n + 1} of 12" for n in range(12))
BACKGROUND = prose(2, 150)


def quoting(text: str, own: int, n: int = 6) -> list[str]:
    return [f"{prose(10 + i, own)}\n{text}\n{prose(40 + i, own)}" for i in range(n)]


def report(day: int) -> str:
    """A form that is filled in anew each day."""
    parts = [[*words(200 + k, 9), str(1000 + 37 * day + k), *words(300 + k, 4)] for k in range(14)]
    return " ".join(chain(*parts))


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(quoting(STATEMENT, 110), id="one statement in six pieces"),
        pytest.param(quoting(CAPTIONS, 130), id="one gallery's captions under six pieces"),
        pytest.param(quoting(BACKGROUND, 150), id="background paragraphs in six pieces"),
        pytest.param([report(day) for day in range(6)], id="a template with new numbers"),
        pytest.param(
            [f"{prose(60 + i, 30)}\n{STATEMENT}" for i in range(6)], id="a document quoted at length"
        ),
    ],
)
def test_different_pieces_stay_apart(texts: list[str]) -> None:
    assert stories_of(texts) == list(range(len(texts)))


BODY = words(70, 500)
LOCAL = words(71, 60)


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(BODY[:60], id="cut to the first paragraphs"),
        pytest.param([*BODY[:200], *LOCAL, *BODY[200:]], id="a local paragraph"),
        pytest.param(
            [*BODY[:120], *words(72, 50), *BODY[170:300], *LOCAL, *BODY[350:]], id="a regional edit"
        ),
        pytest.param([*words(73, 70), *BODY[60:]], id="a later version with a new lead"),
        pytest.param([*BODY[:250], *words(74, 200)], id="half of it, and a staff's own half"),
        pytest.param([f"{w}s" if n % 40 == 20 else w for n, w in enumerate(BODY)], id="house style"),
    ],
)
def test_what_was_edited_is_found(copy: list[str]) -> None:
    assert stories_of([" ".join(BODY), " ".join(copy)]) == [0, 0]
