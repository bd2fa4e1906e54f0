"""A wrong value in the configuration is one line that says where and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import load_config
from pipeline.errors import BadInput


def write(folder: Path, params: str) -> Path:
    path = folder / "wirefold.toml"
    path.write_text(f'lake = "lake"\n\n[params]\n{params}\n')
    return path


def test_a_canonical_policy_is_chosen_in_the_file(tmp_path: Path) -> None:
    params = load_config(
        write(tmp_path, 'canonical_policy = "preferred_outlets"\npreferred_outlets = ["kmrx", "ktbl"]')
    ).params
    assert params.canonical_policy == "preferred_outlets"
    assert params.preferred_outlets == ("kmrx", "ktbl")


@pytest.mark.parametrize(
    ("params", "says"),
    [
        (
            'canonical_policy = "newest"',
            r"wirefold\.toml:4: .*canonical_policy.*most_confirmed_text.*'newest'",
        ),
        ('canonical_policy = "preferred_outlets"', r"wirefold\.toml.*preferred_outlets must name an outlet"),
        ('preferred_outlets = "kmrx"', r"wirefold\.toml:4: .*preferred_outlets.*tuple"),
    ],
)
def test_a_wrong_one_is_told_with_file_and_line(tmp_path: Path, params: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as wrong:
        load_config(write(tmp_path, params))
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize("line", ["keep_days = nan", "keep_days = 1e9", "keep_releases = -1", "shards = 0"])
def test_retention_and_shards_have_bounds(tmp_path: Path, line: str) -> None:
    path = tmp_path / "wirefold.toml"
    path.write_text(f'lake = "lake"\n{line}\n')
    with pytest.raises(BadInput, match=rf"wirefold\.toml:2: {line.split()[0]}: "):
        load_config(path)


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Is a directory"):
        load_config(tmp_path)
