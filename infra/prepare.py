"""`python -m infra.prepare FOLDER`: the folder that infra/compose.yaml runs on.

All of an installation but its images lies in it: secrets, made here and never printed, the configuration,
the data. Nobody but its owner can read it, and the containers run as its owner. What is there already is left
as it is, so it may be asked again after an update. Standard library only: it runs before anything is
installed.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from infra.home import write_private

BUCKET = "news-lake"
IMAGE_USER = 50000  # of infra/container/Containerfile
USERS = ("admin", "desk", "reader")  # their roles stand in compose.yaml
DATA = ("postgres", "store", "logs", "cache", "prometheus", "grafana")
FOLDERS = ("secrets", "config", "auth", *(f"data/{name}" for name in DATA))

CONFIG = f"""lake = "s3://{BUCKET}"
outlets = "outlets.toml"

[network]
contact = ""  # a page that tells sites who asks them: fill this in before the first run
"""
OUTLETS = """# One [[outlet]] each; see docs/operating.md, "The registry".
#
# [[outlet]]
# id = "harrow"
# name = "The Harrow Daily"
# domain = "harrowdaily.example"
# feeds = ["https://harrowdaily.example/rss.xml"]
"""


def token() -> str:
    """A secret of 256 bits, in letters that need no quoting in a URL or a file."""
    return secrets.token_hex(32)


def database_url(password: str) -> str:
    # the driver is named: SQLAlchemy 2.1 takes psycopg 3 for a plain `postgresql://`
    return f"postgresql+psycopg2://airflow:{quote(password, safe='')}@postgres:5432/airflow"


def connections(key: str, secret: str) -> str:
    """Airflow's connections, as its secrets backend for files reads them."""
    extra = {"endpoint_url": "http://store:8333", "region_name": "us-east-1"}
    lake = {"conn_type": "aws", "login": key, "password": secret, "extra": extra}
    return json.dumps({"wirefold_s3": lake}, indent=2)


def profile(key: str, secret: str) -> str:
    """The store as AWS's standard chain finds it from this machine, for `wirefold` on its command line."""
    return (
        f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        "region = us-east-1\nendpoint_url = http://127.0.0.1:8333\n"
    )


def identities(key: str, secret: str) -> str:
    """Who may use the store, as SeaweedFS reads it. No one else: without a list it would admit everybody."""
    worker = {
        "name": "wirefold",
        "credentials": [{"accessKey": key, "secretKey": secret}],
        "actions": ["Admin"],
    }
    return json.dumps({"identities": [worker]}, indent=2)


def make(folder: Path) -> list[str]:
    """Make what is missing of the folder; the names of the files made. Its parent must exist."""
    folder = folder.resolve()
    for name in ("", "data", *FOLDERS):
        if not (folder / name).exists():
            (folder / name).mkdir(mode=0o700)
            _give(folder / name)
    made: list[str] = []

    def keep(name: str, text: Callable[[], str]) -> str:
        file = folder / name
        if not file.exists():
            write_private(file, text())
            _give(file)
            made.append(name)
        return file.read_text()

    keep("secrets/fernet_key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    for name in ("jwt_secret", "api_secret_key", "grafana_password"):
        keep(f"secrets/{name}", token)
    password = keep("secrets/postgres_password", token)
    keep("secrets/database_url", lambda: database_url(password))
    key, secret = f"wirefold-{secrets.token_hex(4)}", token()
    lake = json.loads(keep("secrets/connections.json", lambda: connections(key, secret)))["wirefold_s3"]
    keep("secrets/store.json", lambda: identities(lake["login"], lake["password"]))
    keep("aws.config", lambda: profile(lake["login"], lake["password"]))
    keep("auth/passwords.json", lambda: json.dumps({user: secrets.token_urlsafe(18) for user in USERS}))
    keep("config/wirefold.toml", lambda: CONFIG)
    keep("config/outlets.toml", lambda: OUTLETS)
    keep("compose.env", lambda: _lines(settings(folder)))
    return made


def settings(folder: Path) -> Mapping[str, str]:
    """What compose.yaml asks of its environment; no secret. The group is that of what the image may write."""
    return {"WIREFOLD_FOLDER": str(folder), "WIREFOLD_USER": f"{os.getuid() or IMAGE_USER}:0"}


def _give(path: Path) -> None:
    """No container runs as root: what root makes here belongs to the image's own user."""
    if os.getuid() == 0:
        os.chown(path, IMAGE_USER, 0)


def _lines(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0; 2 if the folder cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m infra.prepare", description=__doc__)
    parser.add_argument("folder", type=Path, help="such as /srv/wirefold")
    folder = parser.parse_args(argv).folder
    try:
        made = make(folder)
    except OSError as error:
        print(f"wirefold: {error}", file=sys.stderr)
        return 2
    print("\n".join(f"made {folder / name}" for name in made) or f"{folder} has everything")
    return 0


if __name__ == "__main__":
    sys.exit(main())
