# roots.sh: dev/test on other server versions, each in a Debian root of its own. Sourced by dev/test after setup.sh.
#
# The roots are made once with mmdebstrap and kept in $SEGMENT_ROOTS (default: segment/roots below $XDG_CACHE_HOME or
# /var/cache). The mirror is the one that this machine's own package sources name, or $DEBIAN_MIRROR.

suite_of() {
	case $1 in
		15) echo bookworm ;;
		17) echo trixie ;;
		18) echo forky ;;
		19) echo sid ;;
		*) die "no Debian suite with PostgreSQL $1 is known here; 15, 17, 18 and 19 are" ;;
	esac
}

# debian_mirror [ARCHIVE]: the mirror of "debian", or of another archive that the package sources name.
debian_mirror() {
	local archive=${1:-debian} mirror=
	[ "$archive" != debian ] || mirror=${DEBIAN_MIRROR:-}
	[ -n "$mirror" ] || mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | tr ' ' '\n' | grep -m 1 "/$archive/*\$") ||
		mirror=$(sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
			grep -m 1 "/$archive/*\$") || die "no Debian mirror in this machine's package sources: set DEBIAN_MIRROR"
	echo "$mirror"
}

# make_root VERSION FOLDER: the server, a compiler and the test tools. The server's development files are unpacked
# without the clang that they depend on, which halves the root; the extension is built without JIT bitcode there.
make_root() {
	local version=$1 folder=$2 suite mirror packages extra=() unpack
	suite=$(suite_of "$version")
	mirror=$(debian_mirror)
	packages=gcc,libc6-dev,liblbfgs-dev,libpq-dev,make,perl,libipc-run-perl
	unpack="apt-get -qq download postgresql-server-dev-$version"
	if [ "$version" = 19 ]; then
		# Not in a suite of its own yet: from experimental, with the pgTAP of 18, which is SQL only.
		extra=(--setup-hook='mkdir -p "$1/etc/apt/preferences.d"; printf "Package: *-19 libpq* postgresql-common*\nPin: release a=experimental\nPin-Priority: 600\n" >"$1/etc/apt/preferences.d/postgresql"')
		packages=$packages,postgresql-19
		unpack="$unpack postgresql-18-pgtap"
		set -- "$suite" "$folder.new" "deb $mirror $suite main" "deb $mirror experimental main"
	else
		packages=$packages,postgresql-$version,postgresql-$version-pgtap,postgresql-$version-cron
		set -- "$suite" "$folder.new" "$mirror"
	fi
	if ! command -v mmdebstrap >/dev/null; then
		apt_update
		as_root apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends mmdebstrap >/dev/null
	fi
	say "making a $suite root for PostgreSQL $version ..."
	rm -rf --one-file-system "$folder.new"
	mkdir -p "$(dirname "$folder")"
	mmdebstrap --quiet --mode=root --variant=apt \
		--aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
		--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io \
		--include="$packages" "${extra[@]}" \
		--customize-hook='chroot "$1" sh -ec "cd /tmp; '"$unpack"'; for package in *.deb; do dpkg -x \$package /; done; rm -f *.deb"' \
		--customize-hook='[ -d "$1/usr/share/postgresql/19" ] && cp "$1"/usr/share/postgresql/18/extension/pgtap* "$1/usr/share/postgresql/19/extension/" || true' \
		"$@" || return 1
	mv "$folder.new" "$folder"
}

# missing_libraries OLD NEW FOLDER: copies to FOLDER the libraries that PostgreSQL 15 has in the root OLD, and NEW lacks.
missing_libraries() {
	local old=$1 new=$2 folder=$3 name path
	chroot "$old" sh -c 'ldd /usr/lib/postgresql/15/bin/*' | awk '$2 == "=>" { print $1, $3 }' | sort -u | while read -r name path; do
		[ -n "$(find "$new/usr/lib" -name "$name" -print -quit)" ] || cp -L "$old/$path" "$folder/$name"
	done
}

