"""Tells OpenLineage what a release was made from and holds, where the provider is switched on.

The values come from `pipeline.lineage`; here they become the classes that the provider takes, and which
refuse what is not of the specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

if TYPE_CHECKING:
    from pipeline.lake.store import Store


def emit_release(lake: Store, release: str) -> None:
    """Emit the datasets of a release for the task that runs; nothing where OpenLineage is not active."""
    from airflow.providers.openlineage.api import emit_dataset_lineage, is_openlineage_active
    from openlineage.client.event_v2 import InputDataset, OutputDataset

    from pipeline import lineage
    from pipeline.publish.manifest import find_manifest

    manifest = find_manifest(lake, release)
    if manifest and is_openlineage_active():
        emit_dataset_lineage(
            inputs=[built(InputDataset, one) for one in lineage.inputs(manifest, lake.url)],
            outputs=[built(OutputDataset, one) for one in lineage.outputs(manifest, lake.url)],
        )


def built(kind: Any, value: Any) -> Any:
    """An object of a class of openlineage-python, or what else its annotations say, from plain values.

    Raises `TypeError` or `ValueError` for values that the class does not have.
    """
    import attr

    if get_origin(kind) in (Union, UnionType):
        [kind] = [one for one in get_args(kind) if one is not type(None)]
    if get_origin(kind) is list:
        return [built(get_args(kind)[0], one) for one in value]
    if get_origin(kind) is dict:
        return {name: built(_facets().get(name, get_args(kind)[1]), one) for name, one in value.items()}
    if not attr.has(kind):
        return kind(value) if isinstance(kind, type) and not isinstance(value, kind) else value
    types = {field.name: field.type for field in attr.fields(attr.resolve_types(kind))}
    # what a class says of itself is not given to it
    given = {name: one for name, one in value.items() if name not in ("_schemaURL", "schemaURL")}
    return kind(**{name.lstrip("_"): built(types[name], one) for name, one in given.items()})


def _facets() -> Mapping[str, type]:
    from openlineage.client import facet_v2 as facets

    return {
        "schema": facets.schema_dataset.SchemaDatasetFacet,
        "documentation": facets.documentation_dataset.DocumentationDatasetFacet,
        "version": facets.dataset_version_dataset.DatasetVersionDatasetFacet,
        "columnLineage": facets.column_lineage_dataset.ColumnLineageDatasetFacet,
        "dataQualityAssertions": facets.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet,
        "outputStatistics": facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
        "nominalTime": facets.nominal_time_run.NominalTimeRunFacet,
    }
