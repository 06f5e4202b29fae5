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

# Over several hosts: one that is cut off is noticed after 40 seconds, where Open MPI's own settings take eight minutes.
settings_for_hosts() {
    settings_for_mpirun
    export OMPI_MCA_oob_tcp_keepalive_time=${OMPI_MCA_oob_tcp_keepalive_time:-20}
    export OMPI_MCA_oob_tcp_keepalive_intvl=5 OMPI_MCA_oob_tcp_keepalive_probes=4
}

# Goes back to the folder that the script was called from, with trainer on the path: the one that is there, or else the one built here.
back_with_trainer() {
    command -v trainer >/dev/null || export PATH="$PWD/.build/release:$PATH"
    cd "$OLDPWD"
    command -v trainer >/dev/null || fail "trainer is not built: swift build -c release --product trainer"
}

# launch COMMAND...: runs mpirun or srun to its end. A request to end (SIGUSR1, SIGTERM, SIGINT) goes to the ranks as SIGUSR1, so that they save
# first; a second request ends them at once. Leaves the exit status in status, and in asked the signal that came, if one did.
#
# The command has a process group of its own: a Ctrl-C that reached mpirun itself would kill the ranks.
launch() {
    local job signal came next=USR1
    asked=
    set -m
    "$@" </dev/null &
    job=$!
    set +m
    for signal in USR1 TERM INT; do
        trap "came=yes asked=\${asked:-$signal}; kill -\$next $job 2>/dev/null || true; next=TERM" "$signal"
    done
    while true; do
        came=
        wait "$job" && status=0 || status=$?
        [[ $came ]] || break # otherwise the signal, not the job, ended the wait
    done
    for signal in USR1 TERM INT; do trap "asked=$signal" "$signal"; done
    # Ranks that were not far enough to save have died of the request.
    if [[ $asked ]] && ((status > 128)); then status=130; fi
}

# Whether a job that ended so may do better when started again: a lost rank or host, but no mistake and no request to end.
worth_restarting() {
    case $1 in 0 | 6[4-9] | 7[01] | 76 | 126 | 127 | 130) return 1 ;; esac
}

# worth_another_job START RUN.yaml [key=value ...]: whether a job that ended with status should go on in another one: after a request, or a fault
# that may not come again. Of RESTARTS (20) that end in a row with no newer checkpoint than the one before it is the last; they are counted in the
# run's folder, and where that is not known START, the number of this job, stands for the count.
worth_another_job() {
    local count=$1 folder
    shift
    [[ $asked == USR1 ]] && ((status == 130)) || worth_restarting "$status" || return 1
    folder=$(output_of "$@")
    if [[ $folder ]] && mkdir -p "$folder/logs"; then count=$(count_in_vain "$folder" || echo "$count"); fi
    ((count <= ${RESTARTS:-20}))
}

# output_of RUN.yaml [key=value ...]: the run's folder, if it stands on a line of its own.
output_of() {
    local word folder
    folder=$(sed -nE "/^output:/ { s/^output:[[:space:]]*//; s/[[:space:]]+(#.*)?$//; s/^(['\"])(.*)\1$/\2/; p }" "$1" | tail -n 1)
    shift
    for word; do [[ $word != output=* ]] || folder=${word#output=}; done
    printf '%s\n' "$folder"
}

# count_in_vain FOLDER: how many jobs of the run, this one included, have ended in a row with its newest checkpoint where it was.
count_in_vain() {
    local file=$1/logs/jobs-in-vain names=("$1"/checkpoints/step-*/complete) step before=-1 count=0
    step=$(printf '%s\n' "${names[@]##*/checkpoints/step-}" | sed -nE 's/^0*([0-9]+)[./].*/\1/p' | sort -n | tail -n 1)
    [[ ! -f $file ]] || read -r count before <"$file"
    ((${step:-0} <= before)) || count=0
    printf '%s %s\n' "$((count + 1))" "${step:-0}" >"$file" && echo "$((count + 1))"
}

# hosts_in HOSTFILE: a line with name and slots for each host.
hosts_in() {
    awk '{ sub(/#.*/, "") } NF {
        slots = 0
        for (i = 2; i <= NF; i++) if ($i ~ /^slots=[1-9][0-9]*$/) slots = substr($i, 7)
        if (!slots) { printf "%s, line %d: %s has no slots=COUNT\n", FILENAME, FNR, $1 >"/dev/stderr"; exit 1 }
        print $1, slots
    }' "$1"
}

# on_host HOST COMMAND: there, by what mpirun takes too: ssh, or the agent that OMPI_MCA_plm_rsh_agent names.
on_host() {
    local here
    for here in localhost "$(hostname)" $(hostname -I); do
        if [[ $1 == "$here" ]]; then
            bash -c "$2"
            return
        fi
    done
    # shellcheck disable=SC2086 # the agent may have options
    timeout 20 ${OMPI_MCA_plm_rsh_agent:-ssh -o BatchMode=yes -o ConnectTimeout=10} "$1" "$2" </dev/null
}
