#!/bin/sh
# Check for the programs that a recipe needs and that are on neither PyPI nor npm. As root on Debian, install missing
# ones; otherwise print their names. With CI=true, a missing program is an error; otherwise its tests are skipped.
set -eu

case ${1:-} in
    test)
        wanted="chromium:chromium postfix:postfix pg_ctl:postgresql knotd:knot unbound:unbound pebble:pebble"
        wanted="$wanted nginx:nginx systemd-analyze:systemd docker-compose:docker-compose"
        ;;
    bench) wanted="nginx:nginx wrk:wrk" ;;
    *) echo "usage: $0 test|bench" >&2; exit 2 ;;
esac

postgresql=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1) # on Debian, not on the path
missing=""
for pair in $wanted; do
    program=${pair%%:*}
    PATH="$PATH:/usr/sbin:/sbin:$postgresql" command -v "$program" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    # RUNLEVEL=1 keeps Debian from starting the installed services; the tests start their own.
    echo "installing:$missing" >&2
    apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
fi
echo "missing programs:$missing (apt-get install$missing)" >&2
[ "${CI:-}" != true ]
