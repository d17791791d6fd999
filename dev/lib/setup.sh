# setup.sh: from a bare Debian or Ubuntu to an installed extension and a throw-away cluster. Sourced by dev/demo, dev/test.
#
# Everything happens in $work, a temporary folder that is removed at the end, whatever the end is. The checkout stays
# as it is: the tree is copied, built and tested in $work.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=
run_user=
server_started=

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 2; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# PostgreSQL refuses to run as root: root works as the package's own user then, anybody else as himself.
as_user() {
	if [ -n "$run_user" ]; then runuser -u "$run_user" -- "$@"; else "$@"; fi
}

# --- packages -------------------------------------------------------------------------------------------------------

# The newest installed major version that has its headers.
installed_major() {
	local dir
	for dir in /usr/include/postgresql/*/server; do
		[ -e "$dir/postgres.h" ] && basename "$(dirname "$dir")"
	done | sort -n | tail -n 1
}

# The major version that the distribution's metapackage stands for.
packaged_major() {
	apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: *postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1
}

# missing_packages WHAT: the Debian packages of this machine's gaps, found by file, so that what came another way counts.
missing_packages() {
	command -v make >/dev/null || echo make
	command -v gcc >/dev/null || echo gcc
	[ -e /usr/include/stdio.h ] || echo libc6-dev
	[ -e /usr/include/lbfgs.h ] || echo liblbfgs-dev
	[ -x "/usr/lib/postgresql/$major/bin/postgres" ] || echo "postgresql-$major"
	[ -e "/usr/include/postgresql/$major/server/postgres.h" ] || echo "postgresql-server-dev-$major"
	if [ "$1" != demo ]; then
		command -v dh >/dev/null || echo debhelper
		[ -e /usr/share/doc/build-essential ] || echo build-essential
		[ -e /usr/share/perl5/Debian/Debhelper/Sequence/pgxs_loop.pm ] || echo postgresql-server-dev-all
	fi
	if [ "$1" = test ]; then
		[ -e "/usr/share/postgresql/$major/extension/pgtap.control" ] || echo "postgresql-$major-pgtap"
		[ -e "/usr/share/postgresql/$major/extension/pg_cron.control" ] || echo "postgresql-$major-cron"
		perl -MIPC::Run -e 1 2>/dev/null || echo libipc-run-perl
		command -v clang-format-19 >/dev/null || echo clang-format-19
		perl -MTest::More -e 1 2>/dev/null || echo perl
		# dev/report's page is looked at in a browser, where there is a node to make it with.
		! command -v npm >/dev/null || command -v chromium >/dev/null || echo chromium
	fi
}

apt_update() {
	say "reading the package lists ..."
	as_root apt-get -qq -o DPkg::Lock::Timeout=300 update || die "apt-get update failed"
}

# setup_packages demo|package|test: sets major, PG_CONFIG and bindir; installs what is missing, unless PG_CONFIG is set already.
setup_packages() {
	local missing
	if [ -n "${PG_CONFIG:-}" ]; then
		major=$("$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
	else
		major=$(installed_major)
		if [ -z "$major" ]; then
			command -v apt-get >/dev/null || die "no PostgreSQL headers found, and no apt-get; set PG_CONFIG"
			major=$(packaged_major)
			if [ -z "$major" ]; then
				apt_update
				major=$(packaged_major)
			fi
			[ -n "$major" ] || die "the distribution has no package named postgresql"
		fi
		missing=$(missing_packages "$1")
		if [ -n "$missing" ]; then
			command -v apt-get >/dev/null || die "missing, and no apt-get to install it:" $missing
			[ "$(id -u)" = 0 ] || command -v sudo >/dev/null || die "run as root or install sudo; missing:" $missing
			apt-cache show $missing >/dev/null 2>&1 || apt_update
			# An optional test tool that the distribution lacks must not stop the rest.
			missing=$(for package in $missing; do
				if apt-cache show "$package" >/dev/null 2>&1; then echo "$package"
				else echo "not in this distribution: $package" >&2; fi
			done)
			say "installing" $missing "..."
			as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
				install -y --no-install-recommends $missing >/dev/null 2>"${TMPDIR:-/tmp}/segment-apt.$$" || {
				cat "${TMPDIR:-/tmp}/segment-apt.$$" >&2
				rm -f "${TMPDIR:-/tmp}/segment-apt.$$"
				die "could not install the packages"
			}
			rm -f "${TMPDIR:-/tmp}/segment-apt.$$"
		fi
		PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config
	fi
	[ "$major" -ge 15 ] || die "segment needs PostgreSQL 15 or newer; this is $major"
	bindir=$("$PG_CONFIG" --bindir)
	export PG_CONFIG PATH="$bindir:$PATH"
}

# --- the temporary folder --------------------------------------------------------------------------------------------

setup_work() {
	if [ "$(id -u)" = 0 ]; then
		run_user=postgres
		id "$run_user" >/dev/null 2>&1 || die "no user named postgres to run the server as"
	fi
	work=$(mktemp -d /tmp/segment.XXXXXX)
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	chmod 755 "$work"
	mkdir "$work/tree" "$work/logs"
	tar -C "$top" --exclude=./.git --exclude='*.o' --exclude='*.bc' --exclude='*.so' --exclude='*.d' --exclude=./build \
		-cf - . | tar -C "$work/tree" -xf -
	[ -z "$run_user" ] || chown -R "$run_user" "$work"
	export HOME=$work LC_ALL=C.UTF-8 LANG=C.UTF-8
	unset PGUSER PGDATABASE PGOPTIONS PGTZ PGDATESTYLE PGSERVICE PGPASSFILE PGCLIENTENCODING
	cd "$work"
}

cleanup() {
	[ -z "$server_started" ] || as_user "$bindir/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1 || true
	[ -z "$work" ] || rm -rf --one-file-system "$work"
}

# --- build, install, cluster -----------------------------------------------------------------------------------------

# The bitcode for JIT needs the clang that PostgreSQL was built with; without it the extension builds all the same.
llvm_option() {
	local clang
	clang=$(sed -n 's/^CLANG *= *//p' "$("$PG_CONFIG" --pgxs | sed 's|makefiles/pgxs.mk|Makefile.global|')")
	if [ -n "$clang" ] && ! command -v "$clang" >/dev/null; then echo with_llvm=no; fi
}

