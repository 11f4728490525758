# shellcheck shell=bash
# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What the scripts of this directory share. Everything that they make lies in .build, or carries the lab's label.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$ROOT/.build
VENV=$BUILD/venv

export PATH=$VENV/bin:$PATH
export LC_ALL=C.UTF-8 # Ansible refuses to run without UTF-8
# Nothing of ours goes into the caller's home directory.
export ANSIBLE_HOME=$BUILD/ansible XDG_CACHE_HOME=$BUILD/cache HYPOTHESIS_STORAGE_DIRECTORY=$BUILD/cache/hypothesis
if [ ${#BUILD} -gt 60 ]; then # the path of a Unix socket has 108 characters at most
  ANSIBLE_SSH_CONTROL_PATH_DIR=/tmp/mailforest-$(id -u)
  export ANSIBLE_SSH_CONTROL_PATH_DIR
fi

SCRIPT=$(basename "$0")

say() { printf '%s: %s\n' "$SCRIPT" "$*"; }

die() {
  printf '%s: %s\n' "$SCRIPT" "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}
