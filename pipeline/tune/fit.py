"""Fitting the scorecard: boosted stumps, which add up to one curve a figure, and honest cross-validation.

Source: J. Friedman, "Greedy function approximation: a gradient boosting machine", 2001; Y. Lou, R. Caruana,
J. Gehrke, "Intelligible models for classification and regression", 2012, for the reading as curves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import adjusted_rand_score

from pipeline.match.figures import FIGURES, RARE
from pipeline.match.scorecard import Look, Scorecard
from pipeline.match.verify import Verdicts, Verifier
from pipeline.tune.labels import COPIES, UNSURE, Labelled, components

# Depth two gained nothing on real pairs (F1 .972 against .974), 150 stumps lost .003, 500 gained nothing
_STUMPS, _RATE, _SAMPLE, _LEAF = 300, 0.1, 0.5, 15
_MODELS = 4  # whose curves are averaged: each sees another half of the pairs a stump
_FOLDS, _REPEATS = 8, 3
# log-odds of the first look from which on two texts are held to be copies: with 5 F1 was the same, and
# generated stories with many versions fell apart (recall .948 for .967); with 3 a few false ones made
# templates rare (F1 .933)
SURE = 4.0
# a shingle in at most so many stories is rare: 3 gave F1 .972, 4 .974, 5 .967, 1/frequency .959
FEW_STORIES = 4
_PRECISION = 0.97  # the line is drawn where F1 is best among those of at least this precision
_LINES = np.arange(-2.0, 4.01, 0.25)
Scores = NDArray[np.float64]
Rarity = Callable[[NDArray[np.bool_]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Quality:
    """How well clusters agree with the truth: over pairs of documents, and adjusted for chance."""

    precision: float
    recall: float
    f1: float
    ari: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A scorecard and what cross-validation says of it.

    `scores` float64[m]: of each pair by models that saw no pair of its fold, less the line; `quality` the
    mean over `repeats` ways to fold; `by_line`: the same for each line that was tried.
    """

    scorecard: Scorecard
    figures: NDArray[np.float32]
    scores: Scores
    quality: Quality
    repeats: tuple[Quality, ...]
    by_line: dict[float, Quality]


def fit(labelled: Labelled, verdicts: Verdicts, verifier: Verifier) -> Fitted:
    """Fit both looks on the labelled pairs (`verdicts` on `labelled.pairs`) and cross-validate them."""
    n = len(labelled.stories)

    def with_rarity(sure: NDArray[np.bool_]) -> NDArray[np.float32]:
        # beginnings are no documents of their own, so they make no word less rare
        groups = np.where(np.arange(n) < labelled.documents, components(n, labelled.pairs[sure]), -1)
        return verifier.with_rarity(verdicts, groups).figures

    repeats = [_cross_validated(labelled, verdicts.figures, with_rarity, seed) for seed in range(_REPEATS)]
    by_line = {float(line): [assess(labelled, second > line) for _, second in repeats] for line in _LINES}
    means = {line: _mean(found) for line, found in by_line.items()}
    line = max(means, key=lambda at: (means[at].precision >= _PRECISION, means[at].f1, -abs(at)))
    known = labelled.labels != UNSURE
    copies = labelled.labels[known] == COPIES
    first = _look(verdicts.figures[known], copies, without=RARE)
    sure = np.mean([scores for scores, _ in repeats], axis=0) > SURE
    figures = with_rarity(sure)
    second = _look(figures[known], copies)
    given = known & (labelled.pairs[:, 1] < labelled.documents)
    told = {
        "pairs": int(given.sum()),
        "copies": int((labelled.labels[given] == COPIES).sum()),
        "beginnings": int(known.sum() - given.sum()),
        "labels_sha256": labelled.sha256,
        "cross_validated": {name: round(getattr(means[line], name), 4) for name in Quality.__slots__},
        "line": line,
    }
    card = Scorecard(
        replace(first, base=first.base - SURE), replace(second, base=second.base - line), FEW_STORIES, told
    )
    scores = np.mean([scores for _, scores in repeats], axis=0) - line
    return Fitted(card, figures, scores, means[line], tuple(by_line[line]), means)


def _cross_validated(
    labelled: Labelled, figures: NDArray[np.float32], with_rarity: Rarity, seed: int
) -> tuple[Scores, Scores]:
    """Scores of both looks for each pair, by models that saw none of its fold."""
    folds = _folds(labelled, seed)
    first = _out_of_fold(labelled, figures, folds, without=RARE)
    return first, _out_of_fold(labelled, with_rarity(first > SURE), folds)


def _out_of_fold(
    labelled: Labelled, figures: NDArray[np.float32], folds: NDArray[np.int64], without: int | None = None
) -> Scores:
    scores = np.zeros(len(figures))
    for fold in range(_FOLDS):
        seen = (folds != fold) & (labelled.labels != UNSURE)
        look = _look(figures[seen], labelled.labels[seen] == COPIES, without)
        scores[folds == fold] = look.scores(figures[folds == fold])
    return scores


