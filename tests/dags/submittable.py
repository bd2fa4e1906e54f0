"""Prints what `check` says of the connection `wirefold_spark`, as JSON; null where nothing is wrong."""

from __future__ import annotations

import json

from _spark import check_submit

from pipeline.errors import BadInput

said = None
try:
    check_submit()
except BadInput as error:
    said = str(error)
print(json.dumps(said))
