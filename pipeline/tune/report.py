"""What tuning found, for people: a page, a precision-recall curve, and what each figure adds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from pipeline.match.figures import FIGURES
from pipeline.match.scorecard import Look
from pipeline.tune.labels import COPIES, DIFFERENT, UNSURE
from pipeline.tune.run import Tuned

SCORECARD, PAGE, CURVES, RECALL = "scorecard.json", "report.md", "curves.png", "precision_recall.png"
_NEAREST = 20  # pairs near the line that are told
_NAMES = {COPIES: "story", DIFFERENT: "different", UNSURE: "unsure"}
_TOLD = 3  # figures that are told of each
_STYLE: dict[Any, Any] = {
    "figure.dpi": 110,
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def write_report(tuned: Tuned, folder: Path) -> None:
    """Write the scorecard and what is known of it to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(_STYLE):
        _draw_curves(tuned).savefig(folder / CURVES)
        _draw_recall(tuned).savefig(folder / RECALL)
    (folder / PAGE).write_text("\n".join(_page(tuned)) + "\n", encoding="utf-8")
    (folder / SCORECARD).write_text(tuned.fitted.scorecard.to_json() + "\n", encoding="utf-8")


def kinds(tuned: Tuned) -> list[tuple[str, str, int, int]]:
    """(label, kind, right, all) of the labelled pairs, by scores of models that did not see them."""
    scored, floored = tuned.labelled, tuned.below_floor
    accepted = [*(tuned.fitted.scores > 0).tolist(), *([False] * len(floored.pairs))]
    labels, names = [*scored.labels.tolist(), *floored.labels.tolist()], [*scored.kinds, *floored.kinds]
    right: dict[tuple[str, str], list[bool]] = {}
    for label, kind, joined in zip(labels, names, accepted, strict=True):
        if label != UNSURE:
            right.setdefault((_NAMES[label], kind or "(no kind)"), []).append(joined == (label == COPIES))
    return [(label, kind, sum(found), len(found)) for (label, kind), found in sorted(right.items())]


def _page(tuned: Tuned) -> Iterator[str]:
    fitted, card = tuned.fitted, tuned.fitted.scorecard.fitted
    quality = fitted.quality
    yield "# Scorecard\n"
    labels = card["labels_sha256"][:12]
    yield f"Fitted on {card['pairs']} pairs, {card['copies']} of them copies (labels {labels})."
    yield "Cross-validated: no story and no connected documents stand in two folds; clusters by union.\n"
    yield "| folding | precision | recall | F1 | ARI |\n|---|---|---|---|---|"
    for number, one in enumerate((*fitted.repeats, quality), start=1):
        name = "mean" if number > len(fitted.repeats) else str(number)
        yield f"| {name} | {one.precision:.4f} | {one.recall:.4f} | {one.f1:.4f} | {one.ari:.4f} |"
    yield f"\n![precision and recall]({RECALL})\n\n![what each figure adds]({CURVES})\n"
    yield "## Lines\n\nThe line is drawn where F1 is best among lines with a precision of at least .97.\n"
    yield "| log-odds | precision | recall | F1 | ARI |\n|---|---|---|---|---|"
    for line, one in fitted.by_line.items():
        mark = " (chosen)" if line == card["line"] else ""
        yield f"| {line:+.2f}{mark} | {one.precision:.4f} | {one.recall:.4f} | {one.f1:.4f} | {one.ari:.4f} |"
    yield "\n## Kinds\n\n| label | kind | right | of |\n|---|---|---|---|"
    for label, kind, right, of in kinds(tuned):
        yield f"| {label} | {kind} | {right} | {of} |"
    yield "\n## Figures\n\n| figure | mean weight | what it is |\n|---|---|---|"
    strength = np.abs(fitted.scorecard.second.weights(fitted.figures)).mean(axis=0)
    for place in np.argsort(-strength):
        name = list(FIGURES)[place]
        yield f"| `{name}` | {strength[place]:.2f} | {FIGURES[name]} |"
    yield "\n## Nearest the line\n\nScores by models that did not see the pair; above 0 is accepted.\n"
    yield from _nearest(tuned)


def _nearest(tuned: Tuned) -> Iterator[str]:
    labelled, fitted = tuned.labelled, tuned.fitted
    weights = fitted.scorecard.second.weights(fitted.figures)
    nearest = np.argsort(np.abs(fitted.scores), kind="stable")
    given = labelled.pairs[nearest, 1] < labelled.documents
    for row in nearest[given][:_NEAREST].tolist():
        a, b = labelled.pairs[row]
        label = _NAMES[int(labelled.labels[row])]
        kind = f" ({labelled.kinds[row]})" if labelled.kinds[row] else ""
        told = ", ".join(
            f"{list(FIGURES)[f]} {fitted.figures[row, f]:.2f} adds {weights[row, f]:+.2f}"
            for f in np.argsort(-np.abs(weights[row]), kind="stable")[:_TOLD]
        )
        docs = f"`{tuned.doc_ids[a]}` and `{tuned.doc_ids[b]}`"
        yield f"- {fitted.scores[row]:+.2f}, labelled {label}{kind}: {docs}. {told}."


def _draw_recall(tuned: Tuned) -> Figure:
    labels, scores = tuned.labelled.labels, tuned.fitted.scores
    known = labels != UNSURE
    precision, recall, _ = precision_recall_curve(labels[known] == COPIES, scores[known])
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(recall, precision, label="single pairs")
    lines = list(tuned.fitted.by_line.values())
    axes.plot(
        [q.recall for q in lines], [q.precision for q in lines], marker=".", label="clusters, line by line"
    )
    quality = tuned.fitted.quality
    axes.plot(
        [quality.recall], [quality.precision], "o", color="black", label=f"the line: F1 {quality.f1:.3f}"
    )
    axes.set(xlabel="recall", ylabel="precision", xlim=(0.5, 1.01), ylim=(0.5, 1.01))
    axes.legend(frameon=False)
    return figure


def _draw_curves(tuned: Tuned) -> Figure:
    columns = 4
    figure = Figure(figsize=(11, 11), layout="constrained")
    axes = figure.subplots(-(-len(FIGURES) // columns), columns, sharey=True).ravel()
    known = tuned.labelled.labels != UNSURE
    copies = tuned.labelled.labels[known] == COPIES
    for place, name in enumerate(FIGURES):
        one, values = axes[place], tuned.fitted.figures[known, place]
        x, y = _steps(tuned.fitted.scorecard.second, place, values)
        one.axhline(0, color="lightgrey", linewidth=0.8)
        one.step(x, y, where="post", color="black")
        for of, colour, at in ((copies, "tab:green", 0.04), (~copies, "tab:red", 0.0)):
            one.plot(
                values[of],
                np.full(of.sum(), at),
                "|",
                color=colour,
                alpha=0.3,
                transform=one.get_xaxis_transform(),
            )
        one.set_title(name, fontsize=9)
    figure.supylabel("adds to the score (log-odds); green: copies, red: different")
    return figure


def _steps(
    look: Look, figure: int, values: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    start, end = look.opens[figure], look.opens[figure + 1]
    edges = look.edges[start:end]
    reached = np.concatenate([values, edges])
    x = np.concatenate([[reached.min()], edges, [reached.max()]])
    y = look.values[start + figure : end + figure + 1]
    return x, np.append(y, y[-1])