# in_root FOLDER COMMAND ...: in a mount and process namespace of its own, without network; nothing of the checkout is
# written, because dev/test works in a copy. Real data is mounted beside it, and PostgreSQL 15 in newer roots, which
# pg_upgrade starts from: that of its own root, since a version's newest minor releases may need the next version's newest.
in_root() {
	local folder=$1 version=$2 data old= libraries status=0
	shift 2
	data=$(cd "${SEGMENT_DATA:-$top/../shared/data}" 2>/dev/null && pwd) || data=
	libraries=$(mktemp -d /tmp/segment-libraries.XXXXXX)
	chmod 755 "$libraries"
	if [ "$version" -gt 15 ]; then
		old=$(root_of 15)
		missing_libraries "$old" "$folder" "$libraries"
	fi
	unshare --mount --propagation private --pid --net --fork --kill-child bash -euc '
		root=$1 top=$2 data=$3 old=$4 libraries=$5
		shift 5
		mkdir -p "$root/srv/segment" "$root/srv/data"
		mount --bind "$top" "$root/srv/segment"
		if [ -n "$data" ]; then mount --bind "$data" "$root/srv/data"; fi
		environment=()
		if [ -n "$old" ]; then
			for part in lib share include; do
				mkdir -p "$root/usr/$part/postgresql/15"
				mount --bind "$old/usr/$part/postgresql/15" "$root/usr/$part/postgresql/15"
			done
			mkdir -p "$root/srv/libraries"
			mount --bind "$libraries" "$root/srv/libraries"
			environment=(SEGMENT_OLD_PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config LD_LIBRARY_PATH=/srv/libraries)
		fi
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs tmpfs "$root/dev/shm"
		mount -t tmpfs tmpfs "$root/tmp"
		exec chroot "$root" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 TERM="${TERM:-dumb}" SEGMENT_DATA=/srv/data \
			"${environment[@]}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "cd /srv/segment && exec \"\$@\"" in_root "$@"
	' unshared "$folder" "$top" "$data" "$old" "$libraries" "$@" || status=$?
	rm -rf "$libraries"
	return "$status"
}

# root_of VERSION: the folder of its root. A root is made anew when its recipe changes.
root_of() {
	echo "${SEGMENT_ROOTS:-${XDG_CACHE_HOME:-/var/cache}/segment/roots}/$(suite_of "$1")-$1-$(declare -f make_root | cksum | cut -d ' ' -f 1)"
}

# prepare_root VERSION: makes its root where it is missing, and that of 15 for newer ones, which pg_upgrade starts from.
prepare_root() {
	local folder
	[ "$1" = 15 ] || prepare_root 15 || return
	folder=$(root_of "$1")
	[ -d "$folder" ] || {
		rm -rf --one-file-system "${folder%-*}"-*
		make_root "$1" "$folder"
	}
}

# run_cassert FILTER ...: on a copy of dev/cassert's server, because every run installs its own extension.
run_cassert() {
	local pg_config copy status=0
	pg_config=$("$top/dev/cassert") || return
	copy=$(mktemp -d /tmp/segment-postgresql.XXXXXX)
	chmod 755 "$copy"
	cp -a "$(dirname "$pg_config")/../." "$copy"
	PG_CONFIG=$copy/bin/pg_config "$top/dev/test" "$@" || status=$?
	rm -rf --one-file-system "$copy"
	return "$status"
}

# run_version VERSION: dev/test on one version; "here" is this machine's own, "cassert" that of dev/cassert.
run_version() {
	local version=$1 filter=()
	[ -z "$only" ] || filter=(--only "$only")
	if [ "$version" = here ]; then
		"$top/dev/test" "${filter[@]}" "${rooms[@]}"
	elif [ "$version" = cassert ]; then
		run_cassert "${filter[@]}" "${rooms[@]}"
	else
		in_root "$(root_of "$version")" "$version" env PG_CONFIG="/usr/lib/postgresql/$version/bin/pg_config" dev/test "${filter[@]}" "${rooms[@]}"
	fi
}

# test_versions VERSION ...: side by side, a processor each, every line with its version in front; one closing line for all of them.
test_versions() {
	local version
	[ "$(id -u)" = 0 ] || die "other versions are tested in roots of their own: run as root"
	logs=$(mktemp -d)
	trap 'rm -rf "$logs"' EXIT
	# One after the other: apt knows one user at a time.
	for version in "$@"; do
		case $version in
			here) ;;
			cassert) "$top/dev/cassert" >/dev/null || die "no server with assertions" ;;
			*) prepare_root "$version" || die "no root for version $version" ;;
		esac
	done
	for version in "$@"; do
		while [ "$(jobs -r | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
		(run_version "$version" || true) 2>&1 | tee "$logs/$version" | sed -u "s/^/$version | /" &
	done
	wait
	for version in "$@"; do
		tail -n 1 "$logs/$version" | grep -E '^[0-9]+ passed, [0-9]+ failed' || {
			say "FAIL  version $version: dev/test did not end" >&2
			echo "0 passed, 1 failed"
		}
	done >"$logs/all"
	awk '{ passed += $1; failed += $3; skipped += $5 }
		END { printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""; exit failed > 0 }' "$logs/all"
}
