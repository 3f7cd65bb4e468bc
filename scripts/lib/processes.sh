# shellcheck shell=bash
# Processes of a folder $dir: NAME.pid holds the id, NAME.log the output. For sourcing by scripts/testnet.

fail() { echo "testnet: $*" >&2; exit 1; }
say() { printf '%s\n' "$*" >&2; }

# The id of a process of ours: alive, and started with this folder.
pid_of() {
    local pid words
    { pid=$(cat "$dir/$1.pid") && words=$(tr '\0' ' ' <"/proc/$pid/cmdline"); } 2>/dev/null || return 1
    case $1 in
        anvil) [[ $words == *" --state $dir/anvil.json "* ]] || return 1 ;;
        *) [[ $words == *" node "*"--data $dir/$1 "* ]] || return 1 ;;
    esac
    echo "$pid"
}
running() { pid_of "$1" >/dev/null; }

# Somebody listens on the port.
in_use() { grep -qsE "^ *[0-9]+: [0-9A-F]+:$(printf '%04X' "$1") [0-9A-F]+:0000 0A " /proc/net/tcp /proc/net/tcp6; }

# launch NAME COMMAND...: in the background, its output in the log, its id in a file.
started=()
launch() {
    local name=$1
    shift
    [ -x "$1" ] || fail "there is no $1: \`up\` builds it; is CARGO_TARGET_DIR what it was?"
    NO_COLOR=1 setsid "$@" >>"$dir/$name.log" 2>&1 </dev/null {lock}<&- &
    echo $! >"$dir/$name.pid"
    started=("$name" "${started[@]}")
}

# halt SIGNAL NAME...: signals all and waits for them, in the end without mercy. Anvil has its state to write.
halt() {
    local signal=$1 name pid tries
    shift
    for name; do
        pid=$(pid_of "$name") || continue
        kill -"$signal" "$pid" 2>/dev/null || true
    done
    for name; do
        for ((tries = 0; tries < 300; tries++)); do
            pid=$(pid_of "$name") || break
            sleep 0.1
        done
        ! pid=$(pid_of "$name") || { say "testnet: $name does not stop: killed"; kill -KILL "$pid" || true; }
        rm -f "$dir/$name.pid"
    done
}

fail_with_log() {
    [ ! -s "$dir/$1.log" ] || { say "the last lines of $dir/$1.log:"; tail -n 15 "$dir/$1.log" >&2; }
    fail "$2"
}

# until_true SECONDS NAME WHAT COMMAND...: waits for what the process NAME is to do.
until_true() {
    local end=$((SECONDS + $1)) name=$2 what=$3
    shift 3
    until "$@" >/dev/null 2>&1; do
        kill -0 "$(cat "$dir/$name.pid")" 2>/dev/null || fail_with_log "$name" "$name ended by itself before $what"
        [ $SECONDS -lt $end ] || fail_with_log "$name" "$name: no $what in time"
        sleep 0.2
    done
}
