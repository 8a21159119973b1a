"""A small client in a process of its own: sends the requests of a JSON list over one kept connection, one after the other.

`python -m bench.client HOST PORT` reads the list from standard input; each entry has `path`, `headers`, and for a POST a `body`. Prints how
many were answered, in how long, and the bytes of the last answer. Anything but a 200 ends it with an error.
"""

from __future__ import annotations

import http.client
import json
import sys
import time


def main() -> int:
    host, port = sys.argv[1], int(sys.argv[2])
    requests = json.load(sys.stdin)
    connection = http.client.HTTPConnection(host, port, timeout=60)
    size = 0
    started = time.perf_counter()
    for entry in requests:
        body = entry.get("body")
        connection.request("POST" if body is not None else "GET", entry["path"], body, entry.get("headers", {}))
        answer = connection.getresponse()
        size = len(answer.read())
        if answer.status != 200:
            print(f"{entry['path']}: {answer.status} {answer.getheader('Location') or ''}", file=sys.stderr)
            return 1
    print(json.dumps({"answered": len(requests), "seconds": time.perf_counter() - started, "bytes": size}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
