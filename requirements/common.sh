# shellcheck shell=sh
# What the scripts of this folder share. They run from the project's root and set
#   name         what they call themselves in messages
#   venv         the virtual environment that they fill
#   constraints  the versions that pip may install there

fail() {
    echo "$name: $*" >&2
    exit 1
}

# Prints the first of these Pythons that has a version of "$1" ("3.10 3.11") and can make a
# virtual environment. PYTHON=... names the only one. A pyenv shim may exist and fail, so each
# is asked, not only looked up.
find_python() {
    found=''
    for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3.10 python3.14 python3}; do
        version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        case " $1 " in
            *" $version "*)
                if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
                    echo "$candidate"
                    return
                fi
                found="$found $candidate ($version, but without its venv module: on Debian and Ubuntu install python$version-venv)"
                ;;
            *) found="$found $candidate ($version)" ;;
        esac
    done
    fail "no fitting Python: found${found:- none}, need one of $1; install Python 3.11, or name one: make $name PYTHON=/path/to/python3.11"
}

need_free_mb() {
    free_mb=$(($(df -Pk . | awk 'NR == 2 { print $4 }') / 1024))
    [ "$free_mb" -ge "$1" ] ||
        fail "$free_mb MB are free on this disk, need $1 MB: make room, then run the same command again"
}

# Makes $venv with a Python of version "$1", unless it is there and works; it needs "$2" MB.
make_venv() {
    if ! "$venv/bin/python" -c '' 2>/dev/null; then
        python=$(find_python "$1") || exit 1
        need_free_mb "${2:-0}"
        echo "$name: making $venv with $python"
        "$python" -m venv --clear "$venv" ||
            fail "$python could not make a virtual environment: see its message above"
    fi
}

pip_install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c "$constraints" "$@" ||
        fail "pip could not install ($*): see its message above; check that the package index can be reached (pip config list, HTTPS_PROXY) and that the disk is not full, then run the same command again"
}

# What the installation follows from, in one number. The path is part of it because a virtual
# environment cannot be moved.
fingerprint() {
    (pwd && cat setup.cfg pyproject.toml requirements/*) | cksum | cut -d ' ' -f 1
}

has_compiler() {
    "${CXX:-c++}" --version > /dev/null 2>&1
}

# Compiles MMCV with its operators and installs it: compile_mmcv DISTRIBUTION VERSION. The
# sources stay beside the environment until that is done, so a compilation that was cut off
# goes on where it stopped.
compile_mmcv() {
    "$venv/bin/python" -c "import importlib.metadata as m; assert m.version('$1') == '$2'; import mmcv.ops" \
        > /dev/null 2>&1 && return
    sources=$venv/build/$1-$2
    log=$venv/build/$1.log
    jobs=${MAX_JOBS:-$(getconf _NPROCESSORS_ONLN)}
    echo "$name: compiling $1 $2 with $jobs jobs (10 to 15 minutes on 2 cores, 1 GB of disk meanwhile); its log is $log"
    if [ ! -e "$sources/.unpacked" ]; then
        rm -rf "$sources"
        mkdir -p "$sources"
        "$venv/bin/python" -m pip download --quiet --no-deps --no-build-isolation --no-binary "$1" \
            --dest "$venv/build" "$1==$2" > "$log" 2>&1 ||
            fail "pip could not download the sources of $1 $2, see $log"
        tar -xzf "$venv/build/$1-$2.tar.gz" -C "$venv/build"
        # Version 1.7.0 asks for C++14 in so many words; the headers of torch have been C++17
        # since 2.1. (1.7.2 knows that, but MMPose 0.29 refuses it.)
        sed 's/-std=c++14/-std=c++17/g' "$sources/setup.py" > "$sources/setup.new"
        mv "$sources/setup.new" "$sources/setup.py"
        touch "$sources/.unpacked"
    fi
    # In a process group of its own, so that an interruption ends all of it.
    MMCV_WITH_OPS=1 MAX_JOBS=$jobs "$venv/bin/python" -c 'import os, sys
os.setsid()
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])' -m pip wheel --verbose --no-deps \
        --no-build-isolation --wheel-dir "$venv/build" "./$sources" > "$log" 2>&1 &
    compiler=$!
    trap 'kill -- "-$compiler" 2>/dev/null; exit 130' INT TERM
    while kill -0 "$compiler" 2>/dev/null; do
        sleep 5
        done_of=$(grep -o '\[[0-9]*/[0-9]*\]' "$log" 2>/dev/null | tail -n 1)
        if [ "${done_of:-}" != "${shown:-}" ]; then
            shown=$done_of
            echo "$name: $1, files compiled: $done_of"
        fi
    done
    wait "$compiler" || {
        grep -i -m 3 -A 5 'error' "$log" >&2
        fail "$1 did not compile: the first errors stand above, all of it in $log; a C++ compiler with C++17 is needed, and 2 GB of memory per job (MAX_JOBS=1 takes fewer)"
    }
    trap - INT TERM
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-index \
        --force-reinstall "$venv"/build/"$(echo "$1" | tr - _)"-"$2"-*.whl ||
        fail "the compiled $1 could not be installed: see the message above"
    rm -rf "$sources"
    "$venv/bin/python" -c 'import mmcv.ops' || fail "the compiled $1 does not load: see the message above"
}