def _folds(labelled: Labelled, seed: int) -> NDArray[np.int64]:
    """The fold of each pair: no story, and no documents that any pairs connect, are in two. Of about equal
    size: the largest components first, each to the smallest fold."""
    stories = np.unique(labelled.stories, return_index=True, return_inverse=True)
    within = np.stack([np.arange(len(labelled.stories)), stories[1][stories[2]]], axis=1)
    groups = components(len(labelled.stories), np.concatenate([labelled.pairs, within]))
    names, of_pair, counts = np.unique(groups[labelled.pairs[:, 0]], return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    sizes, fold_of = np.zeros(_FOLDS, np.int64), np.zeros(len(names), np.int64)
    for name in order[np.argsort(-counts[order], kind="stable")]:
        fold_of[name] = int(np.argmin(sizes))
        sizes[fold_of[name]] += counts[name]
    return np.asarray(fold_of[of_pair], np.int64)


def _look(figures: NDArray[np.float32], copies: NDArray[np.bool_], without: int | None = None) -> Look:
    """Boosted stumps on figures float32[m, k] as curves; `without`: a figure that is not looked at."""
    x = figures.copy()
    if without is not None:
        x[:, without] = 0.0
    steps: list[dict[float, float]] = [{} for _ in FIGURES]
    floors = np.zeros(len(FIGURES))
    base = 0.0
    for seed in range(_MODELS):
        model = GradientBoostingClassifier(
            max_depth=1,
            n_estimators=_STUMPS,
            learning_rate=_RATE,
            subsample=_SAMPLE,
            min_samples_leaf=min(_LEAF, max(1, len(x) // 20)),
            random_state=seed,
        ).fit(x, copies)
        share = copies.mean()
        base += float(np.log(share / (1 - share))) / _MODELS
        for stump in (one.tree_ for one in model.estimators_[:, 0]):
            figure, edge = int(stump.feature[0]), float(f"{stump.threshold[0]:.6g}")
            if figure < 0:
                base += _RATE * float(stump.value[0, 0, 0]) / _MODELS
                continue
            low, high = (_RATE * float(value) / _MODELS for value in stump.value[1:3, 0, 0])
            floors[figure] += low
            steps[figure][edge] = steps[figure].get(edge, 0.0) + high - low
    return _centred(base, floors, steps, x)


def _centred(base: float, floors: Scores, steps: list[dict[float, float]], x: NDArray[np.float32]) -> Look:
    """The curves so shifted that each adds nothing on average: what a figure adds is then told against the
    average pair."""
    curves = {}
    for figure, name in enumerate(FIGURES):
        edges = sorted(steps[figure])
        values = floors[figure] + np.cumsum([0.0, *(steps[figure][edge] for edge in edges)])
        mean = float(values[np.searchsorted(edges, x[:, figure])].mean())
        base += mean
        curves[name] = {"edges": edges, "values": np.round(values - mean, 4).tolist()}
    return Look.of(round(base, 4), curves)


def assess(labelled: Labelled, accepted: NDArray[np.bool_]) -> Quality:
    """Union of the accepted pairs against the truth, over all pairs of scored documents that are not of
    ignored stories; ARI over documents of stories that are not among these."""
    clusters = components(len(labelled.stories), labelled.pairs[accepted])[labelled.scored]
    stories = labelled.stories[labelled.scored]
    both = _pairs_of(np.stack([clusters, stories]))
    together = sum(
        int(np.outer(counts, counts)[np.triu_indices(len(counts), 1)].sum())
        - sum(
            int(counts[i] * counts[j])
            for i in range(len(held))
            for j in range(i + 1, len(held))
            if (int(held[i]), int(held[j])) in labelled.ignored
        )
        for held, counts in _mixed(clusters, stories)
    )
    true = _pairs_of(stories[None, :])
    precision, recall = both / max(both + together, 1), both / max(true, 1)
    doubtful = {story for pair in labelled.ignored for story in pair}
    core = ~np.isin(stories, np.array(sorted(doubtful), np.int64))
    ari = float(adjusted_rand_score(stories[core], clusters[core]))
    return Quality(precision, recall, 2 * precision * recall / max(precision + recall, 1e-9), ari)


def _mixed(
    clusters: NDArray[np.int64], stories: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Of the clusters that hold several stories: which, ascending, and how many documents of each."""
    cells, counts = np.unique(np.stack([clusters, stories]), axis=1, return_counts=True)
    opens = np.flatnonzero(np.diff(cells[0], prepend=-1))
    parts = zip(np.split(cells[1], opens[1:]), np.split(counts, opens[1:]), strict=True)
    return [(held, n) for held, n in parts if len(held) > 1]


def _pairs_of(columns: NDArray[np.int64]) -> int:
    _, counts = np.unique(columns, axis=1, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def _mean(found: list[Quality]) -> Quality:
    return Quality(*(float(np.mean([getattr(one, name) for one in found])) for name in Quality.__slots__))
