"""`python -m infra.container.healthy URL`: whether a server in the container answers 200; it has no curl."""

from __future__ import annotations

import http.client
import sys
from urllib.parse import urlsplit


def main() -> int:
    """Returns the exit code: 0 if it does."""
    url = urlsplit(sys.argv[1])
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=8)
    try:
        connection.request("GET", url.path)
        return int(connection.getresponse().status != http.client.OK)
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
