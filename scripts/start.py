"""`make start`: set up what is missing, bring the data up to date, run web, worker and live encoder, start again whichever of them dies, stop
all on Ctrl-C. Standard library only."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import prepared
import provision
from provision import BIN, ROOT, Stop, say

PATIENCE_SECONDS = 60
MOST_DEATHS, WITHIN_SECONDS = 5, 60.0  # of one process: then starting it again does not help
PAUSE_SECONDS = 1.0
LEAST_FREE_MIB = 512  # app/kernel/storage.py:LEAST_FREE_BYTES
COMMANDS = {
    "web": ("-m", "app.serve"),
    "worker": (os.path.join(BIN, "flask"), "--app", "wsgi", "worker"),
    "encoder": ("-m", "app.stage.encoder"),
}


def address():
    host = os.environ.get("HOST", "").strip() or "127.0.0.1"
    port = os.environ.get("PORT", "").strip() or "8000"
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise Stop("PORT must be a whole number from 1 to 65535, not %r" % port)
    return host, int(port)


def require_port(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (98, 48):
                raise Stop("Port %d is in use. Choose another one: PORT=%d make start" % (port, port + 1)) from None
            raise Stop("Cannot listen on %s:%d: %s" % (host, port, error.strerror)) from None


def flask(*arguments):
    done = subprocess.run([os.path.join(BIN, "flask"), "--app", "wsgi", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        complaint = (done.stderr or done.stdout).decode("utf-8", "replace")
        if any(sign in complaint for sign in ("No space left", "disk is full", "disk_full")):
            raise Stop("The disk with the data is too full (%s; %d MiB have to be free). Make room and start again; what is there is kept." % (free_space(), LEAST_FREE_MIB))
        if "Can't locate revision identified by" in complaint:
            raise Stop("This database belongs to a newer version of Gurindam. Run that version, or restore the backup made before the update (docs/operator.md).")
        if any(sign in complaint for sign in ("file is not a database", "disk image is malformed")):
            raise Stop("The database file is damaged. Restore the newest backup (docs/operator.md); keep the damaged file until that is done.")
        lines = [line for line in complaint.splitlines() if line.strip()] or ["no output"]
        if "Traceback" not in complaint:
            raise Stop("\n".join(lines).replace("gurindam: ", ""))
        log = os.path.join("build", "start.log")
        os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
        with open(os.path.join(ROOT, log), "w") as file:
            file.write(complaint)
        told = [line for line in lines if re.match(r"[A-Za-z_][\w.]*: ", line)] or lines
        raise Stop("Preparing the data failed: %s (Details: %s)" % (told[-1].strip()[:300], log))
    return done.stdout.decode("utf-8", "replace")


def free_space():
    folder = os.path.abspath(os.path.join(ROOT, os.environ.get("INSTANCE_PATH", "").strip() or "instance"))
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    return "%.0f MB left in %s" % (shutil.disk_usage(folder).free / 1e6, folder)


def die_with_parent():
    """Should this script be killed, its children get SIGTERM (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def launch(*arguments):
    return subprocess.Popen([os.path.join(BIN, "python"), *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent)


def wait_until_ready(url, processes):
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        for name, process in processes.items():
            if process.poll() is not None:
                raise Stop("The %s process ended with code %d while starting; its reason is above." % (name, process.returncode))
        try:
            with urllib.request.urlopen(url + "/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise Stop("The product did not become ready within %d seconds; see the lines above." % PATIENCE_SECONDS)


def keep_alive(processes, deaths):
    """Start again what has died: a crash costs a live room seconds, not the event. Raises Stop when it dies again and again."""
    for name, process in processes.items():
        code = process.poll()
        if code is None:
            continue
        now = time.monotonic()
        deaths[name] = [moment for moment in deaths.get(name, []) if now - moment < WITHIN_SECONDS] + [now]
        if len(deaths[name]) > MOST_DEATHS:
            raise Stop("The %s process died %d times within a minute, at last with code %d; its reason is above." % (name, len(deaths[name]), code))
        say("The %s process ended with code %d; starting it again." % (name, code))
        time.sleep(PAUSE_SECONDS)
        processes[name] = launch(*COMMANDS[name])


def stop(processes):
    for process in processes.values():
        if process.poll() is None:
            process.terminate()
    for process in processes.values():
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve(host, port):
    production = os.environ.get("GURINDAM_ENV") == "production"
    commands = ["db upgrade", "people seed-units", "content import --all", *([] if production else ["demo accounts"])]
    told = prepared.recall()
    if told is None:
        say("preparing the database, the courses and the accounts")
        told = flask("each", *commands)
        prepared.remember(told)
    accounts = "" if production else told.split("\f\n")[len(commands) - 1]
    os.environ.setdefault("LOG_LEVEL", "warning")
    processes = {name: launch(*arguments) for name, arguments in COMMANDS.items()}
    stopping, deaths = [], {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.append(True))
    try:
        shown = "[%s]" % host if ":" in host else {"0.0.0.0": "127.0.0.1"}.get(host, host)
        url = "http://%s:%d" % (shown, port)
        wait_until_ready(url, processes)
        say("\nGurindam runs at %s\n%s\nCtrl-C stops it." % (url, accounts))
        while not stopping:
            keep_alive(processes, deaths)
            time.sleep(0.3)
        say("\nStopping; work that is under way may take ten seconds to put down.")
    finally:
        stop(processes)
        say("Gurindam has stopped. The data stays where it is.")


def main():
    try:
        host, port = address()
        provision.require_python()
        require_port(host, port)
        provision.provision()
        serve(host, port)
    except Stop as reason:
        print("gurindam: %s" % reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ngurindam: stopped; what was set up is kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
