#!/usr/bin/env bash
# The steps of ci/debian-root that run as the first process of new mount and PID namespaces: no mount and no
# process is seen outside, and none survives.
set -euo pipefail
trap 'echo "in-root: failed at line $LINENO: $BASH_COMMAND" >&2; exit 70' ERR

# make ROOT SUITE MIRROR KEYRING APT_CONF PACKAGES JAVA_PACKAGES: fills the directory; ends with 69 if one of PACKAGES
# cannot be installed. Those of JAVA_PACKAGES are installed where they can be.
make_root() {
    local root=$1 suite=$2 mirror=$3 keyring=$4 apt_conf=$5 packages java_packages package
    read -ra packages <<<"$6"
    read -ra java_packages <<<"$7"
    export DEBIAN_FRONTEND=noninteractive
    debootstrap --variant=minbase --include=ca-certificates "--keyring=$keyring" "$suite" "$root" "$mirror"
    cp "$apt_conf" "$root/etc/apt/apt.conf.d/90host"
    # Certificate authorities that were added to the host, such as that of a TLS proxy.
    if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
        cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
        chroot "$root" update-ca-certificates
    fi
    # Java's packages read it.
    mount -t proc proc "$root/proc"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    chroot "$root" apt-get -q update
    chroot "$root" apt-get -q -y install --no-install-recommends "${packages[@]}" || exit 69
    for package in "${java_packages[@]}"; do
        chroot "$root" apt-get -q -y install --no-install-recommends "$package" || echo "not installed: $package"
    done
    chroot "$root" apt-get clean
    chroot "$root" useradd --create-home --uid 1000 --shell /bin/sh tester
    chmod 700 "$root/root" "$root/home/tester"
    umount "$root/proc"
}

# run ROOT PLACE USER JAVA_HOME TREE MAVEN KIT REPORT COMMAND...: runs the command in a copy of ROOT that goes away with
# it. PLACE is an empty directory to mount it at; the directory REPORT, if it is not empty, is /srv/report inside.
run() {
    local lower=$1 place=$2 user=$3 java_home=$4 tree=$5 maven=$6 kit=$7 report=$8
    shift 8
    local new=$place/new home=/root path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    [ "$user" = root ] || home=/home/$user
    mount -t tmpfs -o mode=755 root "$place"
    mkdir "$place/upper" "$place/work" "$new"
    mount -t overlay -o "lowerdir=$lower,upperdir=$place/upper,workdir=$place/work" root "$new"
    mount_kernel "$new"
    cp -L /etc/resolv.conf /etc/hosts "$new/etc/"
    if [ -n "$java_home" ]; then
        if [ ! -x "$new$java_home/bin/java" ]; then
            mount_jdk "$java_home" "$new"
            java_home=/opt/jdk
        fi
        path=$java_home/bin:$path
    fi
    fill_home "$new$home" "$tree" "$maven" "$kit"
    if [ -n "$report" ]; then
        mkdir -p "$report" "$new/srv/report"
        mount --bind "$report" "$new/srv/report"
        chroot "$new" chown "$user:" /srv/report
    fi
    [ "$user" = root ] || chroot "$new" chown -R "$user:" "$home"
    local environment=("HOME=$home" "USER=$user" "LOGNAME=$user" "SHELL=/bin/sh" "PATH=$path") name
    [ -z "$java_home" ] || environment+=("JAVA_HOME=$java_home")
    for name in {http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY MVNW_{REPOURL,USERNAME,PASSWORD} \
        MAVEN_{ARGS,OPTS} PROCDESC_TIMEOUT_FACTOR; do
        [ -z "${!name-}" ] || environment+=("$name=${!name}")
    done
    local identity=()
    [ "$user" = root ] || identity=(setpriv "--reuid=$user" "--regid=$user" --init-groups --inh-caps=-all)

    # Not a chroot, in which user namespaces are refused.
    cd "$new"
    pivot_root . mnt
    umount -l /mnt
    cd "$home/procdesc"
    exec env -i "${environment[@]}" sh -c "$first_process" init setsid -w "${identity[@]}" "$@"
}

# mount_kernel ROOT: /proc, /sys, /dev and /tmp.
mount_kernel() {
    local device
    mount -t proc proc "$1/proc"
    mount --rbind /sys "$1/sys"
    mount -t tmpfs -o mode=1777 tmp "$1/tmp"
    mount -t tmpfs -o mode=755 dev "$1/dev"
    for device in null zero full random urandom tty; do
        : >"$1/dev/$device"
        mount --bind "/dev/$device" "$1/dev/$device"
    done
    mkdir "$1/dev/pts" "$1/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$1/dev/pts"
    mount -t tmpfs -o mode=1777 shm "$1/dev/shm"
    ln -s pts/ptmx "$1/dev/ptmx"
    ln -s /proc/self/fd "$1/dev/fd"
    ln -s fd/0 "$1/dev/stdin"
    ln -s fd/1 "$1/dev/stdout"
    ln -s fd/2 "$1/dev/stderr"
}

# mount_jdk JAVA_HOME ROOT: the host's JDK at /opt/jdk, with the certificates that it may have elsewhere.
mount_jdk() {
    local certificates
    mkdir -p "$2/opt/jdk"
    mount --bind -o ro "$1" "$2/opt/jdk"
    if [ -L "$1/lib/security/cacerts" ]; then
        certificates=$(readlink "$1/lib/security/cacerts")
        mkdir -p "$2${certificates%/*}"
        cp -L "$1/lib/security/cacerts" "$2$certificates"
    fi
}

# fill_home HOME TREE MAVEN KIT: the clone, and what the caller has from Maven. Maven checked each file of its repository
# against its checksum when it fetched it, so the copy saves downloads and changes no result. Without this project's own
# artifacts, which could hide that one is not built.
fill_home() {
    local home=$1 tree=$2 maven=$3 kit=$4 part parts=(settings.xml)
    git -c advice.detachedHead=false clone -q --no-hardlinks "$tree" "$home/procdesc"
    [ -z "$kit" ] || cp "$kit" "$home/kit.${kit##*.}"
    mkdir -p "$home/.m2"
    [ "$maven" = empty ] || parts+=(repository wrapper)
    for part in "${parts[@]}"; do
        [ ! -e "$HOME/.m2/$part" ] || cp -r "$HOME/.m2/$part" "$home/.m2/"
    done
    rm -rf "$home/.m2/repository/dev/procdesc"
}

# Runs the command, and waits for the processes that it started: what is left after 10 seconds is a failure.
# shellcheck disable=SC2016 # for the other shell
first_process='
trap "exit 143" TERM INT HUP
"$@" </dev/null &
status=0
wait $! || status=$?
patience=100
while set -- /proc/[0-9]*; [ $# -gt 1 ] && [ $patience -gt 0 ]; do
  patience=$((patience - 1))
  sleep 0.1
done
if [ $# -gt 1 ]; then
  for process; do
    [ $process = /proc/1 ] || echo "left behind: ${process#/proc/} $(tr "\0" " " <$process/cmdline)" >&2
  done
  [ $status -ne 0 ] || status=1
fi
exit $status
'

step=$1
shift
case $step in
    make) make_root "$@" ;;
    run) run "$@" ;;
esac
