#!/usr/bin/env bash
# The private apt: which mirror, what it refuses, what it leaves alone.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../lib/common.sh
. "$CI/lib/common.sh"
# shellcheck source=../lib/debian.sh
. "$CI/lib/debian.sh"

fake apt-get <<'FAKE'
#!/bin/sh
cat <<LINES
Debian|Debian|http://mirror.test/debian/
Debian|Debian-Security|http://mirror.test/debian-security/
Other|Other|http://other.test/debian/
LINES
FAKE
equals 'mirrors: the host'\''s first' "$(debian_mirrors trixie | tr '\n' ' ')" \
    'http://mirror.test/debian http://deb.debian.org/debian http://archive.debian.org/debian '
equals 'mirrors: security' "$(debian_mirrors trixie-security | head -n 1)" 'http://mirror.test/debian-security'
equals 'mirrors: by hand' "$(PROCDESC_CI_DEBIAN_MIRROR=http://mine.test/debian/ debian_mirrors sid | head -n 1)" \
    'http://mine.test/debian'
rm "$WORLD/fakes/apt-get"

# Files are taken from the cache only if size and hash are what the list says.
echo content >"$WORLD/x.deb"
sum=$(sha256sum <"$WORLD/x.deb" | cut -d ' ' -f 1)
holds 'a good package' deb_is_good "$WORLD/x.deb" 8 "SHA256:$sum"
fails 'a wrong size' deb_is_good "$WORLD/x.deb" 9 "SHA256:$sum"
fails 'a wrong hash' deb_is_good "$WORLD/x.deb" 8 "SHA256:${sum/[0-9]/x}"
fails 'a weak hash' deb_is_good "$WORLD/x.deb" 8 'MD5Sum:0'
fails 'no file' deb_is_good "$WORLD/none.deb" 8 "SHA256:$sum"

# A repository of our own with apt's real tools: unsigned is refused; signed is taken; a package that
# is not what the list says is refused.
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo 'not run: no apt here'
    exit 0
fi
serve
export PROCDESC_CI_DEBIAN_MIRROR=$URL/debian
debian_mirrors() { echo "$PROCDESC_CI_DEBIAN_MIRROR"; }
site=$WORLD/site/debian
mkdir -p "$site/pool" "$site/dists/test/main/binary-amd64" "$WORLD/pkg/DEBIAN" "$WORLD/pkg/usr/share/thing"
printf 'Package: thing\nVersion: 1.0\nArchitecture: amd64\nMaintainer: x <x@example.org>\nDescription: x\n' >"$WORLD/pkg/DEBIAN/control"
echo hello >"$WORLD/pkg/usr/share/thing/file"
dpkg-deb --root-owner-group -b "$WORLD/pkg" "$site/pool/thing_1.0_amd64.deb" >/dev/null
packages=$site/dists/test/main/binary-amd64/Packages
{
    cat "$WORLD/pkg/DEBIAN/control"
    echo "Filename: pool/thing_1.0_amd64.deb"
    echo "Size: $(stat -c %s "$site/pool/thing_1.0_amd64.deb")"
    echo "SHA256: $(sha256sum <"$site/pool/thing_1.0_amd64.deb" | cut -d ' ' -f 1)"
} >"$packages"
{
    printf 'Origin: Debian\nLabel: Debian\nSuite: test\nCodename: test\nArchitectures: amd64\nComponents: main\n'
    echo "Date: $(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S UTC')"
    printf 'SHA256:\n %s %s main/binary-amd64/Packages\n' "$(sha256sum <"$packages" | cut -d ' ' -f 1)" "$(stat -c %s "$packages")"
} >"$site/dists/test/Release"
touch "$WORLD/keyring.gpg"
DEBIAN_KEYRING=$WORLD/keyring.gpg
hosts_lists=$(find /var/lib/apt/lists 2>/dev/null | sort | md5sum)
ends 'an unsigned repository' 1 'cannot read the package lists' apt_lists test amd64
if command -v gpg >/dev/null && gpg --batch --quiet --passphrase '' --quick-gen-key ci@example.org rsa2048 sign 1d 2>/dev/null; then
    gpg --batch --quiet --export ci@example.org >"$WORLD/keyring.gpg"
    gpg --batch --quiet --clearsign -o "$site/dists/test/InRelease" "$site/dists/test/Release"
    ends 'a signed repository' 0 'reading the package lists' apt_lists test amd64
    fetch_and_show() {
        apt_fetch test amd64 thing || return
        mkdir -p "$WORLD/unpacked"
        deb_extract "${APT_FILES[0]}" "$WORLD/unpacked"
        cat "$WORLD/unpacked/usr/share/thing/file"
    }
    ends 'its package' 0 hello fetch_and_show
    deb=$XDG_CACHE_HOME/procdesc/ci/debs/amd64/thing_1.0_amd64.deb
    echo spoiled >"$deb"
    ends 'a spoiled cache is fetched anew' 0 'fetching 1 package' fetch_and_show
    rm "$deb"
    echo evil >>"$site/pool/thing_1.0_amd64.deb"
    ends 'a package that is not in the list' 1 'cannot fetch' fetch_and_show
    holds 'a wrong package stays out of the cache' [ ! -e "$deb" ]
    ends 'a package that does not exist' 1 'lacks a package' apt_fetch test amd64 nothing
    # Lists that cannot be refreshed stay good, and that is said.
    touch -d '3 days ago' "$XDG_CACHE_HOME/procdesc/ci/apt/test-amd64/updated"
    rm "$site/dists/test/InRelease"
    ends 'old lists' 0 'cannot refresh' apt_lists test amd64
    gpgconf --kill all 2>/dev/null || true
fi
equals 'the lists of the host' "$(find /var/lib/apt/lists 2>/dev/null | sort | md5sum)" "$hosts_lists"
