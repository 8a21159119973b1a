"""A real nginx in front of the product, with the include file that operators use. Started without root, on a port of its own."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WHOLE = """
daemon off;
master_process {master};
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    types {{ }}
    default_type application/octet-stream;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream gurindam {{ server 127.0.0.1:{upstream}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://gurindam;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }}
        location /plain/ {{ alias {files}/; sendfile on; tcp_nopush on; }}
        include {folder}/media.conf;
    }}
}}
"""


def find_nginx() -> str | None:
    sys.path.insert(0, str(ROOT / "scripts"))
    import browsers

    return browsers.find_nginx()


def start_nginx(program: str, folder: Path, files: Path, port: int, upstream: int) -> subprocess.Popen[bytes]:
    """`files` is the folder of the storage; `/plain/` sends the same files without asking anybody, as a reference for measuring."""
    import os

    folder.mkdir(parents=True, exist_ok=True)
    include = (ROOT / "deploy" / "nginx" / "media.conf").read_text()
    assert "alias /var/lib/gurindam/files/;" in include
    (folder / "media.conf").write_text(include.replace("alias /var/lib/gurindam/files/;", f"alias {files}/;"))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(WHOLE.format(folder=folder, files=files, port=port, upstream=upstream, master="on", user=user))
    child = subprocess.Popen([program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")], stdin=subprocess.DEVNULL)
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up and child.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
            return child
        except urllib.error.HTTPError:
            return child
        except OSError:
            time.sleep(0.05)
    child.kill()
    child.wait()
    raise RuntimeError(f"nginx did not start: {(folder / 'error.log').read_text()}")
