"""The bucket in HCL: it parses, deletes nothing that a release is made of, and has its policy from one file.

There is no terraform here that could plan it; what is held is what can be read in the files.
"""

from __future__ import annotations

import json
import re
from typing import Any

import hcl2
import pytest

from pipeline.config import Config
from tests.infra.composed import ROOT

FOLDER = ROOT / "infra" / "terraform"
TEXT = "\n".join(path.read_text() for path in sorted(FOLDER.glob("*.tf")))


def plain(value: Any) -> Any:
    """Parsed HCL without the quotes that hcl2 leaves on names and strings, and its own marks."""
    if isinstance(value, dict):
        return {plain(key): plain(held) for key, held in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(held) for held in value]
    return value.strip('"') if isinstance(value, str) else value


@pytest.fixture(scope="module")
def parsed() -> dict[str, list[Any]]:
    return dict(plain(hcl2.loads(TEXT)))


@pytest.fixture(scope="module")
def resources(parsed: dict[str, list[Any]]) -> dict[str, Any]:
    """The resources by type; there is one of each, of the one bucket."""
    found = {kind: held["lake"] for one in parsed["resource"] for kind, held in one.items()}
    assert len(found) == len(parsed["resource"])
    return found


def test_it_is_closed_encrypted_and_not_destroyed_by_chance(resources: dict[str, Any]) -> None:
    block = resources["aws_s3_bucket_public_access_block"]
    assert [value for name, value in block.items() if name != "bucket"] == [True] * 4
    assert "aws_s3_bucket_server_side_encryption_configuration" in resources
    assert resources["aws_s3_bucket"]["lifecycle"] == [{"prevent_destroy": True}]
    assert resources["aws_s3_bucket_ownership_controls"]["rule"] == [
        {"object_ownership": "BucketOwnerEnforced"}
    ]


def test_nothing_that_a_release_is_made_of_expires(resources: dict[str, Any]) -> None:
    rules = {rule["id"]: rule for rule in resources["aws_s3_bucket_lifecycle_configuration"]["rule"]}
    assert all(rule["status"] == "Enabled" for rule in rules.values())
    for rule in rules.values():
        for expiration in rule.get("expiration", ()):
            if "days" in expiration:
                assert rule["filter"] == [{"prefix": "probe/"}]
    moved = [rule["filter"][0]["and"][0]["prefix"] for rule in rules.values() if "transition" in rule]
    assert moved == ["raw/"], "what runs read and write stays where it is quick"
    [unfinished] = [
        rule["abort_incomplete_multipart_upload"]
        for rule in rules.values()
        if "abort_incomplete_multipart_upload" in rule
    ]
    assert unfinished == [{"days_after_initiation": 1}], "as docs/operating.md says"


def test_what_can_be_undone_is_gone_before_its_release(parsed: dict[str, list[Any]]) -> None:
    [undo] = [one["undo_days"] for one in parsed["variable"] if "undo_days" in one]
    assert undo["default"] <= Config.for_files("lake", ()).keep_days
    assert "<= 30" in undo["validation"][0]["condition"]


def test_variables_say_what_they_are_and_all_are_used(parsed: dict[str, list[Any]]) -> None:
    for one in parsed["variable"]:
        ((name, held),) = one.items()
        assert held["type"] and held["description"]
        assert "validation" in held or name == "tags", name
        assert f"var.{name}" in (FOLDER / "main.tf").read_text()
    used = set(re.findall(r"\bvar\.(\w+)", TEXT))
    assert used == {name for one in parsed["variable"] for name in one}
    for kind in re.findall(r"\b(aws_s3_bucket\w*)\.lake", TEXT):
        assert f'resource "{kind}" "lake"' in TEXT


def test_the_policy_is_the_one_that_people_read() -> None:
    """Put into another bucket and other roles, no name of the file's own is left."""
    policy = (ROOT / "infra" / "s3-policy.json").read_text()
    assert 'file("${path.module}/../s3-policy.json")' in TEXT
    put = re.findall(r'^\s+"(arn:aws:[^"]+)", [\w.]+$', TEXT, re.MULTILINE)
    assert len(put) == 3
    for name in put:
        assert name in policy
        policy = policy.replace(name, "ours")
    assert "news-lake" not in policy
    assert "111122223333" not in policy
    json.loads(policy)
