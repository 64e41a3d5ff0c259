# shellcheck shell=bash disable=SC2034
# Debian packages through a private apt: its own sources, lists and cache. The host's configuration
# is read (which mirror, which proxy) and never changed. What is fetched is what the signed lists
# say: apt checks the signature against Debian's archive key, and size and hash against the lists.

DEBIAN_KEYRING=${PROCDESC_CI_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

# How long package lists are good for, in minutes.
readonly DEBIAN_LISTS_AGE=1440

need_apt() {
    need apt-get apt
    need apt-config apt
    need dpkg-deb dpkg
    need flock util-linux
    [ -r "$DEBIAN_KEYRING" ] ||
        die "$EX_UNAVAILABLE" "$DEBIAN_KEYRING is missing: apt-get install debian-archive-keyring"
}

debian_arch() {
    case $1 in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
    esac
}

# debian_mirrors SUITE: base URLs to try for it, one a line: the caller's, the host's, the public ones.
debian_mirrors() {
    local label=Debian path=debian override=${PROCDESC_CI_DEBIAN_MIRROR:-}
    case $1 in
        *-security)
            label=Debian-Security path=debian-security
            override=${PROCDESC_CI_DEBIAN_SECURITY_MIRROR:-}
            ;;
    esac
    {
        if [ -n "$override" ]; then
            echo "$override"
        fi
        # shellcheck disable=SC2016  # apt's own variables
        apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Identifier: Packages' 2>/dev/null |
            awk -F'|' -v label="$label" -v path="/$path/?$" \
                '($1 == "Debian" && $2 == label) || ($1 == "" && $3 ~ path) { print $3 }'
        echo "http://deb.debian.org/$path"
        echo "http://archive.debian.org/$path"
    } | sed 's,/*$,,' | awk '!seen[$0]++'
}

# apt_state SUITE ARCH: sets APT_STATE to the directory of the private apt for that pair.
apt_state() {
    APT_STATE=$(cache_dir)/apt/$1-$2
}

# private_apt TOOL ARGS...: runs an apt tool on APT_STATE.
private_apt() {
    APT_CONFIG=$APT_STATE/apt.conf "$@"
}

# apt_reach: how the host reaches its mirror, and what its administrator decided about dates, for an apt.conf.
apt_reach() {
    apt-config dump | grep -E '^Acquire::(https?::|ForceIPv|Check-)' || true
}

# apt_configure SUITE ARCH MIRROR
apt_configure() {
    local option='' no_parts=$APT_STATE/empty
    mkdir -p "$APT_STATE/lists/partial" "$APT_STATE/cache/archives/partial" "$APT_STATE/state" "$no_parts"
    : >"$APT_STATE/status"
    case $3 in
        # What is archived is not signed anew: there, an old date is no sign of an attack.
        *//archive.debian.org/*) option=' check-valid-until=no' ;;
    esac
    echo "deb [arch=$2 signed-by=$DEBIAN_KEYRING$option] $3 $1 main" >"$APT_STATE/sources.list"
    {
        cat <<CONF
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "$no_parts";
Dir::Etc::SourceList "$APT_STATE/sources.list";
Dir::Etc::SourceParts "$no_parts";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "$no_parts";
Dir::Etc::Trusted "/dev/null";
Dir::Etc::TrustedParts "$no_parts";
Dir::State "$APT_STATE/state";
Dir::State::Lists "$APT_STATE/lists";
Dir::State::status "$APT_STATE/status";
Dir::Cache "$APT_STATE/cache";
APT::Architecture "$2";
APT::Architectures { "$2"; };
APT::Sandbox::User "$(id -un)";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
CONF
        apt_reach
    } >"$APT_STATE/apt.conf"
}

# apt_lists SUITE ARCH: makes the suite's package lists present, at most a day old if that is possible.
apt_lists() {
    apt_state "$1" "$2"
    local stamp=$APT_STATE/updated mirror log=$APT_STATE/update.log
    if [ -n "$(find "$stamp" -mmin "-$DEBIAN_LISTS_AGE" 2>/dev/null)" ]; then
        return 0
    fi
    mkdir -p "$APT_STATE"
    for mirror in $(debian_mirrors "$1"); do
        if [ -f "$stamp" ] && [ "$(cat "$stamp")" != "$mirror" ]; then
            continue # lists of one mirror must not be mixed with another's
        fi
        apt_configure "$1" "$2" "$mirror"
        say "reading the package lists of $1 ($2)"
        if attended private_apt apt-get -qq --error-on=any update >"$log" 2>&1; then
            echo "$mirror" >"$stamp"
            return 0
        fi
    done
    if [ -f "$stamp" ]; then
        say "cannot refresh the lists of $1, using those of $(date -r "$stamp" +%F)"
        return 0
    fi
    say "cannot read the package lists of $1 ($2):"
    grep -E '^(E|W|Err)' "$log" | tail -n 3 | sed 's/^/| /' >&2
    return 1
}

# apt_fetch SUITE ARCH PACKAGE...: sets APT_FILES to the packages' files, fetched and checked; says
# why and returns 1 if they cannot be had.
apt_fetch() {
    apt_state "$1" "$2"
    local suite=$1 arch=$2 debs uris uri file size hash missing=0
    shift 2
    debs=$(cache_dir)/debs/$arch
    mkdir -p "$debs"
    if ! uris=$(private_apt apt-get -qq --print-uris download "$@" 2>&1); then
        say "$suite ($arch) lacks a package: $uris"
        return 1
    fi
    APT_FILES=()
    while read -r uri file size hash; do
        deb_is_good "$debs/$file" "$size" "$hash" || missing=$((missing + 1))
        APT_FILES+=("$debs/$file")
    done <<<"$uris"
    [ "${#APT_FILES[@]}" -eq $# ] || die "$EX_UNAVAILABLE" "$suite ($arch): unexpected answer of apt: $uris"
    [ "$missing" -gt 0 ] || return 0

    say "fetching $missing package(s) of $suite ($arch)"
    if ! apt_download "$debs" "$@"; then
        say "cannot fetch packages of $suite ($arch)"
        return 1
    fi
    while read -r uri file size hash; do
        deb_is_good "$debs/$file" "$size" "$hash" ||
            die "$EX_UNAVAILABLE" "$file is not what the signed list of $suite says (size or hash)"
    done <<<"$uris"
}

# apt_download DEBS PACKAGE...
apt_download() {
    local debs=$1
    shift
    scratch "$debs/fetch"
    # (apt downloads to its working directory.)
    attended env -C "$SCRATCH" "APT_CONFIG=$APT_STATE/apt.conf" apt-get -qq download "$@" >&2 || return 1
    mv -f -- "$SCRATCH"/*.deb "$debs/"
    rmdir "$SCRATCH"
}

# deb_is_good FILE SIZE ALGORITHM:HEX
deb_is_good() {
    [ -f "$1" ] && [ "$(stat -c %s "$1")" = "$2" ] || return 1
    case $3 in
        SHA256:* | SHA512:*) has_hash "$1" "$(tr '[:upper:]' '[:lower:]' <<<"${3%%:*}")" "${3#*:}" ;;
        *) return 1 ;;
    esac
}

# deb_extract FILE DIR [TAR OPTIONS...]: unpacks a package; symbolic links to directories that are
# there already (/lib -> usr/lib) are followed.
deb_extract() {
    local file=$1 dir=$2
    shift 2
    dpkg-deb --fsys-tarfile "$file" | tar -x -f - -C "$dir" --keep-directory-symlink --no-same-owner "$@"
}
