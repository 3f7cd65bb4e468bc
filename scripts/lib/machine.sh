# shellcheck shell=bash
# What the scripts need of a machine. For sourcing: `require cargo node ..` names all that is missing, and where it is.

node_is_new() {
    local version
    version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    [ "${version%%.*}" -ge 20 ]
}

# How to get what is missing, on Debian.
remedy() {
    case $1 in
        cargo) echo "cargo: install Rust with https://rustup.rs" ;;
        cc | make) echo "$1: apt-get install build-essential" ;;
        node) echo "node 20 or later ($(node --version 2>/dev/null || echo none) is there):" \
            "apt-get install nodejs from Debian 13 on, else from https://nodejs.org" ;;
        npm) echo "npm: apt-get install npm; it comes along with Node from nodejs.org" ;;
        x86_64) echo "an x86_64 processor (this is $(uname -m)): the pinned forge, cast and anvil run on no other" ;;
        setsid | flock) echo "$1: apt-get install util-linux" ;;
        *) echo "$1: apt-get install $1" ;;
    esac
}

# require NAME...: programs, and x86_64 for the pinned Foundry.
require() {
    local name missing=()
    for name; do
        case $name in
            node) node_is_new ;;
            x86_64) [ "$(uname -m)" = x86_64 ] ;;
            *) command -v "$name" >/dev/null ;;
        esac || missing+=("$(remedy "$name")")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    printf '%s: this machine lacks\n' "${0##*/}" >&2
    printf '  %s\n' "${missing[@]}" >&2
    exit 1
}
