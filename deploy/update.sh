#!/bin/sh
# Brings an installation to the newest commit of its branch: sudo /opt/gurindam/deploy/update.sh
# Visitors see a page that waits and comes back by itself. What was acknowledged is on the disk; what was being sent is answered first.
set -eu
cd /opt/gurindam
[ "$(id -u)" = 0 ] || { echo "update.sh: run it as root" >&2; exit 1; }
HOST=$(sed -n 's/^ *server_name \(.*\);/\1/p' /etc/nginx/sites-available/gurindam | head -n 1)
as_owner() { runuser -u gurindam -- env HOME=/var/cache/gurindam "$@"; }

as_owner git fetch --quiet
echo "== from $(as_owner git rev-parse --short HEAD) to $(as_owner git rev-parse --short '@{upstream}')"
as_owner git merge-base --is-ancestor HEAD '@{upstream}' || { echo "update.sh: there are local commits; nothing was changed" >&2; exit 1; }
gurindam db backup /var/lib/gurindam/backups --keep 14
systemctl stop gurindam-web.socket gurindam-web.service gurindam-worker.service gurindam-encoder.service
as_owner git merge --quiet --ff-only '@{upstream}'
exec deploy/install.sh "$HOST"
