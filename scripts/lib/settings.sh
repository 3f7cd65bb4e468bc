# shellcheck shell=bash
# The settings of a network in $dir: written before anything is started, and what all its commands go by. The options
# that were given are in ${given[@]}. For sourcing by scripts/testnet.

validators=4 stakes='' followers=0 accounts=1000 profile=dev port_base=''
setting_names=(validators stakes followers accounts profile port_base)
mark='# A network that scripts/testnet made; its clean removes what it made here.'

ours() { [ -f "$settings" ] && [ "$(head -n 1 "$settings")" = "$mark" ]; }
# `rota testnet` writes this file last.
made() { [ -f "$dir/testnet.json" ]; }

read_settings() {
    local name value
    while IFS='=' read -r name value; do
        [[ " ${setting_names[*]} " != *" $name "* ]] || printf -v "$name" '%s' "$value"
    done < <(tail -n +2 "$settings")
}

write_settings() {
    local name
    {
        echo "$mark"
        for name in "${setting_names[@]}"; do echo "$name=${!name}"; done
    } >"$settings"
}

# A network that is made keeps its settings, and refuses others by name.
refuse_other_settings() {
    local name how
    for name in "${!given[@]}"; do
        [ "${given[$name]}" != "${!name}" ] || continue
        how="with --${name/_/-} ${!name:-(none)}, not ${given[$name]}"
        [ "$name" != profile ] || how="without --release"
        fail "the network in $dir was made $how: leave the option out, choose another --dir, or run clean first"
    done
}

take_given_settings() {
    local name each
    # Stakes are those of so many validators.
    [ -z "${given[validators]:-}" ] || stakes=''
    for name in "${!given[@]}"; do printf -v "$name" '%s' "${given[$name]}"; done
    [ -z "$port_base" ] || [ $((validators + followers)) -le 10 ] ||
        fail "--port-base has ports for 10 nodes, not for $((validators + followers))"
    [ -n "$stakes" ] || stakes=$(default_stakes)
    [[ $stakes =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] || fail "--stakes '$stakes': whole tokens are wanted, as 40,30,20,10"
    IFS=, read -ra each <<<"$stakes"
    [ ${#each[@]} -eq "$validators" ] || fail "--stakes names ${#each[@]} stakes for $validators validators"
}

# As `rota testnet` has it.
default_stakes() {
    [ "$validators" -ne 4 ] || { echo 30,27,23,20; return; }
    seq -s , "$validators" | sed 's/[0-9]\+/25/g'
}
