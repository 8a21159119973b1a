#!/bin/sh
# Sets up or brings up to date one installation on Debian 12: sudo /opt/gurindam/deploy/install.sh lms.contoh.go.id
# Running it again changes only what differs; settings, certificates and data that are there stay. docs/operator.md tells the whole hour.
set -eu

HOST=${1:?"usage: install.sh <host name>, such as lms.contoh.go.id"}
CODE=/opt/gurindam DATA=/var/lib/gurindam SETTINGS=/etc/gurindam/gurindam.env
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "install.sh: run it as root" >&2; exit 1; }
[ "$(pwd -P)" = $CODE ] || { echo "install.sh: the code belongs in $CODE" >&2; exit 1; }
echo "$HOST" | grep -Eqx '[a-z0-9]([a-z0-9.-]*[a-z0-9])?' || { echo "install.sh: $HOST is not a host name in small letters" >&2; exit 1; }
umask 022
say() { echo "== $*"; }

say "packages"
export DEBIAN_FRONTEND=noninteractive
packages="ca-certificates certbot git make nginx openssl python3 python3-venv"
# shellcheck disable=SC2086
dpkg -s $packages >/dev/null 2>&1 || { apt-get update -qq; apt-get install -y -qq --no-install-recommends $packages; }

say "user and folders"
id gurindam >/dev/null 2>&1 || useradd --system --user-group --home-dir $DATA --no-create-home --shell /usr/sbin/nologin gurindam
install -d -o gurindam -g gurindam -m 0711 $DATA
install -d -o gurindam -g gurindam -m 0700 $DATA/instance $DATA/backups /var/cache/gurindam
install -d -o gurindam -g www-data -m 0750 $DATA/files  # this door lets nginx in, and nobody else
install -d -m 0755 /etc/gurindam /var/www/gurindam /etc/nginx/gurindam
install -d -m 0700 /etc/gurindam/tls
chown -R gurindam:gurindam $CODE
if [ ! -e $SETTINGS ]; then
    sed "s/lms\.contoh\.go\.id/$HOST/" deploy/gurindam.env > $SETTINGS
    chown root:gurindam $SETTINGS
    chmod 0640 $SETTINGS
fi
install -m 0755 deploy/gurindam /usr/local/sbin/gurindam

say "Python and front-end packages, build (a first time takes minutes)"
runuser -u gurindam -- env HOME=/var/cache/gurindam make --silent setup
runuser -u gurindam -- .venv/bin/python -c "import app.serve, app.kernel.worker"  # compiled now: the services may not write here
chmod a+rx . app app/ui deploy
chmod -R a+rX app/ui/static deploy/nginx  # nginx reads these itself

say "database and courses"
gurindam each "db upgrade" "content import --all"

say "nginx"
if [ ! -e /etc/gurindam/tls/fullchain.pem ]; then  # so that nginx starts; a real certificate takes its place
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj "/CN=$HOST" -addext "subjectAltName=DNS:$HOST" \
        -keyout /etc/gurindam/tls/privkey.pem -out /etc/gurindam/tls/fullchain.pem 2>/dev/null
fi
for name in application compression headers media tls; do install -m 0644 deploy/nginx/$name.conf /etc/nginx/gurindam/; done
rm -f /etc/nginx/gurindam/brotli.conf
if ls /etc/nginx/modules-enabled/*brotli-static.conf >/dev/null 2>&1; then install -m 0644 deploy/nginx/brotli.conf /etc/nginx/gurindam/; fi
sed "s/lms\.contoh\.go\.id/$HOST/" deploy/nginx/gurindam.conf > /etc/nginx/sites-available/gurindam
ln -sf ../sites-available/gurindam /etc/nginx/sites-enabled/gurindam
rm -f /etc/nginx/sites-enabled/default
sed -i 's/worker_connections 768;/worker_connections 8192;/' /etc/nginx/nginx.conf
nginx -t -q

say "services"
install -m 0644 deploy/systemd/gurindam-* /etc/systemd/system/
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable --quiet nginx gurindam-web.socket gurindam-web.service gurindam-worker.service gurindam-encoder.service gurindam-backup.timer
    systemctl start gurindam-web.socket gurindam-backup.timer
    systemctl restart gurindam-web.service gurindam-worker.service gurindam-encoder.service
    if [ ! -e /etc/systemd/system/nginx.service.d/gurindam.conf ]; then  # each of a thousand listeners needs two connections
        install -d /etc/systemd/system/nginx.service.d
        printf '[Service]\nLimitNOFILE=65536\n' > /etc/systemd/system/nginx.service.d/gurindam.conf
        systemctl daemon-reload
        systemctl restart nginx
    fi
    systemctl reload-or-restart nginx
else
    say "systemd does not run here: the units are in place, nothing is started"
fi
say "done. Look at https://$HOST/readyz"
