# What the scripts beside this one share. Sourced, never run: it goes to the repository's root and says what to install.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

libraries=(libopenmpi-dev openmpi-bin libopenblas-dev libpcre2-dev libcurl4 ca-certificates pkg-config)

# Installs those of the Debian packages named that are missing, as root or with sudo.
install_missing() {
    if ! command -v dpkg-query >/dev/null; then
        echo "This is not Debian: what it calls $* has to be here already."
        return
    fi
    local name missing=() sudo=()
    for name in "$@"; do
        [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    if (($(id -u) != 0)); then
        command -v sudo >/dev/null || fail "Missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}"
        sudo=(sudo)
    fi
    say "Installing from Debian: ${missing[*]} (${sudo[*]:+with sudo: }apt-get update, apt-get install)"
    "${sudo[@]}" apt-get update --quiet
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "${missing[@]}"
}

need_swift() {
    command -v swift >/dev/null || fail "Swift 6.3 or later is missing: https://www.swift.org/install/linux/"
}

# Open MPI refuses root and more ranks than cores unless told otherwise; versions 4 and 5 are told by different names.
settings_for_mpirun() {
    export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
    if (($(id -u) == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
}
