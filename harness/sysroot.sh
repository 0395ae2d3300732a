#!/bin/sh
# Fetches the libraries that the program is linked with for another architecture of Debian's, and
# unpacks them into a folder that a cross compiler takes as --sysroot.
#
# usage: harness/sysroot.sh ARCHITECTURE FOLDER
#
# The system itself stays as it is: apt works on lists, a status and a cache of its own beside the
# folder (a foreign architecture known to dpkg would ask for the same versions of every library that
# is installed), so that no root is needed. Which libraries: the -dev packages of harness/setup.sh.
# Silent and quick where the folder is complete. Exits 0 when it is, else 2 with what apt said.
set -u
me=harness/sysroot.sh
case ${1:-} in -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
[ $# = 2 ] || { echo "usage: $me ARCHITECTURE FOLDER" >&2; exit 2; }
arch=$1 folder=$2
# libonnx-dev lends one text file, which is the same everywhere.
packages=$(sh "${0%/*}/setup.sh" --packages build | grep -- '-dev$' | grep -v '^libonnx-dev$' |
  tr '\n' ' ') || exit 2
done_file=$folder/.complete
[ "$(cat "$done_file" 2>/dev/null)" = "$packages" ] && exit 0

for tool in apt-get dpkg-deb; do
  command -v $tool >/dev/null 2>&1 ||
    { echo "$me: there is no $tool here, with which libraries for $arch could be fetched" >&2; exit 2; }
done
rm -rf "$folder" "$folder.apt"
mkdir -p "$folder" "$folder.apt/state/lists/partial" "$folder.apt/cache/archives/partial" || exit 2
apt=$(cd "$folder.apt" && pwd) || exit 2
: >"$apt/status"
log=$apt/log
trap 'exit 2' HUP INT TERM

apt() { # arguments of apt-get
  LC_ALL=C apt-get -q -y -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" \
    -o "Dir::State=$apt/state" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache" \
    -o APT::Sandbox::User= -o Debug::NoLocking=1 -o Acquire::Languages=none \
    -o Acquire::Retries=2 "$@" >>"$log" 2>&1 </dev/null
}

echo "Fetching $packages for $arch" >&2
# Some source may not know the architecture; what counts is whether the packages can be had.
apt update || true
# shellcheck disable=SC2086 # one word a package
if ! apt --no-install-recommends --download-only install $packages; then
  tail -n 15 "$log" | sed 's/^/  apt: /' >&2
  echo "$me: the libraries for $arch could not be fetched" >&2
  exit 2
fi
for file in "$apt"/cache/archives/*.deb; do
  dpkg-deb -x "$file" "$folder" 2>>"$log" || { tail -n 5 "$log" >&2; exit 2; }
done
# Links that start at the root mean the folder's.
find "$folder" -type l -lname '/*' -exec sh -c '
  for link; do ln -sfnr "$0$(readlink "$link")" "$link" || exit 1; done' "$folder" {} + || exit 2
rm -rf "$apt"
printf '%s\n' "$packages" >"$done_file"
