# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A Debian booted by its own systemd, as the gateway between a client and a server, and helpers to test it.
#
#   client 10.1.0.2 ---- 10.1.0.1 eth1 gateway eth0 10.2.0.100 ---- 10.2.0.2 server
#
# Sourced by scripts that are run with DEBIAN, which is what debootstrap made and is not changed (copies of it with packages are
# kept beside it), and PACKAGE, the one to install. They call `set_up "$@"` first, and set `way` to the name of what they try.

project=$(dirname "$(realpath "$0")")/..

fail() { echo "${0##*/}: $*" >&2; exit 1; }

# --- What the documents say ---

# The numbered block of indented lines in a section of a document.
block() {
    awk -v title="$2" -v wanted="$3" '
        /^#/ { in_section = $0 ~ "^#+ " title "$"; number = 0; in_block = 0; next }
        !in_section { next }
        /^    / { if (!in_block) number++; in_block = 1; if (number == wanted) print substr($0, 5); next }
        { in_block = 0 }' "$project/$1"
}
# The commands of the first block in a section, a line each.
commands() { block "$1" "$2" 1; }

# --- The room for the machines ---

# Nothing that is mounted here is seen elsewhere, and nothing that is started here outlives the script.
set_up() {
    if [[ ${PINHOLE_MACHINE-} != inside ]]; then
        PINHOLE_MACHINE=inside exec unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"
    fi
    debian=$(realpath "$1")
    package=$(realpath "$2")
    work=$(mktemp -d /tmp/pinhole-machine.XXXXXXXX)
    mount -t tmpfs tmpfs "$work"
    mount -t tmpfs tmpfs /run
    mkdir "$work"/{ftp,empty,cgroups}
    # A machine's systemd takes the control group that it is started in for its own.
    mount -t cgroup2 cgroup2 "$work/cgroups"
    group=$work/cgroups/${work##*/}
    mkdir "$group"
    echo $$ >"$group/cgroup.procs"
    trap clean_up EXIT
    head -c 3000000 /dev/urandom >"$work/ftp/file"
    chmod 755 "$work" "$work/ftp"
}

clean_up() {
    echo $$ >"$work/cgroups/cgroup.procs"
    echo 1 >"$group/cgroup.kill"
    for ((attempt = 0; attempt < 100; attempt++)); do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
        read -rt 0.1 <> <(:) || true
    done
    cd /
    umount --lazy --recursive "$work" && rmdir "$work"
}

# Waits until the command succeeds, at most half a minute.
until_() {
    local end=$((SECONDS + timeout))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || fail "$way: timed out waiting for: $*"
        read -rt 0.1 <> <(:) || true
    done
}
# Seconds to wait for anything; more where the machine is emulated.
timeout=${TIMEOUT-30}

# --- The machines ---

first=
environment=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive)
gateway() { nsenter --target "$first" --mount --pid --net --root --wd "${environment[@]}" "$@"; }
# The same with the network of this machine, which has packages to give.
online() { nsenter --target "$first" --mount --pid --root --wd "${environment[@]}" "$@"; }

