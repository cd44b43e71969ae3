# Fetches Chromium, PostgreSQL and strace for the tests, where that can be done without asking: on Debian as root or with
# sudo. Elsewhere it says what is missing; the tests that need it are then skipped by name. Never fails.

missing=""
[ -x /usr/bin/chromium ] || missing="chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$missing postgresql"
command -v strace >/dev/null || missing="$missing strace"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo -n"; fi
get() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
}
if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
    echo "Fetching for the tests (once):" $missing
    { get || { $as_root apt-get update -qq && get; }; } </dev/null >/dev/null 2>&1 && exit 0
    echo "Could not be fetched:" $missing". The tests that need it are skipped."
else
    echo "Not on this machine, and not fetched without root on Debian:" $missing". The tests that need it are skipped."
fi
exit 0
