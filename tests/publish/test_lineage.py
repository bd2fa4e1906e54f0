"""The OpenLineage event of a release is one that OpenLineage's own classes take, and says what it holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde
from typer.testing import CliRunner

from pipeline import cli, lineage
from pipeline.lake.folder import FolderStore
from pipeline.publish.release import Manifest
from pipeline.schema import BY_NAME
from tests.publish.sample import FIRST, SECOND, publish

DAGS = Path(__file__).parents[2] / "dags"
LAKE = "s3://news-lake/eu"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return FolderStore(str(tmp_path_factory.mktemp("lineage")))


@pytest.fixture(scope="module")
def release(lake: FolderStore) -> Manifest:
    publish(lake, FIRST, "rel-1")
    return publish(lake, SECOND, "rel-2")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(DAGS))
    import _lineage

    yield _lineage.built
    del sys.modules["_lineage"]


def full(value: Any) -> Any:
    """Without what is empty: the classes fill in empty lists that nobody gave."""
    if isinstance(value, dict):
        return {name: full(one) for name, one in value.items() if one not in ({}, [])}
    return [full(one) for one in value] if isinstance(value, list) else value


def test_the_classes_of_openlineage_take_it_word_for_word(release: Manifest, built: Any) -> None:
    event = lineage.run_event(release, LAKE)
    assert full(Serde.to_dict(built(RunEvent, event))) == full(event)


def test_they_refuse_what_is_not_of_the_specification(release: Manifest, built: Any) -> None:
    event = lineage.run_event(release, LAKE)
    event["outputs"][0]["facets"]["schema"]["fields"][0]["colour"] = "red"
    with pytest.raises(KeyError, match="colour"):
        built(RunEvent, event)


def test_tables_are_told_with_rows_schema_and_checks(release: Manifest) -> None:
    event = lineage.run_event(release, LAKE)
    outputs = {one["name"]: one for one in event["outputs"]}
    assert {one["namespace"] for one in event["outputs"]} == {"s3://news-lake"}
    assert outputs.keys() == {f"eu/tables/{name}" for name in release.tables}
    stories = outputs["eu/tables/stories"]
    assert stories["outputFacets"]["outputStatistics"]["rowCount"] == 3
    assert stories["facets"]["version"]["datasetVersion"] == "rel-2"
    fields = {field["name"]: field for field in stories["facets"]["schema"]["fields"]}
    assert list(fields) == BY_NAME["stories"].schema.names
    assert fields["n_outlets"]["description"] == "Outlets that ran it."
    told = [
        a
        for one in event["outputs"]
        for a in one["facets"].get("dataQualityAssertions", {}).get("assertions", [])
    ]
    assert {a["assertion"] for a in told} == {check.check for check in release.checks}, "each on one table"
    assert len(told) == len(release.checks)


def test_columns_of_pages_are_followed(release: Manifest) -> None:
    event = lineage.run_event(release, LAKE)
    columns = {
        one["name"].rpartition("/")[2]: one["facets"]["columnLineage"]["fields"]
        for one in event["outputs"]
        if "columnLineage" in one["facets"]
    }
    assert columns.keys() == {"stories", "republications"}
    [source] = columns["republications"]["body"]["inputFields"]
    assert (source["name"], source["field"]) == ("eu/pages", "body")
    assert source["transformations"] == [{"type": "DIRECT", "subtype": "IDENTITY"}]
    assert columns["stories"]["n_outlets"]["inputFields"][0]["field"] == "outlet_id"
    known = {field["name"] for field in event["inputs"][0]["facets"]["schema"]["fields"]}
    assert {one["inputFields"][0]["field"] for own in columns.values() for one in own.values()} <= known


def test_a_release_has_one_run_for_ever_and_no_openlineage_is_needed(
    release: Manifest, lake: FolderStore
) -> None:
    printed = json.loads(CliRunner().invoke(cli.app, ["lineage", lake.url]).stdout)
    assert printed == lineage.run_event(release, lake.url)
    other = json.loads(CliRunner().invoke(cli.app, ["lineage", lake.url, "--release", "rel-1"]).stdout)
    assert other["run"]["runId"] != printed["run"]["runId"]
    assert printed["inputs"][0]["namespace"] == "file"