# build [MAKE ARGUMENT ...]: prints nothing unless it fails.
build() {
	as_user make -C "$work/tree" -s -j"$(nproc)" PG_CONFIG="$PG_CONFIG" $(llvm_option) "$@" >"$work/logs/build" 2>&1 || {
		cat "$work/logs/build"
		return 1
	}
}

install_extension() {
	local root=as_root
	if [ -w "$("$PG_CONFIG" --pkglibdir)" ]; then root=; fi
	$root make -C "$work/tree" -s install PG_CONFIG="$PG_CONFIG" $(llvm_option) >"$work/logs/install" 2>&1 || {
		cat "$work/logs/install"
		return 1
	}
}

# build_packages: Debian packages of the tree, into $work; prints nothing unless it fails.
build_packages() {
	(
		cd "$work/tree"
		as_user pg_buildext updatecontrol && as_user env DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$(nproc)" dpkg-buildpackage -b -us -uc
	) >"$work/logs/package" 2>&1 || {
		cat "$work/logs/package"
		return 1
	}
}

# start_cluster [SETTING ...]: own socket folder, nothing listens on the network; superuser postgres.
start_cluster() {
	local setting
	as_user "$bindir/initdb" -D "$work/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >"$work/logs/initdb" 2>&1 || {
		cat "$work/logs/initdb"
		die "initdb failed"
	}
	export PGHOST=$work PGPORT=54320
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$work'"
		echo "port = $PGPORT"
		echo "fsync = off"
		echo "synchronous_commit = off"
		echo "full_page_writes = off"
		echo "max_wal_size = 4GB"
		echo "shared_buffers = 256MB"
		echo "timezone = 'UTC'"
		for setting in "$@"; do echo "$setting"; done
	} | as_user tee -a "$work/data/postgresql.conf" >/dev/null
	server_started=1
	as_user "$bindir/pg_ctl" -D "$work/data" -l "$work/logs/server" -w start >"$work/logs/start" 2>&1 || {
		cat "$work/logs/start" "$work/logs/server"
		die "the throw-away server did not start"
	}
}

# sql DATABASE [PSQL ARGUMENT ...]: psql without the user's own settings, stopping at the first error.
sql() {
	local database=$1
	shift
	psql -X -q -v ON_ERROR_STOP=1 -U postgres -d "$database" "$@"
}
