"""The OpenLineage event of a release, from its manifest alone: what it was made from, and what it holds.

Plain values in the form of https://openlineage.io/spec/2-0-2/OpenLineage.json, so that nothing of OpenLineage
has to be installed; the Airflow task hands them to the provider. A release has one run id for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa

from pipeline import __version__
from pipeline.columns import Table
from pipeline.publish.manifest import CheckResult, Manifest
from pipeline.schema import BY_NAME, REPUBLICATIONS, STORIES
from pipeline.segments import PAGES

Json = dict[str, Any]

NAMESPACE, JOB = "wirefold", "publish"
_PRODUCER = f"urn:wirefold:{__version__}"
_SPEC = "https://openlineage.io/spec"
_FACETS = {
    "schema": "1-2-0/SchemaDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "dataQualityAssertions": "1-1-0/DataQualityAssertionsDatasetFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "nominalTime": "1-0-1/NominalTimeRunFacet",
}

# what is told of a story by a column of its own copies' pages
_OF_COPIES = {
    "n_republications": "doc_id",
    "n_outlets": "outlet_id",
    "n_distinct_bodies": "body",
    "n_independent_texts": "body",
    "first_published_at": "published_at",
    "last_published_at": "published_at",
    "first_seen_at": "fetched_at",
    "last_seen_at": "fetched_at",
    "has_correction": "notices",
    "pub_status": "notices",
}
_SEEN = dict.fromkeys(("first_seen_at", "last_seen_at"), "fetched_at")
# which table a check is about, by how its name begins, where that is not the table's
_ABOUT = {"n_": "stories", "canonical": "stories", "duplicate": "stories", "template": "templates"}
_ABOUT |= {"outlet": "outlets", "wire_mark": "wire_rules", "pages": "runs"}


@dataclass(frozen=True, slots=True)
class _Place:
    """A lake as OpenLineage names what is in it."""

    namespace: str
    prefix: str

    @classmethod
    def of(cls, url: str) -> _Place:
        if url.startswith("s3://"):
            bucket, _, prefix = url.removeprefix("s3://").partition("/")
            return cls(f"s3://{bucket}", prefix.strip("/") + "/" if prefix.strip("/") else "")
        return cls("file", f"{Path(url.removeprefix('file://')).absolute()}/")

    def dataset(self, key: str) -> Json:
        return {"namespace": self.namespace, "name": self.prefix + key}


def run_event(manifest: Manifest, lake: str) -> Json:
    """The event that says that the release is complete. `lake`: its URL."""
    return {
        "eventTime": manifest.created_at.isoformat(),
        "eventType": "COMPLETE",
        "producer": _PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {
            "runId": str(uuid5(NAMESPACE_URL, f"{lake}#{manifest.release}")),
            "facets": {
                "nominalTime": _facet("nominalTime", nominalStartTime=manifest.created_at.isoformat())
            },
        },
        "job": {"namespace": NAMESPACE, "name": JOB, "facets": {}},
        "inputs": inputs(manifest, lake),
        "outputs": outputs(manifest, lake),
    }


def inputs(manifest: Manifest, lake: str) -> list[Json]:
    """The datasets that a release is made from: extracted pages, and the bytes they were read from, if these
    were fetched."""
    place = _Place.of(lake)
    pages = place.dataset("pages") | {"facets": {"schema": _schema(PAGES)}}
    raw = [place.dataset("raw") | {"facets": {}}] if manifest.counts.bytes_fetched else []
    return [*raw, pages]


def outputs(manifest: Manifest, lake: str) -> list[Json]:
    """Its tables: schema, description, version, rows and bytes, checks, and which columns of pages are in
    them."""
    place = _Place.of(lake)
    return [
        place.dataset(f"tables/{name}")
        | {
            "facets": dict(_facets(BY_NAME[name], manifest, place)),
            "outputFacets": {
                "outputStatistics": _facet(
                    "outputStatistics",
                    rowCount=files.rows,
                    size=sum(file.bytes for file in files.files),
                    fileCount=len(files.files),
                )
            },
        }
        for name, files in manifest.tables.items()
    ]


def _facets(table: Table, manifest: Manifest, place: _Place) -> Iterator[tuple[str, Json]]:
    yield "schema", _schema(table.schema)
    yield "documentation", _facet("documentation", description=table.about)
    yield "version", _facet("version", datasetVersion=manifest.release)
    checks = [check for check in manifest.checks if _table_of(check.check) == table.name]
    if checks:
        yield (
            "dataQualityAssertions",
            _facet("dataQualityAssertions", assertions=[_assertion(check) for check in checks]),
        )
    if sources := dict(_sources(table)):
        pages = place.dataset("pages")
        fields = {
            column: {"inputFields": [pages | {"field": source, "transformations": [how]}]}
            for column, (source, how) in sources.items()
        }
        yield "columnLineage", _facet("columnLineage", fields=fields)


def _sources(table: Table) -> Iterator[tuple[str, tuple[str, Json]]]:
    """For columns of the table that hold what a column of segments.PAGES says: which, and how."""
    same = {"type": "DIRECT", "subtype": "IDENTITY"}
    chosen = {"type": "DIRECT", "subtype": "TRANSFORMATION", "description": "of the canonical republication"}
    counted = {"type": "DIRECT", "subtype": "AGGREGATION", "description": "over the story's republications"}
    for column in table.schema.names:
        if table is REPUBLICATIONS:
            if column in _SEEN:
                yield column, (_SEEN[column], counted | {"description": "over its fetches"})
            elif column in PAGES.names:
                yield column, (column, same)
        elif table is STORIES:
            if column in _OF_COPIES:
                yield column, (_OF_COPIES[column], counted)
            elif column in PAGES.names:
                yield column, (column, chosen)


def _table_of(check: str) -> str:
    names = [name for name in BY_NAME if check.startswith(f"{name}_")]
    begins = [name for start, name in _ABOUT.items() if check.startswith(start)]
    return [*names, *begins, REPUBLICATIONS.name][0]


def _assertion(check: CheckResult) -> Json:
    told = {
        "assertion": check.check,
        "success": check.ok,
        "severity": check.level,
        "expected": f"{check.comparison} {check.limit:g}",
        "actual": f"{check.value:g}",
    }
    return told | ({"description": check.detail} if check.detail else {})


def _schema(schema: pa.Schema) -> Json:
    return _facet("schema", fields=[_field(field, n) for n, field in enumerate(schema, start=1)])


def _field(field: pa.Field, position: int) -> Json:
    told = {"name": field.name, "type": str(field.type), "ordinal_position": position}
    metadata: Mapping[bytes, bytes] = field.metadata or {}
    about = metadata.get(b"description")
    return told | ({"description": about.decode()} if about else {})


def _facet(name: str, **values: Any) -> Json:
    where = _FACETS[name]
    definition = where.partition("/")[2]
    return {
        "_producer": _PRODUCER,
        "_schemaURL": f"{_SPEC}/facets/{where}.json#/$defs/{definition}",
    } | values