# Leaves in `furnished` where the Debian has these packages, and all that Pinhole depends on if `with-pinhole` is among them.
furnish() {
    local IFS=+
    furnished=$debian+$*
    unset IFS
    [[ ! -d $furnished ]] || return 0
    local packages=(systemd systemd-sysv) name new=$furnished.new
    for name; do
        if [[ $name == with-pinhole ]]; then name=$(dpkg-deb -f "$package" Depends); fi
        packages+=("$name")
    done
    rm -rf "$new"
    cp -a "$debian" "$new"
    cp --dereference /etc/resolv.conf "$new/etc"
    touch "$new/etc/hosts"
    printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d"
    chmod 755 "$new/usr/sbin/policy-rc.d"
    mount -t proc proc "$new/proc"
    {
        chroot "$new" "${environment[@]}" apt-get -qq update &&
            chroot "$new" "${environment[@]}" apt-get -qq -y --no-install-recommends satisfy "${packages[@]}"
    } >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; fail 'no packages'; }
    umount "$new/proc"
    rm "$new/usr/sbin/policy-rc.d"
    # There is no terminal, and the kernel is this machine's.
    for name in console-getty systemd-modules-load; do ln -s /dev/null "$new/etc/systemd/system/$name.service"; done
    rm -rf "$new"/var/cache/apt/archives/*.deb
    mv "$new" "$furnished"
}

# Makes a machine with these packages, and boots it.
boot() {
    make_machine "$@"
    start
}
make_machine() {
    furnish "$@"
    root=$work/$way/root
    mkdir -p "$work/$way"/{new,scratch,root}
    mount -t overlay -o "lowerdir=$furnished,upperdir=$work/$way/new,workdir=$work/$way/scratch" overlay "$root"
    cp "$package" "$root/root/"
}

# Boots the machine, between a client and a server.
start() {
    start_systemd "${isolation[@]}" --net
    network
}

isolation=(unshare --mount --pid --cgroup --ipc --uts --fork --kill-child)
# Boots the machine of which the files are at `root`; the words start a shell as its first process.
start_systemd() {
    "$@" bash -ec '
        mount --bind "$1" "$1"
        mount -t proc proc "$1/proc"
        mount -t sysfs sysfs "$1/sys"
        mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
        mount -t tmpfs -o mode=755 tmpfs "$1/dev"
        for node in null:3 zero:5 full:7 random:8 urandom:9 console:3; do
            mknod -m 666 "$1/dev/${node%:*}" c 1 "${node#*:}"
        done
        mkdir "$1/dev/pts" "$1/dev/shm"
        ln -s pts/ptmx "$1/dev/ptmx"
        ln -s /proc/self/fd "$1/dev/fd"
        mount -t tmpfs -o mode=755 tmpfs "$1/run"
        cd "$1"
        pivot_root . mnt
        umount --lazy /mnt
        exec env -i container=other /lib/systemd/systemd --show-status=false' - "$root" </dev/null &
    machine=$!
    disown
    until_ pgrep --parent "$machine" --exact systemd
    first=$(pgrep --parent "$machine")
    until_ eval '[[ $(gateway systemctl is-system-running) == @(running|degraded) ]]'
    gateway systemctl --no-legend --plain --failed | grep . && fail "$way: not all units have started"
    return 0
}

stop() {
    kill -KILL "$machine"
    until_ eval "! kill -0 $first"
    first=
    jobs -p | xargs -r kill -KILL 2>/dev/null || true
    ip netns pids server | xargs -r kill -KILL
    ip netns pids client | xargs -r kill -KILL
    ip netns del client
    ip netns del server
}

# Boots the machine again after a loss of power, with the files that it has.
reboot() {
    stop
    start
}

network() {
    local host
    for host in client server; do
        ip netns add "$host"
        ip -n "$host" link set lo up
    done
    ip link add eth1 netns "$first" type veth peer name eth0 netns client
    ip link add eth0 netns "$first" type veth peer name eth0 netns server
    ip -n client addr add 10.1.0.2/24 dev eth0
    ip -n client link set eth0 up
    ip -n client route add default via 10.1.0.1
    ip -n server addr add 10.2.0.2/24 dev eth0
    ip -n server link set eth0 up
    nsenter --target "$first" --net sh -ec '
        ip link set lo up
        ip addr add 10.1.0.1/24 dev eth1
        ip link set eth1 up
        ip addr add 10.2.0.100/24 dev eth0
        ip link set eth0 up'
    serve 10.2.0.2 21 ip netns exec server
}

# More lines for the configuration of vsftpd.
serve_options=()
# Starts a vsftpd that listens at an address and a port, in the network where the words after that run it.
serve() {
    cat >"$work/vsftpd-$1-$2.conf" <<END
listen=YES
listen_ipv6=NO
listen_address=$1
listen_port=$2
background=NO
anonymous_enable=YES
anon_root=$work/ftp
secure_chroot_dir=$work/empty
xferlog_enable=NO
seccomp_sandbox=NO
isolate_network=NO
END
    printf '%s\n' "${serve_options[@]}" >>"$work/vsftpd-$1-$2.conf"
    "${@:3}" vsftpd "$work/vsftpd-$1-$2.conf" </dev/null >/dev/null 2>&1 &
    disown
    until_ bash -c '"${@:3}" ss -Hltn | grep -qF "$1:$2 "' - "$@"
}
serve_on_gateway() { serve 10.1.0.1 21 nsenter --target "$first" --net; }

# Boots a gateway with these packages and Pinhole, stopped.
boot_with_pinhole() {
    boot with-pinhole procps "$@"
    install_package
}
install_package() { online sh -c 'cd && yes | apt-get -qq install ./pinhole_*.deb' >/dev/null 2>&1 || fail 'cannot install the package'; }

# Docker, whose command is a package of its own from Debian 13 on.
docker_packages() {
    echo docker.io
    # shellcheck disable=SC1091
    if (($(. "$debian/etc/os-release" && echo "$VERSION_ID") >= 13)); then echo docker-cli; fi
}

# --- What is tried ---

# Fetches the file from an address, with a port if not 21, in one mode.
fetch() {
    local options=()
    case $2 in
    PORT) options=(--disable-eprt --ftp-port -) ;;
    EPRT) options=(--ftp-port -) ;;
    PASV) options=(--disable-epsv) ;;
    esac
    rm -f "$work/copy"
    ip netns exec client curl --silent --connect-timeout 3 --max-time 10 "${options[@]}" --output "$work/copy" \
        "ftp://$1/file" && cmp -s "$work/ftp/file" "$work/copy"
}
expect_transfers() {
    local mode
    for mode in PORT EPRT PASV EPSV; do fetch "$1" $mode || fail "$way: no transfer with $mode from $1"; done
}
expect_none() {
    local mode
    for mode in "${@:2}"; do ! fetch "$1" "$mode" || fail "$way: without Pinhole a transfer with $mode from $1"; done
}
# Runs the lines of standard input on the gateway, one by one, as an administrator would.
follow() {
    local line
    while read -r line <&3; do
        echo "$way: # $line"
        gateway sh -c "$line" </dev/null || fail "$way: it failed: $line"
    done 3<&0
}
# Looks for a line of `pinhole check`, or the beginning of one.
check_says() {
    gateway pinhole check -v >"$work/check" 2>/dev/null || true
    grep -q -- "^$1" "$work/check" || { cat "$work/check" >&2; fail "$way: pinhole check does not say: $1"; }
}
