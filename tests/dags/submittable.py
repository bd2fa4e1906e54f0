"""Prints what `check` says of the connection `wirefold_spark`, null where nothing is wrong, and what a driver
has of the connection `wirefold_s3` in its environment, as JSON."""

from __future__ import annotations

import json

from _spark import check_submit
from _wiring import s3_environment

from pipeline.errors import BadInput

said = None
try:
    check_submit()
except BadInput as error:
    said = str(error)
print(json.dumps({"said": said, "environment": s3_environment("s3://some")}))
